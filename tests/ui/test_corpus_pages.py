"""The Corpus pane's further pages: filters, failures by reason, explanations, the page beside, collections, totals."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from forge_desktop.base.events import JobChanged
from forge_desktop.corpus import Collection, IndexProgress
from forge_desktop.ui import theme
from forge_desktop.ui.panes.corpus import CorpusPane
from forge_desktop.ui.panes.corpus.columns import DOCUMENT_COLUMNS
from forge_desktop.ui.panes.corpus.questions import question_words
from forge_desktop.ui.widgets.basics import Button, IconButton, Notice
from forge_desktop.ui.widgets.windowed_table import WindowedTable

LONG = 20_000


@pytest.fixture
def papers(tmp_path: Path, sample_dir: Path) -> Path:
    folder = tmp_path / "papers"
    folder.mkdir()
    (folder / "lease.txt").write_text("The lease of the workshop ends on 30 June 2031.\n")
    (folder / "kettle.md").write_text("# Kettle\n\nThe kettle in the workshop is blue.\n")
    shutil.copy(sample_dir / "annual-report-2025.pdf", folder)
    (folder / "empty.txt").touch()
    (folder / "void.md").touch()
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 and nothing else")
    return folder


@pytest.fixture
def shown(qtbot: QtBot, pane: CorpusPane, papers: Path) -> CorpusPane:
    """The pane with those papers indexed and listed."""
    pane.forge.jobs.wait(pane.forge.corpus.index([papers]))
    wait(qtbot, lambda: pane._listing.documents.rows.rowCount() == 6)
    return pane


def wait(qtbot: QtBot, done: Callable[[], bool]) -> None:
    qtbot.waitUntil(done, timeout=LONG)


def search(qtbot: QtBot, pane: CorpusPane, query: str) -> None:
    pane.search().setText(query)
    wait(qtbot, lambda: pane._listing.query == query and not pane.forge.jobs.running())


def listed(pane: CorpusPane) -> set[str]:
    rows = pane._listing.documents.rows
    values = [rows.value_at(row) for row in range(rows.rowCount())]
    return {value.name for value in values if value is not None}  # None: a job took it out since the rows were counted


def collection(pane: CorpusPane, name: str) -> Collection:
    return pane.forge.corpus.collections.get(name)


# ---- filters


def test_documents_are_filtered_by_type_and_date(qtbot: QtBot, shown: CorpusPane) -> None:
    toolbar = shown._listing.toolbar
    wait(qtbot, lambda: toolbar.format.count() > 3)
    toolbar.format.setCurrentIndex(toolbar.format.findData("pdf"))
    wait(qtbot, lambda: listed(shown) == {"annual-report-2025.pdf", "broken.pdf"})
    toolbar.format.setCurrentIndex(0)
    toolbar.age.setCurrentIndex(toolbar.age.findData(7))
    wait(qtbot, lambda: "lease.txt" in listed(shown))


def test_a_search_says_how_operators_were_understood(qtbot: QtBot, shown: CorpusPane) -> None:
    search(qtbot, shown, 'workshop "the kettle" -lease')
    wait(qtbot, lambda: shown._listing.toolbar.understood.isVisible())
    assert shown._listing.toolbar.understood.text() == "Exactly “the kettle” · without lease"
    assert [hit.passage.path.rpartition("/")[2] for hit in shown._listing.hits] == ["kettle.md"]
    search(qtbot, shown, "workshop")
    wait(qtbot, lambda: len(shown._listing.hits) >= 2)
    assert not shown._listing.toolbar.understood.isVisible()


def test_the_choices_go_below_the_field_where_there_is_little_room(qtbot: QtBot, shown: CorpusPane) -> None:
    toolbar = shown._listing.toolbar
    wait(qtbot, lambda: toolbar.format.isVisible())
    wide = toolbar.state.mapTo(shown, toolbar.state.rect().topLeft()).y()
    shown.resize(760, 700)
    shown._listing.documents.selectRow(0)  # what it shows beside the table takes its share
    wait(qtbot, lambda: toolbar.state.mapTo(shown, toolbar.state.rect().topLeft()).y() > wide)
    assert not toolbar.field.geometry().isNull()


def test_no_choice_is_cut_off_beside_what_is_chosen(qtbot: QtBot, shown: CorpusPane) -> None:
    shown.forge.corpus.collections.create("Committee and board papers, all of them and many more than that")
    shown.refresh()
    toolbar = shown._listing.toolbar
    wait(qtbot, toolbar.collection.isVisible)
    shown.setMinimumSize(796, 432)  # as in the least window
    shown.resize(796, 432)
    shown._listing.documents.selectRow(0)
    for box in (toolbar.state, toolbar.format, toolbar.age, toolbar.counts):
        wait(qtbot, lambda box=box: box.width() >= box.sizeHint().width())
    left = toolbar.field.mapTo(toolbar, toolbar.field.rect().topLeft()).x()
    assert left == toolbar.state.mapTo(toolbar, toolbar.state.rect().topLeft()).x()


# ---- failures


def test_failures_are_grouped_by_reason_and_tried_again(qtbot: QtBot, shown: CorpusPane, papers: Path) -> None:
    shown._listing.show_failed()
    wait(qtbot, lambda: shown._listing.groups.isVisible())
    groups = {group.reason: group.count for group in shown._listing.groups.groups}
    assert groups["The file is empty."] == 2
    assert sum(groups.values()) == 3
    show, retry = (
        next(
            b for b in shown._listing.groups.findChildren(Button) if b.accessibleName() == f"{verb}: The file is empty."
        )
        for verb in ("Show", "Try again")
    )
    qtbot.mouseClick(show, Qt.MouseButton.LeftButton)
    wait(qtbot, lambda: listed(shown) == {"empty.txt", "void.md"})
    (papers / "empty.txt").write_text("Not empty any more: the kettle is green.\n")
    qtbot.mouseClick(retry, Qt.MouseButton.LeftButton)
    wait(qtbot, lambda: shown.forge.corpus.shelf.stats().failed == 2)


def test_a_group_that_could_be_read_gives_the_list_back_to_the_others(
    qtbot: QtBot, shown: CorpusPane, papers: Path
) -> None:
    shown._listing.show_failed()
    wait(qtbot, lambda: shown._listing.groups.isVisible())
    group = next(group for group in shown._listing.groups.groups if group.count == 2)
    shown._listing.groups.shown_asked.emit(list(group.documents))
    wait(qtbot, lambda: listed(shown) == {"empty.txt", "void.md"})
    for name in listed(shown):
        (papers / name).write_text("Not empty any more.\n")
    shown._listing.groups.retry_asked.emit(list(group.documents))
    wait(qtbot, lambda: listed(shown) == {"broken.pdf"})


def test_a_choice_that_leaves_no_document_says_so(qtbot: QtBot, shown: CorpusPane) -> None:
    state = shown._listing.toolbar.state
    state.setCurrentIndex(state.findData("pending"))
    wait(qtbot, lambda: shown._listing.none.isVisible())
    state.setCurrentIndex(0)
    wait(qtbot, lambda: shown._listing.documents.isVisible())


# ---- what was found, after the corpus changed


def test_what_was_found_is_searched_again_after_a_change(qtbot: QtBot, shown: CorpusPane, papers: Path) -> None:
    search(qtbot, shown, "workshop")
    wait(qtbot, lambda: len(shown._listing.hits) >= 2)
    paths = [hit.passage.path.rpartition("/")[2] for hit in shown._listing.hits]
    shown._listing.found.selectRow(paths.index("lease.txt"))
    kettle = next(hit.passage.document_id for hit in shown._listing.hits if hit.passage.path.endswith("kettle.md"))
    shown.remove([kettle])
    wait(qtbot, lambda: all(hit.passage.document_id != kettle for hit in shown._listing.hits))
    assert shown._details.isVisible()
    selected = shown._listing.found.selected_ids()
    assert [shown._listing.hits[number].passage.path for number in selected] == [str(papers / "lease.txt")]
    (papers / "fresh.txt").write_text("A fresh workshop.\n")
    shown.index([papers])
    wait(qtbot, lambda: any(hit.passage.path.endswith("fresh.txt") for hit in shown._listing.hits))


def test_what_was_removed_is_no_longer_shown_beside_what_was_found(qtbot: QtBot, shown: CorpusPane) -> None:
    search(qtbot, shown, "kettle")
    wait(qtbot, lambda: bool(shown._listing.hits))
    shown._listing.found.selectRow(0)
    document = shown._details.document_id()
    assert document is not None
    shown._details.remove_pressed.emit(document)
    wait(qtbot, lambda: not shown._details.isVisible())
    assert all(hit.passage.document_id != document for hit in shown._listing.hits)


def test_a_refresh_leaves_the_reader_where_they_are(qtbot: QtBot, shown: CorpusPane) -> None:
    search(qtbot, shown, "lease")
    shown._listing.toolbar.view.setCurrentIndex(1)
    wait(qtbot, lambda: listed(shown) == {"lease.txt"})
    shown._listing.documents.selectRow(0)
    qtbot.mouseClick(shown._details._why, Qt.MouseButton.LeftButton)
    wait(qtbot, lambda: shown._details.explanation.isVisible())
    with qtbot.waitSignal(shown._listing.chosen, timeout=LONG):
        shown.refresh()
    assert shown._details.explanation.isVisible()
    shown.search().setText("ease")  # another query: the explanation of the last one goes
    wait(qtbot, lambda: shown._listing.query == "ease" and not shown._details.explanation.isVisible())


def test_nothing_beside_the_table_is_squeezed_in_a_low_window(qtbot: QtBot, shown: CorpusPane) -> None:
    search(qtbot, shown, "workshop kettle")
    wait(qtbot, lambda: bool(shown._listing.hits))
    shown.setMinimumSize(796, 432)  # as in the least window
    shown.resize(796, 432)
    shown._listing.found.selectRow(0)
    qtbot.mouseClick(shown._details._why, Qt.MouseButton.LeftButton)
    wait(qtbot, lambda: shown._details.explanation.isVisible())
    labels = shown._details.findChildren(QLabel)
    wait(
        qtbot, lambda: all(found.height() >= found.minimumSizeHint().height() for found in labels if found.isVisible())
    )
    assert shown._details._text.height() >= theme.px(80)
    scroll = shown._details._scroll
    assert scroll.widget().width() <= scroll.viewport().width()


# ---- why, and the page beside


def test_a_hit_says_why_it_was_found(qtbot: QtBot, shown: CorpusPane) -> None:
    search(qtbot, shown, "workshop kettle")
    wait(qtbot, lambda: bool(shown._listing.hits))
    shown._listing.found.selectRow(0)
    qtbot.mouseClick(shown._details._why, Qt.MouseButton.LeftButton)
    wait(qtbot, lambda: shown._details.explanation.isVisible())
    found = shown._details.explanation.explanation
    assert found is not None
    assert found.rank == 1
    assert {term.term for term in found.terms if term.frequency} == {"workshop", "kettl"}
    assert found.bm25 == pytest.approx(shown._listing.hits[0].bm25)
    qtbot.mouseClick(shown._details.explanation._check, Qt.MouseButton.LeftButton)
    wait(qtbot, lambda: "the same scores, bit for bit" in shown._details.explanation.check_words())


def test_a_long_passage_is_shown_at_the_first_word_found(qtbot: QtBot, shown: CorpusPane, tmp_path: Path) -> None:
    rows = "\n".join(f"item {number},{'unicorn' if number == 40 else 'plain'}" for number in range(44))
    (tmp_path / "list.csv").write_text(f"name,kind\n{rows}\n")
    shown.forge.jobs.wait(shown.forge.corpus.index([tmp_path / "list.csv"]))
    search(qtbot, shown, "unicorn")
    wait(qtbot, lambda: bool(shown._listing.hits))
    shown._listing.found.select_id(0)
    text = shown._details._text
    assert shown._details.highlighted() == ["unicorn"]
    wait(qtbot, lambda: text.toPlainText()[text.textCursor().position() :].startswith("unicorn"))
    assert text.viewport().rect().contains(text.cursorRect().center())


def test_a_passage_that_was_not_found_says_why_not(qtbot: QtBot, shown: CorpusPane) -> None:
    search(qtbot, shown, '"kettle"')
    shown._listing.toolbar.view.setCurrentIndex(1)
    search(qtbot, shown, "lease")
    wait(qtbot, lambda: listed(shown) == {"lease.txt"})
    shown._listing.query = '"kettle"'  # as if the table still stood there while the words changed
    shown._listing.documents.selectRow(0)
    passage = shown._details.passage()
    assert passage is not None
    shown._beside.explain(passage.id)
    wait(qtbot, lambda: shown._details.explanation.isVisible())
    found = shown._details.explanation.explanation
    assert found is not None
    assert found.rank is None
    assert found.note


def test_the_page_opens_beside_the_passage(qtbot: QtBot, shown: CorpusPane) -> None:
    search(qtbot, shown, "annual report members")
    wait(qtbot, lambda: bool(shown._listing.hits))
    paths = [hit.passage.path for hit in shown._listing.hits]
    shown._listing.found.selectRow(next(n for n, path in enumerate(paths) if path.endswith(".pdf")))
    qtbot.mouseClick(shown._details._beside, Qt.MouseButton.LeftButton)
    wait(qtbot, lambda: shown._viewer.shows_page())
    assert shown._body.isVisible()
    qtbot.mouseClick(shown._details._after, Qt.MouseButton.LeftButton)
    passage = shown._details.passage()
    assert passage is not None
    wait(qtbot, lambda: shown._viewer._page == passage.page)
    shown._viewer.closed.emit()
    assert not shown._viewer.isVisible()


def test_what_closes_gives_the_keyboard_back(qtbot: QtBot, shown: CorpusPane) -> None:
    search(qtbot, shown, "workshop kettle")
    wait(qtbot, lambda: bool(shown._listing.hits))
    shown._listing.found.select_id(0)
    details = shown._details
    details._why.setFocus()
    qtbot.keyClick(details._why, Qt.Key.Key_Space)
    wait(qtbot, details.explanation.isVisible)
    close = next(b for b in details.explanation.findChildren(IconButton))
    close.setFocus()
    qtbot.keyClick(close, Qt.Key.Key_Space)
    assert details._why.hasFocus()
    qtbot.keyClick(details._beside, Qt.Key.Key_Space)
    wait(qtbot, shown._viewer.isVisible)
    close = next(b for b in shown._viewer.findChildren(IconButton) if b.accessibleName().startswith("Close"))
    close.setFocus()
    qtbot.keyClick(close, Qt.Key.Key_Space)
    assert details._beside.hasFocus()
    remove = next(b for b in details.findChildren(Button) if b.text() == "Remove")
    remove.setFocus()
    qtbot.keyClick(remove, Qt.Key.Key_Space)
    wait(qtbot, lambda: not details.isVisible())
    assert shown._listing.isAncestorOf(QApplication.focusWidget())


# ---- collections


def test_a_collection_is_made_filled_and_found_alone(qtbot: QtBot, shown: CorpusPane, tmp_path: Path) -> None:
    legal = tmp_path / "legal"
    legal.mkdir()
    (legal / "claim.txt").write_text("The claim about the workshop was settled.\n")
    view = shown._collections_view
    shown.show_page("collections")
    view.make("Legal")
    wait(qtbot, lambda: len(view.collections) == 2)
    uid = collection(shown, "Legal").uid
    view.add_asked.emit(uid, [legal])
    wait(qtbot, lambda: shown._survey._start.isVisible())
    assert "Legal" in shown._survey._text.text()
    qtbot.mouseClick(shown._survey._start, Qt.MouseButton.LeftButton)
    wait(qtbot, lambda: collection(shown, "Legal").documents == 1)
    toolbar = shown._listing.toolbar
    wait(qtbot, lambda: toolbar.collection.isVisible())
    toolbar.collection.setCurrentIndex(toolbar.collection.findData(uid))
    wait(qtbot, lambda: listed(shown) == {"claim.txt"})
    search(qtbot, shown, "workshop")
    wait(qtbot, lambda: [hit.passage.path.rpartition("/")[2] for hit in shown._listing.hits] == ["claim.txt"])


def test_what_is_indexed_already_can_join_another_collection(qtbot: QtBot, shown: CorpusPane, papers: Path) -> None:
    uid = shown.forge.corpus.collections.create("Legal").uid
    wait(qtbot, lambda: len(shown._collections_view.collections) == 2)
    shown.add_paths([papers], uid)
    wait(qtbot, lambda: shown._survey._start.isVisible())
    assert shown._survey._start.text() == "Add to Legal"
    qtbot.mouseClick(shown._survey._start, Qt.MouseButton.LeftButton)
    wait(qtbot, lambda: collection(shown, "Legal").documents == 3)
    assert shown.forge.corpus.shelf.stats().documents == 3
    wait(qtbot, lambda: any(c.uid == uid and c.roots for c in shown._collections_view.collections))
    shown.add_paths([papers], uid)  # once more changes nothing
    wait(qtbot, lambda: shown._survey._title.text() == "Nothing new to read")
    assert not shown._survey._start.isVisible()


def test_what_is_dropped_on_a_collection_goes_into_it(qtbot: QtBot, shown: CorpusPane, tmp_path: Path) -> None:
    (tmp_path / "claim.txt").write_text("The claim was settled.\n")
    uid = shown.forge.corpus.collections.create("Legal").uid
    view = shown._collections_view
    shown.show_page("collections")
    wait(qtbot, lambda: len(view.collections) == 2)
    view.choose(uid)
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(tmp_path / "claim.txt"))])
    how = (Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    shown.dragEnterEvent(QDragEnterEvent(QPoint(200, 300), *how))
    assert shown._pages.geometry().contains(shown._drop.geometry())
    shown.dropEvent(QDropEvent(QPointF(200, 300), *how))
    wait(qtbot, lambda: shown._survey._start.isVisible())
    assert "into Legal" in shown._survey._text.text()
    qtbot.mouseClick(shown._survey._start, Qt.MouseButton.LeftButton)
    wait(qtbot, lambda: collection(shown, "Legal").documents == 1)


def test_an_edit_says_its_effect_before_it_is_saved(qtbot: QtBot, shown: CorpusPane) -> None:
    form = shown._collections_view.form
    shown.show_page("collections")
    wait(qtbot, lambda: form.uid() != "")
    assert not form._save.isEnabled()
    form.exclude.setPlainText("*.md")
    wait(qtbot, lambda: "out of the index" in form._effect.text())
    assert "2 documents (1 passage)" in form._effect.text()
    qtbot.mouseClick(form._save, Qt.MouseButton.LeftButton)
    wait(qtbot, lambda: collection(shown, "Documents").exclude == ("*.md",))
    wait(qtbot, lambda: not shown.forge.jobs.running() and "kettle.md" not in listed(shown))


def test_a_bad_policy_is_said_and_the_edit_stays(qtbot: QtBot, shown: CorpusPane) -> None:
    form = shown._collections_view.form
    shown.show_page("collections")
    wait(qtbot, lambda: form.uid() != "")
    form.cap.setText("much")
    form._on_edited()
    qtbot.mouseClick(form._save, Qt.MouseButton.LeftButton)
    wait(qtbot, lambda: form.problem.isVisible())
    assert form.cap.text() == "much"
    qtbot.mouseClick(form._back, Qt.MouseButton.LeftButton)
    assert form.cap.text() == ""
    assert not form.problem.isVisible()


def test_deleting_a_collection_says_its_effect_and_can_be_undone(
    qtbot: QtBot, shown: CorpusPane, tmp_path: Path
) -> None:
    legal = tmp_path / "legal"
    legal.mkdir()
    (legal / "claim.txt").write_text("The claim was settled.\n")
    uid = shown.forge.corpus.collections.create("Legal").uid
    shown.forge.jobs.wait(shown.forge.corpus.index([legal], uid))
    view = shown._collections_view
    wait(qtbot, lambda: len(view.collections) == 2)
    view.choose(uid)
    with qtbot.waitSignal(shown.notice, timeout=LONG) as told:
        qtbot.mouseClick(view.form._delete, Qt.MouseButton.LeftButton)
    notice = told.args[0]
    assert isinstance(notice, Notice)
    assert "1 document (1 passage) left the index" in notice.text
    assert notice.undo is not None
    notice.undo()
    wait(qtbot, lambda: "Legal" in shown.forge.corpus.collections.names().values())
    assert collection(shown, "Legal").documents == 1


def test_the_keyboard_stays_on_the_page_after_a_deletion(qtbot: QtBot, shown: CorpusPane) -> None:
    uid = shown.forge.corpus.collections.create("Legal").uid
    view = shown._collections_view
    shown.show_page("collections")
    wait(qtbot, lambda: len(view.collections) == 2)
    view.choose(uid)
    view.form._delete.setFocus()
    qtbot.keyClick(view.form._delete, Qt.Key.Key_Space)
    wait(qtbot, lambda: len(view.collections) == 1)
    wait(qtbot, view.table.hasFocus)


def test_the_columns_of_collections_give_way_in_a_small_window(qtbot: QtBot, shown: CorpusPane) -> None:
    table = shown._collections_view.table
    shown.show_page("collections")
    shown.setMinimumSize(796, 432)
    shown.resize(796, 432)
    wait(qtbot, lambda: table.horizontalHeader().length() <= table.viewport().width())
    assert not table.isColumnHidden(0)
    assert not table.isColumnHidden(2)


def test_a_collection_is_chosen_in_a_mirrored_window(qtbot: QtBot, shown: CorpusPane) -> None:
    shown.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    uid = shown.forge.corpus.collections.create("Legal").uid
    view = shown._collections_view
    shown.show_page("collections")
    wait(qtbot, lambda: len(view.collections) == 2)
    view.choose(uid)
    assert view.form.uid() == uid
    assert view.form.name.text() == "Legal"


def test_tables_grow_with_the_font_of_the_user(
    qtbot: QtBot, qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = WindowedTable(DOCUMENT_COLUMNS, lambda ids: [None for _ in ids], "Documents")
    monkeypatch.setattr(theme._InForce, "scale", 1.6)
    theme.apply(qapp, "light")
    try:
        large = WindowedTable(DOCUMENT_COLUMNS, lambda ids: [None for _ in ids], "Documents")
        qtbot.addWidget(usual)
        qtbot.addWidget(large)
        header = large.horizontalHeader()
        for number, column in enumerate(DOCUMENT_COLUMNS):
            if not column.stretch:
                assert large.columnWidth(number) >= header.sectionSizeHint(number), column.title
        assert large.verticalHeader().defaultSectionSize() > usual.verticalHeader().defaultSectionSize()
    finally:
        monkeypatch.undo()
        theme.apply(qapp, "light")


# ---- questions


def asked(qtbot: QtBot, pane: CorpusPane, tmp_path: Path) -> Path:
    """A folder of 40 documents of which 39 went away, and the question about it."""
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(40):
        (folder / f"note-{number}.txt").write_text(f"Note {number} about the kettle.\n")
    pane.forge.jobs.wait(pane.forge.corpus.index([folder]))
    for number in range(1, 40):
        (folder / f"note-{number}.txt").unlink()
    pane.rescan()
    wait(qtbot, lambda: pane._questions.isVisible())
    return folder


def test_files_that_went_away_are_asked_about(qtbot: QtBot, pane: CorpusPane, tmp_path: Path) -> None:
    folder = asked(qtbot, pane, tmp_path)
    question = pane._questions.questions[0]
    assert (question.documents, question.total) == (39, 40)
    assert question_words(question)[0] == f"39 documents of 40 are gone from {folder}"
    assert pane.forge.corpus.shelf.stats().documents == 40
    with qtbot.waitSignal(pane.notice, timeout=LONG, check_params_cb=lambda n: n.undo is not None) as told:
        pane._questions.answer(question, "remove")
    wait(qtbot, lambda: pane.forge.corpus.shelf.stats().documents == 1 and not pane._questions.isVisible())
    told.args[0].undo()
    wait(qtbot, lambda: pane.forge.corpus.shelf.stats().documents == 40)


def test_the_keyboard_stays_on_the_page_after_an_answer(qtbot: QtBot, pane: CorpusPane, tmp_path: Path) -> None:
    asked(qtbot, pane, tmp_path)
    keep = next(button for button in pane._questions.findChildren(Button) if button.text() == "Keep them")
    keep.setFocus()
    qtbot.keyClick(keep, Qt.Key.Key_Space)
    wait(qtbot, lambda: not pane._questions.isVisible())
    assert pane._listing.documents.hasFocus()


def test_a_folder_that_is_there_again_is_no_longer_said_to_be_missing(
    qtbot: QtBot, pane: CorpusPane, tmp_path: Path
) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "kettle.txt").write_text("The kettle is blue.\n")
    pane.forge.jobs.wait(pane.forge.corpus.index([folder]))
    folder.rename(tmp_path / "away")
    pane.rescan()
    wait(qtbot, lambda: pane._questions.isVisible() and pane._failures.isVisible())
    (tmp_path / "away").rename(folder)
    pane.forge.jobs.wait(pane.forge.corpus._look(None))  # as the watching of folders does
    wait(qtbot, lambda: not pane._questions.isVisible() and not pane._failures.isVisible())


def test_the_notice_of_failures_goes_with_the_last_of_them(qtbot: QtBot, shown: CorpusPane) -> None:
    shown.rescan()
    wait(qtbot, lambda: shown._failures.isVisible() and not shown.forge.jobs.running())
    shown.remove([i for group in shown.forge.corpus.shelf.failures() for i in group.documents])
    wait(qtbot, lambda: not shown._failures.isVisible())


# ---- totals


def test_totals_languages_and_disk_are_shown(qtbot: QtBot, shown: CorpusPane) -> None:
    shown.show_page("statistics")
    wait(qtbot, lambda: shown._statistics._figures["Documents"].text() == "3")
    assert int(shown._statistics._figures["Tokens, about"].text().replace(",", "")) > 100
    assert "Rescan compares them" in shown._statistics._sync.text()
    names = {meter.accessibleName() for meter in shown._statistics._languages.children() if hasattr(meter, "set_value")}
    assert any(name.startswith("English") for name in names)


def test_a_check_finds_damage_and_a_repair_mends_it(qtbot: QtBot, shown: CorpusPane) -> None:
    statistics = shown._statistics
    shown.show_page("statistics")
    statistics._check.setFocus()
    qtbot.keyClick(statistics._check, Qt.Key.Key_Space)
    wait(qtbot, lambda: statistics.verdict() == "Everything is sound.")
    assert statistics._check.hasFocus()
    with shown.forge.corpus._db.write() as connection:  # as a failing disk would
        connection.execute("UPDATE texts SET text = replace(text, 'kettle', 'kattle')")
    qtbot.mouseClick(statistics._check, Qt.MouseButton.LeftButton)
    wait(qtbot, lambda: statistics._repair.isVisible())
    assert "kettle.md" in statistics._damage.toPlainText()
    qtbot.mouseClick(statistics._repair, Qt.MouseButton.LeftButton)
    wait(qtbot, lambda: "read again" in statistics.verdict())
    assert shown.forge.corpus.verify() == []


def test_a_collection_leaves_as_a_file_and_comes_back(qtbot: QtBot, shown: CorpusPane, tmp_path: Path) -> None:
    target = tmp_path / "papers.forgecollection"
    shown.show_page("collections")
    told = shown._collections_view.problem
    shown._keeping.export(collection(shown, "Documents").uid, target)
    wait(qtbot, told.isVisible)
    assert told.accessibleName().startswith("3 documents exported to papers.forgecollection")
    assert target.stat().st_size > 0
    with qtbot.waitSignal(shown.notice, timeout=LONG):
        shown._keeping.bring(target)
    wait(qtbot, lambda: len(shown._collections_view.collections) == 2)


# ---- progress


def test_a_run_is_shown_at_three_levels(qtbot: QtBot, pane: CorpusPane) -> None:
    strip = pane._progress
    at = IndexProgress("reading", 2, 40, 500, 1000, ("/papers/a.pdf", "/papers/b.docx"), 1234.5, 6.4e6, 9.0, 0.37)
    strip.show_job(JobChanged(7, "index", "running", 500, 1000, "/papers/a.pdf", 10.0, 9.0, detail=at))
    assert strip.words() == "Reading 3 of 40 files · 50% · 9 s left · a.pdf, b.docx · 6.4 MB/s · 1,234 passages/s"
    strip.show_job(JobChanged(7, "index", "paused", 500, 1000, "/papers/a.pdf", 10.0, 9.0, detail=at))
    assert strip.words().startswith("Paused: Reading")
    assert strip.pause.text() == "Resume"
    assert "left" not in strip.words()
    assert "/s" not in strip.words()


def test_the_subtitle_says_how_much_can_be_searched(qtbot: QtBot, pane: CorpusPane, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(60):
        (folder / f"note-{number}.txt").write_text(f"Note {number} about the kettle.\n")
    seen: list[str] = []
    pane.bridge.job_changed.connect(lambda _: seen.append(pane._subtitle.whole_text()))
    with qtbot.waitSignal(
        pane.bridge.job_changed,
        timeout=60_000,
        check_params_cb=lambda event: event.kind == "index" and event.state == "done",
    ):
        pane.index([folder])
    pane.refresh()
    assert pane._subtitle.whole_text().startswith("60 passages from 60 documents")
    assert "search works meanwhile" not in pane._subtitle.whole_text()


def test_after_a_cancelled_run_the_subtitle_says_how_to_go_on(qtbot: QtBot, pane: CorpusPane, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(600):
        (folder / f"note-{number}.txt").write_text(f"Note {number} about the kettle.\n")

    def cancel(event: JobChanged) -> None:
        if event.kind == "index" and event.state == "running" and pane.forge.corpus.shelf.stats().documents:
            pane.forge.jobs.cancel(event.job_id)

    pane.bridge.job_changed.connect(cancel)
    with qtbot.waitSignal(
        pane.bridge.job_changed,
        timeout=60_000,
        check_params_cb=lambda event: event.kind == "index" and event.state == "cancelled",
    ):
        pane.index([folder])
    pane.refresh()
    assert "search works meanwhile" not in pane._subtitle.whole_text()
    assert "Rescan reads the rest" in pane._subtitle.whole_text()


def test_what_a_rule_left_out_is_not_said_to_be_missing(qtbot: QtBot, shown: CorpusPane) -> None:
    uid = collection(shown, "Documents").uid
    shown.forge.corpus.collections.change(uid, exclude=("kettle.md",))
    with qtbot.waitSignal(shown.notice, timeout=LONG) as told:
        shown.rescan()
    assert "1 left the index" in told.args[0].text
