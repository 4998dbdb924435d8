"""What the distillation is made of, built together when the first of it is asked for."""

from __future__ import annotations

from forge_desktop.base.events import Events
from forge_desktop.base.jobs import Jobs
from forge_desktop.base.settings import SettingsFile
from forge_desktop.chat import Chat
from forge_desktop.corpus import Corpus
from forge_desktop.distill.datasets import Datasets
from forge_desktop.distill.forgetting import Forgetter
from forge_desktop.distill.importing import PairReader
from forge_desktop.distill.pairs import Pairs
from forge_desktop.distill.review import Review
from forge_desktop.distill.runs import Runs
from forge_desktop.distill.store_runs import RunStore
from forge_desktop.distill.store_tasks import TaskStore
from forge_desktop.distill.suites import Suites
from forge_desktop.distill.tasks import Tasks
from forge_desktop.distill.ways import Ways
from forge_desktop.engine import Engine
from forge_desktop.providers import Providers
from forge_desktop.storage import Database


class Parts:
    """Holds one of each."""

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
        read_pair: PairReader,
    ) -> None:
        self.store, self.kept = TaskStore(db), RunStore(db)
        self.tasks = Tasks(db, self.store, events)
        self.pairs = Pairs(db, jobs, events, settings, corpus)
        self.suites = Suites(db, jobs, events, self.pairs)
        self.datasets = Datasets(db, events, self.pairs)
        self.forgetter = Forgetter(
            db,
            events,
            pairs=self.pairs,
            suites=self.suites,
            datasets=self.datasets,
            count_answers=providers.count_answers,
            forget_answers=providers.forget_answers,
        )
        self.runs = Runs(
            db,
            jobs,
            events,
            settings,
            corpus=corpus,
            engine=engine,
            providers=providers,
            tasks=self.store,
            pairs=self.pairs,
        )
        self.review = Review(db, self.store, self.pairs, events)
        self.ways = Ways(
            db,
            events,
            settings,
            corpus=corpus,
            chat=chat,
            engine=engine,
            providers=providers,
            tasks=self.tasks,
            pairs=self.pairs,
            review=self.review,
            read_pair=read_pair,
        )
