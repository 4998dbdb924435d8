"""What llama.cpp alone needs: llama-bench's decode loop, without sampling, text or frames. For the benchmark only.

`python -m forge_desktop.engine.child.bare_loop MODEL CONTEXT [flash]` says "ready" on its standard output, then for
each line "PROMPT TOKENS" on its standard input decodes a prompt of that many tokens and then that many single ones, and
prints one JSON object with seconds of processor time and of wall time.
"""

from __future__ import annotations

import ctypes
import json
import random
import sys
import time

from forge_desktop.engine.child.native import NativeLog, llama

_CHUNK = 128  # the same as the application's own on a CPU, so that only the rest differs


def main(arguments: list[str]) -> int:
    """Serve rounds until the input ends."""
    path, size = arguments[0], int(arguments[1])
    log = NativeLog()
    llama.llama_backend_init()
    params = llama.llama_model_default_params()
    params.n_gpu_layers = 0
    model = llama.llama_model_load_from_file(path.encode("utf-8", "surrogateescape"), params)
    if not model:
        print(log.reason(), file=sys.stderr)
        return 1
    settings = llama.llama_context_default_params()
    settings.n_ctx, settings.n_batch, settings.n_ubatch, settings.n_outputs_max = size, _CHUNK, _CHUNK, 1
    settings.n_threads = settings.n_threads_batch = 1
    flash = "flash" in arguments[2:]
    settings.flash_attn_type = llama.LLAMA_FLASH_ATTN_TYPE_ENABLED if flash else llama.LLAMA_FLASH_ATTN_TYPE_DISABLED
    settings.no_perf = True
    context = llama.llama_init_from_model(model, settings)
    words = llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(model))
    print("ready", flush=True)
    for line in sys.stdin:
        prompt, tokens = map(int, line.split())
        llama.llama_memory_clear(llama.llama_get_memory(context), True)
        print(json.dumps(_round(context, words, prompt, tokens)), flush=True)
    return 0


def _round(context: object, words: int, prompt: int, tokens: int) -> dict[str, float]:
    draw = random.Random(1)
    cpu, wall = time.process_time(), time.perf_counter()
    for start in range(0, prompt, _CHUNK):
        count = min(_CHUNK, prompt - start)
        array = (llama.llama_token * count)(*(draw.randrange(words) for _ in range(count)))
        llama.llama_decode(context, llama.llama_batch_get_one(array, count))
    llama.llama_synchronize(context)
    one = (ctypes.c_int32 * 1)()
    batch = llama.llama_batch_get_one(one, 1)
    for _ in range(tokens):
        one[0] = draw.randrange(words)
        llama.llama_decode(context, batch)
        llama.llama_synchronize(context)
    return {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
