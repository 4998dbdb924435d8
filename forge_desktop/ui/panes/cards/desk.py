"""The card that is open: read, written as a person types, taken back; everything off the window's thread, in order."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from forge_desktop.base.errors import FieldError, ForgeError
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.panes.cards.unkept import Unkept, Unwritten, can_stand, titles_of
from forge_desktop.ui.panes.cards.views import View, look

if TYPE_CHECKING:
    from forge_desktop.cards.cards import Cards

_PAUSE_MS = 350  # after the last key, until what was typed is taken in
MOST_MS = 2000  # after the first one, where a person makes no pause
_OPEN = "a card"
_Typed = dict[str, tuple[object, str]]  # data and unit by field
_Text = tuple[str, str]  # a source, and what it was typed over
_Going = tuple[str, _Typed, _Text | None]  # the card that something is written into, and what was typed


class CardDesk(QObject):
    """`shown` carries a View whenever there is a newer one; `failed` a ForgeError for the banner; `saved` the moment.

    What cannot stand in a card is in `kept_back`, so that it is there again when the card is opened again.
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
        self.kept_back = Unkept()
        self._typed: _Typed = {}
        self._going: list[_Going] = []
        self._last = ""  # the field that was typed last
        self._afterwards: list[Callable[[], None]] = []
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._pause.timeout.connect(self.flush)
        self._most = QTimer(self, singleShot=True, interval=MOST_MS)
        self._most.timeout.connect(self.flush)

    def open(self, name: str) -> None:
        """Open a card by its uid, its subject or its name."""
        self.flush()
        self._uid, self.view, self._last = name, None, ""
        self.kept_back.begin_anew()
        self._errands.run(lambda: look(self._cards, name, "opened"), self._show, self._on_missing, key=_OPEN)

    def close(self) -> None:
        """Let the card go."""
        self.flush()
        self._errands.outdate(_OPEN)
        self._uid, self.view = "", None

    def refresh(self) -> None:
        """Read the card again, unless something of it is being written."""
        view = self.view
        if view is not None and not self._going and not self._typed and not self._errands.awaits(_OPEN):
            uid = view.card.uid
            self._errands.run(lambda: look(self._cards, uid, "read again"), self._show, self._on_missing, key=_OPEN)

    def busy(self) -> bool:
        """Whether something typed is not kept yet."""
        return bool(self._going or self._typed)

    def awaits(self, key: str) -> bool:
        """Whether what was typed into a field was not judged yet."""
        return key in self._typed or any(key in typed for _, typed, _ in self._going)

    def refused_here(self) -> dict[str, str]:
        """What was typed into the open card and cannot stand there: why, by field."""
        uid = self.view.card.uid if self.view is not None else ""
        return {key: refused.said for key, refused in self.kept_back.of(uid).items()}

    def text_here(self) -> Unwritten | None:
        """The source of the open card that found no way into it."""
        return self.kept_back.texts.get(self.view.card.uid) if self.view is not None else None

    def unkept(self) -> dict[str, list[str]]:
        """The titles, by card, of what is not kept, nor will be: also what nobody has looked at yet."""
        found = self.kept_back.cards()
        if self.view is None:
            return found
        card = self.view.card
        typed = {key: said for uid, many, _ in self._going if uid == card.uid for key, said in many.items()}
        typed |= self._typed
        kept = {key for key, (data, unit) in typed.items() if can_stand(card, key, data, unit)}
        keys = ({*self.kept_back.of(card.uid)} | {*typed}) - kept
        source = [title for title in found.pop(card.uid, ()) if title not in titles_of(self.kept_back.of(card.uid))]
        return found | ({card.uid: [*titles_of(keys), *source]} if keys or source else {})

    def type_field(self, key: str, data: object, unit: str) -> None:
        """A person is typing: take it in once they pause, or after a while."""
        if self.view is not None:
            self._typed[key] = (data, unit)
            self._last = key
            self.kept_back.begin_anew()
            self._pause.start()
            if not self._most.isActive():
                self._most.start()

    @Slot()
    def flush(self) -> None:
        """Take in what was typed, now."""
        view, typed = self.view, self._collect()
        if view is not None and typed:
            uid = view.card.uid
            self._write(lambda: self._take(uid, typed), uid, typed)

    def leave(self, text: _Text | None) -> None:
        """Take in what was typed on this thread: the window is closing, and jobs end with it, also those that wait
        with what was typed before. `text` as `type_text`.
        """
        uid, typed = self.view.card.uid if self.view is not None else "", self._collect()
        for card, fields, source in [*self._going, (uid, typed, text)]:
            try:
                if card and fields and (trouble := self._take(card, fields).trouble) is not None:
                    self.failed.emit(trouble)
                if card and source is not None:
                    self._cards.set_text(card, source[0], since=source[1])
            except ForgeError as error:
                self.failed.emit(error)

    def once_kept(self, act: Callable[[], None]) -> None:
        """Do something as soon as everything typed is taken in."""
        self.flush()
        if self._going:
            self._afterwards.append(act)
        else:
            act()

    @Slot(object, object)
    def type_text(self, text: str, since: str) -> None:
        """The source was typed, over what it said before: take it in."""
        if self.view is None:
            if self._uid:
                self.kept_back.texts[self._uid] = Unwritten(text, since, "The card is not here any more.")
            return
        uid = self.view.card.uid
        self.kept_back.begin_anew()

        def work() -> View:
            outcome = self._cards.set_text(uid, text, since=since)
            return look(self._cards, uid, "source", outcome=outcome)

        self._write(work, uid, text=(text, since))

    def step(self, what: str, key: str = "") -> None:
        """Undo, or redo. What was refused goes first: in the field `key`, in the one typed last, then in any other."""
        self.once_kept(lambda: self._step(what, key))

    def _step(self, what: str, key: str) -> None:
        view = self.view
        if view is None:
            return
        uid = view.card.uid
        if self.kept_back.undo(uid, (key, self._last)) if what == "undo" else self.kept_back.redo(uid):
            self._show(View(view.card, view.markdown, view.preview, view.report, "taken back"))
        else:
            self._act(what)

    def act(self, what: str, key: str = "", why: str = "") -> None:
        """Do what a button asks for: measured, reviewed, not applicable, applies, reopen."""
        if self.view is not None:
            self.flush()
            self.kept_back.begin_anew()
            self.kept_back.drop(self.view.card.uid, [key])
            self._act(what, key, why)

    def _act(self, what: str, key: str = "", why: str = "") -> None:
        assert self.view is not None
        uid, cards = self.view.card.uid, self._cards
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

        def work() -> View:
            act()
            return look(cards, uid, what)

        self._write(work, uid)

    def _collect(self) -> _Typed:
        self._pause.stop()
        self._most.stop()
        typed, self._typed = self._typed, {}
        return typed

    def _write(
        self, work: Callable[[], View], uid: str, typed: _Typed | None = None, text: _Text | None = None
    ) -> None:
        going: _Going = (uid, typed or {}, text)
        self._going.append(going)
        self._errands.run(work, partial(self._on_written, going), partial(self._on_failed, going))

    def _take(self, uid: str, typed: _Typed) -> View:
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

    def _on_written(self, going: _Going, view: View) -> None:
        self._going.remove(going)
        if (view.why == "typed" and len(view.refused) < len(view.taken)) or view.why != "typed":
            self.saved.emit(time.time())
        if going[2] is not None:
            self._settle_text(going[0], going[2], view)
        if view.why == "undo":
            self.kept_back.card_undone()
        self._show(view)
        if view.trouble is not None:
            self.failed.emit(view.trouble)
        if view.why == "reopen":
            self._try_again(view.card.uid)
        self._go_on()

    def _settle_text(self, uid: str, text: _Text, view: View) -> None:
        outcome = view.outcome
        if outcome is not None and outcome.problem is not None and not outcome.taken and view.card.broken is None:
            self.kept_back.texts[uid] = Unwritten(*text, outcome.problem.message)
        else:
            self.kept_back.texts.pop(uid, None)

    def _try_again(self, uid: str) -> None:
        """What was typed while the card was locked goes into its next draft."""
        if fields := {key: (refused.data, refused.unit) for key, refused in self.kept_back.of(uid).items()}:
            self._write(lambda: self._take(uid, fields), uid, fields)
        if (text := self.kept_back.texts.get(uid)) is not None:
            self.type_text(text.text, text.since)

    def _on_failed(self, going: _Going, error: ForgeError) -> None:
        uid, typed, text = going
        self._going.remove(going)
        self.kept_back.judged(uid, typed, dict.fromkeys(typed, error.message))
        if text is not None:
            self.kept_back.texts[uid] = Unwritten(*text, error.message)
        self.failed.emit(error)
        self.refresh()
        self._go_on()

    def _go_on(self) -> None:
        if not self._going:
            acts, self._afterwards = self._afterwards, []
            for act in acts:
                act()

    @Slot(object)
    def _on_missing(self, error: ForgeError) -> None:
        uid, typed = self.view.card.uid if self.view is not None else self._uid, self._collect()
        self.kept_back.judged(uid, typed, dict.fromkeys(typed, error.message))
        self._uid, self.view = uid, None
        self.failed.emit(error)
        self.gone.emit()

    def _show(self, view: View) -> None:
        uid = view.card.uid
        self.kept_back.judged(uid, view.taken, view.refused)
        if view.why != "opened" and (self.view is None or self.view.card.uid != uid):
            return  # of a card that was left meanwhile
        self._uid, self.view = uid, view
        self.shown.emit(view)
