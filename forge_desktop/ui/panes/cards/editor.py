"""One card, open: its sections, the form, the source and the preview beside each other, all of them in step."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget

from forge_desktop.cards.fields import BY_KEY
from forge_desktop.cards.records import Problem, TextOutcome
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.panes.cards.beside import PREVIEW, Beside, least_width
from forge_desktop.ui.panes.cards.card_notes import CardNotes, notes_of, state_mark
from forge_desktop.ui.panes.cards.desk import CardDesk
from forge_desktop.ui.panes.cards.field_finder import FieldFinder
from forge_desktop.ui.panes.cards.field_row import FieldRow
from forge_desktop.ui.panes.cards.following import Following
from forge_desktop.ui.panes.cards.form import CardForm
from forge_desktop.ui.panes.cards.preview import Preview
from forge_desktop.ui.panes.cards.sections import SectionsPanel
from forge_desktop.ui.panes.cards.source import SourceView
from forge_desktop.ui.panes.cards.undo_keys import UndoKeys
from forge_desktop.ui.panes.cards.views import View
from forge_desktop.ui.panes.cards.why_sheet import WhySheet
from forge_desktop.ui.panes.cards.words import SOURCE
from forge_desktop.ui.widgets.basics import Button, IconButton, Pill, column, frame, row
from forge_desktop.ui.widgets.segments import Segments

_MODES = (("form", "Form"), ("source", "Source"), ("both", "Both"))
_SECTIONS = 202  # pixels that they take


class CardEditor(QWidget):
    """Shows what the desk has, and tells it what is typed. `left` when the list is wanted."""

    left = Signal()
    publish_pressed = Signal()
    fill_pressed = Signal()
    held = Signal()  # somebody types into what is locked

    def __init__(self, desk: CardDesk) -> None:
        super().__init__()
        self.desk = desk
        self._wants_preview: bool | None = None  # None: where there is room
        self._field = ""
        self._said_held = False
        self.keys = UndoKeys(self)
        self.keys.held.connect(self._on_held)
        self.keys.undo.connect(lambda: self.step("undo"))
        self.keys.redo.connect(lambda: self.step("redo"))
        self._build()
        desk.shown.connect(self._on_shown)
        self.form.typed.connect(self._on_typed)
        self.form.asked.connect(self._on_asked)
        self.form.made.connect(self._on_made)
        self.form.section_changed.connect(self.sections.show_section)
        self.sections.wanted.connect(self.go_to)
        self.source.typed.connect(desk.type_text)
        self.finder.taken.connect(self.sections.take)
        self.notes.asked.connect(self._on_note)
        self.keys.watch(self.source.text, self.sections.finder, self.finder.line)
        self.following = Following(self.form, self.source, self.preview, self)

    def listen(self, place: QWidget) -> None:
        """Take Alt with a number, and the key back to the list, wherever in `place` the keyboard is."""
        for number, (key, _) in enumerate(_MODES, 1):
            self._shortcut(place, QKeySequence(f"Alt+{number}"), partial(self.show_mode, key))
        self._shortcut(place, QKeySequence(QKeySequence.StandardKey.Back), self.left.emit)

    def _shortcut(self, place: QWidget, keys: QKeySequence, act: Callable[[], None]) -> None:
        made = QShortcut(keys, place)
        made.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        made.activated.connect(lambda: act() if self.isVisible() else None)

    def start(self, field: str = "") -> None:
        """Another card is about to be shown, and there perhaps a field."""
        self._field = field
        self.source.forget_typed()
        self.setEnabled(False)  # until it is read

    def show_mode(self, key: str) -> None:
        """Form, source, or both."""
        self.finder.leave()
        self.modes.choose(key)
        self._arrange()
        focus = self.source.text if key == "source" else None
        if focus is not None:
            focus.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def go_to(self, key: str) -> None:
        """Show a section or a field in the form, or where the source cannot be taken in."""
        if key == SOURCE:
            if self.source.isHidden():
                self.show_mode("source")
            self.source.go_to_problem()
            return
        if self.modes.key() == "source":
            self.show_mode("form")
        self.form.go_to(key)

    def search(self) -> QLineEdit:
        """What leads to a field: beside the form, or above what there is room for."""
        return self.sections.finder if self.sections.isVisible() else self.finder.open()

    def step(self, what: str) -> None:
        """Undo, or redo, over the whole card; what is typed and not kept goes first, that under the cursor before."""
        self.source.flush()
        focus = QApplication.focusWidget()
        held = next((made for made in self.form.rows() if focus is not None and made.input.isAncestorOf(focus)), None)
        self.desk.step(what, held.field.key if held is not None else "")

    def problems(self) -> dict[str, str]:
        """What is wrong, by field: what was refused while typing, and what a check finds."""
        view = self.desk.view
        if view is None:
            return {}
        found = {problem.field: problem.message for problem in view.report.problems if problem.field in BY_KEY}
        return found | self.desk.refused_here()

    def focus_first(self) -> None:
        """Put the keyboard where one can go on from."""
        button = next((b for b in self.sections.buttons.values() if b.isVisible()), None)
        (button or self.back).setFocus(Qt.FocusReason.TabFocusReason)

    def _build(self) -> None:
        self.back = Button("All cards", "chevron-left", "link")
        self.back.setToolTip(QKeySequence(QKeySequence.StandardKey.Back).toString(_NATIVE))
        self.back.clicked.connect(self.left)
        self.state = Pill("Draft", "mute", "pencil", tokens.CAPTION)
        self.modes = Segments(_MODES, "How the card is shown")
        self.modes.setToolTip("Alt+1, Alt+2, Alt+3")
        self.modes.chosen.connect(lambda _key: self._arrange())
        self.undo = IconButton("undo-2", "Undo the last change of the card", f"Undo ({_keys('Undo')})")
        self.undo.clicked.connect(lambda: self.step("undo"))
        self.redo = IconButton("redo-2", "Make the change again", f"Redo ({_keys('Redo')})")
        self.redo.clicked.connect(lambda: self.step("redo"))
        self.previewing = IconButton("panel-right", "Preview", checkable=True)
        self.previewing.clicked.connect(self._on_previewing)
        self.publish = Button("Publish", "shield-check")
        self.publish.setToolTip("Number this state of the card and lock it")
        self.publish.clicked.connect(self.publish_pressed)
        self.reopen = Button("Reopen", "pencil")
        self.reopen.setToolTip("Begin the next draft")
        self.reopen.clicked.connect(lambda: self.desk.act("reopen"))
        self.reopen.hide()
        bar = row(
            self.back, self.state, None, self.modes, self.previewing, 6, self.undo, self.redo, 6, self.publish,
            self.reopen, gap=6, margins=(16, 6, 20, 6),
        )  # fmt: skip
        self.sections = SectionsPanel()
        self.form = CardForm(self.sections.checklist)
        self.source = SourceView()
        self.preview = Preview()
        self.split = Beside(self.form, self.source, self.preview)
        body = row(self.sections, 8, self.split, gap=0)
        body.setStretch(2, 1)
        self.notes = CardNotes()
        content = column(frame("head", bar), self.notes, body, gap=0)
        content.setStretch(2, 1)
        self.setLayout(content)
        self.finder = FieldFinder(self.sections.titles, self, self.split)
        self._arrange()

    def _arrange(self) -> None:
        """Show what there is room for: sections give way first where the preview is wanted, else the preview."""
        mode, width = self.modes.key(), self.width()
        least, sections, preview = least_width(mode), theme.px(_SECTIONS), theme.px(PREVIEW)
        roomy = width - least - sections >= preview
        shows = roomy if self._wants_preview is None else self._wants_preview
        self.previewing.setChecked(shows)
        self.sections.setVisible(mode != "source" and width - least - (preview if shows else 0) >= sections)
        there = width - (sections if self.sections.isVisibleTo(self) else 0)
        self.split.arrange(mode, there, preview=shows)
        self._show_notes()

    @Slot(object)
    def _on_shown(self, view: View) -> None:
        self.setEnabled(True)
        locked, opened = view.locked, view.why == "opened"
        card = view.card
        self.state.show_state(*state_mark(view))
        self._said_held &= locked
        self.publish.setVisible(not locked)
        self.reopen.setVisible(locked)
        kept_back = self.desk.kept_back
        self.undo.setEnabled(not locked and (card.can_undo or self.desk.busy() or bool(kept_back.of(card.uid))))
        self.redo.setEnabled(not locked and (card.can_redo or kept_back.can_redo(card.uid)))
        if opened:
            self.preview.start_over()
            self.sections.show_section(self.form.section() or "identity")
        self.form.settle(view, self.desk.awaits)
        problems = self.problems()
        self.form.show_card(card, problems, locked=locked)
        for made in self.form.rows():
            self._restore(made)
        self.sections.show_card(card, view.report, problems)
        self.source.lock(locked=locked)
        unwritten = self.desk.text_here()
        if unwritten is None:
            self.source.show_text(view.markdown)
        else:
            self.source.show_unwritten(unwritten.text, unwritten.since)
        if card.broken is not None or view.why != "source":
            self.source.show_outcome(TextOutcome(False, card.problem) if card.broken is not None else None)
        if view.outcome is not None:
            self.source.show_outcome(view.outcome)
        if unwritten is not None:
            words = f"What was typed here is not in the card. {unwritten.said}"
            self.source.show_outcome(TextOutcome(False, Problem("", words)))
        self._show_notes()
        self.preview.show_text(view.preview)
        if opened:
            self.sections.show_section(self.form.section() or "identity")
            if self._field:
                self.go_to(self._field)
            self._field = ""

    def _restore(self, made: FieldRow) -> None:
        """What was typed and refused stands in its field again."""
        uid = self.desk.view.card.uid if self.desk.view is not None else ""
        refused = self.desk.kept_back.of(uid).get(made.field.key)
        if refused is not None and not made.dirty:
            made.input.shows(refused.data, refused.unit)
            made.dirty = True

    @Slot(str)
    def _on_typed(self, key: str) -> None:
        made = self.form.row(key)
        if made is not None:
            data, unit = made.input.value()
            self.desk.type_field(key, data, unit)
            self.undo.setEnabled(True)

    @Slot(object)
    def _on_made(self, made: FieldRow) -> None:
        self._restore(made)
        self.keys.watch(*(part for part in made.input.parts() if part.focusPolicy() & Qt.FocusPolicy.TabFocus))

    @Slot(str, str)
    def _on_asked(self, what: str, key: str) -> None:
        if what == "not applicable":
            sheet = WhySheet(BY_KEY[key].title, self.window())
            sheet.said.connect(lambda why: self.desk.act(what, key, why))
            sheet.open()
        elif what == "fill":
            self.fill_pressed.emit()
        else:
            self.desk.act(what, key)

    def _show_notes(self) -> None:
        view = self.desk.view
        source = not self.source.isHidden()
        self.notes.show_notes([] if view is None else notes_of(view, self.desk.text_here(), source=source))

    @Slot(str)
    def _on_note(self, what: str) -> None:
        self.go_to(what) if what == SOURCE else self.desk.act(what)

    @Slot()
    def _on_held(self) -> None:
        if not self._said_held and self.desk.view is not None and self.desk.view.locked:
            self._said_held = True  # once is enough
            self.held.emit()

    @Slot(bool)
    def _on_previewing(self, wanted: bool) -> None:
        self._wants_preview = wanted
        self._arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()


_NATIVE = QKeySequence.SequenceFormat.NativeText


def _keys(name: str) -> str:
    return QKeySequence(getattr(QKeySequence.StandardKey, name)).toString(_NATIVE)
