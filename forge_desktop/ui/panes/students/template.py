"""Edits a student's chat template: tried out on a short conversation first, saved only when that worked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, Signal, Slot
from PySide6.QtGui import QColor, QFont, QTextCharFormat, QTextCursor, QTextOption
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit, QWidget

from forge_desktop.base.errors import ForgeError
from forge_desktop.students.records import Student
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.widgets.basics import Banner, Button, PrimaryButton, announce, column, label, row

if TYPE_CHECKING:
    from forge_desktop.chat.option_book import OptionBook

_KEY = "template preview"
_NOT_IN_USE = "Only the student in use can try its template out. Use this student first."


class TemplateEditor(QWidget):
    """`saved` carries the source that is to be used, "" for the file's own."""

    saved = Signal(str)

    def __init__(self, book: OptionBook, errands: Errands) -> None:
        super().__init__()
        self._book, self._errands = book, errands
        self._student: Student | None = None
        self._override = ""
        self._special: tuple[tuple[int, int], ...] = ()
        self._tried = ""  # the source whose preview is shown, and which may be saved
        self._state = label("", tokens.SMALL, cls="muted", wrap=True)
        self._toggle = Button("Edit", "chevron-right", "link")
        self._toggle.clicked.connect(self._on_toggle)
        self.source = _code("Source of the chat template", read_only=False)
        self.source.textChanged.connect(self._on_edited)
        self.preview = Button("Preview", "eye")
        self.preview.clicked.connect(self._on_preview)
        self.save = PrimaryButton("Use this template", "check")
        self.save.clicked.connect(self._on_save)
        self.own = Button("Back to the file's own", "undo-2")
        self.own.clicked.connect(self._on_own)
        self._why = label("", tokens.SMALL, cls="muted", wrap=True)
        self.banner = Banner()
        self._said = label("What the student would read; special tokens are marked.", tokens.SMALL, cls="muted")
        self.shown = _code("Preview of the chat template", read_only=True)
        for part in (self._said, self.shown):
            part.hide()
        self._body = QWidget()
        buttons = column(row(self.preview, self.save, None), row(self.own, None))
        self._body.setLayout(
            column(self.source, buttons, self._why, self.banner, self._said, self.shown, gap=8, margins=(0, 4, 0, 0))
        )
        self._body.hide()
        head = row(column(label("Chat template", tokens.TABLE, 600), self._state, gap=2), self._toggle)
        head.setStretch(0, 1)
        self.setLayout(column(head, self._body, gap=4))

    def show_student(self, student: Student) -> None:
        """Whose template it is."""
        before, self._student = self._student, student
        if before is None or before.sha256 != student.sha256:
            self._forget_preview()
            self._override = ""
            self._show_source(student.template)
        self._refresh()

    def show_override(self, source: str) -> None:
        """The template that is used in place of the file's own, "" for none. What is being edited stays."""
        if source != self._override:
            self._override = source
            self._show_source(source or (self._student.template if self._student else ""))
        self._refresh()

    def _show_source(self, source: str) -> None:
        if self.source.toPlainText() != source:
            self.source.setPlainText(source)

    def _refresh(self) -> None:
        active = self._student is not None and self._student.active
        text = self.source.toPlainText()
        in_use = self._override or (self._student.template if self._student else "")
        self._state.setText(
            "One of your own is in use in place of the file's." if self._override else "The file's own is in use."
        )
        self.preview.setEnabled(active and bool(text.strip()))
        self.save.setEnabled(active and bool(self._tried) and text == self._tried and text != in_use)
        self.own.setEnabled(bool(self._override))
        self._why.setText("" if active else _NOT_IN_USE)
        self._why.setVisible(not active)

    def _forget_preview(self) -> None:
        self._errands.outdate(_KEY)
        self._tried = ""
        self.banner.clear()
        self.shown.hide()
        self._said.hide()

    @Slot()
    def _on_toggle(self) -> None:
        opened = self._body.isHidden()
        self._body.setVisible(opened)
        self._toggle.setText("Close" if opened else "Edit")
        self._toggle.set_icon("chevron-down" if opened else "chevron-right")

    @Slot()
    def _on_edited(self) -> None:
        if self._tried and self.source.toPlainText() != self._tried:
            self._forget_preview()
        self._refresh()

    @Slot()
    def _on_preview(self) -> None:
        source = self.source.toPlainText()
        self._forget_preview()
        self.preview.setEnabled(False)

        def rendered(prompt: Any) -> None:
            if source == self.source.toPlainText():
                self._tried = source
                self._show_prompt(prompt.text, prompt.special)
                announce(self, "The template works; its preview is shown")
            self._refresh()

        def failed(error: ForgeError) -> None:
            self.banner.show_error(error)
            self._refresh()

        self._errands.run(lambda: self._book.preview(source), rendered, failed, key=_KEY, lane="preview")

    def _show_prompt(self, text: str, special: tuple[tuple[int, int], ...]) -> None:
        self.shown.setPlainText(text)
        self._special = special
        self._mark()
        self._said.show()
        self.shown.show()

    def _mark(self) -> None:
        """Colour the special tokens, in the theme in force."""
        text, special = self.shown.toPlainText(), self._special
        look = QTextCharFormat()
        look.setBackground(QColor(theme.current().accent_soft))
        look.setForeground(QColor(theme.current().accent_fg))
        marks = []
        for start, end in special:
            mark = QTextEdit.ExtraSelection()
            cursor = QTextCursor(self.shown.document())
            cursor.setPosition(_units(text[:start]))
            cursor.setPosition(_units(text[:end]), QTextCursor.MoveMode.KeepAnchor)
            mark.cursor, mark.format = cursor, look
            marks.append(mark)
        self.shown.setExtraSelections(marks)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and not self.shown.isHidden():
            self._mark()

    @Slot()
    def _on_save(self) -> None:
        own = self._student is not None and self._tried == self._student.template
        self.saved.emit("" if own else self._tried)

    @Slot()
    def _on_own(self) -> None:
        self._forget_preview()
        self.saved.emit("")


def _code(name: str, *, read_only: bool) -> QPlainTextEdit:
    made = QPlainTextEdit(readOnly=read_only)
    made.setProperty("cls", "field")
    made.setAccessibleName(name)
    made.setTabChangesFocus(True)
    face = theme.font(tokens.SMALL, mono=True)
    face.setFeature(QFont.Tag("calt"), 0)  # no ligatures: what is shown must be what is read
    made.setFont(face)
    made.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    made.setFixedHeight(theme.px(180))
    return made


def _units(text: str) -> int:
    """Length as Qt counts it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
