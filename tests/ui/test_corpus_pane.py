"""The Corpus pane, driven as a person would: add, watch, search, retry, remove, undo."""

from __future__ import annotations

import itertools
import shutil
import time
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QDropEvent
from pytestqt.qtbot import QtBot

from forge_desktop.base.events import JobChanged
from forge_desktop.corpus import IndexReport
from forge_desktop.ui.panes.corpus import CorpusPane
from forge_desktop.ui.panes.corpus.columns import safe_words
from forge_desktop.ui.panes.corpus.reports import report_words, trouble_words
from forge_desktop.ui.widgets.basics import Button, Notice


@pytest.fixture
def folder(sample_dir: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sample_dir, tmp_path / "papers"))


def index(qtbot: QtBot, pane: CorpusPane, path: Path) -> IndexReport:
    """Add a path, confirm the dry run with the keyboard, wait for the end."""
    pane.add_paths([path])
    qtbot.waitUntil(lambda: pane._survey._start.isVisible(), timeout=20_000)
    with qtbot.waitSignal(pane.bridge.job_changed, timeout=60_000, check_params_cb=_index_ended) as ended:
        qtbot.keyClick(pane._survey._start, Qt.Key.Key_Space)
    report = ended.args[0].result
    assert isinstance(report, IndexReport)
    return report


def _index_ended(event: JobChanged) -> bool:
    return event.kind == "index" and event.state in ("done", "failed", "cancelled")


def test_a_fresh_pane_says_what_to_do(pane: CorpusPane) -> None:
    assert pane._body.currentWidget() is pane._empty
    assert pane._subtitle.whole_text() == "Nothing is indexed yet"
    assert not pane._rescan.isEnabled()


def test_the_dry_run_counts_before_anything_is_read(qtbot: QtBot, pane: CorpusPane, folder: Path) -> None:
    (folder / "program.exe").write_bytes(b"MZ\0\0")
    pane.add_paths([folder])
    qtbot.waitUntil(lambda: pane._survey._start.isVisible(), timeout=20_000)
    files = sum(1 for path in folder.iterdir() if path.suffix != ".exe")
    assert f"{files} files to read" in pane._survey._title.text()
    assert "program.exe" in pane._survey._skipped.toPlainText()
    assert pane.forge.corpus.shelf.stats().documents == 0


def test_adding_a_folder_lists_every_document(qtbot: QtBot, pane: CorpusPane, folder: Path) -> None:
    report = index(qtbot, pane, folder)
    qtbot.waitUntil(lambda: pane._listing.documents.rows.rowCount() == report.documents)
    assert report.failed == ()
    names = {pane._listing.documents.rows.value_at(row).name for row in range(report.documents)}
    assert names == {path.name for path in folder.iterdir()}
    assert f"from {report.documents} documents" in pane._subtitle.whole_text()


def test_a_bad_file_is_one_red_row_with_its_reason(qtbot: QtBot, pane: CorpusPane, folder: Path) -> None:
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 and nothing else")
    report = index(qtbot, pane, folder)
    assert len(report.failed) == 1
    assert pane._failures.isVisible()
    pane._failures.acted.emit()
    qtbot.waitUntil(lambda: pane._listing.documents.rows.rowCount() == 1)
    shown = pane._listing.documents.rows.value_at(0)
    assert (shown.name, shown.state) == ("broken.pdf", "failed")
    pane._listing.documents.select_id(shown.id)
    assert pane._details._reason.isVisible()
    assert pane._details._reason.text() == shown.reason != ""


def test_a_bad_file_alone_is_a_row_too(qtbot: QtBot, pane: CorpusPane, tmp_path: Path) -> None:
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7 and nothing else")
    index(qtbot, pane, tmp_path / "broken.pdf")
    qtbot.waitUntil(lambda: pane._listing.documents.rows.rowCount() == 1)
    pane._failures.clear()
    assert pane._body.currentWidget() is pane._listing


def test_what_was_read_in_part_is_said() -> None:
    report = IndexReport(
        1, 2, 1, 0, 0, 0, (), 0.1, 10, partial=(("/papers/scan.pdf", "1 of its 3 pages hold only pictures."),)
    )
    assert trouble_words(report) == ("scan.pdf was read in part", "1 of its 3 pages hold only pictures.")
    assert report_words(report, asked=False) == "Indexed 1 document: 2 passages ready to search."


def test_what_has_no_row_is_not_called_a_failed_document(qtbot: QtBot, pane: CorpusPane, folder: Path) -> None:
    report = index(qtbot, pane, folder)
    shutil.rmtree(folder)
    with qtbot.waitSignal(pane.notice):
        pane.rescan()
    assert (
        pane._failures.accessibleName()
        == f"{folder.name} could not be read It is not there now. What was indexed from it is kept."
    )
    assert not any(button.isVisible() for button in pane._failures.findChildren(Button) if button.text())
    assert report.failed == ()


def test_undecodable_names_are_shown_in_one_way() -> None:
    assert safe_words("b\udcffd \ud800 \n") == "b\\xffd \\ud800 \\x0a"


def test_searching_shows_the_passage_with_its_words_marked(qtbot: QtBot, pane: CorpusPane, folder: Path) -> None:
    (folder / "zebra.txt").write_text("The quagga was a zebra of the plains.\n\nIt had fewer stripes.\n")
    index(qtbot, pane, folder)
    qtbot.keyClicks(pane.search(), "quagga")
    qtbot.waitUntil(
        lambda: pane._listing.tables.currentWidget() is pane._listing.found and bool(pane._listing.hits), timeout=20_000
    )
    pane._listing.found.selectRow(0)
    assert "quagga" in pane._details.passage_text()
    assert [word.lower() for word in pane._details.highlighted()] == ["quagga"]
    pane.search().clear()
    qtbot.waitUntil(lambda: pane._listing.tables.currentWidget() is pane._listing.documents)


def test_a_search_without_a_match_says_so(qtbot: QtBot, pane: CorpusPane, folder: Path) -> None:
    (folder / "zebra.txt").write_text("The quagga was a zebra of the plains.\n")
    index(qtbot, pane, folder)
    pane.search().setText("quagga")
    qtbot.waitUntil(lambda: bool(pane._listing.hits), timeout=20_000)
    pane._listing.found.selectRow(0)
    assert pane._details.isVisible()
    pane.search().clear()
    qtbot.keyClicks(pane.search(), '"(!?*')
    qtbot.waitUntil(lambda: pane._listing.tables.currentWidget() is pane._listing.nothing, timeout=20_000)
    assert not pane._listing.hits
    assert not pane._details.isVisible()  # the last search's passage is gone too


def test_removal_says_its_exact_effect_and_can_be_undone(qtbot: QtBot, pane: CorpusPane, folder: Path) -> None:
    index(qtbot, pane, folder)
    before = pane.forge.corpus.shelf.stats()
    qtbot.waitUntil(lambda: pane._listing.documents.rows.rowCount() == before.documents)
    pane._listing.documents.selectAll()
    chosen = pane._listing.documents.selected_ids()[:2]
    gone = sum(document.passages for document in pane.forge.corpus.shelf.document_rows(chosen))
    with qtbot.waitSignal(pane.notice, timeout=20_000) as told:
        pane.remove(chosen)
    notice = told.args[0]
    assert isinstance(notice, Notice)
    assert f"2 documents ({gone} passages)" in notice.text
    assert pane.forge.corpus.shelf.stats().documents == before.documents - 2
    assert notice.undo is not None
    notice.undo()
    qtbot.waitUntil(lambda: pane.forge.corpus.shelf.stats() == before, timeout=20_000)
    assert all((folder / path.name).exists() for path in folder.iterdir())


def test_pause_and_cancel_keep_what_is_done(qtbot: QtBot, pane: CorpusPane, tmp_path: Path) -> None:
    papers = tmp_path / "many"
    papers.mkdir()
    for number in range(400):
        (papers / f"note-{number:03}.txt").write_text(f"Note {number}. The kettle number {number} is blue.\n" * 40)
    pane.add_paths([papers])
    qtbot.waitUntil(lambda: pane._survey._start.isVisible(), timeout=20_000)
    qtbot.mouseClick(pane._survey._start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: pane.forge.corpus.shelf.stats().passages > 0, timeout=20_000)
    qtbot.mouseClick(pane._progress.pause, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: pane._progress.pause.text() == "Resume", timeout=20_000)
    qtbot.mouseClick(pane._progress.pause, Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(pane.bridge.job_changed, timeout=60_000, check_params_cb=_index_ended):
        pane._progress.cancel.click()
    kept = pane.forge.corpus.shelf.stats().passages
    assert kept > 0
    report = index_again(qtbot, pane)
    assert report.documents == 400


def index_again(qtbot: QtBot, pane: CorpusPane) -> IndexReport:
    with qtbot.waitSignal(pane.bridge.job_changed, timeout=60_000, check_params_cb=_index_ended) as ended:
        pane.rescan()
    report = ended.args[0].result
    assert isinstance(report, IndexReport)
    return report


def test_a_rescan_without_its_folder_does_not_call_it_up_to_date(
    qtbot: QtBot, pane: CorpusPane, folder: Path, tmp_path: Path
) -> None:
    index(qtbot, pane, folder)
    before = pane.forge.corpus.shelf.stats()
    folder.rename(tmp_path / "elsewhere")
    with qtbot.waitSignal(pane.notice, timeout=20_000) as told:
        pane.rescan()
    assert "Nothing new was read" in told.args[0].text
    assert pane._failures.isVisible()
    assert pane.forge.corpus.shelf.stats() == before  # a drive that is away empties nothing


def test_dropping_a_folder_starts_the_dry_run(qtbot: QtBot, pane: CorpusPane, folder: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(folder))])
    drop = QDropEvent(
        QPointF(QPoint(400, 300)),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    pane.dropEvent(drop)
    qtbot.waitUntil(lambda: pane._survey._start.isVisible(), timeout=20_000)


def test_a_folder_that_vanished_is_said_in_the_pane(qtbot: QtBot, pane: CorpusPane, tmp_path: Path) -> None:
    pane.add_paths([tmp_path / "gone"])
    qtbot.waitUntil(lambda: pane._problem.isVisible(), timeout=20_000)
    assert "gone" in pane._problem.accessibleName()
    assert not pane._survey.isVisible()


def test_the_window_breathes_while_500_files_are_indexed(qtbot: QtBot, pane: CorpusPane, tmp_path: Path) -> None:
    papers = tmp_path / "many"
    papers.mkdir()
    for number in range(500):
        (papers / f"note-{number:03}.txt").write_text(f"Report {number}: valve {number * 7} was checked.\n\n" * 10)
    beats: list[float] = []
    pulse = QTimer(pane, interval=5)
    pulse.timeout.connect(lambda: beats.append(time.thread_time()))
    pulse.start()
    with qtbot.waitSignal(pane.bridge.job_changed, timeout=120_000, check_params_cb=_index_ended):
        pane.index([papers])
    pulse.stop()
    stalls = [later - earlier for earlier, later in itertools.pairwise(beats)]
    assert len(stalls) > 5
    assert max(stalls) <= 0.100  # CPU seconds of the window's thread between two heartbeats


def test_why_likeness_is_judged_by_spelling_is_said_once(pane: CorpusPane) -> None:
    pane.forge.settings.change(embedding_model="/gone.gguf")
    words = pane._listing._words(pane.forge.corpus.find("late fee"))
    assert words.count("/gone.gguf cannot be read") == 1
