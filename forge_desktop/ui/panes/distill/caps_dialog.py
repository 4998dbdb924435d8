"""Change a cap: of the newest run, a day, a month, or in total. To raise or remove one, its amount is typed again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QComboBox, QDialog, QGridLayout, QLineEdit, QWidget

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.money import MICRO, exact, parse_usd, shown
from forge_desktop.distill.records import Budget
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.panes.distill.meter import line_words
from forge_desktop.ui.panes.distill.overview import BUDGET_NAMES
from forge_desktop.ui.widgets.basics import Banner, Button, PrimaryButton, column, label, row
from forge_desktop.ui.widgets.money_field import MoneyField

if TYPE_CHECKING:
    from forge_desktop.forge import Forge


_HUGE = 1_000 * MICRO  # from here on even a first cap is typed twice: a slip of a digit would be dear


class CapsDialog(QDialog):
    """`changed` carries a sentence on what was changed."""

    changed = Signal(str)

    def __init__(
        self, forge: Forge, errands: Errands, budgets: Sequence[Budget], kind: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Caps")
        self._ledger, self._errands = forge.providers.ledger, errands
        self._budgets = [budget for budget in budgets if budget.kind in BUDGET_NAMES]
        self.which = QComboBox()
        self.which.setAccessibleName("Which cap")
        for budget in self._budgets:
            self.which.addItem(BUDGET_NAMES[budget.kind], budget.kind)
        self.which.setCurrentIndex(max(0, self.which.findData(kind)))
        self.which.currentIndexChanged.connect(self._on_which)
        self.now = label("", tokens.TABLE, cls="muted", wrap=True)
        self.amount = MoneyField("New cap in dollars", "no cap")
        self.amount.changed.connect(self._follow)
        self.typed = QLineEdit()
        self.typed.setFont(theme.font(tokens.BODY, tabular=True))
        self.typed.setMaximumWidth(theme.px(160))
        self.typed.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.typed.textChanged.connect(self._follow)
        self._typed_words = label("", tokens.SMALL, cls="warn", wrap=True)
        self.problem = Banner()
        cancel = Button("Cancel")
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        self.save = PrimaryButton("Set cap")
        self.save.clicked.connect(self._on_save)
        self._build(cancel)
        self._on_which()
        self.amount.setFocus()

    def _build(self, cancel: Button) -> None:
        about = label(
            "No call leaves that could pass a cap, counted at the most it may cost. Changes are logged.",
            tokens.TABLE, cls="muted", wrap=True,
        )  # fmt: skip
        grid = QGridLayout()
        grid.setHorizontalSpacing(tokens.MD)
        grid.setVerticalSpacing(tokens.SM)
        grid.setColumnStretch(1, 1)
        grid.addWidget(label("Cap for", tokens.SMALL, cls="muted"), 0, 0)
        grid.addWidget(self.which, 0, 1)
        grid.addWidget(self.now, 1, 1)
        grid.addWidget(label("New cap", tokens.SMALL, cls="muted"), 2, 0)
        grid.addWidget(self.amount, 2, 1)
        self._again = label("Type it again", tokens.SMALL, cls="muted")
        grid.addWidget(self._again, 3, 0)
        grid.addLayout(row(self.typed, None), 3, 1)
        content = column(
            label("Caps", tokens.TITLE, 600), about, grid, self._typed_words, self.problem, None,
            row(None, cancel, self.save), gap=tokens.MD, margins=(tokens.XL,) * 4,
        )  # fmt: skip
        self.setLayout(content)
        self.setMinimumWidth(theme.px(460))

    @Slot()
    def _on_which(self) -> None:
        self.problem.clear()
        budget = self._budget()
        self.now.setText(f"Now {line_words(budget)}" if budget else "")
        self.amount.show_amount(budget.cap if budget else None)
        self.typed.clear()
        self._follow()

    def _budget(self) -> Budget | None:
        return next((b for b in self._budgets if b.kind == self.which.currentData()), None)

    def _wanted(self) -> str:
        """What must be typed for the change, "" for nothing."""
        budget, new = self._budget(), self.amount.amount
        if budget is None:
            return ""
        if budget.cap is None:
            return exact(new) if new is not None and new >= _HUGE else ""
        if new is None:
            return exact(budget.cap) if self.amount.empty else ""
        return exact(new) if new > budget.cap else ""

    def _agrees(self) -> bool:
        """Whether what was typed again is the amount wanted, however it is written."""
        wanted = self._wanted()
        try:
            return bool(wanted) and parse_usd(self.typed.text()) == parse_usd(wanted)
        except ForgeError:
            return False

    @Slot()
    def _follow(self) -> None:
        budget, wanted = self._budget(), self._wanted()
        valid = budget is not None and (self.amount.amount is not None or (self.amount.empty and budget.kind != "run"))
        same = budget is not None and self.amount.amount == budget.cap
        removes = self.amount.empty
        does = "remove the cap" if removes else "raise the cap" if budget and budget.cap is not None else "set so much"
        words = f"To {does}, type {wanted}" if wanted else ""
        if self.amount.amount == 0 and not same:
            words = "With a cap of $0.00 nobody is asked any more."
        typed = self.typed.text().strip()
        self._typed_words.setText(
            f"{words}. That is another amount." if wanted and typed and not self._agrees() else words
        )
        self._typed_words.setVisible(bool(words))
        for part in (self.typed, self._again):
            part.setVisible(bool(wanted))
        self.typed.setAccessibleName(words or "Type the amount again")
        self.save.setEnabled(valid and not same and (not wanted or self._agrees()))

    @Slot()
    def _on_save(self) -> None:
        budget, amount, typed = self._budget(), self.amount.amount, self.typed.text().strip()
        assert budget is not None
        run = budget.key if budget.kind == "run" else ""
        ledger = self._ledger

        def told(_: object) -> None:
            cap = "has no cap any more" if amount is None else f"has a cap of {shown(amount)}"
            self.changed.emit(f"{BUDGET_NAMES[budget.kind]} {cap}.")
            self.accept()

        def failed(error: ForgeError) -> None:
            self.problem.show_error(error)

        self._errands.run(lambda: ledger.set_cap(budget.kind, amount, typed, run=run), told, failed)
