"""How the sheets of cards are laid out: heading, what scrolls, banner, buttons; and the lines that stand in them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QDialog, QFrame, QLayout, QScrollArea, QSizePolicy, QWidget

from forge_desktop.ui import theme, tokens
from forge_desktop.ui.widgets.basics import Banner, Button, ElidedLabel, IconLabel, column, frame, label, row
from forge_desktop.ui.widgets.words import breakable, safe_words


class CardSheet(QDialog):
    """A dialog about a card. `show_parts` puts into its middle what scrolls, instead of what was there."""

    def __init__(self, title: str, heading: str, about: str, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.banner = Banner()
        self.about = label(about, tokens.TABLE, cls="muted", wrap=True)
        self.about.setVisible(bool(about))
        self._heading = ElidedLabel(safe_words(heading), tokens.TITLE, 600)
        self._parts = column(gap=tokens.MD, margins=(0, 0, 6, 0))
        inside = QWidget()
        inside.setProperty("cls", "flow")
        inside.setLayout(self._parts)
        self.area = QScrollArea()
        self.area.setAccessibleName(title)
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setWidget(inside)

    def say(self, about: str) -> None:
        """Other words under the heading."""
        self.about.setText(about)
        self.about.setVisible(bool(about))

    def show_parts(self, *parts: QWidget) -> None:
        """Show these, from top to bottom."""
        empty(self._parts)
        for part in parts:
            self._parts.addWidget(part)
        self._parts.addStretch(1)

    def lay_out(self, size: tuple[int, int], *buttons: QWidget | None, over: Sequence[QWidget | QLayout] = ()) -> None:
        """Heading, `over`, what scrolls, banner, buttons; as large as `size`, and no larger than the window."""
        lines = column(
            column(self._heading, self.about, gap=2),
            *over,
            self.area,
            self.banner,
            row(*buttons),
            gap=tokens.MD,
            margins=(tokens.XL, 20, tokens.XL, 18),
        )
        lines.setStretch(1 + len(over), 1)
        self.setLayout(lines)
        parent = self.parentWidget()
        most = parent.window().size() if parent else self.sizeHint().expandedTo(self.minimumSize())
        wide, high = (theme.px(side) for side in size)
        self.resize(min(wide, most.width() - 32), min(high, most.height() - 32))


def empty(box: QLayout) -> None:
    """Take out of a layout what stands in it, and put it away."""
    while (item := box.takeAt(0)) is not None:
        inner = item.layout()
        if inner is not None:
            empty(inner)
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()


def keep_narrow(choice: QComboBox, most: int = 240) -> None:
    """A long name in a list shortens there, and does not widen the sheet."""
    choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    choice.setMinimumContentsLength(12)
    choice.setFixedWidth(theme.px(most))


def closing(words: str = "Close") -> Button:
    """The button that closes without doing anything; whoever makes it connects it."""
    made = Button(words)
    made.setAutoDefault(False)
    return made


def part(title: str, *content: QWidget | QLayout, note: str = "") -> QFrame:
    """A framed part with a title."""
    head = row(label(title, tokens.BODY, 600), None, label(note, tokens.SMALL, cls="muted"))
    return frame("card", column(head, *content, gap=8, margins=(16, 12, 16, 14)))


def said(icon: str, kind: str, words: str, note: str = "", *trailing: QWidget) -> QWidget:
    """A line with an icon before it, a smaller line under it, and buttons at its end."""
    lines: list[QWidget] = [label(breakable(safe_words(words)), tokens.TABLE, wrap=True)]
    if note:
        lines.append(label(breakable(safe_words(note)), tokens.SMALL, cls="muted", wrap=True))
    text = column(*lines, gap=1)
    line = row(IconLabel(icon, 15, kind), text, *trailing, gap=10)
    line.setStretch(1, 1)
    made = QWidget()
    made.setLayout(line)
    made.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
    made.setAccessibleName(f"{words} {note}".strip())
    return made
