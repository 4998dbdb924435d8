"""Whether a text can stand as a name, a summary or a section, and come back from there as it is."""

from __future__ import annotations

from forge_desktop.cards.fields import Field
from forge_desktop.cards.markdown.facts import Held
from forge_desktop.cards.markdown.margins import BEGIN
from forge_desktop.cards.markdown.outline import Outline
from forge_desktop.cards.markdown.places import found
from forge_desktop.cards.records import Kind

_KINDS: tuple[Kind, ...] = ("student", "adapter", "teacher", "embedder")


def one_line(text: str) -> bool:
    """Whether a text has only characters that may stand on a line, and none around it that would be lost."""
    return bool(text) and text == text.strip() and text.isprintable()


def as_name(held: Held | None, *, underlined: bool = False) -> bool:
    """Whether it can be the heading that names a model."""
    if held is None or not isinstance(held[0], str) or held[1] or not one_line(held[0]):
        return False
    heading = f"{held[0]}\n===\n" if underlined else f"# {held[0]}\n"
    there = found(Outline(heading), "student").get("name")
    return there is not None and there.held == held


def as_summary(held: Held | None) -> bool:
    """Whether it can be the paragraph behind that heading."""
    if held is None or not isinstance(held[0], str) or held[1] or not one_line(held[0]):
        return False
    there = found(Outline(f"# x\n\n{held[0]}\n\nMore.\n"), "student")
    return set(there) == {"name", "summary"} and there["summary"].held == held


def as_section(field: Field, text: str, level: int) -> bool:
    """Whether a text comes back as it is from between two headings, and nothing else with it."""
    if any(BEGIN.match(line) for line in text.split("\n")):
        return False
    outline = Outline(f"{'#' * level} {field.title}\n\n{text}\n\n# Zz\n\nThe end.\n")
    last = outline.headings[-1] if outline.headings else None
    if last is None or last.title != "Zz" or not outline.boxes.whole or sum(h.ours for h in outline.headings) != 1:
        return False
    for kind in _KINDS:
        places = found(outline, kind)
        there = places.get(field.key)
        if there is not None and set(places) <= {field.key, "name", "summary"}:
            return bool(there.held == (text, ""))
    return False
