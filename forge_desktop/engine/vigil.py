"""Whether a child that was asked something still lives: told by its frames, its heartbeat and the work it reports."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from forge_desktop.base.child import Frame

BEAT = 2.0  # seconds between two beats of the child
_WORK = 0.05  # seconds of processor time that count as work; the beats themselves take far less
_ASLEEP = 5.0  # seconds in which nobody looked: this computer slept, and so did the child
_GRACE = 6.0  # seconds for a child that was already silent before it was asked


@dataclass(frozen=True)
class Limits:
    """Seconds after which a child counts as hung.

    `start` until it says hello, `template` for rendering the prompt. `silence` without any sign of life, and also
    without any work done; `load` the same while loading. `step` for one step that does nothing but compute: a slow
    part of a large model is no hang. `cancel` after it was told to stop.
    """

    start: float = 60.0
    load: float = 600.0
    template: float = 5.0
    silence: float = 30.0
    step: float = 600.0
    cancel: float = 15.0

    @property
    def beat(self) -> float:
        """How often the child has to give a sign of life."""
        return min(BEAT, self.silence / 5)


class Vigil:
    """Watches one child. `beat` is called by the thread that reads its frames, the rest by the one that asks it."""

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits, self._clock = limits, clock
        self._lock = threading.Lock()
        self._cpu, self._step = 0.0, 0
        self._beat: float | None = None
        self.rendering = False
        self._silence = limits.silence
        self._stopped: float | None = None
        self._heard = self._worked = self._stepped = self._looked = clock()

    def begin(self, silence: float) -> None:
        """A request is sent; `silence` is its limit."""
        with self._lock:
            now = self._clock()
            self._silence, self._stopped, self.rendering = silence, None, False
            self._heard = self._worked = self._stepped = self._looked = now
            if self._beat is not None and now - self._beat > silence:
                self._heard = now - max(0.0, silence - _GRACE)

    def hear(self, *, rendering: bool) -> None:
        """A frame of the request came; `rendering` when the template's turn is next."""
        with self._lock:
            self.rendering = rendering
            self._heard = self._worked = self._stepped = self._clock()

    def stop(self) -> None:
        """It was told to stop."""
        with self._lock:
            self._stopped = self._clock()

    def beat(self, frame: Frame) -> bool:
        """Take a frame when it is a heartbeat, whenever it comes: nobody else has to receive it."""
        if frame.get("ev") != "alive":
            return False
        cpu, step = frame.get("cpu"), frame.get("step")
        with self._lock:
            now = self._beat = self._clock()
            if not self.rendering:
                self._heard = now
                if isinstance(step, int) and step > self._step:
                    self._step, self._worked, self._stepped = step, now, now
                if isinstance(cpu, int | float) and cpu >= self._cpu + _WORK:
                    self._cpu, self._worked = cpu, now
        return True

    def verdict(self) -> str:
        """Why it counts as hung, to continue "The student's process …"; "" while it does not."""
        with self._lock:
            now = self._clock()
            if (gap := now - self._looked) > _ASLEEP:
                self._heard, self._worked, self._stepped = self._heard + gap, self._worked + gap, self._stepped + gap
                self._stopped = None if self._stopped is None else self._stopped + gap
            self._looked = now
            limits, step = self._limits, max(self._limits.step, 3 * self._silence)
            if self._stopped is not None and now - self._stopped > limits.cancel:
                return f"did not stop within {limits.cancel:.0f} seconds"
            if now - self._heard > (limits.template if self.rendering else self._silence):
                return f"gave no sign of life for {self._silence:.0f} seconds"
            if now - self._worked > self._silence:
                return f"did nothing for {self._silence:.0f} seconds"
            return f"was busy with one step for {step:,.0f} seconds" if now - self._stepped > step else ""
