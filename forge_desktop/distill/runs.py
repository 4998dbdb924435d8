"""Starts runs as jobs, says how they ended, and sums them up from the tables and the ledger."""

from __future__ import annotations

import dataclasses
import time
import uuid
from collections.abc import Mapping, Sequence

from forge_desktop import __version__
from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.base.events import Events
from forge_desktop.base.jobs import JobContext, Jobs
from forge_desktop.base.settings import SettingsFile
from forge_desktop.corpus import Corpus
from forge_desktop.distill.crew import Crew
from forge_desktop.distill.critics import critics as find_critics
from forge_desktop.distill.drafting import Drafter
from forge_desktop.distill.evidence import Gatherer
from forge_desktop.distill.flipping import Flipper
from forge_desktop.distill.pairs import Pairs
from forge_desktop.distill.records import OPEN
from forge_desktop.distill.records_runs import Quote, RunSummary, RunWish
from forge_desktop.distill.running import Run
from forge_desktop.distill.stopping import Stop
from forge_desktop.distill.store_runs import KILLED, RunRow, RunStore
from forge_desktop.distill.store_tasks import TaskStore
from forge_desktop.engine import Engine
from forge_desktop.providers import Providers
from forge_desktop.storage import Database

LANE, KIND = "distill", "distil"
_MOST_AT_ONCE = 256
_CANCELLED = "It was cancelled; what is left waits in the queue."


class Runs:
    """The runs of one data directory."""

    def __init__(
        self,
        db: Database,
        jobs: Jobs,
        events: Events,
        settings: SettingsFile,
        *,
        corpus: Corpus,
        engine: Engine,
        providers: Providers,
        tasks: TaskStore,
        pairs: Pairs,
    ) -> None:
        self._db, self._jobs, self._events = db, jobs, events
        self._corpus, self._engine, self._providers = corpus, engine, providers
        self._tasks, self._pairs = tasks, pairs
        self._store = RunStore(db)
        self._gatherer, self._drafter = Gatherer(corpus), Drafter(engine, settings)

    def start(self, wish: RunWish, quoted: Quote | None) -> int:
        """A job that works on the queue; its result is a RunSummary. Raises ForgeError for an impossible wish."""
        wish = self._checked(wish)
        return self._jobs.start(LANE, KIND, lambda ctx: self._work(wish, quoted, ctx))

    def all(self) -> list[RunSummary]:
        """Every run, the newest first."""
        return [self._summed(row) for row in self._store.runs()]

    def summary(self, run: str) -> RunSummary:
        """One run. Raises ForgeError when there is none."""
        return self._summed(self._store.run(run))

    def _checked(self, wish: RunWish) -> RunWish:
        if wish.cap is None or wish.cap < 0:
            raise ForgeError("A run needs a spending cap.", hint="Say what it may cost at most.")
        if wish.max_turns < 1:
            raise ForgeError("A task needs at least one call to a teacher.", hint="Let it have one turn or more.")
        if not 1 <= wish.concurrency <= _MOST_AT_ONCE:
            raise ForgeError(f"From 1 to {_MOST_AT_ONCE} calls can be under way at once, not {wish.concurrency}.")
        teachers = tuple(self._providers.endpoints.get(each).uid for each in wish.teachers)
        return dataclasses.replace(wish, teachers=tuple(dict.fromkeys(teachers)))

    def _work(self, wish: RunWish, quoted: Quote | None, ctx: JobContext) -> RunSummary:
        uid, started = uuid.uuid4().hex, time.time()
        teachers = self._teachers()
        critics = [each.uid for each in find_critics(self._providers.router, wish)]
        self._providers.ledger.open_run(uid, wish.cap)
        self._store.begin(
            uid, wish, _shortened(quoted), started=started, config={**self._config(teachers), "critics": critics}
        )
        self._events.changed("tasks")
        stop = Stop("error", "Something went wrong inside Forge Desktop.")
        try:
            stop = self._run(uid, wish, ctx, teachers=teachers, critics=critics, started=started)
        except Cancelled:
            stop = Stop("cancelled", _CANCELLED)
            raise
        except ForgeError as error:
            stop = Stop("error", " ".join(filter(None, (error.message, error.hint))))
            raise
        finally:
            self._store.end(uid, stop.by, stop.problem, time.time())
            self._events.changed("tasks", "pairs")
        return self.summary(uid)

    def _run(
        self,
        uid: str,
        wish: RunWish,
        ctx: JobContext,
        *,
        teachers: Mapping[str, Mapping[str, object]],
        critics: Sequence[str],
        started: float,
    ) -> Stop:
        run = Run(
            uid,
            wish,
            store=self._store,
            tasks=self._tasks,
            flipper=Flipper(self._db, self._store, self._pairs),
            crew=Crew(self._gatherer, self._drafter, self._providers, run=uid, wish=wish, critics=critics),
            providers=self._providers,
            events=self._events,
            ctx=ctx,
            drafts=wish.draft and self._drafter.ready,
            teachers=teachers,
            started=started,
        )
        return run.work()

    def _teachers(self) -> dict[str, dict[str, object]]:
        """What a pair says of its teacher, by the endpoint's uid, with the terms as they are now."""
        return {
            each.uid: {
                "name": each.name,
                "url": each.url,
                "wire": each.wire,
                "vendor": each.vendor,
                "may_train": each.may_train,
                "terms_url": each.terms_url,
                "terms_checked": each.terms_checked,
            }
            for each in self._providers.endpoints.list()
        }

    def _config(self, teachers: Mapping[str, Mapping[str, object]]) -> dict[str, object]:
        state = self._engine.state()
        return {
            "teachers": teachers,
            "versions": self._corpus.versions(),
            "student": {
                "name": state.model,
                "sha256": state.model_sha256,
                **({"version": state.label, "adapter_sha256": state.adapter_sha256} if state.adapter_sha256 else {}),
            },
            "application": __version__,
            "owner": self._providers.ledger.owner,
        }

    def _summed(self, row: RunRow) -> RunSummary:
        tally, totals = self._store.tally(row.uid), self._providers.ledger.run_totals(row.uid)
        killed = row.ended is None and not self._providers.ledger.alive(str(row.config.get("owner", "")))
        return RunSummary(
            uid=row.uid,
            wish=row.wish,
            started=row.started,
            ended=row.ended,
            tasks=sum(count for state, count in tally.states.items() if not killed or state not in OPEN),
            kept=tally.states.get("kept", 0),
            rejected=tally.states.get("rejected", 0),
            failed=tally.states.get("failed", 0),
            review=tally.states.get("review", 0),
            train_pairs=tally.train_pairs,
            repair_pairs=tally.repair_pairs,
            settled=totals.settled,
            reserved=totals.reserved,
            unknown=totals.unknown,
            billed_attempts=totals.billed,
            reused_answers=tally.reused,
            stopped_by="killed" if killed else row.stopped_by,
            problem=KILLED if killed else row.problem,
            quoted=row.quoted,
        )


def _shortened(quoted: Quote | None) -> dict[str, object]:
    """A quote as it is kept with its run, without the prompts that it showed."""
    if quoted is None:
        return {}
    return {name: value for name, value in dataclasses.asdict(quoted).items() if name != "prompts"}
