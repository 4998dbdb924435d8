"""Frames: what parent and child say to each other, four bytes of big-endian length and that many bytes of JSON."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import IO, Any

Frame = dict[str, Any]

_HEADER = struct.Struct(">I")
_MAX_FRAME = 512 * 1024 * 1024


class Garbled(ValueError):  # noqa: N818 - the end of the child that wrote it, not yet an error for the user
    """What came is no frame."""


def read_frame(stream: IO[bytes]) -> Frame | None:
    """The next frame, or None at end of file or when the other side died inside a frame. Raises Garbled."""
    header = stream.read(_HEADER.size)
    if len(header) < _HEADER.size:
        return None
    (length,) = _HEADER.unpack(header)
    if length > _MAX_FRAME:
        raise Garbled
    body = stream.read(length)
    if len(body) < length:
        return None
    try:
        frame = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Garbled from error
    if not isinstance(frame, dict):
        raise Garbled
    return frame


def frame_bytes(frame: Mapping[str, Any]) -> bytes:
    """One frame, ready to be written. Lone surrogates survive as JSON escapes."""
    body = json.dumps(frame, separators=(",", ":")).encode("ascii")
    return _HEADER.pack(len(body)) + body
