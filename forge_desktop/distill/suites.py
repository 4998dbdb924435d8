"""Frozen sets of questions to measure with, never to train with."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import Events
from forge_desktop.base.jobs import JobContext, Jobs
from forge_desktop.distill import suite_rows
from forge_desktop.distill.decontaminate import SuiteIndex
from forge_desktop.distill.freezing import chosen
from forge_desktop.distill.keeping import lesson_of
from forge_desktop.distill.pairs import Pairs
from forge_desktop.distill.records import Pair, Suite, SuiteItem
from forge_desktop.storage import Database

KINDS = ("transfer", "recall")
_LANE = "suites"


class Suites:
    """Imported, or frozen from a share of the accepted pairs. Existing pairs are compared with each new one.

    A "transfer" suite shows what carries over to other documents, a "recall" suite whether what was trained is known
    when asked in other words.
    """

    def __init__(self, db: Database, jobs: Jobs, events: Events, pairs: Pairs) -> None:
        self._db, self._jobs, self._events, self._pairs = db, jobs, events, pairs
        self._keeper = pairs.keeper
        self._store = pairs.keeper.suites

    def all(self) -> list[Suite]:
        """All suites by name."""
        return self._store.all()

    def get(self, name: str) -> Suite:
        """The suite of this name or uid. Raises ForgeError when there is none."""
        found = self._store.find(name)
        if found is None:
            raise ForgeError(
                f"There is no suite called {name}.",
                hint="Look at the list of suites again.",
                commands=["distill suite list"],
            )
        return found

    def items(self, uid: str) -> list[SuiteItem]:
        """A suite's items in order."""
        return self._store.items(uid)

    def bring_in(self, file: Path, name: str, kind: str) -> int:
        """Read a suite from JSON Lines, JSON or CSV: a job whose result is the Suite.

        Raises ForgeError for a name that is taken or a kind that is none; the job does for a file with a bad line.
        """
        name = self._free(name, kind)

        def job(ctx: JobContext) -> Suite:
            items = suite_rows.read(file)
            return self._make(ctx, name, kind, items, str(file.name), frozenset())

        return self._jobs.start(_LANE, "suite", job)

    def freeze(self, share: float, name: str, kind: str) -> int:
        """Take a share of the accepted pairs as a suite, which then do not train: a job whose result is the Suite.

        For "transfer" whole documents are taken: no document that its pairs cite is cited by what stays. Raises
        ForgeError for a share that leaves nothing on either side.
        """
        if not 0 < share < 1:
            raise ForgeError("A share is more than 0 and less than 1.", hint="0.1 takes a tenth of the pairs.")
        name = self._free(name, kind)

        def job(ctx: JobContext) -> Suite:
            pairs = chosen(list(self._pairs.iterate()), share, by_document=kind == "transfer")
            items = [_item_of(n, pair) for n, pair in enumerate(pairs, 1)]
            source = f"{len(pairs)} of the accepted pairs"
            return self._make(ctx, name, kind, items, source, frozenset(pair.uid for pair in pairs))

        return self._jobs.start(_LANE, "suite", job)

    def remove(self, uid: str) -> int:
        """Remove a suite; pairs that it alone kept from training may train again. Returns how many it kept from it."""
        suite = self.get(uid)
        store = self._keeper.store
        mark = f"suite:{suite.uid}"
        with self._db.write() as connection:
            self._store.delete(connection, suite.uid)
            held = store.uids(
                "aside = ? OR EXISTS (SELECT 1 FROM json_each(p.leaks) WHERE value = ?)", mark, suite.name
            )
            for pair in held:
                standing = store.standings([pair])[0]
                if standing.aside == mark:
                    store.change(connection, pair, aside="")
                self._keeper.judge_again(connection, pair)
        self._events.changed("suites", "pairs", "tasks")
        return len(held)

    def held_by(self, uid: str) -> int:
        """How many pairs a suite keeps from training."""
        suite = self.get(uid)
        mark = f"suite:{suite.uid}"
        where = "aside = ? OR EXISTS (SELECT 1 FROM json_each(p.leaks) WHERE value = ?)"
        return len(self._keeper.store.uids(where, mark, suite.name))

    def _make(
        self, ctx: JobContext, name: str, kind: str, items: Sequence[SuiteItem], source: str, taken: frozenset[str]
    ) -> Suite:
        """Compare all pairs with the new items, then store both in one transaction."""
        suite = Suite(uuid.uuid4().hex, name, kind, len(items), items_sha256(items), time.time(), source)
        index = SuiteIndex([(suite, item) for item in items])
        leaking: list[str] = []
        seen: set[str] = set()
        total = len(self._keeper.store.uids("1"))
        for number, pair in enumerate(self._pairs.iterate(every=True)):
            ctx.progress(number, total, f"Comparing pairs with {name}")
            seen.add(pair.uid)
            leaking += self._leaking(pair, index, taken)
        with self._db.write() as connection:
            for uid in self._keeper.store.uids("1"):
                if uid not in seen:  # came while the others were compared
                    leaking += self._leaking(self._pairs.get(uid), index, taken)
            self._store.put(connection, suite, items)
            for uid in leaking:
                for standing in self._keeper.store.standings([uid]):
                    self._keeper.leak(connection, uid, (*standing.leaks, name))
            self._keeper.put_aside(connection, sorted(taken), f"suite:{suite.uid}")
        self._events.changed("suites", "pairs", "tasks")
        return suite

    def _leaking(self, pair: Pair, index: SuiteIndex, taken: frozenset[str]) -> list[str]:
        return [pair.uid] if pair.uid not in taken and self._keeper.leaks(lesson_of(pair), index) else []

    def _free(self, name: str, kind: str) -> str:
        name = " ".join(name.split())
        if not name or len(name) > 200:
            raise ForgeError("A suite needs a name of at most 200 characters.")
        if kind not in KINDS:
            raise ForgeError(f"A suite is of the kind transfer or recall, not {kind}.")
        if self._store.find(name) is not None:
            raise ForgeError(f"There is a suite called {name} already.", hint="Choose another name.")
        return name


def items_sha256(items: Iterable[SuiteItem]) -> str:
    """The hash of what a suite asks, in order."""
    digest = hashlib.sha256()
    for item in items:
        content = {
            "question": item.question,
            "answer": item.answer,
            "category": item.category,
            "evidence": [[one.document_sha256, one.start, one.end, one.text] for one in item.evidence],
            "meta": dict(item.meta),
        }
        digest.update(json.dumps(content, sort_keys=True, separators=(",", ":")).encode() + b"\n")
    return digest.hexdigest()


def _item_of(n: int, pair: Pair) -> SuiteItem:
    cited = tuple(replace(one, scores={}, retrieval={}) for one in pair.evidence if one.cited)
    meta = {"pair": pair.uid, "pair_sha256": pair.sha256, "quality": asdict(pair.quality)["score"]}
    return SuiteItem(n, uuid.uuid4().hex, pair.prompt, pair.final, cited, pair.language, meta)
