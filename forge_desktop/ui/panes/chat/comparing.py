"""An answer beside another version's: whether there is one to compare with, and what the comparison begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from forge_desktop.chat.records import ChatMessage
from forge_desktop.students.records_versions import ToCompare
from forge_desktop.ui.errands import Errands

if TYPE_CHECKING:
    from forge_desktop.students import Students


class VersionCount(QObject):
    """Tells how many versions can be asked, each time it is read."""

    counted = Signal(int)

    def __init__(self, students: Students, errands: Errands, parent: QObject) -> None:
        super().__init__(parent)
        self._students, self._errands = students, errands

    def read(self) -> None:
        """Count them anew, away from the window's thread: each one's files are looked at."""
        students = self._students
        self._errands.run(
            lambda: sum(not version.problem for version in students.registry.versions()),
            self.counted.emit,
            key="versions",
        )


def to_compare(answer: ChatMessage, question: str) -> ToCompare:
    """An answer's question, where it was asked, and the version that wrote the answer."""
    version = answer.provenance.get("version_uid")
    return ToCompare(question, answer.collections, version if isinstance(version, str) else "")
