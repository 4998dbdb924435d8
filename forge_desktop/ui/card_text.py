"""What is read of a card's Markdown: its text without the front matter, long tables cut and said so."""

from __future__ import annotations

import re

from forge_desktop.base.directions import unturned
from forge_desktop.cards.markdown.comments import without_comments

_FRONT = re.compile(r"\A\ufeff?---[ \t]*\r?\n.*?^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
_TABLE_ROWS = 24  # of a table that are drawn; the form and the source have them all


def preview_text(markdown: str) -> str:
    """What is read of a card: without its front matter and comments, long tables cut, and said so."""
    text = without_comments(_FRONT.sub("", markdown, count=1)).replace("\r\n", "\n")
    made: list[str] = []
    rows = 0
    for line in [*text.split("\n"), ""]:
        rows = rows + 1 if line.lstrip().startswith("|") else _after(made, rows)
        if rows <= _TABLE_ROWS + 2:
            made.append(line)
    return unturned("\n".join(made).strip("\n"))


def _after(made: list[str], rows: int) -> int:
    """A table has ended: say how many of its rows are not drawn."""
    if (left := rows - _TABLE_ROWS - 2) > 0:
        made += ["", f"*{left:,} more rows stand in the form and in the source.*"]
    return 0
