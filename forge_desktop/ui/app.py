"""The window's process: what it needs is checked and worded first, then Qt is imported and the window runs."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

from forge_desktop.base.errors import ForgeError

# Qt's X11 plugin aborts the whole process, with a message nobody understands, when one of these is missing.
_X11_LIBRARIES = {
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
}
_ALWAYS = "libgl1 libegl1 libglib2.0-0 libfontconfig1 libxkbcommon0 libdbus-1-3"


def run(data_dir: Path) -> int:
    """Open the window on a data directory and return the exit status when it is closed.

    A second start for the same directory raises the first window and returns 0. Raises ForgeError when there is no
    display or a system library that Qt needs is missing.
    """
    _require_display()
    _require_libraries()
    try:
        from forge_desktop.ui.session import Session
    except ImportError as error:
        raise _missing(str(error)) from error
    return Session(data_dir).run()


def _require_display() -> None:
    if sys.platform in ("win32", "darwin") or os.environ.get("QT_QPA_PLATFORM"):
        return
    if not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
        raise ForgeError(
            "There is no display to open a window on.",
            hint="Every job also runs without one: try forge-desktop tour, or forge-desktop --help.",
        )


def _require_libraries() -> None:
    on_x11 = sys.platform.startswith("linux") and not os.environ.get("WAYLAND_DISPLAY")
    chosen = os.environ.get("QT_QPA_PLATFORM", "xcb")
    if not on_x11 or not chosen.startswith("xcb") or getattr(sys, "frozen", False):
        return
    missing = []
    for library, package in _X11_LIBRARIES.items():
        try:
            ctypes.CDLL(library)
        except OSError:
            missing.append(package)
    if missing:
        raise ForgeError(
            f"The window needs system libraries that are not installed: {', '.join(missing)}.",
            hint=f"On Debian or Ubuntu: sudo apt-get install {' '.join(missing)}",
        )


def _missing(reason: str) -> ForgeError:
    if ".so" in reason and "cannot open shared object" in reason:
        return ForgeError(
            f"The window needs a system library that is not installed: {reason.split(':')[0]}.",
            hint=f"On Debian or Ubuntu: sudo apt-get install {_ALWAYS}",
        )
    return ForgeError(
        f"The window's toolkit cannot be loaded: {reason}.", hint="Run packaging/dev.py setup again, or reinstall."
    )
