"""The one child at a time: which student it runs, how it is loaded, what happens when it dies."""

from __future__ import annotations

import copy
import dataclasses
import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor

from forge_desktop.base.child import RestartBudget
from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import EngineChanged, EngineStatus, Events
from forge_desktop.base.settings import SettingsFile
from forge_desktop.engine.errors import trouble
from forge_desktop.engine.layout import Layout
from forge_desktop.engine.loading import NoEngineError, Superseded, UnloadableError, load_student
from forge_desktop.engine.records import EngineState, StudentSpec
from forge_desktop.engine.running import Lost, RunningChild, Wish
from forge_desktop.engine.starting import Starter
from forge_desktop.engine.store import Flags
from forge_desktop.engine.store_crashes import Crashes
from forge_desktop.engine.vigil import Limits

log = logging.getLogger(__name__)

_TICK = 0.05


def nothing() -> None:
    """The check that never stops."""


class Keeper:
    """Keeps a loaded child at hand. Safe from any thread; never holds its lock while it waits, kills or publishes.

    Loading always happens on one thread of its own, so that a restart after a death needs nobody to ask for it and a
    waiting request can be cancelled.
    """

    def __init__(
        self,
        flags: Flags,
        crashes: Crashes,
        events: Events,
        settings: SettingsFile,
        *,
        layout: Layout,
        starter: Starter,
        command: Sequence[str] | None,
        limits: Limits,
        budget: RestartBudget,
        context: int = 0,
    ) -> None:
        self._layout, self._starter, self._context = layout, starter, context
        self._flags, self._crashes, self._events, self._settings = flags, crashes, events, settings
        self._command, self._limits, self._budget = command, limits, budget
        self._lock = threading.RLock()
        self._telling = threading.RLock()
        self._spec: StudentSpec | None = None
        self._check_file: Callable[[], None] = nothing
        self._epoch = 0  # raised by whatever makes a running load or answer unwanted
        self._child: RunningChild | None = None
        self._starting: RunningChild | None = None
        self._loading: Future[None] | None = None
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="forge-engine-load")
        self._closed = self._halved = False
        self._stopped: ForgeError | None = None
        self._status: EngineStatus = "empty"
        self._note = ""
        self._rate: float | None = None

    # -- what a person decides --------------------------------------------------------------------------------------

    def use(self, spec: StudentSpec | None, check_file: Callable[[], None], *, asked: bool) -> None:
        """Keep this student from now on; another one's child is ended, and one of the same base stays: the next request
        changes its adapter. One that crashed is only kept when `asked`: its crashes then count no more.
        """
        if asked and spec is not None:
            self._crashes.clear(spec)
        reason = None if spec is None else self._crashes.reason(spec)
        with self._lock:
            same = spec is not None and self._spec is not None and self._spec.sha256 == spec.sha256
            changed = self._spec != spec
            self._spec, self._check_file = spec, check_file
            if same and changed and self._child is not None and self._status == "empty":
                self._status, self._note = "ready", ""  # what was wrong was the adapter's
        self.forgive()
        if not same or reason is not None:
            self.drop()
        elif changed:
            self._announce()
        if reason is not None:
            self._stop(self._epoch, reason)
            self._announce()

    def forgive(self) -> None:
        """Forget earlier deaths: somebody asked for a fresh try."""
        with self._lock:
            if self._stopped is not None:
                self._stopped, self._status, self._note = None, "empty", ""
            self._budget.reset()

    def drop(self) -> None:
        """Make whatever runs unwanted and end it."""
        with self._lock:
            self._epoch += 1
            children = [self._child, self._starting]
            self._child = self._starting = self._loading = None
            self._status, self._note, self._rate = "empty", "", None
        for child in children:
            if child is not None:
                child.kill()
        self._announce()

    def close(self) -> None:
        """End the child and refuse everything from now on."""
        with self._lock:
            self._closed = True
        self.drop()
        self._pool.shutdown(wait=True, cancel_futures=True)

    # -- what a request needs ---------------------------------------------------------------------------------------

    def ready(self, check: Callable[[], None]) -> RunningChild:
        """The loaded child with its student's adapter on, for whoever has the turn; starts a load when there is none
        and waits for it. Raises ForgeError, and what `check` raises.
        """
        while True:
            check()  # who gave a load up must not begin the next
            with self._lock:
                spec, child, check_file = self._usable_spec(), self._child, self._check_file
                fits = child is not None and not child.ended and child.wish == self._wish(spec)
                if child is not None and fits and child.adapter == spec.adapter:
                    child.spec = spec  # it may have another label
                    return child
                fresh = not fits and self._loading is None
                if fresh:
                    self._begin_loading(spec, "loading")
                loading = self._loading
            if fresh:
                self._announce()
            if child is not None and fits:
                self._change_adapter(child, spec, check_file)
            while not fits and loading is not None:
                check()
                try:
                    loading.result(timeout=_TICK)
                except TimeoutError:
                    continue
                except (Superseded, CancelledError):
                    pass
                break

    def show(self, child: RunningChild, status: EngineStatus, *, note: str = "", rate: float | None = None) -> None:
        """The child works, or is ready again having written `rate` tokens a second."""
        with self._lock:
            if self._child is not child:
                return
            self._status, self._note = status, note
            self._rate = rate or self._rate
        self._announce()

    def lose(self, child: RunningChild, what: str) -> bool:
        """Count a death (once) and start the next child. False when it was ended on purpose. `what` as in Lost."""
        child.kill()
        with self._lock:
            if child is not self._child:
                return child.lost
            child.lost = True
            self._child = None
            log.warning("the engine child %s", what)
            self._restart(what)
            spec = self._spec if self._stopped is not None else None
        self._announce()
        if spec is not None:
            self._crashes.stop(spec, what)
        return True

    def prove(self, child: RunningChild) -> None:
        """It has answered: earlier crashes of its student count no more."""
        if child.spec is not None:
            self._crashes.clear(child.spec)

    def discard(self, child: RunningChild) -> None:
        """End a child that is of no more use; the next request loads again. Not counted as a death."""
        child.kill()
        with self._lock:
            if child is self._child:
                self._child, self._status = None, "empty"
        self._announce()

    def loaded(self) -> RunningChild | None:
        """The child in use, if there is one; nothing is started."""
        with self._lock:
            return self._child if self._child is not None and not self._child.ended else None

    def give_cores(self, away: bool) -> None:
        """Compute with half the threads from the next token on, or with all of them again."""
        with self._lock:
            self._halved = away
            if self._child is not None:
                self._child.halve_threads(away)

    @property
    def child(self) -> RunningChild | None:
        """The loaded child, or None."""
        return self._child

    @property
    def spec(self) -> StudentSpec | None:
        """The student that `use` named."""
        return self._spec

    @property
    def stopped(self) -> str:
        """The sentence that says why no child is started any more, or ""."""
        return self._stopped.message if self._stopped is not None else ""

    def state(self) -> EngineState:
        """What the status bar says."""
        with self._lock:
            facts = self._child.facts if self._child else {}
            worn = self._spec.adapter if self._spec else None
            return EngineState(
                status=self._status,
                model=self._spec.name if self._spec else None,
                model_sha256=self._spec.sha256 if self._spec else None,
                device=facts.get("device"),
                context=facts.get("context"),
                tokens_per_second=self._rate,
                note=self._note or (self._child.note if self._child else ""),
                path=self._spec.path if self._spec else "",
                adapter_sha256=worn.sha256 if worn else "",
                scale=worn.scale if worn else 1.0,
                label=self._spec.label if self._spec else "",
            )

    def _change_adapter(self, child: RunningChild, spec: StudentSpec, check_file: Callable[[], None]) -> None:
        """Put the student's adapter on, or take the one before off. Where that fails the child stays as it is."""
        try:
            check_file()
            child.wear(spec.adapter)
        except Lost as lost:
            if self.lose(child, lost.what):
                raise _deadly(spec, lost) from lost
            return  # ended on purpose
        except ForgeError as error:
            self.show(child, "empty", note=error.message)
            raise
        self.show(child, "ready")

    # -- loading ----------------------------------------------------------------------------------------------------

    def _usable_spec(self) -> StudentSpec:
        if self._closed:
            raise ForgeError("Forge Desktop is closing.", hint="Start it again to continue.")
        if self._spec is None:
            raise ForgeError("There is no student.", hint="Import a GGUF file in Students.")
        if self._stopped is not None:
            raise copy.copy(self._stopped)
        return self._spec

    def _wish(self, spec: StudentSpec) -> Wish:
        wish = self._layout.wish(spec.sha256)
        wish = dataclasses.replace(wish, context=self._context) if self._context else wish
        return Wish(wish, self._settings.values.threads)

    def _restart(self, what: str) -> None:
        """Start the next child, or stop; the lock is held."""
        if self._spec is None or self._closed:
            return
        if self._budget.spend():
            self._begin_loading(self._spec, "restarting")
            self._note = f"The student's process {what}; it is being started again."
            return
        self._status = "stopped"
        self._stopped = trouble("ENGINE_CRASH.often", path=self._spec.path, what=what)
        self._note = self._stopped.message

    def _begin_loading(self, spec: StudentSpec, status: EngineStatus) -> None:
        """Queue a load; the lock is held. A load before it that is no longer wanted ends at once."""
        old, self._child = self._child, None
        self._status, self._note = status, ""
        self._loading = self._pool.submit(self._load, spec, self._wish(spec), self._epoch, old, self._check_file)

    def _load(
        self, spec: StudentSpec, wish: Wish, epoch: int, old: RunningChild | None, check_file: Callable[[], None]
    ) -> None:
        child: RunningChild | None = None
        problem = "The engine failed while loading."
        ended = True  # also when it failed in words; not when the file ended the child, or us
        try:
            if old is not None:
                old.kill()
            check_file()
            self._crashes.begin(spec)
            child = load_student(
                spec,
                wish,
                start=lambda gpu: self._starter.start(lambda: self._spawn(epoch), gpu=gpu),
                layout=self._layout,
                flags=self._flags,
                budget=self._budget,
                wanted=lambda: self._epoch == epoch,
                progress=lambda fraction: self._announce(f"{fraction:.0%}"),
                say=self._announce,
            )
            if spec.adapter is not None:
                child.wear(spec.adapter)
            problem = ""
        except Lost as lost:  # with the adapter: the ladder has no rung for that
            assert child is not None
            child.kill()
            if self._epoch != epoch:
                raise Superseded from lost
            child, error = None, _deadly(spec, lost)
            problem = error.message
            raise error from lost
        except ForgeError as error:
            problem = error.message
            if isinstance(error, UnloadableError):
                ended = isinstance(error, NoEngineError)
                self._stop(epoch, error)
            raise
        finally:
            if ended:
                self._crashes.end(spec)
            self._finish_loading(epoch, child, problem)

    def _finish_loading(self, epoch: int, child: RunningChild | None, problem: str) -> None:
        with self._lock:
            current = self._epoch == epoch
            if current:
                self._starting = self._loading = None
                self._child = child
                if child is not None:
                    child.halve_threads(self._halved)
                    self._status, self._note = "empty" if problem else "ready", problem
                elif self._stopped is None:
                    self._status, self._note = "empty", problem
        if current:
            self._announce()
        elif child is not None:
            child.kill()
        if current and child is not None and child.ended:  # between its last frame and now, when nobody listened
            self.lose(child, child.end)

    def _stop(self, epoch: int, reason: ForgeError) -> None:
        with self._lock:
            if self._epoch == epoch:
                self._status, self._stopped, self._note = "stopped", reason, reason.message

    def _spawn(self, epoch: int) -> RunningChild:
        with self._lock:
            if self._epoch != epoch or self._closed:
                raise Superseded
            self._starting = RunningChild(command=self._command, limits=self._limits, on_end=self._on_end)
            return self._starting

    def _on_end(self, child: RunningChild) -> None:
        child.kill()  # its output ended; wait until the process has too
        self.lose(child, child.end)

    def _announce(self, progress: str = "") -> None:
        with self._telling:  # two at a time could tell the older state last
            with self._lock:
                status, state = self._status, self.state()
            self._events.publish(
                EngineChanged(
                    status,
                    state.model,
                    state.device,
                    state.tokens_per_second,
                    progress or state.note,
                    label=state.label,
                )
            )


def _deadly(spec: StudentSpec, lost: Lost) -> ForgeError:
    """The error for a child that ended when its adapter was changed."""
    if spec.adapter is None:
        return trouble(lost.case, what=lost.what)
    return trouble("ADAPTER_BAD.crash", path=spec.adapter.path, what=lost.what)
