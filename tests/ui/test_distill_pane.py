"""The Distill pane, driven as a person would: begin, filter, hold, reorder, decide on lessons, freeze and export."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from forge_desktop.base.errors import ForgeError
from forge_desktop.distill.records import NewTask
from forge_desktop.forge import Forge
from forge_desktop.ui import theme
from forge_desktop.ui.bridge import Bridge
from forge_desktop.ui.panes.distill import DistillPane
from forge_desktop.ui.panes.distill.caps_dialog import CapsDialog
from forge_desktop.ui.panes.distill.export_dialog import export_job
from forge_desktop.ui.panes.distill.generate_dialog import GenerateDialog
from forge_desktop.ui.panes.distill.import_dialog import ImportDialog
from forge_desktop.ui.shell import Shell
from forge_desktop.ui.widgets.basics import Notice
from tests.providers.teacher import Teacher
from tests.ui import lessons

SOON = 10_000


@pytest.fixture
def distill(qtbot: QtBot, qapp: QApplication, forge: Forge) -> Iterator[DistillPane]:
    """The pane alone, as wide as in the window, in front."""
    theme.apply(qapp, "light")
    bridge = Bridge(forge.events)
    made = DistillPane(forge, bridge)
    qtbot.addWidget(made)
    made.resize(1276, 760)
    made.show()
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow)
    yield made
    bridge.close()


@pytest.fixture
def teacher() -> Iterator[Teacher]:
    with Teacher(answer=lessons.answer) as made:
        yield made


def fill(qtbot: QtBot, pane: DistillPane, count: int) -> None:
    pane.forge.distill.tasks.add([NewTask(f"What does rule {n} say?") for n in range(count)])
    qtbot.waitUntil(lambda: pane.page.queue.table.rows.rowCount() == count, timeout=SOON)


def questions(pane: DistillPane, count: int) -> list[str]:
    rows = pane.page.queue.table.rows
    return [rows.value_at(row).question for row in range(count)]


def state(pane: DistillPane, row: int) -> str:
    value = pane.page.queue.table.rows.value_at(row)
    return value.state if value else ""


def dialog(qtbot: QtBot, kind: type[QWidget]) -> QWidget:
    def open_one() -> QWidget | None:
        return next((w for w in QApplication.topLevelWidgets() if isinstance(w, kind) and w.isVisible()), None)

    qtbot.waitUntil(lambda: open_one() is not None, timeout=SOON)
    found = open_one()
    assert found is not None
    return found


def test_an_empty_pane_explains_the_loop_and_says_what_is_missing(qtbot: QtBot, distill: DistillPane) -> None:
    start = distill.page.start
    qtbot.waitUntil(lambda: distill.page.body.currentWidget() is start)
    qtbot.waitUntil(start._teacher.isVisible)
    assert start._documents.isVisible()
    assert not start.generate.isEnabled()
    wanted: list[str] = []
    distill.wants_pane.connect(wanted.append)
    for button in (start._teacher.button, start._documents.button, start.chat):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert wanted == ["settings:endpoints", "corpus", "chat"]


def test_a_local_teacher_without_a_key_is_enough(qtbot: QtBot, distill: DistillPane, teacher: Teacher) -> None:
    qtbot.waitUntil(distill.page.start._teacher.isVisible)
    lessons.add_teacher(distill.forge, teacher)
    qtbot.waitUntil(distill.page.start._teacher.isHidden, timeout=SOON)


def test_without_a_teacher_no_run_is_offered_but_the_way_to_one(qtbot: QtBot, distill: DistillPane) -> None:
    fill(qtbot, distill, 2)
    distill.before_run()
    assert distill.page.problem.isVisible()
    wanted: list[str] = []
    distill.wants_pane.connect(wanted.append)
    distill.page.problem.acted.emit()
    assert wanted == ["settings:endpoints"]


def test_a_file_is_shown_before_it_is_imported(qtbot: QtBot, distill: DistillPane, tmp_path: Path) -> None:
    file = tmp_path / "questions.csv"
    file.write_text("task,note,given\nWho pays?,x,The member\nWhen is it open?,y,\n", "utf-8")
    distill.import_file(file)
    shown = dialog(qtbot, ImportDialog)
    assert isinstance(shown, ImportDialog)
    qtbot.waitUntil(shown.start.isEnabled, timeout=SOON)
    assert shown.mapping()["question"] == "task"
    assert "2 tasks" in shown.about.text()
    shown.boxes["draft"].setCurrentIndex(shown.boxes["draft"].findData("given"))
    shown.boxes["draft"].activated.emit(shown.boxes["draft"].currentIndex())
    qtbot.waitUntil(lambda: shown.start.isEnabled() and "given" not in shown.unused.text(), timeout=SOON)
    qtbot.mouseClick(shown.start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: distill.page.queue.table.rows.rowCount() == 2, timeout=SOON)
    qtbot.waitUntil(distill.page.outcome.isVisible, timeout=SOON)
    assert "2 tasks imported from questions.csv" in distill.page.outcome.accessibleName()
    first = distill.page.queue.table.rows.value_at(0)
    assert distill.forge.distill.tasks.get(first.id).draft == "The member"


def test_a_file_that_is_none_is_said_in_the_sheet(qtbot: QtBot, distill: DistillPane, tmp_path: Path) -> None:
    file = tmp_path / "nothing.csv"
    file.write_text("x,y\n1,2\n", "utf-8")
    distill.import_file(file)
    shown = dialog(qtbot, ImportDialog)
    assert isinstance(shown, ImportDialog)
    qtbot.waitUntil(shown.problem.isVisible, timeout=SOON)
    assert not shown.start.isEnabled()
    shown.reject()


def test_questions_by_a_remote_student_need_a_cap_in_the_dialog(qtbot: QtBot, distill: DistillPane) -> None:
    found, shelf = distill.forge.corpus.collections.all(), distill.forge.corpus.shelf
    local, remote = (
        GenerateDialog(found, shelf, distill._errands, teachers=False, student=host, parent=distill)
        for host in ("", "shed.example")
    )
    for made in (local, remote):
        made.show()
    assert not local.cap.isVisible()
    assert remote.cap.isVisible()
    assert "at shed.example, under a cap" in remote.by.currentText()
    assert not remote.start.isEnabled()
    remote.cap.line.setText("0.50")
    assert (remote.wish().teacher, remote.wish().cap) == (False, 500_000)
    assert local.wish().cap == 0
    local.reject()
    remote.reject()


def test_the_queue_is_filtered_by_words_and_by_state(qtbot: QtBot, distill: DistillPane) -> None:
    fill(qtbot, distill, 30)
    queue = distill.page.queue
    distill.forge.distill.tasks.hold([queue.table.rows.id_at(0), queue.table.rows.id_at(1)])
    queue.show_state("Held")
    qtbot.waitUntil(lambda: queue.table.rows.rowCount() == 2, timeout=SOON)
    queue.show_state("All states")
    QTest.keyClicks(queue.field, "rule 17")
    qtbot.waitUntil(lambda: queue.table.rows.rowCount() == 1, timeout=SOON)
    assert queue.number.text() == "1"
    QTest.keyClicks(queue.field, " nowhere")
    qtbot.waitUntil(queue._none.isVisible, timeout=SOON)


def test_selected_tasks_are_held_released_and_cancelled(qtbot: QtBot, distill: DistillPane) -> None:
    fill(qtbot, distill, 4)
    table, changing = distill.page.queue.table, distill.page.queue.changing
    notices: list[Notice] = []
    distill.notice.connect(notices.append)
    table.selectAll()
    qtbot.waitUntil(changing.selected.isVisible, timeout=SOON)
    assert changing.selected.text() == "4 selected"
    actions = {action.text(): action for action in changing.menu().actions()}
    actions["Hold"].trigger()
    qtbot.waitUntil(lambda: state(distill, 3) == "held", timeout=SOON)
    assert notices[-1].text == "Held: 4 tasks."
    undo = notices[-1].undo
    assert undo is not None
    undo()
    qtbot.waitUntil(lambda: state(distill, 3) == "queued", timeout=SOON)
    table.select_id(table.rows.id_at(2))
    next(action for action in changing.menu().actions() if action.text() == "Cancel").trigger()
    qtbot.waitUntil(lambda: state(distill, 2) == "cancelled", timeout=SOON)
    assert state(distill, 1) == "queued"


def test_all_tasks_are_held_at_once_though_only_some_are_read(qtbot: QtBot, distill: DistillPane) -> None:
    fill(qtbot, distill, 900)
    distill.page.queue.table.selectAll()
    next(a for a in distill.page.queue.changing.menu().actions() if a.text() == "Hold").trigger()
    qtbot.waitUntil(lambda: distill.forge.distill.tasks.count(states=("held",)) == 900, timeout=SOON)


def test_tasks_are_reordered_with_the_keyboard(qtbot: QtBot, distill: DistillPane) -> None:
    fill(qtbot, distill, 4)
    table = distill.page.queue.table
    names = questions(distill, 4)
    table.select_id(table.rows.id_at(2))

    def press(key: Qt.Key) -> None:
        distill.activateWindow()
        qtbot.waitUntil(distill.isActiveWindow)
        table.setFocus()
        QTest.keyClick(table, key, Qt.KeyboardModifier.AltModifier)

    press(Qt.Key.Key_Up)
    qtbot.waitUntil(lambda: questions(distill, 4) == [names[0], names[2], names[1], names[3]], timeout=SOON)
    press(Qt.Key.Key_Home)
    qtbot.waitUntil(lambda: questions(distill, 4)[0] == names[2], timeout=SOON)
    press(Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: questions(distill, 4) == [names[0], names[2], names[1], names[3]], timeout=SOON)
    press(Qt.Key.Key_End)
    qtbot.waitUntil(lambda: questions(distill, 4)[3] == names[2], timeout=SOON)
    table.select_id(table.rows.id_at(3))
    table.dropped.emit(1)  # dragged before the second row
    qtbot.waitUntil(lambda: questions(distill, 4)[1] == names[2], timeout=SOON)


def test_a_cap_is_raised_only_by_typing_it(qtbot: QtBot, distill: DistillPane) -> None:
    ledger = distill.forge.providers.ledger
    ledger.set_cap("day", 2_000_000)
    qtbot.waitUntil(lambda: getattr(distill._seen.budget("day"), "cap", None) == 2_000_000, timeout=SOON)
    distill.change_caps("day")
    shown = dialog(qtbot, CapsDialog)
    assert isinstance(shown, CapsDialog)
    shown.amount.line.setText("nonsense")
    assert not shown.save.isEnabled()
    assert shown.amount.line.accessibleDescription()
    shown.amount.line.setText("0")
    assert "nobody is asked" in shown._typed_words.text()
    shown.amount.line.setText("5")
    assert not shown.save.isEnabled()
    shown.typed.setText("50")
    assert "another amount" in shown._typed_words.text()
    assert not shown.save.isEnabled()
    shown.typed.setText("5")
    assert shown.save.isEnabled()
    qtbot.mouseClick(shown.save, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: ledger.caps().get("day") == 5_000_000, timeout=SOON)


def test_questions_from_documents_need_kinds_and_a_cap_for_a_teacher(
    qtbot: QtBot, distill: DistillPane, sample_dir: Path, tmp_path: Path
) -> None:
    lessons.index(distill.forge, sample_dir, tmp_path)
    distill.generate()
    shown = dialog(qtbot, GenerateDialog)
    assert isinstance(shown, GenerateDialog)
    assert shown.start.isEnabled()
    assert shown.wish().collections == ()
    _choose_what_to_ask_about(qtbot, distill, shown, tmp_path)
    for box in shown.kinds.values():
        box.setValue(0)
    assert not shown.start.isEnabled()
    shown.kinds["factual"].setValue(1)
    shown.by.show_value("teacher")
    shown.by.changed.emit()
    assert "spent" in shown.why.text()
    shown.cap.line.setText("0.50")
    assert shown.start.isEnabled()
    assert shown.wish().cap == 500_000
    assert shown.wish().kinds == (("factual", 1),)
    shown.reject()


def _choose_what_to_ask_about(qtbot: QtBot, distill: DistillPane, shown: GenerateDialog, place: Path) -> None:
    """Collections, a folder, documents found by name and ticked; then everything again."""
    source, shelf = shown.source, distill.forge.corpus.shelf

    def choose(which: str) -> None:
        source.which.show_value(which)
        source.which.changed.emit()

    choose("collections")
    for box in source.places:
        box.setChecked(False)
    assert not shown.start.isEnabled()
    source.places[0].setChecked(True)
    assert len(shown.wish().collections) == 1
    choose("folder")
    assert (shown.wish().collections, shown.start.isEnabled()) == ((), False)
    source.folder.setFocus()
    QTest.keyClicks(source.folder, str(place / "nowhere"))
    qtbot.waitUntil(lambda: "No indexed document" in source.words.text(), timeout=SOON)
    assert not shown.start.isEnabled()
    source.folder.show_value(place / "papers")
    source.folder.changed.emit()
    qtbot.waitUntil(shown.start.isEnabled, timeout=SOON)
    assert shown.wish().folders == (str(place / "papers"),)
    choose("documents")
    assert not shown.start.isEnabled()
    qtbot.waitUntil(lambda: source.list.count() == len(shelf.documents(state="indexed")), timeout=SOON)
    source.list.item(0).setCheckState(Qt.CheckState.Checked)
    first = source.list.item(0).data(Qt.ItemDataRole.UserRole)
    last = source.list.item(source.list.count() - 1).text()
    QTest.keyClicks(source.search, last)
    qtbot.waitUntil(lambda: source.list.count() == 1, timeout=SOON)
    source.list.item(0).setCheckState(Qt.CheckState.Checked)
    assert shown.wish().documents == (first, source.list.item(0).data(Qt.ItemDataRole.UserRole))
    assert "2 documents chosen" in source.words.text()
    assert (shown.wish().folders, shown.start.isEnabled()) == ((), True)
    choose("all")
    assert (shown.wish().documents, shown.start.isEnabled()) == ((), True)


def test_trouble_on_the_way_is_a_banner_with_its_hint(qtbot: QtBot, distill: DistillPane) -> None:
    distill.show_page("dataset")
    distill._do(lambda: (_ for _ in ()).throw(ForgeError("It went wrong.", hint="Do this.")))
    assert distill.page.problem.isVisible()
    assert distill.page.problem.accessibleName() == "It went wrong. Do this."


def test_lessons_are_read_in_full_and_decided_on_with_keys(
    qtbot: QtBot, distill: DistillPane, teacher: Teacher, sample_dir: Path, tmp_path: Path
) -> None:
    lessons.make_lessons(distill.forge, teacher, sample_dir, tmp_path)
    page, review = distill.page, distill.forge.distill.review
    qtbot.waitUntil(lambda: page.queue.table.rows.rowCount() == 3, timeout=SOON)
    distill.review()
    qtbot.waitUntil(page.item.isVisible, timeout=SOON)
    view = page.item.view
    assert view is not None
    assert view.pair is not None
    first = view.task.id
    assert page.item.answer.text.toPlainText() == view.pair.final
    _open_the_source(qtbot, distill)

    page.queue.table.setFocus()
    QTest.keyClick(page.queue.table, Qt.Key.Key_A)
    qtbot.waitUntil(lambda: page.item.view is not None and page.item.view.task.id != first, timeout=SOON)
    assert distill.forge.distill.tasks.get(first).state == "kept"
    second = page.item.view.task.id
    qtbot.waitUntil(page.bar.accept.isEnabled, timeout=SOON)

    page.bar.note.setText("not useful")
    QTest.keyClick(page.queue.table, Qt.Key.Key_R)
    qtbot.waitUntil(lambda: page.item.view is not None and page.item.view.task.id not in (first, second), timeout=SOON)
    rejected = distill.forge.distill.pairs.of_task(second)
    assert rejected is not None
    assert (rejected.reviewed, rejected.note) == ("rejected", "not useful")

    QTest.keyClick(page.queue.table, Qt.Key.Key_U)
    qtbot.waitUntil(lambda: page.item.view is not None and page.item.view.task.id == second, timeout=SOON)
    assert second in review.waiting()
    _edit(qtbot, distill, second)


def _open_the_source(qtbot: QtBot, distill: DistillPane) -> None:
    """Jump from a passage to its document, and back with Escape."""
    page = distill.page
    jump = next(b for b in page.item.findChildren(QWidget) if b.accessibleName() == "Open passage 1 in its document")
    qtbot.mouseClick(jump, Qt.MouseButton.LeftButton)
    assert page.item.view is not None
    assert page.item.view.pair is not None
    quote = page.item.view.pair.evidence[0].quote
    qtbot.waitUntil(lambda: bool(page.viewer.marked_text()), timeout=SOON)
    assert page.viewer.marked_text() == quote
    QTest.keyClick(page.viewer, Qt.Key.Key_Escape)
    assert page.viewer.isHidden()
    assert page.item.isVisible()


def _edit(qtbot: QtBot, distill: DistillPane, task: int) -> None:
    page = distill.page
    qtbot.waitUntil(page.bar.edit.isEnabled, timeout=SOON)
    page.queue.table.setFocus()
    QTest.keyClick(page.queue.table, Qt.Key.Key_E)
    field = page.item.answer.field
    qtbot.waitUntil(field.isVisible)
    assert QApplication.focusWidget() is field
    before = field.toPlainText()
    QTest.keyClicks(field, "ar ")  # letters go into the field and decide nothing
    assert field.toPlainText() == f"ar {before}"
    field.setPlainText(before)
    QTest.keyClick(field, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: distill.forge.distill.tasks.get(task).state == "kept", timeout=SOON)


def test_kept_pairs_are_counted_frozen_held_back_and_exported(
    qtbot: QtBot, distill: DistillPane, teacher: Teacher, sample_dir: Path, tmp_path: Path
) -> None:
    forge = distill.forge
    lessons.make_lessons(forge, teacher, sample_dir, tmp_path)
    for task in forge.distill.review.waiting():
        forge.distill.review.accept(task)
    distill.show_page("dataset")
    qtbot.waitUntil(lambda: distill.dataset.figures["TRAIN pairs"].text() == "3", timeout=SOON)
    distill.dataset.freeze("handbook")
    qtbot.waitUntil(lambda: len(forge.distill.datasets.all()) == 1, timeout=SOON)
    version = forge.distill.datasets.all()[0]
    qtbot.waitUntil(lambda: any(version.sha256 in t for t in _texts(distill.dataset.versions)), timeout=SOON)

    suite = tmp_path / "exam.csv"
    suite.write_text(f"question,answer\n{lessons.QUESTIONS[0]},six\n", "utf-8")
    distill.dataset.suites.import_asked.emit(suite, "exam", "transfer")
    qtbot.waitUntil(lambda: distill.dataset.figures["Held by suites"].text() == "1", timeout=SOON)
    distill.show_page("blocked")
    distill.blocked.segments.choose("leaks")
    distill.blocked._on_sort()
    qtbot.waitUntil(lambda: distill.blocked.table.rows.rowCount() == 1, timeout=SOON)
    distill.blocked.table.select_id(0)
    qtbot.waitUntil(distill.blocked.beside.isVisible, timeout=SOON)
    assert "Suite exam" in distill.blocked.beside._names[1].whole_text()
    assert distill.blocked.beside.keep.isHidden()

    distill._do(export_job(forge, tmp_path, ["forge", "openai"]))
    qtbot.waitUntil(lambda: distill.page.outcome.accessibleName().startswith("Exported to"), timeout=SOON)
    written = next(tmp_path.glob("lessons-*"))
    assert len((written / "pairs.jsonl").read_text("utf-8").splitlines()) == 2


@pytest.mark.parametrize(("change", "sort", "words"), [("edit", "changed", "changed"), ("remove", "gone", "is gone")])
def test_pairs_whose_source_changed_or_went_say_what_can_be_done(
    qtbot: QtBot,
    distill: DistillPane,
    teacher: Teacher,
    sample_dir: Path,
    tmp_path: Path,
    change: str,
    sort: str,
    words: str,
) -> None:
    forge = distill.forge
    lessons.make_lessons(forge, teacher, sample_dir, tmp_path)
    for task in forge.distill.review.waiting():
        forge.distill.review.accept(task)
    shelf = forge.corpus.shelf
    rows = shelf.document_rows(shelf.documents(state="indexed"))
    if change == "remove":
        forge.corpus.remove([row.id for row in rows])
    else:
        for row in rows:
            Path(row.path).write_text("Nothing of what was said here holds any more.", "utf-8")
        forge.jobs.wait(forge.corpus.rescan(), 60)
    forge.jobs.wait(forge.distill.pairs.reverify(), 60)
    blocked = distill.blocked
    distill.show_page("blocked")
    blocked.segments.choose(sort)
    blocked._on_sort()
    qtbot.waitUntil(lambda: blocked.table.rows.rowCount() > 0, timeout=SOON)
    blocked.table.select_id(0)
    qtbot.waitUntil(blocked.beside.isVisible, timeout=SOON)
    assert words in blocked.beside._names[1].whole_text()
    assert "the pair" in blocked.beside._prompts[1].toPlainText()


def _texts(widget: QWidget) -> list[str]:
    return [found.whole_text() for found in widget.findChildren(QWidget) if hasattr(found, "whole_text")]


@pytest.mark.parametrize("size", [(1360, 860), (880, 560), (1120, 700), (1920, 1080)])
def test_queue_and_item_share_the_room_at_every_size(
    qtbot: QtBot, window: Shell, forge: Forge, teacher: Teacher, sample_dir: Path, tmp_path: Path, size: tuple[int, int]
) -> None:
    lessons.make_lessons(forge, teacher, sample_dir, tmp_path)
    pane = window.visit("distill")
    assert isinstance(pane, DistillPane)
    window.resize(*size)
    pane.review()
    page = pane.page
    qtbot.waitUntil(page.item.isVisible, timeout=SOON)
    buttons = [button for button in page.bar.findChildren(QPushButton) if button.isVisible()]
    qtbot.waitUntil(lambda: all(button.width() >= button.sizeHint().width() - 1 for button in buttons))
    assert window.size().toTuple() == size
    parts = [part for part in (page.body, page.item) if part.isVisible()]
    qtbot.waitUntil(lambda: sum(part.width() for part in parts) <= page.width() + 1)
    assert page.body.isVisible() == (size[0] > 1100)
    assert page.bar.mapTo(window, QPoint(0, page.bar.height())).y() <= window.height()
    page.close_task()
    assert page.body.isVisible()
