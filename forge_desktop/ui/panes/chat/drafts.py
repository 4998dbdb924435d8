"""Unsent questions, one a conversation, kept in a small file so that a restart does not lose them."""

from __future__ import annotations

import json
import logging
from pathlib import Path

from forge_desktop.base.paths import write_atomically

log = logging.getLogger(__name__)

NEW = 0  # the conversation that does not exist yet
_LONGEST = 200_000


class Drafts:
    """What is in the composer of each conversation. `save` may run in a job; losing the file loses only drafts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._texts: dict[int, str] = {}
        try:
            stored = json.loads(path.read_bytes())
            self._texts = {int(key): str(text)[:_LONGEST] for key, text in stored.items() if str(text)}
        except FileNotFoundError:
            pass
        except (OSError, ValueError, AttributeError, RecursionError) as error:
            log.info("drafts unreadable: %s", type(error).__name__)

    def get(self, conversation_id: int | None) -> str:
        """The draft of a conversation, empty without one."""
        return self._texts.get(conversation_id or NEW, "")

    def keep(self, conversation_id: int | None, text: str) -> None:
        """Remember; an empty text forgets."""
        if text.strip():
            self._texts[conversation_id or NEW] = text[:_LONGEST]
        else:
            self._texts.pop(conversation_id or NEW, None)

    def copy(self) -> dict[int, str]:
        """What `save` stores, taken on the window's thread."""
        return dict(self._texts)

    def save(self, texts: dict[int, str]) -> None:
        """Store; a full disk costs only the drafts."""
        try:
            write_atomically(self._path, json.dumps(texts).encode())
        except OSError as error:
            log.info("drafts not saved: %s", error)
