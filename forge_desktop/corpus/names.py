"""File names: bytes on disk, `str` with surrogate escapes in records, and a form that is safe to show."""

from __future__ import annotations

import os
import unicodedata

_REORDERING = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def encoded(path: str | os.PathLike[str]) -> bytes:
    """The absolute path as the bytes the file system knows."""
    return os.path.abspath(os.fsencode(path))


def shown(path: bytes | str) -> str:
    """The path as it may stand on a screen: undecodable bytes, controls and text-reordering marks escaped."""
    text = os.fsdecode(path)
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown_character(character) for character in text)


def _shown_character(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if character in _REORDERING or unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp"):
        return character.encode("unicode_escape").decode("ascii")
    return character


def folded(text: str) -> str:
    """The form in which names are sorted and filtered."""
    return unicodedata.normalize("NFC", text).casefold()


def below(root: bytes) -> tuple[bytes, bytes]:
    """Bounds `low <= path < high` of every path inside the folder `root`."""
    separator = os.fsencode(os.sep)
    low = root if root.endswith(separator) else root + separator
    return low, low[:-1] + bytes([low[-1] + 1])


def is_within(path: bytes, root: bytes) -> bool:
    """Whether the path is `root` or lies inside it."""
    low, high = below(root)
    return path == root or low <= path < high
