"""Run as a child: llama.cpp's logits for some ids, with an adapter at several scales and with none."""

from __future__ import annotations

import ctypes
import json
import sys
from pathlib import Path
from typing import Any

import llama_cpp
import numpy as np


def main(request: Path) -> None:
    """For each base: logits as .npz; `off` is after the adapter was taken away again."""
    llama_cpp.llama_log_set(_QUIET, ctypes.c_void_p())
    llama_cpp.llama_backend_init()
    for wanted in json.loads(request.read_text()):
        np.savez(wanted["into"], **_logits(wanted))


def _logits(wanted: dict[str, Any]) -> dict[str, Any]:
    options = llama_cpp.llama_model_default_params()
    options.use_extra_bufts = False
    model = llama_cpp.llama_model_load_from_file(wanted["base"].encode(), options)
    assert model, wanted["base"]
    settings = llama_cpp.llama_context_default_params()
    settings.n_ctx = settings.n_batch = settings.n_ubatch = 512
    settings.n_threads = settings.n_threads_batch = 1
    settings.type_k = settings.type_v = 0  # f32: what is compared is the forward pass
    settings.flash_attn_type = 0
    context = llama_cpp.llama_init_from_model(model, settings)
    adapter = llama_cpp.llama_adapter_lora_init(model, wanted["adapter"].encode())
    assert context
    assert adapter, wanted["adapter"]
    found = {"base": _all(model, context, wanted)}
    for name, scale in (("adapted", 1.0), ("half", 0.5), ("off", 0.0)):
        several = (llama_cpp.llama_adapter_lora_p_ctypes * 1)(adapter)
        scales = (ctypes.c_float * 1)(scale)
        assert not llama_cpp.llama_set_adapters_lora(context, several, 1 if scale else 0, scales)
        found[name] = _all(model, context, wanted)
    llama_cpp.llama_free(context)
    llama_cpp.llama_model_free(model)
    return found


def _all(model: Any, context: Any, wanted: dict[str, Any]) -> Any:
    """Each lesson by itself, one after the other."""
    ids, found, at = wanted["ids"], [], 0
    words = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(model))
    for length in wanted["lengths"]:
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(context), True)
        batch = llama_cpp.llama_batch_init(length, 0, 1)
        batch.n_tokens = length
        for place in range(length):
            batch.token[place], batch.pos[place] = ids[at + place], place
            batch.n_seq_id[place], batch.seq_id[place][0], batch.logits[place] = 1, 0, 1
        assert not llama_cpp.llama_decode(context, batch)
        found.append(np.ctypeslib.as_array(llama_cpp.llama_get_logits(context), shape=(length, words)).copy())
        llama_cpp.llama_batch_free(batch)
        at += length
    return np.concatenate(found)


_QUIET = llama_cpp.llama_log_callback(lambda level, text, data: None)

if __name__ == "__main__":
    main(Path(sys.argv[1]))
