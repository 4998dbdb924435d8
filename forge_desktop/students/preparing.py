"""Which pairs a run learns from: read, checked, and split so that no document stands on both sides."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from forge_desktop.base.errors import ForgeError
from forge_desktop.distill import Distill
from forge_desktop.distill.freezing import grouped
from forge_desktop.distill.importing import PairReader, read_pairs
from forge_desktop.distill.json_rows import BadRow
from forge_desktop.distill.minhash import exact
from forge_desktop.distill.pair_lines import from_object
from forge_desktop.distill.records import Dataset, Pair
from forge_desktop.students.files import hash_file
from forge_desktop.students.records_training import TrainSource

_NAMED = 60  # characters of a question by which a pair is named
_TOLD = 10_000  # bad lines that are told one by one; all are counted

Tell = Callable[[int, str], None]  # how many so far, what is done; may raise Cancelled


@dataclass(frozen=True)
class LeftOut:
    """A pair that is not learnt from, named for people, and why."""

    pair: str
    name: str
    why: str


@dataclass(frozen=True)
class Chosen:
    """The pairs of a run. `facts` names where they come from, with its sha256 and how many lines were bad."""

    train: tuple[Pair, ...]
    validation: tuple[Pair, ...]
    left_out: tuple[LeftOut, ...]
    facts: Mapping[str, object]


def choose(source: TrainSource, share: float, *, distill: Distill, read_pair: PairReader, tell: Tell) -> Chosen:
    """Read the pairs of a source and split them. Raises ForgeError where there is none to learn from."""
    if bool(source.dataset) == bool(source.file):
        raise ForgeError("Training needs a file of pairs or a frozen dataset, and not both.")
    if source.dataset:
        frozen = distill.datasets.get(source.dataset)
        found, facts = _frozen(distill, frozen)
    else:
        found, facts = _of_file(Path(source.file), read_pair)
    pairs: list[Pair] = []
    left_out: list[LeftOut] = []
    for number, pair in enumerate(found, 1):
        tell(number, "Reading pairs")
        why = _why_not(pair, distill)
        if why:
            left_out.append(LeftOut(pair.uid, named(pair), why))
        else:
            pairs.append(pair)
    if not pairs:
        reason = f" {left_out[0].name} is left out: {left_out[0].why}." if left_out else ""
        raise ForgeError(
            f"There is no pair to learn from in {facts['name']}.{reason}",
            hint="Look at the pairs, or at the suites that hold them.",
        )
    train, validation = split(pairs, share)
    return Chosen(tuple(train), tuple(validation), tuple(left_out), facts)


def split(pairs: Sequence[Pair], share: float) -> tuple[list[Pair], list[Pair]]:
    """(pairs to train with, pairs to validate with): about this share apart, by what the pairs say, not their order.

    Pairs that rest on a common document, or ask the same, stay together. Where all hang together, none are apart.
    """
    wanted = round(share * len(pairs)) if share else 0
    wanted = max(1, wanted) if share and len(pairs) > 1 else 0
    taken: set[int] = set()
    groups = grouped(pairs, _held)
    for group in sorted(groups, key=lambda group: min(_place(pair) for pair in group)):
        if len(taken) >= wanted:
            break
        if len(taken) + len(group) <= max(1, 2 * wanted) and len(taken) + len(group) < len(pairs):
            taken |= {id(pair) for pair in group}
    return [pair for pair in pairs if id(pair) not in taken], [pair for pair in pairs if id(pair) in taken]


def named(pair: Pair) -> str:
    """A pair as people find it: its line or the beginning of its uid, and its question."""
    question = " ".join(pair.prompt.split())
    question = question if len(question) <= _NAMED else f"{question[: _NAMED - 1]}…"
    line = pair.imported.get("line")
    return f"{f'line {line}' if line else f'pair {pair.uid[:8]}'} “{question}”"


def documents(pair: Pair) -> tuple[str, ...]:
    """The sha256 of the documents that a pair rests on."""
    return tuple(sorted({one.document_sha256 for one in pair.evidence if one.document_sha256}))


def refuse_no_file(path: Path) -> None:
    """Raises ForgeError where there is no file to read pairs from."""
    if path.is_dir():
        raise ForgeError(f"{path} is a folder, not a file of pairs.", hint="Name the file itself, as pairs.jsonl.")
    if not path.exists():
        raise ForgeError(f"There is no file {path}.", hint="Name a file of pairs; docs/formats.md shows their forms.")


def _held(pair: Pair) -> Iterator[str]:
    yield from documents(pair)
    yield f"asks {exact(pair.prompt)}"


def _place(pair: Pair) -> str:
    return hashlib.sha256(f"{exact(pair.prompt)} {exact(pair.final)}".encode()).hexdigest()


def _why_not(pair: Pair, distill: Distill) -> str:
    if not pair.accepted:
        return "it was not accepted"
    if pair.teacher.get("may_train") == "no":
        return "the terms of its teacher forbid training with it"
    if suites := distill.pairs.held_by_suites(pair):
        return f"the suite {suites[0]} holds it"
    return ""


def _frozen(distill: Distill, frozen: Dataset) -> tuple[Iterator[Pair], dict[str, object]]:
    facts: dict[str, object] = {
        "kind": "dataset",
        "name": f"{frozen.name} v{frozen.version}",
        "uid": frozen.uid,
        "sha256": frozen.sha256,
        "bad_lines": 0,
    }
    return (from_object(json.loads(line)) for line in distill.datasets.lines(frozen.uid).splitlines()), facts


def _of_file(path: Path, read_pair: PairReader) -> tuple[Iterator[Pair], dict[str, object]]:
    facts: dict[str, object] = {"kind": "file", "name": path.name, "path": str(path.absolute()), "uid": ""}
    pairs, bad = list[Pair](), list[BadRow]()
    for row in read_pairs(path, read_pair):
        if isinstance(row, BadRow):
            bad.append(row)
        else:
            pairs.append(row)
    facts |= {"sha256": hash_file(path), "bad_lines": len(bad)}
    told = [f"line {row.line}: {row.reason}" for row in bad[:_TOLD]]
    facts["bad"] = [*told, f"and {len(bad) - _TOLD:,} more"] if len(bad) > _TOLD else told
    if not pairs and bad:
        raise ForgeError(
            f"No line of {path.name} is a pair: in line {bad[0].line}, {bad[0].reason.rstrip('.')}.",
            hint="docs/formats.md shows the forms of pairs that are read.",
        )
    return iter(pairs), facts
