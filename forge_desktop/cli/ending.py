"""How a verb ends by a signal: a request to end (SIGTERM) stops it in order, just as Ctrl+C does."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

INTERRUPTED, TERMINATED = 130, 143  # 128 and the number of the signal, as shells have it


class Ending:
    """Which signal asked for the end."""

    def __init__(self) -> None:
        self.terminated = False

    def status(self, status: int) -> int:
        """The exit status, which tells the two apart."""
        return TERMINATED if status == INTERRUPTED and self.terminated else status

    def _on_terminate(self, _number: int, _frame: FrameType | None) -> None:
        self.terminated = True
        raise KeyboardInterrupt


@contextlib.contextmanager
def asked_to_end() -> Iterator[Ending]:
    """Until the block ends, SIGTERM raises KeyboardInterrupt; where it is ignored it stays so."""
    ending = Ending()
    mine = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGTERM) if mine else signal.SIG_IGN
    if before is signal.SIG_IGN or before is None:
        yield ending
        return
    signal.signal(signal.SIGTERM, ending._on_terminate)
    try:
        yield ending
    finally:
        signal.signal(signal.SIGTERM, before)
