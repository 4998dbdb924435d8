"""The panes: one file or folder each, listed here, imported when they are first visited."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, cast

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QWidget

from forge_desktop.ui.bridge import Bridge

if TYPE_CHECKING:
    from forge_desktop.forge import Forge

PANES: dict[str, tuple[str, str, str]] = {
    # key: (title, icon, "module:Class")
    "corpus": ("Corpus", "library", "forge_desktop.ui.panes.corpus:CorpusPane"),
    "chat": ("Chat", "messages-square", "forge_desktop.ui.panes.chat:ChatPane"),
    "distill": ("Distill", "flask-conical", "forge_desktop.ui.panes.distill:DistillPane"),
    "students": ("Students", "graduation-cap", "forge_desktop.ui.panes.students:StudentsPane"),
    "cards": ("Cards", "id-card", "forge_desktop.ui.panes.cards:CardsPane"),
    "settings": ("Settings", "settings", "forge_desktop.ui.panes.settings:SettingsPane"),
}


class Pane(QWidget):
    """One page of the window. It shows and asks; it decides nothing, and it knows neither other panes nor the window.

    `notice` carries a `Notice` for the toast, `wants_pane` the key of a pane to go to ("corpus", "settings", …), with a
    command to run there where one follows it ("settings:endpoints"). `hands_over` carries such a command with a plain
    value that the other pane receives. `foot_changed` when `foot` says something else.
    """

    key: ClassVar[str] = ""
    title: ClassVar[str] = ""
    icon: ClassVar[str] = ""

    notice = Signal(object)
    wants_pane = Signal(str)
    hands_over = Signal(str, object)
    foot_changed = Signal()

    def __init__(self, forge: Forge, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.forge = forge
        self.bridge = bridge

    def shown(self) -> None:
        """Called each time the pane comes to the front; refresh what is cheap to refresh."""

    def commands(self) -> dict[str, Callable[[], None]]:
        """What the menu bar can ask of this pane, by name: corpus add_files, add_folder, rescan; chat new_conversation;
        students import; cards new, import, undo, redo."""
        return {}

    def receive(self, command: str, value: object) -> None:
        """Do a command with what another pane hands over: students compare, with a ToCompare."""

    def search(self) -> QLineEdit | None:
        """The field that Ctrl+F and Ctrl+K put the cursor in, if the pane has one."""
        return None

    def unfinished(self) -> str:
        """What a person has begun here and would lose if the window closed, in a sentence, or ""."""
        return ""

    def go_to(self, part: str, place: str) -> None:
        """Show a part of the pane, and there what `place` names; most panes have no such parts."""

    def foot(self) -> int:
        """How many pixels at the end of the pane a toast leaves free."""
        return 0


def load_pane(key: str) -> type[Pane]:
    """Import a pane's class, at its first visit."""
    module, name = PANES[key][2].split(":")
    return cast(type[Pane], getattr(importlib.import_module(module), name))
