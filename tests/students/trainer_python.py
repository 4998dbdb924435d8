"""The interpreter with torch for the trainer's tests: the one dev.py made, or what FORGE_TRAINER_PYTHON names."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def trainer_python() -> Path:
    """Its path. Without one the test is skipped with the reason; in CI it fails."""
    if named := os.environ.get("FORGE_TRAINER_PYTHON"):
        return Path(named)
    made = ROOT / ".venv-trainer" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if made.is_file():
        return made
    reason = os.environ.get("FORGE_TRAINER_MISSING") or (
        "There is no Python with torch: dev.py test makes one, FORGE_TRAINER_PYTHON names one."
    )
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
