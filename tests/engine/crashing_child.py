"""An engine child that crashes while it decodes for the first time, unless it was told to load more carefully.

`always` crashes whatever it is told; `repacked` only with repacked weights, as a miscompiled kernel would; `broken`
does not even start; `killed` dies like a process that the system took to free memory; `pack` when a backend pack is
loaded; `waits` never gets on.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import Any

from forge_desktop.base.child import ChildEnd

END = ChildEnd()

from forge_desktop.engine.child import model, serve  # noqa: E402 - as the real child does


class Crashing(model.Model):
    """The real model, with a trap in its self-test."""

    def __init__(self, path: str, *, extra_bufts: bool, **rest: Any) -> None:
        self._extra = extra_bufts
        super().__init__(path, extra_bufts=extra_bufts, **rest)

    def self_test(self, context: Any) -> None:
        if sys.argv[1] == "waits":
            ctypes.CDLL(None).sleep(1000)
        if sys.argv[1] == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if (self._extra and sys.argv[1] == "repacked") or sys.argv[1] == "always":
            os.kill(os.getpid(), signal.SIGILL)
        super().self_test(context)


def _deadly(*_: object) -> str:
    os.kill(os.getpid(), signal.SIGSEGV)
    return ""


if sys.argv[1] == "pack":
    serve.packs.load_pack = _deadly
if sys.argv[1] == "broken":
    raise SystemExit("no engine here")
serve.Model = Crashing  # type: ignore[misc]
serve.Server(END).run()
