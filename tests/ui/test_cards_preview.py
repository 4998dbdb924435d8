"""The preview of a card: all of it stands in it, and it shows what is edited."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QGuiApplication
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from forge_desktop.forge import Forge
from forge_desktop.ui import theme
from forge_desktop.ui.panes.cards.pane import CardsPane
from forge_desktop.ui.panes.cards.preview import Preview
from forge_desktop.ui.panes.cards.preview_spots import parts_of, spot_at, spot_of
from forge_desktop.ui.shell import Shell
from tests.ui.cards import fill_in, open_in, settle, type_into

CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def opened(qtbot: QtBot, forge: Forge, window: Shell) -> CardsPane:
    """A card with many rows, open."""
    return open_in(qtbot, window, fill_in(forge, rows=60))


def seen(preview: Preview, words: str) -> bool:
    """Whether a line that begins so is in sight."""
    block, bar = preview.view.document().begin(), preview.area.verticalScrollBar()
    inside = preview.area.widget()
    assert inside is not None
    while block.isValid():
        if block.text().startswith(words):
            top = preview.view.document().documentLayout().blockBoundingRect(block).top()
            place = preview.view.mapTo(inside, QPoint(0, round(top))).y()
            if bar.value() <= place < bar.value() + preview.area.viewport().height():
                return True
        block = block.next()
    return False


def test_all_of_it_stands_there_without_being_scrolled(qtbot: QtBot, opened: CardsPane) -> None:
    preview = opened.editor.preview
    assert preview.area.verticalScrollBar().value() == 0
    assert "Retrieval" in preview.view.toPlainText()
    assert "36 more rows" in preview.view.toPlainText()
    preview.show_text(opened.desk.view.preview.replace("Retrieval", "Retrieved"))  # type: ignore[union-attr]
    preview.view.setFocus()
    qtbot.keyClick(preview.view, Qt.Key.Key_A, CTRL)  # at once, before anything is drawn
    qtbot.keyClick(preview.view, Qt.Key.Key_C, CTRL)
    copied = QGuiApplication.clipboard().text()
    assert copied.startswith("forge-v12")
    assert "Retrieved" in copied
    qtbot.keyClick(preview.view, Qt.Key.Key_End, CTRL)
    bar = preview.area.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.value() == bar.maximum() > 1000)
    qtbot.keyClick(preview.view, Qt.Key.Key_Home, CTRL)
    assert bar.value() == 0


def test_a_change_leaves_what_stands_before_it(qtbot: QtBot, opened: CardsPane) -> None:
    preview = opened.editor.preview
    bar = preview.area.verticalScrollBar()
    bar.setValue(900)
    before = preview.view.toPlainText()
    text = opened.desk.view.preview  # type: ignore[union-attr]
    preview.show_text(text.replace("Check what matters", "Check what counts"))
    qtbot.waitUntil(lambda: not preview.awaits())
    assert preview.view.toPlainText() == before.replace("Check what matters", "Check what counts")
    assert bar.value() == 900
    preview.show_text(text)
    qtbot.waitUntil(lambda: not preview.awaits())
    assert preview.view.toPlainText() == before


def test_it_shows_the_field_that_is_typed_into(qtbot: QtBot, opened: CardsPane) -> None:
    preview = opened.editor.preview
    type_into(qtbot, opened, "limitations", "Counts badly.")
    qtbot.waitUntil(lambda: seen(preview, "Known limitations"))
    opened.editor.go_to("memory_ram")
    qtbot.waitUntil(lambda: seen(preview, "Peak memory (RAM)"))
    qtbot.mouseClick(opened.editor.sections.buttons["evaluation"], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: seen(preview, "Evaluation"))
    opened.editor.go_to("summary")
    qtbot.waitUntil(lambda: preview.area.verticalScrollBar().value() == 0)
    assert seen(preview, "forge-v12")


def test_it_shows_the_line_of_the_source_with_the_cursor(qtbot: QtBot, opened: CardsPane) -> None:
    opened.editor.show_mode("both")
    settle(qtbot, opened)
    preview, text = opened.editor.preview, opened.editor.source.text
    text.setFocus()
    text.setTextCursor(text.document().find("| Peak memory (RAM)"))
    qtbot.waitUntil(lambda: seen(preview, "Peak memory (RAM)"))
    text.setTextCursor(text.document().find("Check what matters"))
    qtbot.waitUntil(lambda: seen(preview, "It repeats what"))
    preview.area.verticalScrollBar().triggerAction(preview.area.verticalScrollBar().SliderAction.SliderToMaximum)
    preview.show_text(opened.desk.view.preview + "\nand more")  # type: ignore[union-attr]
    qtbot.waitUntil(lambda: not preview.awaits())
    assert not seen(preview, "It repeats what"), "who scrolls it themselves looks elsewhere"


def test_in_a_small_window_nothing_is_cut_off(qtbot: QtBot, window: Shell, opened: CardsPane) -> None:
    window.resize(880, 560)
    editor = opened.editor
    editor.show_mode("both")
    editor.previewing.click()
    settle(qtbot, opened)
    form, inside = editor.form, editor.form.widget()
    assert inside is not None
    for section in form.sections:
        editor.go_to(section)
    qtbot.waitUntil(lambda: inside.width() == form.viewport().width())
    assert form.width() + editor.source.width() < editor.width()
    assert editor.preview.isVisible()
    assert editor.preview.mapTo(editor, QPoint()).y() > editor.source.mapTo(editor, QPoint()).y()
    window.resize(1360, 860)
    qtbot.waitUntil(lambda: editor.preview.x() > editor.source.x())
    settle(qtbot, opened)
    editor.show_mode("source")
    assert editor.source.text.textCursor().position() == 0
    assert editor.preview.isVisible()
    assert editor.form.isHidden()


def inks(preview: Preview) -> set[str]:
    """The colours of the letters that stand."""
    block, found = preview.view.document().begin(), set()
    while block.isValid():
        found |= {QColor(run.format.foreground().color()).name() for run in block.textFormats() if block.text()}
        block = block.next()
    return found


def test_every_change_of_the_look_changes_the_letters(qtbot: QtBot, qapp: QApplication, opened: CardsPane) -> None:
    preview = opened.editor.preview
    try:
        for mode in ("dark", "light", "dark", "light"):
            now = theme.apply(qapp, mode)
            settle(qtbot, opened)
            assert inks(preview) <= {now.text.lower(), now.muted.lower(), now.accent_fg.lower()}
        theme.apply(qapp, "dark")  # and a view that is made, and stays empty, before the next change
        late = Preview()
        qtbot.addWidget(late)
        late.resize(500, 400)
        late.show()
        now = theme.apply(qapp, "light")
        late.show_text("# A card\n\nWords.\n")
        qtbot.waitUntil(lambda: not late.awaits())
        assert inks(late) == {now.text.lower()}
        now = theme.apply(qapp, "dark")
        assert inks(late) == {now.text.lower()}
    finally:
        theme.apply(qapp, "light")


def test_widths_that_were_dragged_stay(qtbot: QtBot, window: Shell, opened: CardsPane) -> None:
    editor = opened.editor
    editor.show_mode("both")
    split, before = editor.split, editor.split.sizes()
    split.moveSplitter(before[0] + split.handleWidth() + before[1] - 60, 2)
    dragged = split.sizes()
    assert dragged[1] < before[1]
    window.resize(window.width() + 1, window.height())
    qtbot.waitUntil(lambda: sum(split.sizes()) == sum(dragged) + 1)
    assert all(abs(now - then) <= 2 for now, then in zip(split.sizes(), dragged, strict=True))
    editor.show_mode("form")
    editor.show_mode("both")
    assert all(abs(now - then) <= 2 for now, then in zip(split.sizes(), dragged, strict=True))


def test_parts_begin_at_headings_and_never_within_code() -> None:
    text = "Before\n# A\n~~~\n# no heading\n```\n~~~\n## Performance\n| What | Value |\n|---|---|\n| Backend | x |\n"
    parts = parts_of(text)
    assert "".join(parts) == text
    assert [part[:6] for part in parts] == ["Before", "# A\n~~", "## Per"]
    assert spot_of(parts, "performance").part == 2  # type: ignore[union-attr]
    assert spot_of(parts, "retrieval") is None
    source = f"---\nname: x\n---\n{text}"
    assert spot_at(source, 5).part == 0
    assert spot_at(source, source.index("no heading")).part == 1
    assert (spot_at(source, source.index("Backend")).part, spot_at(source, source.index("Backend")).words) == (
        2,
        "Backend",
    )
