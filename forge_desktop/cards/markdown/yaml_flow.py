"""Edits within brackets and braces: entries come and go with their commas, and comments and lines stay."""

from __future__ import annotations

import re
from collections.abc import Sequence

from forge_desktop.cards.markdown.yaml_edits import Edit, Span, begins_line, line_start

_COMMENT = re.compile(r"[ \t]*(?:#[^\n]*)?(?:\r?\n|\Z)")
_ROOM = re.compile(r"(?:\s|#[^\n]*)*")


def removed(text: str, entries: Sequence[Span], first: int, last: int) -> Edit:
    """Takes the entries from `first` to `last` (exclusive) away; some stay."""
    start, end = entries[first].start, entries[last - 1].end
    comma = _comma(text, end)
    after = end if comma is None else comma + 1
    rest = _COMMENT.match(text, after)
    if begins_line(text, start) and rest and (last == len(entries) or begins_line(text, entries[last].start)):
        return Edit(line_start(text, start), rest.end(), "")
    if last < len(entries):
        following = entries[last].start
        if "\n" not in text[end:following]:
            return Edit(start, following, "")
        stop = _blanks(text, after)
        ends_line = text[stop : stop + 1] in ("\r", "\n")
        return Edit(start - (ends_line and text[start - 1] == " "), stop, "")
    before = entries[first - 1].end
    return Edit(start, after, "") if "\n" in text[before:start] else Edit(before, end, "")


def added(text: str, entries: Sequence[Span], at: int, new: Sequence[str]) -> list[Edit]:
    """Puts new entries before the one that is `at`, or behind the last; there is one at least."""
    beside = entries[min(at, len(entries) - 1)]
    own_line = begins_line(text, beside.start)
    indent = text[line_start(text, beside.start) : beside.start]
    if at < len(entries):
        if own_line:
            place = line_start(text, beside.start)
            return [Edit(place, place, "".join(f"{indent}{said},\n" for said in new))]
        return [Edit(beside.start, beside.start, "".join(f"{said}, " for said in new))]
    comma = _comma(text, beside.end)
    rest = _COMMENT.match(text, beside.end if comma is None else comma + 1)
    if not own_line or rest is None:
        return [Edit(beside.end, beside.end, "".join(f", {said}" for said in new))]
    lines = ",\n".join(indent + said for said in new) + ("\n" if comma is None else ",\n")
    opened = [Edit(beside.end, beside.end, ",")] if comma is None else []
    return [*opened, Edit(rest.end(), rest.end(), lines)]


def _comma(text: str, at: int) -> int | None:
    """The comma behind an entry; None where the bracket closes."""
    found = _ROOM.match(text, at)
    end = found.end() if found else at
    return end if text[end : end + 1] == "," else None


def _blanks(text: str, at: int) -> int:
    """Behind the blanks that stand here, unless a comment follows, which needs them."""
    end = at
    while text[end : end + 1] in (" ", "\t"):
        end += 1
    return at if text[end : end + 1] == "#" else end
