"""The marks around documents in a prompt, and how a document is named between them."""

from __future__ import annotations

import hmac
import itertools
import json
import re
from collections.abc import Sequence

from forge_desktop.chat.records import Source
from forge_desktop.chat.rows import Task
from forge_desktop.chat.spans import found_part

_MARK = re.compile(r"\[([0-9a-f]{6}) (?:\d+|end)\]")


def fresh_mark(task: Task, offered: Sequence[Source]) -> str:
    """Six hexadecimal digits that occur in none of the texts and that no document can foresee.

    They are derived from this request with a key that never leaves the database, not drawn: the same request gives the
    same prompt, so that an answer at temperature 0 can be repeated.
    """
    return mark_for(task.mark_key, len(task.turns), [task.question, *(source.quote for source in offered)])


def mark_for(key: bytes, turns: int, texts: Sequence[str]) -> str:
    """The mark that a key makes for these texts, of which none holds it."""
    request = json.dumps([turns, *texts]).encode()
    for attempt in itertools.count():
        mark = hmac.new(key, b"%d %b" % (attempt, request), "sha256").hexdigest()[:6]
        if not any(mark in text for text in texts):
            return mark
    raise AssertionError("unreachable")


def mark_in(text: str) -> str:
    """The mark at the beginning of a part that stands around documents, as in "[a62e03 end]"; else ""."""
    found = _MARK.match(text)
    return found[1] if found else ""


def label_of(source: Source) -> str:
    """What stands beside a document's number: file, page, headings."""
    return label(source.path, source.page, source.heading)


def label(path: str, page: int | None, headings: Sequence[str]) -> str:
    """How a document is named between the marks."""
    name = re.split(r"[/\\]", path)[-1]
    on_page = f", page {page}" if page else ""
    heading = ": " + " > ".join(headings) if headings else ""
    return " ".join(f"{name}{on_page}{heading}".split())


def told(source: Source) -> str:
    """What of a widened source was found, and what stands around it."""
    found = found_part(source)
    one = found.first_line == found.last_line
    lines = f"line {found.first_line}" if one else f"lines {found.first_line}–{found.last_line}"
    return f"Source {source.n}: {lines} found, widened to lines {source.first_line}–{source.last_line}."
