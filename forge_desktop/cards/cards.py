"""The room's face: every version and endpoint has a card; it is read, changed, checked, filled, published and kept."""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import DataChanged, Event
from forge_desktop.cards import checking
from forge_desktop.cards.editing import Editing
from forge_desktop.cards.filling.filler import Filler
from forge_desktop.cards.filling_in import Fills
from forge_desktop.cards.footing import Footing
from forge_desktop.cards.history import History, sha256_of
from forge_desktop.cards.keeping import Keeping
from forge_desktop.cards.records import (
    BroughtIn,
    Card,
    CardEntry,
    CheckReport,
    Kind,
    Source,
    TextOutcome,
)
from forge_desktop.cards.refreshing import Refreshing
from forge_desktop.cards.shelf import Shelf
from forge_desktop.cards.store import CardRow, CardStore
from forge_desktop.cards.subjects import Subjects
from forge_desktop.cards.text_problems import problem_in
from forge_desktop.cards.texts import Texts

if TYPE_CHECKING:
    from pathlib import Path

    from forge_desktop.base.jobs import JobContext
    from forge_desktop.cards.comparing.comparisons import Comparisons
    from forge_desktop.cards.exporting import Exports
    from forge_desktop.cards.leaving import Leaving
    from forge_desktop.cards.privacy.privacy import Privacy
    from forge_desktop.students import Students
    from forge_desktop.students.rooms import Rooms

log = logging.getLogger(__name__)
_NEW_SUBJECTS = frozenset(("versions", "students", "endpoints", "embedding"))
_NEW_FOOTING = frozenset(
    ("versions", "students", "endpoints", "gates", "training", "measurements", "settings", "suites", "datasets")
)


class Cards:
    """Model cards. A card goes by its uid or the beginning of it, by the label, name or uid of its version or endpoint,
    or by its own name. Publishes DataChanged({"cards"}); every change of an adapter's card is told to students.
    """

    def __init__(self, rooms: Rooms, students: Students) -> None:
        self._rooms, self._students = rooms, students
        self._store, self._subjects = CardStore(rooms.db), Subjects(rooms, students)
        self.filler, self.footing = Filler(rooms, students), Footing(rooms, students)
        self._shelf = Shelf(self._store, self._subjects, self.footing, problem_in)
        self._editing = Editing(self._store, self._shelf, self._changed)
        self.history = History(self._store, self._shelf, self._editing, self._changed)
        self._keeping = Keeping(self._store, self._shelf, self._subjects, self.filler)
        self._fills = Fills(self._store, self._shelf, self.filler, students, self._changed)
        self._refreshing = Refreshing(rooms, students, self._store, self.filler, self._fills)
        self._texts = Texts(self._editing, self._shelf.card)
        self._unsubscribe = rooms.events.subscribe(self._on_event)
        if not rooms.db.read_only:
            students.registry.when_promoting(self._look_again)
            self.ensure()
            self._refreshing.at_opening()

    # ---- what hangs on it ----

    @functools.cached_property
    def privacy(self) -> Privacy:
        """What is private in cards."""
        from forge_desktop.cards.privacy.privacy import Privacy

        return Privacy(self._rooms)

    @functools.cached_property
    def exports(self) -> Exports:
        """Cards as documents in the formats they leave in."""
        from forge_desktop.cards.exporting import Exports

        return Exports(self._rooms, self.privacy, self.get)

    @functools.cached_property
    def leaving(self) -> Leaving:
        """Cards among everything else that leaves, is verified or forgotten."""
        from forge_desktop.cards.leaving import Leaving

        return Leaving(self._store, self.get, self.history.version)

    @functools.cached_property
    def comparisons(self) -> Comparisons:
        """Cards side by side."""
        from forge_desktop.cards.comparing.comparisons import Comparisons

        return Comparisons(self._rooms, self._students, self.get)

    # ---- what there is ----

    def entries(self) -> list[CardEntry]:
        """Every card, by kind and name."""
        return self._shelf.entries()

    def get(self, name: str) -> Card:
        """One card with all that stands in it. Raises ForgeError."""
        return self._shelf.card(self._shelf.row(name))

    def check(self, card: str) -> CheckReport:
        """Everything that is missing, wrong, stale or private in a card."""
        return checking.report(self.get(card), self.privacy.scan)

    def ensure(self) -> int:
        """See that every version and endpoint has a card; how many were made or renamed."""
        touched = self._keeping.ensure()
        for uid in touched:
            self._changed(self._shelf.again(uid))
        return len(touched)

    def new(self, kind: Kind, name: str, *, subject: str = "", source: Source = "hand") -> Card:
        """Make a card, about nothing on this computer or about a version or endpoint (its uid) that has none. `source`
        is where its name is from.
        """
        row = self._shelf.again(self._keeping.new(kind, name, subject, source))
        self._changed(row)
        return self._shelf.card(row)

    def remove(self, name: str) -> None:
        """Remove a card with its history. Raises ForgeError unless what it is about is not here."""
        row = self._shelf.row(name)
        self._keeping.remove(row)
        self._shelf.forget(row.uid)
        self._rooms.events.changed("cards")

    # ---- by hand ----

    def set(self, card: str, field: str, data: object, *, unit: str = "") -> None:
        """Write a field by hand, beside what was measured. `data` is in the form of its type or a text of it ("4.2 GB",
        "0.15", "en, de"); nothing ("", None) takes it away. Raises FieldError when it cannot stand there.
        """
        self._editing.set(self._uid(card), field, data, unit)

    def clear(self, card: str, field: str) -> None:
        """Take away what people said of a field; what was measured stays."""
        self._editing.clear(self._uid(card), field)

    def not_applicable(self, card: str, field: str, why: str) -> None:
        """Say why a field has no value; "" lets it have one again."""
        self._editing.not_applicable(self._uid(card), field, why)

    def reviewed(self, card: str, field: str = "") -> None:
        """Say that what was taken over from another card holds in this one too; of a field, or of all of them."""
        self._editing.reviewed(self._uid(card), field)

    def set_text(self, card: str, text: str, *, since: str | None = None) -> TextOutcome:
        """Take in a card's Markdown. `since` is the text that the person started from: only what differs from that is
        changed, so that nothing is lost of what was filled or typed elsewhere meanwhile; without it, the text that the
        card gives now. What cannot be read, or be a value, is kept as it was typed, and named.
        """
        return self._texts.take_in(self._uid(card), text, since)

    def markdown(self, card: str, *, revealed: bool = True) -> str:
        """A card as Markdown; without `revealed`, what is private is hidden."""
        if not revealed:
            return self.exports.render(card, "markdown").decode()
        from forge_desktop.cards import markdown

        found = self.get(card)
        return markdown.write(found, previous=found.document)

    def bring_in(self, path: Path, *, kind: str = "", subject: str = "") -> int:
        """Start the job (kind "card import") that brings in somebody else's card: README.md, a folder with one and with
        `.eval_results`, our JSON, CycloneDX, SPDX. Its result is a BroughtIn, the Card and what it could not take: a
        new card, or that of `subject` (the uid of a version or endpoint, or of a card), kept as a version before.
        `kind` is guessed where it is not given. Raises ForgeError for a `subject` of another kind than the file says.
        """

        def work(ctx: JobContext) -> BroughtIn:
            from forge_desktop.cards.importing import bring_in

            return bring_in(self, ctx, path, kind, subject)

        return self._rooms.jobs.start("cards", "card import", work)

    def fill(self, card: str, *, measure: bool = False) -> int:
        """Start the job (kind "card fill") that fills a card, measuring first where that is wished; its result is
        Filled. Raises ForgeError for a published card.
        """
        row = self._fills.open(self._uid(card))
        lane = "train" if measure else "cards"
        return self._rooms.jobs.start(lane, "card fill", lambda ctx: self._fills.run(ctx, row.uid, measure))

    def close(self) -> None:
        """Hear of no more changes."""
        self._unsubscribe()

    # ---- what follows a change ----

    def _uid(self, name: str) -> str:
        return self._shelf.row(name).uid

    def _changed(self, row: CardRow) -> None:
        self._shelf.forget(row.uid)
        self._tell(row)
        self._rooms.events.changed("cards")

    def _tell(self, row: CardRow) -> None:
        """Let students know what the card of an adapter lacks, where that is not what they know."""
        if row.kind != "adapter" or row.subject not in self._subjects.all():
            return
        states = self._shelf.with_stale(row, self._store.fields(row.uid))
        lacking = checking.missing(row.kind, states, here=True)
        registry = self._students.registry
        if row.broken is not None:
            lacking.append("a text that could not be read")
        if row.state == "published" or registry.card_of(row.subject) != tuple(lacking):
            registry.record_card(row.subject, sha256_of(self._shelf.card(row)), lacking)

    def _look_again(self, version: str) -> None:
        """A version is about to be promoted: its card may have gone stale since it was looked at."""
        row = self._store.of_subject(version)
        if row is not None:
            self._tell(row)

    def _on_event(self, event: Event) -> None:
        if not isinstance(event, DataChanged):
            return
        if event.what & _NEW_FOOTING:
            self._shelf.forget()
        if self._rooms.db.read_only:
            return
        if event.what & _NEW_SUBJECTS:
            try:
                self.ensure()
            except ForgeError as error:  # whoever changed a version did so; its card is made when it is opened next
                log.warning("a card could not be made: %s", error.message)
        self._refreshing.after(event.what)
