"""The parent's end of one engine child: requests, deadlines, the shared bytes. It lives once and dies once."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from forge_desktop.base.child import ChildDied, ChildProcess, Frame
from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.base.frames import Garbled
from forge_desktop.engine.errors import trouble
from forge_desktop.engine.memory_kills import RAN_OUT, memory_kills, worded
from forge_desktop.engine.records import AdapterSpec, PromptMessage, PromptPart, StudentSpec
from forge_desktop.engine.records_plan import Device, Loaded, Pack, Plan, PlanWish
from forge_desktop.engine.shapes import fits
from forge_desktop.engine.shared_bytes import SharedBytes
from forge_desktop.engine.vigil import Limits, Vigil

_TICK = 0.05
_FINAL = (
    "hello", "packs", "devices", "planned", "tuned", "loaded", "rendered", "tried", "counted", "worn", "done", "paused",
    "error",
)  # fmt: skip


@dataclass(frozen=True)
class Wish:
    """How a student is to be loaded: the settings that need a fresh child when they change."""

    plan: PlanWish
    threads: int


class Lost(Exception):  # noqa: N818 - the engine decides what it means
    """The child is gone. `what` continues "The student's process …"; `crash` tells a crash from a kill.

    `stopping`: it was already told to stop, so nobody misses the rest. `garbled`: it wrote what is no frame.
    """

    def __init__(
        self,
        what: str,
        *,
        code: int | None = None,
        lines: Sequence[str] = (),
        stopping: bool = False,
        garbled: bool = False,
    ) -> None:
        super().__init__(what)
        self.what, self.code, self.lines, self.stopping = what, code, list(lines), stopping
        self.case = "PROTOCOL.garbled" if garbled else "ENGINE_CRASH"

    @property
    def crash(self) -> bool:
        """Whether the process faulted by itself: a wrong instruction, a bad address, an abort."""
        if self.code is None:
            return False
        faults = {signal.SIGSEGV, signal.SIGILL, signal.SIGABRT, signal.SIGFPE}
        if sys.platform != "win32":
            faults |= {signal.SIGBUS}
        return -self.code in faults or self.code > 0xC000_0000

    @property
    def starved(self) -> bool:
        """Whether the system ended it because memory ran out."""
        return self.what == RAN_OUT

    @property
    def illegal(self) -> bool:
        """Whether it met an instruction that this processor does not have."""
        return self.code in (-signal.SIGILL, 0xC000_001D)


class TemplateStuck(Exception):  # noqa: N818 - worded by the engine, which knows the student's name
    """The chat template did not come to an end; the child was killed."""


class RunningChild:
    """One engine child from start to end. Only one thread at a time may ask; any thread may `kill`.

    `on_end` is called when the child ended without having been killed from here, on the thread that reads its output.
    """

    def __init__(
        self, *, command: Sequence[str] | None, limits: Limits, on_end: Callable[[RunningChild], None]
    ) -> None:
        self.limits = limits
        self._aside: dict[str, list[Any]] = {"abandoned": [], "forgotten": []}  # told with the next request
        self.spec: StudentSpec | None = None
        self.adapter: AdapterSpec | None = None  # what is on it now
        self.wish: Wish | None = None
        self.hello: Frame = {}
        self.devices: list[Device] = []
        self.packs: list[Pack] = []
        self.plan: Plan | None = None
        self.facts: Frame = {}
        self.note = ""  # a sentence when it does not run as it was planned
        self.lost = False  # the keeper's mark: it died while it was the one in use
        self._dismissed = False
        self._on_end = on_end
        self._vigil = Vigil(limits)
        self._kills = memory_kills()
        self._made = threading.Event()  # it may end before its constructor has returned
        try:
            self._bytes = SharedBytes()
            try:
                self._child = ChildProcess(
                    "engine",
                    environment=_large_pages(),
                    command=command,
                    on_end=self._ended_by_itself,
                    aside=self._set_aside,
                )
            except OSError:
                self._bytes.close()
                raise
        except OSError as error:
            raise trouble("ENGINE_CRASH.spawn", what=error.strerror or error) from error
        self._made.set()

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._child.pid

    @property
    def ended(self) -> bool:
        """Whether the process is gone."""
        return self._child.exit_code is not None

    @property
    def loaded(self) -> bool:
        """Whether the student is in it."""
        return bool(self.facts)

    @property
    def end(self) -> str:
        """How it ended, in words."""
        return worded(self._child.end, self._child.exit_code, self._kills)

    def standing(self) -> Loaded | None:
        """What it holds and how it computes, once the student is in it."""
        if not self.facts:
            return None
        return Loaded(
            pid=self.pid,
            build=str(self.hello["build"]),
            device=self.facts["device"],
            context=self.facts["context"],
            sequences=self.plan.sequences if self.plan is not None else 1,
            gpu_layers=self.facts.get("offloaded", 0),
            layers=self.facts.get("layers", 0) or (self.plan.layers if self.plan is not None else 0),
            threads=self.facts.get("threads", 0),
            buffers=self.facts.get("buffers", {}),
            devices=tuple(self.devices),
            note=self.note,
        )

    def start(self) -> None:
        """Wait for the hello: the child stands and has its native library. Raises Lost."""
        self.hello = self._ask(
            {"op": "hello", "flag": str(self._bytes.path), "beat": self.limits.beat}, self.limits.start
        )
        if sys.platform != "win32":
            self._bytes.unlink()

    def ask(
        self,
        request: Frame,
        silence: float,
        on_frame: Callable[[Frame], None] | None = None,
        check: Callable[[], None] | None = None,
    ) -> Frame:
        """One request and the frame that ends it, for what is not an answer. Raises ForgeError, Lost."""
        return self._ask(request, silence, on_frame=on_frame, check=check)

    def render(self, messages: Sequence[PromptMessage], *, template: str = "", marks: bool = False) -> Frame:
        """The prompt after the chat template, or after the one given. Raises TemplateStuck, ForgeError, Lost."""
        request = {"op": "render", "messages": plain(messages), "template": template, "marks": marks}
        return self._ask(request, self.limits.silence, template=True)

    def try_template(self, source: str, messages: Sequence[PromptMessage]) -> None:
        """Render messages by a template; no student is needed. Raises TemplateStuck, ForgeError, Lost."""
        self._ask({"op": "template", "source": source, "messages": plain(messages)}, self.limits.silence, template=True)

    def wear(self, adapter: AdapterSpec | None) -> None:
        """Have it answer with this adapter, or without any; what it knows of conversations stays with the adapter it
        was computed with. Raises ForgeError, and leaves it as it was; Lost.
        """
        self._ask({"op": "adapter", "adapter": adapter_order(adapter)}, self.limits.load)
        self.adapter = adapter

    def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text."""
        counted: list[int] = self._ask({"op": "count", "texts": list(texts)}, self.limits.silence)["tokens"]
        return counted

    def work(self, request: Frame, on_frame: Callable[[Frame], None], check: Callable[[], None]) -> Frame:
        """Ask for something that takes its time: its frames go to `on_frame`, the final one is returned.

        When `check` or `on_frame` raises Cancelled the child is told to stop, and the final frame says so.
        """
        return self._ask(
            request,
            self.limits.silence,
            template="messages" in request or "items" in request,
            on_frame=on_frame,
            check=check,
        )

    def give_way(self, wanted: bool) -> None:
        """Tell background work to let a person's request go first. From any thread."""
        self._bytes.give_way(wanted)

    def halve_threads(self, halved: bool) -> None:
        """Compute with half the threads from the next token on, or with all that were loaded with. From any thread."""
        self._bytes.threads(max(1, self.facts.get("threads", 2) // 2) if halved else 0)

    def abandon(self, number: int) -> None:
        """Paused work that nobody waits for any more; the child hears of it with the next request."""
        self._aside["abandoned"].append(number)

    def forget(self, conversations: Sequence[str]) -> None:
        """Conversations of which nothing is to be kept; the child hears of it with the next request."""
        self._aside["forgotten"] += conversations

    def kill(self) -> None:
        """End it now, wait until it is gone, and let go of everything. Safe from any thread, and twice."""
        self._dismissed = True
        self._child.kill()
        self._bytes.close()

    def _set_aside(self, frame: Frame) -> bool:
        if not fits(frame):
            raise Garbled
        return self._vigil.beat(frame)

    def _ended_by_itself(self) -> None:
        self._made.wait()
        if not self._dismissed:
            self._on_end(self)

    def _ask(
        self,
        request: Frame,
        silence: float,
        *,
        template: bool = False,
        on_frame: Callable[[Frame], None] | None = None,
        check: Callable[[], None] | None = None,
    ) -> Frame:
        self._bytes.stop(False)
        self._vigil.begin(silence)
        stopping = False
        aside = {name: values for name, values in self._aside.items() if values}
        self._aside = {"abandoned": [], "forgotten": []}
        try:
            self._child.send({**request, **aside})
            while True:
                frame = self._child.receive(_TICK)
                if frame is not None:
                    if frame["ev"] in _FINAL:
                        return _final(frame)
                    self._vigil.hear(rendering=template and frame["ev"] == "started")
                try:
                    if frame is not None and on_frame is not None:
                        on_frame(frame)
                    if check is not None and not stopping:
                        check()
                except Cancelled:
                    stopping = True
                    self._bytes.stop(True)
                    self._vigil.stop()
                if hung := self._vigil.verdict():
                    if self._vigil.rendering:
                        raise TemplateStuck
                    raise Lost(hung, stopping=stopping)
        except ChildDied as death:
            raise Lost(
                worded(str(death), death.code, self._kills),
                code=death.code,
                lines=death.last_lines,
                stopping=stopping,
                garbled=death.garbled,
            ) from death
        except ForgeError:
            raise
        except BaseException:
            self.kill()  # it may still be at work on a request that nobody waits for
            raise


def _final(frame: Frame) -> Frame:
    if frame["ev"] == "error":
        raise ForgeError(
            frame["message"], hint=frame["hint"], code=frame.get("code", ""), action=frame.get("action", "")
        )
    return frame


def adapter_order(adapter: AdapterSpec | None) -> Frame | None:
    """An adapter as it travels to the child."""
    return None if adapter is None else {"path": adapter.path, "sha256": adapter.sha256, "scale": adapter.scale}


def plain(messages: Sequence[PromptMessage]) -> list[Any]:
    """Messages as they travel to the child."""
    return [[message.role, [_part(part) for part in message.parts]] for message in messages]


def _part(part: PromptPart) -> list[Any]:
    return [part.text, part.trusted, list(part.tokens)] if part.tokens else [part.text, part.trusted]


def _large_pages() -> dict[str, str]:
    """Has the C library ask for large pages, where the system gives them to whoever asks: a dead child's memory, which
    Linux frees before anyone learns of the death, is then freed in a fifth of the time, and a load takes less too.
    """
    if not sys.platform.startswith("linux"):
        return {}
    wanted = [os.environ.get("GLIBC_TUNABLES", ""), "glibc.malloc.hugetlb=1"]
    return {"GLIBC_TUNABLES": ":".join(filter(None, wanted))}
