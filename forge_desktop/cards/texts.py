"""Takes in the Markdown that a person typed: what it changes becomes values by hand, what cannot be is named."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from forge_desktop.base.errors import FieldError
from forge_desktop.cards import fields as known
from forge_desktop.cards.editing import Editing, by_hand, checked
from forge_desktop.cards.patches import Draft, Hand
from forge_desktop.cards.records import Card, FieldState, Problem, TextOutcome
from forge_desktop.cards.validating import problem_of_reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from forge_desktop.cards.markdown import ReadText
    from forge_desktop.cards.store import CardRow

_HALF = re.compile("[\ud800-\udfff]")
Said = tuple[tuple[object, str] | None, str]  # what a text says of a field: its value, and why it has none


class Texts:
    """Compares a text with the one it was made from, so that what changed elsewhere meanwhile is not undone by it."""

    def __init__(self, editing: Editing, card: Callable[[CardRow], Card]) -> None:
        self._editing, self._card = editing, card

    def take_in(self, uid: str, text: str, since: str | None) -> TextOutcome:
        """See `Cards.set_text`."""
        if (half := _HALF.search(text)) is not None:  # the database takes none, so it cannot even be kept
            line, column = text.count("\n", 0, half.start()) + 1, half.start() - text.rfind("\n", 0, half.start())
            message = f"Line {line}, column {column}: half a character stands there, which nobody can write down."
            return TextOutcome(False, Problem("", message, "error", line, column))
        outcome = TextOutcome(False)

        def change(row: CardRow, states: Mapping[str, FieldState], draft: Draft) -> Draft:
            nonlocal outcome
            outcome, made = _taken(self._card(row), states, draft, text, since)
            return made

        self._editing.change(uid, "Text", change)
        return outcome


def _taken(
    card: Card, states: Mapping[str, FieldState], draft: Draft, text: str, since: str | None
) -> tuple[TextOutcome, Draft]:
    from forge_desktop.cards.markdown import BadCardText, read

    before = _before(card, since)
    if draft.broken is None and text == before.document:
        return TextOutcome(True), draft  # nothing was typed
    try:
        said = read(text, card.kind, previous=before.document)
    except BadCardText as error:
        problem = Problem("", error.message, "error", error.line, error.column)
        # the last text that could be read is what the mended one will be compared with
        began = before.document if draft.broken is None else draft.document
        return TextOutcome(False, problem), dataclasses.replace(draft, document=began, broken=text)
    hands: dict[str, Hand] = {}
    refused: list[Problem] = []
    for field in known.of_kind(card.kind):
        new = _said(said, field.key)
        if new == _said(before, field.key):
            continue
        hand = _hand(card, states.get(field.key), field.key, new, said, refused)
        if hand is not None:
            hands[field.key] = hand
    wrong = next((problem for problem in refused if problem.severity == "error"), None)
    made = dataclasses.replace(draft.with_fields(hands), document=text, broken=None if wrong is None else text)
    return TextOutcome(wrong is None, wrong, tuple(refused)), made


def _before(card: Card, since: str | None) -> ReadText:
    """What the text said that a person started from: the one they name, else the card's as it is now."""
    from forge_desktop.cards.markdown import BadCardText, read, write

    if since is not None:
        try:
            return read(since, card.kind)
        except BadCardText:  # they mend a broken one: what stood there before it broke is what they know
            if card.document:
                return read(card.document, card.kind)
    return read(write(card, previous=card.document), card.kind)


def _said(text: ReadText, key: str) -> Said:
    return text.values.get(key), text.not_applicable.get(key, "")


def _hand(
    card: Card, state: FieldState | None, key: str, new: Said, said: ReadText, refused: list[Problem]
) -> Hand | None:
    """What a field becomes by what the text says of it; None where it stays, with the reason in `refused`."""
    from forge_desktop.cards.markdown import completed

    value, why = new
    if key == "evaluation" and not why:
        value = completed(state, value)
    if why and (sentence := problem_of_reason(known.BY_KEY[key])):
        refused.append(Problem(key, sentence, "error", *said.places.get(key, (0, 0))))
        return None
    if why:
        kept = Hand.of(state)
        return dataclasses.replace(kept, not_applicable=why, taken_over=False)
    if value is None:
        if state is not None and state.hand is None and state.measured is not None and not state.not_applicable:
            title = known.BY_KEY[key].title
            sentence = f"{title} is measured, so it comes back: say that it does not apply where it does not."
            refused.append(Problem(key, sentence, "warning"))
            return None
        return Hand()
    try:
        return by_hand(state, checked(known.BY_KEY[key], value[0], value[1], card.kind))
    except FieldError as error:
        line, column = said.places.get(key, (0, 0))
        refused.append(Problem(key, error.message, "error", line, column))
        return None
