"""An answer while it is being written: announced piece by piece, stored as it grows."""

from __future__ import annotations

import time

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import AnswerDelta, Events
from forge_desktop.chat.circles import circle_begins
from forge_desktop.chat.rows import Task
from forge_desktop.chat.store import ChatStore

_SAVE_EVERY = 0.2  # seconds; what is on the screen is on the disk a quarter of a second later
_SAVE_AGAIN = 2.0  # seconds until the next try after the disk refused
_THOUGHT_TAIL, _THOUGHT_CIRCLE = 6000, 1200  # characters: a thought may come back to a sentence, but not for so long
_LOOK_EVERY = 0.5  # seconds between two looks whether the student repeats itself


class Draft:
    """The text of an answer while it arrives: announced at once, stored at least every 250 ms."""

    def __init__(self, store: ChatStore, events: Events, task: Task, notice: str) -> None:
        self._store, self._events, self._task = store, events, task
        self._saved, self._next_save, self._next_look = ("", ""), 0.0, 0.0
        self._thinks_since: float | None = None
        self.text = self.thinking = ""
        self.thought_circles = False
        self.thought_ms = 0.0  # how long it thought before its answer began
        self.circle: int | None = None  # where the student's own text began to repeat itself, once that was noticed
        if notice:
            self.add(f"{notice}\n\n")
        self._own = len(self.text)  # the student's own text begins here

    def add(self, text: str) -> None:
        """A piece the student just wrote."""
        self._stop_thinking()
        self.text += text
        self._events.publish(AnswerDelta(self._task.conversation_id, self._task.message_id, text))
        self.keep()

    def think(self, text: str) -> None:
        """A piece of what the student thinks before it answers."""
        if self._thinks_since is None:
            self._thinks_since = time.monotonic()
        self.thinking += text
        self._events.publish(AnswerDelta(self._task.conversation_id, self._task.message_id, text, thinking=True))
        self.keep()

    def end(self) -> None:
        """Nothing more comes."""
        self._stop_thinking()

    def _stop_thinking(self) -> None:
        if self._thinks_since is not None:
            self.thought_ms += 1000 * (time.monotonic() - self._thinks_since)
            self._thinks_since = None

    def keep(self) -> None:
        """Store what is new when it is time. A disk that is full now may have room later: the end tries again."""
        now, written = time.monotonic(), (self.text, self.thinking)
        if written == self._saved or now < self._next_save:
            return
        try:
            self._store.save_text(self._task.message_id, *written)
            self._saved, self._next_save = written, now + _SAVE_EVERY
        except ForgeError:
            self._next_save = now + _SAVE_AGAIN

    def runs_in_circles(self) -> bool:
        """Whether the answer, or the thought before it, has begun to repeat itself; looks twice a second."""
        now = time.monotonic()
        if now < self._next_look:
            return False
        self._next_look = now + _LOOK_EVERY
        self.circle = circle_begins(self.text[self._own :])
        if self._thinks_since is not None:
            tail = self.thinking[-_THOUGHT_TAIL:]
            begins = circle_begins(tail)
            self.thought_circles = begins is not None and len(tail) - begins > _THOUGHT_CIRCLE
        return self.circle is not None or self.thought_circles
