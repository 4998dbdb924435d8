"""A field for an amount of dollars: what is no amount is said under it, and never taken for nothing."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QLineEdit, QWidget

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.money import exact, parse_usd
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.widgets.controls import column, label, row, set_cls


class MoneyField(QWidget):
    """`changed` after every key. `amount` is None while the field holds nothing or no amount."""

    changed = Signal()

    def __init__(self, accessible_name: str, placeholder: str = "") -> None:
        super().__init__()
        self.line = QLineEdit()
        self.line.setAccessibleName(accessible_name)
        self.line.setPlaceholderText(placeholder)
        self.line.setFont(theme.font(tokens.BODY, tabular=True))
        self.line.setMaximumWidth(theme.px(160))
        self.line.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.line.textChanged.connect(self._on_text)
        self._problem = label("", tokens.SMALL, cls="bad", wrap=True)
        self._problem.hide()
        self._amount: int | None = None
        money = row(label("$", tokens.BODY, cls="muted"), self.line, None, gap=6)
        self.setLayout(column(money, self._problem, gap=4))
        self.setFocusProxy(self.line)

    @property
    def amount(self) -> int | None:
        """The amount typed, in micro-dollars."""
        return self._amount

    @property
    def empty(self) -> bool:
        """Whether nothing was typed."""
        return not self.line.text().strip()

    def show_amount(self, amount: int | None) -> None:
        """Show an amount, or nothing."""
        self.line.setText("" if amount is None else exact(amount))

    @Slot()
    def _on_text(self) -> None:
        problem = ""
        try:
            self._amount = None if self.empty else parse_usd(self.line.text())
        except ForgeError as error:
            self._amount, problem = None, error.hint or error.message
        self._problem.setText(problem)
        self._problem.setVisible(bool(problem))
        self.line.setAccessibleDescription(problem)
        set_cls(self.line, "bad" if problem else "")
        self.changed.emit()
