"""What the log of a training run tells: data with hashes and counts, teachers with shares, settings, time, memory."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from forge_desktop.base.errors import ForgeError
from forge_desktop.cards.filling import gates
from forge_desktop.cards.filling.taken import Skipped, Taker, Values, put
from forge_desktop.cards.grounds import VersionGrounds
from forge_desktop.cards.records import Value

if TYPE_CHECKING:
    from forge_desktop.students import Students
    from forge_desktop.students.records_training import TrainRun
    from forge_desktop.students.rooms import Rooms

_NO_RUN = "This adapter was not trained here, and brings no log of its training."
_NO_ENERGY = "The trainer does not meter the energy of a run."
_RESULT = ("loss", "validation", "base_loss", "stop", "tokens", "cpu_seconds", "peak_bytes", "best_step")
_NOT_SAID = frozenset(("ray", "threads", "device", "dtype", "checkpointing"))  # told as they came out, not as wished
_METHODS = "the same text, runs of eight words, MinHash, and source documents in common"


def told(found: VersionGrounds, take: Taker) -> Iterator[tuple[str, Value]]:
    """The fields that a run's row fills; no file is read."""
    run = found.run
    if run is None:
        yield from _without(found, take)
        return
    about: dict[str, Any] = {"run": run.name, "uid": run.uid}
    ended = run.ended or run.created

    learnt = str(run.data.get("sha256", ""))

    def of(data: object, *rests_on: str, unit: str = "", **more: Any) -> Value:
        then = {"data": learnt} if "data" in rests_on else {}  # whatever lies there now: only that was learnt from
        return take.value(data, "run log", "adapter", *rests_on, then=then, unit=unit, at=ended, **about, **more)

    yield (
        "learning",
        of(f"Supervised fine-tuning of a LoRA adapter, rank {run.wish.rank}, on pairs and replayed answers"),
    )
    yield "training_data", of([_data(run)], "data")
    yield "teachers", of(_teachers(run), "data")
    yield "preprocessing", of(_preprocessing(run), "data")
    yield "decontamination", of(_decontamination(found, run), "data", "gate")
    yield "hyperparameters", of(_hyperparameters(run))
    yield "training_result", of({name: run.result[name] for name in _RESULT if run.result.get(name) is not None})
    yield "training_hardware", of(_hardware(run))
    if isinstance(run.result.get("seconds"), int | float):
        yield "training_time", of(run.result["seconds"], unit="s")
    cost, pairs = run.data.get("cost"), _count(run.data, "pairs")
    if isinstance(cost, int) and not _unpriced(run):
        yield "training_cost", of(cost, "data", unit="USD", n=pairs, how="What its pairs cost, as the ledger has it.")
        if pairs:
            yield "cost_per_pair", of(-(-cost // pairs), "data", unit="USD", n=pairs, total=cost)


def read(
    found: VersionGrounds, take: Taker, values: Values, skipped: Skipped, rooms: Rooms, students: Students
) -> None:
    """Add what only the lessons themselves tell: what each teacher cost and may be used for, and personal data."""
    run = found.run
    if run is None:
        skipped += [] if found.version.is_base else [("training_data", _NO_RUN)]
        return
    energy = run.result.get("energy_joules")
    if isinstance(energy, int | float):
        put(values, [("training_energy", _metered(take, run, energy))])
    else:
        skipped.append(("training_energy", str(run.result.get("energy_problem") or _NO_ENERGY)))
    from forge_desktop.cards.filling.personal import personal_in  # with every pattern of a privacy scan

    try:
        learnt = [one for one in students.training.learnt(run.uid) if one.documents or one.part]
        words = (f"{one.question}\n{one.answer}" for one in learnt)
        put(values, [("sensitive_data", personal_in(words, len(learnt), take, run.name))])
    except ForgeError as error:
        skipped.append(("sensitive_data", error.message))
    if unpriced := _unpriced(run):
        skipped += [("training_cost", unpriced), ("cost_per_pair", unpriced)]
    rows = _paid(run, rooms)
    if rows is not None and "teachers" in values:
        values["teachers"] = dataclasses.replace(values["teachers"], data=rows)
    elif "teachers" in values:
        skipped.append(("teachers", "What each teacher cost is not told: the pairs as they were trained are not here."))


def _metered(take: Taker, run: TrainRun, joules: float) -> Value:
    """Energy of this computer while it trained, all that ran on it."""
    sources = run.result.get("energy")
    return take.value(
        round(joules / 3_600_000, 9), "run log", "adapter", unit="kWh", run=run.name, joules=joules, meters=sources
    )


def _without(found: VersionGrounds, take: Taker) -> Iterator[tuple[str, Value]]:
    """Of an adapter without a run, what its gate tells all the same."""
    if found.gate is not None and not found.version.is_base:
        leaks = gates.leaks(found.gate)
        yield "decontamination", take.value({"training data": "not known here", **leaks}, "gate", "gate")


def _data(run: TrainRun) -> dict[str, object]:
    data = run.data
    row = {
        "name": data.get("name", ""),
        "sha256": data.get("sha256", ""),
        "rows": _count(data, "pairs"),
        "train_rows": _count(data, "train_pairs"),
        "validation_rows": _count(data, "validation_pairs"),
        "documents": _count(data, "documents"),
        "classification": "frozen dataset" if data.get("kind") == "dataset" else "file of pairs",
    }
    return {name: each for name, each in row.items() if each not in ("", None)}


def _unpriced(run: TrainRun) -> str:
    """A sentence where some of the pairs came from elsewhere, so that nobody knows what they cost; "" for none."""
    pairs = _count(run.data, "pairs") or 0
    elsewhere = _count(run.data, "from_elsewhere")
    if elsewhere is None:  # of a run before that was counted
        elsewhere = 0 if run.data.get("cost") or run.data.get("teachers") else pairs
    if not elsewhere:
        return ""
    which = f"its {pairs:,} pairs" if elsewhere == pairs else f"{elsewhere:,} of its {pairs:,} pairs"
    return f"{which[0].upper()}{which[1:]} came from elsewhere, and do not tell what they cost."


def _teachers(run: TrainRun) -> list[dict[str, object]]:
    rows: Any = run.data.get("teachers", [])
    pairs = _count(run.data, "pairs") or 0
    return [_share({"name": one["name"], "model": one["model"], "pairs": one["pairs"]}, pairs) for one in rows]


def _share(row: dict[str, object], pairs: int) -> dict[str, object]:
    count = row["pairs"]
    return {**row, "share": round(count / pairs, 4)} if pairs and isinstance(count, int) else row


def _paid(run: TrainRun, rooms: Rooms) -> list[dict[str, object]] | None:
    """The teachers with what their pairs cost and what their terms said; None where the pairs cannot be read."""
    if run.data.get("kind") != "dataset":
        return None
    try:
        lines = rooms.distill.datasets.lines(str(run.data.get("uid", ""))).splitlines()
    except ForgeError:
        return None
    pairs: Counter[tuple[str, str]] = Counter()
    costs: Counter[tuple[str, str]] = Counter()
    terms: dict[tuple[str, str], str] = {}
    for line in lines:
        pair = json.loads(line)
        teacher = pair.get("teacher") or {}
        key = (str(teacher.get("name", "")), str(teacher.get("model", "")))
        if not any(key):
            continue
        pairs[key] += 1
        costs[key] += _micro(pair)
        terms[key] = str(teacher.get("may_train", "unknown"))
    return [
        _share(
            {"name": key[0], "model": key[1], "pairs": count, "cost": costs[key], "may_train": terms[key]}, len(lines)
        )
        for key, count in sorted(pairs.items())
    ]


def _micro(pair: Mapping[str, Any]) -> int:
    from forge_desktop.base.money import parse_usd

    try:
        return parse_usd(str(pair.get("cost_usd", "0")))
    except ForgeError:
        return 0


def _preprocessing(run: TrainRun) -> dict[str, object]:
    """What was done to the pairs before they were learnt from, counted."""
    data = run.data
    replay: Any = data.get("replay") or {}
    facts: dict[str, object] = {
        "pairs left out": len(_left_out(run)),
        "lines that were no pairs": _count(data, "bad_lines"),
        "pairs to train with": _count(data, "train_pairs"),
        "pairs to validate with": _count(data, "validation_pairs"),
        "split": "by source document and question: none stands on both sides",
        "answers of the base replayed": replay.get("pairs"),
        "of them distinct": replay.get("distinct"),
        "tokens of a row": run.wish.row_tokens,
        "prompt": "as the chat asks it, with the passages that were offered",
        "sha256 of the rows to train with": data.get("train_sha256"),
        "sha256 of the rows to validate with": data.get("validation_sha256"),
        "sha256 of the chat template": data.get("template_sha256"),
    }
    return {name: each for name, each in facts.items() if each not in (None, "")}


def _decontamination(found: VersionGrounds, run: TrainRun) -> dict[str, object]:
    held = sum("suite" in why for _, _, why in _left_out(run))
    facts: dict[str, object] = {"method": _METHODS, "pairs left out because a suite holds them": held}
    if found.gate is None or found.version.uid not in (found.gate.version, found.gate.gated):
        return facts
    return {**facts, **gates.leaks(found.gate), "gate": found.gate.number}


def _hyperparameters(run: TrainRun) -> dict[str, object]:
    wish = {name: each for name, each in dataclasses.asdict(run.wish).items() if name not in _NOT_SAID}
    wish["targets"] = ", ".join(run.wish.targets)
    result = {name: run.result.get(name) for name in ("device", "dtype", "steps")}
    settled = {name: run.plan.get(name) for name in ("checkpointing", "threads")}
    facts = {**wish, "steps": run.steps, **settled, **{name: each for name, each in result.items() if each is not None}}
    return {name: each for name, each in facts.items() if isinstance(each, str | int | float | bool) and each != ""}


def _hardware(run: TrainRun) -> str:
    """Where it ran, as far as the run noted it."""
    device = str(run.plan.get("device_name") or run.result.get("device") or run.plan.get("device") or "")
    processor = str(run.plan.get("processor", ""))
    named = processor if processor and (run.result.get("device") or run.plan.get("device")) == "cpu" else device
    threads, peak = run.plan.get("threads"), run.result.get("peak_bytes")
    parts = [
        named,
        f"{threads} {'thread' if threads == 1 else 'threads'}" if threads else "",
        f"{run.wish.workers} workers of a Ray cluster" if run.wish.ray else "",
        f"{peak / 10**9:.2f} GB of memory at most" if isinstance(peak, int) and peak else "",
    ]
    return ", ".join(filter(None, parts))


def _left_out(run: TrainRun) -> list[tuple[str, str, str]]:
    rows: Any = run.data.get("left_out") or []
    return [(str(one[0]), str(one[1]), str(one[2])) for one in rows]


def _count(data: Mapping[str, object], name: str) -> int | None:
    found = data.get(name)
    return found if isinstance(found, int) else None
