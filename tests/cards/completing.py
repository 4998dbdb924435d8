"""Completes a card in one step, for tests of what needs a complete one: a promotion, above all."""

from __future__ import annotations

from forge_desktop.cards import fields
from forge_desktop.cards.checking import is_there, stale_of
from forge_desktop.forge import Forge


def complete(forge: Forge, name: str) -> None:
    """Let every required field that is empty, or no longer true, say why it has no value."""
    card = forge.cards.get(name)
    lacking = [field.key for field in fields.required(card.kind) if not is_there(card.fields.get(field.key))]
    lacking += [field for field, _ in stale_of(card.kind, card.fields)]  # as of a suite that a test only names
    why = dict.fromkeys(lacking, "It is a test's.")
    assert forge.cards.history.adopt(card.uid, {}, not_applicable=why) == ()
