"""The second environment: torch and what else the trainer's tests run with, away from the application's own."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from devtools import environment, locks
from devtools.machine import require_space
from devtools.steps import ROOT, Problem, run, say

VENV = ROOT / ".venv-trainer"
STAMP = VENV / "forge-setup.json"
_SCHEME = "1"  # raise it when the set-up does something new that an existing environment lacks
_FILES = ("trainer", "torch")
_ROOM = 2.0  # GB


def for_tests() -> dict[str, str]:
    """What the tests are told: the interpreter with torch, or why there is none. Says the latter to the person too."""
    try:
        return {"FORGE_TRAINER_PYTHON": str(set_up())}
    except Problem as problem:
        say(f"The trainer's tests cannot run. {problem}")
        return {"FORGE_TRAINER_MISSING": str(problem)}


def set_up() -> Path:
    """Make the environment and return its Python; a fraction of a second when nothing changed. Raises Problem."""
    python = environment.venv_python(VENV)
    if stamped() and environment.works(python):
        return python
    STAMP.unlink(missing_ok=True)
    require_space(ROOT, _ROOM)
    environment.make_venv(VENV)
    requirements = [requirement for name in _FILES for requirement in locks.read(name)]
    say(f"Installing {len(requirements)} locked packages for the trainer's tests, torch among them ...")
    started = time.monotonic()
    path = locks.write(ROOT / "build" / "trainer.txt", requirements)
    run(
        [python, "-m", "pip", "install", "--require-hashes", "--no-deps", "--only-binary", ":all:", "-r", path],
        failed="The packages of the trainer's tests could not be installed.",
    )
    STAMP.write_text(json.dumps(stamp_key()), encoding="utf-8")
    say(f"  installed in {time.monotonic() - started:.0f} s")
    return python


def stamp_key() -> str:
    """What an up-to-date environment was made from."""
    version = ".".join(map(str, sys.version_info[:2]))
    return locks.digest(_SCHEME, str(ROOT), version, *(locks.LOCKS / f"{name}.txt" for name in _FILES))


def stamped(stamp: Path = STAMP) -> bool:
    """Whether the environment is complete and up to date."""
    try:
        return bool(json.loads(stamp.read_text(encoding="utf-8")) == stamp_key())
    except (OSError, ValueError):
        return False
