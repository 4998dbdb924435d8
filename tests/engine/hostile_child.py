"""The real engine child, except that once, at its first piece of an answer, it does what its first argument says.

The second argument is a file that is made then: the next child behaves.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import struct
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from forge_desktop.base.child import ChildEnd
from forge_desktop.base.frames import frame_bytes

END = ChildEnd()

from forge_desktop.engine.child import native, serve  # noqa: E402 - as the real child does

C = ctypes.CDLL(None)  # lets go of the interpreter's lock during a call
C_LOCKED = ctypes.PyDLL(None)  # does not


def raw(content: bytes) -> None:
    END._out.write(content)


def flood() -> None:
    """What native libraries do: text through C's buffer and past it, to both outputs, without line ends too."""
    for number in range(200):
        C.puts(b"ggml_native: a line on standard output, through C's own buffer")
        C.printf(b"%s", b"half a line ")
        os.write(1, b'\x00\x00\x00\x02{}{"ev":"done"}' * 20)
        os.write(2, b"\xff\xfe noise " * (1 + number % 3))
    C.fflush(None)
    os.write(2, b"x" * 3_000_000)


def compute() -> None:
    """One long step that only computes, for about two seconds."""
    end = time.monotonic() + 1.8
    while time.monotonic() < end:
        hashlib.pbkdf2_hmac("sha256", b"", b"", 100_000)


def ggml_abort() -> None:
    ctypes.CDLL(str(Path(str(native.llama._base_path)) / "libggml-base.so.0")).ggml_abort(
        b"x.c", 1, b"%s", b"on purpose"
    )


ACTS: dict[str, Callable[[], object]] = {
    "sleeps": lambda: C.sleep(1000),
    "locks": lambda: C_LOCKED.sleep(1000),
    "spins": lambda: hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1),
    "takes its time": compute,
    "prints": flood,
    "no frame": lambda: raw(b"ggml_abort: this is no frame"),
    "600 MB": lambda: raw(struct.pack(">I", 600_000_000)),
    "no event": lambda: raw(frame_bytes({})),
    "wrong event": lambda: raw(frame_bytes({"ev": "text", "text": 7, "tokens": None})),
    "reads address 0": lambda: ctypes.string_at(0),
    "aborts": ggml_abort,
    "leaves": lambda: os._exit(0),
}


def act() -> None:
    if not Path(sys.argv[2]).exists():
        Path(sys.argv[2]).touch()
        ACTS[sys.argv[1]]()


def send(frame: Mapping[str, Any], plain: Callable[[Mapping[str, Any]], None] = END.send) -> None:
    plain(frame)
    if frame.get("ev") == "text":
        act()


END.send = send  # type: ignore[method-assign]
serve.Server(END).run()
