"""Markdown text before it is drawn: which part of a growing text is final, and where citations and marks go in."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

# Our own marks inside the text, framed in a punctuation character so that CommonMark's rules for emphasis next to
# them stay those for punctuation. The inner characters are private ones which `annotate` takes out of the source.
_EDGE = "\u2e31"
CHIP = re.compile(f"{_EDGE}\ue000(\\d+){_EDGE}")
MARK = re.compile(f"{_EDGE}(?:\ue000(?P<n>\\d+)|(?P<on>\ue001)|(?P<off>\ue002)){_EDGE}")
_ON, _OFF = f"{_EDGE}\ue001{_EDGE}", f"{_EDGE}\ue002{_EDGE}"
_FORGED = str.maketrans({"\ue000": "\ufffd", "\ue001": "\ufffd", "\ue002": "\ufffd"})

_BLOCK_START = re.compile(r"(?:[ \t]*(?:>|[-*+][ \t]|\d{1,9}[.)][ \t]|#{1,6}[ \t]|\|))*[ \t]*")
_SENTENCE_END = re.compile(r"(?P<stop>[.!?…:;]*)(?P<close>[*_~`\"'”’»)\]]*)\s*$")
_ADDRESS = re.compile(r"\]\([^)\s]*\)|<[a-zA-Z][\w+.-]*:[^>\s]*>|`[^`\n]*`")


@dataclass(frozen=True)
class SentenceMark:
    """A sentence at `start:end` of the source: the sources that support it, or a mark that none does."""

    start: int
    end: int
    sources: tuple[int, ...] = ()
    unsupported: bool = False


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt  # not before the first message: start-up is measured

    parser = MarkdownIt("commonmark", {"html": False, "linkify": False, "typographer": False})
    # A reference definition at the end would change text far above it, which a growing answer never draws again.
    return parser.enable(["table", "strikethrough"]).disable("reference")


@cache
def _block_parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False}).enable(["table"]).disable("reference")
    parser.core.ruler.enableOnly(["normalize", "block"])
    return parser


def parse(source: str) -> list[Token]:
    """Markdown tokens of the text; raw HTML stays text."""
    return _parser().parse(source)


def final_length(source: str) -> int:
    """How many leading characters hold blocks that no text appended later can change.

    CommonMark decides block structure line by line and only the last top-level block is open, so everything before it
    is final once a complete line has opened it.
    """
    complete = source[: source.rfind("\n") + 1]
    starts = [token.map[0] for token in _block_parser().parse(complete) if token.level == 0 and token.map]
    starts = sorted(set(starts))
    if len(starts) < 2:
        return 0
    position = 0
    for _ in range(starts[-1]):
        position = complete.index("\n", position) + 1
    return position


def annotate(source: str, marks: Iterable[SentenceMark]) -> str:
    """The text with a chip behind each supported sentence and unsupported ones enclosed, ready for `parse`."""
    text = source.translate(_FORGED)
    inserts: list[tuple[int, str]] = []
    for mark in marks:
        sentence = text[mark.start : mark.end]
        if not sentence.strip():
            continue
        if mark.unsupported:
            inserts.append((mark.start + _start_within(text, mark.start, sentence), _ON))
            inserts.append((mark.start + len(_body(sentence)), _OFF))
        if mark.sources:
            chips = "".join(f"{_EDGE}\ue000{n}{_EDGE}" for n in mark.sources)
            inserts.append((mark.start + _chip_place(sentence), chips))
    addresses = [match.span() for match in _ADDRESS.finditer(text)]
    for place, insert in sorted(inserts, key=lambda item: item[0], reverse=True):
        for low, high in addresses:
            if low < place < high:
                place = high
        text = text[:place] + insert + text[place:]
    return text


def _body(sentence: str) -> str:
    """The sentence without white space and a table row's closing pipe at its end."""
    return sentence.rstrip().removesuffix("|").rstrip()


def _start_within(text: str, start: int, sentence: str) -> int:
    """Past list, quote, heading and table characters, when the sentence begins a line with them."""
    line_start = text.rfind("\n", 0, start) + 1
    if text[line_start:start].strip():
        return len(sentence) - len(sentence.lstrip())
    match = _BLOCK_START.match(sentence)
    return match.end() if match else 0


def _chip_place(sentence: str) -> int:
    """Before the closing full stop, or behind everything when emphasis or a quotation closes after it."""
    body = _body(sentence)
    match = _SENTENCE_END.search(body)
    if match and match["stop"] and not match["close"]:
        return match.start("stop")
    return len(body)
