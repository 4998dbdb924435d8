"""The lessons learnt: kept once, compared with the others and with every suite, shown, dropped, checked again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import replace

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import Events
from forge_desktop.base.jobs import JobContext, Jobs
from forge_desktop.base.settings import SettingsFile
from forge_desktop.corpus import Corpus
from forge_desktop.distill.keeping import DROPPED, Keeper, keys_of, lesson_of
from forge_desktop.distill.records import Pair, Quality
from forge_desktop.distill.records_pairs import (
    Coverage,
    Histograms,
    PairCounts,
    PairRow,
    PairWish,
    Reverified,
    Similar,
    Taught,
)
from forge_desktop.distill.store_pair_list import PairList
from forge_desktop.distill.verifying import Verifier
from forge_desktop.storage import Database

_ALL = PairWish()


class Pairs:
    """All pairs, accepted or not. Reading is safe on any thread."""

    def __init__(self, db: Database, jobs: Jobs, events: Events, settings: SettingsFile, corpus: Corpus) -> None:
        self._db, self._jobs, self._events = db, jobs, events
        self.keeper = Keeper(db, settings)
        self._store = self.keeper.store
        self._list = PairList(db)
        self._verifier = Verifier(db, self._store, corpus)
        self._corpus = corpus

    # ---- within the caller's transaction ----

    def keep(self, connection: sqlite3.Connection, pair: Pair) -> Pair:
        """Store a pair within the caller's transaction; returns it as it was stored.

        It comes out with `accepted` False where it says the same as a better one (`duplicate_of`) or as an item of a
        suite (`leaks`); where it is the better one, the other gives way. `sha256` is filled in. A task's earlier pair
        is replaced. `keeping.why_not` says in a sentence why it does not train.
        """
        return self.keeper.keep(connection, pair)

    def decide(
        self,
        connection: sqlite3.Connection,
        uid: str,
        *,
        accepted: bool,
        reviewed: str,
        final: str | None = None,
        quality: Quality | None = None,
        note: str = "",
    ) -> Pair:
        """A person's decision on a pair ("accepted", "edited" or "rejected"), within the caller's transaction.

        `final` are their words where they changed them, `quality` what the rules say of those. Raises ForgeError where
        it may not be accepted, since a suite holds it. `put_back` takes a decision back.
        """
        pair = self.get(uid)
        changed = replace(pair, reviewed=reviewed, note=note, final=pair.final if final is None else final)
        changed = replace(changed, quality=quality or pair.quality)
        if final is not None and pair.draft:
            changed = replace(changed, kind="TRAIN_PAIR" if final.strip() == pair.draft.strip() else "REPAIR_PAIR")
        self.keeper.decide(connection, changed, accepted=accepted)
        return self.get(uid)

    def put_back(self, connection: sqlite3.Connection, pair: Pair) -> None:
        """Store a pair exactly as it was, within the caller's transaction."""
        self.keeper.put_back(connection, pair)

    # ---- looking ----

    def get(self, uid: str) -> Pair:
        """One pair, by its uid or the beginning of it. Raises ForgeError when it is not there."""
        found = self._store.get(uid) or self._store.get(self._list.whole(uid))
        if found is None:
            raise ForgeError("This pair is no longer there.", hint="Look at the list of pairs again.")
        return found

    def of_task(self, task_id: int) -> Pair | None:
        """A task's pair, None when it has none."""
        return self._store.of_task(task_id)

    def iterate(self, *, every: bool = False) -> Iterator[Pair]:
        """The accepted pairs in the order they came in; with `every` the others too."""
        return self._store.iterate("1" if every else "p.accepted")

    def count(self, wish: PairWish = _ALL) -> int:
        """How many pairs there are of this kind."""
        return self._list.count(wish)

    def window(self, offset: int, limit: int, wish: PairWish = _ALL) -> list[PairRow]:
        """A page of the list."""
        return self._list.window(offset, limit, wish)

    def counts(self) -> PairCounts:
        """Totals."""
        return self._list.counts()

    def taught(self, endpoint: str, model: str, since: float = -1.0) -> Taught:
        """What a model of an endpoint (its uid) taught: pairs, those of them that may train, and what both cost."""
        return self._store.taught(endpoint, model, since)

    def histograms(self) -> Histograms:
        """How the accepted pairs are spread."""
        return self._list.histograms()

    def coverage(self, limit: int = 100) -> list[Coverage]:
        """Documents by how many accepted pairs rest on them, most first."""
        return [replace(one, share=self._share(one)) for one in self._list.coverage(limit)]

    def similar(self, uid: str, limit: int = 10) -> list[Similar]:
        """What says (nearly) the same as a pair: items of suites first, then the pair it is a duplicate of, then other
        pairs, the most alike first."""
        pair = self.get(uid)
        lesson = lesson_of(pair)
        found = [
            Similar(leak.item.uid, leak.item.question, leak.item.answer, leak.similarity, leak.method, leak.suite.name)
            for leak in self.keeper.leaks(lesson)
        ]
        for better in self._store.standings([pair.duplicate_of] if pair.duplicate_of else []):
            found.append(Similar(better.uid, better.prompt, better.final, pair.similarity or 0.0, pair.method))
        others = [
            Similar(one.standing.uid, one.standing.prompt, one.standing.final, one.found.similarity, one.found.method)
            for one in self.keeper.matches(lesson, keys_of(lesson))
            if one.standing.uid not in (pair.uid, pair.duplicate_of)
        ]
        return [*found, *sorted(others, key=lambda one: -one.similarity)][:limit]

    def held_by_suites(self, pair: Pair) -> tuple[str, ...]:
        """The names of the suites that hold (nearly) the same as a pair, whether it is stored or not."""
        return tuple(leak.suite.name for leak in self.keeper.leaks(lesson_of(pair)))

    # ---- changing ----

    def drop(self, uids: Sequence[str]) -> None:
        """Take pairs out of training until they are restored; the best duplicate of each takes its place."""
        with self._db.write() as connection:
            self.keeper.put_aside(connection, [self.get(uid).uid for uid in uids], DROPPED)
        self._events.changed("pairs", "tasks")

    def restore(self, uids: Sequence[str]) -> None:
        """Take back that pairs were dropped; each is judged as if it came now."""
        with self._db.write() as connection:
            for uid in uids:
                pair = self.get(uid)
                if pair.aside == DROPPED:
                    self._store.change(connection, pair.uid, aside="")
                    self.keeper.judge_again(connection, pair.uid)
        self._events.changed("pairs", "tasks")

    def keep_all_the_same(self, uid: str) -> Pair:
        """Let a duplicate train too. Raises ForgeError for a pair that is none."""
        pair = self.get(uid)
        if not pair.duplicate_of:
            raise ForgeError("This pair is no duplicate of another one.", hint="Look at the list of pairs again.")
        with self._db.write() as connection:
            self.keeper.keep_all_the_same(connection, pair.uid)
        self._events.changed("pairs", "tasks")
        return self.get(pair.uid)

    def reverify(self) -> int:
        """Compare what pairs quote with the documents as they are now: a job whose result is a Reverified."""

        def job(ctx: JobContext) -> Reverified:
            done = self._verifier.verify(ctx)
            self._events.changed("pairs")
            return done

        return self._jobs.start("archive", "reverify", job)  # only compares, so it waits for no run

    def _share(self, one: Coverage) -> float | None:
        document = self._corpus.shelf.find_document(one.document_sha256, "")
        if document is None:
            return None
        length = len(self._corpus.shelf.stored_text(document.id))
        return min(1.0, one.characters / length) if length else None
