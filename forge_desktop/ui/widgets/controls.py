"""Labels, frames, layouts, buttons and fields in the application's dress; each made in one call."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QAction, QFocusEvent, QPainter, QPaintEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from forge_desktop.ui import theme, tokens
from forge_desktop.ui.widgets.words import isolated, plain_tip

_Box = TypeVar("_Box", bound=QBoxLayout)
_KEYBOARD = (
    Qt.FocusReason.TabFocusReason,
    Qt.FocusReason.BacktabFocusReason,
    Qt.FocusReason.ShortcutFocusReason,
)
_PASSING = (
    Qt.FocusReason.ActiveWindowFocusReason,
    Qt.FocusReason.PopupFocusReason,
    Qt.FocusReason.MenuBarFocusReason,
)


def label(
    text: str = "",
    size: float = tokens.BODY,
    weight: int = 400,
    cls: str = "",
    *,
    mono: bool = False,
    wrap: bool = False,
    tabular: bool = False,
    selectable: bool = False,
) -> QLabel:
    """A plain-text label; nothing in `text` is ever taken for markup. `cls`: muted, accent, ok, warn, bad, info."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setFont(theme.font(size, weight, mono, tabular))
    _lead(made)
    made.setWordWrap(wrap)
    if cls:
        made.setProperty("cls", cls)
    if selectable:
        made.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
    return made


def _lead(made: QLabel) -> None:
    """Have words begin at the leading edge of a mirrored window too: Qt goes by the direction of the text."""
    if theme.mirrored():
        made.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignAbsolute | Qt.AlignmentFlag.AlignVCenter)


def frame(cls: str, layout: QLayout | None = None) -> QFrame:
    """A frame dressed by its class: card, head, foot, rail, side, sideR, bubble, composer, line …"""
    made = QFrame()
    made.setProperty("cls", cls)
    if layout is not None:
        made.setLayout(layout)
    return made


def row(
    *items: QWidget | QLayout | int | None, gap: int = tokens.SM, margins: tuple[int, int, int, int] = (0, 0, 0, 0)
) -> QHBoxLayout:
    """A horizontal layout. None stretches, a number is a fixed gap."""
    return _filled(QHBoxLayout(), items, gap, margins)


def column(
    *items: QWidget | QLayout | int | None, gap: int = tokens.SM, margins: tuple[int, int, int, int] = (0, 0, 0, 0)
) -> QVBoxLayout:
    """A vertical layout. None stretches, a number is a fixed gap."""
    return _filled(QVBoxLayout(), items, gap, margins)


def _filled(
    box: _Box, items: tuple[QWidget | QLayout | int | None, ...], gap: int, margins: tuple[int, int, int, int]
) -> _Box:
    box.setSpacing(gap)
    box.setContentsMargins(*margins)
    for item in items:
        if item is None:
            box.addStretch(1)
        elif isinstance(item, int):
            box.addSpacing(item)
        elif isinstance(item, QLayout):
            box.addLayout(item)
        else:
            box.addWidget(item)
    return box


def set_cls(widget: QWidget, cls: str) -> None:
    """Change a widget's class and have the style sheet applied anew, if it is another one."""
    set_property(widget, "cls", cls)


def set_property(widget: QWidget, name: str, value: str) -> None:
    """Change a property that the style sheet looks at."""
    if widget.property(name) != value:
        widget.setProperty(name, value)
        widget.style().unpolish(widget)
        widget.style().polish(widget)
        widget.update()


def page_head(title: str, subtitle: QWidget | None, *actions: QWidget) -> QFrame:
    """The band on top of a pane: title, one line under it, buttons at the end."""
    heading = label(title, tokens.TITLE, 600)
    texts = column(None, heading, *([subtitle] if subtitle else []), None, gap=2)
    line = row(texts, *actions, margins=(tokens.XL, 0, 20, 0))
    line.setStretch(0, 1)
    made = frame("head", line)
    made.setMinimumHeight(theme.px(68))
    made.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
    return made


def show_ring(widget: QWidget, event: QFocusEvent) -> None:
    """Show the focus ring when focus came by keyboard; a mouse click leaves none (what CSS calls focus-visible).

    A window or a menu that takes the focus for a while changes nothing.
    """
    if event.reason() not in _PASSING:
        set_property(widget, "ring", "1" if event.gotFocus() and event.reason() in _KEYBOARD else "")


def holds_focus(*parts: QWidget) -> bool:
    """Whether the keyboard focus is inside one of these."""
    focus = QApplication.focusWidget()
    return focus is not None and any(part.isAncestorOf(focus) for part in parts)


class Button(QPushButton):
    """A push button with an optional icon. `cls`: primary, danger, pill, link, or none. "&" in `text` is literal."""

    def __init__(self, text: str, icon: str = "", cls: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText(text)
        if cls:
            self.setProperty("cls", cls)
        if icon:
            self.set_icon(icon)
        if cls in ("pill", "link"):
            self.setFont(theme.font(tokens.SMALL))
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def setText(self, text: str) -> None:
        shown = text.replace("&", "&&")
        super().setText(isolated(shown) if theme.mirrored() else shown)
        self.setAccessibleName(text)

    def set_icon(self, icon: str) -> None:
        """Show another icon in the colour that fits the button."""
        color = {"primary": "on_accent", "danger": "bad", "link": "accent_fg"}.get(self.property("cls"), "muted")
        side = theme.px(14 if self.property("cls") in ("pill", "link") else 16)
        self.setIcon(theme.icon(icon, color))
        self.setIconSize(QSize(side + 4, side))  # the style's own gap of 4 px is too tight

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        show_ring(self, event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        show_ring(self, event)


class PrimaryButton(Button):
    """The one button of a pane or a dialog that does what the person came for."""

    def __init__(self, text: str, icon: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, icon, "primary", parent)


class IconButton(QToolButton):
    """A borderless button of one icon, at least 28 px square. The accessible name is also its tooltip; "&" in `text` is
    literal.
    """

    def __init__(
        self,
        icon: str,
        accessible_name: str,
        tooltip: str = "",
        *,
        text: str = "",
        size: float = 16,
        color: str = "muted",
        checkable: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setProperty("cls", "ghost")
        self._color = color
        self.setCheckable(checkable)
        self.setIconSize(QSize(theme.px(size), theme.px(size)))
        self.set_icon(icon)
        self.setAccessibleName(accessible_name)
        self.setToolTip(tooltip or accessible_name)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        if text:
            self.setText(text)
            self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            self.setIconSize(QSize(theme.px(size) + 4, theme.px(size)))
            self.setFont(theme.font(tokens.SMALL))

    def setText(self, text: str) -> None:
        shown = text.replace("&", "&&")
        super().setText(isolated(shown) if theme.mirrored() else shown)

    def set_icon(self, icon: str, color: str = "") -> None:
        """Show another icon or colour."""
        self._color = color or self._color
        self.setIcon(theme.icon(icon, self._color, "accent_fg" if self.isCheckable() else None))

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        show_ring(self, event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        show_ring(self, event)


class IconLabel(QLabel):
    """A picture of a bundled icon. Decoration: it has no accessible name unless one is given."""

    def __init__(self, icon: str, size: float = 16, color: str = "muted", accessible_name: str = "") -> None:
        super().__init__()
        self._icon, self._size, self._color = icon, size, color
        self.setFixedSize(theme.px(size), theme.px(size))
        self.setAccessibleName(accessible_name)

    def set_icon(self, icon: str, color: str = "") -> None:
        """Show another icon or colour."""
        self._icon, self._color = icon, color or self._color
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme.draw_icon(painter, self.rect().toRectF(), self._icon, self._color)
        painter.end()

    def pixmap(self) -> QPixmap:
        """The picture at this screen's scale."""
        return theme.pixmap(self._icon, self._size, self._color, self.devicePixelRatioF())


class ElidedLabel(QLabel):
    """A one-line label that shortens its text with an ellipsis; the whole text is its tooltip and accessible name."""

    def __init__(
        self,
        text: str = "",
        size: float = tokens.BODY,
        weight: int = 400,
        cls: str = "",
        *,
        middle: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._whole = ""
        self._mode = Qt.TextElideMode.ElideMiddle if middle else Qt.TextElideMode.ElideRight
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setFont(theme.font(size, weight))
        _lead(self)
        if cls:
            self.setProperty("cls", cls)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self.setText(text)

    def setText(self, text: str) -> None:
        self._whole = " ".join(text.split())
        self.setAccessibleName(self._whole)
        self._fit()
        self.updateGeometry()

    def whole_text(self) -> str:
        """The text without the ellipsis."""
        return self._whole

    def sizeHint(self) -> QSize:
        """As wide as the whole text, so that a layout gives it what there is."""
        margins = self.contentsMargins()
        width = self.fontMetrics().horizontalAdvance(self._whole) + margins.left() + margins.right() + 2
        return QSize(width, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(24), super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    def _fit(self) -> None:
        shown = self.fontMetrics().elidedText(self._whole, self._mode, max(0, self.contentsRect().width()))
        super().setText(shown)
        self.setToolTip(plain_tip(self._whole) if shown != self._whole else "")


def search_field(accessible_name: str, placeholder: str = "") -> QLineEdit:
    """A line edit with a magnifying glass and a clear button."""
    made = QLineEdit()
    made.setProperty("cls", "icon")
    made.setPlaceholderText(placeholder or accessible_name)
    made.setAccessibleName(accessible_name)
    made.setFont(theme.font(tokens.TABLE))
    made.setClearButtonEnabled(True)
    glass = made.addAction(theme.icon("search"), QLineEdit.ActionPosition.LeadingPosition)
    glass.setText("Search")
    name_buttons(made)
    return made


def name_buttons(field: QLineEdit) -> None:
    """Name the buttons inside a line edit by their actions, and take them out of the tab order, as Qt does not."""
    for button in field.findChildren(QAbstractButton):
        if not button.accessibleName():
            action = button.defaultAction() if isinstance(button, QToolButton) else None
            button.setAccessibleName(action.text() if isinstance(action, QAction) and action.text() else "Clear")
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
