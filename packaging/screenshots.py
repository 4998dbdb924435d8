"""Makes the pictures in docs/screenshots from the real window: real rooms, the sample corpus, a real question.

    .venv/bin/python packaging/screenshots.py                    the golden pictures, light and dark
    .venv/bin/python packaging/screenshots.py --scale 2 --out build/screenshots   twice as fine, to look at

tests/ui/test_screenshots.py compares with the still scenes, so run this after a wanted change of the look.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
GOLDEN = ROOT / "docs" / "screenshots"
SIZE = (1360, 860)
LESSONS = (
    "How many tools may a member hold at the same time?",
    "What does a late hand tool cost for each day?",
    "Who is allowed to borrow tools?",
    "How long does an induction last?",
    "What deposit is asked for a scaffolding tower?",
    "Which tool is borrowed most often?",
    "What must be done with a tool before it comes back?",
    "How many people may be in the workshop at a time?",
    "Which machines need an induction?",
    "What does a bench in the workshop cost for an hour?",
    "Can a member lend a tool on to a neighbour?",
    "When was the tool library founded?",
    "What happens to members who volunteer?",
    "Who keeps the key of the workshop?",
    "What does sharpening a saw blade cost?",
    "Where is the tool library?",
)
QUESTION = "How many tools may a member hold at the same time?"
THEMES = ("light", "dark")
STILL = ("corpus-empty", "chat-empty", "distill", "students", "cards", "settings")
LIVELY = (
    "corpus",
    "corpus-found",
    "corpus-page",
    "corpus-collections",
    "corpus-statistics",
    "chat",
    "chat-source",
    "chat-options",
    "distill-queue",
    "distill-lesson",
    "distill-dataset",
    "students-plan",
    "students-versions",
    "students-training",
    "students-gate",
    "students-questions",
    "distill-gate",
    "settings-hardware",
    "cards-editor",
    "cards-source",
    "cards-compare",
    "cards-history",
    "cards-privacy",
)

if __name__ == "__main__":
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    sys.path.insert(0, str(ROOT))

from PySide6.QtCore import QElapsedTimer, QEventLoop, QPoint, QRect  # noqa: E402
from PySide6.QtGui import QColor, QImage, QPainter  # noqa: E402
from PySide6.QtWidgets import QApplication, QDialog, QPushButton, QTableView, QToolButton, QWidget  # noqa: E402

from forge_desktop.base.events import JobChanged  # noqa: E402
from forge_desktop.distill.records import NewTask  # noqa: E402
from forge_desktop.distill.records_runs import RunWish  # noqa: E402
from forge_desktop.forge import Forge  # noqa: E402
from forge_desktop.students.records_training import TrainProgress  # noqa: E402
from forge_desktop.ui.bridge import Bridge  # noqa: E402
from forge_desktop.ui.crash import CrashReports  # noqa: E402
from forge_desktop.ui.shell import Shell  # noqa: E402
from forge_desktop.ui.widgets.basics import Toast  # noqa: E402
from tests.providers.teacher import Teacher  # noqa: E402
from tests.ui import card_scenes, lessons, runs  # noqa: E402
from tests.ui.versions import Versions  # noqa: E402


def settle(forge: Forge, milliseconds: int = 250) -> None:
    """Let the window react until no job runs and it has been quiet for a while."""
    quiet = QElapsedTimer()
    quiet.start()
    while quiet.elapsed() < milliseconds:
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 20)
        if forge.jobs.running():
            quiet.restart()


def open_window(forge: Forge) -> Shell:
    """The window at the size of the pictures."""
    bridge = Bridge(forge.events)
    shell = Shell(forge.data_dir, CrashReports(forge.data_dir, bridge))
    shell.furnish(forge, bridge)
    shell.show()
    shell.resize(*SIZE)
    settle(forge)
    return shell


def grab(shell: Shell, forge: Forge, scene: str, theme: str) -> QImage:
    """A picture of one still scene in one theme, without a blinking cursor."""
    forge.settings.change(theme=theme)
    shell.visit(scene.removesuffix("-empty"))
    shell.dress()
    return _picture(shell, forge)


def _picture(shell: Shell, forge: Forge) -> QImage:
    settle(forge)
    focus = QApplication.focusWidget()
    if focus is not None:
        focus.clearFocus()
    for toast in shell.findChildren(Toast):  # it would be there or not as the machine is slow or fast
        toast.hide()
    settle(forge, 60)
    return shell.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)


def _fill(shell: Shell, forge: Forge, place: Path) -> None:
    """Index the sample and ask one question, as a person would."""
    papers = place / "Town library"
    shutil.copytree(ROOT / "resources" / "sample", papers)
    committee = place / "Committee"
    committee.mkdir()
    for minutes in papers.glob("minutes-*"):
        shutil.move(minutes, committee)
    forge.jobs.wait(forge.corpus.index([papers]))
    made = forge.corpus.collections.create("Committee", never_send=True, exclude=("**/drafts/**",))
    forge.jobs.wait(forge.corpus.index([committee], made.uid))
    chat = shell.visit("chat")
    settle(forge)
    chat.composer.submitted.emit(QUESTION)
    settle(forge, 1500)


def _lively(shell: Shell, forge: Forge, scene: str, theme: str, place: Path) -> QImage:
    forge.settings.change(theme=theme)
    shell.dress()
    pane = shell.visit(scene.split("-")[0])
    settle(forge)
    if scene.startswith("corpus"):
        _show_corpus(pane, forge, scene)
    elif scene == "chat-source":
        pane.side.open_source(1)
    elif scene == "chat-options":
        pane.side.show_options()
    elif scene.startswith("distill"):
        _show_distill(pane, forge, scene, place)
    elif scene == "students-plan":
        pane.show_section("bases")
        settle(forge)
        _press(pane, "Show plan")
        settle(forge, 600)
    elif scene == "students-training":
        _show_training(pane, forge, place)
    elif scene.startswith("students"):
        _show_students(pane, forge, scene, place)
    elif scene == "settings-hardware":
        pane.commands()["hardware"]()
        settle(forge, 600)
    elif scene.startswith("cards"):
        _train(forge, place)
        return _over(shell, forge, card_scenes.show(pane, forge, scene, settle))
    picture = _picture(shell, forge)
    if scene in ("chat-source", "chat-options"):
        pane.side.close_panel()
    return picture


def _over(shell: Shell, forge: Forge, sheet: QDialog | None) -> QImage:
    """The window with a sheet before it, as a person sees both."""
    if sheet is None:
        return _picture(shell, forge)
    focus = QApplication.focusWidget()
    if focus is not None:
        focus.clearFocus()
    settle(forge, 60)
    front, size = sheet.grab().toImage(), sheet.size()
    sheet.close()
    picture = _picture(shell, forge)
    painter = QPainter(picture)
    inside = QRect(QPoint(0, 0), shell.size())
    painter.fillRect(inside, QColor(0, 0, 0, 90))
    painter.drawImage(inside.center() - QPoint(size.width() // 2, size.height() // 2), front)
    painter.end()
    return picture


def _teach(forge: Forge) -> None:
    """Let a teacher on loopback make lessons of some questions, of which a few wait for a person."""
    with Teacher(answer=lessons.answer, price_in=3_000_000, price_out=15_000_000) as teacher:
        lessons.add_teacher(forge, teacher)
        forge.providers.ledger.set_cap("month", 2_000_000)
        forge.distill.tasks.add([NewTask(question) for question in LESSONS[:9]])
        forge.jobs.wait(forge.distill.run(RunWish(cap=500_000, easy="teach")))
        forge.distill.tasks.add([NewTask(question) for question in LESSONS[9:13]])
        forge.jobs.wait(forge.distill.run(RunWish(cap=500_000, easy="teach", review="all")))
        forge.distill.tasks.add([NewTask(question) for question in LESSONS[13:]])
    forge.distill.datasets.freeze("handbook")


def _train(forge: Forge, place: Path) -> None:
    """Four adapters that nobody trained, with gates as their room would have found them; made once."""
    if len(forge.students.registry.versions()) > 1:
        return
    made = Versions(forge, place, tiny=False)
    registry = forge.students.registry
    first = made.add("opening hours", seed=1, note="From handbook v1, 214 pairs.")
    made.gate(first)
    registry.promote(first.uid, who="window", why="Knows the opening hours, and forgot nothing.")
    made.gate(made.add("fees, too eager", seed=2, note="From handbook v2, learning rate 2e-3."), "failed")
    made.add("a neighbour's handbook", seed=3, origin="imported")
    made.gate(made.add("handbook", seed=4, note="From handbook v3, 402 pairs, a quarter replayed."))


def _show_students(pane: Any, forge: Forge, scene: str, place: Path) -> None:
    """A state of versions or gates."""
    _train(forge, place)
    pane.show_section("versions" if scene == "students-versions" else "gates")
    settle(forge, 400)
    if scene == "students-versions":
        newest = forge.students.registry.versions()[0]
        pane.show_section("versions", newest.uid)
    else:
        _press(pane, "Questions" if scene == "students-questions" else "Report")
    settle(forge, 400)
    if scene == "students-questions":
        _press(pane, "Better")
        settle(forge, 400)


def _show_training(pane: Any, forge: Forge, place: Path) -> None:
    """A run in the middle of its way, and others; made once."""
    _train(forge, place)
    training = forge.students.training
    if not training.runs():
        made = {version.name: version.uid for version in forge.students.registry.versions()}
        runs.add(forge, "opening hours", "done", step=144, steps=216, version=made["opening hours"], least=0.9)
        runs.add(
            forge, "fees, too eager", "diverged", step=31, steps=320, problem="The loss left its beginning far behind."
        )
        runs.add(forge, "handbook", "running", step=233, steps=408)
    pane.show_section("training")
    settle(forge, 400)
    newest = training.runs()[0]
    now = TrainProgress(newest.uid, "running", newest.step, newest.steps, 0.7311, 1.0416, 174.1, 507.0)
    pane.training.view.show_progress(JobChanged(0, "train", "running", newest.step, newest.steps, "", detail=now))
    settle(forge, 400)


def _show_distill(pane: Any, forge: Forge, scene: str, place: Path) -> None:
    """A state of the Distill pane; lessons are made once."""
    if not forge.distill.tasks.count():
        _teach(forge)
    if scene == "distill-gate":
        _train(forge, place)
    pane.show_page("dataset" if scene == "distill-dataset" else "queue")
    settle(forge, 500)
    if scene == "distill-lesson":
        pane.review()
        settle(forge, 500)
    else:
        pane.page.close_task()


def _press(pane: QWidget, words: str) -> None:
    """Press the button of these words, if it is there: what it shows may be open already."""
    button = next((found for found in pane.findChildren(QPushButton) if found.text() == words), None)
    if button is not None:
        button.click()


def _show_corpus(pane: Any, forge: Forge, scene: str) -> None:
    """A state of the Corpus pane."""
    words = {"corpus-found": "late fee tools", "corpus-page": "repairs members 2025"}.get(scene, "")
    pane.search().setText(words)
    settle(forge, 400)
    pane.show_page({"corpus-collections": "collections", "corpus-statistics": "statistics"}.get(scene, "documents"))
    settle(forge, 400)
    table = next((found for found in pane.findChildren(QTableView) if found.isVisible()), None)
    if table is None:
        return
    rows = range(table.model().rowCount())
    pdf = next((row for row in rows if ".pdf" in str(table.model().index(row, 2).data())), 0)
    table.selectRow({"corpus": 4, "corpus-collections": 1, "corpus-page": pdf}.get(scene, 0))
    settle(forge, 300)
    name = {"corpus-found": "Why was", "corpus-page": "Open the document"}.get(scene)
    if name is not None:
        next(b for b in pane.findChildren(QToolButton) if b.accessibleName().startswith(name)).click()
        settle(forge, 800)


def main() -> int:
    """Make the pictures; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=GOLDEN)
    parser.add_argument("--scale", default="1", help="device pixels for each pixel; the golden pictures have 1")
    parser.add_argument("--only", nargs="*", default=[*STILL, *LIVELY], help="scenes to make")
    options = parser.parse_args()
    os.environ["QT_SCALE_FACTOR"] = options.scale
    options.out.mkdir(parents=True, exist_ok=True)
    from forge_desktop.ui.application import application

    app = application()
    with tempfile.TemporaryDirectory(prefix="forge-desktop-") as folder:
        place = Path(folder)
        (place / "data").mkdir()
        forge = Forge(place / "data", holder="the screenshots")
        try:
            _make(forge, place, options.out, [scene for scene in (*STILL, *LIVELY) if scene in options.only])
        finally:
            forge.close()
    app.processEvents()
    return 0


def _make(forge: Forge, place: Path, out: Path, scenes: list[str]) -> None:
    shell = open_window(forge)
    filled = False
    for scene in scenes:
        take = grab if scene in STILL else partial(_lively, place=place)
        if scene in LIVELY and not filled:
            _fill(shell, forge, place)
            filled = True
        for theme in THEMES:
            name = f"{scene}-{theme}.png"
            take(shell, forge, scene, theme).save(str(out / name))
            print(name, flush=True)
    shell.close()
    for left in QApplication.topLevelWidgets():
        if isinstance(left, QWidget):
            left.close()


if __name__ == "__main__":
    sys.exit(main())
