"""The distillation's face: a queue of tasks, runs that make pairs of them, and what a person decides on those."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forge_desktop.base.events import Events
from forge_desktop.base.jobs import JobContext, Jobs
from forge_desktop.base.settings import SettingsFile
from forge_desktop.chat import Chat
from forge_desktop.corpus import Corpus
from forge_desktop.engine import Engine
from forge_desktop.providers import Providers
from forge_desktop.storage import Database

if TYPE_CHECKING:
    from forge_desktop.distill.datasets import Datasets
    from forge_desktop.distill.importing import PairReader
    from forge_desktop.distill.pairs import Pairs
    from forge_desktop.distill.parts import Parts
    from forge_desktop.distill.records import Task, TaskView
    from forge_desktop.distill.records_pairs import Forgotten, Reached
    from forge_desktop.distill.records_runs import (
        GenerateWish,
        ImportPreview,
        ImportSummary,
        Quote,
        RunSummary,
        RunWish,
    )
    from forge_desktop.distill.review import Review
    from forge_desktop.distill.suites import Suites
    from forge_desktop.distill.tasks import Tasks

_BESIDE = "lessons"  # the lane of what may go on while a run does


class Distill:
    """Tasks in, pairs out. Whatever takes long gives the id of a job: a run's on the lane "distill".

    `tasks` is the queue, `review` what a person decides, `pairs`, `suites` and `datasets` what came of it.
    """

    def __init__(
        self,
        db: Database,
        jobs: Jobs,
        events: Events,
        settings: SettingsFile,
        *,
        corpus: Corpus,
        chat: Chat,
        engine: Engine,
        providers: Providers,
        data_dir: Path,
        read_pair: PairReader | None = None,
    ) -> None:
        self._db, self._jobs = db, jobs
        self._corpus, self._providers = corpus, providers
        self._made: Parts | None = None
        self._making = threading.Lock()

        def make() -> Parts:
            from forge_desktop.distill.importing import no_pairs
            from forge_desktop.distill.parts import Parts

            return Parts(
                db,
                jobs,
                events,
                settings,
                corpus=corpus,
                chat=chat,
                engine=engine,
                providers=providers,
                read_pair=read_pair or no_pairs,
            )

        self._make = make

    @property
    def _parts(self) -> Parts:
        # Made when first used: whoever came to ask or to search does not wait for what distilling takes.
        with self._making:
            if self._made is None:
                self._made = self._make()
            return self._made

    @property
    def tasks(self) -> Tasks:
        """The queue."""
        return self._parts.tasks

    @property
    def review(self) -> Review:
        """What a person decides on pairs."""
        return self._parts.review

    @property
    def pairs(self) -> Pairs:
        """What was learnt."""
        return self._parts.pairs

    @property
    def suites(self) -> Suites:
        """What pairs must not give away."""
        return self._parts.suites

    @property
    def datasets(self) -> Datasets:
        """Frozen versions of the pairs."""
        return self._parts.datasets

    # ---- runs ----

    def run(self, wish: RunWish, *, quoted: Quote | None = None) -> int:
        """Work on the queue: a job whose result is a RunSummary. What an earlier run left is gone on with.

        Raises ForgeError for a wish that cannot be, such as one without a cap.
        """
        return self._parts.runs.start(wish, quoted)

    def runs(self) -> list[RunSummary]:
        """Every run, the newest first."""
        return self._parts.runs.all()

    def summary(self, run: str) -> RunSummary:
        """One run, from the tables and the ledger as they are now. Raises ForgeError when there is none."""
        return self._parts.runs.summary(run)

    def view(self, task: int | str) -> TaskView:
        """Everything there is about a task. Raises ForgeError when it is gone."""
        from forge_desktop.distill.records import TaskView

        store, kept = self._parts.store, self._parts.kept
        found = store.get(task)
        pair = self.pairs.of_task(found.id)
        near = self.pairs.similar(pair.uid) if pair is not None else []
        return TaskView(
            task=found,
            evidence=store.evidence(found.id),
            draft=kept.draft(found.id),
            turns=kept.turns(found.id),
            pair=pair,
            attempts=tuple(self._providers.ledger.attempts(task=found.uid, newest_first=False)),
            near=tuple((each.uid, each.prompt, each.similarity) for each in near),
        )

    # ---- ways in ----

    def preview(
        self, file: Path, mapping: Mapping[str, str] | None = None, *, pairs: bool | None = None
    ) -> ImportPreview:
        """What `bring_in` would read, from the first rows; for a job or a thread of its own."""
        return self._parts.ways.importer.preview(file, mapping, pairs=pairs)

    def bring_in(
        self,
        file: Path,
        mapping: Mapping[str, str] | None = None,
        *,
        pairs: bool | None = None,
        collections: Sequence[str] = (),
    ) -> int:
        """Import tasks or pairs from a file: a job whose result is an ImportSummary. `mapping` is field to column.

        `pairs` says which of the two the file holds, where that is not to be recognised. `collections` (names or uids)
        are where evidence for its tasks is looked for.
        """
        where = self._corpus.collections.uids(collections)

        def job(ctx: JobContext) -> ImportSummary:
            return self._parts.ways.importer.bring_in(ctx, file, mapping, pairs=pairs, collections=where)

        return self._jobs.start(_BESIDE, "lessons import", job)

    def generate(self, wish: GenerateWish) -> int:
        """Make tasks from documents: a job whose result is a GenerateSummary. What was made before counts.

        Raises ForgeError for a wish that cannot be, such as one for teachers without a cap.
        """
        self._parts.ways.generator.check(wish)
        return self._jobs.start(_BESIDE, "generate", lambda ctx: self._parts.ways.generator.run(ctx, wish))

    def correct(self, message_id: int, better: str = "") -> Task:
        """Make a task of an answer in the chat, with its question, its evidence, and itself as the draft.

        It goes before all that waits. With a `better` answer it is a pair at once, kept by a person's word. Called
        again for the same answer, it is the same task. Raises ForgeError for what is no answer.
        """
        return self._parts.ways.corrector.correct(message_id, better)

    # ---- leaving ----

    def export_rows(self) -> dict[str, Callable[[], Iterator[Mapping[str, Any]]]]:
        """Everything as plain rows, by the name of the file they go into. For the archive, within its snapshot."""
        from forge_desktop.distill.exporting import Exporter

        return {
            **Exporter(self._db, self.pairs, self.suites, self.datasets).files(),
            "attempts.jsonl": self._providers.ledger.rows,
        }

    def damage(self) -> tuple[int, list[str]]:
        """How many pairs, suites and datasets were looked at, and a sentence for each that is not what was stored."""
        from forge_desktop.distill.damage import look_through

        return look_through(self.pairs, self.suites, self.datasets)

    # ---- forgetting ----

    def reached_by(self, document: str) -> Reached:
        """All that a document (its sha256, the start of one, or its name) came into. Raises ForgeError for none."""
        return self._parts.forgetter.reached_by(self._parts.forgetter.document(document))

    def forget(
        self, document: str, *, pairs: bool = True, tasks: bool = True, datasets: bool = False, suites: bool = False
    ) -> Forgotten:
        """Remove what a document came into; see Forgetter.forget. Rows of the ledger stay."""
        sha256 = self._parts.forgetter.document(document)
        return self._parts.forgetter.forget(sha256, pairs=pairs, tasks=tasks, datasets=datasets, suites=suites)

    # ---- before a run, and after ----

    def quote(self, wish: RunWish) -> int:
        """What a run would cost and take: a job whose result is a Quote. Nothing is asked of anybody."""
        return self._jobs.start(_BESIDE, "quote", lambda ctx: self._parts.ways.quoter.quote(ctx, wish))

    def replay(self, run: str, directory: Path | None = None) -> int:
        """Do a finished run again from recorded answers, without network: a job whose result is a ReplayReport."""
        self.summary(run)
        return self._jobs.start(_BESIDE, "replay", lambda ctx: self._parts.ways.replayer.replay(ctx, run, directory))
