"""The source viewer, on real documents: text with its lines, PDF pages, changed, missing and forgotten files."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtGui import QColor, QTextCursor, QTextDocument
from pytestqt.qtbot import QtBot

from forge_desktop.chat.records import Source
from forge_desktop.corpus import Passage
from forge_desktop.forge import Forge
from forge_desktop.ui import theme
from forge_desktop.ui.bridge import Bridge
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.panes.chat.side import cited_place
from forge_desktop.ui.reading import SourceReader
from forge_desktop.ui.widgets.source_viewer import SourceViewer, qt_span

LINES = "".join(f"Line {n} of the register.\r\n" for n in range(1, 9001))
SPECIAL = "Tools 🧰 and 🪚 first.\n\nThe answer stands here: 🔨 forty-two.\n"


class Desk:
    """A viewer with its reader on real rooms, and the folder behind them."""

    def __init__(self, qtbot: QtBot, forge: Forge, papers: Path) -> None:
        self.forge, self.papers = forge, papers
        self.bridge = Bridge(forge.events)
        self.viewer = SourceViewer()
        qtbot.addWidget(self.viewer)
        self.viewer.resize(520, 700)
        self.viewer.show()
        self.reader = SourceReader(forge.corpus, Errands(forge.jobs, self.bridge, self.viewer), self.viewer)
        self._qtbot = qtbot

    def source(self, name: str, words: str) -> Source:
        """A citation of the passage of `name` that has these words."""
        shelf = self.forge.corpus.shelf
        found = next(d for d in shelf.document_rows(shelf.documents()) if d.name == name)
        passage = next(p for p in shelf.passages(found.id) if words in p.text)
        return cite(passage)

    def open(self, source: Source) -> None:
        self.reader.open(cited_place(source))
        self._qtbot.waitUntil(
            lambda: self.viewer.shows_page() or bool(self.viewer.marked_text()) or self.viewer.banner.isVisible(),
            timeout=30_000,
        )


def cite(passage: Passage) -> Source:
    return Source(
        n=1,
        path=passage.path,
        document_sha256=passage.document_sha256,
        passage_id=passage.id,
        start=passage.start,
        end=passage.end,
        page=passage.page,
        heading=passage.heading,
        first_line=passage.first_line,
        last_line=passage.last_line,
        quote=passage.text,
        score=1.0,
        bm25_rank=1,
        vector_rank=None,
        cited=True,
    )


@pytest.fixture
def desk(qtbot: QtBot, qapp: object, data_dir: Path, tmp_path: Path, sample_dir: Path) -> Iterator[Desk]:
    papers = tmp_path / "papers"
    papers.mkdir()
    (papers / "register.txt").write_bytes(LINES.encode())
    (papers / "special.txt").write_text(SPECIAL, "utf-8")
    shutil.copy(sample_dir / "annual-report-2025.pdf", papers)
    forge = Forge(data_dir, holder="a test")
    forge.jobs.wait(forge.corpus.index([papers]), 60)
    made = Desk(qtbot, forge, papers)
    yield made
    made.bridge.close()
    forge.close()


def test_text_opens_at_the_passage_with_the_files_own_line_numbers(desk: Desk) -> None:
    source = desk.source("register.txt", "Line 4321 of")
    desk.open(source)
    text = desk.viewer._text
    assert desk.viewer.marked_text() == source.quote.replace("\r\n", "\n")
    first = text._first + text.document().findBlock(text._marked[0]).blockNumber()
    assert first == source.first_line
    top = text.firstVisibleBlock().blockNumber() + text._first
    assert top <= source.first_line <= top + 60  # in view
    assert desk.viewer.badge.isHidden()
    desk.viewer.grab()


def test_a_long_text_is_shown_in_parts(desk: Desk, qtbot: QtBot) -> None:
    source = desk.source("register.txt", "Line 4321 of")
    desk.open(source)
    text = desk.viewer._text
    assert len(text.toPlainText()) < 70_000 < len(LINES)
    assert text.toPlainText().startswith("Line ")
    desk.viewer._next.click()
    assert text.toPlainText().startswith("Line ")
    number = int(text.document().begin().text().split()[1])
    assert text._first == number > source.last_line
    for _ in range(4):
        desk.viewer._previous.click()
    assert text.document().begin().text() == "Line 1 of the register."
    assert not desk.viewer._previous.isEnabled()


def test_offsets_count_characters_qt_counts_in_halves(desk: Desk) -> None:
    source = desk.source("special.txt", "forty-two")
    start = source.quote.index("The answer")
    end = source.quote.index("forty-two") + len("forty-two")
    shifted = Source(**{**vars(source), "start": source.start + start, "end": source.start + end})
    desk.open(shifted)
    assert desk.viewer.marked_text() == "The answer stands here: 🔨 forty-two"


@given(st.text(alphabet="ab\n\r🧰é\u2028 ", max_size=40), st.data())
def test_every_span_is_found_in_qts_own_text(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    if "\r" in text[start - 1 : start] + text[end - 1 : end]:
        return  # a span that cuts a line end in two has no place between Qt's characters
    plain, low, high = qt_span(text, start, end)
    document = QTextDocument()
    document.setPlainText(plain)
    cursor = QTextCursor(document)
    cursor.setPosition(low)
    cursor.setPosition(high, QTextCursor.MoveMode.KeepAnchor)
    chosen = cursor.selectedText().replace("\u2029", "\n").replace("\u2028", "\n")
    assert chosen == text[start:end].replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n")


def test_a_pdf_page_with_the_passage_painted_over(desk: Desk, qtbot: QtBot) -> None:
    rows = desk.forge.corpus.shelf.document_rows(desk.forge.corpus.shelf.documents())
    report = next(row for row in rows if row.name == "annual-report-2025.pdf")
    passages = desk.forge.corpus.shelf.passages(report.id)
    source = cite(passages[-1])
    desk.open(source)
    viewer = desk.viewer
    assert viewer.shows_page()
    assert viewer.marks_on_page() > 0
    assert viewer._page == source.page
    picture = viewer._canvas.grab().toImage()
    x, y, width, height = (round(n / viewer._canvas._picture.devicePixelRatio()) for n in viewer._canvas.rectangles[0])
    inside = [picture.pixelColor(x + 12 + i, y + 12 + height // 2) for i in range(width)]
    assert any(c.blue() < 200 < c.red() for c in inside)  # the marker pen's yellow, between the letters
    assert QColor(picture.pixelColor(14, 14)) == QColor("white")
    pages = viewer._pages
    if pages > 1:
        other = 1 if source.page != 1 else 2
        (viewer._previous if other < (source.page or 1) else viewer._next).click()
        qtbot.waitUntil(lambda: viewer._page == other or pages > 2, timeout=20_000)
    assert "Page" in viewer._canvas.accessibleName()


def test_a_changed_file_says_so_and_the_stored_passage_is_shown(desk: Desk) -> None:
    source = desk.source("special.txt", "forty-two")
    (desk.papers / "special.txt").write_text("something else entirely")
    desk.open(source)
    assert desk.viewer.badge.text() == "changed since indexing"
    assert desk.viewer.badge.isVisible()
    assert desk.viewer.marked_text() == source.quote


def test_a_changed_pdf_falls_back_to_its_stored_text(desk: Desk) -> None:
    rows = desk.forge.corpus.shelf.document_rows(desk.forge.corpus.shelf.documents())
    report = next(row for row in rows if row.name == "annual-report-2025.pdf")
    source = cite(desk.forge.corpus.shelf.passages(report.id)[0])
    (desk.papers / "annual-report-2025.pdf").unlink()
    desk.open(source)
    assert not desk.viewer.shows_page()
    assert desk.viewer.badge.text() == "file is missing"
    assert desk.viewer.marked_text().split() == source.quote.split()
    assert not desk.viewer._open.isEnabled()


def test_a_forgotten_document_still_shows_its_quote(desk: Desk, qtbot: QtBot) -> None:
    source = desk.source("special.txt", "forty-two")
    found = desk.forge.corpus.shelf.find_document(source.document_sha256, source.path)
    assert found is not None
    desk.forge.corpus.remove([found.id])
    desk.open(source)
    assert desk.viewer.marked_text() == source.quote
    assert desk.viewer.badge.text() == "no longer indexed"


def test_the_last_of_two_fast_clicks_wins(desk: Desk, qtbot: QtBot) -> None:
    first, second = desk.source("register.txt", "Line 10 of"), desk.source("special.txt", "forty-two")
    desk.reader.open(cited_place(first))
    desk.reader.open(cited_place(second))
    qtbot.waitUntil(lambda: bool(desk.viewer.marked_text()), timeout=20_000)
    qtbot.waitUntil(lambda: not desk.forge.jobs.running(), timeout=20_000)
    assert desk.viewer.marked_text() == second.quote


def test_another_theme_marks_in_its_own_colour(desk: Desk, qapp: object) -> None:
    from PySide6.QtWidgets import QApplication

    assert isinstance(qapp, QApplication)
    desk.open(desk.source("special.txt", "forty-two"))
    theme.apply(qapp, "dark")
    selection = desk.viewer._text.extraSelections()[0]
    marked = selection.format.background().color()
    theme.apply(qapp, "light")
    assert marked == QColor(theme.DARK.warn_soft)
