"""Completes a card in one step, for tests of what needs a complete one: a promotion, above all."""

from __future__ import annotations

from forge_desktop.cards import fields
from forge_desktop.cards.checking import is_there
from forge_desktop.forge import Forge


def complete(forge: Forge, name: str, *, anew: bool = False) -> None:
    """Let every required field that is empty say why it has no value; `anew` fills it first: nothing is stale then."""
    if anew:
        forge.jobs.wait(forge.cards.fill(name), timeout=60)
    card = forge.cards.get(name)
    lacking = [field.key for field in fields.required(card.kind) if not is_there(card.fields.get(field.key))]
    why = dict.fromkeys(lacking, "It is a test's.")
    assert forge.cards.adopt(card.uid, {}, not_applicable=why) == ()
