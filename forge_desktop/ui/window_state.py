"""What the window remembers between starts: place, theme, pane in front. One small file, never fatal."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass
from pathlib import Path

from forge_desktop.base.paths import write_atomically

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class WindowState:
    """`geometry` is Qt's own description in hexadecimal, empty before the first closing.

    `theme` is the setting's value at the last closing, for the first paint, when the settings are not yet read.
    """

    geometry: str = ""
    pane: str = ""
    theme: str = "system"

    @classmethod
    def load(cls, path: Path) -> WindowState:
        """What was saved; the defaults when there is nothing or nothing readable."""
        try:
            stored = json.loads(path.read_bytes())
            state = cls(str(stored["geometry"]), str(stored["pane"]), str(stored.get("theme", "system")))
            bytes.fromhex(state.geometry)
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            log.info("window state unreadable: %s", type(error).__name__)
            return cls()
        return state

    def save(self, path: Path) -> None:
        """Store; a full disk costs only the memory of the window's place."""
        try:
            write_atomically(path, json.dumps(asdict(self)).encode())
        except OSError as error:
            log.info("window state not saved: %s", error)
