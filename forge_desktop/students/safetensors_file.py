"""Reads safetensors files with nothing but numpy: believes no length and no offset before it was checked."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

_FORMS = {"F32": "<f4", "F16": "<f2", "BF16": "<u2"}
_HEADER = 100_000_000  # bytes; the format's own limit
_TENSORS = 100_000
_DIMENSIONS = 8


class BadSafetensors(ValueError):  # noqa: N818 - a finding, in a sentence that others go on with
    """The file is no safetensors file that can be used; its text is one sentence without its end."""


def read_safetensors(path: Path) -> dict[str, np.ndarray[Any, Any]]:
    """Every tensor by its name, as F32 or F16. Raises BadSafetensors, OSError."""
    size = path.stat().st_size
    if size < 10:
        raise BadSafetensors("it is too short to be a safetensors file")
    content = np.memmap(path, mode="r", dtype=np.uint8)
    length = int(struct.unpack("<Q", content[:8].tobytes())[0])
    if length > min(_HEADER, size - 8):
        raise BadSafetensors("its header is cut short, or it is no safetensors file")
    listed = _header(content[8 : 8 + length].tobytes())
    body = content[8 + length :]
    found: dict[str, np.ndarray[Any, Any]] = {}
    expected = 0
    for name, form, shape, start, end in sorted(listed, key=lambda entry: (entry[3], entry[4])):
        if start != expected or end > len(body):
            raise BadSafetensors(f"the place of its tensor {name} is wrong, or it is not complete")
        count = 1
        for width in shape:
            count *= width
        if end - start != count * np.dtype(_FORMS[form]).itemsize:
            raise BadSafetensors(f"its tensor {name} does not have the length that its shape says")
        expected = end
        raw = np.frombuffer(body[start:end].tobytes(), _FORMS[form])
        values = (raw.astype(np.uint32) << 16).view(np.float32) if form == "BF16" else raw
        found[name] = values.reshape(shape)
    if expected != len(body):
        raise BadSafetensors("it holds more than its header says")
    return found


def _header(text: bytes) -> list[tuple[str, str, tuple[int, ...], int, int]]:
    """What the header lists: name, form, shape, first byte and the byte after the last."""
    try:
        held = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise BadSafetensors("its header cannot be read") from error
    if not isinstance(held, Mapping) or len(held) > _TENSORS:
        raise BadSafetensors("its header cannot be read")
    return [_entry(name, entry) for name, entry in held.items() if name != "__metadata__"]


def _entry(name: str, entry: object) -> tuple[str, str, tuple[int, ...], int, int]:
    if not isinstance(entry, Mapping):
        raise BadSafetensors("its header cannot be read")
    form = entry.get("dtype")
    if not isinstance(form, str) or form not in _FORMS:
        raise BadSafetensors(f"its tensor {name} has numbers of a form that is not taken ({str(form)[:20]})")
    shape, places = _counts(entry.get("shape")), _counts(entry.get("data_offsets"))
    if shape is None or places is None or len(places) != 2 or places[0] > places[1]:
        raise BadSafetensors(f"its tensor {name} has an impossible shape or place")
    return name, form, shape, places[0], places[1]


def _counts(numbers: object) -> tuple[int, ...] | None:
    if not isinstance(numbers, list) or len(numbers) > _DIMENSIONS:
        return None
    sound = all(type(number) is int and 0 <= number < 1 << 48 for number in numbers)
    return tuple(numbers) if sound else None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    held = dict(pairs)
    if len(held) != len(pairs):
        raise ValueError("a name stands there twice")
    return held
