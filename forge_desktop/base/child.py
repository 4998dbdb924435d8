"""Child processes: started from this same application, spoken to in length-prefixed JSON frames over pipes.

End of file is the news of death on both sides: the parent sees the child die, and a child whose parent died leaves.
Nothing a native library prints can enter the protocol, because the child's standard output is re-pointed to standard
error before anything else is imported. What is no frame all the same is the end of the child that wrote it.
"""

from __future__ import annotations

import collections
import contextlib
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Any

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.frames import Frame, Garbled, frame_bytes, read_frame
from forge_desktop.base.lifeline import Lifeline, hold_on
from forge_desktop.base.paths import child_command
from forge_desktop.base.redacting import holds_secret

__all__ = ["ChildDied", "ChildEnd", "ChildProcess", "Frame", "RestartBudget", "describe_exit", "must"]

_BUFFER = 1 << 17  # bytes: each read that the buffer cannot serve waits for the interpreter's lock, up to 5 ms
_LONGEST_LINE = 4096
_SECRET_WORDS = ("KEY", "TOKEN", "SECRET", "PASSWORD", "CREDENTIAL")


class ChildDied(Exception):  # noqa: N818 - an event the caller must word, not yet an error for the user
    """The child is gone. `code` is its exit status (negative: the signal), `last_lines` the end of its stderr.

    `garbled`: it was ended because it wrote what is no frame.
    """

    def __init__(self, code: int | None, last_lines: list[str], *, garbled: bool = False) -> None:
        super().__init__("sent what is no message" if garbled else describe_exit(code))
        self.code = code
        self.last_lines = last_lines
        self.garbled = garbled


def describe_exit(code: int | None) -> str:
    """An exit status in words: "was killed (signal 9)", "crashed (signal 11)", "ended with status 3"."""
    if code is None:
        return "stopped answering"
    if code < 0:
        verb = "was killed" if code in (-9, -15) else "crashed"
        return f"{verb} (signal {-code})"
    if code > 0xC000_0000:
        return f"crashed (0x{code:08X})"
    return f"ended with status {code}"


class ChildProcess:
    """The parent's end of one running child.

    `receive` gives frames in order and raises ChildDied at end of file, after the process has been waited for: so a
    dead child is never still there when the next one starts. No key travels in its environment. `command` starts
    another program than this application; `on_end` is called once, on the reading thread, when the child's output ends.
    With `most_waiting` the child is held up while that many of its frames have not been received. `aside` sees each
    frame first, on the reading thread, and answers whether it has taken it: then nobody receives it.
    """

    def __init__(
        self,
        kind: str,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        command: Sequence[str] | None = None,
        on_end: Callable[[], None] | None = None,
        most_waiting: int | None = None,
        aside: Callable[[Frame], bool] | None = None,
    ) -> None:
        self._lifeline = Lifeline()
        env = {k: v for k, v in os.environ.items() if not _is_secret(k, v)}
        env |= {"PYTHONIOENCODING": "utf-8", "GGML_NO_BACKTRACE": "1", **(environment or {})}
        env |= self._lifeline.environment
        options = dict(self._lifeline.options)
        if sys.platform == "win32":
            options["creationflags"] = subprocess.CREATE_NO_WINDOW
        else:
            options["start_new_session"] = True  # Ctrl+C in a terminal is the parent's to handle
        try:
            self._process = subprocess.Popen(
                [*(command or child_command(kind)), *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=_BUFFER,
                env=env,
                **options,
            )
        except BaseException:
            self._lifeline.close()
            raise
        self._lifeline.attach(self._process)
        self._frames: queue.SimpleQueue[Frame | None] = queue.SimpleQueue()
        self._lines: collections.deque[str] = collections.deque(maxlen=40)
        self._writing = threading.Lock()
        self._ended = self._garbled = False
        self._on_end, self._aside = on_end, aside
        self._room = None if most_waiting is None else threading.Semaphore(most_waiting)
        self._threads = [
            threading.Thread(target=self._read_frames, name=f"forge-{kind}-frames", daemon=True),
            threading.Thread(target=self._read_lines, name=f"forge-{kind}-stderr", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """The exit status (negative: the signal), or None while it runs."""
        return self._process.poll()

    @property
    def end(self) -> str:
        """How it ended, in words."""
        return str(ChildDied(self._process.poll(), [], garbled=self._garbled))

    def send(self, frame: Mapping[str, Any]) -> None:
        """Write one frame; raises ChildDied when nobody reads any more."""
        assert self._process.stdin is not None
        try:
            with self._writing:
                self._process.stdin.write(frame_bytes(frame))
                self._process.stdin.flush()
        except (OSError, ValueError):
            raise self._death() from None

    def receive(self, timeout: float | None = None) -> Frame | None:
        """The next frame, or None when `timeout` seconds passed without one. Raises ChildDied at end of file."""
        if self._ended:
            raise self._death()
        try:
            frame = self._frames.get(timeout=timeout)
        except queue.Empty:
            return None
        if frame is None:
            self._ended = True
            raise self._death()
        if self._room is not None:
            self._room.release()
        return frame

    def kill(self) -> None:
        """End the child now and wait until it is gone. Safe to call twice."""
        if self._process.poll() is None:
            self._process.kill()
        self._reap()

    def close(self, grace: float = 2.0) -> None:
        """Let the child end by itself (its input closes), kill it after `grace` seconds."""
        with contextlib.suppress(OSError, ValueError):
            assert self._process.stdin is not None
            self._process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(grace)
        self.kill()

    def _death(self) -> ChildDied:
        try:
            code: int | None = self._process.wait(timeout=0.0 if self._garbled else 1.0)
        except subprocess.TimeoutExpired:
            self._process.kill()  # it closed its end but lives on: it will never answer
            self._process.wait()
            code = None
        self._reap()
        return ChildDied(code, list(self._lines), garbled=self._garbled)

    def _reap(self) -> None:
        self._process.wait()
        if (room := self._room) is not None:
            self._room = None
            room.release()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(timeout=5)
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError, ValueError):
                    stream.close()
        self._lifeline.close()

    def _read_frames(self) -> None:
        assert self._process.stdout is not None
        try:
            while (frame := self._next_frame(self._process.stdout)) is not None:
                if self._aside is None or not self._aside(frame):
                    self._frames.put(frame)
                elif self._room is not None:
                    self._room.release()
        except (Garbled, MemoryError):
            self._garbled = True
        except (OSError, ValueError):  # closed from here
            pass
        self._frames.put(None)  # or nobody would learn of its end
        if self._on_end is not None:
            self._on_end()

    def _next_frame(self, stream: IO[bytes]) -> Frame | None:
        if (room := self._room) is not None:
            room.acquire()
        return read_frame(stream)

    def _read_lines(self) -> None:
        assert self._process.stderr is not None
        with contextlib.suppress(OSError, ValueError):
            while line := self._process.stderr.readline(_LONGEST_LINE):  # a flood without line ends stays small
                self._lines.append(line.decode("utf-8", "replace").rstrip()[:500])


def _is_secret(name: str, value: str) -> bool:
    return any(word in name.upper() for word in _SECRET_WORDS) or holds_secret(value)


class ChildEnd:
    """The child's own end of the pipes; made first thing in the child's main, before any native library is loaded.

    A reader thread turns requests into a queue and ends the whole process at end of file, even in the middle of a
    native call: the parent is gone. No core dump is written: it would hold a person's documents.
    """

    def __init__(self) -> None:
        hold_on()
        if sys.platform != "win32":
            import resource

            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        self._out = os.fdopen(os.dup(1), "wb", buffering=0)
        os.dup2(2, 1)
        self._in = os.fdopen(os.dup(0), "rb")
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        self._writing = threading.Lock()
        self.requests: queue.SimpleQueue[Frame] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def send(self, frame: Mapping[str, Any]) -> None:
        """Write one frame; ends the process when the parent is gone."""
        try:
            with self._writing:
                view = memoryview(frame_bytes(frame))
                while view:
                    view = view[self._out.write(view) :]
        except OSError:
            os._exit(0)

    def _read(self) -> None:
        with contextlib.suppress(Garbled, MemoryError):
            while (frame := read_frame(self._in)) is not None:
                self.requests.put(frame)
        os._exit(0)


class RestartBudget:
    """Three restarts within five minutes; the fourth death stops with a sentence.

    `spend` counts one death and returns whether another start is allowed; `reset` forgets, when the user asks for a
    fresh try. `clock` is time.monotonic outside tests.
    """

    def __init__(self, deaths: int = 3, seconds: float = 300.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._allowed, self._seconds, self._clock = deaths, seconds, clock
        self._deaths: collections.deque[float] = collections.deque()

    def spend(self) -> bool:
        """Count a death; False when it was one too many."""
        now = self._clock()
        self._deaths.append(now)
        while self._deaths and now - self._deaths[0] > self._seconds:
            self._deaths.popleft()
        return len(self._deaths) <= self._allowed

    def reset(self) -> None:
        """Forget every death."""
        self._deaths.clear()


def must(frame: Frame | None, what: str) -> Frame:
    """The frame, or a ForgeError when the child did not answer `what` in time."""
    if frame is None:
        raise ForgeError(f"{what} took too long and was given up.", hint="Try again; if it happens again, restart.")
    return frame
