"""The engine child, which dies as a signal asks it to: SIGUSR1 by a bad address, SIGUSR2 by llama.cpp's own abort.

Started in the child's place by the benchmark alone, to see how soon the window learns of each kind of death.
"""

from __future__ import annotations

import ctypes
import signal
import sys
import threading
from pathlib import Path


def main() -> int:
    """Serve as the child does, with a thread that waits for the signals; the others never see them."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1, signal.SIGUSR2})
    threading.Thread(target=_die, daemon=True).start()
    from forge_desktop.engine.child import main as engine_child

    return engine_child()


def _die() -> None:
    if signal.sigwait({signal.SIGUSR1, signal.SIGUSR2}) == signal.SIGUSR1:
        ctypes.string_at(1)
    from forge_desktop.engine.child.native import llama

    library = next(iter(sorted(Path(str(llama._base_path)).glob("libggml-base*"))))
    ctypes.CDLL(str(library)).ggml_abort(b"benchmark", 1, b"asked to")


if __name__ == "__main__":
    sys.exit(main())
