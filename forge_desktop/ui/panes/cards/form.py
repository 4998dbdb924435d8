"""The form of a card: a frame for each section, built when it comes into sight."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping

from PySide6.QtCore import QPoint, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QFrame, QScrollArea, QWidget

from forge_desktop.cards import fields as known
from forge_desktop.cards.records import Card, Kind
from forge_desktop.ui import theme
from forge_desktop.ui.panes.cards.field_row import FieldRow
from forge_desktop.ui.panes.cards.section_frame import SectionFrame
from forge_desktop.ui.panes.cards.views import View
from forge_desktop.ui.widgets.basics import column

_AHEAD = 60  # pixels below what is seen in which sections are built already
_LAID_OUT_MS = 20  # until a section has its height, and the next one its place
_AIMING_MS = 1500  # for so long what is above a field may still find its height
_REPLACING = frozenset({"undo", "redo", "taken back", "measured", "applies", "not applicable"})  # of a View's `why`
_TWO = 520  # pixels of width from which on fields stand in two columns


class CardForm(QScrollArea):
    """Shows a card. `typed` carries a field's key, `asked` what a button asks for and the key, `section_changed` the
    section that is seen. `made` carries each FieldRow once it is there.
    """

    typed = Signal(str)
    asked = Signal(str, str)
    section_changed = Signal(str)
    made = Signal(object)

    def __init__(self, after: QWidget) -> None:
        """`after` is what the keyboard comes from."""
        super().__init__()
        self._after = after
        self.setAccessibleName("Form of the card")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.sections: dict[str, SectionFrame] = {}
        self._kind: Kind | None = None
        self._card: Card | None = None
        self._problems: Mapping[str, str] = {}
        self._locked, self._section = False, ""
        self._aim: QWidget | None = None
        self._later = QTimer(self, singleShot=True)
        self._later.timeout.connect(self._build_seen)
        self._aiming = QTimer(self, singleShot=True, interval=_AIMING_MS)
        self._aiming.timeout.connect(self._miss)
        self.verticalScrollBar().valueChanged.connect(self._on_scrolled)
        self.verticalScrollBar().rangeChanged.connect(self._on_range)
        self.verticalScrollBar().actionTriggered.connect(self._miss)  # by a person, never by the program
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.focusChanged.connect(self._on_focus)

    def show_card(self, card: Card, problems: Mapping[str, str], *, locked: bool) -> None:
        """Show a card as it is now; another one from its beginning."""
        other = self._card is None or self._card.uid != card.uid
        self._card, self._problems, self._locked = card, problems, locked
        if card.kind != self._kind:
            self._start(card.kind)
        if other:
            self.forget_typed()
            self.verticalScrollBar().setValue(0)
        for section in self.sections.values():
            if section.built:
                self._show(section)
        self._build_soon()

    def section(self) -> str:
        """The section that is seen."""
        return self._section

    def row(self, key: str) -> FieldRow | None:
        """A field's row, built now if need be; None when the card has no such field."""
        section = next((s for s in self.sections.values() if any(field.key == key for field in s.fields)), None)
        if section is None or self._card is None:
            return None
        if section.reveal(key) or not section.built:
            self._show(section)
        return section.rows[key]

    def rows(self) -> list[FieldRow]:
        """Those that are built."""
        return [made for section in self.sections.values() for made in section.rows.values()]

    def go_to(self, key: str) -> None:
        """Show a section's beginning, or a field, with the cursor in it."""
        made = self.row(key)
        target: QWidget | None = made or self.sections.get(key)
        if target is None:
            return
        self._build_down_to(target)
        content = self.widget()
        assert content is not None
        content.adjustSize()
        self._aim = target
        self._scroll_to_aim()
        self._aiming.start()
        if made is None:
            self._say_section(key)
        else:
            made.take_focus(Qt.FocusReason.ShortcutFocusReason)

    @Slot()
    def _scroll_to_aim(self) -> None:
        target, content = self._aim, self.widget()
        if target is None or content is None or not content.isAncestorOf(target):
            return
        top, bar = target.mapTo(content, QPoint(0, 0)).y(), self.verticalScrollBar()
        if isinstance(target, SectionFrame):
            bar.setValue(max(0, top - 14))
        elif not bar.value() <= top <= bar.value() + self.viewport().height() - target.height():
            bar.setValue(max(0, top - 60))

    @Slot()
    def _on_range(self, *_range: int) -> None:
        self._scroll_to_aim()
        self._build_soon()

    @Slot()
    def _miss(self, _action: int = 0) -> None:
        self._aim = None

    def settle(self, view: View, awaits: Callable[[str], bool]) -> None:
        """What was taken in is no longer being typed; what came otherwise replaces what stands in the fields, but for
        those that one `awaits`.
        """
        for made in self.rows():
            typed = view.taken.get(made.field.key)
            if typed is not None and made.input.value() == typed:
                made.dirty = made.field.key in view.refused
                made.kept = not made.dirty
            elif view.why != "typed":
                made.kept = False
                if view.why in _REPLACING:
                    made.dirty = awaits(made.field.key)

    def forget_typed(self) -> None:
        """What is being typed is taken in, or is of another card."""
        for made in self.rows():
            made.dirty = False

    def _start(self, kind: Kind) -> None:
        self._kind, self._aim = kind, None  # what was aimed at goes with the sections
        self._aiming.stop()
        self.sections = {}
        for key, title in known.SECTIONS:
            section = SectionFrame(key, title, kind)
            if section.fields:
                section.typed.connect(self.typed)
                section.asked.connect(self._on_asked)
                section.made.connect(self.made)
                section.placed.connect(self._chain)
                self.sections[key] = section
        content = QWidget()
        content.setProperty("cls", "flow")
        content.setLayout(column(*self.sections.values(), None, gap=14, margins=(0, 18, 16, 24)))
        self.setWidget(content)
        self._section = next(iter(self.sections), "")

    def _show(self, section: SectionFrame) -> None:
        assert self._card is not None
        section.set_wide(wide=self.viewport().width() >= theme.px(_TWO))
        section.show_card(self._card, self._problems, locked=self._locked)

    @Slot()
    def _chain(self) -> None:
        """Have Tab go through the fields in the order in which they are seen, whichever was made first."""
        parts = [self._after, *(part for section in self.sections.values() for part in section.chain())]
        for before, after in itertools.pairwise(parts):
            QWidget.setTabOrder(before, after)

    def _build_down_to(self, target: QWidget) -> None:
        for section in self.sections.values():
            if not section.built:
                self._show(section)
            if section is target or section.isAncestorOf(target):
                return

    def _build_soon(self) -> None:
        if not self._later.isActive():  # it may be waiting for a layout
            self._later.start(0)

    @Slot()
    def _build_seen(self) -> None:
        """Build the next section that is in sight, one a turn, so that keys get through between them."""
        if self._card is None:
            return
        bottom = self.verticalScrollBar().value() + self.viewport().height() + _AHEAD
        for section in self.sections.values():
            if not section.built and section.y() < bottom:
                self._show(section)
                self._later.start(_LAID_OUT_MS)
                return

    @Slot()
    def _on_scrolled(self) -> None:
        self._build_soon()
        if isinstance(self._aim, SectionFrame):
            return  # the section that was asked for, though it may be too low to stand on top
        top = self.verticalScrollBar().value() + theme.px(80)
        seen = [key for key, section in self.sections.items() if section.y() <= top]
        if self.verticalScrollBar().value() == self.verticalScrollBar().maximum() and self.sections:
            seen = seen or list(self.sections)[:1]
        self._say_section(seen[-1] if seen else next(iter(self.sections), ""))

    def _say_section(self, key: str) -> None:
        if key != self._section:
            self._section = key
            self.section_changed.emit(key)

    @Slot(str, str)
    def _on_asked(self, what: str, key: str) -> None:
        if what == "more":
            self._show(self.sections[key])
        else:
            self.asked.emit(what, key)

    @Slot(QWidget, QWidget)
    def _on_focus(self, _old: QWidget | None, now: QWidget | None) -> None:
        """Whatever takes the keyboard comes into sight; what is clicked is seen already."""
        held = QApplication.mouseButtons() != Qt.MouseButton.NoButton
        if now is not None and self._aim is None and not held and self.isAncestorOf(now):
            self.ensureWidgetVisible(now, 0, _AHEAD)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Build the section after the one that holds the focus, so that Tab goes on into it."""
        self._miss()
        if self._card is not None:
            waiting = False
            for section in self.sections.values():
                if waiting and not section.built:
                    self._show(section)
                    break
                waiting = section.built
        return super().focusNextPrevChild(forward)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._miss()
        super().wheelEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        wide = self.viewport().width() >= theme.px(_TWO)
        for section in self.sections.values():
            section.set_wide(wide=wide)
        self._build_soon()
