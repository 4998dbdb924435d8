"""Contexts on one model's weights: every parameter said, refused in words, stopped through a shared byte."""

from __future__ import annotations

import ctypes
import sys
from typing import Any, Protocol

from forge_desktop.engine.child.native import NativeLog, llama
from forge_desktop.engine.errors import trouble

_GGML_TYPES = {"f16": 1, "q8_0": 8}  # enum ggml_type

# The abort callback is C's own strlen over one shared byte: no Python runs, so it costs nothing per token.
_libc = ctypes.CDLL("ucrtbase" if sys.platform == "win32" else None)
_ABORT = ctypes.cast(_libc.strlen, llama.ggml_abort_callback)


class Weights(Protocol):
    """What a context is made on: llama.cpp's model, and the log where reasons are read from."""

    handle: Any
    log: NativeLog


def make_context(
    model: Weights,
    *,
    tokens: int,
    sequences: int = 1,
    outputs: int = 1,
    batch: int,
    threads: int,
    flash: bool | None,
    kv_type: str = "f16",
    kv_on_gpu: bool = True,
    unified: bool = False,
    swa_full: bool = True,
    embeddings: bool = False,
    pooling: int | None = None,
    flag_address: int,
) -> Any:
    """A new context; llama_free gives its memory back. Raises ForgeError when there is not enough.

    `tokens` is what each of the `sequences` can hold, or all together with `unified`; llama.cpp rounds it up to 256.
    `outputs` tokens of a batch can have logits: few of them make the compute buffer a fraction. `flash` None lets
    llama.cpp choose. What `flag_address` points to is read as the cancel byte.
    """
    params = llama.llama_context_default_params()
    params.n_ctx = tokens if unified else tokens * sequences
    params.n_seq_max = sequences
    params.n_batch = params.n_ubatch = batch
    params.n_outputs_max = max(outputs, sequences)  # llama.cpp aborts the process below the number of sequences
    params.n_outputs_max_per_seq = 0
    params.n_threads = params.n_threads_batch = threads
    params.flash_attn_type = {
        None: llama.LLAMA_FLASH_ATTN_TYPE_AUTO,
        True: llama.LLAMA_FLASH_ATTN_TYPE_ENABLED,
        False: llama.LLAMA_FLASH_ATTN_TYPE_DISABLED,
    }[flash]
    params.type_k = params.type_v = _GGML_TYPES[kv_type]
    params.offload_kqv = kv_on_gpu
    params.kv_unified = unified
    params.swa_full = swa_full
    params.embeddings = embeddings
    if pooling is not None:
        params.pooling_type = pooling
    params.no_perf = True
    context = llama.llama_init_from_model(model.handle, params)
    if not context:
        reason = model.log.reason() or "llama.cpp gave no reason"
        raise trouble("MEM_DEVICE", tokens=tokens, reason=reason)
    llama.llama_set_abort_callback(context, _ABORT, ctypes.c_void_p(flag_address))
    return context
