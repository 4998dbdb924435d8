"""Jupyter notebooks: Markdown cells with their headings, code cells whole, and what they printed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from forge_desktop.corpus.parsers import Parsed, Unreadable
from forge_desktop.corpus.parsers.composing import Composer
from forge_desktop.corpus.parsers.decoding import decode
from forge_desktop.corpus.parsers.markdown import outline

_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def parse(data: bytes) -> Parsed:
    """The cells in order. Raises Unreadable for a file that is not a notebook."""
    try:
        notebook = json.loads(decode(data))
        cells = notebook["cells"] if "cells" in notebook else notebook["worksheets"][0]["cells"]
        if not isinstance(cells, list):
            raise TypeError("cells")
    except (ValueError, RecursionError, LookupError, TypeError) as error:
        raise Unreadable("The file is not a notebook, or it is damaged.") from error
    found = Composer()
    for cell in cells:
        if isinstance(cell, dict):
            _add(found, cell)
    return found.parsed()


def _add(found: Composer, cell: dict[str, Any]) -> None:
    source = _joined(cell.get("source", cell.get("input"))).strip("\r\n")
    kind = cell.get("cell_type")
    if kind == "code":
        found.add(source, whole=True)
        for output in _outputs(cell):
            found.add(output, whole=True)
    elif kind == "heading":  # until version 3
        level = cell.get("level")
        found.heading(source, level if isinstance(level, int) and 1 <= level <= 6 else 1)
    else:
        headings, whole = outline(source)
        found.include(source, headings, whole)


def _outputs(cell: dict[str, Any]) -> Iterator[str]:
    """What a reader sees as text below the cell; pictures and tracebacks are left out."""
    outputs = cell.get("outputs")
    for output in outputs if isinstance(outputs, list) else []:
        if not isinstance(output, dict):
            continue
        data = output.get("data", output)
        text = _joined(output.get("text")) or (_joined(data.get("text/plain")) if isinstance(data, dict) else "")
        if output.get("output_type") in ("error", "pyerr"):
            text = f"{_joined(output.get('ename'))}: {_joined(output.get('evalue'))}"
        yield _COLOURS.sub("", text).strip("\r\n")


def _joined(source: Any) -> str:
    """A text that is stored as one or as a list of lines."""
    parts = source if isinstance(source, list) else [source]
    return "".join(part for part in parts if isinstance(part, str)).replace("\0", "\ufffd")
