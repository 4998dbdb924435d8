"""Conversations in the form that ShareGPT made common, one a line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from forge_desktop.archive.lesson_form import EXTENSION, conversation, extension, foreign, prompt_text, restored
from forge_desktop.distill.records import Pair


def write(pair: Pair, *, with_evidence: bool) -> dict[str, Any]:
    """One line; a task's own rules are the system turn."""
    given = prompt_text(pair, with_evidence=with_evidence)
    system = [{"from": "system", "value": pair.rules}] if pair.rules else []
    turns = [*system, {"from": "human", "value": given}, {"from": "gpt", "value": pair.final}]
    return {"id": pair.uid, "conversations": turns, EXTENSION: extension(pair, given)}


def read(row: Mapping[str, Any]) -> Pair:
    """A pair of one line."""
    system, prompt, final = conversation(row.get("conversations"), "from", "value")
    above = row.get("system")
    rules = above if isinstance(above, str) and above and not system else system
    return restored(row, prompt, final) or foreign(
        row, "sharegpt", prompt=prompt, final=final, rules=rules, used=("conversations", "system")
    )
