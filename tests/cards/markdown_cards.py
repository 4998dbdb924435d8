"""Cards for the tests of Markdown: files of tests/data/cards, and cards made of what a text says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from forge_desktop.cards.markdown import ReadText
from forge_desktop.cards.records import Card, FieldState, Kind, Value

FOLDER = Path(__file__).parent.parent / "data" / "cards"
OWN = FOLDER / "own"
KINDS: tuple[Kind, ...] = ("student", "adapter", "teacher", "embedder")
KIND_OF: dict[str, Kind] = {
    "lindenblatt-german-adapter.md": "adapter", "nuqta-arabic-student.md": "student", "meridian-teacher.md": "teacher",
    "harbour-212-results.md": "student", "tern-embedder-crlf-bom.md": "embedder", "kestrel-template.md": "adapter",
}  # fmt: skip
BAD = {
    "sample_datasetcard_template.md": (2, 1), "sample_invalid_card_data.md": (2, 1), "sample_template.md": (2, 2),
}  # fmt: skip
"""Public cards that cannot be read, and where."""


def text_of(path: Path) -> str:
    """A file's text with its line ends and its byte order mark."""
    return path.read_bytes().decode("utf-8")


def good() -> list[Path]:
    """Every card that can be read."""
    found = [*FOLDER.glob("*.md"), *OWN.glob("*.md")]
    return sorted(path for path in found if path.name not in BAD and path.name != "README.md")


def card(kind: Kind, fields: Mapping[str, FieldState], document: str = "", name: str = "A model") -> Card:
    """A card with these fields."""
    return Card("c1", kind, "", "v1", name, "draft", fields, document, "", 0.0, 0.0)


def by_hand(values: Mapping[str, tuple[object, str]]) -> dict[str, FieldState]:
    """Fields that a person wrote."""
    return {key: FieldState(key, hand=Value(data, unit)) for key, (data, unit) in values.items()}


def card_of(read: ReadText, kind: Kind) -> Card:
    """The card that a text says."""
    fields = by_hand(read.values)
    fields |= {key: FieldState(key, not_applicable=why) for key, why in read.not_applicable.items()}
    return card(kind, fields, read.document)
