"""The whole application with a teacher on loopback, and what every test that spends ends with."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from forge_desktop.base.errors import Cancelled
from forge_desktop.distill.records import NewTask
from forge_desktop.distill.records_runs import RunSummary, RunWish
from forge_desktop.forge import Forge
from forge_desktop.providers.records import TEACHER_ROLES, Endpoint, Rates
from tests.providers.teacher import Teacher

PATIENCE = 60  # seconds, on a busy machine
PRICE = Rates(150_000, 600_000)
_THINGS = (
    "lantern",
    "kettle",
    "ladder",
    "anvil",
    "compass",
    "saddle",
    "easel",
    "chisel",
    "lathe",
    "bellows",
    "mallet",
    "trowel",
    "sextant",
    "loom",
    "kiln",
)
_PLACES = (
    "Harlow",
    "Brindle",
    "Oxmoor",
    "Quenby",
    "Tarrant",
    "Velden",
    "Wexcombe",
    "Yarrow",
    "Zennor",
    "Ashby",
    "Corfe",
    "Dunster",
    "Elmet",
    "Foxton",
)
_WORDS = (
    "iron",
    "paper",
    "autumn",
    "marble",
    "silver",
    "velvet",
    "copper",
    "winter",
    "amber",
    "cedar",
    "linen",
    "scarlet",
    "ivory",
    "granite",
)


def fact(n: int) -> tuple[str, str]:
    """A question and the sentence of a document that answers it; no two say nearly the same."""
    thing, place, word = _THINGS[n % 15], _PLACES[n * 5 % 14], _WORDS[n * 3 % 14]
    return (
        f"What does the {thing} of {place} cost?",
        f"The {thing} of {place} costs {17 + 13 * n} {word} crowns a week.",
    )


def answered(body: dict[str, Any], **changes: Any) -> str:
    """A good reply: it quotes the first sentence of the first passage it was shown."""
    text = "".join(str(each["content"]) for each in body["messages"] if each["role"] == "user")
    _, found, rest = text.partition("<<<passage 1 ")
    quote = rest.split("\n", 2)[2].split("<<<end")[0].strip().splitlines()[-1] if found else ""
    quote = quote.split(". ")[0].rstrip(".")
    values = {
        "critique": "The draft does not answer the question.",
        "verdict": "wrong",
        "answer": f"{quote} [1]." if found else "Nobody wrote that down.",
        "citations": [1] if found else [],
        "quotes": [{"n": 1, "quote": quote}] if found else [],
        "refusal": "",
    }
    return json.dumps({**values, **changes})


class Hasty:
    """Clocks that go forty times as fast: nobody waits long for a teacher that asks for patience."""

    def __init__(self) -> None:
        self._began, self._moment = time.time(), time.monotonic()

    def now(self) -> float:
        return self._began + self._gone()

    def monotonic(self) -> float:
        return self._moment + self._gone()

    def _gone(self) -> float:
        return 40 * (time.monotonic() - self._moment)


class Application:
    """Everything, with one teacher. Close it with `close`; `done` is what every test that spends ends with."""

    def __init__(
        self, data_dir: Path, teacher: Teacher | None = None, *, concurrency: int = 4, hasty: bool = False
    ) -> None:
        self.forge = Forge(data_dir, holder="test", clock=Hasty() if hasty else None)
        self.teacher, self.concurrency = teacher, concurrency
        self.forge.engine.use(None)  # drafts are recorded, unless a test wants others
        if teacher is not None and not self.forge.providers.endpoints.list():
            self.add(teacher, "loopback")

    def add(self, teacher: Teacher, name: str, **fields: Any) -> Endpoint:
        fields = {"roles": TEACHER_ROLES, "context": 200_000, **fields}
        made = self.forge.providers.endpoints.add(Endpoint("", name, teacher.url, "model-1", **fields))
        self.forge.providers.prices.set(made, Rates(teacher.price_in, teacher.price_out))
        return made

    def index(self, folder: Path, facts: int = 12, **lines: str) -> None:
        """A folder with a document for each fact, and these lines by name."""
        folder.mkdir(exist_ok=True)
        for n in range(facts):
            (folder / f"{n}.txt").write_text(fact(n)[1])
        for name, text in lines.items():
            (folder / f"{name}.txt").write_text(text)
        self.forge.jobs.wait(self.forge.corpus.index([folder]), PATIENCE)

    def ask(self, count: int, first: int = 0, **fields: Any) -> list[str]:
        """Tasks about facts, with drafts that say nothing."""
        fields = {"draft": "I do not know.", **fields}
        return self.forge.distill.tasks.add([NewTask(fact(n)[0], **fields) for n in range(first, first + count)])

    def run(self, cap: int = 1_000_000, **wish: Any) -> RunSummary:
        found = self.forge.jobs.wait(self.start(cap, **wish), PATIENCE)
        assert isinstance(found, RunSummary)
        return found

    def start(self, cap: int = 1_000_000, **wish: Any) -> int:
        return self.forge.distill.run(RunWish(cap=cap, **{"concurrency": self.concurrency, **wish}))

    def cancelled(self, job: int) -> RunSummary:
        """Wait for the end of a run that was told to stop."""
        try:
            self.forge.jobs.wait(job, PATIENCE)
        except Cancelled:
            return self.forge.distill.runs()[0]
        raise AssertionError("it was not cancelled")

    def states(self) -> dict[str, int]:
        return {str(state): count for state, count in self.forge.distill.tasks.counts().items()}

    def done(self) -> None:
        """The teacher's bill is within what the ledger charged, and that within every cap of a run."""
        charged = 0
        for run in self.forge.distill.runs():
            totals = self.forge.providers.ledger.run_totals(run.uid)
            spent = totals.settled + totals.reserved + totals.unknown
            assert spent <= run.wish.cap, "more than the cap"
            charged += spent
        total = self.forge.providers.ledger.budgets()[-1]
        assert total.kind == "total"
        assert total.charged >= charged
        if self.teacher is not None:
            assert self.teacher.bill <= total.charged, "the teacher bills more than the ledger knows of"
            assert self.teacher.bill <= sum(run.wish.cap for run in self.forge.distill.runs())

    def close(self) -> None:
        self.forge.close()


Opened = Callable[..., Application]
