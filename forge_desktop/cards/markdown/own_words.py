"""What in a card's text is only its author's: sections that stand for nothing of ours, each with its words."""

from __future__ import annotations

from forge_desktop.cards.markdown.outline import Outline
from forge_desktop.cards.markdown.parsing import Parsed, parse
from forge_desktop.cards.records import Kind


def own_sections(text: str, kind: Kind) -> list[tuple[str, str]]:
    """Titles and Markdown of what is nobody's but the author's: outermost sections with what is within them. Words
    before the first heading, and below the card's own title, have no title. Raises BadCardText where the text cannot
    be read.
    """
    parsed = parse(text, kind)
    outline, ours = parsed.outline, _ours(parsed)
    at = outline.headings[0].first if outline.headings else len(outline.lines)
    found = [("", _words(outline, 0, at, ours))]
    for heading in outline.headings:
        if heading.first >= at and not heading.ours:
            inner = next((other.first for other in outline.headings if other.first > heading.first), len(outline.lines))
            is_title = heading.level == 1 and not found[1:]
            at = inner if is_title else outline.end_of(heading)
            found.append(("" if is_title else heading.title, _words(outline, heading.last, at, ours)))
    return [(title, words) for title, words in found if words]


def _ours(parsed: Parsed) -> set[int]:
    """Lines that hold values of ours."""
    lines: set[int] = set()
    for place in parsed.places.values():
        lines.update(range(place.first, place.last))
    for table in parsed.outline.tables:
        if table.facts:
            lines.update(range(table.first, table.last))
    return lines


def _words(outline: Outline, first: int, last: int, ours: set[int]) -> str:
    return "".join(outline.lines[at] for at in range(first, last) if at not in ours).strip("\r\n")
