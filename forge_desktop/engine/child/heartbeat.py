"""The sign of life: how much this child has computed, told every few seconds from a thread of its own."""

from __future__ import annotations

import os
import sys
import threading
import time

from forge_desktop.base.child import ChildEnd
from forge_desktop.engine.child.native import steps


def start(end: ChildEnd, seconds: float) -> None:
    """Beat from now on. A beat stops with the process, or when native code holds the interpreter for ever."""
    parent = os.getppid()

    def beat() -> None:
        pause = threading.Event()
        while not pause.wait(seconds):
            if sys.platform != "win32" and os.getppid() != parent:
                os._exit(0)  # should the end of the input not tell: another process could hold the pipe open
            end.send({"ev": "alive", "cpu": time.process_time(), "step": steps.calls})

    threading.Thread(target=beat, daemon=True).start()
