"""Fills cards with what can be known: each value with where it is from, and what it rests on. Nothing is guessed."""

from forge_desktop.cards.filling.filler import Filler

__all__ = ["Filler"]
