"""An engine with a student of its own, as the application has it, and the texts that the measurements ask it."""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forge_desktop.base.events import Events
from forge_desktop.base.settings import SettingsFile
from forge_desktop.bench.engine_clock import cpu_with
from forge_desktop.engine import Engine, Generation, PromptMessage, PromptPart, Sampling, StudentSpec
from forge_desktop.storage import Database

STORY = "Tell a very long story about a ship, its crew and the storms they met, with many chapters."
SENTENCE = "Rivers carry water and sediment from the mountains to the sea. "


@contextlib.contextmanager
def student(
    model: Path, *, folder: Path | None = None, settings: dict[str, Any] | None = None, **options: Any
) -> Iterator[Engine]:
    """An engine in a data directory of its own, one thread, nothing on a GPU unless `settings` say so.

    A `folder` that is given stays, so that another engine can take up what this one kept; `options` are the engine's.
    """
    with contextlib.ExitStack() as stack:
        place = folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        events = Events()
        file = SettingsFile(place / "settings.json", events)
        file.change(**{"threads": 1, "gpu_layers": 0, **(settings or {})})
        database = Database(place / "bench.db")
        engine = Engine(database, events, file, **options)
        try:
            engine.probe(model)
            engine.use(StudentSpec(model.stem, str(model.absolute()), _sha256(model)))
            yield engine
        finally:
            engine.close()
            database.close()


@dataclass(frozen=True)
class Asked:
    """An answer and the processor seconds of this process and the child together: in all, and to its first text."""

    answer: Generation
    cpu: float
    first_cpu: float

    @property
    def per_token(self) -> float:
        """Milliseconds a token after the first."""
        return 1000 * (self.cpu - self.first_cpu) / max(1, self.answer.answer_tokens - 1)


def message(role: str, text: str) -> PromptMessage:
    """One message of one part."""
    return PromptMessage(role, (PromptPart(text),))


def ask(
    engine: Engine,
    messages: str | Sequence[PromptMessage],
    tokens: int,
    *,
    on_text: Callable[[str], None] = lambda _: None,
    lookup: bool = False,
    **more: Any,
) -> Asked:
    """Answer with at most so many tokens, greedily; lookup is off unless it is what is measured."""
    prompt = [message("user", messages)] if isinstance(messages, str) else messages
    first: list[float] = []

    def take(text: str) -> None:
        if not first:
            first.append(cpu_with(engine.pid))
        on_text(text)

    before = cpu_with(engine.pid)
    answer = engine.generate(prompt, Sampling(max_tokens=tokens, lookup=lookup), take, **more)
    after = cpu_with(engine.pid)
    return Asked(answer, after - before, (first[0] if first else after) - before)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
