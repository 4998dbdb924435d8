"""The sheet of a new card: what kind of model it is about, and its name. It is about nothing that is here."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Signal, Slot
from PySide6.QtWidgets import QLineEdit, QWidget

from forge_desktop.base.errors import ForgeError
from forge_desktop.cards.records import Kind
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.panes.cards.sheet_parts import closing
from forge_desktop.ui.widgets.basics import PrimaryButton, column, label, row
from forge_desktop.ui.widgets.fields import ChoiceField
from forge_desktop.ui.widgets.sheet import Sheet

KINDS: dict[Kind, str] = {
    "student": "Student (a base)",
    "adapter": "Version with an adapter",
    "teacher": "Teacher",
    "embedder": "Embedder",
}
_ABOUT = (
    "Versions and endpoints have a card as soon as they are here. A new card is for a model that is not: it is written"
    " by hand, checked and exported like any other."
)


class NewCardSheet(Sheet):
    """`agreed` carries a kind and a name."""

    agreed = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("New card")
        self.kind = ChoiceField(dict(KINDS))
        self.kind.setAccessibleName("Kind of model")
        self.name = QLineEdit()
        self.name.setAccessibleName("Name")
        self.name.setPlaceholderText("As in acme-3b-instruct")
        self.name.textChanged.connect(self._follow)
        self.make = PrimaryButton("Make the card", "plus")
        self.make.clicked.connect(self._on_make)
        cancel = closing("Cancel")
        cancel.clicked.connect(self.reject)
        self.setLayout(
            column(
                column(
                    label("New card", tokens.TITLE, 600), label(_ABOUT, tokens.TABLE, cls="muted", wrap=True), gap=2
                ),
                column(label("Kind of model", tokens.SMALL, cls="muted"), self.kind, gap=4),
                column(label("Name", tokens.SMALL, cls="muted"), self.name, gap=4),
                self.banner,
                row(None, cancel, self.make),
                gap=tokens.MD,
                margins=(tokens.XL, 20, tokens.XL, 18),
            )
        )
        self.setMinimumWidth(theme.px(500))
        self._follow()
        self.name.setFocus()

    def event(self, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.LayoutRequest, QEvent.Type.Show, QEvent.Type.Resize):
            done, lines = super().event(event), self.layout()
            if lines is not None:
                self.setMinimumHeight(lines.totalHeightForWidth(self.width()))  # Qt asks for too few lines of a text
            return done
        return super().event(event)  # which may be the end of it

    def typed(self) -> bool:
        return bool(self.name.text().strip())

    def refuse(self, error: ForgeError) -> None:
        """Say what speaks against it."""
        self.banner.show_error(error)
        self._follow()

    @Slot()
    def _follow(self) -> None:
        self.make.setEnabled(self.typed())

    @Slot()
    def _on_make(self) -> None:
        self.banner.clear()
        self.make.setEnabled(False)
        self.agreed.emit(str(self.kind.value()), self.name.text().strip())
