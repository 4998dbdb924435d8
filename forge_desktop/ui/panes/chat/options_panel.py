"""The options of one conversation, in the end panel: what shapes its answers, and where each value comes from."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from forge_desktop.chat.options import CHOOSING, FIELDS, Preset, Resolved
from forge_desktop.ui import tokens
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.option_desk import OptionDesk
from forge_desktop.ui.widgets.basics import Banner, Button, IconButton, Notice, column, frame, label, row
from forge_desktop.ui.widgets.option_form import OptionForm

if TYPE_CHECKING:
    from forge_desktop.chat.option_book import OptionBook

ORIGINS = {
    "settings": "from Settings",
    "file": "from the student's file",
    "version": "from the student's version",
    "preset": "from the preset",
    "student": "the student's",
    "conversation": "this conversation's",
}
_KEY = "options"


class OptionsPanel(QFrame):
    """Shows and changes the options of a conversation; of one that does not exist yet it keeps them in `pending`.

    `shown` comes whenever others are in force: with the preset's name, and whether the conversation has options of its
    own.
    """

    closed = Signal()
    noticed = Signal(object)
    shown = Signal(str, bool)

    def __init__(self, book: OptionBook, errands: Errands, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Answer options")
        self._book, self._errands = book, errands
        self._conversation: int | None = None
        self._resolved: Resolved | None = None
        self.pending: dict[str, Any] = {}
        close = IconButton("x", "Close options", "Close options (Esc)")
        close.clicked.connect(self.closed)
        head = row(label("Answer options", tokens.SUBTITLE, 600), None, close, margins=(18, 10, 10, 0))
        self._about = label("", tokens.SMALL, cls="muted", wrap=True)
        self.banner = Banner()
        fields = [made for made in FIELDS.values() if made.metadata["group"] != "Student"]
        self.form = OptionForm(fields, advanced="Choice of words", back="the student's")
        self._desk = OptionDesk(book, errands, self.form, self.banner, ORIGINS)
        self.form.changed.connect(self._on_changed)
        picker = self.form.presets
        picker.save_wanted.connect(self._on_save)
        picker.rename_wanted.connect(self._on_rename)
        picker.delete_wanted.connect(self._on_delete)
        self.reset = Button("Reset to the student's", "undo-2")
        self.reset.clicked.connect(self._on_reset)
        content = QWidget()
        content.setProperty("cls", "flow")
        content.setLayout(column(self.banner, self.form, None, gap=tokens.MD, margins=(18, 8, 10, 18)))
        area = QScrollArea()
        area.setAccessibleName("Options")
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(content)
        foot = frame("foot", row(self.reset, None, margins=(18, 10, 18, 10)))
        about = row(self._about, margins=(18, 0, 18, 4))
        whole = column(head, about, area, foot, gap=0)
        whole.setStretch(2, 1)
        self.setLayout(whole)

    def show_conversation(self, conversation_id: int | None) -> None:
        """Show another conversation's options; None is one that does not exist yet."""
        if conversation_id != self._conversation:
            self.form.flush()
            self.form.forget()
            self._conversation, self.pending = conversation_id, {}
            self.banner.clear()
        self.refresh()

    def became(self, conversation_id: int | None) -> None:
        """The conversation that did not exist yet does now, and holds what was pending."""
        self._conversation, self.pending = conversation_id, {}
        self.refresh()

    @property
    def conversation_id(self) -> int | None:
        """Whose options are shown; None for a conversation that does not exist yet."""
        return self._conversation

    def refresh(self) -> None:
        """Read what is in force anew."""
        here, pending = self._conversation, dict(self.pending)
        self._errands.run(
            lambda: (self._book.resolved(here, pending), self._book.presets()),
            lambda found: self._show(*found),
            key=_KEY,
        )

    def focus_content(self) -> None:
        """Put the cursor into the first field."""
        self.form.presets.field.setFocus(Qt.FocusReason.TabFocusReason)

    def _show(self, resolved: Resolved, presets: list[Preset]) -> None:
        self._resolved = resolved
        own = bool(resolved.own)
        self._about.setText(
            "This conversation has options of its own."
            if own
            else "The student's options. What you change here holds for this conversation only."
        )
        self.reset.setEnabled(own)
        self.shown.emit(self._desk.show(resolved, presets), own)

    @Slot(dict)
    def _on_changed(self, changes: dict[str, Any]) -> None:
        here = self._conversation
        if here is not None:
            self._desk.do(partial(self._book.change, here, changes), tuple(changes))
            return
        if "preset" in changes:
            self.pending = {key: value for key, value in self.pending.items() if key not in CHOOSING}
        self.pending |= changes
        self.pending = {key: value for key, value in self.pending.items() if value is not None}
        self.refresh()

    @Slot()
    def _on_reset(self) -> None:
        self.form.forget()
        here = self._conversation
        if here is not None:
            self._desk.do(partial(self._book.reset, here))
            return
        self.pending = {}
        self.refresh()

    @Slot(str)
    def _on_save(self, name: str) -> None:
        if self._resolved is None:
            return
        self.form.flush()
        values, here = self._resolved.choosing(), self._conversation

        def save() -> None:
            preset = self._book.save_preset(name, values)
            if here is not None:
                self._book.change(here, {"preset": preset.key})

        if here is None:
            self.pending = {key: value for key, value in self.pending.items() if key not in CHOOSING}
            self.pending["preset"] = name
        self._desk.do(save)
        self.noticed.emit(Notice(f"Saved as {name}", icon="save"))

    @Slot(str, str)
    def _on_rename(self, name: str, new: str) -> None:
        if self.pending.get("preset") == name:
            self.pending["preset"] = new
        self._desk.do(partial(self._book.rename_preset, name, new))

    @Slot(str)
    def _on_delete(self, name: str) -> None:
        preset = self._desk.preset(name)
        if preset is None:
            return
        if self.pending.get("preset") == preset.key:
            self.pending = {**preset.values, **self.pending}
            del self.pending["preset"]
        self.noticed.emit(self._desk.delete(preset))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)
