"""The window as a whole: rail, panes on demand, theme, status bar, toasts, running work, what it remembers."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QLabel, QPlainTextEdit, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import EngineChanged
from forge_desktop.base.jobs import JobContext
from forge_desktop.forge import Forge
from forge_desktop.ui import theme
from forge_desktop.ui.crash import CrashDialog
from forge_desktop.ui.job_strip import JobStrip
from forge_desktop.ui.panes import PANES
from forge_desktop.ui.panes.chat import ChatPane
from forge_desktop.ui.panes.settings import SettingsPane
from forge_desktop.ui.shell import Shell
from forge_desktop.ui.status_line import StatusLine
from forge_desktop.ui.tokens import DARK, LIGHT
from forge_desktop.ui.widgets.basics import Banner, Button, Notice, ProgressRow, Toast
from forge_desktop.ui.widgets.rail import NavigationButton, NavigationRail
from forge_desktop.ui.window_state import WindowState


def entry(window: Shell, title: str) -> NavigationButton:
    return next(found for found in window.findChildren(NavigationButton) if found.text() == title)


def action(window: Shell, words: str) -> QAction:
    return next(found for found in window.findChildren(QAction) if found.text().replace("&", "") == words)


def test_the_rail_has_the_six_panes_and_opens_each(qtbot: QtBot, window: Shell) -> None:
    titles = [found.text() for found in window.findChild(NavigationRail).findChildren(QToolButton)]
    assert titles == ["Corpus", "Chat", "Distill", "Students", "Cards", "Settings"]
    for key, (title, _, _) in PANES.items():
        qtbot.mouseClick(entry(window, title), Qt.MouseButton.LeftButton)
        assert window.current_pane() == key
        assert window.windowTitle().startswith(title)


class OtherWindows(QObject):
    """Notes every widget that is shown as a window of its own, however shortly."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[str] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() == QEvent.Type.Show and isinstance(watched, QWidget) and watched.isWindow():
            self.shown.append(f"{type(watched).__name__} {watched.accessibleName()}")
        return False


def test_no_part_flashes_as_a_window_of_its_own(
    qtbot: QtBot, qapp: QApplication, open_window: Callable[[], Shell], forge: Forge, sample_dir: Path
) -> None:
    others = OtherWindows()
    qapp.installEventFilter(others)
    window = open_window()
    for key in PANES:
        window.visit(key)
    with qtbot.waitSignal(window._bridge.job_changed, check_params_cb=lambda event: event.state == "done"):
        forge.corpus.index([sample_dir / "history.txt"])
    qapp.removeEventFilter(others)
    assert others.shown == ["Shell "]


def test_a_pane_is_built_at_its_first_visit_and_kept(window: Shell) -> None:
    assert list(window._panes) == ["corpus"]
    first = window.visit("cards")
    assert window.visit("cards") is first


def test_every_pane_has_a_key(qtbot: QtBot, window: Shell) -> None:
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    keys = {"2": "chat", "3": "distill", "4": "students", "5": "cards", "1": "corpus", ",": "settings"}
    for pressed, pane in keys.items():
        QTest.keySequence(window, QKeySequence(f"Ctrl+{pressed}"))
        assert window.current_pane() == pane


def test_the_key_of_the_chat_leads_to_the_question(qtbot: QtBot, window: Shell) -> None:
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    QTest.keySequence(window, QKeySequence("Ctrl+2"))
    field = QApplication.focusWidget()
    assert field is not None
    assert field.accessibleName() == "Message"


def test_no_two_commands_share_a_key(window: Shell) -> None:
    for key in PANES:
        window.visit(key)
    keys = [found.shortcut().toString() for found in window.findChildren(QAction) if not found.shortcut().isEmpty()]
    assert len(keys) == len(set(keys))


def test_search_puts_the_cursor_in_the_corpus(qtbot: QtBot, window: Shell) -> None:
    window.visit("cards")
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    QTest.keySequence(window, QKeySequence("Ctrl+K"))
    assert window.current_pane() == "corpus"
    assert QApplication.focusWidget() is window.visit("corpus").search()


def test_f6_goes_round_the_regions(qtbot: QtBot, window: Shell) -> None:
    window.visit("settings")
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    seen = []
    for _ in range(3):
        window.cycle_regions(1)
        focus = QApplication.focusWidget()
        regions = (window._rail, window._stack, window._status)
        seen.append(next(i for i, region in enumerate(regions) if region.isAncestorOf(focus)))
    assert sorted(seen) == [0, 1, 2]
    before = QApplication.focusWidget()
    window.cycle_regions(-1)
    window.cycle_regions(1)
    assert QApplication.focusWidget() is before


def test_the_theme_changes_at_once_and_is_kept(qtbot: QtBot, window: Shell, forge: Forge) -> None:
    rail = window.findChild(NavigationRail)

    def ground() -> str:
        return window.grab().toImage().pixelColor(rail.mapTo(window, QPoint(4, rail.height() // 2))).name().upper()

    assert ground() == LIGHT.surface
    action(window, "Dark").trigger()
    qtbot.waitUntil(lambda: theme.current() is DARK)
    assert ground() == DARK.surface
    assert forge.settings.values.theme == "dark"
    assert action(window, "Dark").isChecked()
    forge.settings.change(theme="light")
    qtbot.waitUntil(lambda: theme.current() is LIGHT)
    assert ground() == LIGHT.surface


def test_the_theme_follows_the_system(qtbot: QtBot, window: Shell, qapp: QApplication, forge: Forge) -> None:
    assert forge.settings.values.theme == "system"
    qapp.styleHints().setColorScheme(Qt.ColorScheme.Dark)  # what the platform does when the person switches
    qtbot.waitUntil(lambda: theme.current() is DARK or theme.current() is LIGHT)
    window.dress()
    assert theme.current().name == ("dark" if qapp.styleHints().colorScheme() == Qt.ColorScheme.Dark else "light")


def test_place_and_pane_are_remembered(qtbot: QtBot, open_window: Callable[[], Shell], forge: Forge) -> None:
    first = open_window()
    first.visit("students")
    first.resize(1000, 700)
    QApplication.processEvents()
    first.close()
    second = open_window()
    assert second.current_pane() == "students"
    stored = WindowState.load(forge.data_dir / "window.json")
    assert stored.pane == "students"
    assert stored.geometry


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'{"geometry": "zz", "pane": 3}', b"\xff"])
def test_a_broken_window_file_costs_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "window.json").write_bytes(content)
    assert WindowState.load(tmp_path / "window.json").geometry == ""


def test_a_notice_of_a_pane_is_a_toast_with_undo(qtbot: QtBot, window: Shell) -> None:
    undone = []
    window.visit("distill").notice.emit(Notice("Three documents removed", undo=lambda: undone.append(1)))
    toast = window.findChild(Toast)
    assert toast.isVisible()
    window.visit("cards")
    action(window, "Undo last change").trigger()
    assert undone == [1]
    assert not toast.isVisible()


def test_a_toast_leaves_the_composer_free(qtbot: QtBot, window: Shell) -> None:
    window.show_notice(Notice("Indexed 14 documents: 61 passages ready to search, " * 4))
    chat = window.visit("chat")
    assert isinstance(chat, ChatPane)
    QApplication.processEvents()
    composer = QRect(chat.composer.mapTo(window, QPoint(0, 0)), chat.composer.size())
    toast = window.findChild(Toast)
    assert toast.isVisible()
    assert not composer.intersects(QRect(toast.mapTo(window, QPoint(0, 0)), toast.size()))


def test_a_pane_can_send_to_another(qtbot: QtBot, window: Shell) -> None:
    window.visit("cards").wants_pane.emit("students")
    assert window.current_pane() == "students"


def test_running_work_is_shown_while_its_pane_is_away(qtbot: QtBot, window: Shell, forge: Forge) -> None:
    strip = window.findChild(JobStrip)

    def work(context: JobContext) -> None:
        done = 0
        while True:
            context.wait(0.02)
            done += 1
            context.progress(done, 1000, "a-file.txt")

    window.visit("corpus")
    job = forge.jobs.start("index", "index", work)
    qtbot.waitUntil(lambda: strip.findChild(ProgressRow) is not None)
    assert not strip.isVisible()
    window.visit("cards")
    assert strip.isVisible()
    pause, cancel = strip.findChildren(Button)
    qtbot.mouseClick(pause, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: pause.text() == "Resume")
    qtbot.mouseClick(pause, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: pause.text() == "Pause")
    qtbot.mouseClick(cancel, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not strip.isVisible())
    assert job not in forge.jobs.running()


def test_embedding_is_shown_in_front_of_every_pane(qtbot: QtBot, window: Shell, forge: Forge) -> None:
    strip = window.findChild(JobStrip)

    def work(context: JobContext) -> None:
        while True:
            context.progress(37, 100, "embedding 37 %")
            context.wait(0.02)

    window.visit("corpus")
    job = forge.jobs.start("index", "embed", work)
    qtbot.waitUntil(strip.isVisible)
    forge.jobs.cancel(job)
    qtbot.waitUntil(lambda: not strip.isVisible())


def test_the_status_bar_says_what_the_engine_says(qtbot: QtBot, window: Shell, forge: Forge) -> None:
    status = window.findChild(StatusLine)
    words = {
        "loading": "Loading",
        "ready": "Ready",
        "busy": "Answering",
        "restarting": "Restarting",
        "stopped": "Stopped",
        "empty": "Not loaded",
    }
    for state, shown in words.items():
        forge.events.publish(EngineChanged(state, "a-model", "CPU", 41.8, "It ended."))
        qtbot.waitUntil(lambda shown=shown: status.state_text() == shown)
    forge.events.publish(EngineChanged("empty"))
    qtbot.waitUntil(lambda: status.state_text() == "No student")


def test_the_death_of_the_engine_shows_and_passes(
    qtbot: QtBot, window: Shell, forge: Forge, starter: Path, expect_log: Callable[[str], None]
) -> None:
    expect_log(".*")
    status = window.findChild(StatusLine)
    forge.jobs.start("engine", "warm", lambda _context: forge.engine.warm())
    qtbot.waitUntil(lambda: status.state_text() == "Ready", timeout=60_000)
    seen = []
    window._bridge.engine_changed.connect(lambda event: seen.append(status.state_text()))
    children = [
        int(pid)
        for task in Path("/proc/self/task").glob("*/children")
        for pid in task.read_text().split()
        if b"engine" in Path("/proc", pid, "cmdline").read_bytes()
    ]
    assert len(children) == 1
    os.kill(children[0], signal.SIGKILL)
    qtbot.waitUntil(lambda: "Restarting" in seen, timeout=10_000)
    qtbot.waitUntil(lambda: status.state_text() == "Ready", timeout=30_000)


def test_a_failed_start_of_the_student_is_a_banner_with_a_way_out(qtbot: QtBot, window: Shell, forge: Forge) -> None:
    def work(_context: JobContext) -> None:
        raise ForgeError("The file a.gguf is gone.", hint="Import it again.")

    forge.jobs.start("engine", "warm", work)
    banner = window._banner
    qtbot.waitUntil(banner.isVisible)
    assert banner.accessibleName() == "The file a.gguf is gone. Import it again."
    button = next(found for found in banner.findChildren(Button) if found.text() == "Open Students")
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert window.current_pane() == "students"
    assert not banner.isVisible()


def test_an_embedding_model_that_fails_is_a_banner_that_leads_to_settings(
    qtbot: QtBot, window: Shell, forge: Forge
) -> None:
    def work(_context: JobContext) -> None:
        raise ForgeError("The embedding model does not answer.", action="settings")

    for kind in ("open_embedder", "embed"):
        window.visit("corpus")
        forge.jobs.start("corpus", kind, work)
        qtbot.waitUntil(window._banner.isVisible)
        press(qtbot, window._banner, "Open Settings")
        assert window.current_pane() == "settings"


def press(qtbot: QtBot, banner: Banner, words: str) -> None:
    button = next(found for found in banner.findChildren(Button) if found.text() == words)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert not banner.isVisible()


def test_a_student_that_was_stopped_is_loaded_again_by_the_banner(qtbot: QtBot, window: Shell, forge: Forge) -> None:
    def work(_context: JobContext) -> None:
        raise ForgeError("It was stopped.", hint="Load it again in Students.", action="load")

    forge.jobs.start("engine", "warm", work)
    qtbot.waitUntil(window._banner.isVisible)
    press(qtbot, window._banner, "Load again")
    qtbot.waitUntil(lambda: forge.engine.state().status == "ready", timeout=30_000)


def test_an_error_in_chat_leads_to_where_it_is_mended(qtbot: QtBot, window: Shell) -> None:
    chat = window.visit("chat")
    assert isinstance(chat, ChatPane)
    chat.talk.failed.emit(ForgeError("The context is full.", hint="Make it longer.", action="settings"), "")
    press(qtbot, chat.banner, "Open Settings")
    assert window.current_pane() == "settings"
    chat.talk.failed.emit(ForgeError("No button."), "")
    assert not any(button.isVisible() for button in chat.banner.findChildren(Button) if button.text())


def test_a_bug_in_a_job_is_a_report_and_the_window_stays(
    qtbot: QtBot, window: Shell, forge: Forge, expect_log: Callable[[str], None]
) -> None:
    expect_log("job .* failed")

    def work(_context: JobContext) -> None:
        raise ZeroDivisionError("of sk-verysecretkey1234")

    forge.jobs.start("index", "anything", work)

    def dialog() -> CrashDialog | None:
        return next((w for w in QApplication.topLevelWidgets() if isinstance(w, CrashDialog) and w.isVisible()), None)

    qtbot.waitUntil(lambda: dialog() is not None)
    shown = dialog()
    assert shown is not None
    assert "ZeroDivisionError" in shown.report()
    assert "verysecret" not in shown.report()
    assert not shown.isModal()
    qtbot.addWidget(shown)
    assert window.visit("cards").isVisible()


def test_help_lists_every_key_and_every_licence(qtbot: QtBot, window: Shell) -> None:
    for words, expected in (("Keyboard shortcuts", "Ctrl+K"), ("About Forge Desktop", "SIL OPEN FONT LICENSE")):
        action(window, words).trigger()
        dialog = next(found for found in window.findChildren(QDialog) if found.isVisible())
        texts = [found.text() for found in dialog.findChildren(QLabel)]
        texts += [found.toPlainText() for found in dialog.findChildren(QPlainTextEdit)]
        assert any(expected in text for text in texts)
        dialog.close()
        QApplication.processEvents()


def test_help_says_each_key_once_and_where_it_holds(window: Shell) -> None:
    for key in PANES:
        window.visit(key)
    action(window, "Keyboard shortcuts").trigger()
    dialog = next(found for found in window.findChildren(QDialog) if found.isVisible())
    texts = [found.text() for found in dialog.findChildren(QLabel)]
    assert [text for text in texts if text.startswith(("Ctrl+", "Alt+", "F")) and texts.count(text) > 1] == []
    everywhere = texts[texts.index("Everywhere") : texts.index("In the pane in front")]
    assert {"Ctrl+N", "Ctrl+1", "Ctrl+K", "Ctrl+Q"} <= set(everywhere)
    assert not {"Ctrl+R", "Ctrl+L", "Alt+1"} & set(everywhere)
    dialog.close()


def test_settings_that_cannot_be_read_are_said(
    qtbot: QtBot, data_dir: Path, expect_log: Callable[[str], None], request: pytest.FixtureRequest
) -> None:
    expect_log("settings file unreadable")
    (data_dir / "settings.json").write_text("{broken")
    window: Shell = request.getfixturevalue("window")
    shown = [banner for banner in window.findChildren(Banner) if banner.isVisible()]
    assert any("settings" in banner.accessibleName() for banner in shown)


def test_an_embedding_model_that_is_gone_is_said(qtbot: QtBot, data_dir: Path, request: pytest.FixtureRequest) -> None:
    (data_dir / "settings.json").write_text('{"embedding_model": "/gone.gguf"}')
    window: Shell = request.getfixturevalue("window")
    assert "/gone.gguf cannot be read" in window._banner.accessibleName()
    pane = window.visit("settings")
    assert isinstance(pane, SettingsPane)
    line = pane.rows()["embedding_model"]
    assert "cannot be read" in line.error()
    reset = next(found for found in pane.findChildren(Button) if found.text() == "Reset all")
    qtbot.mouseClick(reset, Qt.MouseButton.LeftButton)
    assert (line.error(), line.editor.value()) == ("", "")


def test_arrow_keys_walk_the_rail(qtbot: QtBot, window: Shell) -> None:
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    entry(window, "Corpus").setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(entry(window, "Corpus"), Qt.Key.Key_Down)
    assert entry(window, "Chat").hasFocus()
    QTest.keyClick(entry(window, "Chat"), Qt.Key.Key_Return)
    assert window.current_pane() == "chat"
