"""The ways into the queue, and what is said before and after a run: built together, from what they share."""

from __future__ import annotations

from forge_desktop.base.events import Events
from forge_desktop.base.settings import SettingsFile
from forge_desktop.chat import Chat
from forge_desktop.corpus import Corpus
from forge_desktop.distill.asking import Asker, AskStudent, AskTeachers
from forge_desktop.distill.correcting import Corrector
from forge_desktop.distill.drafting import Drafter
from forge_desktop.distill.flipping import Flipper
from forge_desktop.distill.generating import Generator
from forge_desktop.distill.importing import Importer, PairReader
from forge_desktop.distill.pairs import Pairs
from forge_desktop.distill.quoting import Quoter
from forge_desktop.distill.records_runs import GenerateWish
from forge_desktop.distill.replaying import Replayer
from forge_desktop.distill.review import Review
from forge_desktop.distill.store_quote import QuoteStore
from forge_desktop.distill.store_replay import ReplayStore
from forge_desktop.distill.store_runs import RunStore
from forge_desktop.distill.store_tasks import TaskStore
from forge_desktop.distill.store_ways_in import WaysInStore
from forge_desktop.distill.tasks import Tasks
from forge_desktop.engine import Engine
from forge_desktop.providers import Providers
from forge_desktop.storage import Database


class Ways:
    """Holds one of each."""

    def __init__(
        self,
        db: Database,
        events: Events,
        settings: SettingsFile,
        *,
        corpus: Corpus,
        chat: Chat,
        engine: Engine,
        providers: Providers,
        tasks: Tasks,
        pairs: Pairs,
        review: Review,
        read_pair: PairReader,
    ) -> None:
        self._engine, self._providers = engine, providers
        store, runs = TaskStore(db), RunStore(db)
        flipper = Flipper(db, runs, pairs)
        self.importer = Importer(db, events, tasks=tasks, pairs=pairs, read_pair=read_pair)
        self.generator = Generator(corpus, tasks, WaysInStore(db), self._asker, lambda: bool(engine.state().remote))
        self.corrector = Corrector(
            chat=chat, corpus=corpus, events=events, tasks=tasks, store=store, flipper=flipper, review=review
        )
        self.quoter = Quoter(
            corpus=corpus,
            providers=providers,
            tasks=store,
            runs=runs,
            store=QuoteStore(db),
            drafter=Drafter(engine, settings),
        )
        self.replayer = Replayer(
            tasks=store, runs=runs, pairs=pairs, store=ReplayStore(db), answered=providers.ledger.answer_for
        )

    def _asker(self, wish: GenerateWish, run: str) -> Asker:
        if wish.teacher:
            return AskTeachers(self._providers, run=run, cap=wish.cap, among=wish.teachers, seed=wish.seed)
        return AskStudent(self._engine, self._providers, run=run, cap=wish.cap, seed=wish.seed)
