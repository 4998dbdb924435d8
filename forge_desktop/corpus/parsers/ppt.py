"""PPT: PowerPoint's format of before 2007 is refused, with what to do; a newer file of this name is read."""

from __future__ import annotations

from forge_desktop.corpus.parsers import Parsed, Unreadable
from forge_desktop.corpus.parsers.pptx import parse as parse_pptx


def parse(data: bytes) -> Parsed:
    """The text, if the file is in truth a newer PowerPoint file. Raises Unreadable otherwise."""
    if data.startswith(b"PK"):
        return parse_pptx(data)
    raise Unreadable(
        "It is in the format of PowerPoint 97 to 2003, which is not read: save it as .pptx and add that file."
    )
