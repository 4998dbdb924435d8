"""The pane itself: the list of cards, and behind it the editor of the one that was opened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Slot
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QHideEvent
from PySide6.QtWidgets import QLineEdit, QStackedWidget, QWidget

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import DataChanged
from forge_desktop.cards.records import Card, CardEntry
from forge_desktop.ui import tokens
from forge_desktop.ui.bridge import Bridge
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.panes import Pane
from forge_desktop.ui.panes.cards.actions import CardActions
from forge_desktop.ui.panes.cards.desk import CardDesk
from forge_desktop.ui.panes.cards.editor import CardEditor
from forge_desktop.ui.panes.cards.heads import CardHeads
from forge_desktop.ui.panes.cards.listing import ListPage
from forge_desktop.ui.panes.cards.open_card import OpenCard
from forge_desktop.ui.panes.cards.unkept import in_words
from forge_desktop.ui.panes.cards.views import View
from forge_desktop.ui.panes.cards.words import SOURCE
from forge_desktop.ui.widgets.basics import Banner, Notice, column
from forge_desktop.ui.widgets.inset import Inset
from forge_desktop.ui.widgets.words import count_words

if TYPE_CHECKING:
    from forge_desktop.forge import Forge

_LIST = "cards"
_LOCKED = "This card is published and locked. Reopen begins its next draft."


class CardsPane(Pane):
    """Model cards: what each student, teacher and embedder is for, how well it does, and what of it is stale."""

    key, title, icon = "cards", "Cards", "id-card"

    def __init__(self, forge: Forge, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(forge, bridge, parent)
        self.errands = errands = Errands(forge.jobs, bridge, self)
        self.desk = CardDesk(forge.cards, errands, self)
        self.actions_of = CardActions(forge, bridge, errands, self)
        self._focus_editor = False
        self._later = QTimer(self, singleShot=True, interval=300)  # many writes at once are one reading
        self._later.timeout.connect(self.refresh)
        self.setAcceptDrops(True)
        self._build()
        self._connect()

    def shown(self) -> None:
        self.refresh()
        self.desk.refresh()

    def commands(self) -> dict[str, Callable[[], None]]:
        """Besides "list": "new" a card, "import" one, "compare" those chosen, "undo" and "redo" in the open one."""
        acting = self.actions_of
        return {
            "list": self.show_list,
            "new": acting.new_card,
            "import": acting.bring_in,
            "compare": self._on_compare,
            "undo": lambda: self._step("undo"),
            "redo": lambda: self._step("redo"),
        }

    def receive(self, command: str, value: object) -> None:
        """ "compare" with uids of cards, "open" with one."""
        if command == "compare" and isinstance(value, list | tuple):
            self.actions_of.compare([str(uid) for uid in value])
        elif command == "open" and isinstance(value, str):
            self.open_card(value)

    def go_to(self, part: str, place: str) -> None:
        """ "card": open one by its uid, or by its version's or endpoint's; "uid#field" goes on to a field. "fill" opens
        one and fills it in.
        """
        if part in ("card", "fill") and place:
            name, _, field = place.partition("#")
            self.open_card(name, field)
            if part == "fill":
                self.actions_of.fill_named(name)
        else:
            self.show_list()

    def search(self) -> QLineEdit | None:
        return self.listed.filter if self._stack.currentIndex() == 0 else self.editor.search()

    def unfinished(self) -> str:
        names = {entry.uid: entry.label or entry.name for entry in self.listed.entries()}
        if (card := self.card()) is not None:
            names[card.uid] = card.label or card.name
        return in_words(self.desk.unkept(), names)

    def open_card(self, name: str, field: str = "") -> None:
        """Open a card by its uid, its subject's or its name, and there go to a field."""
        self.banner.clear()
        self.editor.source.flush()
        self.editor.start(field)
        self.desk.open(name)
        self._show_page(1)

    def show_list(self) -> None:
        """Go back to the list."""
        uid = self.card_uid()
        self.opened.leave()
        self.editor.source.flush()
        self.desk.close()
        self._show_page(0)
        self.listed.list.choose(uid)
        if self.isVisible():
            self.listed.list.setFocus()

    def card(self) -> Card | None:
        """The card that is open."""
        return self.desk.view.card if self.desk.view is not None else None

    def card_uid(self) -> str:
        """The uid of the card that is open, "" for none."""
        card = self.card()
        return card.uid if card is not None else ""

    @Slot()
    def refresh(self) -> None:
        """Read the list again."""
        self.errands.run(self.forge.cards.entries, self._show_entries, self.trouble, key=_LIST)

    @Slot(object)
    def trouble(self, error: ForgeError) -> None:
        """Say what did not work."""
        self.opened.leads_to("")
        self.banner.show_error(error, mend=True)

    def _build(self) -> None:
        self.banner = Banner()
        self.listed = ListPage()
        self.editor = CardEditor(self.desk)
        self.heads = CardHeads()
        self.opened = OpenCard(self)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.listed)
        self._stack.addWidget(self.editor)
        progress = Inset(self.actions_of.progress, (tokens.XL, 10, 20, 6))
        banner = Inset(self.banner, (tokens.XL, 10, 20, 6))
        page = column(self.heads, banner, progress, self._stack, gap=0)
        page.setStretch(3, 1)
        self.setLayout(page)

    def _connect(self) -> None:
        acting, desk = self.actions_of, self.desk
        self.bridge.data_changed.connect(self._on_data_changed)
        self.listed.opened.connect(self._on_opened)
        self.listed.chosen_changed.connect(self._on_chosen)
        self.listed.empty.acted.connect(lambda: self.wants_pane.emit("students"))
        self.editor.left.connect(self.show_list)
        self.editor.publish_pressed.connect(self.opened.publish)
        self.editor.fill_pressed.connect(lambda: self.opened.do(acting.fill))
        self.editor.held.connect(lambda: self.notice.emit(Notice(_LOCKED, icon="info")))
        self.editor.listen(self)
        self.editor.preview.copied.connect(lambda words: self.notice.emit(Notice(words, icon="copy")))
        desk.shown.connect(self._on_shown)
        desk.saved.connect(self.opened.saved)
        desk.failed.connect(self._on_failed)
        desk.gone.connect(self._on_gone)
        acting.notice.connect(self.notice)
        acting.failed.connect(self.trouble)
        acting.said.connect(self._on_said)
        acting.opens.connect(self.open_card)
        acting.arrived.connect(self._on_arrived)
        acting.removed.connect(self._on_removed)
        acting.field_wanted.connect(self.open_card)
        self.banner.acted.connect(self.opened.go)
        for button, run in (
            (self.heads.bring, acting.bring_in),
            (self.heads.new, acting.new_card),
            (self.heads.compare, self._on_compare),
            (self.heads.copy, self.opened.copy),
            (self.heads.check, self.opened.check),
            (self.heads.fill, lambda: self.opened.do(acting.fill)),
            (self.heads.export, lambda: self.opened.do(acting.export)),
            (self.heads.more, self.opened.more),
        ):
            button.clicked.connect(lambda _checked=False, run=run: run())

    def _show_page(self, number: int) -> None:
        self.heads.setCurrentIndex(number)
        self._stack.setCurrentIndex(number)
        if number == 0:
            self.refresh()

    def _show_entries(self, entries: Sequence[CardEntry]) -> None:
        self.listed.show_entries(entries)
        stale = sum(bool(entry.stale) for entry in entries)
        published = sum(entry.state == "published" for entry in entries)
        parts = [
            count_words(len(entries), "card"),
            f"{published} published",
            *([f"{stale} stale"] if stale else []),
        ]
        self.heads.subtitle.setText(" · ".join(parts) if entries else "What a student is for, and how well it does")
        self._on_chosen()
        titles, text = self.desk.kept_back.lost({self.card_uid(), *(entry.uid for entry in entries)})
        if titles:
            self.opened.says_lost(titles, text)

    def _step(self, what: str) -> None:
        if self._stack.currentIndex() == 1:
            self.editor.step(what)

    @Slot(str)
    def _on_opened(self, uid: str) -> None:
        self.open_card(uid)
        self._focus_editor = True

    @Slot(object)
    def _on_shown(self, view: View) -> None:
        if view.why == "opened" and self._focus_editor:
            self._focus_editor = False
            self.editor.focus_first()
        self.heads.fill.setEnabled(not view.locked)
        self.opened.shown(view)

    @Slot(object)
    def _on_failed(self, error: ForgeError) -> None:
        self.opened.failed(error)
        if self.isVisible():
            self._later.start()  # it may be that a card is gone

    @Slot()
    def _on_gone(self) -> None:
        self.editor.source.flush()
        self._show_page(0)

    @Slot(str)
    def _on_removed(self, uid: str) -> None:
        self.show_list()
        self.desk.kept_back.forget(uid)

    @Slot()
    def _on_chosen(self) -> None:
        self.heads.compare.setEnabled(len(self.listed.entries()) > 1)

    @Slot()
    def _on_compare(self) -> None:
        if self._stack.currentIndex() == 1:
            self.opened.do(lambda card: self.actions_of.compare([card.uid]))
        else:
            self.actions_of.compare(self.listed.list.chosen())

    @Slot(str)
    def _on_arrived(self, uid: str) -> None:
        """Show what came in, but never over a card that somebody has open."""
        if self._stack.currentIndex() == 0:
            self.open_card(uid)

    @Slot(str, str, str, str)
    def _on_said(self, kind: str, title: str, text: str, broken: str) -> None:
        self.opened.leads_to(f"{broken}{SOURCE}" if broken else "")
        self.banner.show_message(title, text, kind=kind, action="Mend it" if broken else "")

    @Slot(object)
    def _on_data_changed(self, event: DataChanged) -> None:
        if "cards" in event.what and self.isVisible():
            self._later.start()
            self.desk.refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if self.window().isVisible():
            self.editor.source.flush()
            self.desk.flush()
        else:  # the window closes
            self.desk.leave(self.editor.source.take())

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        if paths := [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]:
            event.acceptProposedAction()
            self.actions_of.bring_in_paths(paths)
