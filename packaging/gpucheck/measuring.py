"""The figures: through the application's own engine, and by llama-bench of the same build."""

from __future__ import annotations

import contextlib
import hashlib
import json
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from devtools import starter
from devtools.steps import Problem

from forge_desktop.base.events import Events
from forge_desktop.base.settings import SettingsFile
from forge_desktop.engine import Engine, PromptMessage, PromptPart, StudentSpec
from forge_desktop.engine.records import Sampling
from forge_desktop.storage import Database
from gpucheck import machine
from gpucheck.place import Place, Skipped

_COUNTING = "Count from 1 to 500, one number after the other, and write nothing else."  # the starter keeps at it
_WORDS = ["the", "sea", "and", "the", "land", "are", "on", "the", "list", "of", "this", "tale"]
_RUNS = 3


@contextlib.contextmanager
def engine_with(path: Path, **settings: Any) -> Iterator[tuple[Engine, StudentSpec]]:
    """The application's engine with this student, in a data directory of its own."""
    with tempfile.TemporaryDirectory(prefix="forge-gpu-") as folder:
        events = Events()
        file = SettingsFile(Path(folder, "settings.json"), events)
        file.change(**settings)
        database = Database(Path(folder, "forge.db"))
        engine = Engine(database, events, file)
        spec = StudentSpec(path.stem, str(path), _sha256(path))
        try:
            engine.use(spec)
            yield engine, spec
        finally:
            engine.close()
            database.close()


def speed(place: Place, student: Path, *, answer: int, prompt: int) -> dict[str, Any]:
    """Load with all layers offloaded, generate, read a long prompt; then the same sizes with llama-bench."""
    before = machine.used_bytes()
    with engine_with(student) as (engine, spec):
        plan = _plan(engine, spec)
        started = time.monotonic()
        state = engine.warm()
        seconds = time.monotonic() - started
        generated = [_ask(engine, f"{number}. {_COUNTING}", answer) for number in range(_RUNS + 1)][1:]
        read = [_ask(engine, f"{number} {_filler(prompt)}", 1) for number in range(_RUNS + 1)][1:]
        used = machine.used_bytes()
    result: dict[str, Any] = {
        "device": state.device,
        "load_seconds": round(seconds, 2),
        "answer_tokens": generated[0]["answer_tokens"],
        "prompt_tokens": read[0]["prompt_tokens"],
        "engine_generation": statistics.median(one["tokens_per_second"] for one in generated),
        "engine_prompt": statistics.median(one["prompt_tokens_per_second"] for one in read),
        "plan": plan,
        "used_bytes": used - before if used is not None and before is not None else None,
    }
    result |= bench(place, student, answer=result["answer_tokens"], prompt=result["prompt_tokens"])
    for what in ("generation", "prompt"):
        result[f"{what}_share"] = round(result[f"engine_{what}"] / result[f"bench_{what}"], 3)
    return result


def bench(place: Place, student: Path, *, answer: int, prompt: int) -> dict[str, Any]:
    """llama-bench's tokens a second for these sizes. Raises Problem."""
    layers = "0" if place.backend == "cpu" else "99"
    argv: list[str | Path] = [
        place.bench,
        "-m",
        student,
        "-ngl",
        layers,
        "-p",
        str(prompt),
        "-n",
        str(answer),
        "-r",
        str(_RUNS),
    ]
    argv += ["-ub", "512", "-b", "512", "-o", "json", *(["-t", "1"] if place.backend == "cpu" else [])]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=240, check=False)
    if done.returncode:
        raise Problem(f"llama-bench ended with status {done.returncode}: {done.stderr.strip()[-300:]}")
    found: dict[str, Any] = {}
    for row in json.loads(done.stdout):
        found["bench_generation" if row["n_gen"] else "bench_prompt"] = row["avg_ts"]
        found["bench_settings"] = {
            key: row.get(key) for key in ("backends", "gpu_info", "n_ubatch", "flash_attn", "type_k", "build_commit")
        }
    return found


def memory(place: Place, student: Path, *, contexts: tuple[int, ...]) -> dict[str, Any]:
    """Predicted against used device memory at several context lengths."""
    rows = []
    for context in contexts:
        before = machine.used_bytes()
        with engine_with(student, context_tokens=context) as (engine, spec):
            plan = _plan(engine, spec)
            state = engine.warm()
            _ask(engine, "Good morning.", 4)
            used = machine.used_bytes()
        rows.append(
            {
                "context": state.context,
                "device": state.device,
                "plan": plan,
                "used_bytes": used - before if used is not None and before is not None else None,
            }
        )
    return {"rows": rows}


def _ask(engine: Engine, text: str, tokens: int) -> dict[str, Any]:
    sampling = Sampling(max_tokens=tokens, lookup=False)
    message = PromptMessage("user", (PromptPart(text),))
    done = engine.generate([message], sampling, lambda _text: None)
    if done.stop in ("died", "cancelled"):
        raise Problem(f"The answer ended as {done.stop}: {done.problem}")
    fresh = done.prompt_tokens - done.reused_tokens
    return {
        "answer_tokens": done.answer_tokens,
        "prompt_tokens": done.prompt_tokens,
        "tokens_per_second": done.tokens_per_second,
        "prompt_tokens_per_second": done.prompt_tokens_per_second or 1000 * fresh / done.ttft_ms,
    }


def _filler(tokens: int) -> str:
    """About this many tokens of words that every vocabulary here has."""
    return " ".join(_WORDS[index * 7 % len(_WORDS)] for index in range(tokens))


def _plan(engine: Engine, spec: StudentSpec) -> list[dict[str, Any]] | None:
    find: Callable[..., Any] | None = getattr(engine, "plan", None)
    if find is None:
        return None
    return [
        {name: getattr(line, name) for name in ("device", "layers", "weights", "kv", "compute", "free", "total")}
        for line in find(spec).lines
    ]


def _sha256(path: Path) -> str:
    if path.name.startswith("starter") or path == starter.PLACE:
        return starter.SHA256
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


__all__ = ["Skipped", "bench", "engine_with", "memory", "speed"]
