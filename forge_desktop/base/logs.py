"""Where warnings go: a rotating file in the data directory, once it is ours. Never stderr, which people read."""

from __future__ import annotations

import logging
import logging.handlers
from pathlib import Path

logging.getLogger("forge_desktop").addHandler(logging.NullHandler())  # else warnings before that go to stderr


def start_logging(directory: Path, *, verbose: bool = False) -> None:
    """Log to `directory`/logs/forge.log (1 MB, three kept). Document text and prompts are never logged."""
    folder = directory / "logs"
    folder.mkdir(exist_ok=True, mode=0o700)
    (folder / "forge.log").touch(mode=0o600)  # file names are private too
    handler = logging.handlers.RotatingFileHandler(
        folder / "forge.log", maxBytes=1_000_000, backupCount=3, encoding="utf-8", errors="backslashreplace"
    )
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger("forge_desktop")
    root.setLevel(logging.DEBUG if verbose else logging.INFO)
    root.addHandler(handler)
