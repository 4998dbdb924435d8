"""Requests to the loaded child, in turns: short ones, and long ones that may be interrupted by a person's."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

from forge_desktop.base.child import Frame
from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.engine.errors import trouble
from forge_desktop.engine.idle import WhenIdle
from forge_desktop.engine.keeper import Keeper
from forge_desktop.engine.kept import Kept
from forge_desktop.engine.running import Lost, RunningChild, TemplateStuck
from forge_desktop.engine.turns import Turns
from forge_desktop.engine.vigil import Limits


class Talk:
    """The one way to the child of a keeper. Safe from any thread; one request at a time, others wait."""

    def __init__(self, keeper: Keeper, limits: Limits, kept: Kept, *, idle: float) -> None:
        self._keeper, self._limits, self._kept = keeper, limits, kept
        self.turns = Turns()
        self._idle = WhenIdle(idle, self.keep)

    @contextlib.contextmanager
    def short(self, check: Callable[[], None], template: str = "") -> Iterator[RunningChild]:
        """A ready child for one short request; a death in it is worded as ForgeError."""
        with self.turns.taking(check):
            child = self._keeper.ready(check)
            try:
                yield child
            except Lost as lost:
                self._keeper.lose(child, lost.what)
                raise trouble(lost.case, what=lost.what) from lost
            except TemplateStuck as stuck:
                raise self._stuck(child, template) from stuck

    def long(
        self,
        request: Frame,
        on_frame: Callable[[RunningChild, Frame], None],
        check: Callable[[], None],
        *,
        begin: Callable[[RunningChild], None] = lambda _: None,
    ) -> Frame:
        """The final frame of a request that takes its time. `begin` is told the child before it is asked.

        With `background` in the request it gives way to every request that has not, and goes on after it. When `check`
        or `on_frame` raises Cancelled the child is told to stop, and the final frame says so; while it waits for its
        turn, Cancelled is raised. Raises ForgeError, and Lost once the keeper knows of the death.
        """
        background = bool(request.get("background"))
        with self.turns.taking(check, background=background):
            child = self._keeper.ready(check)
            begin(child)
            frame = self._ask(child, request, on_frame, check, background)
        self._idle.touch()
        while frame["ev"] == "paused":
            number = frame["id"]
            try:
                with self.turns.taking(check, background=True):
                    if self._keeper.ready(check) is not child:
                        raise Lost(child.end, code=None)
                    frame = self._ask(child, {"op": "resume", "id": number}, on_frame, check, background)
            except Cancelled:
                child.abandon(number)
                raise
        return frame

    def keep(self, patience: float = 60.0) -> None:
        """Have the conversations that a loaded child holds saved, unless that takes longer. Loads nothing, and does
        nothing while somebody is at work: the end of that comes here again.
        """
        if not self.turns.idle():
            return
        until = time.monotonic() + patience

        def check() -> None:
            if time.monotonic() > until:
                raise Cancelled

        frame: Frame = {"op": "keep", "background": True}
        with contextlib.suppress(Cancelled, Lost, ForgeError):
            while frame["op"]:
                with self.turns.taking(check, background=True):
                    child = self._keeper.loaded()
                    if child is None or not (order := self._kept.order(child)):
                        return
                    with self.turns.interruptible(child.give_way):
                        done = child.work({**frame, "kv": order}, self._sorted(child, _unheard), check)
                frame = {"op": "resume" if done["ev"] == "paused" else "", "id": done.get("id")}

    def close(self) -> None:
        """Nothing is done by itself any more."""
        self._idle.close()

    def _sorted(self, child: RunningChild, on_frame: Callable[[RunningChild, Frame], None]) -> Callable[[Frame], None]:
        """Frames about kept files go where they belong, all others to `on_frame`."""

        def take(frame: Frame) -> None:
            if frame["ev"] in ("kept", "dropped"):
                self._kept.note(frame)
            else:
                on_frame(child, frame)

        return take

    def _ask(
        self,
        child: RunningChild,
        request: Frame,
        on_frame: Callable[[RunningChild, Frame], None],
        check: Callable[[], None],
        background: bool,
    ) -> Frame:
        way = self.turns.interruptible(child.give_way) if background else contextlib.nullcontext()
        rate: float | None = None
        self._keeper.show(child, "busy")
        try:
            with way:
                frame = child.work(request, self._sorted(child, on_frame), check)
            rate = frame.get("tokens_per_second")
            return frame
        except TemplateStuck as stuck:
            raise self._stuck(child, request.get("template", "")) from stuck
        except Lost as lost:
            self._keeper.lose(child, lost.what)
            raise
        finally:
            self._keeper.show(child, "ready", rate=rate)  # without effect on a child that is gone

    def _stuck(self, child: RunningChild, template: str) -> ForgeError:
        """End a child whose template does not come to an end; the error to raise."""
        self._keeper.discard(child)
        if template:
            return trouble("TEMPLATE_TIMEOUT.own", seconds=self._limits.template)
        name = child.spec.name if child.spec else "this student"
        return trouble("TEMPLATE_TIMEOUT", name=name, seconds=self._limits.template)


def _unheard(_child: RunningChild, _frame: Frame) -> None:
    """Nobody listens."""
