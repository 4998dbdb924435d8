"""The application's engine for one step of the check, and what can be read from it."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from devtools import starter
from devtools.steps import Problem

from forge_desktop.base.events import Events
from forge_desktop.base.settings import SettingsFile
from forge_desktop.engine import Engine, PromptMessage, PromptPart, StudentSpec
from forge_desktop.engine.records import Sampling
from forge_desktop.engine.records_plan import Plan, PlanWish
from forge_desktop.storage import Database

COUNTING = "Count from 1 to 500, one number after the other, and write nothing else."  # the starter keeps at it
_WORDS = ("the", "sea", "and", "the", "land", "are", "on", "the", "list", "of", "this", "tale")


@contextlib.contextmanager
def engine_with(path: Path, wish: PlanWish | None = None) -> Iterator[tuple[Engine, StudentSpec]]:
    """The application's engine with this student, in a data directory of its own."""
    with tempfile.TemporaryDirectory(prefix="forge-gpu-") as folder:
        events = Events()
        database = Database(Path(folder, "forge.db"))
        engine = Engine(database, events, SettingsFile(Path(folder, "settings.json"), events))
        spec = StudentSpec(path.stem, str(path), sha256_of(path))
        try:
            if wish is not None:
                engine.layout.set_wish(spec.sha256, wish)
            engine.use(spec)
            yield engine, spec
        finally:
            engine.close()
            database.close()


@contextlib.contextmanager
def heard() -> Iterator[list[str]]:
    """The warnings of the application meanwhile: each step down its ladder is one."""
    lines: list[str] = []

    class Keeping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage()[:400])

    handler = Keeping(logging.WARNING)
    logger = logging.getLogger("forge_desktop")
    logger.addHandler(handler)
    try:
        yield lines
    finally:
        logger.removeHandler(handler)


def ask(engine: Engine, text: str, tokens: int) -> dict[str, Any]:
    """A greedy answer of that many tokens, without lookup: its sizes and speeds. Raises Problem when it was cut off."""
    sampling = Sampling(max_tokens=tokens, lookup=False)
    done = engine.generate([message(text)], sampling, lambda _text: None)
    if done.stop in ("died", "cancelled"):
        raise Problem(f"The answer ended as {done.stop}: {done.problem}")
    fresh = done.prompt_tokens - done.reused_tokens
    return {
        "answer_tokens": done.answer_tokens,
        "prompt_tokens": done.prompt_tokens,
        "reused_tokens": done.reused_tokens,
        "ttft_ms": round(done.ttft_ms, 1),
        "generation": done.tokens_per_second,
        "prompt": done.prompt_tokens_per_second or 1000 * fresh / done.ttft_ms,
    }


def message(text: str) -> PromptMessage:
    """One message of a user."""
    return PromptMessage("user", (PromptPart(text),))


def filler(engine: Engine, tokens: int) -> str:
    """Words that make about this many tokens with the loaded student's vocabulary."""
    words = [_WORDS[index * 7 % len(_WORDS)] for index in range(tokens)]
    [counted] = engine.count([" ".join(words)])
    return " ".join(words[: tokens * tokens // max(counted, tokens)])


def lines(plan: Plan) -> dict[str, Any]:
    """A plan for the report."""
    names = ("device", "layers", "weights", "kv", "compute", "free", "total")
    return {
        "context": plan.context,
        "sequences": plan.sequences,
        "gpu_layers": plan.gpu_layers,
        "layers": plan.layers,
        "fits": plan.fits,
        "notes": list(plan.notes),
        "lines": [{name: getattr(line, name) for name in names} for line in plan.lines],
    }


def on_gpus(plan: Plan) -> int:
    """Bytes that the plan puts on GPUs."""
    return sum(line.needed for line in plan.lines if not line.cpu)


def for_one_conversation(plan: Plan) -> int:
    """Bytes on GPUs with the cache of one conversation; a plan makes room for more where there is plenty."""
    return on_gpus(plan) - sum(line.kv - line.kv // plan.sequences for line in plan.lines if not line.cpu)


def buffers(engine: Engine) -> dict[str, Any]:
    """What the loaded child said it allocated, by device and purpose; empty where it says nothing."""
    child = engine._keeper.child
    return dict(child.facts.get("buffers", {})) if child is not None else {}


def sha256_of(path: Path) -> str:
    """A file's; the starter's is known."""
    if path.name == "starter.gguf" or path == starter.PLACE:
        return starter.SHA256
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
