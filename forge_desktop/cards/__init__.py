"""Model cards: filled by measurement, written by people, honest about what is stale, readable everywhere."""

from forge_desktop.cards.cards import Cards

__all__ = ["Cards"]
