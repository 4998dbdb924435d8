"""The one QApplication: its name, fonts, look and icon."""

from __future__ import annotations

import sys

from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QApplication

from forge_desktop import __version__
from forge_desktop.ui import theme
from forge_desktop.ui.widgets.painted import draw_mark


def application() -> QApplication:
    """The one QApplication, dressed; an existing one is taken as it is."""
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    QApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    app = QApplication(sys.argv[:1])
    app.setApplicationName("forge-desktop")
    app.setApplicationDisplayName("Forge Desktop")
    app.setApplicationVersion(__version__)
    app.setDesktopFileName("forge-desktop")
    theme.load_fonts(app)
    theme.apply(app)
    app.setWindowIcon(app_icon())
    return app


def app_icon() -> QIcon:
    """The application's mark in the sizes that desktops ask for."""
    made = QIcon()
    for side in (16, 24, 32, 48, 64, 128, 256):
        picture = QPixmap(side, side)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        draw_mark(painter, side)
        painter.end()
        made.addPixmap(picture)
    return made
