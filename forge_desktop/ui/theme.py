"""The look in force: fonts, icons, palette and style sheet made from the tokens, and the switch between light and dark.

Widgets that paint themselves ask `current()` while painting. Widgets that bake colours in (rich text) bake again on
`QEvent.Type.PaletteChange`, which `apply` causes everywhere.
"""

from __future__ import annotations

import functools
import sys

from PySide6.QtCore import QByteArray, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFont,
    QFontDatabase,
    QFontInfo,
    QIcon,
    QIconEngine,
    QPainter,
    QPalette,
    QPen,
    QPixmap,
)
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from forge_desktop.base.paths import resources_dir
from forge_desktop.ui import tokens
from forge_desktop.ui.stylesheet import style_sheet
from forge_desktop.ui.tokens import DARK, LIGHT, Theme

__all__ = ["DARK", "LIGHT", "Theme", "apply", "current", "draw_icon", "font", "icon", "load_fonts", "pixmap", "px"]

_STROKE = 1.75  # Lucide's own 2 looks heavy beside Inter at 16 px


class _InForce:
    """What the last `apply` decided; the application has exactly one look."""

    theme: Theme = LIGHT
    scale: float = 1.0
    fonts: bool = False


def current() -> Theme:
    """The colours in force."""
    return _InForce.theme


def px(size: float) -> int:
    """A size from the tokens in pixels, grown with the user's own font size."""
    return round(size * _InForce.scale)


def apply(app: QApplication, mode: str = "system") -> Theme:
    """Dress the application: mode "light", "dark" or "system". Returns the theme now in force."""
    hints = app.styleHints()
    scheme = {"light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark}.get(mode, Qt.ColorScheme.Unknown)
    hints.setColorScheme(scheme)
    if app.style().name() != "fusion":
        app.setStyle("Fusion")
    if _wants_high_contrast(app):
        theme = _native(app.style().standardPalette())
    else:
        theme = DARK if hints.colorScheme() == Qt.ColorScheme.Dark or mode == "dark" else LIGHT
    sheet = style_sheet(theme, _InForce.scale, resources_dir() / "icons")
    if sheet != app.styleSheet():  # dressing every widget anew costs a third of a second
        _InForce.theme = theme
        app.setPalette(_palette(theme))
        app.setStyleSheet(sheet)
    return theme


def load_fonts(app: QApplication) -> None:
    """Register the bundled faces and make Inter the application's font, at the size the user's system asks for."""
    if _InForce.fonts:
        return
    _InForce.fonts = True
    _InForce.scale = _system_scale(app.font())
    for face in sorted((resources_dir() / "fonts").glob("*.[ot]tf")):
        QFontDatabase.addApplicationFont(str(face))
    app.setFont(font())


def font(size: float = tokens.BODY, weight: int = 400, mono: bool = False, tabular: bool = False) -> QFont:
    """A face of the window: Inter, or JetBrains Mono. `tabular` gives figures of equal width for columns."""
    made = QFont(tokens.MONO if mono else tokens.SANS)
    made.setPixelSize(px(size))
    made.setWeight(QFont.Weight(weight))
    made.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    made.setStyleHint(QFont.StyleHint.Monospace if mono else QFont.StyleHint.SansSerif)
    if tabular:
        made.setFeature(QFont.Tag("tnum"), 1)
    return made


_PATTERNS = (
    Qt.BrushStyle.SolidPattern,
    Qt.BrushStyle.Dense4Pattern,
    Qt.BrushStyle.NoBrush,
    Qt.BrushStyle.BDiagPattern,
    Qt.BrushStyle.Dense6Pattern,
)


def mirrored() -> bool:
    """Whether the window is laid out from right to left."""
    return QApplication.layoutDirection() == Qt.LayoutDirection.RightToLeft


def part_brush(place: int, token: str) -> QBrush:
    """What a part of a bar is filled with: its colour, or in high contrast, where all have the same, its pattern."""
    colour = QColor(getattr(current(), token))
    return QBrush(colour, _PATTERNS[place % len(_PATTERNS)] if current().name == "contrast" else _PATTERNS[0])


def edge() -> QPen:
    """The line around a bar: none but in high contrast, where its track is as the ground."""
    plain = current().name == "contrast"
    return QPen(QColor(current().text), 1) if plain else QPen(Qt.PenStyle.NoPen)


@functools.cache
def icon(name: str, color: str = "muted", on: str | None = None) -> QIcon:
    """A bundled icon by Lucide name. `color` is a token ("muted", "accent_fg", …), `on` the one when checked."""
    engine = _SvgEngine(name, color, on or color)
    made = QIcon(engine)
    _engines.append(engine)  # WORKAROUND: PySide does not keep the Python half of an engine alive
    return made


def pixmap(name: str, size: float, color: str, ratio: float = 1.0) -> QPixmap:
    """A bundled icon as a square picture of `size` token pixels in the token or "#RRGGBB" colour given."""
    side = px(size)
    made = QPixmap(round(side * ratio), round(side * ratio))
    made.fill(Qt.GlobalColor.transparent)
    made.setDevicePixelRatio(ratio)
    painter = QPainter(made)
    draw_icon(painter, QRectF(0, 0, side, side), name, color)
    painter.end()
    return made


def draw_icon(painter: QPainter, area: QRectF, name: str, color: str, stroke: float = _STROKE) -> None:
    """Paint a bundled icon into `area`; `color` is a token's name or "#RRGGBB"."""
    shade = color if color.startswith("#") else str(getattr(current(), color))
    _renderer(name, shade, stroke).render(painter, area)


@functools.lru_cache(maxsize=512)
def _renderer(name: str, shade: str, stroke: float) -> QSvgRenderer:
    drawing = (resources_dir() / "icons" / f"{name}.svg").read_text("utf-8")
    drawing = drawing.replace("currentColor", shade).replace('stroke-width="2"', f'stroke-width="{stroke}"')
    return QSvgRenderer(QByteArray(drawing.encode()))


_engines: list[QIconEngine] = []


class _SvgEngine(QIconEngine):
    """One SVG, coloured by the theme in force when it is painted, crisp at every scale.

    It fills a square at the leading edge of a wider box, which is how a button gets a wider gap before its text.
    """

    def __init__(self, name: str, color: str, on: str) -> None:
        super().__init__()
        self._name, self._color, self._on = name, color, on

    def clone(self) -> QIconEngine:
        copy = _SvgEngine(self._name, self._color, self._on)
        _engines.append(copy)
        return copy

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        color = self._on if state == QIcon.State.On else self._color
        if mode == QIcon.Mode.Disabled:
            color = "disabled"
        side = min(rect.width(), rect.height())
        left = rect.right() + 1 - side if mirrored() else rect.left()
        draw_icon(painter, QRectF(left, rect.top() + (rect.height() - side) / 2, side, side), self._name, color)

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        if size.isEmpty():  # of a button that has no height yet
            return QPixmap()
        made = QPixmap(size)
        made.fill(Qt.GlobalColor.transparent)
        painter = QPainter(made)
        self.paint(painter, QRect(QPoint(0, 0), size), mode, state)
        painter.end()
        return made

    def scaledPixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State, scale: float) -> QPixmap:
        # Qt gives the size without the scale and wants the picture with it (since 6.8)
        return self.pixmap(QSize(round(size.width() * scale), round(size.height() * scale)), mode, state)


def _palette(theme: Theme) -> QPalette:
    role = QPalette.ColorRole
    palette = QPalette()
    for which, colour in (
        (role.Window, theme.window),
        (role.WindowText, theme.text),
        (role.Base, theme.surface),
        (role.AlternateBase, theme.surface2),
        (role.Text, theme.text),
        (role.Button, theme.surface),
        (role.ButtonText, theme.text),
        (role.BrightText, theme.bad),
        (role.Highlight, theme.accent),
        (role.HighlightedText, theme.on_accent),
        (role.Link, theme.accent_fg),
        (role.LinkVisited, theme.accent_fg),
        (role.PlaceholderText, theme.muted),
        (role.Mid, theme.border),
        (role.Accent, theme.accent),
        (role.ToolTipBase, theme.text),
        (role.ToolTipText, theme.surface),
    ):
        palette.setColor(which, QColor(colour))
    for which in (role.Text, role.ButtonText, role.WindowText):
        palette.setColor(QPalette.ColorGroup.Disabled, which, QColor(theme.disabled))
    return palette


def _wants_high_contrast(app: QApplication) -> bool:
    return app.styleHints().accessibility().contrastPreference() == Qt.ContrastPreference.HighContrast


def _native(palette: QPalette) -> Theme:
    """The system's own high-contrast colours in the roles of our tokens: no greys, no tints, lines as text."""
    role = QPalette.ColorRole

    def colour(which: QPalette.ColorRole) -> str:
        return palette.color(QPalette.ColorGroup.Active, which).name()

    ground, text = colour(role.Window), colour(role.WindowText)
    chosen, on_chosen = colour(role.Highlight), colour(role.HighlightedText)
    values = dict.fromkeys(Theme.__dataclass_fields__, text)
    for name in ("window", "surface", "surface2", "hover", "accent_soft", "code_bg", "track", "grid"):
        values[name] = ground
    for name in ("ok_soft", "warn_soft", "bad_soft", "info_soft"):
        values[name] = ground
    values["disabled"] = palette.color(QPalette.ColorGroup.Disabled, role.WindowText).name()
    values |= {"accent": chosen, "accent_hover": chosen, "on_accent": on_chosen, "name": "contrast"}
    return Theme(**values)


def _system_scale(native: QFont) -> float:
    """How much larger than usual the user's system font is: 1 within the range that desktops ship with."""
    usual = {"darwin": (12.0, 13.5), "win32": (8.5, 9.5)}.get(sys.platform, (8.5, 11.5))
    points = QFontInfo(native).pointSizeF()
    if usual[0] <= points <= usual[1] or points <= 0:
        return 1.0
    return min(2.0, max(0.9, points / usual[1] if points > usual[1] else points / usual[0]))
