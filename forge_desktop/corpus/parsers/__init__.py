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

UNITS: dict[str, tuple[str, str]] = {}  # by format: what its pages and lines are, where not ("page", "line")

VERSION = "2"  # raise it when a parser gives other text than before: documents are then read again


class Unreadable(Exception):  # noqa: N818 - an expected outcome, one sentence for the document's row
    """The file cannot be turned into text; the message is a sentence for the user.

    `again` tells that the file's bytes are not the reason, so the next index run tries again.
    """

    def __init__(self, reason: str, *, again: bool = False) -> None:
        super().__init__(reason)
        self.again = again


@dataclass(frozen=True)
class Parsed:
    """A document as text; offsets count its code points and ascend.

    `pages` holds the offset where each page (slide) starts, `headings` (offset, level, title). `whole` are spans that
    a passage holds whole when they fit into one (table rows, list items, code blocks); they may lie inside each other
    but do not cross. `rows` (offset, row number from 1) make a passage's first and last line row numbers.
    """

    text: str
    pages: tuple[int, ...] = ()
    headings: tuple[tuple[int, int, str], ...] = ()
    whole: tuple[tuple[int, int], ...] = ()
    rows: tuple[tuple[int, int], ...] = ()
