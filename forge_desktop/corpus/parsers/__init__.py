"""Document parsers: one module a format, each with `parse(data: bytes) -> Parsed`; run only in the parser child."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

PARSERS = {
    ".txt": "text",
    ".text": "text",
    ".log": "text",
    ".bib": "text",
    ".srt": "text",
    ".vtt": "text",
    ".md": "markdown",
    ".markdown": "markdown",
    ".mdx": "markdown",
    ".qmd": "markdown",
    ".rmd": "markdown",
    ".rst": "rst",
    ".rest": "rst",
    ".adoc": "asciidoc",
    ".asciidoc": "asciidoc",
    ".org": "org",
    ".tex": "latex",
    ".latex": "latex",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".pdf": "pdf",
    ".docx": "docx",
    ".docm": "docx",
    ".dotx": "docx",
    ".doc": "doc",
    ".pptx": "pptx",
    ".pptm": "pptx",
    ".ppsx": "pptx",
    ".potx": "pptx",
    ".ppt": "ppt",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".xltx": "xlsx",
    ".xls": "xls",
    ".xlsb": "xls",
    ".odt": "odt",
    ".ott": "odt",
    ".ods": "ods",
    ".ots": "ods",
    ".odp": "odp",
    ".otp": "odp",
    ".epub": "epub",
    ".rtf": "rtf",
    ".csv": "csv",
    ".tsv": "csv",
    ".tab": "csv",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".geojson": "json",
    ".xml": "xml",
    ".rss": "xml",
    ".atom": "xml",
    ".fb2": "xml",
    ".opml": "xml",
    ".eml": "email",
    ".mbox": "mbox",
    ".ipynb": "notebook",
    ".png": "image",
    ".jpg": "image",
    ".jpeg": "image",
    ".tif": "image",
    ".tiff": "image",
    ".webp": "image",
    ".bmp": "image",
    ".gif": "image",
}
PARSERS |= dict.fromkeys(
    re.findall(
        r"\S+",
        ".py .pyi .js .mjs .cjs .jsx .ts .tsx .java .kt .kts .scala .groovy .gradle .c .h .cc .cpp .cxx .hh .hpp .hxx"
        " .cu .cs .fs .vb .go .rs .rb .php .swift .m .mm .pl .pm .lua .r .jl .hs .ml .mli .ex .exs .erl .clj .el .lisp"
        " .scm .dart .zig .nim .pas .f90 .f95 .f03 .ada .adb .ads .asm .s .sh .bash .zsh .fish .ps1 .bat .cmd .tcl .awk"
        " .sql .proto .graphql .tf .cmake .mk .css .scss .sass .less .vue .svelte .yaml .yml .toml"
        " .ini .cfg .conf .properties",
    ),
    "code",
)

# Files that are known by their name, without a suffix.
_NAMED = dict.fromkeys(("makefile", "gnumakefile", "dockerfile", "jenkinsfile", "gemfile", "rakefile"), "code")
_NAMED |= dict.fromkeys(("readme", "license", "licence", "copying", "notice", "authors", "changelog", "news"), "text")

# By format: what its pages and lines are, where it is not ("page", "line").
UNITS: dict[str, tuple[str, str]] = {
    **dict.fromkeys(("pptx", "ppt", "odp"), ("slide", "line")),
    **dict.fromkeys(("csv", "xlsx", "xls", "ods"), ("page", "row")),
}


def format_of(path: str) -> str:
    """The format of a file by its suffix, or by its name where it has none; "" for what cannot be read."""
    suffix = os.path.splitext(path)[1].lower()
    return PARSERS.get(suffix, "") if suffix else _NAMED.get(os.path.basename(path).lower(), "")


def units_of(path: str) -> tuple[str, str]:
    """What pages and lines of a file are called, by its format: ("slide", "line"), ("page", "row") …"""
    return UNITS.get(format_of(path), ("page", "line"))


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
    `note` is a sentence about what could not be read of an otherwise readable file. `title` is what the file says it is
    called, where that is no part of its text.
    """

    text: str
    pages: tuple[int, ...] = ()
    headings: tuple[tuple[int, int, str], ...] = ()
    whole: tuple[tuple[int, int], ...] = ()
    rows: tuple[tuple[int, int], ...] = ()
    note: str = ""
    title: str = ""
