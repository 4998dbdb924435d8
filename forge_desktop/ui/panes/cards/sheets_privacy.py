"""The sheet of what is private in a card: every finding with its field and why, hidden unless a person reveals it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QWidget

from forge_desktop.cards.fields import BY_KEY
from forge_desktop.cards.records import Card, Leak, LeakKind
from forge_desktop.ui import tokens
from forge_desktop.ui.panes.cards.sheet_parts import CardSheet, closing, part, said
from forge_desktop.ui.widgets.basics import Button, Pill, frame, label, row
from forge_desktop.ui.widgets.words import count_words, safe_words

KINDS: dict[LeakKind, tuple[str, str, str]] = {  # one, many, icon
    "key": ("key", "keys", "hash"),
    "path": ("path of this computer", "paths of this computer", "folder-open"),
    "document": ("title of a document", "titles of documents", "file-text"),
    "name": ("name from the corpus", "names from the corpus", "user"),
    "address": ("address", "addresses", "send"),
}
_ABOUT = (
    "Nothing here leaves with an export: each finding is replaced by words that say what stood there, until you reveal"
    " it for this card."
)
_NONE = "Nothing private was found in this card. Names are only known when they stand in your documents."


class PrivacySheet(CardSheet):
    """`reveal_wanted` carries a finding and whether exports shall show it; `scan_wanted` asks for another look."""

    reveal_wanted = Signal(str, bool)
    scan_wanted = Signal()

    def __init__(self, card: Card, parent: QWidget | None = None) -> None:
        super().__init__("Private in a card", f"Private in {card.name}", _ABOUT, parent)
        self.scan = Button("Look again", "refresh-cw")
        self.scan.clicked.connect(self._on_scan)
        self.close_button = closing()
        self.close_button.clicked.connect(self.reject)
        self.lay_out((680, 580), self.scan, None, self.close_button)
        self._waiting()

    def show_leaks(self, leaks: Sequence[Leak]) -> None:
        """Show the findings, by kind."""
        self.scan.setEnabled(True)
        bar = self.area.verticalScrollBar()
        place = bar.value()
        if not leaks:
            self.show_parts(frame("quoted", row(label(_NONE, tokens.TABLE, wrap=True), margins=(12, 10, 12, 10))))
            return
        parts = []
        for kind, (one, many, icon) in KINDS.items():
            found = [leak for leak in leaks if leak.kind == kind]
            if found:
                heading = count_words(len(found), one, many)
                hidden = sum(not leak.revealed for leak in found)
                note = "all hidden" if hidden == len(found) else f"{hidden} hidden"
                parts.append(
                    part(heading[0].upper() + heading[1:], *(self._line(leak, icon) for leak in found), note=note)
                )
        self.show_parts(*parts)
        bar.setValue(place)

    def _line(self, leak: Leak, icon: str) -> QWidget:
        state = (
            Pill("Shown", "warn", "eye", tokens.CAPTION)
            if leak.revealed
            else Pill("Hidden", "mute", "", tokens.CAPTION)
        )
        button = Button("Hide" if leak.revealed else "Reveal", cls="pill")
        where = field_title(leak.field)
        button.setAccessibleName(f"{button.text()} in exports: {leak.hidden}, {where}")
        button.clicked.connect(lambda: self._on_reveal(leak, button))
        shown = leak.text if leak.kind != "key" or leak.revealed else _masked(leak.text)
        return said(icon, "warn" if leak.revealed else "muted", shown, f"{where} · {leak.why}", state, button)

    def _on_reveal(self, leak: Leak, button: Button) -> None:
        button.setEnabled(False)
        self.reveal_wanted.emit(leak.finding, not leak.revealed)

    def _waiting(self) -> None:
        self.scan.setEnabled(False)
        self.show_parts(label("Looking …", tokens.TABLE, cls="muted"))

    @Slot()
    def _on_scan(self) -> None:
        self.banner.clear()
        self._waiting()
        self.scan_wanted.emit()


def field_title(field: str) -> str:
    """The words for where something stands: a field's title, else the text's own part."""
    known = BY_KEY.get(field)
    return known.title if known else safe_words(field) or "The text"


def leak_words(leaks: Sequence[Leak]) -> str:
    """What is hidden, in one line: "2 paths of this computer, 1 name from the corpus"."""
    hidden = [leak for leak in leaks if not leak.revealed]
    counts = [
        count_words(sum(leak.kind == kind for leak in hidden), one, many)
        for kind, (one, many, _) in KINDS.items()
        if any(leak.kind == kind for leak in hidden)
    ]
    return ", ".join(counts)


def _masked(key: str) -> str:
    return f"{key[:4]}{'•' * 12}"
