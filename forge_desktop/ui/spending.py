"""What the status bar says of money and of the network: read in the background whenever either changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, Signal, Slot

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import DataChanged, JobChanged
from forge_desktop.base.money import shown
from forge_desktop.ui.bridge import Bridge
from forge_desktop.ui.errands import Errands

if TYPE_CHECKING:
    from forge_desktop.forge import Forge

_KEY = "spending"
_OF = {"run": "this run", "day": "today", "month": "this month", "total": "in total"}
_RUNS = ("running", "paused")


class Budget(Protocol):
    """What a budget of the ledger says of itself."""

    @property
    def kind(self) -> str: ...
    @property
    def cap(self) -> int | None: ...
    @property
    def settled(self) -> int: ...
    @property
    def reserved(self) -> int: ...
    @property
    def unknown(self) -> int: ...
    @property
    def charged(self) -> int: ...
    @property
    def headroom(self) -> int | None: ...


@dataclass(frozen=True)
class Spend:
    """`words` as in "$12.40 of $20.00", the share of the cap (None without one), and the details."""

    words: str
    share: float | None
    tip: str


def spend_of(budgets: Sequence[Budget]) -> Spend | None:
    """The run's budget where there is one, else the month's cap, else the strictest; None when nothing was ever spent
    and no cap is set.
    """
    if not any(budget.charged or budget.cap is not None for budget in budgets):
        return None
    kinds = {budget.kind: budget for budget in budgets}
    capped = [budget for budget in budgets if budget.cap is not None]
    month = kinds.get("month")
    if (run := kinds.get("run")) is not None and run.cap is not None:
        chosen: Budget | None = run
    elif month is not None and month.cap is not None:
        chosen = month
    else:
        chosen = min(capped, key=lambda budget: budget.headroom or 0, default=month)
    if chosen is None:
        return None
    tip = "\n".join(_line(budget) for budget in budgets)
    if chosen.cap is None:
        return Spend(f"{shown(chosen.charged)} {_OF[chosen.kind]}", None, tip)
    share = min(1.0, chosen.charged / chosen.cap) if chosen.cap else 1.0
    return Spend(f"{shown(chosen.charged)} of {shown(chosen.cap)}", share, tip)


def _line(budget: Budget) -> str:
    parts = [f"{shown(budget.settled)} paid"]
    if budget.reserved:
        parts.append(f"{shown(budget.reserved)} reserved")
    if budget.unknown:
        parts.append(f"{shown(budget.unknown)} unknown, charged in full")
    cap = "no cap" if budget.cap is None else f"cap {shown(budget.cap)}"
    return f"{_OF[budget.kind].capitalize()}: {', '.join(parts)}; {cap}"


class SpendingWatch(QObject):
    """`spend` carries a Spend or None, `network` whether Offline is on and how many endpoints there are."""

    spend = Signal(object)
    network = Signal(bool, int)
    failed = Signal(object)

    def __init__(self, forge: Forge, bridge: Bridge, parent: QObject) -> None:
        super().__init__(parent)
        self._forge = forge
        self._errands = Errands(forge.jobs, bridge, self)
        self._run = ""
        self._again = False
        bridge.data_changed.connect(self._on_data)
        bridge.job_changed.connect(self._on_job)

    def read(self) -> None:
        """Read what holds now."""
        if self._errands.awaits(_KEY):
            self._again = True  # many calls a second: one reading after the other is enough
            return
        providers, run = self._forge.providers, self._run

        def read() -> tuple[Spend | None, int]:
            return spend_of(providers.ledger.budgets(run)), len(providers.endpoints.list())

        self._errands.run(read, self._show, key=_KEY)

    @Slot(bool)
    def set_offline(self, offline: bool) -> None:
        """Let nothing leave from now on, or let endpoints be asked again."""
        try:
            self._forge.settings.change(offline=offline)
        except ForgeError as error:
            self.failed.emit(error)
            self.read()

    def _show(self, found: tuple[Spend | None, int]) -> None:
        spend, endpoints = found
        self.spend.emit(spend)
        self.network.emit(self._forge.settings.values.offline, endpoints)
        if self._again:
            self._again = False
            self.read()

    @Slot(object)
    def _on_data(self, event: DataChanged) -> None:
        if event.what & {"spend", "endpoints", "settings"}:
            self.read()

    @Slot(object)
    def _on_job(self, event: JobChanged) -> None:
        if event.kind != "distil":
            return
        run = str(getattr(event.detail, "run", "")) if event.state in _RUNS else ""
        if run != self._run and (run or event.state not in _RUNS):
            self._run = run
            self.read()
