"""Tokens, palette, icons and fonts: readable, complete, and switched at once."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QFontInfo, QIcon, QPalette
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from forge_desktop.base.paths import resources_dir
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.tokens import DARK, LIGHT, Theme, contrast
from forge_desktop.ui.widgets.basics import Button, IconButton, Meter, label
from forge_desktop.ui.widgets.charts import BarChart
from forge_desktop.ui.widgets.segments import Segments
from forge_desktop.ui.widgets.stacked_bar import PartDot
from forge_desktop.ui.widgets.words import isolated

TEXT = [
    (
        "text",
        ("surface", "window", "surface2", "hover", "accent_soft", "ok_soft", "warn_soft", "bad_soft", "info_soft"),
    ),
    ("muted", ("surface", "window", "surface2", "hover")),
    ("on_accent", ("accent", "accent_hover")),
    ("accent_fg", ("surface", "window", "accent_soft")),
    ("ok", ("ok_soft", "surface", "window")),
    ("warn", ("warn_soft", "surface", "window")),
    ("bad", ("bad_soft", "surface", "window")),
    ("info", ("info_soft", "surface", "window")),
    *[(f"code_{kind}", ("code_bg",)) for kind in ("keyword", "string", "comment", "number", "function")],
]
LINES = [
    ("control_border", ("surface", "window")),
    ("focus", ("surface", "window")),
    ("disabled", ("surface", "surface2")),
    ("chart1", ("surface",)),
    ("chart2", ("surface",)),
    ("chart3", ("surface",)),
]


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("pairs", "needed"), [(TEXT, 4.5), (LINES, 3.0)], ids=["text", "lines"])
def test_every_pair_of_colours_can_be_read(
    colours: Theme, pairs: list[tuple[str, tuple[str, ...]]], needed: float
) -> None:
    low = {
        f"{ink} on {ground}": round(contrast(getattr(colours, ink), getattr(colours, ground)), 2)
        for ink, grounds in pairs
        for ground in grounds
        if contrast(getattr(colours, ink), getattr(colours, ground)) < needed
    }
    assert not low


def test_every_icon_named_in_the_window_is_bundled_and_draws(qapp: QApplication) -> None:
    bundled = {path.stem for path in (resources_dir() / "icons").glob("*.svg")}
    broken = [name for name in bundled if not QSvgRenderer(str(resources_dir() / "icons" / f"{name}.svg")).isValid()]
    assert not broken
    sources = (Path(theme.__file__).parent).rglob("*.py")
    named = set()
    for source in sources:
        named |= set(
            re.findall(r"(?:icon|set_icon|IconButton|IconLabel|pixmap)\(\s*\"([a-z0-9-]+)\"", source.read_text())
        )
        named |= set(re.findall(r"Button\(\"[^\"]*\", \"([a-z0-9-]+)\"", source.read_text()))
    assert len(named) > 20
    assert named <= bundled


def test_the_arrows_of_the_style_sheet_have_the_tokens_colours() -> None:
    for colours in (LIGHT, DARK):
        for name in ("chevron-down", "chevron-up", "chevron-right"):
            drawing = (resources_dir() / "icons" / "qss" / f"{name}-{colours.name}.svg").read_text()
            assert colours.muted in drawing
        assert colours.on_accent in (resources_dir() / "icons" / "qss" / f"check-{colours.name}.svg").read_text()


def test_fonts_and_icons_travel_with_their_licences() -> None:
    fonts = resources_dir() / "fonts"
    assert "SIL OPEN FONT LICENSE" in (fonts / "Inter-OFL.txt").read_text()
    assert "SIL OPEN FONT LICENSE" in (fonts / "JetBrainsMono-OFL.txt").read_text()
    assert "ISC" in (resources_dir() / "icons" / "LICENSE").read_text()
    assert sum(path.stat().st_size for path in fonts.iterdir()) < 2_500_000


def test_the_bundled_faces_are_used_not_look_alikes(qapp: QApplication) -> None:
    assert QFontInfo(theme.font()).family() == tokens.SANS
    assert QFontInfo(theme.font(mono=True)).family() == tokens.MONO
    assert QFontInfo(theme.font(weight=600)).weight() == 600
    assert QFontInfo(qapp.font()).family() == tokens.SANS


@pytest.mark.parametrize(("mode", "colours"), [("light", LIGHT), ("dark", DARK)])
def test_apply_dresses_the_application(qapp: QApplication, mode: str, colours: Theme) -> None:
    try:
        assert theme.apply(qapp, mode) is colours
        assert theme.current() is colours
        assert qapp.palette().color(QPalette.ColorRole.Window).name().upper() == colours.window
        assert colours.accent in qapp.styleSheet()
    finally:
        theme.apply(qapp, "light")


def test_an_icon_changes_its_colour_with_the_theme(qapp: QApplication) -> None:
    drawn = theme.icon("square", "text")
    try:
        for mode, colours in (("light", LIGHT), ("dark", DARK)):
            theme.apply(qapp, mode)
            assert _darkest_ink(drawn) == QColor(colours.text)
    finally:
        theme.apply(qapp, "light")


def test_a_larger_system_font_grows_type_and_controls(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(theme._InForce, "scale", 1.5)
    assert theme.font(14).pixelSize() == 21
    assert theme.px(32) == 48
    theme.apply(qapp, "light")
    assert "min-height:45px" in qapp.styleSheet()
    monkeypatch.undo()
    theme.apply(qapp, "light")


def test_high_contrast_uses_the_systems_own_colours(qapp: QApplication) -> None:
    palette = QPalette()
    palette.setColor(QPalette.ColorRole.Window, QColor("#000000"))
    palette.setColor(QPalette.ColorRole.WindowText, QColor("#FFFF00"))
    palette.setColor(QPalette.ColorRole.Highlight, QColor("#00FF00"))
    palette.setColor(QPalette.ColorRole.HighlightedText, QColor("#000000"))
    native = theme._native(palette)
    assert {value for key, value in dataclasses.asdict(native).items() if key != "name"} == {
        "#000000",
        "#ffff00",
        "#00ff00",
    }
    assert native.text == native.border == native.muted == "#ffff00"


def test_the_chosen_segment_can_be_told_in_high_contrast(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(theme, "_wants_high_contrast", lambda _app: True)
    try:
        colours = theme.apply(qapp)
        assert colours.name == "contrast"
        shown = Segments([("a", "Same"), ("b", "Same")], "Two that say the same")
        shown.show()
        qapp.processEvents()
        chosen, other = (shown._buttons[key].grab().toImage() for key in ("a", "b"))
        assert chosen.pixelColor(6, chosen.height() // 2).name() == colours.accent
        assert other.pixelColor(6, other.height() // 2).name() != colours.accent
    finally:
        monkeypatch.undo()
        theme.apply(qapp, "light")


def _darkest_ink(icon: QIcon) -> QColor:
    """The colour of the most opaque pixel."""
    picture = icon.pixmap(QSize(64, 64)).toImage()
    pixels = (picture.pixelColor(x, y) for x in range(picture.width()) for y in range(picture.height()))
    found = max(pixels, key=lambda colour: colour.alpha())
    found.setAlpha(255)
    return found


def test_icons_are_as_fine_as_the_screen(qapp: QApplication) -> None:
    assert theme.icon("library").pixmap(QSize(16, 16), 2.0).size() == QSize(32, 32)
    assert theme.pixmap("library", 16, "text", 2.0).size() == QSize(32, 32)


def test_parts_and_shares_can_be_told_in_high_contrast(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(theme, "_wants_high_contrast", lambda _app: True)
    try:
        colours = theme.apply(qapp)
        dots = [PartDot(part).grab().toImage() for part in range(3)]
        assert len({bytes(dot.constBits()) for dot in dots}) == 3
        meter = Meter(0.2, 100)
        track = meter.grab().toImage()
        assert track.pixelColor(track.width() // 2, 3).name() == colours.text  # its line, where it is not filled
        bars = BarChart("Cost", 100)
        bars.resize(300, 100)
        bars.show_bars([("1", 10), ("2", 10)], "2")
        shown = bars.grab().toImage()
        places = [(round(shown.width() * at), shown.height() // 2) for at in (0.25, 0.75)]
        other, marked = (shown.pixelColor(*place).name() for place in places)
        assert (other, marked) == (colours.surface, colours.chart1)
        off, on = Button("Start"), Button("Start")
        off.setEnabled(False)
        assert off.grab().toImage() != on.grab().toImage()
    finally:
        monkeypatch.undo()
        theme.apply(qapp, "light")


def test_words_keep_their_direction_in_a_mirrored_window(qapp: QApplication) -> None:
    assert isolated("How many?") == "\u2066How many?\u2069"
    assert isolated("5 ש") == "5 ש"
    assert isolated("") == ""
    qapp.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    try:
        spent, heading = IconButton("wallet", "Spent", text="$0.10 this month"), label("Name")
        assert spent.text() == "\u2066$0.10 this month\u2069"
        assert Button("Go…").accessibleName() == "Go…"
        heading.resize(200, 20)
        shown = heading.grab().toImage()
        ground = shown.pixelColor(0, 0)
        inked = [x for x in range(shown.width()) if any(shown.pixelColor(x, y) != ground for y in range(20))]
        assert min(inked) > 100  # at the leading edge
    finally:
        qapp.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
