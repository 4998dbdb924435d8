"""Folder sync: the index follows the folders, and what is gone in a way that may not be meant is asked about."""

from __future__ import annotations

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import Events
from forge_desktop.corpus.records_library import SyncQuestion
from forge_desktop.corpus.removing import Remover
from forge_desktop.corpus.store_questions import QuestionRows
from forge_desktop.storage import Database


class Sync:
    """Follows the folders of all collections while it runs. Questions outlive a restart."""

    def __init__(self, db: Database, remover: Remover, events: Events) -> None:
        self._db, self._remover, self._events = db, remover, events
        self._questions = QuestionRows(db)

    def questions(self) -> list[SyncQuestion]:
        """What is to be decided, the oldest first."""
        return self._questions.all()

    def answer(self, question_id: int, answer: str) -> int | None:
        """Decide: "keep" the documents until their files are there again, or "remove" them from the index.

        Returns the token for Corpus.restore after "remove". Raises ForgeError when the question is settled already.
        """
        if answer not in ("keep", "remove"):
            raise ForgeError(f"{answer} is no answer.", hint="Answer with keep or remove.")
        token = None
        with self._db.write() as connection:
            ids = self._questions.documents(connection, question_id)
            if not ids:
                raise ForgeError("This question is settled.", hint="The files are there again, or it was answered.")
            self._questions.close(connection, question_id)
            if answer == "remove":
                token = self._remover.hide(connection, ids, exclude=False)
        self._events.changed("documents", "collections", "questions")
        return token
