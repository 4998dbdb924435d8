"""Writes GGUF files with nothing but numpy: the same content gives the same bytes, whole on the disk or not there."""

from __future__ import annotations

import contextlib
import hashlib
import os
import struct
import uuid
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .gguf_file import ALIGNMENT, ARRAY, DIMENSIONS, F16, F32, MAGIC, NUMBERS, STRING, aligned

_STEP = 4 << 20


def write_gguf(path: Path, meta: Mapping[str, object], tensors: Mapping[str, np.ndarray[Any, Any]]) -> str:
    """Write a file of F32 and F16 tensors; returns its sha256. The same content gives the same bytes.

    The header keeps the order of `meta`, the tensors are sorted by name. It is on the disk, complete, or not there.
    Ints are written as uint32, floats as float32; numpy's own numbers as what they are. Raises OSError, ValueError.
    """
    names = sorted(tensors)
    header = [MAGIC, struct.pack("<IQQ", 3, len(names), len(meta))]
    header += [_packed_text(key) + _packed(value) for key, value in meta.items()]
    offset = 0
    for name in names:
        tensor = tensors[name]
        kind = _kind_of(name, tensor)
        shape = struct.pack(f"<I{tensor.ndim}Q", tensor.ndim, *reversed(tensor.shape))
        header.append(_packed_text(name) + shape + struct.pack("<IQ", kind, offset))
        offset = aligned(offset + tensor.nbytes, ALIGNMENT)
    return _write_whole(path, _pieces(b"".join(header), [tensors[name] for name in names]))


def _pieces(header: bytes, tensors: Iterable[np.ndarray[Any, Any]]) -> Iterator[bytes | memoryview]:
    yield header
    yield bytes(-len(header) % ALIGNMENT)
    for tensor in tensors:
        form = np.dtype(tensor.dtype).newbyteorder("<")
        yield np.ascontiguousarray(tensor, form).data.cast("B")
        yield bytes(-tensor.nbytes % ALIGNMENT)


def _kind_of(name: str, tensor: np.ndarray[Any, Any]) -> int:
    if tensor.dtype not in (np.float32, np.float16) or not 1 <= tensor.ndim <= DIMENSIONS or not tensor.size:
        raise ValueError(f"the tensor {name} cannot be written: {tensor.dtype} of {tensor.shape}")
    return F32 if tensor.dtype == np.float32 else F16


def _packed_text(text: str) -> bytes:
    body = text.encode()
    return struct.pack("<Q", len(body)) + body


def _packed(value: object) -> bytes:
    """A value of the header with its kind before it."""
    if isinstance(value, str):
        return struct.pack("<I", STRING) + _packed_text(value)
    if isinstance(value, (list, tuple)):
        if not value or isinstance(value[0], str):
            body = b"".join(_packed_text(str(text)) for text in value)
            return struct.pack("<IIQ", ARRAY, STRING, len(value)) + body
        kind, _ = _number_of(value[0])
        body = b"".join(_number_of(number)[1] for number in value)
        return struct.pack("<IIQ", ARRAY, kind, len(value)) + body
    kind, body = _number_of(value)
    return struct.pack("<I", kind) + body


def _number_of(value: object) -> tuple[int, bytes]:
    if isinstance(value, bool):
        return 7, bytes([value])
    if isinstance(value, np.generic):
        form = value.dtype.newbyteorder("<")
    elif isinstance(value, (int, float)):
        form = np.dtype("<u4" if isinstance(value, int) else "<f4")
    else:
        raise ValueError(f"a header cannot hold {type(value).__name__}")
    kind = next((kind for kind, name in NUMBERS.items() if np.dtype(name) == form), None)
    if kind is None:
        raise ValueError(f"a header cannot hold {form}")
    return kind, np.array(value, form).tobytes()


def _write_whole(path: Path, pieces: Iterable[bytes | memoryview]) -> str:
    digest = hashlib.sha256()
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        with open(temporary, "xb", opener=_private) as file:
            for piece in pieces:
                for start in range(0, len(piece), _STEP):
                    digest.update(piece[start : start + _STEP])
                    file.write(piece[start : start + _STEP])
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):  # it is the first error that matters
            temporary.unlink(missing_ok=True)
        raise
    if os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    return digest.hexdigest()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
