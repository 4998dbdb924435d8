"""Renders a task as a run would begin with it, for a quote: with what is there, and notes for what is not yet."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from forge_desktop.base.errors import ForgeError
from forge_desktop.corpus import Corpus
from forge_desktop.distill import prompts
from forge_desktop.distill.critics import critics
from forge_desktop.distill.drafting import Drafter, Wanted
from forge_desktop.distill.evidence import Gatherer, Offer
from forge_desktop.distill.lesson import CRITIQUE, JUDGE, Ask, End, Lesson
from forge_desktop.distill.quote_costs import BYTES_A_TOKEN, Prompted
from forge_desktop.distill.quote_prompts import UNSAID, UNWRITTEN
from forge_desktop.distill.records import Draft, Evidence, Task
from forge_desktop.distill.records_runs import RunWish
from forge_desktop.distill.store_runs import RunStore
from forge_desktop.distill.store_tasks import TaskStore
from forge_desktop.providers import Providers
from forge_desktop.providers.records import ChatRequest, Endpoint, PaidAnswer, Purpose


class Renderer:
    """Asks nobody."""

    def __init__(
        self, *, corpus: Corpus, providers: Providers, tasks: TaskStore, runs: RunStore, drafter: Drafter
    ) -> None:
        self._providers, self._tasks, self._runs = providers, tasks, runs
        self._gatherer, self._drafter = Gatherer(corpus), drafter

    def prompted(
        self, task: Task, wish: RunWish, teachers: Sequence[Endpoint], passages: int | None = None
    ) -> Prompted:
        """A task as a run would begin with it, with what was paid for it already."""
        count = wish.passages if passages is None else passages
        try:
            offer = self._gatherer.offer(task, count, self._given(task, wish, passages))
        except ForgeError as error:  # a run would let the task fail
            return Prompted(task, Offer(()), problem=error.message)
        if offer.withheld:
            return Prompted(task, offer)
        draft = Draft(task.draft, {"given": True}) if task.draft else self._runs.draft(task.id)
        if draft is None and wish.draft and self._drafter.ready:
            return self._undrafted(task, offer, wish)
        critic = bool(critics(self._providers.router, wish))
        lesson = Lesson(task, offer.evidence, draft, wish, teachers={}, made=0.0, critic=critic)
        reused = saved = heard = 0
        while isinstance(move := lesson.move(), Ask):
            paid = next(filter(None, (self._paid(task, move, each) for each in teachers)), None)
            if paid is None:
                break
            lesson.hear(paid)
            heard += move.step != JUDGE
            reused, saved = reused + 1, saved + paid.cost
        if isinstance(move, End):
            return Prompted(task, offer, reused=reused, saved=saved, easy=not reused)
        if move.step == CRITIQUE:
            return self._criticised(Prompted(task, offer, reused=reused, saved=saved), wish, lesson.draft, lesson.draft)
        judging = move.step == JUDGE
        return Prompted(
            task,
            offer,
            ask=move,
            turns_left=0 if judging else wish.max_turns - heard,
            longest=None if judging else move.request,
            judge=move.request if judging else self._judge(task, offer, wish),
            reused=reused,
            saved=saved,
        )

    def _undrafted(self, task: Task, offer: Offer, wish: RunWish) -> Prompted:
        """The draft is not there yet: a note stands for it, and the longest one where the worst case is reckoned."""
        longest = Draft("x" * (BYTES_A_TOKEN * self._drafter.tokens(wish.max_tokens)), {})
        drafted = Prompted(
            task,
            offer,
            unwritten=True,
            drafting=self._drafter.asked(Wanted(task, offer.evidence), wish.max_tokens),
        )
        if critics(self._providers.router, wish):
            return self._criticised(drafted, wish, Draft(UNWRITTEN, {}), longest)
        request = prompts.render(task, offer.evidence, Draft(UNWRITTEN, {}), (), wish)
        return dataclasses.replace(
            drafted,
            ask=Ask("turn-1", "answer", request),
            turns_left=wish.max_turns,
            longest=prompts.render(task, offer.evidence, longest, (), wish),
            judge=self._judge(task, offer, wish),
        )

    def _criticised(self, begun: Prompted, wish: RunWish, draft: Draft | None, longest: Draft | None) -> Prompted:
        """A task whose draft is criticised first: a note stands for what will be said of it."""
        assert draft is not None
        assert longest is not None
        task, evidence = begun.task, begun.offer.evidence
        critique = prompts.render_critique(task, evidence, draft, wish)
        said = "x" * (BYTES_A_TOKEN * critique.max_tokens)
        return dataclasses.replace(
            begun,
            ask=Ask("turn-1", "answer", prompts.render(task, evidence, draft, (), wish, critique=UNSAID)),
            turns_left=wish.max_turns - 1,
            longest=prompts.render(task, evidence, longest, (), wish, critique=said),
            critique=(critique, prompts.render_critique(task, evidence, longest, wish)),
            judge=self._judge(task, begun.offer, wish),
        )

    def _given(self, task: Task, wish: RunWish, passages: int | None) -> Sequence[Evidence]:
        """The evidence a task has; what an earlier run found for it is looked for anew where the dial is turned."""
        known = self._tasks.evidence(task.id)
        if passages is None or passages == wish.passages or any("made_from" in each.retrieval for each in known):
            return known
        return known if any("query" not in each.retrieval for each in known) else ()

    def _judge(self, task: Task, offer: Offer, wish: RunWish) -> ChatRequest | None:
        return prompts.render_judge(task, offer.evidence, "", wish) if wish.judge else None

    def _paid(self, task: Task, ask: Ask, endpoint: Endpoint) -> PaidAnswer | None:
        return self._providers.found(endpoint.uid, ask.request, Purpose("teacher", "", task.uid, ask.step, task.repeat))
