"""Forgets a document: shows all that it came into, and removes of it what a person says."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import Events
from forge_desktop.distill.datasets import Datasets
from forge_desktop.distill.pairs import Pairs
from forge_desktop.distill.records_pairs import Forgotten, Reached
from forge_desktop.distill.store_datasets import DatasetStore
from forge_desktop.distill.store_forgetting import ForgettingStore
from forge_desktop.distill.suites import Suites, items_sha256
from forge_desktop.storage import Database

Answers = Callable[[Sequence[str]], int]  # of tasks by their uids


class Forgetter:
    """`count_answers` and `forget_answers` are of the answers that were paid for tasks."""

    def __init__(
        self,
        db: Database,
        events: Events,
        *,
        pairs: Pairs,
        suites: Suites,
        datasets: Datasets,
        count_answers: Answers,
        forget_answers: Answers,
    ) -> None:
        self._db, self._events = db, events
        self._pairs, self._suites, self._datasets = pairs, suites, datasets
        self._count_answers, self._forget_answers = count_answers, forget_answers
        self._store, self._versions = ForgettingStore(db), DatasetStore(db)

    def document(self, wanted: str) -> str:
        """The sha256 of the document that is meant by a sha256, the start of one, or a name that evidence has.

        Raises ForgeError where none or several are meant.
        """
        if len(wanted) == 64 and all(letter in "0123456789abcdef" for letter in wanted):
            return wanted
        found = self._store.named(wanted)
        if not found:
            raise ForgeError(f"Nothing that was learnt rests on a document called {wanted}.", hint="Name its sha256.")
        if len(found) > 1:
            starts = ", ".join(sha[:12] for sha, _ in found[:6])
            raise ForgeError(
                f"{len(found)} versions of documents are called {wanted}: {starts}.",
                hint="Name the start of the sha256.",
            )
        return found[0][0]

    def reached_by(self, document_sha256: str) -> Reached:
        """All that a document came into."""
        with self._db.snapshot():
            tasks = self._store.tasks(document_sha256)
            names = {suite.uid: suite.name for suite in self._suites.all()}
            holding = dict.fromkeys(suite for suite, _ in self._store.suite_items(document_sha256))
            known = self._store.named(document_sha256)
            return Reached(
                document_sha256=document_sha256,
                name=known[0][1] if known else "",
                tasks=tuple(tasks),
                pairs=tuple(self._store.pairs(document_sha256)),
                evidence=self._store.evidence(document_sha256),
                answers=self._count_answers(tasks),
                datasets=tuple(
                    (one.uid, f"{one.name} v{one.version}") for one in self._datasets.holding(document_sha256)
                ),
                suites=tuple((uid, names[uid]) for uid in holding),
            )

    def forget(
        self,
        document_sha256: str,
        *,
        pairs: bool = True,
        tasks: bool = True,
        datasets: bool = False,
        suites: bool = False,
    ) -> Forgotten:
        """Remove what a document came into: `pairs` that hold a passage of it; `tasks` with what was offered to them,
        what teachers said and the answers paid for them; frozen `datasets`, whole; items of `suites`.

        Rows of the ledger stay: what was spent was spent. A dataset or suite that is left still holds the passages.
        """
        reached = self.reached_by(document_sha256)
        items = self._store.suite_items(document_sha256) if suites else []
        with self._db.write() as connection:
            if pairs:
                self._pairs.keeper.delete(connection, reached.pairs)
                self._store.remove_decisions(connection, reached.pairs)
            answers = self._forget_answers(reached.tasks) if tasks else 0
            if tasks:
                self._store.remove_tasks(connection, reached.tasks)
            left = self._store.evidence(document_sha256)
            for uid, _ in reached.datasets if datasets else ():
                self._versions.delete(connection, uid)
            for suite in dict.fromkeys(suite for suite, _ in items):
                gone = {n for each, n in items if each == suite}
                stay = [item for item in self._suites.items(suite) if item.n not in gone]
                for n in gone:
                    self._pairs.keeper.suites.delete_item(connection, suite, n, items_sha256(stay))
        self._events.changed("pairs", "tasks", "datasets", "suites")
        return Forgotten(
            pairs=len(reached.pairs) if pairs else 0,
            tasks=len(reached.tasks) if tasks else 0,
            evidence=reached.evidence - left,
            answers=answers,
            datasets=len(reached.datasets) if datasets else 0,
            suite_items=len(items),
            left={
                "evidence": left,
                "datasets": 0 if datasets else len(reached.datasets),
                "suites": 0 if suites else len(reached.suites),
            },
        )
