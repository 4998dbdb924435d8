"""What a gate costs: scores and short answers of the shipped suite at once, and one after another; changing an adapter
against loading anew.
"""

from __future__ import annotations

import dataclasses
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from forge_desktop.base.paths import resources_dir
from forge_desktop.bench.engine_clock import cpu_with
from forge_desktop.bench.engine_figures import Figure, ratio_of, rounded
from forge_desktop.bench.engine_student import ask
from forge_desktop.chat.lesson_prompt import lesson_prompt
from forge_desktop.engine import AdapterSpec, Continuation, Engine, Sampling, StudentSpec
from forge_desktop.students.adapter_file import write_adapter
from forge_desktop.students.gguf_file import read_gguf

_WIDTH = 8
_RANK = 8
_SWAPS = 12


def gate(engine: Engine, name: str, *, rounds: int, items: int, tokens: int) -> dict[str, Figure]:
    """Items a second of processor time, at once, each prompt read once for both, against one by one: the reference
    scored, then a short answer. Nothing is known before; each round has other items. Beside it the parts: scores and
    answers alone, at once.
    """
    together, alone, narrow, scores, answers = [], [], [], [], []
    for number in range(rounds):
        asked = _suite(number, items)
        together.append(_at_once(engine, asked, tokens, _WIDTH))
        alone.append(_one_by_one(engine, asked, tokens))
        narrow.append(_at_once(engine, asked, tokens, 1))
        scores.append(_scores(engine, asked))
        answers.append(_at_once(engine, asked, tokens, _WIDTH, scored=False))
    more = {
        "width": _WIDTH,
        "items": items,
        "tokens": tokens,
        "batched_items_per_second": rounded(together),
        "sequential_items_per_second": rounded(alone),
        "width_1_items_per_second": rounded(narrow),
        "scores_alone_per_second": rounded(scores),
        "answers_alone_per_second": rounded(answers),
    }
    return {name: Figure(ratio_of(together, alone), more=more)}


def swaps(engine: Engine, model: Path) -> dict[str, Figure]:
    """Milliseconds of processor time from `use` until the student is ready with an adapter that it has not had before;
    beside it the wall's, with one that it has had, and from ending its process to having loaded it with that one.
    """
    with tempfile.TemporaryDirectory() as folder:
        base = StudentSpec(model.stem, str(model.absolute()), engine.state().model_sha256 or "")
        specs = [dataclasses.replace(base, adapter=_adapter(model, Path(folder), seed)) for seed in range(3)]
        assert specs[0].adapter is not None
        size = Path(specs[0].adapter.path).stat().st_size
        engine.use(base)
        engine.warm()
        before = cpu_with(engine.pid)
        first = [_seconds(engine, spec) for spec in specs]
        work = 1000 * (cpu_with(engine.pid) - before) / len(specs)
        again = [_seconds(engine, [*specs, base][number % 4]) for number in range(_SWAPS)]
        loads = []
        for spec in specs:
            engine.eject()
            loads.append(_seconds(engine, spec))
        engine.use(base)
        engine.warm()
    more = {
        "adapter_megabytes": round(size / 1e6, 1),
        "first_time_wall_ms": rounded([1000 * each for each in first], 1),
        "again_wall_ms": rounded([1000 * each for each in again], 1),
        "reload_wall_ms": rounded([1000 * each for each in loads], 1),
        "again_over_reload": round(statistics.median(again) / statistics.median(loads), 4),
    }
    return {"adapter_swap_ms": Figure(work, more=more)}


def _seconds(engine: Engine, spec: StudentSpec) -> float:
    began = time.perf_counter()
    engine.use(spec)
    engine.warm()
    return time.perf_counter() - began


def _suite(number: int, count: int) -> list[Continuation]:
    """Items of the regression suite, as a gate asks them: spread over it, others in each round."""
    path = resources_dir() / "suites" / "regression.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    rows = [row for row in rows if row["answer"]]
    step = max(1, len(rows) // count)
    found = []
    for row in rows[number % step :: step][:count]:
        passages = [(place, each["text"]) for place, each in enumerate(row["evidence"], 1)]
        prompt = lesson_prompt(row["question"], passages, row.get("meta", {}).get("rules", ""))
        found.append(Continuation(prompt, row["answer"]))
    return found


def _at_once(engine: Engine, items: Sequence[Continuation], tokens: int, width: int, *, scored: bool = True) -> float:
    def work() -> None:
        engine.generate_many(
            [item.messages for item in items],
            Sampling(max_tokens=tokens, lookup=False),
            width=width,
            references=[item.text for item in items] if scored else (),
        )

    return _rate(engine, len(items), work)


def _scores(engine: Engine, items: Sequence[Continuation]) -> float:
    def work() -> None:
        engine.score(items, width=_WIDTH)

    return _rate(engine, len(items), work)


def _one_by_one(engine: Engine, items: Sequence[Continuation], tokens: int) -> float:
    def work() -> None:
        for item in items:
            engine.score([item])
            ask(engine, item.messages, tokens)

    return _rate(engine, len(items), work)


def _rate(engine: Engine, count: int, work: Callable[[], None]) -> float:
    before = cpu_with(engine.pid)
    work()
    return count / max(1e-9, cpu_with(engine.pid) - before)


def _adapter(model: Path, folder: Path, seed: int) -> AdapterSpec:
    """A LoRA of small random numbers on every projection of each layer."""
    file, draw = read_gguf(model), np.random.default_rng(seed)
    tensors = {}
    for name, info in file.tensors.items():
        if name.startswith("blk.") and len(info.shape) == 2:
            out, into = info.shape
            tensors[f"{name}.lora_a"] = draw.normal(0, 0.01, (_RANK, into)).astype(np.float32)
            tensors[f"{name}.lora_b"] = draw.normal(0, 0.01, (out, _RANK)).astype(np.float32)
    path = folder / f"{seed}.gguf"
    return AdapterSpec(str(path), write_adapter(path, file.architecture, tensors, 2.0 * _RANK))
