"""Document parsers: one module a format, each with `parse(data: bytes) -> Parsed`; run only in the parser child."""

from __future__ import annotations

from dataclasses import dataclass

PARSERS = {
    ".txt": "text",
    ".text": "text",
    ".log": "text",
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".pdf": "pdf",
    ".docx": "docx",
}

VERSION = "1"  # raise it when a parser gives other text than before: documents are then read again


class Unreadable(Exception):  # noqa: N818 - an expected outcome, one sentence for the document's row
    """The file cannot be turned into text; the message is a sentence for the user.

    `again` tells that the file's bytes are not the reason, so the next index run tries again.
    """

    def __init__(self, reason: str, *, again: bool = False) -> None:
        super().__init__(reason)
        self.again = again


@dataclass(frozen=True)
class Parsed:
    """A document as text. `pages` holds the offset where each page starts, `headings` (offset, level, title)."""

    text: str
    pages: tuple[int, ...] = ()
    headings: tuple[tuple[int, int, str], ...] = ()
