"""What a card's text says: values of our fields, unknown keys, sections that are nobody's but the author's."""

from __future__ import annotations

from forge_desktop.cards.markdown import cells, hub_keys, hub_remarks, index_remarks, told
from forge_desktop.cards.markdown.parsing import Parsed, parse
from forge_desktop.cards.markdown.places import Place
from forge_desktop.cards.markdown.records import BadCardText, ReadText
from forge_desktop.cards.markdown.yaml_nodes import plain
from forge_desktop.cards.records import Kind


def read(text: str, kind: Kind, *, previous: str = "") -> ReadText:
    """The fields, keys and sections of a text. Raises BadCardText where it cannot be read.

    Some facts stand in two places (the licence in the front matter and in the table of facts); where they disagree, the
    place that differs from the `previous` text counts, else the front matter.
    """
    parsed = parse(text, kind)
    values = parsed.values(_before(previous, kind))
    ours = hub_keys.keys_of(kind)
    return ReadText(
        values=values,
        keys={name: plain(node) for name, node in parsed.keys.items() if name not in ours or _unread(name, parsed)},
        document=text,
        not_applicable={key: why for key, why in parsed.reasons.items() if key not in values},
        sections=tuple(heading.title for heading in parsed.outline.headings if not heading.ours),
        places={key: _place(parsed, key) for key in values},
        remarks=(*hub_remarks.remarks(parsed.front), *index_remarks.remarks(parsed)),
        stale={key: why for key in values if key in parsed.places and (why := _stale(parsed.places[key]))},
    )


def _before(previous: str, kind: Kind) -> Parsed | None:
    try:
        return parse(previous, kind) if previous else None
    except BadCardText:
        return None


def _unread(name: str, parsed: Parsed) -> bool:
    """Whether a key that should be a field of ours has a form we cannot read, and so stays an unknown one."""
    if name == "license_name" or not plain(parsed.keys[name]):
        return False
    fields = [key for key in hub_keys.fields_of(parsed.kind) if hub_keys.field_key(key) == name]
    return not any(key in parsed.in_front for key in fields)


def _stale(place: Place) -> str:
    """Why the text says of a value that it is no longer true."""
    if place.form == "cell":
        return told.stale_in(cells.unescaped(place.row[2])) if len(place.row) > 2 else ""
    beside = "by hand. " if any(note.startswith("*As ") for note in place.notes) else ""
    return next((why for note in place.notes if (why := told.stale_in(f"{beside}{note}"))), "")


def _place(parsed: Parsed, key: str) -> tuple[int, int]:
    place = parsed.places.get(key)
    name = hub_keys.field_key(key) if key in hub_keys.fields_of(parsed.kind) else ""
    if name in parsed.places_of_keys:
        return parsed.places_of_keys[name]
    return (parsed.front.body_line + place.first, 1) if place is not None else (0, 0)
