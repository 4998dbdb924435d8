"""The menu bar, from a table: what it says, its keys, and which pane's command it runs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QAction, QActionGroup, QDesktopServices, QKeySequence
from PySide6.QtWidgets import QApplication, QMainWindow, QMenu, QWidget

from forge_desktop.ui.about import AboutDialog, ShortcutsDialog
from forge_desktop.ui.panes import PANES

_PANE_COMMANDS = (
    # text, shortcut, pane, command; None separates
    ("&New conversation", QKeySequence.StandardKey.New, "chat", "new_conversation"),
    ("&Export conversation…", "Ctrl+Shift+E", "chat", "export"),
    None,
    ("&Add files…", QKeySequence.StandardKey.Open, "corpus", "add_files"),
    ("Add &folder…", "Ctrl+Shift+O", "corpus", "add_folder"),
    ("&Import student…", "", "students", "import"),
    None,
)
_LESSONS = (
    ("&Import tasks or pairs…", "Ctrl+Shift+I", "import"),
    ("Create tasks from &documents…", "Ctrl+Shift+D", "generate"),
    ("&Start, pause or resume a run…", "Ctrl+Shift+R", "run"),
    ("&Review what waits", "Ctrl+Shift+V", "review"),
    ("&Export pairs…", "Ctrl+Shift+X", "export"),
    ("&Caps…", "", "caps"),
    ("C&alls…", "", "calls"),
)
_VERSIONS = (
    ("&Train an adapter…", "", "train"),
    ("Run a &gate…", "", "gate"),
    ("&Look at the versions", "", "versions"),
)
_CARDS = (
    ("&New model card…", "new"),
    ("I&mport a model card…", "import"),
    ("C&ompare model cards…", "compare"),
)
_EDITING = (
    # text, shortcut shown, slot of the widget with the focus
    ("Cu&t", QKeySequence.StandardKey.Cut, "cut"),
    ("&Copy", QKeySequence.StandardKey.Copy, "copy"),
    ("&Paste", QKeySequence.StandardKey.Paste, "paste"),
    ("Select &all", QKeySequence.StandardKey.SelectAll, "selectAll"),
)
_THEMES = (("system", "Follow the &system"), ("light", "&Light"), ("dark", "&Dark"))
PANE_KEYS = {"corpus": "Ctrl+1", "chat": "Ctrl+2", "distill": "Ctrl+3", "students": "Ctrl+4", "cards": "Ctrl+5"}


class Window(Protocol):
    """What the menus need of the window."""

    def visit(self, key: str, *, by_keyboard: bool = False) -> object: ...
    def run_command(self, pane: str, command: str) -> None: ...
    def focus_search(self, *, everywhere: bool) -> None: ...
    def cycle_regions(self, step: int) -> None: ...
    def undo_last(self) -> None: ...
    def redo_last(self) -> None: ...
    def leave(self) -> None: ...
    def set_theme(self, mode: str) -> None: ...
    def data_folder(self) -> str: ...


class Menus:
    """Builds the menu bar of `window` and keeps its check marks true."""

    def __init__(self, window: QMainWindow, target: Window) -> None:
        self._window, self._target = window, target
        self._panes: dict[str, QAction] = {}
        self._themes: dict[str, QAction] = {}
        self._actions: list[QAction] = []
        self._file()
        self._edit()
        self._lessons()
        self._view()
        self._help()

    def mark(self, *, pane: str, mode: str) -> None:
        """Put the check marks on the current pane and theme."""
        if pane in self._panes:
            self._panes[pane].setChecked(True)
        elif checked := next((a for a in self._panes.values() if a.isChecked()), None):
            checked.setChecked(False)
        if mode in self._themes:
            self._themes[mode].setChecked(True)

    def _file(self) -> None:
        menu = self._menu("&File")
        for entry in _PANE_COMMANDS:
            if entry is None:
                menu.addSeparator()
                continue
            text, keys, pane, command = entry
            self._add(menu, text, keys, partial(self._target.run_command, pane, command))
        settings = self._add(menu, "&Settings…", "Ctrl+,", lambda: self._target.visit("settings", by_keyboard=True))
        settings.setMenuRole(QAction.MenuRole.PreferencesRole)
        menu.addSeparator()
        leave = self._add(menu, "&Quit", "Ctrl+Q", lambda: self._target.leave())
        leave.setMenuRole(QAction.MenuRole.QuitRole)

    def _edit(self) -> None:
        menu = self._menu("&Edit")
        self._add(menu, "&Undo last change", QKeySequence.StandardKey.Undo, self._target.undo_last)
        self._add(menu, "&Redo", QKeySequence.StandardKey.Redo, self._target.redo_last)
        menu.addSeparator()
        for text, keys, slot in _EDITING:
            action = self._add(menu, text, keys, partial(self._to_focus, slot))
            # The key itself stays with the widget that has the focus; here it is only shown.
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        menu.addSeparator()
        self._add(menu, "&Find in pane", QKeySequence.StandardKey.Find, lambda: self._search(everywhere=False))
        self._add(menu, "&Search documents", "Ctrl+K", lambda: self._search(everywhere=True))

    def _lessons(self) -> None:
        menu = self._menu("&Lessons")
        for text, keys, command in _LESSONS:
            self._add(menu, text, keys, partial(self._target.run_command, "distill", command))
        menu.addSeparator()
        for text, keys, command in _VERSIONS:
            self._add(menu, text, keys, partial(self._target.run_command, "students", command))
        menu.addSeparator()
        for text, command in _CARDS:
            self._add(menu, text, "", partial(self._target.run_command, "cards", command))

    def _view(self) -> None:
        menu = self._menu("&View")
        group = QActionGroup(self._window)
        group.setExclusionPolicy(QActionGroup.ExclusionPolicy.ExclusiveOptional)
        for key, keys in PANE_KEYS.items():
            action = self._add(menu, PANES[key][0], keys, partial(self._visit, key))
            action.setCheckable(True)
            group.addAction(action)
            self._panes[key] = action
        menu.addSeparator()
        themes = menu.addMenu("&Theme")
        looks = QActionGroup(self._window)
        for mode, text in _THEMES:
            action = self._add(themes, text, "", partial(self._target.set_theme, mode))
            action.setCheckable(True)
            looks.addAction(action)
            self._themes[mode] = action
        menu.addSeparator()
        self._add(menu, "&Next region", "F6", lambda: self._target.cycle_regions(1))
        self._add(menu, "&Previous region", "Shift+F6", lambda: self._target.cycle_regions(-1))

    def _help(self) -> None:
        menu = self._menu("&Help")
        self._add(menu, "&Keyboard shortcuts", "F1", lambda: ShortcutsDialog(self.shortcuts(), self._window).open())
        self._add(menu, "&Hardware…", "", lambda: self._target.run_command("settings", "hardware"))
        self._add(menu, "Open &data folder", "", self._open_folder)
        menu.addSeparator()
        about = self._add(menu, "&About Forge Desktop", "", lambda: AboutDialog(self._window).open())
        about.setMenuRole(QAction.MenuRole.AboutRole)

    def shortcuts(self) -> list[tuple[str, str]]:
        """Every command of the menu bar that has a key: (words, key)."""
        return [
            (action.text().replace("&", "").rstrip("…"), action.shortcut().toString(_NATIVE))
            for action in self._actions
            if not action.shortcut().isEmpty()
        ]

    def _menu(self, text: str) -> QMenu:
        return self._window.menuBar().addMenu(text)

    def _add(self, menu: QMenu, text: str, keys: str | QKeySequence.StandardKey, run: Callable[[], object]) -> QAction:
        action = QAction(text, self._window)
        if keys:
            action.setShortcut(QKeySequence(keys))
        action.triggered.connect(lambda _checked=False: run())
        menu.addAction(action)
        self._actions.append(action)
        return action

    def _visit(self, key: str) -> None:
        self._target.visit(key, by_keyboard=True)

    def _search(self, *, everywhere: bool) -> None:
        self._target.focus_search(everywhere=everywhere)

    def _to_focus(self, slot: str) -> None:
        widget: QWidget | None = QApplication.focusWidget()
        if widget is not None and hasattr(widget, slot):
            getattr(widget, slot)()

    def _open_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(self._target.data_folder()))


_NATIVE = QKeySequence.SequenceFormat.NativeText
