"""Every call with what it cost: the newest first, by state; unknown ones are corrected, all exported and reconciled."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QComboBox, QDialog, QFileDialog, QLineEdit, QWidget

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import DataChanged
from forge_desktop.base.money import shown
from forge_desktop.distill.records import Attempt, Reconciled
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.bridge import Bridge
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.panes.distill.columns import one_line
from forge_desktop.ui.widgets.basics import Banner, Button, Notice, PrimaryButton, column, label, row
from forge_desktop.ui.widgets.money_field import MoneyField
from forge_desktop.ui.widgets.paged_table import PagedTable
from forge_desktop.ui.widgets.windowed_model import PAGE, Column
from forge_desktop.ui.widgets.words import count_words, moment_words, safe_words

if TYPE_CHECKING:
    from forge_desktop.forge import Forge

_KEY, _PAGES_KEY = "calls", "pages of calls"
_INVOICES = "Invoices (*.csv)"
_FILES = "Tables (*.csv);;JSON Lines (*.jsonl)"
_STATES: dict[str, tuple[str, str, str]] = {
    # state: (word, kind of pill, icon)
    "settled": ("Settled", "ok", "circle-check"),
    "unknown": ("Unknown", "warn", "circle-help"),
    "sent": ("Sent", "info", "send"),
    "reserved": ("Reserved", "info", "clock"),
    "released": ("Released", "mute", "undo-2"),
}
_Listed = tuple[dict[str, int], dict[int, Sequence[Attempt]]]


def _pill(made: Attempt) -> tuple[str, str, str]:
    return _STATES[made.state]


def _work(made: Attempt) -> str:
    return f"{made.purpose.kind.capitalize()} {made.purpose.step}".strip()


_COLUMNS = (
    Column("Endpoint", lambda a: safe_words(a.endpoint_name), width=150, stretch=True, tip=lambda a: a.model),
    Column("When", lambda a: moment_words(a.created), width=110, yields=2),
    Column("State", lambda a: _pill(a)[0], width=116, pill=_pill, tip=lambda a: one_line(a.note) or None),
    Column("For", _work, width=136, yields=3),
    Column("Counts", lambda a: shown(a.cost), width=104, right=True),
    Column("At most", lambda a: shown(a.worst), width=104, right=True, yields=1),
)


class CallsSheet(QDialog):
    """`notice` carries a Notice. Reads and writes by errands of its own: what comes after it was closed is dropped."""

    notice = Signal(object)

    def __init__(self, forge: Forge, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Calls")
        self._ledger, self._errands = forge.providers.ledger, Errands(forge.jobs, bridge, self)
        self._chosen: Attempt | None = None
        self.state = QComboBox()
        self.state.setAccessibleName("Show calls by state")
        self.state.addItem("All states", "")
        for state, (words, _, _) in _STATES.items():
            self.state.addItem(words, state)
        self.state.currentIndexChanged.connect(self._on_state)
        self.count = label("", tokens.SMALL, cls="muted")
        self.table = PagedTable(_COLUMNS, lambda made: int(made.uid[:15], 16), "Calls")
        self.table.horizontalHeader().setSortIndicatorShown(False)
        self.table.rows.missed.connect(self._on_missed, Qt.ConnectionType.QueuedConnection)
        self.table.selection_changed.connect(self._on_selected)
        self.banner = Banner()
        self._why = label("", tokens.SMALL, cls="muted", wrap=True)
        self.amount = MoneyField("What the call cost in dollars", "0.00")
        self.amount.changed.connect(self._follow)
        self.note = QLineEdit()
        self.note.setAccessibleName("Where the figure is from")
        self.note.setPlaceholderText("Where the figure is from")
        self.note.setFont(theme.font(tokens.TABLE))
        self.note.textChanged.connect(self._follow)
        self.correct = Button("Correct", "pencil")
        self.correct.clicked.connect(self._on_correct)
        self._build()
        self._on_selected()
        bridge.data_changed.connect(self._on_data)
        self.refresh()

    def _build(self) -> None:
        export = Button("Export…", "upload")
        export.setToolTip("Write every call to a table or to JSON Lines")
        export.clicked.connect(self._on_export)
        invoice = Button("Set beside an invoice…", "file-text")
        invoice.setToolTip("A CSV file with the columns endpoint, period (2026-11 or 2026-11-26) and amount")
        invoice.clicked.connect(self._on_invoice)
        close = PrimaryButton("Close")
        close.clicked.connect(self.accept)
        about = label(
            "What left for an endpoint, and what it counts for. An unknown one may have been billed: it counts at the "
            "most it can have cost, until you say what it did cost.",
            tokens.TABLE, cls="muted", wrap=True,
        )  # fmt: skip
        typed = row(self.amount, self.note, self.correct, gap=tokens.SM)
        typed.setStretch(1, 1)
        self._mend = QWidget()
        self._mend.setLayout(column(self._why, typed, gap=tokens.SM))
        body = column(
            column(label("Calls", tokens.TITLE, 600), about, gap=2),
            row(self.state, self.count, None), self.banner, self.table, self._mend, row(export, invoice, None, close),
            gap=tokens.MD, margins=(tokens.XL, 20, tokens.XL, 20),
        )  # fmt: skip
        body.setStretch(3, 1)
        self.setLayout(body)
        self.resize(theme.px(800), theme.px(500))

    # ---- reading

    def refresh(self) -> None:
        """Read the list again, what is in sight of it."""
        ledger, state, pages = self._ledger, str(self.state.currentData()), self.table.pages_in_sight()

        def work() -> _Listed:
            return ledger.counts(), {page: ledger.page(state, page * PAGE, PAGE) for page in pages}

        def arrived(found: _Listed) -> None:
            self._show(state, *found)

        self._errands.run(work, arrived, self.banner.show_error, key=_KEY)

    def _show(self, state: str, counts: dict[str, int], pages: dict[int, Sequence[Attempt]]) -> None:
        count = counts.get(state, 0) if state else sum(counts.values())
        self.table.show_rows(count, pages)
        unknown = counts.get("unknown", 0)
        words = count_words(count, "call")
        self.count.setText(f"{words} · {unknown:,} unknown" if unknown and state != "unknown" else words)
        self._on_selected()

    @Slot()
    def _on_missed(self) -> None:
        if self._errands.awaits(_PAGES_KEY) or self._errands.awaits(_KEY):
            return
        pages = [page for page in self.table.pages_in_sight() if not self.table.rows.has(page)]
        ledger, state = self._ledger, str(self.state.currentData())

        def arrived(found: dict[int, Sequence[Attempt]]) -> None:
            if state == self.state.currentData():
                for page, rows in found.items():
                    self.table.rows.put(page, rows)
            self._on_missed()

        def work() -> dict[int, Sequence[Attempt]]:
            return {page: ledger.page(state, page * PAGE, PAGE) for page in pages}

        if pages:
            self._errands.run(work, arrived, self.banner.show_error, key=_PAGES_KEY)

    @Slot(object)
    def _on_data(self, event: DataChanged) -> None:
        if "spend" in event.what:
            self.refresh()

    @Slot()
    def _on_state(self) -> None:
        self.table.clearSelection()
        self.refresh()

    # ---- one call

    @Slot()
    def _on_selected(self) -> None:
        rows = self.table.selectionModel().selectedRows()
        made = self.table.rows.value_at(rows[0].row()) if len(rows) == 1 else None
        other = (made and made.uid) != (self._chosen and self._chosen.uid)
        self._chosen = made
        by_hand = made is not None and (made.state == "unknown" or (made.state == "settled" and made.usage is None))
        self._mend.setVisible(made is not None)
        for part in (self.amount, self.note, self.correct):
            part.setVisible(by_hand)
        self._why.setText("" if made is None else one_line(made.note) or f"{_pill(made)[0]}: {safe_words(made.model)}")
        if other:
            self.amount.show_amount(None)
            self.note.clear()
        self._follow()

    @Slot()
    def _follow(self) -> None:
        self.correct.setEnabled(self.amount.amount is not None and bool(self.note.text().strip()))

    @Slot()
    def _on_correct(self) -> None:
        made, amount, note, ledger = self._chosen, self.amount.amount, self.note.text(), self._ledger
        if made is None or amount is None:
            return

        def told(_: object) -> None:
            self.banner.clear()
            self.notice.emit(Notice(f"The call to {safe_words(made.endpoint_name)} counts for {shown(amount)} now."))
            self.refresh()

        self._errands.run(lambda: ledger.correct(made.uid, amount, note), told, self.banner.show_error)

    # ---- all of them

    @Slot()
    def _on_export(self) -> None:
        chosen, kind = QFileDialog.getSaveFileName(self, "Export the calls", "calls.csv", _FILES)
        if chosen:
            file = Path(chosen)
            self.export(file if file.suffix else file.with_suffix(".jsonl" if "jsonl" in kind else ".csv"))

    def export(self, file: Path) -> None:
        """Write every call to a file."""
        ledger = self._ledger

        def told(count: int) -> None:
            words = f"{count_words(count, 'call')} written to {safe_words(file.name)}"
            self.banner.show_message(words, safe_words(str(file.parent)), kind="ok")

        self._errands.run(lambda: ledger.export(file), told, self.banner.show_error)

    @Slot()
    def _on_invoice(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, "An invoice as a CSV file", "", _INVOICES)
        if chosen:
            self.reconcile(Path(chosen))

    def reconcile(self, file: Path) -> None:
        """Set each line of an invoice beside what was booked."""
        ledger = self._ledger
        self._errands.run(lambda: ledger.reconcile_file(file), self._show_reconciled, self._on_no_invoice)

    def _show_reconciled(self, found: list[Reconciled]) -> None:
        sound = sum(each.explained for each in found)
        title = f"{sound:,} of {count_words(len(found), 'line')} of the invoice agree with the ledger"
        words = " ".join(one_line(each.words) for each in sorted(found, key=lambda each: each.explained)[:4])
        more = f" And {len(found) - 4:,} more." if len(found) > 4 else ""
        self.banner.show_message(title, words + more, kind="ok" if sound == len(found) else "warn")
        if any(each.unknown for each in found):
            self.state.setCurrentIndex(self.state.findData("unknown"))

    def _on_no_invoice(self, error: ForgeError) -> None:
        self.banner.show_error(error)
