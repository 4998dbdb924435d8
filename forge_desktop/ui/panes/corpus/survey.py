"""The dry run before indexing, shown in place: what would be read, what would not, and the button that starts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from forge_desktop.corpus import Survey
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.panes.corpus.columns import format_words, safe_words
from forge_desktop.ui.widgets.basics import Button, IconLabel, PrimaryButton, column, frame, label, row
from forge_desktop.ui.widgets.words import count_words, size_words

_LONGEST_NAME = 24  # on the button


class SurveyCard(QWidget):
    """`confirmed` carries the paths to index; `dismissed` when the user changes their mind. Hidden until used."""

    confirmed = Signal(list)
    dismissed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._paths: list[Path] = []
        self._collection = ""
        self._title = label("", tokens.SUBTITLE, 600, wrap=True)
        self._text = label("", tokens.TABLE, cls="muted", wrap=True)
        self._skipped = QPlainTextEdit()
        self._skipped.setReadOnly(True)
        self._skipped.setProperty("cls", "field")
        self._skipped.setFont(theme.font(tokens.SMALL))
        self._skipped.setAccessibleName("Files that will not be read")
        self._start = PrimaryButton("Index")
        self._start.clicked.connect(self._on_confirm)
        cancel = Button("Cancel")
        cancel.clicked.connect(self._on_dismiss)
        texts = column(self._title, self._text, gap=2)
        head = row(IconLabel("folder-plus", 20, "accent_fg"), texts, cancel, self._start, gap=tokens.MD)
        head.setStretch(1, 1)
        self.setLayout(column(frame("card", column(head, self._skipped, margins=(16, 12, 14, 12)))))
        self.hide()

    def paths(self) -> Sequence[Path]:
        """What is being added."""
        return self._paths

    def show_counting(self, paths: Sequence[Path], collection: str = "") -> None:
        """Say that counting has begun, and into which collection it goes if there are several."""
        self._paths, self._collection = list(paths), collection
        where = safe_words(str(paths[0])) if len(paths) == 1 else count_words(len(paths), "place")
        self._title.setText(f"Counting the files in {where} …" if len(paths) == 1 else f"Counting files in {where} …")
        self._text.setText("Nothing is read yet.")
        self._start.hide()
        self._skipped.hide()
        self.show()

    def show_survey(self, survey: Survey, *, joins: bool = False) -> None:
        """Show what would happen, and let the user start it; `joins` when these places are new in the collection."""
        todo = survey.new + survey.changed
        kinds = ", ".join(
            f"{count} {format_words(kind)}" for kind, count in sorted(survey.formats.items(), key=lambda f: -f[1])
        )
        if todo:
            self._title.setText(f"{count_words(todo, 'file')} to read, {size_words(survey.bytes)}")
        elif survey.files:
            self._title.setText("Everything here is indexed already" if joins else "Nothing new to read")
        else:
            self._title.setText("No readable files here")
        facts = [f"into {safe_words(self._collection)}"] if self._collection else []
        facts += [kinds] if kinds else []
        if survey.changed:
            facts.append(f"{survey.changed} changed since last time")
        if survey.unchanged:
            facts.append(f"{survey.unchanged} unchanged, not read again")
        if survey.skipped:
            facts.append(f"{count_words(len(survey.skipped), 'file')} will not be read")
        self._text.setText(" · ".join(facts) or "No file here has a format that can be read.")
        self._skipped.setPlainText("\n".join(f"{safe_words(path)}: {reason}" for path, reason in survey.skipped))
        lines = min(5, len(survey.skipped))
        self._skipped.setFixedHeight(self._skipped.fontMetrics().lineSpacing() * lines + theme.px(24))
        self._skipped.setVisible(bool(survey.skipped))
        into = safe_words(self._collection) or "the collection"
        self._start.setText(f"Index {count_words(todo, 'file')}" if todo else f"Add to {_short(into)}")
        self._start.setVisible(bool(todo or (joins and survey.files)))
        self.show()
        if self._start.isVisibleTo(self):
            self._start.setFocus()

    @Slot()
    def _on_confirm(self) -> None:
        self.hide()
        self.confirmed.emit(self._paths)

    @Slot()
    def _on_dismiss(self) -> None:
        self.hide()
        self.dismissed.emit()


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
