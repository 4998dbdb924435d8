"""The window or the command line is killed in the middle of everything: no process of its stays behind."""

from __future__ import annotations

import contextlib
import os
import random
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="process handles")

ROOT = Path(__file__).resolve().parents[2]
QUESTION = "Rivers carry water and sediment from the mountains to the sea. " * 230  # half a minute of reading it
WINDOW = """
import sys
from pathlib import Path
from PySide6.QtCore import QTimer
from forge_desktop.ui.session import Session

session, (_, data, papers, question) = Session(Path(sys.argv[1])), sys.argv

def look():
    forge = session._forge
    if forge is None or forge.engine.state().status != "ready":
        return
    timer.stop()
    forge.events.subscribe(lambda event: getattr(event, "note", "").startswith("Reading, ") and print("reading", flush=True))
    forge.corpus.index([papers])
    forge.chat.ask(forge.chat.create(), question, "free")

timer = QTimer(interval=20)
timer.timeout.connect(look)
timer.start()
sys.exit(session.run())
"""  # noqa: E501 - a program
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(data_dir: Path) -> Iterator[Start]:
    """Starts a program on the test's data directory with `python …`."""
    started: list[subprocess.Popen[str]] = []

    def run(*arguments: str) -> subprocess.Popen[str]:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "offscreen"}
        started.append(
            subprocess.Popen(
                [sys.executable, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                cwd=data_dir,
                env=environment,
            )
        )
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def papers(tmp_path: Path) -> str:
    """A folder whose reading takes a while."""
    folder = tmp_path / "papers"
    folder.mkdir()
    draw = random.Random(1)
    words = ["".join(draw.choices("abcdefghij", k=6)) for _ in range(5000)]
    for number in range(30):
        (folder / f"{number}.txt").write_text(" ".join(draw.choices(words, k=100_000)))
    return str(folder)


def children(process: subprocess.Popen[str], *kinds: str, at_work: float = 0.0) -> dict[int, str]:
    """Handles of the process's children by what they are, once there is one at work of each of these kinds."""
    deadline = time.monotonic() + 60
    while True:
        found: dict[psutil.Process, str] = {}
        busy: list[str] = []
        for child in psutil.Process(process.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):  # it has just ended
                found[child] = " ".join(child.cmdline())
                busy += [found[child]] if child.cpu_times().user >= at_work else []
        if all(any(f"--child {kind}" in words for words in busy) for kind in kinds):
            handles = {}
            for child, words in found.items():
                with contextlib.suppress(ProcessLookupError):
                    handles[os.pidfd_open(child.pid)] = words
            return handles
        assert time.monotonic() < deadline, found
        select.select([], [], [], 0.02)


def kill(process: subprocess.Popen[str], handles: dict[int, str]) -> None:
    """Kill it; nothing of its may be there two seconds later."""
    ended = select.select(handles, [], [], 0)[0]
    left = {handle: words for handle, words in handles.items() if handle not in ended}
    assert left
    process.kill()
    deadline = time.monotonic() + 2.0
    while left and (gone := select.select(left, [], [], max(0.0, deadline - time.monotonic()))[0]):
        for handle in gone:
            del left[handle]
    for handle in handles:
        os.close(handle)
    assert list(left.values()) == []


def test_a_killed_window_leaves_nothing(start: Start, data_dir: Path, papers: str) -> None:
    window = start("-c", WINDOW, str(data_dir), papers, QUESTION)
    assert window.stdout is not None
    assert window.stdout.readline() == "reading\n"
    kill(window, children(window, "engine", "parser"))


def test_a_killed_question_on_the_command_line_leaves_nothing(start: Start, data_dir: Path) -> None:
    asking = start("-m", "forge_desktop", "--data-dir", str(data_dir), "ask", "--grounding", "free", QUESTION)
    kill(asking, children(asking, "engine", at_work=1.5))


def test_a_killed_index_run_leaves_nothing(start: Start, data_dir: Path, papers: str) -> None:
    indexing = start("-m", "forge_desktop", "--data-dir", str(data_dir), "index", papers)
    kill(indexing, children(indexing, "parser"))
