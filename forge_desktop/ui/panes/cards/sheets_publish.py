"""The sheet before a card is published: what is missing, and what the lock means; or the way to a new draft."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QLineEdit, QWidget

from forge_desktop.cards.fields import BY_KEY, FIELDS
from forge_desktop.cards.records import Card, CheckReport
from forge_desktop.ui import tokens
from forge_desktop.ui.panes.cards.sheet_parts import CardSheet, closing, part, said
from forge_desktop.ui.panes.cards.sheets_privacy import leak_words
from forge_desktop.ui.widgets.basics import Button, PrimaryButton, column, label
from forge_desktop.ui.widgets.words import count_words, safe_words

_LOCK = (
    "A published card is a numbered version that nothing changes any more, no hand and no fill: what others have read"
    " stays as it was. A new draft can be begun from it at any time."
)
_LOCKED = "This card is published and locked. A new draft begins with what it says, and becomes the next version."
_DRAFT = "Begin a new draft"
_BY_TITLE = {field.title: field for field in FIELDS}  # what is missing is named by its title


class PublishSheet(CardSheet):
    """`agreed` carries who and a note; `draft_wanted` asks for the next draft of a published card; `field_wanted` a
    field to go to; `privacy_wanted` asks what is hidden.
    """

    agreed = Signal(str, str)
    draft_wanted = Signal()
    field_wanted = Signal(str)
    privacy_wanted = Signal()

    def __init__(self, card: Card, report: CheckReport, parent: QWidget | None = None) -> None:
        locked = card.state == "published"
        super().__init__("Publish a card", f"Publish {card.name}", _LOCKED if locked else "", parent)
        self.note = QLineEdit()
        self.note.setPlaceholderText("Optional: what is new in it")
        self.note.setAccessibleName("Note")
        self.publish = PrimaryButton(_DRAFT if locked else "Publish and lock", "pencil" if locked else "circle-check")
        self.publish.clicked.connect(self.draft_wanted if locked else self._on_publish)
        self._locked, self._ready = locked, locked or report.ok
        self.publish.setEnabled(self._ready)
        self.cancel = closing("Cancel")
        self.cancel.clicked.connect(self.reject)
        note = column(label("Note", tokens.SMALL, cls="muted"), self.note, gap=4)
        self.lay_out((640, 260 if locked else 600), None, self.cancel, self.publish, over=() if locked else (note,))
        if not locked:
            self._show(report)

    def refuse(self) -> None:
        """It did not work: the banner says why, and it can be tried again."""
        self.publish.setEnabled(self._ready)

    def _show(self, report: CheckReport) -> None:
        complete = report.completeness
        self.say(
            "Everything that has to be there is there."
            if report.ok
            else "It can be published once what is marked here is done."
        )
        missing = [(key, "It is required and empty.") for key in complete.missing]
        errors = [(problem.field, problem.message) for problem in report.problems if problem.severity == "error"]
        parts = [
            self._list(
                "Required fields", missing, f"{complete.filled} of {complete.required} are filled", "circle-alert"
            ),
            self._list(
                "Values that are no longer true", report.stale, "All values are true as far as can be known", "clock"
            ),
            self._list("Mistakes", errors, "No mistakes", "circle-alert"),
        ]
        if complete.to_review:
            over = [(key, "Taken over from the card before; look at it once.") for key in complete.to_review]
            parts.append(self._list("Taken over and not looked at yet", over, "", "eye", kind="warn"))
        warnings = [(problem.field, problem.message) for problem in report.problems if problem.severity == "warning"]
        if warnings:
            parts.append(self._list("To mind", warnings, "", "triangle-alert", kind="warn"))
        hidden = leak_words(report.leaks)
        look = Button("Look", cls="pill")
        look.setAccessibleName("Look at what is private")
        look.clicked.connect(self.privacy_wanted)
        words = f"Hidden in exports: {hidden}" if hidden else "Nothing private is hidden"
        parts.append(part("Private", said("shield-check", "ok", words, "", look)))
        parts.append(part("The lock", label(_LOCK, tokens.TABLE, cls="muted", wrap=True)))
        self.show_parts(*parts)

    def _list(
        self, title: str, found: Sequence[tuple[str, str]], fine: str, icon: str, *, kind: str = "bad"
    ) -> QWidget:
        if not found:
            return part(title, said("circle-check", "ok", fine))
        lines = [self._line(key, why, icon, kind) for key, why in found]
        return part(title, *lines, note=count_words(len(found), "field"))

    def _line(self, key: str, why: str, icon: str, kind: str) -> QWidget:
        field = BY_KEY.get(key) or _BY_TITLE.get(key)
        title = field.title if field else safe_words(key) or "The text"
        key = field.key if field else key
        go = Button("Go to it", cls="pill")
        go.setAccessibleName(f"Go to {title}")
        go.clicked.connect(lambda: self.field_wanted.emit(key))
        return said(icon, kind, title, why, go)

    @Slot()
    def _on_publish(self) -> None:
        self.banner.clear()
        self.publish.setEnabled(False)
        self.agreed.emit("", self.note.text().strip())
