"""What is done to cards from the window: filled, exported, compared, looked through, published, brought in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QStandardPaths, Signal, Slot
from PySide6.QtWidgets import QDialog, QWidget

from forge_desktop.base.errors import ForgeError
from forge_desktop.cards.records import Card, CardEntry, CardVersion, CheckReport, Exported, Filled
from forge_desktop.ui.bridge import Bridge
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.panes.cards.arriving import Arrivals
from forge_desktop.ui.panes.cards.compare_sheet import CompareSheet
from forge_desktop.ui.panes.cards.printing import export_card
from forge_desktop.ui.panes.cards.remove_sheet import RemoveSheet
from forge_desktop.ui.panes.cards.sheet_desk import LANE, SheetDesk
from forge_desktop.ui.panes.cards.sheets_export import ExportSheet, ExportWish
from forge_desktop.ui.panes.cards.sheets_fill import FillSheet
from forge_desktop.ui.panes.cards.sheets_history import HistorySheet
from forge_desktop.ui.panes.cards.sheets_import import ImportSheet
from forge_desktop.ui.panes.cards.sheets_new import NewCardSheet
from forge_desktop.ui.panes.cards.sheets_privacy import PrivacySheet
from forge_desktop.ui.panes.cards.sheets_publish import PublishSheet
from forge_desktop.ui.widgets.basics import Notice
from forge_desktop.ui.widgets.words import count_words, safe_words

if TYPE_CHECKING:
    from forge_desktop.forge import Forge

WHO = "window"


class CardActions(SheetDesk):
    """Asks where something should be asked, does it off the window's thread, and says what came of it.

    `said` carries what stands in the pane's banner that is no failure (its kind: ok, info or warn, a title, a text, and
    the uid of a card whose source is to be mended or ""),
    `opens` the uid of a card to show, `arrived` that of one that was brought in, `removed` that of one that is no
    more, `field_wanted` a card's uid and a field to go to.
    """

    said = Signal(str, str, str, str)
    opens = Signal(str)
    arrived = Signal(str)
    removed = Signal(str)
    field_wanted = Signal(str, str)

    def __init__(self, forge: Forge, bridge: Bridge, errands: Errands, host: QWidget) -> None:
        super().__init__(forge, bridge, errands, host)
        self._folder = Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation))

    # what a card says

    def fill(self, card: Card, *, measure: bool = False) -> None:
        """Fill it in from what is known of its subject, at once; the sheet then offers to measure it too."""
        sheet = FillSheet(card, self.host.window())
        sheet.cancel_wanted.connect(self.forge.jobs.cancel)
        sheet.measure_wanted.connect(lambda: self._fill(card, sheet, measure=True))
        if self.open(sheet):
            self._fill(card, sheet, measure=measure)

    def fill_named(self, name: str) -> None:
        """The same for a card by the uid of its version or endpoint, as another pane knows it."""
        self.look(lambda: self.forge.cards.get(name), self.fill)

    def _fill(self, card: Card, sheet: FillSheet, *, measure: bool) -> None:
        def told(result: object) -> None:
            if not isinstance(result, Filled):
                return
            if self.shows(sheet):
                sheet.show_filled(result, measured=measure)
            else:
                many = count_words(len(result.changes), "value")
                self.notice.emit(Notice(f"{safe_words(card.name)}: {many} changed", icon="sparkles"))

        def trouble(error: ForgeError | None) -> None:
            if self.shows(sheet):
                sheet.show_trouble(error)
            elif error is not None:
                self.failed.emit(error)

        verb = f"Measuring {card.name}:" if measure else f"Filling in {card.name}"
        seen = lambda event: sheet.show_job(event) if self.shows(sheet) else None  # noqa: E731
        self.start(lambda: self.forge.cards.fill(card.uid, measure=measure), verb, told, trouble, seen)

    def privacy(self, card: Card, over: QDialog | None = None, then: Callable[[], None] = lambda: None) -> None:
        """Show what is private in it and hidden when it leaves; each can be revealed. `then` follows when it closes."""
        sheet = PrivacySheet(card, over or self.host.window())
        sheet.finished.connect(lambda _result: then())
        privacy = self.forge.cards.privacy

        def scan() -> None:
            self.look(lambda: privacy.scan(self.forge.cards.get(card.uid)), sheet.show_leaks, sheet)

        def reveal(finding: str, shown: bool) -> None:
            self.look(lambda: privacy.reveal(card.uid, finding, shown), lambda _: scan(), sheet)

        sheet.scan_wanted.connect(scan)
        sheet.reveal_wanted.connect(reveal)
        if self.open(sheet, over):
            scan()

    def history(self, card: Card) -> None:
        """Show its versions, the difference of any two, and restore one."""
        cards = self.forge.cards

        def ask(versions: list[CardVersion]) -> None:
            sheet = HistorySheet(card, versions, self.host.window())

            def diff(older: int, newer: int) -> None:
                work = partial(cards.history.diff, card.uid, card.uid, number_a=older, number_b=newer)
                self.look(work, sheet.show_changes, sheet, key="card diff")

            def restore(number: int) -> None:
                def told(_: object) -> None:
                    sheet.accept()
                    self.notice.emit(
                        Notice(f"Version {number} of {safe_words(card.name)} is restored", icon="rotate-ccw")
                    )
                    self.opens.emit(card.uid)

                self.look(lambda: cards.history.restore(card.uid, number), told, sheet)

            sheet.diff_wanted.connect(diff)
            sheet.restore_wanted.connect(restore)
            if self.open(sheet) and versions:
                sheet.show_first()

        self.look(lambda: cards.history.versions(card.uid), ask)

    def publish(self, card: Card) -> None:
        """Show what is missing; publish and lock it when nothing is, or begin the next draft of a published one."""
        cards = self.forge.cards

        def ask(report: CheckReport) -> None:
            sheet = PublishSheet(card, report, self.host.window())

            def agreed(who: str, note: str) -> None:
                self._write(
                    lambda: cards.history.publish(card.uid, who=who or WHO, note=note), sheet, "is published", card
                )

            def draft() -> None:
                self._write(lambda: cards.history.reopen(card.uid), sheet, "has a new draft", card)

            def go_to(field: str) -> None:
                sheet.reject()
                self.field_wanted.emit(card.uid, field)

            sheet.agreed.connect(agreed)
            sheet.draft_wanted.connect(draft)
            sheet.field_wanted.connect(go_to)
            sheet.privacy_wanted.connect(lambda: self.privacy(card, sheet))
            self.open(sheet)

        self.look(lambda: cards.check(card.uid), ask)

    def _write(self, work: Callable[[], object], sheet: PublishSheet, what: str, card: Card) -> None:
        def told(_: object) -> None:
            sheet.accept()
            self.notice.emit(Notice(f"{safe_words(card.name)} {what}", icon="circle-check"))
            self.opens.emit(card.uid)

        def refused(error: ForgeError) -> None:
            sheet.banner.show_error(error)
            sheet.refuse()

        self.errands.run(work, told, refused, lane=LANE)

    # out and in

    def export(self, card: Card) -> None:
        """Ask in which forms and where to, show what will be hidden, then write."""
        sheet = ExportSheet(card, self._folder / _file_words(card.name), self.host.window())
        sheet.cancel_wanted.connect(self.forge.jobs.cancel)

        def scan() -> None:
            if self.shows(sheet):
                self.look(lambda: self.forge.cards.privacy.scan(card), sheet.show_leaks, sheet)

        def agreed(wish: object) -> None:
            assert isinstance(wish, ExportWish)
            self._folder = wish.folder.parent
            self._export(card, wish, sheet)

        sheet.privacy_wanted.connect(lambda: self.privacy(card, sheet, scan))
        sheet.agreed.connect(agreed)
        if self.open(sheet):
            scan()

    def _export(self, card: Card, wish: ExportWish, sheet: ExportSheet) -> None:
        def told(result: object) -> None:
            written = [file for file in result if isinstance(file, Exported)] if isinstance(result, list) else []
            if self.shows(sheet):
                sheet.show_written(written)
            else:
                words = f"{safe_words(card.name)} is exported: {count_words(len(written), 'file')} in {wish.folder}"
                self.notice.emit(Notice(words, icon="upload"))

        def trouble(error: ForgeError | None) -> None:
            if self.shows(sheet):
                sheet.refuse(error)
            elif error is not None:
                self.failed.emit(error)

        seen = lambda event: sheet.show_job(event) if self.shows(sheet) else None  # noqa: E731
        start = partial(export_card, self.forge, card, wish.forms, wish.folder, paper=wish.paper, replace=wish.replace)
        self.start(start, f"Exporting {card.name}", told, trouble, seen)

    @Slot()
    def bring_in(self) -> None:
        """Ask for a file or a folder, and bring the card in."""
        sheet = ImportSheet(self._folder, self.host.window())
        sheet.chosen.connect(lambda path: self.bring_in_paths([path]))
        self.open(sheet)

    def bring_in_paths(self, paths: Sequence[Path]) -> None:
        """Bring in what was dropped on the pane. A card that came alone is shown, unless another one is open."""
        arrivals = Arrivals(paths, self.arrived.emit, self.said.emit)
        for path in paths:
            start = partial(self.forge.cards.bring_in, path)
            words = f"Importing {safe_words(path.name)}"
            self.start(start, words, partial(arrivals.came, path), partial(arrivals.failed, path))

    def remove(self, card: Card) -> None:
        """Ask, then remove the card with its versions."""
        cards = self.forge.cards

        def ask(versions: list[CardVersion]) -> None:
            sheet = RemoveSheet(card, len(versions), self.host.window())
            sheet.agreed.connect(
                lambda: self.look(lambda: cards.remove(card.uid), lambda _: self.removed.emit(card.uid))
            )
            self.open(sheet)

        self.look(lambda: cards.history.versions(card.uid), ask)

    @Slot()
    def new_card(self) -> None:
        """Ask for kind and name, and make an empty card about nothing that is here yet."""
        sheet = NewCardSheet(self.host.window())

        def agreed(kind: Any, name: str) -> None:
            def told(card: Card) -> None:
                sheet.accept()
                self.opens.emit(card.uid)

            self.errands.run(lambda: self.forge.cards.new(kind, name), told, sheet.refuse, lane=LANE)

        sheet.agreed.connect(agreed)
        self.open(sheet)

    # side by side

    def compare(self, cards: Sequence[str] = ()) -> None:
        """Put two or more cards (uids) beside each other, on fit, speed, cost and quality."""

        def ask(entries: list[CardEntry]) -> None:
            self.open(CompareSheet(self.forge, self.bridge, self.errands, entries, cards, self.host.window()))

        self.look(self.forge.cards.entries, ask)


def _file_words(name: str) -> str:
    """A card's name as that of a folder."""
    kept = "".join(sign if sign.isalnum() or sign in "-_. " else "-" for sign in safe_words(name)).strip(" .")
    return kept or "card"
