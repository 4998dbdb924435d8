"""How long opening a card keeps the window: `python -m forge_desktop.bench cards [--rows 200] [--json]`.

The window is a program of its own, without a screen unless there is one. What is counted is the processor time of the
window's thread from the wish to open the card until list, form and preview stand; and the longest it was busy at once.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from typing import Any

from forge_desktop.base.errors import ForgeError

_WINDOW = """
import json, sys, time
from pathlib import Path
from PySide6.QtWidgets import QApplication
from forge_desktop.forge import Forge
from forge_desktop.ui import theme
from forge_desktop.ui.application import application
from forge_desktop.ui.bridge import Bridge
from forge_desktop.ui.crash import CrashReports
from forge_desktop.ui.shell import Shell

folder, rows, rounds = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
app = application()
forge = Forge(folder, holder="a benchmark")
uid = next(entry.uid for entry in forge.cards.entries() if entry.kind == "student")
other = forge.cards.new("student", "Another one").uid
lines = [
    {"task": "question-answering", "dataset": f"suite-{n // 5}", "metric": f"metric {n % 5}", "value": n / rows,
     "n": 220, "baseline": 0.5, "difference": 0.1, "low": 0.02, "high": 0.18, "date": "2026-11-12", "source": "gate"}
    for n in range(rows)
]
forge.cards.set(uid, "evaluation", lines)
theme.apply(app, "light")
bridge = Bridge(forge.events)
shell = Shell(forge.data_dir, CrashReports(forge.data_dir, bridge))
shell.furnish(forge, bridge)
shell.show()
shell.resize(1360, 860)
pane = shell.visit("cards")

def turn(busy):
    began = time.thread_time()
    app.processEvents()
    busy.append(time.thread_time() - began)
    time.sleep(0.001)

def settled(name):
    view = pane.desk.view
    waits = pane.editor.preview.awaits() or pane.editor.form._later.isActive()
    return view is not None and view.card.uid == name and not waits

def opening(name):
    busy, quiet = [], 0
    began = time.thread_time()
    pane.open_card(name)
    busy.append(time.thread_time() - began)
    while quiet < 40:
        turn(busy)
        quiet = quiet + 1 if settled(name) and not pane.errands._running else 0
    return sum(busy) * 1000, max(busy) * 1000

for _ in range(200):
    turn([])
found = {"first": opening(uid), "later": []}
for _ in range(rounds):
    opening(other)
    found["later"].append(opening(uid))
print(json.dumps(found), flush=True)
shell.close()
bridge.close()
forge.close()
"""


def run(arguments: list[str]) -> int:
    """Measure and print; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m forge_desktop.bench cards", description=__doc__)
    parser.add_argument("--rows", type=int, default=200, help="rows of its evaluation (200)")
    parser.add_argument("--rounds", type=int, default=7, help="how often to open it again (7)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    environment = dict(os.environ)
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        command = [sys.executable, "-c", _WINDOW, folder, str(options.rows), str(options.rounds)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        raise ForgeError("The window could not be measured.", hint=done.stderr[-2000:])
    said = json.loads(done.stdout.splitlines()[-1])
    later = sorted(said["later"])
    found: dict[str, Any] = {
        "platform": environment.get("QT_QPA_PLATFORM", "native"),
        "rows": options.rows,
        "rounds": options.rounds,
        "first_ms": round(said["first"][0], 1),
        "first_longest_ms": round(said["first"][1], 1),
        "again_ms_median": round(later[len(later) // 2][0], 1),
        "again_ms_worst": round(later[-1][0], 1),
        "longest_ms_worst": round(max(longest for _, longest in later), 1),
    }
    print(json.dumps(found) if options.json else "\n".join(f"{key:20} {value}" for key, value in found.items()))
    return 0
