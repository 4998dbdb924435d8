"""Has the ledger looked over, by what is imported when somebody asks for that."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forge_desktop.providers.clock import Clock
from forge_desktop.providers.ledger_reading import LedgerReading
from forge_desktop.storage import Database

if TYPE_CHECKING:
    from forge_desktop.providers.auditing import Audit
    from forge_desktop.providers.records_ledger import Reconciled, Unadopted


class LedgerAuditing(LedgerReading):
    """Changes nothing."""

    def __init__(self, db: Database, data_dir: Path, clock: Clock) -> None:
        super().__init__(db, clock)
        self._data_dir = data_dir

    def verify(self) -> list[str]:
        """Contradictions between attempts, sums, events, their chain, the mirror and the answers; [] when sound."""
        return self._audit().verify()

    def rows(self) -> Iterator[dict[str, Any]]:
        """Every attempt as plain values, in the order they were reserved."""
        return self._audit().rows()

    def export(self, file: Path) -> int:
        """Write every attempt out, as CSV or as JSON lines by the name's ending; how many there are.

        A file that is there is replaced, once the new one is whole.
        """
        return self._audit().export(file)

    def reconcile(self, endpoint: str, period: str, amount: int) -> Reconciled:
        """Set what an endpoint (its name or uid) billed for a month, a day or "" for ever beside what was booked."""
        return self._audit().reconcile(endpoint, period, amount)

    def reconcile_file(self, file: Path) -> list[Reconciled]:
        """The same for each line of a CSV file with the columns endpoint, period and amount (dollars)."""
        return self._audit().reconcile_file(file)

    def unadopted(self) -> Unadopted | None:
        """What the mirror charges and the database does not yet, as after an old backup was put back: for who only
        reads, since who writes takes it over first.
        """
        from forge_desktop.providers.adopting import unadopted

        return unadopted(self._db.connection, self._data_dir)

    def _audit(self) -> Audit:
        from forge_desktop.providers.auditing import Audit

        return Audit(self._db, self._data_dir)
