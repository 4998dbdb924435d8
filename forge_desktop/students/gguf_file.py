"""Reads GGUF files with nothing but numpy: what is in the header, where the tensors lie."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ALIGNMENT = 32
F32, F16, Q8_0, BF16 = 0, 1, 8, 30
# type: (values in a block, bytes of a block), as ggml lays them out
BLOCKS: Mapping[int, tuple[int, int]] = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34),
    10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292),
    16: (256, 66), 17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82),
    23: (256, 136), 24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2),
    34: (256, 54), 35: (256, 66), 39: (32, 17),
}  # fmt: skip

MAGIC = b"GGUF"
_VERSIONS = (2, 3)
NUMBERS: Mapping[int, str] = {
    0: "<u1", 1: "<i1", 2: "<u2", 3: "<i2", 4: "<u4", 5: "<i4", 6: "<f4", 7: "|b1", 10: "<u8", 11: "<i8", 12: "<f8",
}  # fmt: skip
STRING, ARRAY = 8, 9
_ENTRIES = 1_000_000  # far more than any model has; a claim beyond is damage, not a model
_NAME = 65_535
DIMENSIONS = 4


class BadGguf(ValueError):  # noqa: N818 - a finding, in a sentence that others go on with
    """The file is no GGUF file that can be used; its text is one sentence."""


@dataclass(frozen=True)
class TensorInfo:
    """Where a tensor lies: its shape as numpy has it (rows first), ggml's number of its type, bytes from the start."""

    name: str
    shape: tuple[int, ...]
    type: int
    offset: int
    size: int


class GgufFile:
    """An opened file: its header is read, its tensors stay on the disk until `data` is asked for."""

    def __init__(
        self, path: Path, content: np.ndarray[Any, Any], meta: Mapping[str, object], tensors: Mapping[str, TensorInfo]
    ) -> None:
        self.path = path
        self.meta = meta
        self.tensors = tensors
        self._content = content

    @property
    def extra(self) -> int:
        """How many bytes stand behind the last tensor, beyond what fills it up to the alignment."""
        end = max((info.offset + info.size for info in self.tensors.values()), default=len(self._content))
        alignment = self.meta.get("general.alignment", ALIGNMENT)
        return max(0, len(self._content) - aligned(end, alignment if isinstance(alignment, int) else ALIGNMENT))

    @property
    def architecture(self) -> str:
        """What the file says it is, "" when it does not."""
        found = self.meta.get("general.architecture")
        return found if isinstance(found, str) else ""

    def data(self, name: str) -> np.ndarray[Any, Any]:
        """A tensor as it lies there, not copied: F32 and F16 as such, any other type as bytes, row by row."""
        info = self.tensors[name]
        raw = self._content[info.offset : info.offset + info.size]
        if info.type in (F32, F16):
            return raw.view("<f4" if info.type == F32 else "<f2").reshape(info.shape)
        values, block = BLOCKS[info.type]
        return raw.reshape(*info.shape[:-1], info.shape[-1] // values * block)


def read_gguf(path: Path, *, arrays_up_to: int = 1024) -> GgufFile:
    """Open a file. Raises BadGguf when it is none, damaged or incomplete, OSError when it cannot be read.

    Lists in the header with more than `arrays_up_to` entries (a tokenizer's words) are checked and left out of `meta`.
    """
    if path.stat().st_size < len(MAGIC) + 20:
        raise BadGguf("it is too short to be a GGUF file")
    content = np.memmap(path, mode="r", dtype=np.uint8)
    reader = _Reader(content, arrays_up_to)
    meta, tensors = reader.header()
    return GgufFile(path, content, meta, tensors)


class _Reader:
    """Walks through a header; believes no count and no length before it has looked at what is left of the file."""

    def __init__(self, content: np.ndarray[Any, Any], arrays_up_to: int) -> None:
        self._content = content.data
        self._size = len(content)
        self._at = 0
        self._keep = arrays_up_to

    def header(self) -> tuple[dict[str, object], dict[str, TensorInfo]]:
        """Everything before the tensors' data."""
        if self._take(4) != MAGIC:
            raise BadGguf("it is not a GGUF file")
        version = self._number("<I")
        if version not in _VERSIONS:
            raise BadGguf(f"it has version {version} of the GGUF format, which is not known here")
        tensors, entries = self._count(24), self._count(13)
        meta: dict[str, object] = {}
        for _ in range(entries):
            key = self._name()
            value = self._value(self._number("<I"))
            if key in meta:
                raise BadGguf(f"its header says {key} twice")
            if value is not None:
                meta[key] = value
        return meta, self._tensors(tensors, meta.get("general.alignment", ALIGNMENT))

    def _tensors(self, count: int, alignment: object) -> dict[str, TensorInfo]:
        if not isinstance(alignment, int) or not 8 <= alignment <= 1 << 16 or alignment & (alignment - 1):
            raise BadGguf("its alignment is impossible")
        listed = [self._tensor() for _ in range(count)]
        start = aligned(self._at, alignment)
        found: dict[str, TensorInfo] = {}
        expected = 0
        for name, shape, kind, offset in listed:
            if name in found:
                raise BadGguf(f"it has the tensor {name} twice")
            if offset != expected:
                raise BadGguf(f"the place of its tensor {name} is wrong")
            size = _bytes_of(name, shape, kind)
            if start + offset + size > self._size:
                raise BadGguf(f"it ends before its tensor {name} does; it is not complete")
            found[name] = TensorInfo(name, shape, kind, start + offset, size)
            expected = aligned(offset + size, alignment)
        return found

    def _tensor(self) -> tuple[str, tuple[int, ...], int, int]:
        name = self._name()
        dimensions = self._number("<I")
        if not 1 <= dimensions <= DIMENSIONS:
            raise BadGguf(f"its tensor {name} has {dimensions} dimensions")
        shape = tuple(int(self._number("<Q")) for _ in range(dimensions))
        return name, shape[::-1], int(self._number("<I")), int(self._number("<Q"))

    def _value(self, kind: int) -> object | None:
        if kind == STRING:
            return self._text()
        if kind == ARRAY:
            return self._list()
        found: object = self._numbers(kind, 1).tolist()[0]
        return found

    def _list(self) -> list[Any] | None:
        """A list; None when it is longer than what is kept."""
        kind = int(self._number("<I"))
        if kind != STRING:
            count = int(self._number("<Q"))
            found = self._numbers(kind, count)
            return found.tolist() if count <= self._keep else None
        count = self._count(8, most=self._size)
        if count <= self._keep:
            return [self._text() for _ in range(count)]
        for _ in range(count):
            self._skip(int(self._number("<Q")))
        return None

    def _numbers(self, kind: int, count: int) -> np.ndarray[Any, Any]:
        if kind not in NUMBERS:
            raise BadGguf(f"its header holds a value of an unknown kind, {kind}")
        form = np.dtype(NUMBERS[kind])
        if count > (self._size - self._at) // form.itemsize:
            raise BadGguf("its header is cut short")
        found = np.frombuffer(self._content, np.uint8 if kind == 7 else form, count, self._at)
        self._at += count * form.itemsize
        return found.astype(bool) if kind == 7 else found  # a byte that is neither 0 nor 1 is no bool to numpy

    def _count(self, least: int, *, most: int = _ENTRIES) -> int:
        """How many of something follow, each of at least so many bytes."""
        count = int(self._number("<Q"))
        if count > most or count > (self._size - self._at) // least:
            raise BadGguf(f"its header claims {count:,} entries, which cannot be")
        return count

    def _name(self) -> str:
        length = int(self._number("<Q"))
        if not 0 < length <= _NAME:
            raise BadGguf("its header has a name of an impossible length")
        try:
            return bytes(self._take(length)).decode()
        except UnicodeDecodeError:
            raise BadGguf("its header has a name that is no text") from None

    def _text(self) -> str:
        return bytes(self._take(int(self._number("<Q")))).decode("utf-8", "replace")

    def _number(self, form: str) -> int:
        found: int = struct.unpack(form, self._take(struct.calcsize(form)))[0]
        return found

    def _take(self, length: int) -> memoryview:
        start = self._at
        self._skip(length)
        return self._content[start : self._at]

    def _skip(self, length: int) -> None:
        if length > self._size - self._at:
            raise BadGguf("its header is cut short")
        self._at += length


def _bytes_of(name: str, shape: tuple[int, ...], kind: int) -> int:
    if kind not in BLOCKS:
        raise BadGguf(f"its tensor {name} has a type that is not known here, {kind}")
    values, block = BLOCKS[kind]
    if 0 in shape or shape[-1] % values:
        raise BadGguf(f"its tensor {name} has an impossible shape")
    count = 1
    for size in shape:
        count *= size
    return count // values * block


def aligned(number: int, alignment: int) -> int:
    """The next multiple."""
    return (number + alignment - 1) // alignment * alignment
