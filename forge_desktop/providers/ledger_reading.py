"""What the ledger tells: budgets, attempts, series, forecasts, and the answers that were paid."""

from __future__ import annotations

import calendar
import datetime

from forge_desktop.providers import store_answers, store_ledger_reading
from forge_desktop.providers.caps import budgets_of, caps_of
from forge_desktop.providers.clock import Clock
from forge_desktop.providers.money import shown
from forge_desktop.providers.periods import Calendar, day_of
from forge_desktop.providers.records import Attempt, Budget, BudgetKind, PaidAnswer
from forge_desktop.providers.records_ledger import EndpointCalls, Forecast, RunTotals
from forge_desktop.providers.store_ledger import budget, fact
from forge_desktop.storage import Database

_MEAN_DAYS = 7


class LedgerReading:
    """All of it may be asked from any thread, also beside the process that writes."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._calendar = Calendar(clock, fact(db.connection, "seen"))

    def caps(self) -> dict[BudgetKind, int]:
        """The caps of day, month and total; those that are not set are not in it."""
        return caps_of(self._db.connection)

    def budgets(self, run: str = "") -> list[Budget]:
        """What counts now: of the run if one is given, of the day, of the month, in total."""
        return budgets_of(self._db.connection, run, self._today())

    def attempts(
        self,
        *,
        uid: str = "",
        run: str = "",
        task: str = "",
        state: str = "",
        newest_first: bool = True,
        limit: int = 200,
        before: str | None = None,
    ) -> list[Attempt]:
        """A page of the attempts; `before` is the uid of the last one of the page before, `uid` how one begins."""
        return store_ledger_reading.listed(
            self._db.connection,
            uid=uid,
            run=run,
            task=task,
            state=state,
            newest_first=newest_first,
            limit=limit,
            before=before,
        )

    def counts(self) -> dict[str, int]:
        """How many attempts are in each state that any is in."""
        return store_ledger_reading.counts(self._db.connection)

    def page(self, state: str, offset: int, limit: int) -> list[Attempt]:
        """Attempts in a state ("": any) from a place on, the newest first."""
        return store_ledger_reading.page(self._db.connection, state, offset, limit)

    def tried(self, task: str, step: str, repeat: int = 0) -> int:
        """How many attempts for this piece of work have ever left this machine and may have been accepted."""
        return store_ledger_reading.tried(self._db.connection, task, step, repeat)

    def by_day(self, days: int) -> list[tuple[str, int, int, int]]:
        """Day, settled, reserved, unknown; oldest first, up to today, days without any included."""
        last = datetime.date.fromisoformat(self._today())
        wanted = [(last - datetime.timedelta(days=back)).isoformat() for back in reversed(range(days))]
        known = store_ledger_reading.days(self._db.connection, wanted[0]) if wanted else {}
        return [(day, *known.get(day, (0, 0, 0))) for day in wanted]

    def forecast(self) -> Forecast:
        """What this month will have cost if each day left costs the mean of the last seven, today among them."""
        today = datetime.date.fromisoformat(self._today())
        month = today.strftime("%Y-%m")
        charged = budget(self._db.connection, "month", month, None).charged
        a_day = -(-sum(sum(amounts) for _day, *amounts in self.by_day(_MEAN_DAYS)) // _MEAN_DAYS)
        left = calendar.monthrange(today.year, today.month)[1] - today.day
        likely = charged + a_day * left
        words = (
            f"{shown(charged)} so far in {month}; at {shown(a_day)} a day, the mean of the last {_MEAN_DAYS} days,"
            f" about {shown(likely)} by its end."
        )
        return Forecast(month, charged, a_day, left, likely, words)

    def run_totals(self, run: str) -> RunTotals:
        """What a run cost so far, and how many attempts it took."""
        return store_ledger_reading.totals(self._db.connection, run)

    def calls(self, endpoint: str, model: str, price_sha256: str = "") -> EndpointCalls:
        """What came of the calls to a model of an endpoint (its uid), for a thread that may wait. `price_sha256` is its
        price of today.
        """
        return store_ledger_reading.calls(self._db.connection, endpoint, model, price_sha256)

    def answer_for(self, task: str, step: str, repeat: int = 0) -> PaidAnswer | None:
        """The answer that was paid for this piece of work, if it was."""
        return store_answers.answer_for(self._db.connection, task, step, repeat)

    def answer_to(self, request_sha256: str, repeat: int = 0) -> PaidAnswer | None:
        """The answer that was paid for this very request, whoever asked."""
        return store_answers.answer_to(self._db.connection, request_sha256, repeat)

    @property
    def stopped(self) -> str:
        """Why no call is allowed, "" when they are."""
        return str(fact(self._db.connection, "stopped") or "")

    @property
    def held(self) -> str:
        """What is wrong with the clock, so that the day and month stay what they were; "" where nothing is."""
        seconds, doubted = self._look()
        return self._words_of_doubt(seconds) if doubted else ""

    @property
    def notice(self) -> str:
        """What a person should know of the ledger, until they say go on; "" for nothing."""
        return str(fact(self._db.connection, "notice") or "")

    def _words_of_doubt(self, counts: float) -> str:
        return (
            f"The computer's clock says {day_of(self._clock.now())}, the ledger still counts {day_of(counts)}: if the"
            " clock is right, say so in Distill, or with forge-desktop spend go-on."
        )

    def _today(self) -> str:
        seconds, _doubted = self._look()
        return day_of(seconds)

    def _look(self) -> tuple[float, bool]:
        """The time that counts, and whether the clock is doubted."""
        connection = self._db.connection
        return self._calendar.look(fact(connection, "seen"), fact(connection, "confirmed"), self._reopens)

    def _reopens(self, now: float) -> bool:
        """Whether moving on to `now` would give room again under a cap of day or month."""
        connection = self._db.connection
        seen = fact(connection, "seen")
        if seen is None:
            return False
        caps, old, new = caps_of(connection), day_of(seen), day_of(now)
        of_day = "day" in caps and old != new and budget(connection, "day", old, None).charged > 0
        of_month = "month" in caps and old[:7] != new[:7] and budget(connection, "month", old[:7], None).charged > 0
        return of_day or of_month
