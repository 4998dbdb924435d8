"""Prompt and completion, one a line, as TRL's trainers take them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from forge_desktop.archive.lesson_form import EXTENSION, conversation, extension, foreign, prompt_text, restored
from forge_desktop.distill.pair_lines import BadLine
from forge_desktop.distill.records import Pair


def write(pair: Pair, *, with_evidence: bool) -> dict[str, Any]:
    """One line, as turns of a conversation, so that the trainer puts the student's template around them."""
    given = prompt_text(pair, with_evidence=with_evidence)
    return {
        "prompt": asked(pair.rules, given),
        "completion": [{"role": "assistant", "content": pair.final}],
        EXTENSION: extension(pair, given),
    }


def read(row: Mapping[str, Any]) -> Pair:
    """A pair of one line, of texts or of turns."""
    system, prompt, final = turns(row.get("prompt"), row.get("completion"))
    return restored(row, prompt, final) or foreign(
        row, "trl", prompt=prompt, final=final, rules=system, used=("prompt", "completion")
    )


def asked(rules: str, given: str) -> list[dict[str, str]]:
    """A question as turns."""
    system = [{"role": "system", "content": rules}] if rules else []
    return [*system, {"role": "user", "content": given}]


def turns(prompt: object, answer: object) -> tuple[str, str, str]:
    """System text, prompt and answer of two texts, or of two lists of turns. Raises BadLine."""
    if isinstance(prompt, str) and isinstance(answer, str):
        return "", prompt, answer
    if isinstance(prompt, list) and isinstance(answer, list):
        return conversation([*prompt, *answer], "role", "content")
    raise BadLine("its prompt and its answer are neither both texts nor both turns")
