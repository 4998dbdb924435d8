"""Versions in the window, as a person meets them: the timeline, promoting, rolling back, putting aside, bringing in."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QDialog, QLabel, QMenu, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from forge_desktop.forge import Forge
from forge_desktop.ui.panes.students import StudentsPane
from forge_desktop.ui.panes.students.bring_dialog import BringDialog
from forge_desktop.ui.panes.students.bundle_sheet import BundleSheet
from forge_desktop.ui.panes.students.compare_dialog import CompareDialog
from forge_desktop.ui.panes.students.promote_sheet import PromoteSheet
from forge_desktop.ui.panes.students.versions_section import VersionsSection
from forge_desktop.ui.shell import Shell
from forge_desktop.ui.widgets.basics import Toast
from tests.students.gate_rooms import adapter
from tests.ui.test_students_sections import cut, nameless
from tests.ui.versions import Versions

SOON = 20_000
WHY = "The examples convinced all of us."


@pytest.fixture
def made(forge: Forge, tmp_path: Path) -> Versions:
    return Versions(forge, tmp_path)


@pytest.fixture
def section(made: Versions, window: Shell) -> VersionsSection:
    """The section in front; the starter is active, nothing else was made yet."""
    pane = window.visit("students")
    assert isinstance(pane, StudentsPane)
    return pane.versions


def press(qtbot: QtBot, place: QWidget, words: str) -> None:
    def found() -> QAbstractButton | None:
        buttons = place.findChildren(QAbstractButton)
        return next((b for b in buttons if words in (b.text(), b.accessibleName()) and b.isVisible()), None)

    qtbot.waitUntil(lambda: (button := found()) is not None and button.isEnabled(), timeout=SOON)
    button = found()
    assert button is not None
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def rows(section: VersionsSection) -> list[str]:
    model = section.timeline.model()
    role = Qt.ItemDataRole.AccessibleTextRole
    return [model.index(row, 0).data(role) for row in range(model.rowCount())]


def said(place: QWidget) -> str:
    return "\n".join(found.text() for found in place.findChildren(QLabel) if not found.isHidden())


def choose(qtbot: QtBot, section: VersionsSection, label: str) -> None:
    def row() -> int:
        return next((n for n, words in enumerate(rows(section)) if words.startswith(f"{label} ·")), -1)

    qtbot.waitUntil(lambda: row() >= 0, timeout=SOON)
    section.timeline.setCurrentIndex(section.timeline.model().index(row(), 0))
    qtbot.waitUntil(lambda: (v := section.version()) is not None and v.label == label, timeout=SOON)


def sheet(qtbot: QtBot, section: VersionsSection, kind: type[QDialog]) -> QDialog:
    qtbot.waitUntil(lambda: section.window().findChild(kind) is not None, timeout=SOON)
    found: QDialog = section.window().findChild(kind)
    qtbot.waitExposed(found)
    return found


def toast(section: VersionsSection) -> Toast:
    return section.window().findChild(Toast)


def test_bases_are_versions_and_the_way_to_the_next_is_said(qtbot: QtBot, section: VersionsSection) -> None:
    qtbot.waitUntil(lambda: len(rows(section)) == 2, timeout=SOON)
    assert "Base, Base alone" in rows(section)[0]
    assert "Active, Base alone" in rows(section)[1]
    assert "Train an adapter, or import one" in said(section)
    qtbot.waitUntil(lambda: (v := section.version()) is not None and v.label == "v1", timeout=SOON)
    assert section.details.rollback.isVisible()
    assert not section.details.rollback.isEnabled(), "nothing was active before"
    assert not section.details.gate.isVisible(), "a base needs no gate"


def test_the_newest_version_stands_on_top_with_what_is_known_of_it(
    qtbot: QtBot, section: VersionsSection, made: Versions
) -> None:
    passed, foreign = made.add("handbook"), made.add("from afar", seed=2, origin="imported")
    made.gate(passed)
    qtbot.waitUntil(lambda: len(rows(section)) == 4, timeout=SOON)
    assert rows(section)[0].startswith(f"v4 · {foreign.name}, Quarantined, No gate yet")
    assert rows(section)[1].startswith("v3 · handbook, Gate passed, Passes")
    choose(qtbot, section, "v3")
    words = said(section.details)
    for fact in ("v2 Tiny-Chat F32", "rank 4", "Exact match on library rises", "Gate passed"):
        assert fact.split(" ", 1)[-1] in words
    choose(qtbot, section, "v4")
    assert "Its adapter came from elsewhere" in said(section.details)


def test_what_passed_is_promoted_and_taken_back_with_one_click(
    qtbot: QtBot, section: VersionsSection, made: Versions
) -> None:
    passed = made.add("handbook")
    made.gate(passed)
    choose(qtbot, section, "v3")
    press(qtbot, section, "Promote…")
    asked = sheet(qtbot, section, PromoteSheet)
    assert isinstance(asked, PromoteSheet)
    words = said(asked)
    for fact in ("v1 (now)", "v3 (after)", "Exact match on library rises", "One click rolls back"):
        assert fact in words
    assert not nameless(asked)
    asked.reason.setPlainText("Better on the handbook.")
    press(qtbot, asked, "Promote v3")
    qtbot.waitUntil(lambda: made.registry.active() == made.registry.version("v3"), timeout=SOON)
    qtbot.waitUntil(lambda: toast(section).accessibleName() == "v3 · handbook answers now", timeout=SOON)
    qtbot.waitUntil(lambda: "Better on the handbook." in said(section.details), timeout=SOON)
    press(qtbot, section, "Roll back")
    qtbot.waitUntil(lambda: "answers again" in toast(section).accessibleName(), timeout=SOON)
    active = made.registry.active()
    assert active is not None
    assert active.label == "v1"
    told = made.registry.history("v3")[0]
    assert (told.what, told.who, told.why) == ("promoted", "window", "Better on the handbook.")


def test_without_a_pass_only_a_typed_reason_promotes(qtbot: QtBot, section: VersionsSection, made: Versions) -> None:
    made.gate(made.add("handbook"), "failed")
    choose(qtbot, section, "v3")
    press(qtbot, section, "Promote…")
    asked = sheet(qtbot, section, PromoteSheet)
    assert isinstance(asked, PromoteSheet)
    assert "does not rise" in said(asked)
    assert not asked.promote.isEnabled()
    asked.reason.setPlainText("I a b")
    press(qtbot, asked, "Promote v3")
    qtbot.waitUntil(asked.banner.isVisible, timeout=SOON)
    assert "too short a reason" in asked.banner.accessibleName()
    asked.reason.setPlainText(WHY)
    press(qtbot, asked, "Promote v3")
    qtbot.waitUntil(lambda: made.registry.version("v3").state == "active", timeout=60_000)
    qtbot.waitUntil(lambda: "Promoted without a pass" in said(section.details), timeout=SOON)
    assert WHY in said(section.details)


def test_a_version_is_retired_taken_back_and_removed(qtbot: QtBot, section: VersionsSection, made: Versions) -> None:
    made.add("handbook")
    choose(qtbot, section, "v3")

    def act(words: str) -> None:
        menu: QMenu = section.details.more_menu()
        next(action for action in menu.actions() if action.text() == words).trigger()

    act("Retire")
    qtbot.waitUntil(lambda: "v3 · handbook, Retired" in rows(section)[0], timeout=SOON)
    qtbot.waitUntil(lambda: not section.details.promote.isEnabled(), timeout=SOON)
    toast(section).undo()
    qtbot.waitUntil(lambda: "v3 · handbook, Candidate" in rows(section)[0], timeout=SOON)
    qtbot.waitUntil(lambda: section.details.promote.isEnabled(), timeout=SOON)
    act("Remove…")
    box = sheet(qtbot, section, QMessageBox)
    press(qtbot, box, "Remove")
    qtbot.waitUntil(lambda: len(rows(section)) == 2, timeout=SOON)


def test_an_adapter_is_brought_in_for_a_base(
    qtbot: QtBot, section: VersionsSection, made: Versions, tmp_path: Path
) -> None:
    file = adapter(tmp_path / "foreign.gguf", made.file, strength=0.5, seed=5)
    section.files.bring_adapter(file)
    asked = sheet(qtbot, section, BringDialog)
    assert isinstance(asked, BringDialog)
    assert not nameless(asked)
    asked.base.show_value(made.base.base_sha256)
    asked.name.setText("From afar")
    press(qtbot, asked, "Import")
    qtbot.waitUntil(lambda: any("v3 · From afar, Quarantined" in words for words in rows(section)), timeout=SOON)
    qtbot.waitUntil(lambda: (v := section.version()) is not None and v.label == "v3", timeout=SOON)


def test_a_version_leaves_in_one_file_and_comes_back_in_quarantine(
    qtbot: QtBot, section: VersionsSection, made: Versions, tmp_path: Path
) -> None:
    version = made.add("handbook")
    bundle = tmp_path / "handbook.zip"
    section.files.export_to(version, bundle)
    qtbot.waitUntil(lambda: "v3 is exported: handbook.zip" in toast(section).accessibleName(), timeout=SOON)
    assert bundle.stat().st_size > 0
    assert any(event.what == "exported" for event in made.registry.history("v3"))
    made.registry.remove("v3")
    qtbot.waitUntil(lambda: len(rows(section)) == 2, timeout=SOON)
    section.files.offer_bundle(bundle)
    asked = sheet(qtbot, section, BundleSheet)
    assert isinstance(asked, BundleSheet)
    assert not nameless(asked)
    assert "handbook" in asked.card.toPlainText(), "its card is there before it comes in"
    assert len(rows(section)) == 2
    press(qtbot, asked, "Import")
    qtbot.waitUntil(lambda: "is imported; a gate decides on it" in toast(section).accessibleName(), timeout=SOON)
    qtbot.waitUntil(lambda: not section.progress.isVisible(), timeout=SOON)
    bundle.write_bytes(bundle.read_bytes()[:200])
    section.files.offer_bundle(bundle)
    qtbot.waitUntil(section.banner.isVisible, timeout=SOON)
    assert "handbook.zip" in section.banner.accessibleName()


def test_an_adapter_of_another_base_is_a_sentence(
    qtbot: QtBot, section: VersionsSection, made: Versions, tmp_path: Path
) -> None:
    file = adapter(tmp_path / "foreign.gguf", made.file, strength=0.5, seed=5)
    section.files.bring_adapter(file)
    asked = sheet(qtbot, section, BringDialog)
    assert isinstance(asked, BringDialog)
    asked.base.show_value(made.registry.version("v1").base_sha256)
    press(qtbot, asked, "Import")
    qtbot.waitUntil(section.banner.isVisible, timeout=SOON)
    assert "Traceback" not in section.banner.accessibleName()
    assert len(made.registry.versions()) == 2


def test_two_versions_answer_the_same_question(qtbot: QtBot, section: VersionsSection, made: Versions) -> None:
    made.add("handbook")
    made.registry.promote("v2")
    choose(qtbot, section, "v3")
    press(qtbot, section, "Compare…")
    asked = sheet(qtbot, section, CompareDialog)
    assert isinstance(asked, CompareDialog)
    assert [field.currentText() for field in asked.which] == ["v2 · Tiny-Chat F32", "v3 · handbook"]
    assert not asked.ask.isEnabled()
    assert not nameless(asked)
    asked.question.setText("How long?")
    press(qtbot, asked, "Ask both")
    qtbot.waitUntil(lambda: all("ms" in s.facts.text() or " s" in s.facts.text() for s in asked.sides), timeout=60_000)
    assert asked.ask.isEnabled()
    asked.which[1].show_value(asked.which[0].value())
    asked.which[1].changed.emit()
    assert not asked.ask.isEnabled(), "one version is not compared with itself"
    asked.reject()


def test_forty_versions_are_named_and_nothing_is_cut_off(
    qtbot: QtBot, section: VersionsSection, made: Versions, window: Shell
) -> None:
    first = made.add("a name that is much longer than there is room for in a line of the timeline")
    for number in range(1, 38):
        made.registry.derive(first.uid, scale=1 + number / 20)
    qtbot.waitUntil(lambda: len(rows(section)) == 40, timeout=SOON)
    choose(qtbot, section, "v3")
    for size in ((1360, 860), (880, 560)):
        window.resize(*size)
        qtbot.waitUntil(lambda: not cut(section), timeout=SOON)
    assert not nameless(section)
