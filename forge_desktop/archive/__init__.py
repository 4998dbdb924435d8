"""Leaving and looking after: exports of everything as JSON Lines, and the check of everything for damage."""

from __future__ import annotations

import contextlib
import datetime
import functools
import json
import sqlite3
from array import array
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forge_desktop import __version__
from forge_desktop.archive.bundle_reading import Bundle
from forge_desktop.archive.bundle_writing import BundleWriter
from forge_desktop.archive.records import BundleReport, DatabaseFacts, ExportedFile, Learner, Verdict
from forge_desktop.archive.records_checkup import Checkup, Crash, Device, Finding, Fit, Hardware, Pack, Timing
from forge_desktop.archive.student_damage import check_students
from forge_desktop.archive.version_rows import history_rows, version_rows
from forge_desktop.archive.writing import ExportFolder
from forge_desktop.base.errors import ForgeError
from forge_desktop.base.jobs import JobContext, Jobs
from forge_desktop.base.settings import SettingsFile
from forge_desktop.chat import Chat
from forge_desktop.corpus import Corpus, Portable, PortableCollection
from forge_desktop.distill import Distill
from forge_desktop.providers import Providers
from forge_desktop.storage import Database
from forge_desktop.students import Students

if TYPE_CHECKING:
    from forge_desktop.archive.student_files import StudentFiles
    from forge_desktop.cards import Cards
    from forge_desktop.cards.records import CardMention
    from forge_desktop.distill.records import Pair

__all__ = [
    "Archive",
    "BundleReport",
    "Checkup",
    "Crash",
    "DatabaseFacts",
    "Device",
    "ExportedFile",
    "Finding",
    "Fit",
    "Hardware",
    "Pack",
    "Timing",
    "Verdict",
]

_LANE = "archive"  # only reads, so it waits for nobody
_WAL_RESET_FIXED = (3, 51, 3)


class Archive:
    """Everything that is stored, seen as a whole. Reads beside the owner of the data directory too."""

    def __init__(
        self,
        db: Database,
        jobs: Jobs,
        *,
        corpus: Corpus,
        chat: Chat,
        distill: Distill,
        providers: Providers,
        students: Students,
        cards: Callable[[], Cards],
        settings: SettingsFile,
        data_dir: Path,
    ) -> None:
        self._db = db
        self._jobs = jobs
        self._corpus = corpus
        self._chat = chat
        self._distill = distill
        self._providers = providers
        self._settings = settings
        self._students = students
        self._cards = cards
        self._data_dir = data_dir

    @functools.cached_property
    def student_files(self) -> StudentFiles:
        """Exports and imports of what students are made of."""
        from forge_desktop.archive.student_files import StudentFiles

        return StudentFiles(
            self._jobs, self._corpus, self._students, self._cards(), self._data_dir, self._refuse_inside
        )

    def learners(self, document_sha256: str) -> list[Learner]:
        """The runs that learnt from a document, the newest first, with their versions. An adapter cannot unlearn, so
        forgetting the document changes neither; a run's files hold its lessons until the run is removed.
        """
        runs = self._students.training.reached_by(document_sha256)
        versions = {each.uid: each for each in self._students.registry.versions()} if runs else {}
        found = []
        for run in runs:
            made = versions.get(run.version)
            label, state = (made.label, made.state) if made is not None else ("", run.state)
            found.append(Learner(run.uid, run.name, made.uid if made is not None else "", label, state))
        return found

    def mentions(self, document_sha256: str, name: str = "") -> list[CardMention]:
        """The cards that say a document's hash or its name, as they are now or in a version of them. They stay as they
        are when the document is forgotten: what a card says is a person's to change.
        """
        return self._cards().leaving.mentioning([document_sha256, name])

    def export(self, directory: Path) -> list[ExportedFile]:
        """Write everything into a new or empty directory; returns what was written, without the manifest.

        All of it is one state of the data. Raises ForgeError when the directory is not empty, cannot be written or the
        disk is full; what was written by then is removed again.
        """
        self._refuse_inside(directory)
        passages = array("q")

        def noted(rows: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
            for row in rows:
                passages.append(row["passage_id"])
                yield row

        with ExportFolder(directory) as folder, self._db.snapshot():
            files = [
                folder.write_rows("documents.jsonl", self._corpus.transfer.iterate_documents()),
                folder.write_rows("passages.jsonl", noted(self._corpus.transfer.iterate_passages())),
                folder.write_vectors("vectors.npy", passages, self._corpus.transfer.iterate_vectors()),
                folder.write_rows("conversations.jsonl", self._chat.export_conversations()),
                folder.write_rows("messages.jsonl", self._chat.export_messages()),
                folder.write_rows("options.jsonl", self._chat.options.export()),
                *(folder.write_rows(name, rows()) for name, rows in self._distill.export_rows().items()),
                folder.write_rows("versions.jsonl", version_rows(self._students.registry)),
                folder.write_rows("version_history.jsonl", history_rows(self._students.registry)),
                *(folder.write_rows(name, rows()) for name, rows in self._students.export_rows().items()),
                folder.write_rows("cards.jsonl", self._cards().leaving.rows()),
            ]
            made = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
            folder.finish(files, {"made": made, "forge_desktop": __version__, "index": self._corpus.versions()})
        return files

    def export_lessons(
        self,
        directory: Path,
        forms: Sequence[str] = ("forge",),
        *,
        dataset: str = "",
        every: bool = False,
        with_evidence: bool | None = None,
    ) -> list[ExportedFile]:
        """Write pairs into a new or empty directory, a file for each form (`lessons.WRITERS`) and a manifest, last.

        The accepted ones, with `every` all; or those of a frozen `dataset`, whose own form is then byte for byte what
        was frozen. `with_evidence` puts the passages into the prompts of other programs' forms; None asks the setting.
        Raises ForgeError as `export` does, and for a form or dataset that there is not.
        """
        from forge_desktop.archive.lessons import WRITERS, counted, file_name, write_lessons
        from forge_desktop.distill.pair_lines import from_object

        self._refuse_inside(directory)
        unknown = [form for form in forms if form not in WRITERS]
        if unknown:
            raise ForgeError(f"There is no form called {unknown[0]}.", hint=f"There are {', '.join(WRITERS)}.")
        shown = self._settings.values.lessons_with_evidence if with_evidence is None else with_evidence
        frozen = self._distill.datasets.get(dataset) if dataset else None
        lines = self._distill.datasets.lines(frozen.uid).splitlines() if frozen else []

        def pairs() -> Iterator[Pair]:
            if frozen is None:
                return self._distill.pairs.iterate(every=every)
            return (from_object(json.loads(line)) for line in lines)

        with ExportFolder(directory) as folder, self._db.snapshot():
            files = [
                folder.write_lines(file_name(form), (line + b"\n" for line in lines))
                if frozen and form == "forge"  # the very bytes
                else write_lessons(folder, form, pairs(), with_evidence=shown)
                for form in dict.fromkeys(forms)
            ]
            facts: dict[str, object] = {
                "kind": "lessons",
                "made": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
                "forge_desktop": __version__,
                "pairs": counted(pairs()),
                "with_evidence": shown,
                "dataset": {"name": frozen.name, "version": frozen.version, "sha256": frozen.sha256}
                if frozen
                else None,
            }
            folder.finish(files, facts)
        return files

    def export_collection(self, collection: str, file: Path, *, with_files: bool = False) -> int:
        """Write a collection (its uid or name) into a new bundle; the job's result is a BundleReport.

        Raises ForgeError when there is no such collection. With `with_files` the original files are in it too.
        """
        self._refuse_inside(file)
        found = self._corpus.collections.get(collection)

        def job(ctx: JobContext) -> object:
            with self._db.snapshot():
                writer = BundleWriter(file, found, with_files=with_files, ctx=ctx)
                return writer.write(self._corpus.transfer.portable(found.uid), self._corpus.versions())

        return self._jobs.start(_LANE, "export", job)

    def import_collection(self, file: Path) -> int:
        """Bring a bundle in as a new collection; the job's result is an ImportReport.

        The whole bundle is checked before anything is written; killed or stopped on the way, nothing of it is there.
        """

        @contextlib.contextmanager
        def opened(ctx: JobContext) -> Iterator[tuple[PortableCollection, Iterator[Portable]]]:
            with Bundle(file, self._data_dir) as bundle:
                bundle.check(lambda done, total: ctx.progress(done, total, f"Checking {file.name}"))
                yield bundle.collection, bundle.documents()

        return self._corpus.transfer.adopt(opened)

    def _refuse_inside(self, target: Path) -> None:
        if self._data_dir.resolve() in (target.resolve(), *target.resolve().parents):
            raise ForgeError(
                f"{target} lies inside the data directory; nothing was written.",
                hint="Choose a place outside of it, so that the export survives it.",
            )

    def verify(self) -> Verdict:
        """Check the database's structure, every stored text, passage, vector, quote and pair, suites, datasets, the
        ledger, versions of cards, students' and adapters' files."""
        with self._db.snapshot():
            try:
                damaged = [f"The database: {sentence}." for sentence in self._db.damage()]
                stats = self._corpus.shelf.stats()
                damaged += self._corpus.verify()
                damaged += [f"The ledger: {sentence}" for sentence in self._providers.ledger.verify()]
                lessons, wrong = self._distill.damage()
                damaged += wrong
                cards, wrong = self._cards().leaving.damage()
                damaged += wrong
                checked = 1 + stats.documents + stats.passages + lessons + cards
                quotes, wrong = self._check_quotes()
            except sqlite3.DatabaseError as error:  # so damaged that it cannot even be read through
                return Verdict(1, (*damaged, f"The database: {error}."))
        students, missing = check_students(self._students)
        return Verdict(checked + quotes + students, (*damaged, *wrong, *missing))

    def database_facts(self) -> DatabaseFacts:
        """Which SQLite is in use, and what to know about it."""
        notes = []
        if sqlite3.sqlite_version_info < _WAL_RESET_FIXED:
            notes.append(
                f"SQLite {sqlite3.sqlite_version} has a fault that is fixed in 3.51.3; it takes two programs writing "
                "at once, which the lock on the data directory prevents."
            )
        return DatabaseFacts(sqlite3.sqlite_version, tuple(notes))

    def _check_quotes(self) -> tuple[int, list[str]]:
        """Every source of every answer: its quote is as long as its place, and stands there in the stored text."""
        checked, damaged = 0, []
        text_of = functools.lru_cache(maxsize=8)(self._text_of)
        for message in self._chat.export_messages():
            sources: Any = message["sources"]
            for source in sources:
                checked += 1
                start, end, quote = source["start"], source["end"], source["quote"]
                text = text_of(source["document_sha256"], source["path"])
                if end - start != len(quote) or (text is not None and text[start:end] != quote):
                    damaged.append(
                        f"A quote from {source['path']} in the conversation {message['conversation']} is not what "
                        f"stands at {start} to {end}."
                    )
        return checked, damaged

    def _text_of(self, sha256: str, path: str) -> str | None:
        document = self._corpus.shelf.find_document(sha256, path)
        return self._corpus.shelf.stored_text(document.id) if document and document.sha256 == sha256 else None
