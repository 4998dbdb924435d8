"""Plain text: the file's own characters, line ends kept, byte order mark dropped."""

from __future__ import annotations

from forge_desktop.corpus.parsers import Parsed
from forge_desktop.corpus.parsers.decoding import decode


def parse(data: bytes) -> Parsed:
    """The decoded file."""
    return Parsed(decode(data))
