"""The plainest way to score: every logit of one decode, in double precision. Run as a program by test_scoring.

For each line [path, [[role, text], …], ids] it prints {"prompt": tokens, "found": log-likelihoods of the ids}.
"""

from __future__ import annotations

import json
import sys

import numpy as np

from forge_desktop.engine.child.context import make_context
from forge_desktop.engine.child.flag import Flag
from forge_desktop.engine.child.model import Model
from forge_desktop.engine.child.native import NativeLog, llama
from forge_desktop.engine.records import PromptMessage, PromptPart
from forge_desktop.engine.records_plan import Placement


def main() -> None:
    """Answer each line until the input ends."""
    log, flag = NativeLog(), Flag()
    llama.llama_backend_init()
    model = None
    for line in sys.stdin:
        path, messages, ids = json.loads(line)
        if model is None:
            placement = Placement(0, (), (), "f16", True, 512, 1)
            model = Model(path, log=log, placement=placement, extra_bufts=True, progress=lambda _: None)
        told = [PromptMessage(role, (PromptPart(text),)) for role, text in messages]
        before = model.prompt(told)[1]
        tokens, prompt = before + ids, len(before)
        context = make_context(
            model, tokens=512, outputs=512, batch=512, threads=1, flash=False, flag_address=flag.address
        )
        batch = llama.llama_batch_init(512, 0, 1)
        batch.n_tokens = len(tokens)
        for row, token in enumerate(tokens):
            batch.token[row], batch.pos[row], batch.n_seq_id[row], batch.logits[row] = token, row, 1, 1
            batch.seq_id[row][0] = 0
        assert llama.llama_decode(context, batch) == 0
        found = []
        for row in range(prompt - 1, len(tokens) - 1):
            words = llama.llama_vocab_n_tokens(model.vocab)
            logits = np.ctypeslib.as_array(llama.llama_get_logits_ith(context, row), (words,)).astype(np.float64)
            found.append(float(logits[tokens[row + 1]] - np.logaddexp.reduce(logits)))
        llama.llama_batch_free(batch)
        llama.llama_free(context)
        print(json.dumps({"prompt": prompt, "found": found}), flush=True)


if __name__ == "__main__":
    main()
