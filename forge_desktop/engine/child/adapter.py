"""LoRA adapters on a student: a bad file is refused in words before llama.cpp computes with it, a good one is kept.

What a context holds was computed by the student as it was then: whoever puts another adapter on has to know which of
it is whose. A fresh context has nothing to mix up; the chat's knows each conversation by its adapter.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import math
import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from forge_desktop.base.child import Frame
from forge_desktop.base.errors import ForgeError
from forge_desktop.engine.child.model import Model
from forge_desktop.engine.child.native import llama
from forge_desktop.engine.errors import trouble
from forge_desktop.engine.gguf_header import Header, open_header

Worn = tuple[str, float]  # sha256 and scale: what computed values are told apart by
BARE: Worn = ("", 1.0)

_MOST = 4  # adapters that are kept loaded, so that changing back and forth reads no file
_NOT_FINITE = {"F32": ("<u4", 0x7F800000), "F16": ("<u2", 0x7C00), "BF16": ("<u2", 0x7F80), "Q8_0": ("<u2", 0x7C00)}
_Q8_BLOCK = 34  # bytes, the first two of which are a scale in 16 bits


class Adapter:
    """One adapter, loaded for one model, which frees it with itself. Raises ForgeError where it does not belong."""

    def __init__(self, model: Model, path: str, sha256: str = "") -> None:
        _refuse_damaged(path, sha256)
        model.log.clear()
        self._handle = llama.llama_adapter_lora_init(model.handle, path.encode("utf-8", "surrogateescape"))
        if not self._handle:  # a NULL pointer is an object of ctypes, not None; using it would end the process
            raise _bad(path, model.log.reason() or "llama.cpp gave no reason")
        self.users = 0

    def put_on(self, context: Any, scale: float = 1.0) -> None:
        """Let this context answer with this adapter alone."""
        handles = (llama.llama_adapter_lora_p_ctypes * 1)(self._handle)
        _set(context, handles, 1, (ctypes.c_float * 1)(scale))

    def free(self) -> None:
        """Give its memory back; no context may have it on."""
        llama.llama_adapter_lora_free(self._handle)


class Adapters:
    """The adapters of one model by the sha256 of their files. An order says `path`, `sha256` and `scale`; None is the
    model alone.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._loaded: dict[str, Adapter] = {}  # the least recently used first
        self._chatting: Adapter | None = None

    def change(self, context: Any, order: Frame | None) -> Worn:
        """Put this one on the chat's context in place of the one before. Raises ForgeError, and changes nothing."""
        adapter = self._put_on(context, order)
        if self._chatting is not None:
            self._chatting.users -= 1
        self._chatting = adapter
        return worn(order)

    @contextlib.contextmanager
    def on(self, context: Any, order: Frame | None) -> Iterator[None]:
        """Within, this context computes with it. Raises ForgeError."""
        adapter = self._put_on(context, order)
        try:
            yield
        finally:
            if adapter is not None:
                adapter.users -= 1

    def _put_on(self, context: Any, order: Frame | None) -> Adapter | None:
        if order is None:
            take_off(context)
            return None
        if not math.isfinite(order["scale"]):
            raise _bad(order["path"], "its scale is no number")
        adapter = self._find(order["path"], order["sha256"])
        adapter.put_on(context, order["scale"])
        adapter.users += 1
        return adapter

    def _find(self, path: str, sha256: str) -> Adapter:
        adapter = self._loaded.pop(sha256, None) or Adapter(self._model, path, sha256)
        self._loaded[sha256] = adapter
        idle = [key for key, each in self._loaded.items() if not each.users and each is not adapter]
        for key in idle[: max(0, len(self._loaded) - _MOST)]:
            self._loaded.pop(key).free()
        return adapter


def worn(order: Frame | None) -> Worn:
    """What values computed with this are told apart by."""
    return BARE if order is None else (order["sha256"], float(order["scale"]))


def take_off(context: Any) -> None:
    """Let this context answer without any adapter."""
    _set(context, None, 0, None)


def _set(context: Any, handles: Any, count: int, scales: Any) -> None:
    if code := llama.llama_set_adapters_lora(context, handles, count, scales):
        raise trouble("ADAPTER_BAD.use", number=code)


def _refuse_damaged(path: str, sha256: str) -> None:
    """Raise ForgeError for a file that is not whole, not the one that is meant, or holds numbers that are none."""
    try:
        header = open_header(Path(path))
    except ForgeError as error:
        raise _bad(path, error.message.replace(path, "it", 1).rstrip(".")) from error
    try:
        with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            if sha256 and hashlib.sha256(content).hexdigest() != sha256:
                raise _bad(path, "it is not the file that it was")
            _refuse_no_numbers(path, header, content)
    except OSError as error:
        raise _bad(path, error.strerror or str(error)) from error


def _refuse_no_numbers(path: str, header: Header, content: mmap.mmap) -> None:
    if not math.isfinite(header.fraction("adapter.lora.alpha")):
        raise _bad(path, "its alpha is no number")
    for name, kind, start, size in header.contents:
        if start + size > len(content):
            raise _bad(path, "it is not complete")
        if kind not in _NOT_FINITE:
            raise _bad(path, f"its numbers are stored as {kind or 'something newer'}, which is not known here")
        if not _finite(content, kind, start, size):
            raise _bad(path, f"{name} holds values that are no numbers")


def _finite(content: mmap.mmap, kind: str, start: int, size: int) -> bool:
    """Whether a tensor holds nothing but numbers: those that are none have every bit of the exponent set."""
    import numpy as np

    form, mask = _NOT_FINITE[kind]
    bits: Any = np.frombuffer(content, np.uint8, size, start)
    if kind == "Q8_0":
        bits = bits.reshape(-1, _Q8_BLOCK)[:, :2].copy()
    return not np.any((bits.view(form) & mask) == mask)


def _bad(path: str, reason: str) -> ForgeError:
    return trouble("ADAPTER_BAD", path=path, reason=reason)
