"""HTML printed to PDF: pages with numbers, charts as lines and not as pixels, nothing read from outside the text."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import (
    QBuffer,
    QByteArray,
    QEventLoop,
    QIODevice,
    QLocale,
    QMarginsF,
    QObject,
    QRect,
    QRectF,
    QSizeF,
    Qt,
    QUrl,
)
from PySide6.QtGui import (
    QAbstractTextDocumentLayout,
    QColor,
    QFont,
    QFontMetricsF,
    QImage,
    QPageLayout,
    QPageSize,
    QPainter,
    QPalette,
    QPdfWriter,
    QPyTextObject,
    QTextDocument,
    QTextFormat,
    QTextOption,
)
from PySide6.QtSvg import QSvgRenderer

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.paths import write_atomically
from forge_desktop.ui import tokens
from forge_desktop.ui.print_edges import Edge, find_edges, paint_edges
from forge_desktop.ui.print_pages import settle, turn
from forge_desktop.ui.widgets.column_widths import fit_table, headed_tables
from forge_desktop.ui.widgets.words import safe_words

_DPI = 96  # what a pixel of HTML is; the layout counts in them
_FINE = 1200  # dots an inch on paper: with fewer, letters are placed so roughly that words fall apart when copied
_MARGINS = QMarginsF(14, 14, 14, 18)  # millimetres
_CELL = 22  # pixels around a word in a cell of a table
_LETTER = ("US", "CA", "MX", "PH", "CL", "CO", "CR", "DO", "GT", "NI", "PA", "PR", "SV", "VE")
_STYLES = re.compile(r"<style\b.*?</style\s*>", re.IGNORECASE | re.DOTALL)
_DATA = re.compile(r"data:(image/[a-z.+-]+);base64,([A-Za-z0-9+/=\s]+)")
_POINTS_OUT = re.compile(rb"<\s*image\b|href\s*=\s*[\"']\s*[^#\"']|url\(\s*[\"']?\s*[^#\"')\s]|<!ENTITY", re.IGNORECASE)
_MOST_PIXELS = 40_000_000
_STYLE = """
body { color: #161A22; }
table { border-collapse: collapse; }
td, th { border: 1px solid #DFE3EA; padding: 3px 6px; text-align: left; }
th { font-weight: 600; background-color: #EFF1F5; }
a { color: #4338CA; text-decoration: none; }
"""  # what the text's own rules do not say otherwise


def print_html(
    html: str,
    file: Path,
    *,
    title: str = "",
    paper: str = "",
    replace: bool = False,
    check: Callable[[], None] = lambda: None,
) -> int:
    """Write a PDF; the number of its pages. `paper` is A4 or Letter, "" what is used where the person is.

    Call it from a job, which it is part of: `check` is called between pages and may raise to end it. The file is there
    whole or not at all, and one that is there already only gives way to `replace`. Raises ForgeError.
    """
    if file.exists() and not replace:
        raise ForgeError(
            f"{file.name} is there already.", hint="Choose another name, or say that it is to be replaced."
        )
    made, pages = _print(html, safe_words(title), paper or paper_here(), check)
    try:
        write_atomically(file, made)
    except OSError as error:
        raise ForgeError(
            f"{file.name} could not be written: {error.strerror or error}.",
            hint="Choose a folder that can be written to, with room in it.",
        ) from error
    return pages


def paper_here(locale: QLocale | None = None) -> str:
    """The paper that is used where a locale is at home: Letter in North America and some more countries, else A4."""
    at_home = QLocale.territoryToCode((locale or QLocale.system()).territory())
    return "Letter" if at_home in _LETTER else "A4"


def _print(html: str, title: str, paper: str, check: Callable[[], None]) -> tuple[bytes, int]:
    loop = QEventLoop()  # WORKAROUND: a text's layout has timers, which warn in a thread where no loop ever was
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setResolution(_FINE)
    writer.setPageLayout(_layout(paper))
    writer.setTitle(title)
    writer.setCreator("Forge Desktop")
    area = writer.pageLayout().paintRect(QPageLayout.Unit.Inch)
    page = QSizeF(area.width() * _DPI, area.height() * _DPI)
    document = _Paper(html, page)
    turn(document)
    edges = find_edges(document, settle(document, check))
    pages = document.pageCount()
    painter = QPainter(writer)
    try:
        painter.scale(_FINE / _DPI, _FINE / _DPI)
        for number in range(pages):
            check()
            if number:
                writer.newPage()
            document.paint_page(painter, number, edges.get(number, ()))
            _paint_foot(painter, page, title, f"{number + 1} of {pages}")
    finally:
        painter.end()
        buffer.close()
        del document, loop  # in this order, in this thread
    return bytes(buffer.data().data()), pages


class _Paper(QTextDocument):
    """A text laid out for pages of one size. It loads nothing, whatever stands in it."""

    def __init__(self, html: str, page: QSizeF) -> None:
        super().__init__()
        self._page = page
        self._pictures = _Pictures(page)
        self._screen = QImage(1, 1, QImage.Format.Format_RGB32)  # measures letters as this many dots an inch
        for set_dots in (self._screen.setDotsPerMeterX, self._screen.setDotsPerMeterY):
            set_dots(round(_DPI / 0.0254))
        layout = self.documentLayout()
        layout.setPaintDevice(self._screen)
        layout.registerHandler(QTextFormat.ObjectTypes.ImageObject.value, self._pictures)
        self.setUseDesignMetrics(True)
        self.setUndoRedoEnabled(False)
        self.setDocumentMargin(0)
        self.setDefaultFont(_font(9.5))
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setDefaultTextOption(option)
        self.setDefaultStyleSheet(_STYLE)
        self.setPageSize(page)
        self.setHtml(_STYLES.sub(_for_paper, html))
        for table in headed_tables(self):
            shape = table.format().toTableFormat()
            inside = page.width() - shape.leftMargin() - shape.rightMargin()
            fit_table(table, inside, padding=_CELL, measure=lambda font: QFontMetricsF(font, self._screen))

    def loadResource(self, kind: int, url: QUrl | str) -> object:
        return None

    def paint_page(self, painter: QPainter, number: int, edges: Sequence[Edge]) -> None:
        """Paint one page, black on white whatever the window looks like."""
        height = self._page.height()
        context = QAbstractTextDocumentLayout.PaintContext()
        context.clip = QRectF(0, number * height, self._page.width(), height)
        context.palette.setColor(QPalette.ColorRole.Text, QColor(tokens.LIGHT.text))
        painter.save()
        painter.translate(0, -number * height)
        painter.setClipRect(context.clip)
        self.documentLayout().draw(painter, context)
        paint_edges(painter, edges)
        painter.restore()


class _Pictures(QPyTextObject):
    """Draws the pictures that the text carries itself: SVG as lines, PNG and JPEG as they are, others not at all."""

    def __init__(self, page: QSizeF, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._page = page
        self._read: dict[str, QSvgRenderer | QImage | None] = {}

    def intrinsicSize(self, document: QTextDocument, place: int, look: QTextFormat) -> QSizeF:
        shape = look.toImageFormat()
        picture = self._picture(shape.name())
        if picture is None:
            return QSizeF(0, 0)
        own = QSizeF(picture.defaultSize() if isinstance(picture, QSvgRenderer) else picture.size())
        wide, high = shape.width(), shape.height()
        if wide > 0 and high <= 0:
            high = own.height() * wide / max(1.0, own.width())
        elif high > 0 and wide <= 0:
            wide = own.width() * high / max(1.0, own.height())
        size = QSizeF(wide, high) if wide > 0 and high > 0 else own
        if size.width() > self._page.width() or size.height() > self._page.height():
            size.scale(self._page, Qt.AspectRatioMode.KeepAspectRatio)
        return size

    def drawObject(
        self, painter: QPainter, area: QRectF | QRect, document: QTextDocument, place: int, look: QTextFormat
    ) -> None:
        picture = self._picture(look.toImageFormat().name())
        if isinstance(picture, QSvgRenderer):
            painter.save()
            painter.setFont(_font(9.5))  # a chart's words begin with the painter's letters
            picture.render(painter, QRectF(area))
            painter.restore()
        elif picture is not None:
            painter.drawImage(QRectF(area), picture)

    def _picture(self, address: str) -> QSvgRenderer | QImage | None:
        if address not in self._read:
            self._read[address] = _carried(address)
        return self._read[address]


def _for_paper(style: re.Match[str]) -> str:
    """Rules as they are; those for some media are left out: Qt's text takes part of them, as the dark ones, for all."""
    return "" if "@media" in style[0].lower() else style[0]


def _carried(address: str) -> QSvgRenderer | QImage | None:
    """The picture inside a data: address; None for anything else, and for an SVG that points outside itself."""
    found = _DATA.fullmatch(address.strip())
    if found is None:
        return None
    try:
        content = base64.b64decode(found[2])
    except (binascii.Error, ValueError):
        return None
    if found[1] == "image/svg+xml":
        if _POINTS_OUT.search(re.sub(rb"xmlns(:\w+)?\s*=\s*[\"'][^\"']*[\"']", b"", content)):
            return None
        drawing = QSvgRenderer(QByteArray(content))
        return drawing if drawing.isValid() else None
    picture = QImage.fromData(QByteArray(content))
    return None if picture.isNull() or picture.width() * picture.height() > _MOST_PIXELS else picture


def _layout(paper: str) -> QPageLayout:
    size = QPageSize(QPageSize.PageSizeId.Letter if paper == "Letter" else QPageSize.PageSizeId.A4)
    return QPageLayout(size, QPageLayout.Orientation.Portrait, _MARGINS, QPageLayout.Unit.Millimeter)


def _font(points: float) -> QFont:
    face = QFont(tokens.SANS)
    face.setPointSizeF(points)
    face.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    face.setFeature(
        QFont.Tag("calt"), 0
    )  # its colons between digits, its "x" in 3x4 and its arrows copy out as odd signs
    return face


def _paint_foot(painter: QPainter, page: QSizeF, title: str, number: str) -> None:
    face = _font(8)
    face.setPixelSize(10)
    painter.setFont(face)
    painter.setPen(QColor(tokens.LIGHT.muted))
    foot = QRectF(0, page.height() + 14, page.width(), 16)
    painter.drawText(foot, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, number)
    shown = painter.fontMetrics().elidedText(title, Qt.TextElideMode.ElideRight, round(page.width() * 0.8))
    painter.drawText(foot, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
