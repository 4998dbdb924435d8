"""What a version's bundle says, its model card too, before anything of it is brought in."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QDialog, QFrame, QGridLayout, QScrollArea, QWidget

from forge_desktop.archive.version_cards import BundleLook
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.card_text import preview_text
from forge_desktop.ui.widgets.basics import Button, ElidedLabel, PrimaryButton, column, frame, label, row
from forge_desktop.ui.widgets.markdown_view import MarkdownView, ask_before_opening
from forge_desktop.ui.widgets.words import breakable, count_words, file_name, safe_words, size_words

_ABOUT = (
    "Nothing has been brought in yet. What it says of itself was said elsewhere: it stays in quarantine until a gate on"
    " this computer has passed it."
)
_NO_CARD = "There is no model card in this bundle."


class BundleSheet(QDialog):
    """`agreed` when it is to be imported."""

    agreed = Signal()

    def __init__(self, look: BundleLook, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Import a version")
        self.start = PrimaryButton("Import", "download")
        self.start.clicked.connect(self._on_start)
        cancel = Button("Cancel")
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        self.card = MarkdownView()
        self.card.setAccessibleName("Its model card")
        self.card.outside.connect(lambda url: ask_before_opening(url, self))
        name = safe_words(look.name or look.version)
        inside = QWidget()
        inside.setProperty("cls", "flow")
        inside.setLayout(column(_facts(look), self._card_part(look), None, gap=tokens.MD, margins=(0, 0, 4, 0)))
        area = QScrollArea()
        area.setAccessibleName("What the bundle says")
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        about = label(_ABOUT, tokens.TABLE, cls="muted", wrap=True)
        content = column(
            column(ElidedLabel(f"Import {name}", tokens.TITLE, 600), about, gap=2),
            area,
            row(None, cancel, self.start),
            gap=tokens.MD,
            margins=(tokens.XL, 20, tokens.XL, 18),
        )
        content.setStretch(1, 1)
        self.setLayout(content)
        most = parent.window().size() if parent else self.sizeHint()
        self.resize(min(theme.px(680), most.width() - 32), min(theme.px(640), most.height() - 32))

    def _card_part(self, look: BundleLook) -> QFrame:
        head = label("Its model card", tokens.BODY, 600)
        if not look.card_text:
            words = label(_NO_CARD, tokens.TABLE, cls="muted")
            return frame("card", column(head, words, gap=8, margins=(16, 12, 16, 14)))
        self.card.set_markdown(preview_text(look.card_text))
        return frame("card", column(head, self.card, gap=8, margins=(16, 12, 16, 14)))

    @Slot()
    def _on_start(self) -> None:
        self.accept()
        self.agreed.emit()


def _facts(look: BundleLook) -> QFrame:
    base = f"{look.base_name}, which is {'here' if look.base_here else 'in it' if look.with_base else 'not here'}"
    verdicts = {"passed": "passed there", "failed": "failed there", "inconclusive": "was not decided there"}
    gate = f"The gate {verdicts[look.verdict]}" if look.verdict in verdicts else "No gate decided on it"
    lines = {
        "File": f"{file_name(look.file)}, {size_words(look.bytes)}",
        "Base": base,
        "Adapter": f"{look.adapter_sha256[:12]}, scale {look.scale:g}" if look.adapter_sha256 else "none",
        "Gate": f"{gate}; {count_words(look.gates, 'gate')} in the bundle",
        "Training": "its run is in the bundle" if look.with_run else "nothing is said of it",
    }
    grid = QGridLayout()
    grid.setHorizontalSpacing(tokens.LG)
    grid.setVerticalSpacing(6)
    grid.setColumnMinimumWidth(0, theme.px(96))
    grid.setColumnStretch(1, 1)
    for line, (name, words) in enumerate(lines.items()):
        grid.addWidget(label(name, tokens.SMALL, cls="muted"), line, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(label(breakable(safe_words(words)), tokens.TABLE, wrap=True), line, 1)
    return frame("card", column(label("What it is", tokens.BODY, 600), grid, gap=8, margins=(16, 12, 16, 14)))
