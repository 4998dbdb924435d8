"""The memory plan: folded until asked, planned anew by itself, kept, asked about when it is too large."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QLabel, QSpinBox, QWidget
from pytestqt.qtbot import QtBot

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import EngineChanged
from forge_desktop.engine.records_plan import PlanWish
from forge_desktop.forge import Forge
from forge_desktop.ui.panes.students import StudentsPane
from forge_desktop.ui.panes.students.plan_dialog import PlanDialog
from forge_desktop.ui.panes.students.plan_panel import PlanPanel
from forge_desktop.ui.shell import Shell
from forge_desktop.ui.status_line import StatusLine
from forge_desktop.ui.widgets.basics import Banner, Button, ElidedLabel
from tests.ui.plans import LAYERS, Planner


@pytest.fixture
def planner(forge: Forge) -> Planner:
    made = Planner()
    forge.students.layouts = made  # type: ignore[assignment]
    return made


@pytest.fixture
def open_pane(planner: Planner, open_window: Callable[[], Shell]) -> Callable[[], StudentsPane]:
    def make() -> StudentsPane:
        made = open_window().visit("students")
        assert isinstance(made, StudentsPane)
        made.show_section("bases")
        return made

    return make


@pytest.fixture
def pane(open_pane: Callable[[], StudentsPane]) -> StudentsPane:
    return open_pane()


def button(place: QWidget, words: str) -> Button:
    return next(found for found in place.findChildren(Button) if found.text() == words)


def panel(place: QWidget) -> PlanPanel:
    return place.findChild(PlanPanel)


def field(place: QWidget, kind: type, name: str) -> QWidget:
    return next(found for found in place.findChildren(kind) if found.accessibleName() == name)


def shown(place: QWidget) -> str:
    return "\n".join(found.text() for found in place.findChildren(QLabel) if found.isVisible())


def unfold(qtbot: QtBot, pane: StudentsPane) -> PlanPanel:
    qtbot.mouseClick(button(pane, "Show plan"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: panel(pane).plan() is not None)
    return panel(pane)


def dialog(qtbot: QtBot, pane: StudentsPane) -> PlanDialog:
    qtbot.waitUntil(lambda: pane.window().findChild(PlanDialog) is not None)
    found: PlanDialog = pane.window().findChild(PlanDialog)
    qtbot.waitExposed(found)
    return found


def type_in(box: QSpinBox, text: str) -> None:
    box.setFocus()
    box.selectAll()
    QTest.keyClicks(box, text)


def test_nothing_is_planned_before_it_is_asked_for(qtbot: QtBot, pane: StudentsPane, planner: Planner) -> None:
    assert not panel(pane).isVisible()
    assert planner.calls == []
    found = unfold(qtbot, pane)
    assert planner.calls == [None]
    words = shown(pane)
    for fact in (
        "4,096 tokens, the cache in 16 bits.",
        "Vulkan0",
        "33 layers",
        "4.0 GB",
        "537 MB",
        "200 MB",
        "8.0 GB",
        "CPU",
    ):
        assert fact in words
    assert found.table.rows()[0].verdict() == "Fits, 3.3 GB left"
    assert found.table.rows()[0].accessibleName() == "Vulkan0: Fits, 3.3 GB left"
    qtbot.mouseClick(button(pane, "Hide plan"), Qt.MouseButton.LeftButton)
    assert not panel(pane).isVisible()


def test_a_changed_field_is_planned_once_and_by_itself(qtbot: QtBot, pane: StudentsPane, planner: Planner) -> None:
    found = unfold(qtbot, pane)
    context = field(pane, QSpinBox, "Context length")
    type_in(context, "16384")
    assert not button(pane, "Load").isEnabled(), "what is shown is not yet the plan for it"
    assert "Planning" in shown(pane)
    qtbot.waitUntil(lambda: found.plan() is not None)
    assert [wish.context for wish in planner.calls if wish] == [16384], "five keys, one plan"
    qtbot.waitUntil(lambda: "The student was trained for 8,192 tokens." in shown(pane))
    assert "2.1 GB" in shown(pane)
    assert context.value() == 16384
    assert button(pane, "Load").isEnabled()


def test_layers_by_slider_or_number_end_what_is_automatic(qtbot: QtBot, pane: StudentsPane, planner: Planner) -> None:
    found = unfold(qtbot, pane)
    automatic = field(pane, QCheckBox, "Layers on the GPU chosen automatically")
    assert automatic.isChecked()
    assert found.fields.slider.maximum() == LAYERS
    found.fields.slider.setFocus()
    QTest.keyClick(found.fields.slider, Qt.Key.Key_Home)
    assert not automatic.isChecked()
    assert found.fields.layers.value() == 0
    qtbot.waitUntil(lambda: found.plan() is not None)
    assert found.wish().gpu_layers == 0
    assert [row.verdict() for row in found.table.rows()] == ["Fits, 11.3 GB left"], "all on the CPU"
    assert found.fields.slider.isVisible(), "the GPU can be given layers again"
    type_in(found.fields.layers, "20")
    qtbot.waitUntil(lambda: found.plan() is not None)
    assert found.fields.slider.value() == 20
    assert "20 layers" in shown(pane)
    automatic.click()
    qtbot.waitUntil(lambda: found.plan() is not None)
    assert (found.wish().gpu_layers, found.fields.layers.value()) == (-1, LAYERS)


def test_a_late_answer_does_not_undo_a_newer_change(qtbot: QtBot, pane: StudentsPane, planner: Planner) -> None:
    found = unfold(qtbot, pane)
    planner.go.clear()
    found.fields.layers.setValue(20)
    qtbot.waitUntil(lambda: len(planner.calls) == 2)
    found.fields.layers.setValue(7)
    planner.go.set()
    qtbot.waitUntil(lambda: found.plan() is not None)
    assert (found.fields.layers.value(), found.fields.slider.value(), found.plan().gpu_layers) == (7, 7, 7)


def test_another_student_shows_its_own_wish(qtbot: QtBot, pane: StudentsPane, planner: Planner) -> None:
    planner.gpus = 2
    found = unfold(qtbot, pane)
    type_in(found.fields.layers, "20")
    type_in(field(pane, QSpinBox, "Share of Vulkan1"), "0")
    qtbot.waitUntil(lambda: found.plan() is not None)
    planner.stored = PlanWish(context=1024, gpu_layers=5, split=(0.25, 0.75), kv_on_gpu=False)
    found.show_student(2)
    qtbot.waitUntil(lambda: found.plan() is not None)
    assert found.wish() == planner.stored
    planner.stored = None
    found.show_student(1)
    qtbot.waitUntil(lambda: found.plan() is not None)
    assert found.wish() == PlanWish()


def test_cache_and_context_can_be_left_to_the_planner(qtbot: QtBot, pane: StudentsPane, planner: Planner) -> None:
    found = unfold(qtbot, pane)
    found.fields.cache.setFocus()
    QTest.keyClick(found.fields.cache, Qt.Key.Key_End)
    found.fields.cache.activated.emit(found.fields.cache.currentIndex())
    field(pane, QCheckBox, "Keep the cache on the GPU").click()
    field(pane, QCheckBox, "Context as long as fits").click()
    qtbot.waitUntil(lambda: found.plan() is not None)
    wish = found.wish()
    assert (wish.kv_type, wish.kv_on_gpu, wish.context) == ("q8_0", False, 0)
    assert found.fields.context.value() == 4096, "what the planner chose"


def test_several_gpus_share_by_numbers(qtbot: QtBot, planner: Planner, open_pane: Callable[[], StudentsPane]) -> None:
    planner.gpus = 2
    pane = open_pane()
    found = unfold(qtbot, pane)
    assert [row.verdict()[:4] for row in found.table.rows()[:2]] == ["Fits", "Fits"]
    first, second = (field(pane, QSpinBox, f"Share of Vulkan{number}") for number in (0, 1))
    assert (first.value(), second.value()) == (50, 50)
    type_in(second, "25")
    qtbot.waitUntil(lambda: found.plan() is not None)
    assert found.wish().split == (0.6667, 0.3333)
    assert not field(pane, QCheckBox, "Split over the GPUs chosen automatically").isChecked()
    type_in(second, "0")
    type_in(first, "0")
    assert found.wish().split == (), "no shares at all are none"


def test_without_a_gpu_only_what_makes_sense_is_offered(
    qtbot: QtBot, planner: Planner, open_pane: Callable[[], StudentsPane]
) -> None:
    planner.gpus = 0
    pane = open_pane()
    found = unfold(qtbot, pane)
    assert found.fields.context.isVisible()
    for part in (found.fields.slider, found.fields.layers, found.fields.cache_on_gpu, found.fields.split_automatic):
        assert not part.isVisible()


def test_a_plan_is_loaded_kept_and_given_back(qtbot: QtBot, pane: StudentsPane, planner: Planner, forge: Forge) -> None:
    found = unfold(qtbot, pane)
    type_in(field(pane, QSpinBox, "Context length"), "2048")
    qtbot.waitUntil(lambda: found.plan() is not None)
    qtbot.mouseClick(button(pane, "Load"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: forge.engine.state().status == "ready", timeout=60_000)
    assert planner.stored is not None
    assert planner.stored.context == 2048
    forge.events.changed("students")
    qtbot.waitUntil(lambda: "Your own: 2,048 tokens." in shown(pane))
    qtbot.mouseClick(button(pane, "Back to automatic"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: planner.stored is None)
    forge.events.changed("students")
    qtbot.waitUntil(lambda: "Automatic:" in shown(pane))
    qtbot.waitUntil(lambda: found.plan() is not None)
    assert field(pane, QSpinBox, "Context length").value() == 4096


def test_a_plan_that_cannot_be_made_says_why(qtbot: QtBot, pane: StudentsPane, planner: Planner) -> None:
    planner.problem = ForgeError("The file ends too early.", hint="Import it again.")
    qtbot.mouseClick(button(pane, "Show plan"), Qt.MouseButton.LeftButton)
    banner = next(found for found in panel(pane).findChildren(Banner))
    qtbot.waitUntil(banner.isVisible)
    assert banner.accessibleName() == "The file ends too early. Import it again."
    assert not button(pane, "Load").isEnabled()


def test_a_load_that_does_not_fit_is_asked_about(
    qtbot: QtBot, pane: StudentsPane, planner: Planner, forge: Forge
) -> None:
    planner.free = 3.0
    qtbot.mouseClick(button(pane, "Load now"), Qt.MouseButton.LeftButton)
    asked = dialog(qtbot, pane)
    assert "does not fit" in shown(asked)
    assert "1.7 GB too large" in [row.verdict() for row in panel(asked).table.rows()]
    assert not button(asked, "Load").isEnabled()
    assert "documents and conversations are not in danger" in shown(asked)
    assert forge.engine.state().status == "empty", "nothing was loaded"
    panel(asked).fields.layers.setValue(10)
    qtbot.waitUntil(lambda: button(asked, "Load").isEnabled())
    assert "fits now" in shown(asked)
    assert not button(asked, "Load anyway").isVisible()
    qtbot.mouseClick(button(asked, "Load"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: forge.engine.state().status == "ready", timeout=60_000)
    assert planner.stored == PlanWish(gpu_layers=10)


def test_it_can_be_loaded_anyway(qtbot: QtBot, pane: StudentsPane, planner: Planner, forge: Forge) -> None:
    planner.free = 3.0
    qtbot.mouseClick(button(pane, "Load now"), Qt.MouseButton.LeftButton)
    asked = dialog(qtbot, pane)
    qtbot.mouseClick(button(asked, "Load anyway"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: forge.engine.state().status == "ready", timeout=60_000)
    assert planner.stored == PlanWish(anyway=True)


def test_cancel_loads_nothing(qtbot: QtBot, pane: StudentsPane, planner: Planner, forge: Forge) -> None:
    planner.free = 3.0
    qtbot.mouseClick(button(pane, "Load now"), Qt.MouseButton.LeftButton)
    asked = dialog(qtbot, pane)
    type_in(panel(asked).fields.context, "4000")
    QTest.keyClick(panel(asked).fields.context, Qt.Key.Key_Return)
    assert asked.isVisible(), "Enter in a field presses no button that was not meant"
    QTest.keyClick(asked, Qt.Key.Key_Escape)
    assert not asked.isVisible()
    assert (planner.stored, forge.engine.state().status) == (None, "empty")


def test_a_load_can_be_given_up(qtbot: QtBot, pane: StudentsPane, forge: Forge) -> None:
    qtbot.mouseClick(button(pane, "Load now"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: pane.bases._details._eject.isVisible(), timeout=30_000)
    assert pane.bases._details._eject.text() in ("Stop loading", "Eject")
    assert pane.bases._details._eject.isEnabled()
    qtbot.mouseClick(pane.bases._details._eject, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not forge.jobs.running() and forge.engine.state().status == "empty", timeout=30_000)
    assert not pane.bases.banner.isVisible(), "it was wished"
    assert button(pane, "Load now").isVisible()


def test_where_it_runs_is_what_was_counted(qtbot: QtBot, pane: StudentsPane, forge: Forge) -> None:
    why = "It runs with 15 of 31 layers on the GPU, because its process ran out of memory."
    forge.events.publish(EngineChanged("ready", "a-model", "Vulkan0 · 15/31 layers", 41.8, why))
    qtbot.waitUntil(lambda: f"Loaded and ready. {why}" in shown(pane))
    assert "Vulkan0 · 15/31 layers" in shown(pane)
    status = pane.window().findChild(StatusLine)
    qtbot.waitUntil(lambda: "Vulkan0 · 15/31 layers" in shown(status))
    told = next(found for found in status.findChildren(ElidedLabel) if found.isVisible())
    assert told.whole_text() == why


def test_too_tight_and_unknown_are_said(planner: Planner, qtbot: QtBot, open_pane: Callable[[], StudentsPane]) -> None:
    planner.free = 5.2
    found = unfold(qtbot, open_pane())
    assert found.table.rows()[0].verdict() == "Too tight"
    planner.free = 0
    found.show_student(1)
    qtbot.waitUntil(lambda: found.table.rows()[0].verdict() == "Memory unknown")


@pytest.mark.parametrize("size", [(1360, 860), (880, 560)])
def test_the_plan_has_room_names_and_keys(
    qtbot: QtBot, planner: Planner, open_pane: Callable[[], StudentsPane], size: tuple[int, int]
) -> None:
    planner.gpus = 3
    pane = open_pane()
    pane.window().resize(*size)
    found = unfold(qtbot, pane)
    QApplication.processEvents()
    for text in found.findChildren(QLabel):
        if text.isVisible() and text.text() and not text.wordWrap() and type(text) is QLabel:
            assert text.sizeHint().width() <= text.width() + 1, text.text()
    tabbed = [
        part
        for part in found.findChildren(QWidget)
        if part.isVisible() and part.focusPolicy() & Qt.FocusPolicy.TabFocus and part.focusProxy() is None
    ]
    assert len(tabbed) >= 9
    assert all(part.accessibleName() or isinstance(part.parent(), QSpinBox) for part in tabbed)
    viewport = pane.bases._details.viewport()
    assert pane.bases._details.widget().width() <= viewport.width(), "nothing is cut off at the side"
