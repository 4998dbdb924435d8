"""Shows what a version's bundle holds, and its model card, before anything of it is brought in."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QDialog, QFrame, QGridLayout, QScrollArea, QWidget

from forge_desktop.archive.version_cards import BundleLook
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.card_text import preview_text
from forge_desktop.ui.widgets.basics import Button, ElidedLabel, PrimaryButton, column, label, row
from forge_desktop.ui.widgets.markdown_view import MarkdownView, ask_before_opening
from forge_desktop.ui.widgets.words import count_words, file_name, safe_words, size_words

_ABOUT = (
    "What somebody else says of it: it comes in as theirs, and never counts as measured here. The version stays in "
    "quarantine until a gate on this computer has passed it."
)


class BundleSheet(QDialog):
    """`agreed` says that it shall come in."""

    agreed = Signal()

    def __init__(self, found: BundleLook, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Import a version")
        self.card = MarkdownView()
        self.card.setAccessibleName("Model card in the bundle")
        self.card.outside.connect(lambda url: ask_before_opening(url, self))
        self.card.set_markdown(preview_text(found.card_text) or "It has no model card.")
        self.start = PrimaryButton("Import", "download")
        self.start.setEnabled(found.base_here or found.with_base)
        self.start.clicked.connect(self._on_start)
        cancel = Button("Cancel")
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        self.setLayout(
            column(
                column(
                    ElidedLabel(f"Import {safe_words(found.name or found.version)}", tokens.TITLE, 600, middle=True),
                    label(_ABOUT, tokens.TABLE, cls="muted", wrap=True),
                    gap=2,
                ),
                _facts(found),
                *_left_out(found),
                self._area(),
                row(None, cancel, self.start),
                gap=tokens.LG,
                margins=(tokens.XL, 20, tokens.XL, 20),
            )
        )
        self.setMinimumWidth(theme.px(560))
        self.resize(theme.px(640), theme.px(620))

    def _area(self) -> QScrollArea:
        content = QWidget()
        content.setProperty("cls", "flow")
        content.setLayout(column(self.card, None, margins=(0, 0, tokens.MD, 0)))
        area = QScrollArea()
        area.setAccessibleName("Model card")
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setMinimumHeight(theme.px(160))
        area.setWidget(content)
        return area

    @Slot()
    def _on_start(self) -> None:
        self.agreed.emit()
        self.accept()


def _left_out(found: BundleLook) -> list[QWidget]:
    """What of the card is not taken in, so that what is shown below is not taken for the whole."""
    if not found.card_left_out:
        return []
    said = f"Of its card this cannot be taken in: {', '.join(map(safe_words, found.card_left_out))}."
    return [label(said, tokens.TABLE, wrap=True)]


def _facts(found: BundleLook) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(tokens.LG)
    grid.setVerticalSpacing(6)
    grid.setColumnStretch(1, 1)
    here = "on this computer" if found.base_here else "in the bundle" if found.with_base else "missing: import it first"
    told = f"{count_words(found.gates, 'gate')} there{f', {found.verdict}' if found.verdict else ''}"
    lines = (
        ("Bundle", f"{file_name(found.file)}, {size_words(found.bytes)}"),
        ("Version there", f"{found.version}, scale {found.scale:g}"),
        ("Base", f"{found.base_name} ({here})"),
        ("Told", told),
    )
    for line, (words, said) in enumerate(lines):
        grid.addWidget(label(words, tokens.SMALL, cls="muted"), line, 0)
        grid.addWidget(ElidedLabel(safe_words(said), tokens.TABLE, middle=True), line, 1)
    return grid
