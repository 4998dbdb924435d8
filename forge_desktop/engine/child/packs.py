"""Backend packs: GPU modules of ggml, loaded at run time into the registry that libllama itself looks at."""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Sequence

from forge_desktop.engine.child.devices import devices, libraries
from forge_desktop.engine.child.native import NativeLog

_KEPT: list[ctypes.CDLL] = []  # libraries a module needs stay loaded as long as the process lives


def load_pack(path: str, needed: Sequence[str], log: NativeLog) -> tuple[str, bool]:
    """Load a module, after the libraries it needs. Returns why it is of no use, or "" when it brought a GPU; and
    whether it only has nothing to do here, for want of a GPU or a driver.

    The parent has checked the files' sha256. A module that kills this process is the parent's to remember.
    """
    if (both := libraries()) is None:
        return "This build of llama.cpp cannot load backend packs.", False
    log.clear()
    before = {device.name for device in devices()}
    for library in needed:
        with contextlib.suppress(OSError):  # the module says better what it misses
            _KEPT.append(ctypes.CDLL(library, mode=ctypes.RTLD_GLOBAL))
    if not both[0].ggml_backend_load(path.encode("utf-8", "surrogateescape")):
        reason = log.reason() or "llama.cpp gave no reason"
        driverless = "cannot open shared object" in reason or "returned NULL" in reason
        return f"It could not be loaded: {reason}.", driverless
    if not {device.name for device in devices()} - before:
        reason = log.reason()
        return f"It found no GPU it can use{f': {reason}' if reason else ''}.", True
    return "", False
