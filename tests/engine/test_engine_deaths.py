"""Whatever happens to the child: the text is kept, the next answer comes, and nothing is left over."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from forge_desktop.base.child import RestartBudget
from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.base.events import EngineChanged, Event
from forge_desktop.engine import Engine, Sampling
from forge_desktop.engine.running import Limits
from tests.engine.conftest import EngineMaker, say, spec_of

STORY = [say("Tell a long story about the sea.")]
CAPITAL = [say("You answer in one short sentence.", role="system"), say("What is the capital of France?")]
posix = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="signals and process handles")


class Killer:
    """Sends a signal to the child after some pieces of text; keeps the text."""

    def __init__(self, engine: Engine, what: int, after: int = 3) -> None:
        self._engine, self._what, self._after = engine, what, after
        self.pieces: list[str] = []

    def __call__(self, text: str) -> None:
        self.pieces.append(text)
        if len(self.pieces) == self._after:
            os.kill(pid_of(self._engine), self._what)


def pid_of(engine: Engine) -> int:
    assert engine.pid is not None
    return engine.pid


def gone(pid: int, seconds: float = 10.0) -> bool:
    """Whether the process is gone, or goes within some seconds."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], seconds)[0])
    finally:
        os.close(handle)


@posix
@pytest.mark.parametrize("name", ["SIGKILL", "SIGSEGV", "SIGABRT", "SIGILL", "SIGTERM"])
def test_a_death_in_the_middle_keeps_the_text_and_the_next_answer_comes(
    make_engine: EngineMaker, starter: Path, expect_log: Callable[[str], None], name: str
) -> None:
    expect_log("the engine child")
    number = getattr(signal, name)
    engine = make_engine(starter)
    states: list[str] = []
    engine.events.subscribe(lambda event: note(states, event))  # type: ignore[attr-defined]
    kill = Killer(engine, number)
    answer = engine.generate(STORY, Sampling(max_tokens=300), kill)
    assert answer.stop == "died"
    assert answer.text == "".join(kill.pieces)
    assert answer.text
    assert f"(signal {int(number)}) while answering; the text so far was kept." in answer.problem
    again = engine.generate(CAPITAL, Sampling(max_tokens=20), lambda _: None)
    assert "Paris" in again.text
    assert "restarting" in states
    assert engine.state().status == "ready"


def note(states: list[str], event: Event) -> None:
    if isinstance(event, EngineChanged):
        states.append(event.status)


@posix
def test_a_child_that_hangs_is_ended_and_replaced(
    make_engine: EngineMaker, starter: Path, expect_log: Callable[[str], None]
) -> None:
    expect_log("gave no sign of life")
    engine = make_engine(starter, limits=Limits(silence=1.0))
    engine.warm()
    hung = pid_of(engine)
    answer = engine.generate(STORY, Sampling(max_tokens=300), Killer(engine, signal.SIGSTOP))
    assert (answer.stop, bool(answer.text)) == ("died", True)
    assert "gave no sign of life for 1 seconds" in answer.problem
    assert gone(hung)
    assert "Paris" in engine.generate(CAPITAL, Sampling(max_tokens=20), lambda _: None).text


@posix
def test_a_child_that_dies_while_idle_is_replaced_without_being_asked(
    make_engine: EngineMaker, starter: Path, expect_log: Callable[[str], None]
) -> None:
    expect_log("the engine child was killed")
    engine = make_engine(starter)
    engine.warm()
    first = pid_of(engine)
    states: list[str] = []
    back = threading.Event()

    def listen(event: Event) -> None:
        note(states, event)
        if states[-2:] == ["restarting", "ready"]:
            back.set()

    engine.events.subscribe(listen)  # type: ignore[attr-defined]
    os.kill(first, signal.SIGKILL)
    assert back.wait(30)
    assert engine.pid not in (first, None)
    assert engine.state().status == "ready"


@posix
def test_the_fourth_death_stops_with_the_file_named_until_somebody_asks(
    make_engine: EngineMaker, starter: Path, expect_log: Callable[[str], None]
) -> None:
    expect_log("the engine child")
    engine = make_engine(starter)
    for _ in range(3):
        assert engine.generate(STORY, Sampling(max_tokens=300), Killer(engine, signal.SIGKILL, 1)).stop == "died"
    last = engine.generate(STORY, Sampling(max_tokens=300), Killer(engine, signal.SIGKILL, 1))
    assert last.stop == "died"
    assert starter.name in last.problem
    assert "four times within five minutes" in last.problem
    assert engine.state().status == "stopped"
    assert starter.name in engine.state().note
    with pytest.raises(ForgeError, match="four times") as refused:
        engine.generate(CAPITAL, Sampling(), lambda _: None)
    assert starter.name in refused.value.message
    assert str(starter) in refused.value.hint
    with pytest.raises(ForgeError, match="four times"):
        engine.count(["x"])
    assert engine.pid is None
    assert engine.warm().status == "ready"
    assert "Paris" in engine.generate(CAPITAL, Sampling(max_tokens=20), lambda _: None).text


@posix
def test_deaths_far_apart_do_not_add_up(
    make_engine: EngineMaker, starter: Path, expect_log: Callable[[str], None]
) -> None:
    expect_log("the engine child")
    now = [0.0]
    engine = make_engine(starter, budget=RestartBudget(deaths=1, clock=lambda: now[0]))
    for _ in range(3):
        engine.generate(STORY, Sampling(max_tokens=300), Killer(engine, signal.SIGKILL, 1))
        assert engine.state().status != "stopped"
        now[0] += 301


@posix
def test_ejecting_gives_the_process_back_and_the_next_question_loads_again(
    make_engine: EngineMaker, starter: Path
) -> None:
    engine = make_engine(starter)
    assert engine.state().status == "empty"
    assert engine.warm().status == "ready"
    pid = pid_of(engine)
    assert int(Path(f"/proc/{pid}/oom_score_adj").read_text()) > 0  # taken before the window when memory runs out
    engine.eject()
    assert gone(pid)
    assert (engine.pid, engine.state().status) == (None, "empty")
    assert "Paris" in engine.generate(CAPITAL, Sampling(max_tokens=20), lambda _: None).text


@posix
def test_changing_the_student_ends_the_answer_and_the_old_child(
    make_engine: EngineMaker, starter: Path, tiny: Path
) -> None:
    engine = make_engine(starter)
    pids: list[int] = []

    def change(_text: str) -> None:
        if not pids:
            pids.append(pid_of(engine))
            engine.use(spec_of(tiny))

    answer = engine.generate(STORY, Sampling(max_tokens=300), change)
    assert answer.stop == "cancelled"
    assert answer.text
    assert gone(pids[0])
    assert engine.generate(CAPITAL, Sampling(max_tokens=4), lambda _: None).model == tiny.stem


def test_without_a_student_it_says_so(make_engine: EngineMaker, starter: Path) -> None:
    engine = make_engine()
    with pytest.raises(ForgeError, match="There is no student"):
        engine.generate(CAPITAL, Sampling(), lambda _: None)
    engine.use(spec_of(starter))
    engine.use(None)
    with pytest.raises(ForgeError, match="There is no student"):
        engine.warm()


@posix
def test_a_child_that_does_not_stop_when_told_is_ended(
    make_engine: EngineMaker, starter: Path, expect_log: Callable[[str], None]
) -> None:
    expect_log("did not stop within")
    engine = make_engine(starter, limits=Limits(cancel=0.5))

    def take(_text: str) -> None:
        os.kill(pid_of(engine), signal.SIGSTOP)
        raise Cancelled

    answer = engine.generate(STORY, Sampling(max_tokens=300), take)
    assert answer.stop == "cancelled"
    assert answer.text
    assert "Paris" in engine.generate(CAPITAL, Sampling(max_tokens=20), lambda _: None).text


def test_closing_ends_an_answer_and_refuses_the_next(make_engine: EngineMaker, starter: Path) -> None:
    engine = make_engine(starter)
    answer = engine.generate(STORY, Sampling(max_tokens=300), lambda _: engine.close())
    assert answer.stop == "cancelled"
    with pytest.raises(ForgeError, match="closing"):
        engine.generate(CAPITAL, Sampling(), lambda _: None)


def test_changed_settings_load_again(make_engine: EngineMaker, tiny: Path) -> None:
    engine = make_engine(tiny, settings={"context_tokens": 512})
    assert engine.warm().context == 512
    first = pid_of(engine)
    engine.settings.change(context_tokens=1024)  # type: ignore[attr-defined]
    assert engine.warm().context == 512  # the tiny student was trained for no more
    assert pid_of(engine) != first


def test_a_listener_that_fails_reaches_the_caller_and_the_engine_goes_on(
    make_engine: EngineMaker, starter: Path
) -> None:
    engine = make_engine(starter)

    def fail(_text: str) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        engine.generate(STORY, Sampling(max_tokens=100), fail)
    assert "Paris" in engine.generate(CAPITAL, Sampling(max_tokens=20), lambda _: None).text


def test_cancelling_while_it_loads_returns_at_once(make_engine: EngineMaker, starter: Path) -> None:
    engine = make_engine(starter)
    answer = engine.generate(CAPITAL, Sampling(), lambda _: None, _cancel)
    assert (answer.stop, answer.text) == ("cancelled", "")
    with pytest.raises(Cancelled):
        engine.warm(_cancel)
    with pytest.raises(Cancelled):
        engine.count(["x"], _cancel)
    assert engine.warm().status == "ready"


def _cancel() -> None:
    raise Cancelled


ORPHAN = """
import sys
from pathlib import Path
from forge_desktop.base.events import Events
from forge_desktop.base.settings import SettingsFile
from forge_desktop.engine import *
from forge_desktop.storage import Database
folder, student = Path(sys.argv[1]), sys.argv[2]
engine = Engine(Database(folder / "forge.db"), Events(), SettingsFile(folder / "settings.json", Events()))
engine.use(StudentSpec("starter", student, "0" * 64))
tell = lambda text: print(engine.pid, flush=True)
engine.generate([PromptMessage("user", (PromptPart("Tell a long story."),))], Sampling(max_tokens=2000), tell)
"""


@posix
def test_the_child_does_not_outlive_a_killed_parent(tmp_path: Path, starter: Path) -> None:
    command = [sys.executable, "-c", ORPHAN, str(tmp_path), str(starter)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert not gone(child, 0.05)
        parent.kill()
    assert gone(child)


def test_nothing_is_left_in_the_temporary_folder(
    make_engine: EngineMaker, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    engine = make_engine(tiny)
    engine.warm()
    engine.close()
    assert list(folder.iterdir()) == []
