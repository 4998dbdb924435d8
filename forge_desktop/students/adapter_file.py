"""A LoRA adapter as a GGUF file, as llama.cpp loads it: written, read, and held against the base it is for."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .gguf_file import BF16, F16, F32, Q8_0, BadGguf, GgufFile, read_gguf
from .gguf_writing import write_gguf

_A, _B = ".lora_a", ".lora_b"
_EMBEDDING = "token_embd.weight"  # its two matrices are the other way round
_OWN = ("general.type", "general.architecture", "adapter.type", "adapter.lora.alpha")
_STEP = 1 << 22
_LARGEST = 65504.0  # the largest number of 16 bits: no weight of a student is larger, so no change of one can be meant


class BadAdapter(ValueError):  # noqa: N818 - a finding, for whoever asked to word
    """The file is no adapter that can be used; its text is one sentence without its end."""


@dataclass(frozen=True)
class AdapterFile:
    """What an adapter's file holds. `rank` is the largest; F32 and F16 tensors stay on the disk until they are used.

    A tensor's name is the base's with ".lora_a" (rank, in) or ".lora_b" (out, rank). The change is scale x alpha / rank
    x B A, or scale x B A where alpha is 0.
    """

    architecture: str
    alpha: float
    rank: int
    tensors: Mapping[str, np.ndarray[Any, Any]]
    meta: Mapping[str, object]
    sha256: str

    @property
    def targets(self) -> tuple[str, ...]:
        """The base's tensors that it changes, sorted."""
        return tuple(sorted(name.removesuffix(_A) for name in self.tensors if name.endswith(_A)))


def write_adapter(
    path: Path,
    architecture: str,
    tensors: Mapping[str, np.ndarray[Any, Any]],
    alpha: float,
    meta: Mapping[str, str] | None = None,
) -> str:
    """Write an adapter; returns its sha256. F16 stays F16, anything else becomes F32; the same gives the same bytes.

    Raises BadAdapter when it could not be loaded, or holds a number that is none; nothing is written then.
    """
    if not math.isfinite(alpha):
        raise BadAdapter("its alpha is not a number")
    kept = {
        name: np.asarray(tensor, np.float16 if tensor.dtype == np.float16 else np.float32)
        for name, tensor in tensors.items()
    }
    _check_pairs(kept)
    _check_numbers(kept)
    header: dict[str, object] = dict(zip(_OWN, ("adapter", architecture, "lora", float(alpha)), strict=True))
    header |= {key: str(value) for key, value in sorted((meta or {}).items()) if key not in _OWN}
    return write_gguf(path, header, kept)


def read_adapter(path: Path) -> AdapterFile:
    """Read an adapter, every number of it. Raises BadAdapter, a sentence, when it is damaged or none."""
    try:
        sha256 = _hash_of(path)
        file = read_gguf(path)
    except BadGguf as error:
        raise BadAdapter(str(error)) from error
    except OSError as error:
        raise BadAdapter(f"it cannot be read: {error.strerror or error}") from error
    meta = file.meta
    if meta.get("general.type") != "adapter" or meta.get("adapter.type") != "lora":
        raise BadAdapter("it is a GGUF file, but no LoRA adapter")
    alpha = meta.get("adapter.lora.alpha")
    if not isinstance(alpha, float):
        raise BadAdapter("it does not say its alpha")
    if not math.isfinite(alpha):
        raise BadAdapter("its alpha is no number (NaN or infinity)")
    if not file.architecture:
        raise BadAdapter("it does not say which architecture it is for")
    if file.extra:
        raise BadAdapter(f"{file.extra:,} bytes stand behind its last tensor, which belong to no adapter")
    tensors = {name: _values(file, name) for name in file.tensors}
    rank = _check_pairs(tensors)
    _check_numbers(tensors)
    return AdapterFile(file.architecture, alpha, rank, tensors, meta, sha256)


def check_adapter(path: Path, base: Path) -> AdapterFile:
    """Read an adapter and hold it against its base. Raises BadAdapter, a sentence, when it does not fit."""
    adapter = read_adapter(path)
    try:
        model = read_gguf(base)
    except (BadGguf, OSError) as error:
        raise BadAdapter(f"its base cannot be read: {error}") from error
    check_fit(adapter.architecture, adapter.tensors, model)
    return adapter


def check_sizes(adapter: AdapterFile) -> None:
    """See that what it changes can be numbers of a student at all. Raises BadAdapter where they surely cannot."""
    if not 0 <= adapter.alpha <= _LARGEST:
        raise BadAdapter(f"its alpha is {adapter.alpha:g}, and only 0 to {_LARGEST:g} can be meant")
    for target in adapter.targets:
        a, b = adapter.tensors[target + _A], adapter.tensors[target + _B]
        inner, outer = (1, 0) if target == _EMBEDDING else (0, 1)
        rank = a.shape[inner]
        scale = adapter.alpha / rank if adapter.alpha else 1.0
        largest = scale * _peaks(a, outer) * _peaks(b, inner)  # one addend of one weight's change, for each rank
        if not largest.max() <= _LARGEST:
            raise BadAdapter(
                f"its numbers are too large: it would change weights of {target} by {largest.max():.0e}, and the"
                f" weights of a student end at {_LARGEST:g}"
            )


def _peaks(matrix: np.ndarray[Any, Any], axis: int) -> np.ndarray[Any, Any]:
    """The largest sizes along an axis."""
    found: np.ndarray[Any, Any] = np.maximum(matrix.max(axis), -matrix.min(axis)).astype(np.float64)
    return found


def check_fit(architecture: str, tensors: Mapping[str, np.ndarray[Any, Any]], model: GgufFile) -> None:
    """See that an adapter's tensors are for this base: as llama.cpp checks it, and in words. Raises BadAdapter."""
    _check_pairs(tensors)
    if architecture != model.architecture:
        raise BadAdapter(
            f"it is for the architecture {architecture}, and the base is {model.architecture or 'unnamed'}"
        )
    for name, a in tensors.items():
        if not name.endswith(_A):
            continue
        target = name.removesuffix(_A)
        info, b = model.tensors.get(target), tensors[target + _B]
        if info is None:
            raise BadAdapter(f"it changes {target}, which the base does not have")
        if len(info.shape) != 2:
            raise BadAdapter(f"it changes {target}, which is no matrix in the base")
        shape = (a.shape[0], b.shape[0]) if target == _EMBEDDING else (b.shape[0], a.shape[1])
        if shape != info.shape:
            raise BadAdapter(
                f"it is for another base: its {target} is {shape[0]} x {shape[1]}, the base's is"
                f" {info.shape[0]} x {info.shape[1]}"
            )


def _check_pairs(tensors: Mapping[str, np.ndarray[Any, Any]]) -> int:
    """See that every matrix has its partner; the largest rank."""
    rank = 0
    for name, tensor in tensors.items():
        target, end = name[: -len(_A)], name[-len(_A) :]
        if end not in (_A, _B) or not target:
            raise BadAdapter(f"it holds {name}, which is no part of a LoRA adapter")
        if tensor.ndim != 2:
            raise BadAdapter(f"its {name} is no matrix")
        other = tensors.get(target + (_B if end == _A else _A))
        if other is None:
            raise BadAdapter(f"its {name} has no partner")
        if other.ndim != 2:
            raise BadAdapter(f"its partner of {name} is no matrix")
        a, b = (tensor, other) if end == _A else (other, tensor)
        inner = (a.shape[1], b.shape[1]) if target == _EMBEDDING else (a.shape[0], b.shape[1])
        if inner[0] != inner[1] or inner[0] == 0:
            raise BadAdapter(f"the two parts of its {target} do not fit together")
        rank = max(rank, inner[0])
    if not rank:
        raise BadAdapter("it is empty")
    return rank


def _check_numbers(tensors: Mapping[str, np.ndarray[Any, Any]]) -> None:
    for name, tensor in tensors.items():
        flat = tensor.reshape(-1)
        for start in range(0, len(flat), _STEP):
            if not np.isfinite(flat[start : start + _STEP]).all():
                raise BadAdapter(f"its {name} holds numbers that are none (NaN or infinity)")


def _values(file: GgufFile, name: str) -> np.ndarray[Any, Any]:
    info = file.tensors[name]
    raw = file.data(name)
    if info.type in (F32, F16):
        return raw
    if info.type == BF16:
        return (raw.view("<u2").astype(np.uint32) << 16).view(np.float32).reshape(info.shape)
    if info.type == Q8_0:
        blocks = raw.reshape(-1, 34)
        scales = np.ascontiguousarray(blocks[:, :2]).view("<f2").astype(np.float32)
        return (blocks[:, 2:].view(np.int8) * scales).astype(np.float32).reshape(info.shape)
    raise BadAdapter(f"its {name} is kept in a form that is not known here (type {info.type})")


def _hash_of(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
