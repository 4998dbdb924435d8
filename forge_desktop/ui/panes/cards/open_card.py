"""The card that is open: the line about it, and how it is checked, published and copied once its edits are in."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, Qt, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu

from forge_desktop.base.errors import ForgeError
from forge_desktop.cards.fields import BY_KEY
from forge_desktop.cards.records import Card, CheckReport, Problem
from forge_desktop.ui.panes.cards.views import View
from forge_desktop.ui.panes.cards.words import SOURCE, check_words
from forge_desktop.ui.widgets.basics import Notice
from forge_desktop.ui.widgets.words import safe_words

if TYPE_CHECKING:
    from forge_desktop.ui.panes.cards.pane import CardsPane


class OpenCard(QObject):
    """Acts for the pane, whose banner may lead to a field of the card."""

    def __init__(self, pane: CardsPane) -> None:
        super().__init__(pane)
        self._pane = pane
        self._saved = ""  # when, in words
        self._go = ""  # the field that the banner leads to
        self._failed = False  # the banner says what could not be done with the card
        self._lost = ""  # what was typed into cards that are gone, while the banner offers it

    def do(self, act: Callable[[Card], None]) -> None:
        """Do something with the card, once what is typed is in it."""

        def do() -> None:
            if (card := self._pane.card()) is not None:
                act(card)

        self._pane.editor.source.flush()
        self._pane.desk.once_kept(do)

    # the line about it

    def shown(self, view: View) -> None:
        """Say what is shown now."""
        if view.why == "opened":
            self._saved = ""
        self._say_about(view)

    @Slot(float)
    def saved(self, moment: float) -> None:
        """Say when a change of it was kept."""
        if self._failed:
            self._failed = False
            self._pane.banner.clear()
        self._saved = f"draft saved {time.strftime('%H:%M', time.localtime(moment))}"
        if (view := self._pane.desk.view) is not None:
            self._say_about(view)

    def _say_about(self, view: View) -> None:
        card, desk = view.card, self._pane.desk
        names = [safe_words(card.name) or "Without a name"]
        if card.label and card.label != card.name:
            names.insert(0, safe_words(card.label))
        states = ["published, locked" if view.locked else self._saved or "draft"]
        left = [BY_KEY[key].title for key in desk.refused_here() if key in BY_KEY]
        left += ["The source"] * (desk.text_here() is not None)
        if left:
            states.append(f"{left[0]} is not kept yet" if len(left) == 1 else f"{len(left)} fields are not kept yet")
        self._pane.heads.about.say(names, states)

    # the banner, and where it leads

    def leads_to(self, field: str) -> None:
        """The field that the banner leads to from now on, "" for none; or SOURCE, behind a card's uid if need be."""
        self._go, self._lost, self._failed = field, "", False

    def failed(self, error: ForgeError) -> None:
        """Say what could not be done with the card: until something could, or it is left."""
        self._pane.trouble(error)
        self._failed = True

    def says_lost(self, titles: list[str], text: str) -> None:
        """What was typed and not kept goes with its card, unless it is copied now."""
        self.leads_to("")
        self._lost = text
        words = f"{', '.join(titles)}. It can be copied while this message is here."
        title = "A card is gone, and with it what was typed there and not kept"
        self._pane.banner.show_message(title, words, kind="warn", action="Copy it")

    def leave(self) -> None:
        """Take a banner away that is about the card, which is left."""
        if self._go or self._failed:
            self.leads_to("")
            self._pane.banner.clear()

    @Slot()
    def go(self) -> None:
        """Where the banner leads: to a field of the card, into the source of one, or to another pane."""
        pane = self._pane
        go, self._go = self._go, ""
        if self._lost:
            QGuiApplication.clipboard().setText(self._lost)
            pane.notice.emit(Notice("What was typed is copied", icon="copy"))
            self._lost = ""
            pane.banner.clear()
            return
        card, source, _ = go.partition(SOURCE)
        if source and card not in ("", pane.card_uid()):
            pane.open_card(card, SOURCE)
        elif go:
            pane.banner.clear()
            pane.editor.go_to(SOURCE if source else go)
        elif pane.banner.place:
            pane.wants_pane.emit(pane.banner.place)

    # what is done with it

    @Slot()
    def copy(self) -> None:
        """Its Markdown to the clipboard, without what is private."""
        self.do(self._copy)

    def _copy(self, card: Card) -> None:
        cards = self._pane.forge.cards
        self._pane.errands.run(lambda: cards.markdown(card.uid, revealed=False), self._copied, self._pane.trouble)

    def _copied(self, text: str) -> None:
        QGuiApplication.clipboard().setText(text)
        self._pane.notice.emit(Notice("Markdown copied; what is private in it is hidden", icon="copy"))

    @Slot()
    def check(self) -> None:
        """Say in the banner what is missing, wrong, stale or private."""
        self.do(self._check)

    def _check(self, card: Card) -> None:
        cards = self._pane.forge.cards
        self._pane.errands.run(lambda: cards.check(card.uid), self._checked, self._pane.trouble, key="check")

    def _checked(self, found: CheckReport) -> None:
        refused = self._pane.desk.refused_here()
        typed = tuple(Problem(key, f"{said} What was typed there is not kept.") for key, said in refused.items())
        if (source := self._pane.desk.text_here()) is not None:
            typed += (Problem("", f"{source.said} What was typed in the source is not kept."),)
        found = dataclasses.replace(found, problems=(*typed, *found.problems))
        title, text, kind, go = check_words(found)
        self.leads_to(go)
        self._pane.banner.show_message(title, text, kind=kind, action="Go to it" if go else "")

    @Slot()
    def publish(self) -> None:
        """Publish it, unless something that was typed is not in it."""
        self.do(self._publish)

    def _publish(self, card: Card) -> None:
        refused = self._pane.desk.refused_here()
        if not refused:
            self._pane.actions_of.publish(card)
            return
        self.leads_to(next(iter(refused)))
        titles = ", ".join(BY_KEY[key].title for key in refused if key in BY_KEY)
        said = f"What was typed there is not in the card. {' '.join(refused.values())}"
        self._pane.banner.show_message(f"It is not published: {titles} cannot be kept.", said, action="Go to it")

    @Slot()
    def more(self) -> None:
        """Offer what else can be done with it."""
        self.do(self._offer)

    def _offer(self, card: Card) -> None:
        button, acting = self._pane.heads.more, self._pane.actions_of
        menu = QMenu(button)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("&History…", lambda: acting.history(card))
        menu.addAction("&Privacy…", lambda: acting.privacy(card))
        menu.addAction("&Compare…", lambda: acting.compare([card.uid]))
        if card.orphan:
            menu.addSeparator()
            menu.addAction("&Remove card…", lambda: acting.remove(card))
        menu.popup(button.mapToGlobal(QPoint(0, button.height())))
