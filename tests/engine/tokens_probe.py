"""Prints, for texts on standard input, our tokens of the prompt and llama.cpp's own of the rendered text."""

from __future__ import annotations

import json
import sys

from forge_desktop.engine.child.model import Model
from forge_desktop.engine.child.native import NativeLog, llama
from forge_desktop.engine.records import PromptMessage, PromptPart
from forge_desktop.engine.records_plan import Placement

MODEL = Model(
    sys.argv[1],
    log=NativeLog(),
    placement=Placement(0, (), (), "f16", True, 512, 1),
    extra_bufts=True,
    progress=lambda _: None,
)
found = []
for parts in json.load(sys.stdin):
    text, tokens, _ = MODEL.prompt([PromptMessage("user", tuple(PromptPart(part) for part in parts))])
    raw = text.encode("utf-8", "replace")
    array = (llama.llama_token * (len(raw) + 8))()
    size = llama.llama_tokenize(MODEL.vocab, raw, len(raw), array, len(array), False, True)
    found.append([tokens, list(array[:size])])
print(json.dumps(found))
