"""The shared widgets, as panes use them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import JobChanged
from forge_desktop.ui.widgets.basics import (
    Banner,
    Button,
    ElidedLabel,
    EmptyState,
    IconButton,
    Meter,
    Notice,
    Pill,
    ProgressRow,
    Toast,
    column,
    duration,
    label,
    search_field,
)
from forge_desktop.ui.widgets.fields import NumberField
from forge_desktop.ui.widgets.stacked_bar import StackedBar
from forge_desktop.ui.widgets.words import breakable

Show = Callable[..., QWidget]


@pytest.fixture
def show(qtbot: QtBot) -> Show:
    """Shows widgets in a column of one window, which lives as long as the test."""
    windows = []

    def in_a_window(*widgets: QWidget, width: int = 600) -> QWidget:
        window = QWidget()
        window.setLayout(column(*widgets))
        windows.append(window)
        qtbot.addWidget(window)
        window.resize(width, 300)
        window.show()
        qtbot.waitExposed(window)
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow)
        return window

    return in_a_window


def test_a_label_never_takes_text_for_markup(qtbot: QtBot, show: Show) -> None:
    made = label("<b>bold</b> <img src='file:///etc/passwd'>")
    show(made)
    assert made.textFormat() == Qt.TextFormat.PlainText


def test_an_ampersand_in_a_file_name_is_shown(qtbot: QtBot, show: Show) -> None:
    made = Button("Open R&D.pdf")
    show(made)
    assert made.accessibleName() == "Open R&D.pdf"
    assert made.text() == "Open R&&D.pdf"


def test_the_focus_ring_is_for_the_keyboard_only(qtbot: QtBot, show: Show) -> None:
    first, second = Button("First"), IconButton("copy", "Copy")
    window = show(first, second)
    qtbot.mouseClick(first, Qt.MouseButton.LeftButton)
    assert first.property("ring") != "1"
    first.setFocus()
    QTest.keyClick(window, Qt.Key.Key_Tab)
    qtbot.waitUntil(lambda: second.hasFocus())
    assert second.property("ring") == "1"
    QTest.keyClick(window, Qt.Key.Key_Backtab)
    assert second.property("ring") == ""
    assert first.property("ring") == "1"


def test_a_long_name_is_shortened_and_still_whole_for_others(qtbot: QtBot, show: Show) -> None:
    name = "a-folder/" * 30 + "the-file.pdf"
    made = ElidedLabel(name, middle=True)
    show(made, width=300)
    assert "…" in made.text()
    assert made.text().endswith("file.pdf")
    assert made.accessibleName() == made.toolTip() == made.whole_text() == name
    made.setText("short.pdf")
    assert made.text() == "short.pdf"
    assert made.toolTip() == ""


def test_a_banner_says_what_and_what_to_do(qtbot: QtBot, show: Show) -> None:
    made = Banner()
    show(made)
    assert not made.isVisible()
    made.show_error(ForgeError("The disk is full.", hint="Free some space."), action="Try again")
    assert made.isVisible()
    assert made.accessibleName() == "The disk is full. Free some space."
    texts = [found.text() for found in made.findChildren(QLabel) if found.isVisible() and found.text()]
    assert texts == ["The disk is full.", "Free some space."]
    button = next(found for found in made.findChildren(Button) if found.isVisible())
    with qtbot.waitSignal(made.acted):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(made.dismissed):
        qtbot.mouseClick(made.findChild(IconButton), Qt.MouseButton.LeftButton)
    assert not made.isVisible()


def test_a_toast_offers_undo_once_in_the_corner(qtbot: QtBot, show: Show) -> None:
    window = show(label("behind"))
    toast, undone = Toast(window), []
    toast.show_notice(Notice("3 documents removed", undo=lambda: undone.append(True)))
    assert toast.isVisible()
    corner = toast.geometry().bottomRight()
    assert window.rect().contains(corner)
    assert (window.rect().bottomRight() - corner).manhattanLength() < 60
    toast.undo()
    toast.undo()
    assert undone == [True]
    assert not toast.isVisible()
    window.resize(900, 500)
    toast.show_notice(Notice("Copied"))
    assert not toast.findChild(Button).isVisible()
    assert window.rect().contains(toast.geometry())


def test_a_toast_leaves_by_itself(qtbot: QtBot, show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Toast, "SECONDS", 0.05)
    window = show(label("behind"))
    toast = Toast(window)
    toast.show_notice(Notice("Copied"))
    qtbot.waitUntil(lambda: not toast.isVisible(), timeout=3000)


def test_a_progress_row_follows_its_job(qtbot: QtBot, show: Show) -> None:
    made = ProgressRow("Indexing")
    show(made)
    made.show_job(JobChanged(7, "index", "running", 62, 100, "contracts.docx", seconds_left=9))
    assert any(found.text() == "62% · 9 s left" for found in made.findChildren(QLabel))
    assert made.findChild(ElidedLabel).whole_text() == "Indexing contracts.docx"
    assert made.findChild(Meter).accessibleName() == "Indexing 62%"
    pause, cancel = made.findChildren(Button)
    with qtbot.waitSignal(made.pause_pressed) as pressed:
        qtbot.mouseClick(pause, Qt.MouseButton.LeftButton)
    assert pressed.args == [7]
    made.show_job(JobChanged(7, "index", "paused", 62, 100, "contracts.docx"))
    assert pause.text() == "Resume"
    with qtbot.waitSignal(made.resume_pressed):
        qtbot.mouseClick(pause, Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(made.cancel_pressed):
        qtbot.mouseClick(cancel, Qt.MouseButton.LeftButton)
    made.show_job(JobChanged(7, "index", "running", 5, None, "", elapsed=130))
    assert any(found.text() == "2 min" for found in made.findChildren(QLabel))
    assert not made.findChild(Meter).isVisible()


def test_an_empty_state_offers_its_action(qtbot: QtBot, show: Show) -> None:
    made = EmptyState("library", "Nothing here", "Add something.", "Add folder", "folder-plus", "Try the sample")
    show(made)
    with qtbot.waitSignal(made.acted):
        qtbot.mouseClick(made.button, Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(made.acted_second):
        qtbot.mouseClick(made.second, Qt.MouseButton.LeftButton)


def test_a_pill_is_a_word_and_fits_it(qtbot: QtBot, show: Show) -> None:
    made = Pill("Indexed", "ok", "circle-check")
    show(made)
    before = made.sizeHint().width()
    made.show_state("Could not be read", "bad", "circle-alert")
    assert made.accessibleName() == "Could not be read"
    assert made.sizeHint().width() > before


def test_a_search_field_has_no_nameless_buttons(qtbot: QtBot, show: Show) -> None:
    made = search_field("Search documents")
    show(made)
    made.setText("x")
    assert all(
        child.accessibleName()
        for child in made.findChildren(QWidget)
        if child.metaObject().className().endswith("Button")
    )


def test_durations_are_said_shortly() -> None:
    assert [duration(seconds) for seconds in (0.2, 9, 99, 130, 7500)] == ["0 s", "9 s", "99 s", "2 min", "2 h 5 min"]


def test_nothing_flashes_as_a_window_of_its_own(qtbot: QtBot) -> None:
    home = QWidget()
    parts = [Banner(), ProgressRow("Indexing"), EmptyState("library", "Nothing", "Here.", "Add"), Toast(home)]
    assert not any(child.isVisible() for part in parts for child in [part, *part.findChildren(QWidget)])
    for part in parts:
        assert not any(child.isWindow() for child in part.findChildren(QWidget))
    for part in [home, *parts[:-1]]:  # the toast goes with its home
        qtbot.addWidget(part)


def test_a_long_path_may_be_broken_and_short_words_may_not() -> None:
    path = "/home/ada/models/" + "deep/" * 10 + "file.gguf"
    broken = breakable(f"The student {path} is well-kept.")
    assert broken.replace("\u200b", "") == f"The student {path} is well-kept."
    assert "/\u200bhome" in broken
    assert "well-kept" in broken


def test_a_bar_of_parts_says_its_figures_and_whether_they_fit(qtbot: QtBot) -> None:
    bar = StackedBar()
    qtbot.addWidget(bar)
    bar.show_parts((4.0, 1.0, 0.5), 8.0, 7.0, "GPU: 5.5 GB of 8.0 GB free, fits")
    bar.resize(200, bar.height())
    assert bar.accessibleName() == "GPU: 5.5 GB of 8.0 GB free, fits"
    assert not bar.overflows()
    fits = bar.grab().toImage()
    bar.show_parts((8.0, 1.0, 0.5), 8.0, 7.0, "GPU: 9.5 GB of 8.0 GB free, 1.5 GB too large")
    assert bar.overflows()
    assert bar.grab().toImage() != fits
    bar.show_parts((1.0, 0.0, 0.0), 0.0, 0.0, "GPU: 1.0 GB of unknown free")
    assert not bar.overflows(), "nothing is known of what there is"


def test_a_whole_number_has_no_comma_but_between_groups_of_three(qtbot: QtBot) -> None:
    field = NumberField(int)
    qtbot.addWidget(field)
    read = {}
    for text in ("45", "4,5", "1,024", "1,02", "12,345,678"):
        field.setText(text)
        read[text] = field.value()
    assert read == {"45": 45, "4,5": "4,5", "1,024": 1024, "1,02": "1,02", "12,345,678": 12_345_678}
    decimal = NumberField(float)
    qtbot.addWidget(decimal)
    for text, value in (("0,5", 0.5), ("0,012", 0.012), ("1,024", "1,024"), ("0.5", 0.5), ("1,024.5", 1024.5)):
        decimal.setText(text)
        assert decimal.value() == value
