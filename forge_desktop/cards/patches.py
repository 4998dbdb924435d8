"""What an edit by hand changed, as JSON that can be turned back: fields, the Markdown, a broken text."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from forge_desktop.cards.records import FieldState, Value


@dataclasses.dataclass(frozen=True)
class Hand:
    """What people said of a field: their value, why it has none, and whether it is taken over from another card."""

    value: Value | None = None
    not_applicable: str = ""
    taken_over: bool = False

    @classmethod
    def of(cls, state: FieldState | None) -> Hand:
        """Out of what stands in a field."""
        return cls() if state is None else cls(state.hand, state.not_applicable, state.taken_over)


@dataclasses.dataclass(frozen=True)
class Draft:
    """All that people can change in a card."""

    fields: Mapping[str, Hand]
    document: str
    broken: str | None

    def with_fields(self, changes: Mapping[str, Hand]) -> Draft:
        """The same with some fields changed."""
        return dataclasses.replace(self, fields={**self.fields, **changes})


def between(old: Draft, new: Draft) -> tuple[dict[str, Any], dict[str, Any]]:
    """The patches back and forth between two drafts; both are empty where they are the same."""
    back: dict[str, Any] = {}
    forth: dict[str, Any] = {}
    fields = {key for key in {**old.fields, **new.fields} if old.fields.get(key, Hand()) != new.fields.get(key, Hand())}
    if fields:
        back["fields"] = {key: _written(old.fields.get(key, Hand())) for key in sorted(fields)}
        forth["fields"] = {key: _written(new.fields.get(key, Hand())) for key in sorted(fields)}
    if old.document != new.document:
        back["document"], forth["document"] = _splices(old.document, new.document)
    if old.broken != new.broken:
        back["broken"], forth["broken"] = old.broken, new.broken
    return back, forth


def patched(draft: Draft, patch: str) -> Draft:
    """A draft after a patch, as it was kept."""
    changes = json.loads(patch)
    made = draft.with_fields({key: _read(hand) for key, hand in changes.get("fields", {}).items()})
    if "document" in changes:
        splice = changes["document"]
        end = splice["at"] + splice["length"]
        text = draft.document[: splice["at"]] + splice["text"] + draft.document[end:]
        made = dataclasses.replace(made, document=text)
    if "broken" in changes:
        made = dataclasses.replace(made, broken=changes["broken"])
    return made


def _splices(old: str, new: str) -> tuple[dict[str, object], dict[str, object]]:
    """Only what differs between two texts, and where: a letter typed into a long card is a letter here."""
    at = alike(old, new)
    tail = alike(old[at:][::-1], new[at:][::-1])
    before, after = old[at : len(old) - tail], new[at : len(new) - tail]
    return (
        {"at": at, "length": len(after), "text": before},
        {"at": at, "length": len(before), "text": after},
    )


def alike(one: str, other: str) -> int:
    """How many letters two texts have in common at their beginning."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _written(hand: Hand) -> dict[str, Any]:
    value = None if hand.value is None else written_value(hand.value)
    return {"value": value, "not_applicable": hand.not_applicable, "taken_over": hand.taken_over}


def _read(kept: Mapping[str, Any]) -> Hand:
    value = None if kept["value"] is None else read_value(kept["value"])
    return Hand(value, kept["not_applicable"], kept["taken_over"])


def written_value(value: Value) -> dict[str, Any]:
    """A value as JSON has it; that it is stale is not kept, it depends on when it is read."""
    plain = {"detail": dict(value.detail), "rests_on": dict(value.rests_on), "causes": dict(value.causes)}
    kept = dataclasses.asdict(dataclasses.replace(value, **plain))  # type: ignore[arg-type]
    return {name: each for name, each in kept.items() if name not in ("stale", "causes")}


def read_value(kept: Mapping[str, Any]) -> Value:
    """A value out of what `written_value` made."""
    return Value(**kept)
