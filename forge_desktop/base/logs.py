"""Where warnings go: a rotating file in the data directory, once it is ours. Never stderr, which people read."""

from __future__ import annotations

import logging
import logging.handlers
from pathlib import Path

from forge_desktop.base.redacting import without_secrets

logging.getLogger("forge_desktop").addHandler(logging.NullHandler())  # else warnings before that go to stderr


class Discreet(logging.Formatter):
    """Writes a record, its traceback included, without any key."""

    def format(self, record: logging.LogRecord) -> str:
        """The finished text, filtered last, so that nothing in it can go around."""
        return without_secrets(super().format(record))


class LogFile(logging.handlers.RotatingFileHandler):
    """Rotating; a line that cannot be written, as on a full disk, is left out."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name that logging calls
        """Say nothing: the traceback would stand on stderr, among what people and programs read."""


def start_logging(directory: Path, *, verbose: bool = False) -> None:
    """Log to `directory`/logs/forge.log (1 MB, three kept). Document text and prompts are never logged."""
    folder = directory / "logs"
    folder.mkdir(exist_ok=True, mode=0o700)
    (folder / "forge.log").touch(mode=0o600)  # file names are private too
    handler = LogFile(
        folder / "forge.log", maxBytes=1_000_000, backupCount=3, encoding="utf-8", errors="backslashreplace"
    )
    handler.setFormatter(Discreet("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger("forge_desktop")
    root.setLevel(logging.DEBUG if verbose else logging.INFO)
    root.addHandler(handler)
