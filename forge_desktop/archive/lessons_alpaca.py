"""Instruction, input and output, one a line, as Alpaca's data set had them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from forge_desktop.archive.lesson_form import EXTENSION, extension, foreign, prompt_text, restored
from forge_desktop.distill.pair_lines import text
from forge_desktop.distill.records import Pair

_USED = ("instruction", "input", "output", "system")


def write(pair: Pair, *, with_evidence: bool) -> dict[str, Any]:
    """One line; the passages are the input."""
    whole = prompt_text(pair, with_evidence=with_evidence)
    passages = whole.removesuffix(pair.prompt).rstrip("\n") if whole != pair.prompt else ""
    row = {"instruction": pair.prompt, "input": passages, "output": pair.final}
    system = {"system": pair.rules} if pair.rules else {}
    return {**row, **system, EXTENSION: extension(pair, pair.prompt)}


def read(row: Mapping[str, Any]) -> Pair:
    """A pair of one line."""
    instruction, given, final = (text(row, name) for name in ("instruction", "input", "output"))
    if (known := restored(row, instruction, final)) is not None:
        return known
    prompt = f"{instruction}\n\n{given}" if given.strip() else instruction
    return foreign(row, "alpaca", prompt=prompt, final=final, rules=text(row, "system"), used=_USED)
