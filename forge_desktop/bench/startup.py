"""How long a person waits for the window: `python -m forge_desktop.bench startup [--json]`.

The window is started as a program of its own, without a screen unless there is one. It says when its first frame is
painted and when the rooms are open; the clock runs from before the process exists.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any

from forge_desktop.base.errors import ForgeError

# The window prints "pane …" by itself when FORGE_SMOKE is set; only the first frame has to be announced here.
_WINDOW = """
import sys
from pathlib import Path
from forge_desktop.ui import session, shell
class Announcing(shell.Shell):
    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.first_painted.connect(lambda: print("painted", flush=True))
session.Shell = Announcing
sys.exit(session.Session(Path(sys.argv[1])).run())
"""


def run(arguments: list[str]) -> int:
    """Measure and print; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m forge_desktop.bench startup", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how often to start (5)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        first = _start(folder)
        later = [_start(folder) for _ in range(options.rounds)]
    found: dict[str, Any] = {
        "platform": _environment().get("QT_QPA_PLATFORM", "native"),
        "rounds": options.rounds,
        "fresh_first_paint_ms": first[0],
        "fresh_rooms_open_ms": first[1],
        "first_paint_ms": round(statistics.median(painted for painted, _ in later), 1),
        "rooms_open_ms": round(statistics.median(opened for _, opened in later), 1),
    }
    print(json.dumps(found) if options.json else "\n".join(f"{key:24} {value}" for key, value in found.items()))
    return 0


def _start(folder: str) -> tuple[float, float]:
    """Milliseconds until the first frame, and until the first pane stands in open rooms."""
    started = time.perf_counter()
    seen: dict[str, float] = {}
    command = [sys.executable, "-c", _WINDOW, folder]
    with (
        tempfile.TemporaryFile("w+") as complaints,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=complaints, text=True, env=_environment()) as process,
    ):
        assert process.stdout is not None
        for line in process.stdout:
            seen.setdefault(line.split()[0], round(1000 * (time.perf_counter() - started), 1))
        if process.wait() != 0 or not {"painted", "pane"} <= seen.keys():
            complaints.seek(0)
            raise ForgeError("The window did not start.", hint=complaints.read()[-2000:])
    return seen["painted"], seen["pane"]


def _environment() -> dict[str, str]:
    environment = {**os.environ, "FORGE_SMOKE": "1"}
    if sys.platform.startswith("linux") and not environment.get("DISPLAY") and not environment.get("WAYLAND_DISPLAY"):
        environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    return environment
