"""The card in a student's details that says how it answers: its own preset, instructions and chat template."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFrame, QWidget

from forge_desktop.chat.options import FIELDS, Preset, Resolved
from forge_desktop.students.records import Student
from forge_desktop.ui import tokens
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.option_desk import OptionDesk
from forge_desktop.ui.panes.students.template import TemplateEditor
from forge_desktop.ui.widgets.basics import Banner, Button, Notice, column, frame, label, row
from forge_desktop.ui.widgets.option_form import OptionForm

if TYPE_CHECKING:
    from forge_desktop.chat.option_book import OptionBook

_ORIGINS = {
    "settings": "from Settings",
    "file": "from its file",
    "version": "from its version",
    "preset": "from the preset",
    "student": "this student's",
    "conversation": "",
}
_KEY = "student options"


class StudentOptions(QFrame):
    """Folded until asked. What is changed here holds for every conversation that does not say otherwise."""

    noticed = Signal(object)

    def __init__(self, book: OptionBook, errands: Errands) -> None:
        super().__init__()
        self.setProperty("cls", "card")
        self._book, self._errands = book, errands
        self._student: Student | None = None
        self._resolved: Resolved | None = None
        self._summary = label("", tokens.SMALL, cls="muted", wrap=True)
        self._toggle = Button("Show options", "chevron-right", "link")
        self._toggle.clicked.connect(self._on_toggle)
        self.banner = Banner()
        fields = [made for made in FIELDS.values() if made.metadata["group"] != "Student"]
        self.form = OptionForm(fields, advanced="Choice of words", back="what its file and Settings say")
        self._desk = OptionDesk(book, errands, self.form, self.banner, _ORIGINS)
        self.form.changed.connect(self._on_changed)
        picker = self.form.presets
        picker.save_wanted.connect(self._on_save)
        picker.rename_wanted.connect(lambda name, new: self._desk.do(partial(book.rename_preset, name, new)))
        picker.delete_wanted.connect(self._on_delete)
        self.reset = Button("Reset to its file and Settings", "undo-2")
        self.reset.clicked.connect(self._on_reset)
        self.template = TemplateEditor(book, errands)
        self.template.saved.connect(self._on_template)
        parts = (self.banner, self.form, row(self.reset, None), frame("line"), self.template)
        self._body = QWidget()
        self._body.setLayout(column(*parts, gap=tokens.MD))
        self._body.hide()
        head = row(column(label("How it answers", tokens.BODY, 600), self._summary, gap=2), self._toggle)
        head.setStretch(0, 1)
        self.setLayout(column(head, self._body, gap=tokens.MD, margins=(18, 14, 18, 14)))

    def show_student(self, student: Student) -> None:
        """Show another student, or the same one with what is stored of it by now."""
        if self._student is not None and self._student.sha256 != student.sha256:
            self.form.flush()
            self.form.forget()
            self.banner.clear()
            self._errands.outdate(_KEY)
        self._student = student
        self.template.show_student(student)
        self.refresh()

    def refresh(self) -> None:
        """Read what is in force anew."""
        student = self._student
        if student is None:
            return
        self._errands.run(
            lambda: (self._book.of_student(student.sha256, student.path), self._book.presets()),
            lambda found: self._show(*found),
            key=_KEY,
        )

    def _show(self, resolved: Resolved, presets: list[Preset]) -> None:
        self._resolved = resolved
        options = resolved.options
        self.reset.setEnabled(bool(resolved.own - {"template"}))
        self.template.show_override(options.template)
        said = [self._desk.show(resolved, presets), f"temperature {options.temperature:g}"]
        said += ["own instructions"] if options.system_prompt else []
        said += ["a chat template of its own"] if options.template else []
        self._summary.setText(" · ".join(said))

    @Slot()
    def _on_toggle(self) -> None:
        opened = self._body.isHidden()
        self._body.setVisible(opened)
        self._toggle.setText("Hide options" if opened else "Show options")
        self._toggle.set_icon("chevron-down" if opened else "chevron-right")

    @Slot(dict)
    def _on_changed(self, changes: dict[str, Any]) -> None:
        if self._student is not None:
            self._desk.do(partial(self._book.change_student, self._student.sha256, changes), tuple(changes))

    @Slot()
    def _on_reset(self) -> None:
        self.form.forget()
        if self._student is not None:
            self._desk.do(partial(self._book.reset_student, self._student.sha256))

    @Slot(str)
    def _on_save(self, name: str) -> None:
        student, resolved = self._student, self._resolved
        if student is None or resolved is None:
            return
        self.form.flush()

        def save() -> None:
            preset = self._book.save_preset(name, resolved.choosing())
            self._book.change_student(student.sha256, {"preset": preset.key})

        self._desk.do(save)

    @Slot(str)
    def _on_delete(self, name: str) -> None:
        if (preset := self._desk.preset(name)) is not None:
            self.noticed.emit(self._desk.delete(preset))

    @Slot(str)
    def _on_template(self, source: str) -> None:
        self._on_changed({"template": source or None})
        words = "The chat template is in use" if source else "The chat template of its file is in use again"
        self.noticed.emit(Notice(words, icon="circle-check"))
