"""The card that is open: read, written as a person types, taken back; everything off the window's thread, in order."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from forge_desktop.base.errors import FieldError, ForgeError
from forge_desktop.cards.checking import report
from forge_desktop.cards.editing import checked
from forge_desktop.cards.fields import BY_KEY
from forge_desktop.cards.records import Card, CheckReport, TextOutcome
from forge_desktop.ui.card_text import preview_text
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.panes.cards.preview import get_ready

if TYPE_CHECKING:
    from forge_desktop.cards.cards import Cards

_PAUSE_MS = 350  # after the last key, until what was typed is taken in
_OPEN = "a card"


@dataclass(frozen=True)
class View:
    """A card with everything that is shown of it. `why` says what led to it: "opened", "typed", "source", "undone" …"""

    card: Card
    markdown: str
    preview: str
    report: CheckReport
    why: str = "opened"
    refused: dict[str, str] = field(default_factory=dict)
    taken: dict[str, tuple[object, str]] = field(default_factory=dict)
    outcome: TextOutcome | None = None
    trouble: ForgeError | None = None

    @property
    def locked(self) -> bool:
        """Whether nothing of it can be changed."""
        return self.card.state == "published"


class CardDesk(QObject):
    """`shown` carries a View whenever there is a newer one; `failed` a ForgeError for the banner; `saved` the moment.

    What is refused stays in `refused` by card and field, so that it is there again when the card is opened again.
    """

    shown = Signal(object)
    failed = Signal(object)
    gone = Signal()
    saved = Signal(float)

    def __init__(self, cards: Cards, errands: Errands, parent: QObject) -> None:
        super().__init__(parent)
        self._cards, self._errands = cards, errands
        self._uid = ""
        self.view: View | None = None
        self._typed: dict[str, tuple[object, str]] = {}
        self._going: dict[str, tuple[object, str]] = {}  # typed, and being written
        self.refused: dict[tuple[str, str], tuple[object, str, str]] = {}
        self._writing = 0
        self._afterwards: list[Callable[[], None]] = []
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._pause.timeout.connect(self.flush)

    def open(self, name: str) -> None:
        """Open a card by its uid, its subject or its name."""
        self.flush()
        self._uid, self.view = name, None
        self._errands.run(lambda: look(self._cards, name, "opened"), self._show, self._on_missing, key=_OPEN)

    def close(self) -> None:
        """Let the card go."""
        self.flush()
        self._errands.outdate(_OPEN)
        self._uid, self.view = "", None

    def refresh(self) -> None:
        """Read the card again, unless something of it is being written."""
        view = self.view
        if view is not None and not self._writing and not self._typed and not self._errands.awaits(_OPEN):
            uid = view.card.uid
            self._errands.run(lambda: look(self._cards, uid, "read again"), self._show, self._on_missing, key=_OPEN)

    def busy(self) -> bool:
        """Whether something typed is not kept yet."""
        return bool(self._writing or self._typed)

    def refused_here(self) -> dict[str, str]:
        """What was typed into the open card and cannot stand there: why, by field."""
        uid = self.view.card.uid if self.view is not None else ""
        return {key: said for (card, key), (_, _, said) in self.refused.items() if card == uid}

    def unkept(self) -> set[str]:
        """The fields, of whichever card, whose text is not kept, nor will be: also what nobody has looked at yet."""
        if self.view is None:
            return {key for _, key in self.refused}
        card, typed = self.view.card, self._going | self._typed
        left = {key for uid, key in self.refused if uid != card.uid or key not in typed}
        return left | {key for key, (data, unit) in typed.items() if not _can_stand(card, key, data, unit)}

    def type_field(self, key: str, data: object, unit: str) -> None:
        """A person is typing: take it in once they pause."""
        if self.view is not None:
            self._typed[key] = (data, unit)
            self._pause.start()

    @Slot()
    def flush(self) -> None:
        """Take in what was typed, now."""
        self._pause.stop()
        view, typed = self.view, self._typed
        if view is None or not typed:
            return
        self._typed = {}
        self._going |= typed
        uid = view.card.uid
        self._write(lambda: self._take(uid, typed))

    def leave(self, text: tuple[str, str] | None) -> None:
        """Take in what was typed on this thread: the window is closing, and jobs end with it. `text` as `type_text`."""
        self._pause.stop()
        view, typed = self.view, self._typed
        self._typed = {}
        if view is None:
            return
        try:
            if typed and (trouble := self._take(view.card.uid, typed).trouble) is not None:
                self.failed.emit(trouble)
            if text is not None:
                self._cards.set_text(view.card.uid, text[0], since=text[1])
        except ForgeError as error:
            self.failed.emit(error)

    def once_kept(self, act: Callable[[], None]) -> None:
        """Do something as soon as everything typed is taken in."""
        self.flush()
        if self._writing:
            self._afterwards.append(act)
        else:
            act()

    @Slot(object, object)
    def type_text(self, text: str, since: str) -> None:
        """The source was typed, over what it said before: take it in."""
        if self.view is not None:
            uid = self.view.card.uid

            def work() -> View:
                outcome = self._cards.set_text(uid, text, since=since)
                return look(self._cards, uid, "source", outcome=outcome)

            self._write(work)

    def act(self, what: str, key: str = "", why: str = "") -> None:
        """Do what a button asks for: measured, reviewed, not applicable, applies, undo, redo, reopen."""
        view = self.view
        if view is None:
            return
        self.flush()
        uid, cards = view.card.uid, self._cards
        acts: dict[str, Callable[[], object]] = {
            "measured": lambda: cards.clear(uid, key),
            "applies": lambda: cards.not_applicable(uid, key, ""),
            "reviewed": lambda: cards.reviewed(uid, key),
            "not applicable": lambda: cards.not_applicable(uid, key, why),
            "undo": lambda: cards.history.undo(uid),
            "redo": lambda: cards.history.redo(uid),
            "reopen": lambda: cards.history.reopen(uid),
        }
        act = acts[what]
        self.refused.pop((uid, key), None)

        def work() -> View:
            act()
            return look(cards, uid, what)

        self._write(work)

    def _write(self, work: Callable[[], View]) -> None:
        self._writing += 1
        self._errands.run(work, self._on_written, self._on_failed)

    def _take(self, uid: str, typed: dict[str, tuple[object, str]]) -> View:
        refused: dict[str, str] = {}
        trouble: ForgeError | None = None
        for key, (data, unit) in typed.items():
            try:
                if data is None:
                    self._cards.clear(uid, key)
                else:
                    self._cards.set(uid, key, data, unit=unit)
            except ForgeError as error:
                refused[key] = error.message
                if error.code and not isinstance(error, FieldError):
                    trouble = error  # of the whole card, such as one that was published elsewhere
        return dataclasses.replace(look(self._cards, uid, "typed", refused=refused, taken=typed), trouble=trouble)

    @Slot(object)
    def _on_written(self, view: View) -> None:
        self._written()
        if (view.why == "typed" and len(view.refused) < len(view.taken)) or view.why != "typed":
            self.saved.emit(time.time())
        self._show(view)
        if view.trouble is not None:
            self.failed.emit(view.trouble)
        self._go_on()

    @Slot(object)
    def _on_failed(self, error: ForgeError) -> None:
        self._written()
        self.failed.emit(error)
        self.refresh()
        self._go_on()

    def _written(self) -> None:
        self._writing -= 1
        if not self._writing:
            self._going = {}

    def _go_on(self) -> None:
        if not self._writing:
            acts, self._afterwards = self._afterwards, []
            for act in acts:
                act()

    @Slot(object)
    def _on_missing(self, error: ForgeError) -> None:
        self.view = None
        self.failed.emit(error)
        self.gone.emit()

    def _show(self, view: View) -> None:
        uid = view.card.uid
        for key, (data, unit) in view.taken.items():
            if key in view.refused:
                self.refused[uid, key] = (data, unit, view.refused[key])
            else:
                self.refused.pop((uid, key), None)
        if view.why != "opened" and (self.view is None or self.view.card.uid != uid):
            return  # of a card that was left meanwhile
        self._uid, self.view = uid, view
        self.shown.emit(view)


def _can_stand(card: Card, key: str, data: object, unit: str) -> bool:
    """Whether a value will be taken in, as far as that hangs on the value."""
    if data is None:
        return True
    try:
        checked(BY_KEY[key], data, unit, card.kind)
    except ForgeError:
        return False
    return card.state != "published"


def look(
    cards: Cards,
    uid: str,
    why: str,
    *,
    refused: dict[str, str] | None = None,
    taken: dict[str, tuple[object, str]] | None = None,
    outcome: TextOutcome | None = None,
) -> View:
    """Read a card with everything that is shown of it."""
    get_ready()
    card = cards.get(uid)
    text = cards.markdown(card.uid)
    source = text if card.broken is None else card.broken
    found = report(card, lambda _card: ())
    return View(card, source, preview_text(text), found, why, refused or {}, taken or {}, outcome)
