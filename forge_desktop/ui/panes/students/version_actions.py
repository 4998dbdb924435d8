"""What is done to versions from the window: promoting, rolling back, putting aside, removing, comparing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtWidgets import QMessageBox

from forge_desktop.base.errors import ForgeError
from forge_desktop.students.records_gate import GateReport
from forge_desktop.students.records_versions import Promotion, ToCompare, Version
from forge_desktop.ui.gate_words import version_name
from forge_desktop.ui.going_back import WHO, GoingBack
from forge_desktop.ui.panes.students.compare_dialog import CompareDialog
from forge_desktop.ui.panes.students.promote_sheet import PromoteSheet
from forge_desktop.ui.widgets.basics import Notice

if TYPE_CHECKING:
    from forge_desktop.students import Students
    from forge_desktop.ui.panes.students.versions_section import VersionsSection

_LANE = "students"


class VersionActions(QObject):
    """Asks where something should be asked, does it off the window's thread, and says what came of it."""

    def __init__(self, section: VersionsSection) -> None:
        super().__init__(section)
        self._section = section
        self._registry = section.forge.students.registry
        self._sheet: PromoteSheet | None = None
        self.going_back = GoingBack(self._registry, section.errands, self)

    def act(self, what: str, version: Version) -> None:
        """Do what a button of a version says."""
        {
            "promote": self.promote,
            "rollback": self.rollback,
            "compare": self.compare,
            "retire": self.retire,
            "return": self.bring_back,
            "remove": self.remove,
        }[what](version)

    # who answers

    def promote(self, version: Version) -> None:
        """Show what would change and what the gate said; promote when the person says so."""
        if self._sheet is not None:
            self._sheet.raise_()
            return
        active = next((v for v in self._section.versions() if v.state == "active"), None)
        students = self._section.forge.students

        def look() -> tuple[GateReport | None, Sequence[str] | None]:
            gate = found_gate(students, version.gate) if version.gate else None
            return gate, self._registry.card_of(version.uid)

        def ask(found: tuple[GateReport | None, Sequence[str] | None]) -> None:
            if self._sheet is not None:  # a second click
                return
            gate, card = found
            self._sheet = sheet = PromoteSheet(version, active, gate, self._section.window(), card=card)
            sheet.card_wanted.connect(lambda fill: self._to_card(version, sheet, fill=fill))
            sheet.finished.connect(self._on_closed)
            sheet.agreed.connect(lambda why, override: self._promote(version, why, override, sheet))
            sheet.open()

        self._run(look, ask)

    def _to_card(self, version: Version, sheet: PromoteSheet, *, fill: bool) -> None:
        sheet.reject()
        self._section.wants_pane.emit(f"cards:{'fill' if fill else 'card'}:{version.uid}")

    @Slot()
    def _on_closed(self) -> None:
        self._sheet = None

    def promote_gated(self) -> None:
        """Ask about the version that the newest gate was about."""
        students = self._section.forge.students

        def look() -> tuple[list[Version], Version | None]:
            versions = students.registry.versions()
            gate = next(iter(students.gates.all()), None)
            measured = "" if gate is None else gate.gated or gate.version
            return versions, next((v for v in versions if v.uid == measured), None)

        def ask(found: tuple[list[Version], Version | None]) -> None:
            versions, version = found
            self._section.listed(versions)
            if version is not None:
                self._section.show_place(version.uid)
                self.promote(version)

        self._run(look, ask)

    def _promote(self, version: Version, why: str, override: str, sheet: PromoteSheet) -> None:
        def told(done: Promotion) -> None:
            sheet.accept()
            self._tell(done, f"{version_name(done.version)} answers now")

        self._section.errands.run(
            lambda: self._registry.promote(version.uid, who=WHO, why=why, override=override),
            told,
            sheet.refuse,
            lane=_LANE,
        )

    def rollback(self, version: Version) -> None:
        """From this version back to what was active before, at once."""
        self._section.banner.clear()
        self.going_back.start(
            version.uid,
            lambda done: self._tell(done, f"{version_name(done.version)} answers again"),
            self._section.trouble,
        )

    def _tell(self, done: Promotion, words: str) -> None:
        self._section.show_place(done.version.uid)
        self._section.say(words, "git-branch")
        if done.warnings:
            self._section.banner.show_message(words, " ".join(done.warnings), kind="warn")

    # aside and away

    def retire(self, version: Version) -> None:
        """Put it aside; the toast takes that back."""

        def told(_: object) -> None:
            self._section.notice.emit(
                Notice(f"{version_name(version)} is retired", undo=lambda: self.bring_back(version), icon="clock")
            )

        self._run(lambda: self._registry.retire(version.uid, who=WHO), told)

    def bring_back(self, version: Version) -> None:
        """Out of retirement."""
        self._run(
            lambda: self._registry.bring_back(version.uid, who=WHO),
            lambda _: self._section.say(f"{version_name(version)} is back", "undo-2"),
        )

    def remove(self, version: Version) -> None:
        """Ask, then remove it with its adapter."""
        box = QMessageBox(QMessageBox.Icon.Question, "Remove a version", "", parent=self._section.window())
        box.setTextFormat(Qt.TextFormat.PlainText)  # names come from others
        box.setText(f"Remove {version_name(version)} with its adapter?")
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setInformativeText("Its file is deleted. A version that was ever active is never removed.")
        remove = box.addButton("Remove", QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton("Keep", QMessageBox.ButtonRole.RejectRole))
        remove.clicked.connect(lambda: self._remove(version))
        box.open()

    def _remove(self, version: Version) -> None:
        self._run(
            lambda: self._registry.remove(version.uid, who=WHO),
            lambda _: self._section.say(f"{version_name(version)} is removed", "trash-2"),
        )

    # beside each other

    def compare(self, version: Version) -> None:
        """Let it and another one answer the same question."""
        section = self._section
        usable = [other for other in section.versions() if not other.problem]
        active = next((v for v in usable if v.state == "active" and v.uid != version.uid), None)
        other = active or next((v for v in usable if v.uid != version.uid), None)
        dialog = CompareDialog(section.forge, section.bridge, usable, section.window())
        dialog.choose(other.uid if other else version.uid, version.uid)
        dialog.open()

    def compare_on(self, asked: ToCompare) -> None:
        """Put a question from the chat to the version that answered it and to the newest other one."""
        section = self._section
        collections = section.forge.corpus.collections

        def open_dialog(found: tuple[list[Version], dict[str, str]]) -> None:
            usable = [version for version in found[0] if not version.problem]
            there = {uid: found[1][uid] for uid in asked.collections if uid in found[1]}  # one may be gone by now
            dialog = CompareDialog(section.forge, section.bridge, usable, section.window())
            dialog.show_question(asked.question, there, gone=len(asked.collections) - len(there))
            dialog.choose(*_two(usable, asked.version))
            dialog.open()

        self._run(lambda: (self._registry.versions(), collections.names()), open_dialog)

    def _run(self, work: Callable[[], object], then: Callable[..., None]) -> None:
        self._section.banner.clear()
        self._section.errands.run(work, then, self._section.trouble, lane=_LANE)


def _two(versions: Sequence[Version], answered: str) -> tuple[str, str]:
    """The uids of the version that answered (else the active one) and of the newest other that is not put aside."""
    first = next((v for v in versions if v.uid == answered), None)
    first = first or next((v for v in versions if v.state == "active"), None) or next(iter(versions), None)
    others = sorted((v for v in versions if v is not first), key=lambda v: v.state == "retired")
    uids = [version.uid for version in (first, *others[:1]) if version is not None]
    return (uids[0], uids[-1]) if uids else ("", "")


def found_gate(students: Students, uid: str) -> GateReport | None:
    """A gate that is there; a version brought in from elsewhere may name one that is not."""
    try:
        return students.gates.get(uid)
    except ForgeError:
        return None
