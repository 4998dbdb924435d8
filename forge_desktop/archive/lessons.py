"""The forms in which pairs leave and enter; a new one is a file and a line here."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, Protocol

from forge_desktop.archive import lessons_alpaca, lessons_dpo, lessons_openai, lessons_sharegpt, lessons_trl
from forge_desktop.archive.records import ExportedFile
from forge_desktop.archive.writing import ExportFolder
from forge_desktop.distill import pair_lines
from forge_desktop.distill.pair_lines import BadLine
from forge_desktop.distill.records import Pair


class Writer(Protocol):
    """Turns a pair into a line's object; None where the form has no place for such a pair."""

    def __call__(self, pair: Pair, *, with_evidence: bool) -> dict[str, Any] | None: ...


class Form(NamedTuple):
    """A form: what it is called in words, the fields by which it is recognised, and what writes and reads it."""

    label: str
    fields: frozenset[str]
    write: Writer
    read: Callable[[Mapping[str, Any]], Pair]


def _own(pair: Pair, *, with_evidence: bool) -> dict[str, Any]:
    return pair_lines.to_object(pair)  # it always holds the evidence, beside the prompt


# In the order in which a row is tried.
WRITERS: dict[str, Form] = {
    "forge": Form("Forge Desktop's own, with everything", frozenset(), _own, pair_lines.from_object),
    "openai": Form("OpenAI chat messages", frozenset({"messages"}), lessons_openai.write, lessons_openai.read),
    "sharegpt": Form(
        "ShareGPT conversations", frozenset({"conversations"}), lessons_sharegpt.write, lessons_sharegpt.read
    ),
    "dpo": Form(
        "DPO preferences (corrected drafts only)",
        frozenset({"chosen", "rejected"}),
        lessons_dpo.write,
        lessons_dpo.read,
    ),
    "alpaca": Form(
        "Alpaca instructions", frozenset({"instruction", "output"}), lessons_alpaca.write, lessons_alpaca.read
    ),
    "trl": Form("TRL prompt and completion", frozenset({"prompt", "completion"}), lessons_trl.write, lessons_trl.read),
}


def form_of(row: Mapping[str, Any]) -> str:
    """The name of the form a row has; "" for none of them."""
    if pair_lines.shape_of(row):
        return "forge"
    return next((name for name, form in WRITERS.items() if form.fields and form.fields <= row.keys()), "")


def read_pair(row: Mapping[str, Any]) -> Pair:
    """The pair that a row of any form is. Raises BadLine with the reason where it is none."""
    name = form_of(row)
    if not name:
        raise BadLine("it is a pair of none of the known forms")
    return WRITERS[name].read(row)


def write_lessons(folder: ExportFolder, name: str, pairs: Iterator[Pair], *, with_evidence: bool) -> ExportedFile:
    """Write a file of JSON Lines in this form."""
    form = WRITERS[name]
    rows = (form.write(pair, with_evidence=with_evidence) for pair in pairs)
    return folder.write_rows(file_name(name), (row for row in rows if row is not None))


def file_name(form: str) -> str:
    """The name of a form's file in an export."""
    return "pairs.jsonl" if form == "forge" else f"{form}.jsonl"


def counted(pairs: Iterator[Pair]) -> dict[str, int]:
    """How many pairs there are of each kind."""
    kinds = sorted(pair.kind for pair in pairs)
    return {kind: len(list(same)) for kind, same in itertools.groupby(kinds)}
