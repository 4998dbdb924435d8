"""A quote before a run: what it would cost and take, from the prompts that it would really send. Asks nobody."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from forge_desktop.base.jobs import JobContext
from forge_desktop.base.money import shown
from forge_desktop.corpus import Corpus
from forge_desktop.distill.critics import critics
from forge_desktop.distill.drafting import Drafter
from forge_desktop.distill.experience import Experience, gathered
from forge_desktop.distill.quote_blocked import besides, blocked
from forge_desktop.distill.quote_caps import fitting, room
from forge_desktop.distill.quote_costs import Prompted, Reckoner
from forge_desktop.distill.quote_prompts import spread, to_show, words_of_critic, words_of_unwritten
from forge_desktop.distill.quote_rendering import Renderer
from forge_desktop.distill.records_runs import Quote, RunWish, TeacherQuote
from forge_desktop.distill.store_quote import QuoteStore
from forge_desktop.distill.store_runs import RunStore
from forge_desktop.distill.store_tasks import TaskStore
from forge_desktop.providers import Providers
from forge_desktop.providers.addresses import on_this_computer
from forge_desktop.providers.records import Endpoint, Price

DIAL = (1, 2, 4, 6, 8, 12)
_ALL = 200  # tasks; of more, so many spread over the queue are rendered
_DIALLED = 24  # tasks whose prompts are rendered for each number of passages
_CHARACTERS_A_TOKEN = 4


class Quoter:
    """Renders what a run would send, to teachers, and to a remote student for its drafts."""

    def __init__(
        self,
        *,
        corpus: Corpus,
        providers: Providers,
        tasks: TaskStore,
        runs: RunStore,
        store: QuoteStore,
        drafter: Drafter,
    ) -> None:
        self._corpus, self._providers, self._tasks, self._store = corpus, providers, tasks, store
        self._renderer = Renderer(corpus=corpus, providers=providers, tasks=tasks, runs=runs, drafter=drafter)

    def quote(self, ctx: JobContext, wish: RunWish) -> Quote:
        """The quote of a run. Raises ForgeError for teachers that are not there."""
        ids = self._store.waiting(wish.tasks)
        fit, out = self._providers.router.order("answer", wish.teachers)
        known = gathered(self._providers, self._store)
        prompted = []
        sample = spread(ids, _ALL)
        for done, task in enumerate(self._tasks.all_of(sample)):
            ctx.progress(done, len(sample), task.question[:80])
            prompted.append(self._renderer.prompted(task, wish, fit))
        ctx.progress(len(sample), len(sample))
        return self._summed(ctx, wish, len(ids), prompted=prompted, fit=fit, out=out, known=known)

    # ---- adding up ----

    def _summed(
        self,
        ctx: JobContext,
        wish: RunWish,
        tasks: int,
        *,
        prompted: Sequence[Prompted],
        fit: Sequence[Endpoint],
        out: Sequence[tuple[Endpoint, str]],
        known: Experience,
    ) -> Quote:
        scale = _Scale(tasks, len(prompted))
        critic = next(iter(critics(self._providers.router, wish)), None)
        reckoner = Reckoner(
            self._providers,
            known,
            concurrency=wish.concurrency,
            critic=(critic, self._price(critic)) if critic else None,
        )
        teachers = [self._teacher(each, fit, wish, prompted, reckoner, scale) for each in fit]
        teachers += [_left_out(endpoint, why) for endpoint, why in out]
        best = next((each for each in teachers if not each.problem), None)
        low, likely, worst = (best.low, best.likely, best.worst) if best else (0, 0, 0)
        if best and wish.batch and best.batch_likely is not None:
            low, likely = min(low, best.batch_likely), best.batch_likely
        money = room(wish.cap, self._providers.ledger.budgets(), likely, worst, asked=best is not None)
        evidence, documents = self._read(ctx, prompted)
        return Quote(
            tasks=tasks,
            sampled=len(prompted),
            calls=scale.up(reckoner.calls(prompted)),
            reused=scale.up(sum(each.reused for each in prompted)),
            saved=scale.up(sum(each.saved for each in prompted)),
            low=low,
            likely=likely,
            worst=worst,
            teachers=tuple(teachers),
            evidence_tokens=scale.up(evidence // _CHARACTERS_A_TOKEN),
            document_tokens=scale.up(documents // _CHARACTERS_A_TOKEN),
            dial=self._dial(ctx, wish, fit, prompted, reckoner, tasks),
            seconds=best.seconds if best else None,
            caps=money.sentences,
            never_sent=_never_sent(prompted),
            prompts=to_show(best.name if best else "", critic.name if critic else "", prompted),
            easy=scale.up(sum(each.easy for each in prompted)),
            withheld=scale.up(sum(bool(each.offer.withheld) for each in prompted)),
            room=money.left,
            fits_likely=fitting(money.left, tasks, likely) if best else None,
            fits_worst=fitting(money.left, tasks, worst) if best else None,
            assumptions=(
                *((words_of_critic(critic.name),) if critic and any(each.critique for each in prompted) else ()),
                *self._assumptions(fit, known, prompted, tasks, reckoner),
            ),
            blocked=blocked(self._providers, prompted, fit, out, money.left),
            unasked=scale.up(sum(each.free for each in prompted)),
            besides=besides(prompted, critic, self._judging(fit[0], wish) if wish.judge and fit else None),
        )

    def _teacher(
        self,
        endpoint: Endpoint,
        fit: Sequence[Endpoint],
        wish: RunWish,
        prompted: Sequence[Prompted],
        reckoner: Reckoner,
        scale: _Scale,
    ) -> TeacherQuote:
        price = self._price(endpoint)
        sizes = [each.longest for each in prompted if each.longest is not None]
        small = next(filter(None, (self._providers.router.too_small(endpoint, request) for request in sizes)), "")
        judge = self._judging(endpoint, wish) if wish.judge else None
        found = reckoner.quote(endpoint, price, prompted, judge=judge)
        return dataclasses.replace(
            found,
            low=scale.up(found.low),
            likely=scale.up(found.likely),
            worst=scale.up(found.worst),
            seconds=None if found.seconds is None else round(scale.exact(found.seconds), 1),
            batch_likely=None if found.batch_likely is None else scale.up(found.batch_likely),
            problem=small if small and all(self._providers.router.too_small(endpoint, each) for each in sizes) else "",
        )

    def _judging(self, answering: Endpoint, wish: RunWish) -> tuple[Endpoint, Price] | None:
        """Who would judge: somebody else than who answers, where there is somebody else."""
        judges, _ = self._providers.router.order("judge", wish.teachers)
        others = [each for each in judges if each.uid != answering.uid] or list(judges)
        return (others[0], self._price(others[0])) if others else None

    def _price(self, endpoint: Endpoint) -> Price:
        price = self._providers.prices.of(endpoint)
        assert price is not None  # the router leaves out those without
        return price

    def _dial(
        self,
        ctx: JobContext,
        wish: RunWish,
        fit: Sequence[Endpoint],
        prompted: Sequence[Prompted],
        reckoner: Reckoner,
        tasks: int,
    ) -> tuple[tuple[int, int], ...]:
        """The likely cost for each number of passages, with the first teacher."""
        if not fit or not prompted:
            return ()
        some = [prompted[place] for place in spread(range(len(prompted)), _DIALLED)]
        price, found = self._price(fit[0]), []
        for passages in DIAL:
            ctx.check()
            turned = [self._renderer.prompted(each.task, wish, fit, passages) for each in some]
            found.append(
                (passages, _Scale(tasks, len(some)).up(sum(reckoner.likely(fit[0], price, t) for t in turned)))
            )
        return tuple(found)

    def _read(self, ctx: JobContext, prompted: Sequence[Prompted]) -> tuple[int, int]:
        """Characters of all passages that are offered, and of the whole documents they come from."""
        sizes: dict[str, int] = {}
        evidence = documents = 0
        for each in prompted:
            ctx.check()
            evidence += sum(len(passage.text) for passage in each.offer.evidence)
            for sha256 in {passage.document_sha256 for passage in each.offer.evidence}:
                if sha256 not in sizes:
                    document = self._corpus.shelf.find_document(sha256, "")
                    sizes[sha256] = len(self._corpus.shelf.stored_text(document.id)) if document else 0
                documents += sizes[sha256]
        return evidence, documents

    def _assumptions(
        self,
        fit: Sequence[Endpoint],
        known: Experience,
        prompted: Sequence[Prompted],
        tasks: int,
        reckoner: Reckoner,
    ) -> tuple[str, ...]:
        said = known.assumptions([(each.uid, each.name) for each in fit])
        if len(prompted) < tasks:
            said.append(f"{len(prompted):,} of the {tasks:,} tasks, spread over the queue, stand for all of them.")
        if failing := [each.problem for each in prompted if each.problem]:
            said.insert(0, f"{len(failing):,} of the tasks looked at would fail: {failing[0]}")
        if bought := reckoner.drafts(prompted):
            likely, worst = (_Scale(tasks, len(prompted)).up(amount) for amount in bought[1:])
            said.append(f"{bought[0]} writes the drafts: likely {shown(likely)} of it, {shown(worst)} at most.")
        if any(each.unwritten for each in prompted):
            said += words_of_unwritten(known.draft)
        said.append("A call whose answer is lost stays charged at its worst case; the caps hold in any case.")
        return tuple(said)


@dataclasses.dataclass(frozen=True)
class _Scale:
    """From a sample to all tasks."""

    tasks: int
    sampled: int

    def up(self, amount: int) -> int:
        """Rounded up."""
        return -(-amount * self.tasks // self.sampled) if self.sampled else 0

    def exact(self, amount: float) -> float:
        """As it is."""
        return amount * self.tasks / self.sampled if self.sampled else 0.0


def _left_out(endpoint: Endpoint, why: str) -> TeacherQuote:
    here = on_this_computer(endpoint.url)
    return TeacherQuote(endpoint.uid, endpoint.name, endpoint.model, 0, 0, 0, None, None, problem=why, here=here)


def _never_sent(prompted: Sequence[Prompted]) -> tuple[str, ...]:
    names = [name for each in prompted for name in each.offer.left_out]
    names += [each.task.origin_detail or each.task.question for each in prompted if each.offer.withheld]
    return tuple(dict.fromkeys(names))
