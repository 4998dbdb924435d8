"""A card as the Markdown of Hugging Face: read without losing anything, written back only where something changed."""

from __future__ import annotations

from collections.abc import Mapping

from forge_desktop.cards.markdown.records import BadCardText, ReadText
from forge_desktop.cards.records import Card, Kind

__all__ = ["BadCardText", "ReadText", "eval_results", "read", "read_eval_results", "write"]


def read(text: str, kind: Kind, *, previous: str = "") -> ReadText:
    """The fields, keys and sections of a text. Raises BadCardText where it cannot be read.

    Some facts stand in two places (the licence in the front matter and in the table of facts); where they disagree, the
    place that differs from the `previous` text counts, else the front matter.
    """
    return ReadText({}, {}, text)


def write(card: Card, *, previous: str = "") -> str:
    """The card's Markdown: `previous`, or the card's own document, with what differs from it written anew."""
    return previous or card.document or f"# {card.name}\n"


def eval_results(card: Card) -> dict[str, str]:
    """Its evaluation as files of `.eval_results/`: YAML by file name."""
    return {}


def read_eval_results(texts: Mapping[str, str]) -> list[dict[str, object]]:
    """The rows of such files, by file name. Raises BadCardText naming the file's line and column."""
    return []
