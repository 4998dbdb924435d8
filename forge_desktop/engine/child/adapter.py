"""A LoRA adapter on a student: a bad file is refused in words, and a context that changes it forgets what it knew."""

from __future__ import annotations

import ctypes
from typing import Any

from forge_desktop.engine.child.model import Model
from forge_desktop.engine.child.native import llama
from forge_desktop.engine.errors import trouble


class Adapter:
    """One adapter, loaded for one model, which frees it with itself. Raises ForgeError where it does not belong."""

    def __init__(self, model: Model, path: str) -> None:
        model.log.clear()
        self._handle = llama.llama_adapter_lora_init(model.handle, path.encode("utf-8", "surrogateescape"))
        if not self._handle:  # a NULL pointer is an object of ctypes, not None; using it would end the process
            raise trouble("ADAPTER_BAD", path=path, reason=model.log.reason() or "llama.cpp gave no reason")

    def put_on(self, context: Any, scale: float = 1.0) -> None:
        """Let this context answer with this adapter alone."""
        handles = (llama.llama_adapter_lora_p_ctypes * 1)(self._handle)
        _set(context, handles, 1, (ctypes.c_float * 1)(scale))


def take_off(context: Any) -> None:
    """Let this context answer without any adapter."""
    _set(context, None, 0, None)


def _set(context: Any, handles: Any, count: int, scales: Any) -> None:
    if code := llama.llama_set_adapters_lora(context, handles, count, scales):
        raise trouble("ADAPTER_BAD.use", number=code)
    # What the context has computed is of the student as it was: kept, it would answer with the old adapter.
    llama.llama_memory_clear(llama.llama_get_memory(context), True)
