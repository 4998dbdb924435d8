"""The card as a reader will see it, drawn a moment after it changed."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from forge_desktop.ui import theme, tokens
from forge_desktop.ui.widgets.basics import column, frame, label, row
from forge_desktop.ui.widgets.markdown_view import MarkdownView, ask_before_opening

_PAUSE_MS = 60


class Preview(QFrame):
    """A heading, and the card on its sheet."""

    copied = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("cls", "sideR")
        self.view = MarkdownView()
        self.view.setAccessibleName("Preview of the card")
        self.view.outside.connect(lambda url: ask_before_opening(url, self.window()))
        self.view.copied.connect(self.copied)
        sheet = frame("card", column(self.view, gap=0, margins=(18, 14, 18, 18)))
        inside = QWidget()
        inside.setProperty("cls", "flow")
        inside.setLayout(column(sheet, None, gap=0, margins=(0, 0, 4, 20)))
        self.area = QScrollArea()
        self.area.setAccessibleName("Preview")
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setWidget(inside)
        head = row(label("Preview", tokens.BODY, 600), None, label("README.md", tokens.SMALL, cls="muted", mono=True))
        content = column(head, self.area, gap=10, margins=(16, 18, 12, 0))
        content.setStretch(1, 1)
        self.setLayout(content)
        self.setMinimumWidth(theme.px(280))
        self._text = ""
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._pause.timeout.connect(self._draw)

    def show_text(self, text: str) -> None:
        """Show what `preview_text` made, soon; nothing while it is hidden."""
        self._text = text
        if not self.isHidden():
            self._pause.start()

    def start_over(self) -> None:
        """Another card comes: from its beginning."""
        self.area.verticalScrollBar().setValue(0)

    @Slot()
    def _draw(self) -> None:
        self.view.set_markdown(self._text)

    def setVisible(self, visible: bool) -> None:
        super().setVisible(visible)
        if visible and self._text != self.view.written:
            self._pause.start()
