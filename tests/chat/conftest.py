"""The chat with the rooms it stands on, all real: database, corpus, engine child, starter student."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from forge_desktop.base.errors import Cancelled
from forge_desktop.base.events import AnswerDelta, Event, Events
from forge_desktop.base.jobs import Jobs
from forge_desktop.base.settings import SettingsFile
from forge_desktop.chat import Chat, ChatMessage, Grounding
from forge_desktop.corpus import Corpus
from forge_desktop.engine import Engine, StudentSpec
from forge_desktop.storage import Database

STARTER_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"


class Room:
    """A data directory with everything the chat needs. `deltas` holds the pieces of answers as they were announced."""

    def __init__(self, data_dir: Path, student: Path | None = None, **settings: object) -> None:
        self.events = Events()
        self.settings = SettingsFile(data_dir / "settings.json", self.events)
        if settings:
            self.settings.change(**settings)
        self.db = Database(data_dir / "forge.db")
        self.jobs = Jobs(self.events)
        self.engine = Engine(self.db, self.events, self.settings)
        self.corpus = Corpus(self.db, self.jobs, self.events, self.settings)
        self.chat = Chat(self.db, self.jobs, self.events, self.settings, self.corpus, self.engine)
        if student is not None:
            self.engine.use(StudentSpec("SmolLM2-135M", str(student), STARTER_SHA256))
        self.deltas: list[AnswerDelta] = []
        self.on_delta: Callable[[AnswerDelta], None] = lambda delta: None
        self.events.subscribe(self._on_event)

    def index(self, folder: Path) -> None:
        self.jobs.wait(self.corpus.index([folder]), 120)

    def ask(self, text: str, grounding: Grounding | None = None, conversation: int | None = None) -> ChatMessage:
        """Ask and wait; in a new conversation unless one is given."""
        if conversation is None:
            conversation = self.chat.create()
        return self.answer(self.chat.ask(conversation, text, grounding))

    def answer(self, job_id: int) -> ChatMessage:
        result = self.jobs.wait(job_id, 170)
        assert isinstance(result, int)
        return self.chat.message(result)

    def ended(self, job_id: int) -> str:
        """How a job that was stopped ended."""
        try:
            self.jobs.wait(job_id, 170)
        except Cancelled:
            return "cancelled"
        return "done"

    def close(self) -> None:
        self.jobs.close()
        self.engine.close()
        self.db.close()

    def _on_event(self, event: Event) -> None:
        if isinstance(event, AnswerDelta):
            self.deltas.append(event)
            self.on_delta(event)


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    """A folder with three short documents."""
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "lending.md").write_text(
        "# Lending policy\n\n## How long\n\nHand tools are lent for 14 days. Power tools are lent for 7 days.\n"
        "Tools with red tape are lent for 3 days and only after an induction.\n\n"
        "## Lost tools\n\nFor a lost tool the member pays half of its replacement price, at most 150 crowns.\n"
    )
    (folder / "prices.txt").write_text(
        "Price list 2026\n\nA standard membership costs 36 crowns a year. A household membership costs 54 crowns.\n"
        "The workshop bench costs 4 crowns an hour. Sharpening a chisel costs 3 crowns.\n"
    )
    (folder / "minutes.md").write_text(
        "# Minutes of 12 March 2026\n\nTobias Wrenfield, the treasurer, reported a surplus of 1,240 crowns.\n"
        "The gift of a laser cutter was declined because the room has no extraction.\n"
    )
    return folder


@pytest.fixture
def open_room(data_dir: Path) -> Iterator[Callable[..., Room]]:
    """Open the data directory; call it again to open it anew, the last one is closed first."""
    rooms: list[Room] = []

    def opened(student: Path | None = None, **settings: object) -> Room:
        if rooms:
            rooms.pop().close()
        rooms.append(Room(data_dir, student, **settings))
        return rooms[-1]

    yield opened
    for room in rooms:
        room.close()


@pytest.fixture
def quoting(open_room: Callable[..., Room], documents: Path) -> Room:
    """Documents and no student: answers are quotations, which takes no time."""
    room = open_room()
    room.index(documents)
    return room


@pytest.fixture
def answering(open_room: Callable[..., Room], documents: Path, starter: Path) -> Room:
    """Documents and the starter student, with short answers."""
    room = open_room(starter, answer_tokens=40, passages=2)
    room.index(documents)
    return room
