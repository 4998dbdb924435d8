"""Blocks of HTML that hold parts of a body, `<details>` and its like: what begins within one ends within it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

_NAMES = "details|div|section|article|aside|main|figure|center|blockquote|table"
_TAG = re.compile(rf"<(/?)({_NAMES})\b[^<>]*?(/?)>", re.IGNORECASE)
_LAST_TAG = re.compile(rf"</(?:{_NAMES})\s*>\s*\Z", re.IGNORECASE)


class Box(NamedTuple):
    """A block from the line of its opening tag to that of its closing one (exclusive of what is behind that)."""

    first: int
    last: int


class Part(Protocol):
    """A heading, as far as its end goes."""

    @property
    def first(self) -> int: ...
    @property
    def level(self) -> int: ...
    @property
    def ours(self) -> bool: ...


@dataclass(frozen=True)
class Boxes:
    """The blocks of a body in the order in which they begin. `whole`: every tag has its other one."""

    found: tuple[Box, ...]
    whole: bool

    def outermost(self, line: int, but: int) -> int:
        """Where the outermost block begins that holds a line, and not the line `but`; else the line itself."""
        inside = (box.first for box in self.found if box.first <= line < box.last)
        return next((first for first in inside if first > but), line)


def found(bare: Sequence[str], solid: Sequence[bool]) -> Boxes:
    """The blocks on these lines, as far as they are no code."""
    opened: list[tuple[str, int]] = []
    open_now: Counter[str] = Counter()
    made: list[Box] = []
    whole = True
    for at, closing, name in _tags(bare, solid):
        if not closing:
            opened.append((name, at))
            open_now[name] += 1
            continue
        if not open_now[name]:
            whole = False
            continue
        while opened:
            other, first = opened.pop()
            open_now[other] -= 1
            if other == name:
                made.append(Box(first, at + 1))
                break
            whole = False
    return Boxes(tuple(sorted(set(made), key=lambda box: (box.first, -box.last))), whole and not opened)


def _tags(bare: Sequence[str], solid: Sequence[bool]) -> Iterator[tuple[int, bool, str]]:
    for at, line in enumerate(bare):
        if not solid[at] or "<" not in line:
            continue
        words = line.lstrip()
        is_code = len(line) - len(words) > 3 and (not at or not bare[at - 1].strip())
        if words.startswith("<") and not is_code:
            yield from ((at, bool(tag[1]), tag[2].casefold()) for tag in _TAG.finditer(line) if not tag[3])
        elif not words.startswith(("|", "`")) and not is_code and (last := _LAST_TAG.search(line)):
            tag = _TAG.match(last[0])
            assert tag is not None
            yield at, True, tag[2].casefold()


def ends(parts: Sequence[Part], boxes: Boxes, lines: int) -> dict[int, tuple[int, int]]:
    """Where each heading ends, and where it ends with all that is below it. What a block holds ends with it; a block
    with something of ours ends the text before it.
    """
    stack: list[tuple[Box | None, list[_Mark]]] = [(None, [])]
    waiting = iter(boxes.found)
    box = next(waiting, None)
    made: dict[int, tuple[int, int]] = {}
    for part in parts:
        while box is not None and box.first <= part.first:
            _close(stack, box.first, made)
            stack.append((box, []))
            box = next(waiting, None)
        _close(stack, part.first, made)
        stack[-1][1].append(_Mark(part.first, part.level, part.ours))
    _close(stack, lines, made)
    made.update(_walked(stack[0][1], lines))
    return made


class _Mark(NamedTuple):
    """A heading, or with a level of 7 a block that holds something of ours."""

    first: int
    level: int
    ours: bool


def _close(stack: list[tuple[Box | None, list[_Mark]]], line: int, made: dict[int, tuple[int, int]]) -> None:
    """Take leave of the blocks that end before a line."""
    while (box := stack[-1][0]) is not None and box.last <= line:
        _, marks = stack.pop()
        made.update(_walked(marks, box.last - 1))
        if any(mark.ours for mark in marks):
            stack[-1][1].append(_Mark(box.first, 7, ours=True))


def _walked(marks: Sequence[_Mark], lines: int) -> dict[int, tuple[int, int]]:
    """The two ends of each heading that one block holds, in one walk from the last to the first."""
    found: dict[int, tuple[int, int]] = {}
    next_of_level, next_of_ours = [lines] * 8, lines
    for mark in reversed(marks):
        if mark.level < 7:
            whole = min(next_of_level[1 : mark.level + 1])
            found[mark.first] = (min(whole, next_of_ours), whole)
            next_of_level[mark.level] = mark.first
        if mark.ours:
            next_of_ours = mark.first
    return found
