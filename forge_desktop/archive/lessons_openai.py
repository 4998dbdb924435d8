"""Chat messages as OpenAI's fine-tuning takes them, one conversation a line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from forge_desktop.archive.lesson_form import EXTENSION, conversation, extension, foreign, prompt_text, restored
from forge_desktop.distill.records import Pair


def write(pair: Pair, *, with_evidence: bool) -> dict[str, Any]:
    """One line; a task's own rules are the system message."""
    given = prompt_text(pair, with_evidence=with_evidence)
    system = [{"role": "system", "content": pair.rules}] if pair.rules else []
    turns = [*system, {"role": "user", "content": given}, {"role": "assistant", "content": pair.final}]
    return {"messages": turns, EXTENSION: extension(pair, given)}


def read(row: Mapping[str, Any]) -> Pair:
    """A pair of one line."""
    system, prompt, final = conversation(row.get("messages"), "role", "content")
    return restored(row, prompt, final) or foreign(
        row, "openai", prompt=prompt, final=final, rules=system, used=("messages",)
    )
