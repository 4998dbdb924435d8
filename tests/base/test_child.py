"""Child processes: frames over pipes, and every way in which the other side can end."""

from __future__ import annotations

import contextlib
import io
import json
import os
import select
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from forge_desktop.base.child import (
    ChildDied,
    ChildProcess,
    RestartBudget,
    describe_exit,
    must,
)
from forge_desktop.base.errors import ForgeError
from forge_desktop.base.frames import Garbled, frame_bytes, read_frame

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals")

ECHO = """
from forge_desktop.base.child import ChildEnd
end = ChildEnd()
print("a library prints to standard output")
while True:
    frame = end.requests.get()
    end.send({"back": frame, "keys": sorted(__import__("os").environ), "arguments": __import__("sys").argv[1:]})
"""


MANY = """
from forge_desktop.base.child import ChildEnd
end = ChildEnd()
for number in range(9):
    end.send({"number": number, "text": "x" * 300_000})
"""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., ChildProcess]]:
    """Start a child that runs the given Python source."""
    children: list[ChildProcess] = []
    root = Path(__file__).resolve().parents[2]

    def make(source: str, **options: Any) -> ChildProcess:
        script = tmp_path / "child.py"
        script.write_text(f"import sys; sys.path.insert(0, {str(root)!r})\n{source}")
        children.append(ChildProcess("parser", "7", command=[sys.executable, str(script)], **options))
        return children[-1]

    yield make
    for child in children:
        child.kill()


@pytest.mark.parametrize("take", [0, 1, 9])
def test_a_child_is_held_up_while_its_frames_wait(start: Callable[..., ChildProcess], take: int) -> None:
    """And whatever waits, it can be ended at once."""
    child = start(MANY, most_waiting=2)
    for number in range(take):
        frame = child.receive(10)
        assert frame is not None
        assert (frame["number"], len(frame["text"])) == (number, 300_000)
    if take < 9:
        assert child.alive
    else:
        with pytest.raises(ChildDied):
            child.receive(10)
    began = time.monotonic()
    child.kill()
    assert time.monotonic() - began < 4  # a reading thread that hangs is waited for longer


def test_frames_go_there_and_back(start: Callable[..., ChildProcess], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", "canary")
    monkeypatch.setenv("MY_SECRET", "canary")
    child = start(ECHO, environment={"EXTRA": "1"})
    for frame in ({"a": 1}, {"text": "Ünï \U0001f600 \0 \ud800"}, {"long": "x" * 3_000_000}, {}):
        child.send(frame)
        answer = child.receive(30)
        assert answer is not None
        assert answer["back"] == frame
    assert "EXTRA" in answer["keys"]
    assert not {"SOME_API_KEY", "MY_SECRET"} & set(answer["keys"])
    assert answer["arguments"] == ["7"]
    assert child.receive(0.01) is None
    assert child.alive
    child.close()
    assert not child.alive


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("sys.exit(3)", "ended with status 3"),
        ("import os; os.kill(os.getpid(), 9)", r"was killed \(signal 9\)"),
        ("import os; os.abort()", r"crashed \(signal 6\)"),
        ("raise SystemExit('last words')", "ended with status 1"),
    ],
)
def test_death_is_described(start: Callable[..., ChildProcess], source: str, words: str) -> None:
    child = start(f"print('note', file=sys.stderr, flush=True)\n{source}")
    with pytest.raises(ChildDied, match=words) as caught:
        child.receive(30)
    assert "note" in caught.value.last_lines
    with pytest.raises(ChildDied):
        child.receive(0)
    with pytest.raises(ChildDied):
        child.send({"a": 1})
    assert not child.alive


@pytest.mark.parametrize(
    "written",
    [
        b"garbage that is no frame at all, whatever it says",
        struct.pack(">I", 0xFFFFFFFF) + b"{}",
        struct.pack(">I", 100) + b"{",
        struct.pack(">I", 4) + b"\xff\xfe{}",
        struct.pack(">I", 4) + b"null",
        struct.pack(">I", 200_000) + b"[" * 200_000,
        struct.pack(">I", 2),
        b"\0\0",
    ],
)
def test_a_child_that_writes_nonsense_is_dead_to_us(start: Callable[..., ChildProcess], written: bytes) -> None:
    child = start(f"sys.stdout.buffer.write({written!r}[:400] if len({written!r}) < 400 else {written!r})")
    with pytest.raises(ChildDied):
        child.receive(30)
    assert not child.alive


def test_what_is_no_frame_ends_the_child_that_wrote_it(start: Callable[..., ChildProcess]) -> None:
    child = start(
        "import time\nsys.stdout.buffer.write(b'\\0\\0\\0\\2{}' + (600_000_000).to_bytes(4, 'big'))\n"
        "sys.stdout.buffer.flush()\ntime.sleep(1000)"
    )
    assert child.receive(30) == {}
    with pytest.raises(ChildDied, match="sent what is no message") as caught:
        child.receive(30)
    assert caught.value.garbled
    assert not child.alive
    assert child.end == "sent what is no message"


def test_some_frames_are_taken_aside_as_they_come(start: Callable[..., ChildProcess]) -> None:
    aside: list[Any] = []

    def take(frame: dict[str, Any]) -> bool:
        aside.append(frame)
        return frame["number"] != 8

    child = start(MANY, aside=take, most_waiting=2)
    frame = child.receive(30)
    assert frame is not None
    assert frame["number"] == 8
    assert [frame["number"] for frame in aside] == list(range(9))


def test_a_flood_on_standard_error_is_cut(start: Callable[..., ChildProcess]) -> None:
    child = start("sys.stderr.write('x' * 5_000_000); sys.exit(3)")
    with pytest.raises(ChildDied) as caught:
        child.receive(30)
    assert max(map(len, caught.value.last_lines)) == 500


# A parent that starts one child, says its process id, and waits to be killed. The child may be busy in any way.
PARENT = """
import sys, time
from forge_desktop.base.child import ChildProcess
child = ChildProcess("parser", command=[sys.executable, "-c", sys.argv[1]])
child.receive(30)
print(child.pid, flush=True)
time.sleep(1000)
"""
HANGS = {
    "in native code that holds the interpreter": "ctypes.PyDLL(None).sleep(1000)",
    "in Python": "\nwhile True: pass",
    "stopped": "os.kill(os.getpid(), 19)",
}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's part is Linux's")
@pytest.mark.parametrize("how", HANGS)
def test_no_child_outlives_a_killed_parent_however_it_hangs(how: str) -> None:
    source = (
        "import ctypes, os, subprocess, sys, time\nfrom forge_desktop.base.child import ChildEnd\n"
        f"end = ChildEnd(); end.send({{}}); {HANGS[how]}"
    )
    with subprocess.Popen([sys.executable, "-c", PARENT, source], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        handle = os.pidfd_open(int(parent.stdout.readline()))
        try:
            assert not select.select([handle], [], [], 0.05)[0]
            parent.kill()
            assert select.select([handle], [], [], 2.0)[0], "an orphan"
        finally:
            os.close(handle)


def test_a_thread_that_started_a_child_may_end(start: Callable[..., ChildProcess]) -> None:
    started: list[ChildProcess] = []
    thread = threading.Thread(target=lambda: started.append(start(ECHO)))
    thread.start()
    thread.join()
    started[0].send({"a": 1})
    assert started[0].receive(30) is not None


def test_no_core_is_dumped(start: Callable[..., ChildProcess]) -> None:
    child = start(
        "from forge_desktop.base.child import ChildEnd\nimport resource\nend = ChildEnd()\n"
        "end.send({'core': resource.getrlimit(resource.RLIMIT_CORE)})"
    )
    frame = child.receive(30)
    assert frame is not None
    assert frame["core"] == [0, 0]


def test_a_child_that_closes_its_end_but_lives_on_is_killed(start: Callable[..., ChildProcess]) -> None:
    child = start("import os, time; os.close(1); os.close(2); time.sleep(1000)")
    with pytest.raises(ChildDied, match="stopped answering"):
        child.receive(30)
    assert not child.alive


def test_a_child_that_does_not_answer_can_be_killed(start: Callable[..., ChildProcess]) -> None:
    child = start("import time, signal; signal.signal(15, signal.SIG_IGN); time.sleep(1000)")
    assert child.receive(0.1) is None
    child.kill()
    child.kill()
    assert not child.alive
    with pytest.raises(ChildDied, match="signal 9"):
        child.receive(0)


def test_the_child_leaves_when_its_input_closes_even_in_the_middle_of_work(start: Callable[..., ChildProcess]) -> None:
    child = start(
        "from forge_desktop.base.child import ChildEnd\nend = ChildEnd()\nend.send({})\nwhile True: sum(range(10**6))"
    )
    assert child.receive(30) == {}
    child.close(grace=10)
    assert not child.alive


def test_a_stopped_child_is_killed_on_close(start: Callable[..., ChildProcess]) -> None:
    child = start(ECHO)
    child.send({})
    child.receive(30)
    os.kill(child.pid, signal.SIGSTOP)
    child.close(grace=0.1)
    assert not child.alive


@hypothesis.given(
    st.dictionaries(st.text(), st.none() | st.integers() | st.text() | st.lists(st.floats(allow_nan=False)))
)
def test_any_frame_survives(frame: dict[str, object]) -> None:
    assert read_frame(io.BytesIO(frame_bytes(frame))) == frame


@hypothesis.given(st.binary(max_size=200), st.integers(0, 200))
def test_a_cut_stream_ends(body: bytes, cut: int) -> None:
    stream = struct.pack(">I", len(body)) + body
    if cut < len(stream):
        assert read_frame(io.BytesIO(stream[:cut])) is None
    else:
        try:
            frame = read_frame(io.BytesIO(stream))
        except Garbled:
            with contextlib.suppress(ValueError):
                assert not isinstance(json.loads(body), dict)
        else:
            assert frame == json.loads(body)


def test_three_deaths_in_five_minutes_are_forgiven() -> None:
    now = [0.0]
    budget = RestartBudget(clock=lambda: now[0])
    assert [budget.spend() for _ in range(4)] == [True, True, True, False]
    now[0] = 301.0
    assert budget.spend()
    budget.reset()
    assert [budget.spend() for _ in range(4)] == [True, True, True, False]


def test_words() -> None:
    assert describe_exit(None) == "stopped answering"
    assert describe_exit(0xC0000005) == "crashed (0xC0000005)"
    assert must({"a": 1}, "Loading") == {"a": 1}
    with pytest.raises(ForgeError, match="Loading took too long"):
        must(None, "Loading")
