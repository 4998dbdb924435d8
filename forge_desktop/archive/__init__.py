"""Leaving and looking after: exports of everything as JSON Lines, and the check of everything for damage."""

from __future__ import annotations

import datetime
import hashlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from forge_desktop import __version__
from forge_desktop.archive.records import DatabaseFacts, ExportedFile, Verdict
from forge_desktop.archive.writing import MANIFEST, ExportFolder
from forge_desktop.base.errors import ForgeError
from forge_desktop.chat import Chat
from forge_desktop.corpus import Corpus
from forge_desktop.storage import Database
from forge_desktop.students import Students

__all__ = ["Archive", "DatabaseFacts", "ExportedFile", "Verdict"]

_WAL_RESET_FIXED = (3, 51, 3)


class Archive:
    """Everything that is stored, seen as a whole. Reads beside the owner of the data directory too."""

    def __init__(self, db: Database, corpus: Corpus, chat: Chat, students: Students, data_dir: Path) -> None:
        self._db = db
        self._corpus = corpus
        self._chat = chat
        self._students = students
        self._data_dir = data_dir

    def export(self, directory: Path) -> list[ExportedFile]:
        """Write everything into a new or empty directory; returns what was written, without the manifest.

        All of it is one state of the data. Raises ForgeError when the directory is not empty, cannot be written or the
        disk is full; what was written by then is removed again.
        """
        if self._data_dir.resolve() in (directory.resolve(), *directory.resolve().parents):
            raise ForgeError(
                f"The directory {directory} lies inside the data directory; nothing was written.",
                hint="Choose one outside of it, so that the export survives it.",
            )
        with ExportFolder(directory) as folder, self._db.snapshot():
            files = [
                folder.write_rows("documents.jsonl", self._corpus.iterate_documents()),
                folder.write_rows("passages.jsonl", self._corpus.iterate_passages()),
                folder.write_vectors("vectors.npy", self._corpus.iterate_vectors()),
                folder.write_rows("conversations.jsonl", self._chat.export_conversations()),
                folder.write_rows("messages.jsonl", self._chat.export_messages()),
            ]
            made = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
            folder.finish(files, {"made": made, "forge_desktop": __version__, "index": self._corpus.versions()})
        return files

    def verify(self) -> Verdict:
        """Check the database's structure, every stored text, passage and vector, every quote, every student's file."""
        with self._db.snapshot():
            try:
                damaged = [f"The database: {sentence}." for sentence in self._db.damage()]
                stats = self._corpus.stats()
                damaged += self._corpus.verify()
                checked = 1 + stats.documents + stats.passages
                quotes, wrong = self._check_quotes()
            except sqlite3.DatabaseError as error:  # so damaged that it cannot even be read through
                return Verdict(1, (*damaged, f"The database: {error}."))
        students, missing = self._check_students()
        return Verdict(checked + quotes + students, (*damaged, *wrong, *missing))
