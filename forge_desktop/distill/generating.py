"""Makes tasks from documents: questions written by the student or by teachers, each with the passage it came from."""

from __future__ import annotations

import hashlib
import random
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.base.jobs import JobContext
from forge_desktop.corpus import Corpus
from forge_desktop.corpus.records import Document, Passage, SearchFilter
from forge_desktop.distill import questions
from forge_desktop.distill.asking import Asker, Asking, Stopped
from forge_desktop.distill.records import Evidence, NewTask
from forge_desktop.distill.records_runs import GenerateSummary, GenerateWish
from forge_desktop.distill.store_ways_in import WaysInStore
from forge_desktop.distill.tasks import Tasks

_TRIES = 3  # passages a wanted question is tried with before it is given up
_IN_ONE_CALL = 3  # questions about a passage that a teacher is asked for together
_AT_ONCE = 24  # wanted questions that are written together, and stored together
_SHORTEST = 120  # characters of a passage that says enough to be asked about


@dataclass
class Slot:
    """A question that is wanted of a document, and the passages it may be made from, the first ones first."""

    document: Document
    sort: questions.Sort
    passages: Sequence[Passage]
    language: str
    tries: int = 0

    @property
    def passage(self) -> Passage:
        """The one to try now."""
        return self.passages[self.tries % len(self.passages)]


@dataclass
class _Count:
    documents: int = 0
    wanted: int = 0
    known: int = 0
    asked: int = 0
    tasks: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    by_kind: Counter[str] = field(default_factory=Counter)
    never_sent: list[str] = field(default_factory=list)


class Generator:
    """Looks for documents, asks for what their quotas lack, keeps what is any good.

    `remote` tells whether the student in use is an endpoint: then its questions need a cap as those of teachers do, and
    it is shown no document that is never sent.
    """

    def __init__(
        self,
        corpus: Corpus,
        tasks: Tasks,
        store: WaysInStore,
        asker: Callable[[GenerateWish, str], Asker],
        remote: Callable[[], bool],
    ) -> None:
        self._corpus, self._tasks, self._store, self._asker, self._remote = corpus, tasks, store, asker, remote

    def check(self, wish: GenerateWish) -> None:
        """Raise ForgeError for a wish that cannot be."""
        if wish.per_document < 1:
            raise ForgeError("A document's quota is at least one question.")
        for names, known in ((wish.kinds, questions.KINDS), (wish.difficulties, questions.DIFFICULTIES)):
            for name, weight in names:
                if name not in known:
                    raise ForgeError(f"There are no {name} questions.", hint=f"There are: {', '.join(known)}.")
                if weight < 0:
                    raise ForgeError(f"The share of {name} questions is below 0.")
            if not any(weight for _, weight in names):
                raise ForgeError("No sort of question is wanted.", hint="Give at least one of them a share.")
        if wish.cap <= 0 and (wish.teacher or self._remote()):
            who = "teachers" if wish.teacher else "a remote student"
            raise ForgeError(
                f"Questions by {who} need a cap.", hint="Say what they may cost at most, as in 2.50 (--cap)."
            )

    def run(self, ctx: JobContext, wish: GenerateWish) -> GenerateSummary:
        """Make what the quotas lack. What was made before counts, so that asking again goes on."""
        self.check(wish)
        count, taken = _Count(), questions.Asked()
        sent = wish.teacher or self._remote()
        run = uuid.uuid4().hex if sent else ""
        documents = self._documents(wish, count, sent=sent)
        stopped, problem = "", ""
        with self._asker(wish, run) as asker:
            try:
                self._work(ctx, wish, documents, asker=asker, count=count, taken=taken)
            except Cancelled:
                stopped = "cancelled"
            except Stopped as stop:
                stopped, problem = stop.by, stop.message
            settled, unknown = asker.paid()
        return GenerateSummary(
            documents=count.documents,
            wanted=count.wanted,
            known=count.known,
            asked=count.asked,
            tasks=count.tasks,
            dropped=dict(count.dropped),
            never_sent=tuple(count.never_sent),
            by_kind=dict(count.by_kind),
            settled=settled,
            unknown=unknown,
            run=run,
            stopped=stopped,
            problem=problem,
        )

    # ---- what is wanted ----

    def _documents(self, wish: GenerateWish, count: _Count, *, sent: bool) -> list[Document]:
        """The chosen documents, each content once; where they are `sent` somewhere, none that never may be."""
        shelf = self._corpus.shelf
        found: dict[str, Document] = {}
        wheres = [SearchFilter(collections=tuple(wish.collections))] if wish.collections else []
        wheres += [SearchFilter(folder=folder) for folder in wish.folders]
        if not wheres and not wish.documents:
            wheres = [SearchFilter()]
        rows = [row for where in wheres for row in shelf.document_rows(shelf.documents(state="indexed", where=where))]
        for sha256 in wish.documents:
            if (row := shelf.find_document(sha256, "")) is None:
                raise ForgeError("A chosen document is not in the index any more.", hint="Choose it anew.")
            rows.append(row)
        for row in sorted(rows, key=lambda each: (each.name, each.sha256, each.path)):
            found.setdefault(row.sha256, row)
        if not found:
            raise ForgeError("There is no document to make questions from.", hint="Index a folder first.")
        allowed = []
        for row in found.values():
            if sent and not self._corpus.collections.may_leave(row.id):
                count.never_sent.append(row.name)
            else:
                allowed.append(row)
        count.documents = len(allowed)
        return allowed

    def _slots(self, wish: GenerateWish, document: Document, count: _Count, taken: questions.Asked) -> list[Slot]:
        """What a document's quota lacks."""
        made = Counter[questions.Sort]()
        for question, kind, difficulty in self._store.made_from(document.sha256):
            made[questions.Sort(kind, difficulty)] += 1
            taken.take(question)
        passages = [each for each in self._corpus.shelf.passages(document.id) if len(each.text.strip()) >= _SHORTEST]
        random.Random(f"{wish.seed} {document.sha256}").shuffle(passages)
        lacking: list[Slot] = []
        for sort in questions.spread(wish.per_document, wish.kinds, wish.difficulties):
            if made[sort] > 0:
                made[sort] -= 1
                count.known += 1
            elif passages:
                turn = len(lacking) // (_IN_ONE_CALL if wish.teacher else 1) % len(passages)
                fitting = _fitting([*passages[turn:], *passages[:turn]], sort)
                lacking.append(Slot(document, sort, fitting, document.language))
            else:
                count.dropped["the document has no passage long enough"] += 1
        return lacking

    # ---- making ----

    def _work(
        self,
        ctx: JobContext,
        wish: GenerateWish,
        documents: Sequence[Document],
        *,
        asker: Asker,
        count: _Count,
        taken: questions.Asked,
    ) -> None:
        waiting: list[Slot] = []
        for done, document in enumerate(documents):
            ctx.progress(done, len(documents), f"{count.tasks:,} questions; {document.name}")
            slots = self._slots(wish, document, count, taken)
            count.wanted += wish.per_document
            waiting += slots
            while len(waiting) >= _AT_ONCE or (waiting and done == len(documents) - 1):
                room = wish.most - count.tasks if wish.most else len(waiting)
                if room <= 0:
                    return
                some, waiting = waiting[: min(_AT_ONCE, room)], waiting[min(_AT_ONCE, room) :]
                self._make(ctx, some, asker, count, taken)
        ctx.progress(len(documents), len(documents), f"{count.tasks:,} questions")

    def _make(self, ctx: JobContext, slots: list[Slot], asker: Asker, count: _Count, taken: questions.Asked) -> None:
        """Ask for these, again with other passages for what was of no use, and store what is good at once."""
        for _ in range(_TRIES):
            kept: list[NewTask] = []
            try:
                for slot, text in _answers(asker, slots, ctx.check):
                    count.asked += 1
                    why = questions.problem(text, slot.passage.text, slot.sort, slot.language)
                    if not why and taken.alike(text):
                        why = "another one asks nearly the same"
                    if why:
                        count.dropped[why] += 1
                        continue
                    taken.take(text)
                    kept.append(self._task(slot, text))
                    count.by_kind[slot.sort.kind] += 1
                    slot.tries = -1
            finally:  # also what came before a cap or a cancel
                if kept:
                    self._tasks.add(kept)
                    count.tasks += len(kept)
            slots = [slot for slot in slots if slot.tries >= 0]
            for slot in slots:
                slot.tries += 1
            if not slots:
                return

    def _task(self, slot: Slot, question: str) -> NewTask:
        passage, document = slot.passage, slot.document
        known = f"generated {document.sha256} {slot.sort.kind} {slot.sort.difficulty} {passage.start} {question}"
        return NewTask(
            question,
            origin="document",
            origin_detail=document.name,
            rules=questions.UNANSWERABLE_RULES if slot.sort.kind == "unanswerable" else "",
            language=document.language,
            difficulty=slot.sort.difficulty,
            kind=slot.sort.kind,
            document=document.sha256,
            evidence=(
                Evidence(
                    n=1,
                    document_sha256=document.sha256,
                    name=document.name,
                    passage_id=passage.id,
                    start=passage.start,
                    end=passage.end,
                    page=passage.page,
                    heading=passage.heading,
                    text=passage.text,
                    retrieval={"made_from": True, **self._corpus.versions()},
                ),
            ),
            uid=hashlib.sha256(known.encode()).hexdigest()[:32],
        )


def _fitting(passages: Sequence[Passage], sort: questions.Sort) -> list[Passage]:
    """The passages to try, those that suit the sort first."""
    suits = [each for each in passages if sort.kind != "numbers" or any(mark.isdigit() for mark in each.text)]
    return (suits or list(passages))[:_TRIES]


def _answers(asker: Asker, slots: Sequence[Slot], check: Callable[[], None]) -> Iterator[tuple[Slot, str]]:
    """What was written for each, in the order of the slots; "" where nothing was."""
    asking = [
        Asking(slot.document.sha256, slot.passage.text, slot.passage.start, slot.sort, slot.tries) for slot in slots
    ]
    for place, text in asker.ask(asking, check):
        yield slots[place], text
