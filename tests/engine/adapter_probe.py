"""Prints, for each adapter named after the model, why it is refused, or what it does to the next token's logits."""

from __future__ import annotations

import json
import sys

from forge_desktop.base.errors import ForgeError
from forge_desktop.engine.child.adapter import Adapter, take_off
from forge_desktop.engine.child.context import make_context
from forge_desktop.engine.child.model import Model
from forge_desktop.engine.child.native import NativeLog, llama
from forge_desktop.engine.records_plan import Placement

ZERO = llama.ctypes.create_string_buffer(64)
MODEL = Model(
    sys.argv[1],
    log=NativeLog(),
    placement=Placement(0, (), (), "f16", True, 256, 1),
    extra_bufts=True,
    progress=lambda _: None,
)
CONTEXT = make_context(
    MODEL,
    tokens=256,
    sequences=1,
    outputs=1,
    batch=64,
    threads=1,
    flash=False,
    flag_address=llama.ctypes.addressof(ZERO),
)
TOKENS = (llama.llama_token * 5)(*range(10, 15))


def logits() -> list[float]:
    """Those after the five tokens, computed by the adapter that is on now and nothing that was computed before."""
    llama.llama_memory_clear(llama.llama_get_memory(CONTEXT), True)
    llama.llama_decode(CONTEXT, llama.llama_batch_get_one(TOKENS, 5))
    return [llama.llama_get_logits_ith(CONTEXT, -1)[index] for index in range(32)]


found: list[object] = []
plain = logits()
for path in sys.argv[2:]:
    try:
        adapter = Adapter(MODEL, path)
    except ForgeError as error:
        found.append([error.code, error.message])
        continue
    adapter.put_on(CONTEXT)
    changed = logits()
    adapter.put_on(CONTEXT, 0.0)
    nought = logits()
    take_off(CONTEXT)
    found.append([changed != plain, nought == plain, logits() == plain])
print(json.dumps(found))
