"""The endpoints that can be the student, under the list of those on this computer."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from forge_desktop.students import RemoteChoice
from forge_desktop.ui import tokens
from forge_desktop.ui.widgets.basics import Button, ElidedLabel, IconLabel, Pill, column, label, row
from forge_desktop.ui.widgets.words import plain_tip


class RemoteList(QWidget):
    """Hidden while there is none. `use_wanted` carries an endpoint's uid."""

    use_wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Remote students")
        self._rows: list[RemoteRow] = []
        self._box = QVBoxLayout()
        self._box.setSpacing(tokens.SM)
        heading = label("Remote", tokens.SMALL, 600, cls="muted")
        self.setLayout(column(heading, self._box, gap=tokens.SM, margins=(20, tokens.SM, 16, tokens.SM)))
        self.hide()

    def show_choices(self, choices: Sequence[RemoteChoice]) -> None:
        """Replace all rows."""
        for old in self._rows:
            self._box.removeWidget(old)
            old.hide()
            old.deleteLater()
        self._rows = []
        for choice in choices:
            made = RemoteRow(choice)
            made.use_pressed.connect(self.use_wanted)
            self._box.addWidget(made)
            self._rows.append(made)
        self.setVisible(bool(choices))

    def rows(self) -> list[RemoteRow]:
        """The rows shown."""
        return self._rows


class RemoteRow(QFrame):
    """One endpoint: name, model and host, and the button that lets it answer."""

    use_pressed = Signal(str)

    def __init__(self, choice: RemoteChoice) -> None:
        super().__init__()
        self.choice = choice
        self.setAccessibleName(f"Remote student {choice.name}")
        self.setToolTip(plain_tip(choice.problem or choice.price))
        name = ElidedLabel(choice.name, tokens.TABLE, 600)
        self.use = Button("Use", cls="pill")
        self.use.setAccessibleName(f"Let {choice.name} answer")
        self.use.setEnabled(not choice.problem)
        self.use.clicked.connect(lambda: self.use_pressed.emit(choice.uid))
        self.use.setVisible(not choice.active)
        active = Pill("Active", "ok", "circle-check", tokens.CAPTION)
        active.setVisible(choice.active)
        where = ElidedLabel(f"{choice.model} · {choice.host}", tokens.SMALL, cls="muted")
        texts: list[QWidget] = [where]
        if choice.problem:
            problem = label(choice.problem, tokens.SMALL, cls="warn", wrap=True)
            line = QWidget()
            told = row(IconLabel("triangle-alert", 13, "warn"), problem, gap=5)
            told.setStretch(1, 1)
            line.setLayout(told)
            texts.append(line)
        head = row(name, active, self.use, gap=6)
        head.setStretch(0, 1)
        self.setLayout(column(head, *texts, gap=2))
