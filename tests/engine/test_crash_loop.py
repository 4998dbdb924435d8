"""A student that keeps ending its process, or this one, is not loaded by itself any more, until somebody asks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from forge_desktop.base.child import RestartBudget
from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import Events
from forge_desktop.base.settings import SettingsFile
from forge_desktop.engine import Engine, Sampling
from forge_desktop.storage import Database
from tests.engine.conftest import say, spec_of

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="signals")
CRASHING = str(Path(__file__).with_name("crashing_child.py"))
HELLO = [say("Hello")]
Start = Callable[..., Engine]


@pytest.fixture
def start(tmp_path: Path, tiny: Path) -> Iterator[Start]:
    """Starts the application's engine anew on the same data, as a start of the application does: nobody asked."""
    database = Database(tmp_path / "forge.db")
    settings = SettingsFile(tmp_path / "settings.json", Events())
    settings.change(threads=1)
    running: list[Engine] = []

    def again(mode: str = "", **options: Any) -> Engine:
        if running:
            running.pop().close()
        if mode:
            options["command"] = [sys.executable, CRASHING, mode]
        running.append(Engine(database, Events(), settings, **options))
        running[-1].use(spec_of(tiny), asked=False)
        return running[-1]

    yield again
    running.pop().close()
    database.close()


def die(engine: Engine) -> None:
    engine.generate(HELLO, Sampling(max_tokens=300), lambda _: os.kill(engine.pid or 0, signal.SIGKILL))


def refused(engine: Engine) -> str:
    """What it says without having been asked; it has started nothing."""
    assert (engine.state().status, engine.pid) == ("stopped", None)
    with pytest.raises(ForgeError) as first:
        engine.warm(asked=False)
    with pytest.raises(ForgeError) as second:
        engine.generate(HELLO, Sampling(), lambda _: None)
    assert (first.value.code, first.value.action) == ("ENGINE_CRASH", "load")
    assert first.value.message == second.value.message == engine.state().note
    assert engine.pid is None
    return first.value.message


def test_four_deaths_are_remembered_until_it_has_answered(
    start: Start, tiny: Path, expect_log: Callable[[str], None]
) -> None:
    expect_log(r"the engine child was killed \(signal 9\)")
    engine = start()
    for _ in range(4):
        die(engine)
    sentence = refused(start())
    assert tiny.name in sentence
    assert str(tiny.parent) not in sentence
    assert "four times within five minutes; at last it was killed (signal 9)" in sentence
    assert start().warm().status == "ready"  # a person pressed Load
    engine = start()
    refused(engine)  # but it has not answered since
    engine.warm()
    engine.generate(HELLO, Sampling(max_tokens=2), lambda _: None)
    assert start().warm(asked=False).status == "ready"


def test_one_that_is_chosen_anew_begins_anew_at_the_next_start_too(start: Start, tiny: Path) -> None:
    engine = start()
    engine._crashes.stop(spec_of(tiny), "was killed (signal 9)")  # what an earlier run left behind
    refused(start())
    start().use(spec_of(tiny))  # a person chose it, and ended the application before asking anything
    assert start().warm(asked=False).status == "ready"


def test_a_load_that_twice_ended_the_child_is_not_begun_a_third_time(
    start: Start, tiny: Path, expect_log: Callable[[str], None]
) -> None:
    expect_log("while loading")
    for _ in range(2):
        with pytest.raises(ForgeError, match="cannot be loaded") as error:
            start("always").warm(asked=False)
        assert error.value.code == "CPU_FEATURE"
    assert f"The student {tiny.name} was not loaded: its last two loads did not come to an end." == refused(
        start("always")
    )
    with pytest.raises(ForgeError, match="cannot be loaded"):
        start("always").warm()  # asked for, it is tried again
    assert start().warm().status == "ready"
    assert start().warm(asked=False).status == "ready"


def test_a_load_that_twice_ended_the_application_is_not_begun_a_third_time(
    start: Start, tiny: Path, tmp_path: Path, expect_log: Callable[[str], None]
) -> None:
    start().close()
    for _ in range(2):
        command = [sys.executable, "-c", LOADING, str(tmp_path), str(tiny), spec_of(tiny).sha256, CRASHING]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as application:
            assert application.stdout is not None
            assert application.stdout.readline() == b"loading\n"
            application.kill()
    assert "last two loads" in refused(start())


LOADING = """
import sys
from pathlib import Path
from forge_desktop.base.events import Events
from forge_desktop.base.settings import SettingsFile
from forge_desktop.engine import *
from forge_desktop.storage import Database
folder, student, sha256, child = sys.argv[1:]
events = Events()
events.subscribe(lambda event: event.note == "100%" and print("loading", flush=True))
database, settings = Database(Path(folder, "forge.db")), SettingsFile(Path(folder, "settings.json"), events)
engine = Engine(database, events, settings, command=[sys.executable, child, "waits"])
engine.use(StudentSpec("tiny", student, sha256), asked=False)
engine.warm(asked=False)
"""


def test_one_that_cannot_start_at_all_is_not_the_files_fault(start: Start, expect_log: Callable[[str], None]) -> None:
    expect_log("while loading")
    for _ in range(3):
        with pytest.raises(ForgeError, match="could not be started: no engine here"):
            start("broken").warm(asked=False)
    assert start().warm(asked=False).status == "ready"


def test_a_few_deaths_are_not_remembered(start: Start, expect_log: Callable[[str], None]) -> None:
    expect_log("was killed")
    die(start(budget=RestartBudget(deaths=1)))
    assert start().warm(asked=False).status == "ready"
