"""Where a question is written: grows with the text, says why it cannot send, and stops a running answer."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QMimeData, QSize, Qt, Signal, Slot
from PySide6.QtGui import QActionGroup, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QFrame, QMenu, QPlainTextEdit, QSizePolicy, QWidget

from forge_desktop.ui import theme, tokens
from forge_desktop.ui.widgets.basics import (
    Button,
    ElidedLabel,
    IconLabel,
    PrimaryButton,
    column,
    label,
    row,
    set_property,
)
from forge_desktop.ui.widgets.scope_chip import ScopeChip

_LINES = 8
_LONGEST = 200_000  # characters; a paste beyond this would never fit a student's context

_ROOMY = 480  # token pixels; in a narrower composer the scope is an icon


class _Field(QPlainTextEdit):
    """The text itself. Return and Ctrl+Return are told apart here; everything else is Qt's."""

    returned = Signal(bool)
    up_when_empty = Signal()
    focused = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("cls", "bare")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFont(theme.font())
        self.setTabChangesFocus(True)
        self.document().setDocumentMargin(2)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.viewport().setAutoFillBackground(False)
        self.document().documentLayout().documentSizeChanged.connect(self._fit)
        self._fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
            if modifiers == Qt.KeyboardModifier.ShiftModifier:
                self.insertPlainText("\n")
            else:
                self.returned.emit(modifiers == Qt.KeyboardModifier.ControlModifier)
        elif event.key() == Qt.Key.Key_Up and not event.modifiers() and not self.toPlainText():
            self.up_when_empty.emit()
        else:
            super().keyPressEvent(event)

    def insertFromMimeData(self, source: QMimeData) -> None:
        """Text only, and no more than a student could ever read."""
        self.insertPlainText(source.text()[:_LONGEST])

    def focusInEvent(self, event: QEvent) -> None:
        super().focusInEvent(event)  # type: ignore[arg-type]
        self.focused.emit(True)

    def focusOutEvent(self, event: QEvent) -> None:
        super().focusOutEvent(event)  # type: ignore[arg-type]
        self.focused.emit(False)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    @Slot()
    def _fit(self, *_size: object) -> None:
        lines = min(_LINES, max(2, int(self.document().size().height())))
        self.setFixedHeight(lines * self.fontMetrics().lineSpacing() + 2 * int(self.document().documentMargin()) + 4)
        scrolls = self.document().size().height() > _LINES
        policy = Qt.ScrollBarPolicy.ScrollBarAsNeeded if scrolls else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        self.setVerticalScrollBarPolicy(policy)


class Composer(QFrame):
    """Field, choice of scope and grounding, Send or Stop. It knows no room: signals out, plain values in.

    `submitted` carries the question, `edit_cancelled` tells that an edit was given up.
    """

    submitted = Signal(str)
    stop_pressed = Signal()
    grounding_chosen = Signal(str)
    edit_last = Signal()
    edit_cancelled = Signal()
    text_changed = Signal()

    def __init__(self, groundings: Mapping[str, tuple[str, str]], parent: QWidget | None = None) -> None:
        """`groundings`: value to (label, help)."""
        super().__init__(parent)
        self.setProperty("cls", "composer")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._send_with = "ctrl_enter"
        self._writing = False
        self._reason = ""
        self._groundings = dict(groundings)
        self.field = _Field()
        self.field.setAccessibleName("Message")
        self.field.setPlaceholderText("Ask about your documents…")
        self.field.returned.connect(self._on_return)
        self.field.up_when_empty.connect(self.edit_last)
        self.field.focused.connect(self._on_focus)
        self.field.textChanged.connect(self._on_text)
        self._edit = self._edit_strip()
        self.grounding = Button("", "quote", "pill")
        self.grounding.setMenu(self._grounding_menu())
        self.scope = ScopeChip()
        self._hint = ElidedLabel("", tokens.CAPTION, cls="muted")
        self._hint.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._hint.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.send = PrimaryButton("Send", "send")
        self.send.setAccessibleName("Send message")
        self.send.clicked.connect(self._on_send)
        self.stop = Button("Stop", "circle-stop")
        self.stop.setAccessibleName("Stop the answer")
        self.stop.clicked.connect(self.stop_pressed)
        buttons = row(self.scope, self.grounding, self._hint, self.send, self.stop)
        self.setLayout(column(self._edit, self.field, buttons, gap=6, margins=(12, 10, 10, 10)))
        self.set_grounding(next(iter(self._groundings)))
        self._refresh()

    # ---------------------------------------------------------------- state in
    def text(self) -> str:
        """What is written so far."""
        return self.field.toPlainText()

    def set_text(self, text: str) -> None:
        """Replace the text; the cursor goes to its end."""
        self.field.setPlainText(text)
        cursor = self.field.textCursor()
        cursor.movePosition(cursor.MoveOperation.End)
        self.field.setTextCursor(cursor)

    def set_send_with(self, key: str) -> None:
        """The key that sends: "ctrl_enter" or "enter"."""
        self._send_with = key
        self._refresh()

    def set_writing(self, writing: bool) -> None:
        """While an answer is written, Send gives way to Stop."""
        self._writing = writing
        self._refresh()

    def set_reason(self, reason: str) -> None:
        """Why nothing can be sent now, in a sentence; empty when it can."""
        self._reason = reason
        self._refresh()

    def set_grounding(self, value: str) -> None:
        """Show which grounding holds."""
        name, help_text = self._groundings[value]
        self.grounding.setText(name)
        self.grounding.setToolTip(help_text)
        self.grounding.setAccessibleName(f"Grounding: {name}")
        for action in self._group.actions():
            action.setChecked(action.data() == value)

    def chosen_grounding(self) -> str:
        """The grounding that holds."""
        chosen = self._group.checkedAction()
        return str(chosen.data()) if chosen is not None else next(iter(self._groundings))

    def begin_edit(self, text: str) -> None:
        """Edit an earlier question: its text, and a strip that says so."""
        self._edit.show()
        self.grounding.setEnabled(False)  # the edited question keeps its own
        self.scope.setEnabled(False)
        self.set_text(text)
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)
        self.send.setText("Send again")
        self.send.setAccessibleName("Send the edited message")
        self._refresh()

    def end_edit(self) -> None:
        """Back to writing a new question."""
        self._edit.hide()
        self.grounding.setEnabled(True)
        self.scope.setEnabled(True)
        self.send.setText("Send")
        self.send.setAccessibleName("Send message")
        self._refresh()

    @property
    def editing(self) -> bool:
        """Whether an earlier question is being edited."""
        return not self._edit.isHidden()

    # ---------------------------------------------------------------- parts
    def _edit_strip(self) -> QFrame:
        cancel = Button("Cancel", "x", "link")
        cancel.setAccessibleName("Cancel editing")
        cancel.clicked.connect(self.edit_cancelled)
        words = label("Editing an earlier question. The first version is kept as a branch.", tokens.SMALL, cls="muted")
        words.setWordWrap(True)
        strip = QFrame()
        line = row(IconLabel("pencil", 14), words, cancel)
        line.setStretch(1, 1)
        strip.setLayout(line)
        strip.hide()
        return strip

    def _grounding_menu(self) -> QMenu:
        menu = QMenu(self)
        menu.setAccessibleName("Grounding")
        menu.setToolTipsVisible(True)
        self._group = QActionGroup(menu)
        for value, (name, help_text) in self._groundings.items():
            action = menu.addAction(name)
            action.setCheckable(True)
            action.setData(value)
            action.setToolTip(help_text)
            action.triggered.connect(self._on_grounding)
            self._group.addAction(action)
        return menu

    def _refresh(self) -> None:
        native = QKeySequence.SequenceFormat.NativeText
        control = QKeySequence("Ctrl+Return").toString(native).replace("Return", "Enter")
        send = control if self._send_with == "ctrl_enter" else "Enter"
        busy = "Esc stops" if self._writing else ""
        self._hint.setText(self._reason or busy or send)
        self._hint.setToolTip("" if self._reason or busy else "The key that sends; Settings has the other one")
        self.send.setVisible(not self._writing)
        self.stop.setVisible(self._writing)
        self.send.setEnabled(not self._reason and bool(self.text().strip()))
        self.send.setToolTip(self._reason or f"Send ({send})")
        self.field.setAccessibleDescription(self._reason or f"{send} sends, Shift+Enter starts a new line")

    # ---------------------------------------------------------------- slots
    @Slot()
    def _on_send(self) -> None:
        text = self.text().strip()
        if text and not self._reason and not self._writing:
            self.submitted.emit(text)

    @Slot(bool)
    def _on_return(self, control: bool) -> None:
        if control == (self._send_with == "ctrl_enter"):
            self._on_send()
        else:
            self.field.insertPlainText("\n")

    @Slot(bool)
    def _on_focus(self, focused: bool) -> None:
        set_property(self, "focus", "1" if focused else "")

    @Slot()
    def _on_text(self) -> None:
        self._refresh()
        self.text_changed.emit()

    @Slot()
    def _on_grounding(self) -> None:
        chosen = self._group.checkedAction()
        if chosen is not None:
            self.set_grounding(str(chosen.data()))
            self.grounding_chosen.emit(str(chosen.data()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.scope.set_compact(event.size().width() < theme.px(_ROOMY))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(236), super().minimumSizeHint().height())
