"""What stands around a section's text and is not its own: comments, rules, footnotes, the targets of links."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

RULE = re.compile(r" {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*\Z")
_FOOTNOTE = re.compile(r" {0,3}\[\^[^\]\s]+\]:")
_TITLE = r"""(?:"[^"]*"|'[^']*'|\([^()]*\))"""
LINK = re.compile(
    rf" {{0,3}}\[(?!\^)(?:[^\[\]\\]|\\.)+\]:[ \t]*(?:<[^<>]*>|[^\s<]\S*)(?P<title>[ \t]+{_TITLE})?[ \t]*\Z"
)
_TITLE_ALONE = re.compile(rf"[ \t]+{_TITLE}[ \t]*\Z")
_BLOCK = re.compile(r" {0,3}([>#|<]|[-*+][ \t]|\d{1,9}[.)][ \t])")
BEGIN = re.compile(r"<!-- begin of ([a-z_0-9]+) -->\Z")


def text_within(
    bare: Sequence[str], solid: Sequence[bool], comments: Mapping[int, int], first: int, last: int
) -> tuple[int, int]:
    """A range of lines without what stands around its text. `comments` are those of the body, by where they end."""
    first = _text_begin(bare, solid, first, last)
    while last > first:
        if not bare[last - 1].strip():
            last -= 1
            continue
        begin = _margin(bare, solid, comments, first, last)
        if begin is None:
            break
        last = begin
    return first, last


def _text_begin(bare: Sequence[str], solid: Sequence[bool], first: int, last: int) -> int:
    while first < last:
        line = bare[first].strip()
        if line.startswith("<!--") and not BEGIN.match(line):
            end = first
            while end < last and "-->" not in bare[end]:
                end += 1
            if end == last or not bare[end].rstrip().endswith("-->"):
                break
            first = end + 1
        elif not line or (solid[first] and LINK.match(bare[first])):
            first += 1
        else:
            break
    return first


def _margin(
    bare: Sequence[str], solid: Sequence[bool], comments: Mapping[int, int], first: int, last: int
) -> int | None:
    """Where that begins which is not the text's own and ends a range of lines; None where the text ends it."""
    comment = comments.get(last, -1)
    if comment >= first and bare[last - 1].rstrip().endswith("-->"):
        return comment
    if not solid[last - 1]:
        return None
    if RULE.match(bare[last - 1]):
        return last - 1
    footnote = _footnote(bare, solid, first, last)
    return footnote if footnote is not None else _links(bare, solid, first, last)


def _footnote(bare: Sequence[str], solid: Sequence[bool], first: int, last: int) -> int | None:
    """Where the footnote begins that ends here: further paragraphs of it are indented, further lines need not be."""
    at = last - 1
    while at > first and solid[at] and (not bare[at].strip() or bare[at].startswith(("    ", "\t"))):
        at -= 1
    while at >= first and solid[at] and bare[at].strip():
        if _FOOTNOTE.match(bare[at]):
            return at
        if _BLOCK.match(bare[at]):
            return None
        at -= 1
    return None


def _links(bare: Sequence[str], solid: Sequence[bool], first: int, last: int) -> int | None:
    """Where a paragraph begins that is nothing but targets of links: behind words on the line before they are none."""
    at = last
    while at > first and solid[at - 1] and bare[at - 1].strip():
        if _TITLE_ALONE.match(bare[at - 1]) and at - 1 > first and not _titled(bare[at - 2]):
            at -= 1
        if not LINK.match(bare[at - 1]):
            return None
        at -= 1
    return at if at < last else None


def _titled(line: str) -> bool:
    link = LINK.match(line)
    return link is not None and link["title"] is not None
