"""Builds the rooms once, in order, and hands them to a front end; closes them in reverse."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forge_desktop.archive import Archive
from forge_desktop.archive.doctor import Doctor
from forge_desktop.base.events import Events
from forge_desktop.base.jobs import Jobs
from forge_desktop.base.paths import OwnerLock, resources_dir
from forge_desktop.base.settings import SettingsFile
from forge_desktop.chat import Chat
from forge_desktop.corpus import Corpus
from forge_desktop.corpus.embedding_model import EmbeddingModel
from forge_desktop.distill import Distill
from forge_desktop.engine import Engine
from forge_desktop.engine.embedder import open_embedder
from forge_desktop.providers import Providers
from forge_desktop.storage import Database
from forge_desktop.students import Students
from forge_desktop.students.rooms import Rooms

if TYPE_CHECKING:
    from forge_desktop.cards import Cards
    from forge_desktop.distill.records import Pair
    from forge_desktop.providers.clock import Clock

STARTER = "SmolLM2-135M-Instruct.Q4_1.gguf"


class Forge:
    """The application without a face: the window and the command line each hold one.

    `holder` is how this process is named to another one that wants the same data directory. With `read_only` it opens
    beside the owner and changes nothing. `clock` is what endpoints are waited for by. Raises ForgeError when the
    directory is taken, or its data cannot be opened.
    """

    def __init__(self, data_dir: Path, *, holder: str, read_only: bool = False, clock: Clock | None = None) -> None:
        self.data_dir = data_dir
        with contextlib.ExitStack() as opened:  # whatever was opened is closed again when a later step fails
            lock = OwnerLock(data_dir)
            opened.callback(lock.release)
            if not read_only:
                lock.acquire(holder)
            self.events = Events()
            self.settings = SettingsFile(data_dir / "settings.json", self.events)
            database = Database(data_dir / "forge.db", read_only=read_only)
            opened.callback(database.close)
            self.jobs = Jobs(self.events)
            self.providers = Providers(database, self.events, self.settings, data_dir, clock=clock, read_only=read_only)
            opened.callback(self.providers.close)
            self.engine = Engine(database, self.events, self.settings, providers=self.providers)
            opened.callback(self.engine.close)
            self.corpus = Corpus(database, self.jobs, self.events, self.settings, loaded=self.engine.counter)
            opened.callback(self.corpus.close)
            self.embedding = self._embedding(database, read_only=read_only)
            opened.callback(self.embedding.close)
            self.embedding.follow()
            opened.callback(self.jobs.close)  # closed first: a job that is being stopped still talks to the others
            opened.callback(self.corpus.close)
            self.chat = Chat(database, self.jobs, self.events, self.settings, self.corpus, self.engine)
            self.distill = Distill(
                database,
                self.jobs,
                self.events,
                self.settings,
                corpus=self.corpus,
                chat=self.chat,
                engine=self.engine,
                providers=self.providers,
                data_dir=data_dir,
                read_pair=_read_pair,
            )
            starter = resources_dir() / "students" / STARTER
            self._around = self._rooms(database)
            self.students = Students(
                database, self.jobs, self.events, self.engine, starter, self.providers, rooms=self._around
            )
            if not read_only:
                opened.callback(self.cards.close)
            self.archive = Archive(
                database,
                self.jobs,
                corpus=self.corpus,
                chat=self.chat,
                distill=self.distill,
                providers=self.providers,
                students=self.students,
                cards=lambda: self.cards,
                settings=self.settings,
                data_dir=data_dir,
            )
            self.doctor = self._doctor()
            self._opened = opened.pop_all()

    @functools.cached_property
    def cards(self) -> Cards:
        """Model cards. The owner's follow whatever is changed; beside the owner they are made for who asks for them,
        since most that only reads does not.
        """
        from forge_desktop.cards import Cards

        return Cards(self._around, self.students)

    def _embedding(self, database: Database, *, read_only: bool) -> EmbeddingModel:
        """The model that turns passages into vectors."""
        return EmbeddingModel(
            self.settings,
            self.events,
            self.jobs,
            self.corpus.vectors,
            self.data_dir / "embedding_model.json",
            functools.partial(open_embedder, engine=self.engine, db=database, settings=self.settings),
            read_only=read_only,
            providers=self.providers,
        )

    def _doctor(self) -> Doctor:
        """Who looks at everything that a student needs."""
        options = self.chat.options
        return Doctor(
            self.engine,
            self.students,
            self.archive,
            self.settings,
            self.data_dir,
            template=lambda student: (
                options.of_student(student.sha256, student.path).options.template or student.template
            ),
            embedding=lambda: self.embedding.problem,
        )

    def _rooms(self, database: Database) -> Rooms:
        """What training, gates and the registry work with."""
        return Rooms(
            database,
            self.jobs,
            self.events,
            self.settings,
            self.engine,
            self.corpus,
            self.chat,
            self.distill,
            self.providers,
            self.data_dir,
            _read_pair,
        )

    def close(self) -> None:
        """Stop what runs, end the children, close the database, give the data directory back. Safe to call twice."""
        self._opened.close()


def _read_pair(row: Mapping[str, Any]) -> Pair:
    from forge_desktop.archive.lessons import read_pair  # every form of a pair, which only an import needs

    return read_pair(row)
