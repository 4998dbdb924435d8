"""Pairs, suites and datasets with the rooms they stand on, all real; and pairs to put in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from forge_desktop.base.events import Events
from forge_desktop.base.jobs import Jobs
from forge_desktop.base.settings import SettingsFile
from forge_desktop.corpus import Corpus
from forge_desktop.distill.datasets import Datasets
from forge_desktop.distill.pairs import Pairs
from forge_desktop.distill.records import Check, Evidence, NewTask, Pair, Quality, Suite
from forge_desktop.distill.store_tasks import TaskStore
from forge_desktop.distill.suites import Suites
from forge_desktop.distill.tasks import Tasks
from forge_desktop.storage import Database


class PairRoom:
    """A data directory with everything that pairs need."""

    def __init__(self, data_dir: Path) -> None:
        self.events = Events()
        self.settings = SettingsFile(data_dir / "settings.json", self.events)
        self.db = Database(data_dir / "forge.db")
        self.jobs = Jobs(self.events)
        self.corpus = Corpus(self.db, self.jobs, self.events, self.settings)
        self.tasks = Tasks(self.db, TaskStore(self.db), self.events)
        self.pairs = Pairs(self.db, self.jobs, self.events, self.settings, self.corpus)
        self.suites = Suites(self.db, self.jobs, self.events, self.pairs)
        self.datasets = Datasets(self.db, self.events, self.pairs)

    def keep(self, *pairs: Pair) -> list[Pair]:
        """Keep pairs, each in a transaction of its own."""
        kept = []
        for one in pairs:
            with self.db.write() as connection:
                kept.append(self.pairs.keep(connection, one))
        return kept

    def task(self, question: str, state: str = "kept") -> str:
        """The uid of a new task in this state."""
        uid = self.tasks.add([NewTask(question)])[0]
        with self.db.write() as connection:
            connection.execute("UPDATE tasks SET state = ? WHERE uid = ?", (state, uid))
        return uid

    def state(self, task: str) -> tuple[str, str]:
        """A task's state and reason."""
        row = self.db.row("SELECT state, reason FROM tasks WHERE uid = ?", task)
        assert row is not None
        return row[0], row[1]

    def suite(self, job: int) -> Suite:
        """The suite that a job makes."""
        made = self.jobs.wait(job, 60)
        assert isinstance(made, Suite)
        return made

    def accepted(self) -> list[str]:
        """Uids of the accepted pairs, in the order they came."""
        return [pair.uid for pair in self.pairs.iterate()]

    def close(self) -> None:
        """Stop what runs."""
        self.jobs.close()
        self.corpus.close()
        self.db.close()


def evidence(
    document: str, text: str = "It stands there.", *, n: int = 1, start: int = 0, cited: bool = True
) -> Evidence:
    """A passage of a document, named by the letter that its sha256 is made of."""
    sha256 = document * (64 // len(document)) if document else ""
    return Evidence(n, sha256, f"{document}.md", 1, start, start + len(text), None, ("Top",), text, text, cited=cited)


def pair(
    uid: str,
    prompt: str,
    final: str,
    *,
    score: float = 0.8,
    documents: Sequence[str] = (),
    **fields: object,
) -> Pair:
    """An accepted pair."""
    values: dict[str, object] = {
        "uid": uid,
        "kind": "TRAIN_PAIR",
        "task": "",
        "prompt": prompt,
        "final": final,
        "draft": "",
        "critiques": (),
        "evidence": tuple(evidence(document, n=n) for n, document in enumerate(documents, 1)),
        "citations": tuple(range(1, len(documents) + 1)),
        "quality": Quality(score, (Check("citations", True, 1.0, must=True),), {}, "rules-2"),
        "accepted": True,
        "language": "en",
        "rules": "",
        "cost": 1200,
        "teacher": {"name": "teacher", "may_train": "yes"},
        "student": {},
        "created": 1_700_000_000.5,
        "sha256": "",
    }
    return Pair(**{**values, **fields})  # type: ignore[arg-type]
