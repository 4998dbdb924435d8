"""What was corrected, as preference data: the draft was rejected, the final answer chosen; one a line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from forge_desktop.archive.lesson_form import EXTENSION, conversation, extension, foreign, prompt_text, restored
from forge_desktop.archive.lessons_trl import asked, turns
from forge_desktop.distill.pair_lines import BadLine
from forge_desktop.distill.records import Pair


def write(pair: Pair, *, with_evidence: bool) -> dict[str, Any] | None:
    """One line; None for a pair that corrects nothing."""
    if pair.kind != "REPAIR_PAIR" or not pair.draft.strip():
        return None
    given = prompt_text(pair, with_evidence=with_evidence)
    held = extension(pair, given)
    del held["draft"]
    return {
        "prompt": asked(pair.rules, given),
        "chosen": [{"role": "assistant", "content": pair.final}],
        "rejected": [{"role": "assistant", "content": pair.draft}],
        EXTENSION: held,
    }


def read(row: Mapping[str, Any]) -> Pair:
    """A pair of one line, of texts or of turns; the question may stand in both conversations instead."""
    if "prompt" in row:
        system, prompt, final = turns(row["prompt"], row.get("chosen"))
        _, same, draft = turns(row["prompt"], row.get("rejected"))
    else:
        system, prompt, final = conversation(row.get("chosen"), "role", "content")
        _, same, draft = conversation(row.get("rejected"), "role", "content")
    if same != prompt:
        raise BadLine("its two answers are to different questions")
    return restored(row, prompt, final, draft=draft) or foreign(
        row, "dpo", prompt=prompt, final=final, draft=draft, rules=system, used=("prompt", "chosen", "rejected")
    )
