"""Builds what the student reads: instructions, what was said before, documents as data, the question; all counted.

The layout only ever appends, so that the engine can keep what it has already read: the instructions never change
within a conversation, a document comes in the turn that first needs it and stays there, answers go back as they were
written. Documents stand between marks that are made anew for every question, so no text can pretend to end one, and
every word that is not ours travels as an untrusted part, in which no special token is read.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from forge_desktop.base.errors import ForgeError
from forge_desktop.chat.marks import fresh_mark, label_of, mark_in, told
from forge_desktop.chat.options import ChatOptions
from forge_desktop.chat.question_layout import QUESTION, Shown, end_of_documents, instructions, question_parts
from forge_desktop.chat.records import SeenPrompt, Source
from forge_desktop.chat.rows import Task, Turn
from forge_desktop.chat.spans import Widener, parts_of
from forge_desktop.chat.summary import Summariser, longest
from forge_desktop.engine import Engine
from forge_desktop.engine.records import PromptMessage, PromptPart, RenderedPrompt, Sampling

_SUMMED_UP = "\n\nEarlier in this conversation, in short: "
_LEAST_ANSWER = 64  # tokens an answer needs at least; less room counts as none
_THOUGHT, _LONG_THOUGHT = 1024, 8192  # tokens kept free for a thought without limit, and those it may take at most
_AFTER_TRIM = 0.7  # history is trimmed to this share of the room, so that not every further turn must trim again

# The best two sources are widened, within half of the free room: the rest is for the conversation to go on, and a long
# prompt makes people wait. On chunkeval's 472 questions all that answers a question is in the prompt for 89.6 % without
# neighbours (4,939 characters), 92.2 % with those of the best source (6,786), 94.5 % of the best two (8,165), 95.6 % of
# the best three (9,249), 96.6 % of all (10,649). More hits instead, in the same room: 91.3, 92.0, 92.8, 93.6 %.
_MOST_WIDENED, _WIDENED = 2, 0.5


class QuestionTooLong(ForgeError):  # noqa: N818 - says what is wrong, as ForgeError's message does
    """The question alone does not fit into the student's context."""


@dataclass(frozen=True)
class Prompt:
    """A prompt ready for the engine, with what is stored of it."""

    messages: tuple[PromptMessage, ...]
    sampling: Sampling
    turn: tuple[PromptPart, ...]
    offered: tuple[Source, ...]  # what the student can read now: this question's passages and those still above
    seen: SeenPrompt
    sha256: str
    history_from: int
    summary: str = ""  # made for this prompt, of the turns before the question `summary_until`
    summary_until: int = 0
    noticed: tuple[str, ...] = ()  # of what was cut, what is new with this prompt

    def searched_in(self, collections: tuple[str, ...]) -> Prompt:
        """The same, noting the names of the collections that were searched."""
        return dataclasses.replace(self, seen=dataclasses.replace(self.seen, collections=collections))


class PromptBuilder:
    """Fits one question into the student's context; `build` raises QuestionTooLong.

    `check` is called while the student is loaded or busy, and raises Cancelled when the user no longer wants an answer.
    """

    def __init__(
        self,
        engine: Engine,
        options: ChatOptions,
        task: Task,
        sampling: Sampling,
        check: Callable[[], None],
        summariser: Summariser | None = None,
    ) -> None:
        self._engine, self._task, self._sampling, self._check = engine, task, sampling, check
        self._template = options.template
        self._system = instructions(options.system_prompt)
        self._mark = ""
        self._summariser, self._summary, self._unsummed = summariser, task.summary, ""
        self._summed = sum(turn.question_id < task.summary_until for turn in task.turns)  # turns the summary stands for
        self._summed_before = self._summed

    def build(self, offered: Sequence[Source], widener: Widener | None = None) -> Prompt:
        """The prompt with as much of the conversation and of the passages (best first) as fits.

        Where nothing had to be cut and there is room, passages come with their neighbours.
        """
        self._mark = fresh_mark(self._task, offered)
        turns = [turn for turn in self._task.turns if turn.question_id >= self._task.history_from]
        known, passages = len(turns), list(offered)
        messages, turn, rendered = self._laid_out(turns, passages)
        kept, most = self._answer_tokens(rendered)
        room = rendered.context - min(kept, rendered.context // 2)
        if rendered.tokens > room and turns:
            goal = int(room * _AFTER_TRIM) - (longest(rendered.context) if self._summariser else 0)
            turns = turns[_to_drop(rendered, len(turns), goal) :]
            self._sum_up(turns, rendered.context)
            messages, turn, rendered = self._laid_out(turns, passages)
        while rendered.tokens > room and (turns or passages):
            if turns:
                turns.pop(0)
            else:
                passages.pop()
            messages, turn, rendered = self._laid_out(turns, passages)
        added: tuple[str, ...] = ()
        if widener is not None and len(turns) == len(self._task.turns) and len(passages) == len(offered):
            wider = self._widened(turns, passages, int((room - rendered.tokens) * _WIDENED), widener)
            added = tuple(told(new) for new, old in zip(wider, passages, strict=True) if new is not old)
            if added:
                passages = wider
                messages, turn, rendered = self._laid_out(turns, passages)
        answer_room = min(most, rendered.context - rendered.tokens)
        if answer_room < min(_LEAST_ANSWER, self._sampling.max_tokens):
            raise self._too_long(rendered)
        cut = self._cut(turns, passages, offered, answer_room)
        seen = SeenPrompt(
            text=rendered.text,
            context=rendered.context,
            tokens=rendered.tokens,
            answer_room=answer_room,
            parts=self._parts(rendered, turn),
            cut=cut,
            added=added,
        )
        return Prompt(
            messages=tuple(messages),
            sampling=dataclasses.replace(
                self._sampling,
                max_tokens=answer_room,
                stop=(*self._sampling.stop, *(f"[{mark}" for mark in self._marks(turns)), f"\n{QUESTION}"),
            ),
            turn=tuple(turn),
            offered=(*passages, *_still_above(turns, passages)),
            seen=seen,
            sha256=rendered.sha256,
            history_from=self._question_at(len(self._task.turns) - len(turns)),
            summary=self._summary if self._summed != self._summed_before else "",
            summary_until=self._question_at(self._summed),
            noticed=self._noticed(cut, turns, known),
        )

    def _laid_out(
        self, turns: Sequence[Turn], passages: Sequence[Source]
    ) -> tuple[list[PromptMessage], list[PromptPart], RenderedPrompt]:
        """The messages, the newest one's parts, and the prompt they make."""
        messages, turn = self._messages(turns, passages)
        return messages, turn, self._render(messages)

    def _marks(self, turns: Sequence[Turn]) -> list[str]:
        """The marks that stand in the prompt, each once: the student may go on with that of an earlier question too."""
        known = [mark for turn in turns for part in turn.parts if part.trusted and (mark := mark_in(part.text))]
        return list(dict.fromkeys([self._mark, *reversed(known)]))

    def _too_long(self, rendered: RenderedPrompt) -> QuestionTooLong:
        """The error for a prompt without room for an answer, naming what takes it."""
        counts, own = rendered.message_tokens, len(self._system.parts) > 1
        of_instructions = own and counts[0] > counts[-1]
        subject = "Your own instructions are" if of_instructions else "The question is"
        takes = f"they take {counts[0]:,}" if of_instructions else f"it takes {rendered.tokens:,}"
        return QuestionTooLong(
            f"{subject} too long for this student: {takes} of the {rendered.context:,} tokens it can hold, which "
            "leaves no room for an answer.",
            hint=f"Shorten {'them' if of_instructions else 'the question'}, or raise the context length in Settings.",
        )

    def _answer_tokens(self, rendered: RenderedPrompt) -> tuple[int, int]:
        """(tokens to keep free for the answer, tokens it may have at most): thoughts come on top of the answer."""
        answer, thought = self._sampling.max_tokens, self._sampling.think_tokens
        if not rendered.thinks:
            return answer, answer
        return (answer + _THOUGHT, answer + _LONG_THOUGHT) if thought < 0 else (answer + thought, answer + thought)

    def _question_at(self, place: int) -> int:
        """The question of the turn at this place, the one that is asked now after the last; 0 where nothing is gone."""
        turns = self._task.turns
        return turns[place].question_id if place < len(turns) else (self._task.question_id if turns else 0)

    def _sum_up(self, turns: Sequence[Turn], context: int) -> None:
        """Have the turns that are not kept summed up; where that fails they are left out, and it is said."""
        gone = self._task.turns[self._summed : len(self._task.turns) - len(turns)]
        if self._summariser is None or not gone:
            return
        try:
            self._summary = self._summariser.summary(self._summary, gone, context)
            self._summed += len(gone)
        except ForgeError as error:
            self._unsummed = f" They could not be summarised: {error.message}"

    def _widened(self, turns: Sequence[Turn], passages: Sequence[Source], room: int, widener: Widener) -> list[Source]:
        """The passages, best first, with their neighbours as far as these fit into `room` tokens."""
        standing = [*passages, *_shown(turns)]
        taken = {part.passage_id for source in standing for part in parts_of(source)}
        known = {source.n for source in self._task.known}
        wider = list(passages)
        for place, source in enumerate(passages[:_MOST_WIDENED]):
            new = widener.widened(source, taken) if source.n not in known else source
            if new is source or self._mark in new.quote:
                continue
            before, after = self._engine.count([source.quote, new.quote], check=self._check)
            if after - before <= room:
                room -= after - before
                wider[place] = new
                taken |= {part.passage_id for part in new.parts}
        return wider

    def _render(self, messages: Sequence[PromptMessage]) -> RenderedPrompt:
        return self._engine.render(messages, sampling=self._sampling, check=self._check, template=self._template)

    def _messages(
        self, turns: Sequence[Turn], passages: Sequence[Source]
    ) -> tuple[list[PromptMessage], list[PromptPart]]:
        messages = [self._system]
        if self._summary:
            summed_up = (PromptPart(_SUMMED_UP, trusted=True), PromptPart(self._summary))
            messages = [PromptMessage("system", (*self._system.parts, *summed_up))]
        for turn in turns:
            messages.append(PromptMessage("user", turn.parts))
            messages.append(PromptMessage("assistant", (self._said(turn),)))
        parts = self._turn(turns, passages)
        messages.append(PromptMessage("user", tuple(parts)))
        return messages, parts

    def _said(self, turn: Turn) -> PromptPart:
        """An earlier answer, as the very tokens it was sampled as where the same student reads it now."""
        same = turn.model_sha256 == self._engine.state().model_sha256
        return PromptPart(turn.answer, tokens=turn.tokens if same else ())

    def _turn(self, turns: Sequence[Turn], passages: Sequence[Source]) -> list[PromptPart]:
        """The newest user message: documents not shown yet, numbers of those shown above, what is asked."""
        above = {source.n for source in _shown(turns)}
        new = [Shown(source.n, label_of(source), source.quote) for source in passages if source.n not in above]
        again = [source.n for source in passages if source.n in above]
        return question_parts(self._task.question, new, self._mark, self._task.grounding, above=again)

    def _parts(self, rendered: RenderedPrompt, turn: Sequence[PromptPart]) -> tuple[tuple[str, int], ...]:
        counts = rendered.message_tokens
        ends = [index for index, part in enumerate(turn) if part.trusted and part.text == end_of_documents(self._mark)]
        documents = "".join(part.text for part in turn[: ends[0] + 1]) if ends else ""
        documents_tokens = self._engine.count([documents], check=self._check)[0] if documents else 0
        return (
            ("Instructions", counts[0]),
            ("Earlier in this conversation", sum(counts[1:-1])),
            ("Documents", documents_tokens),
            ("Question", max(0, counts[-1] - documents_tokens)),
        )

    def _cut(
        self, turns: Sequence[Turn], passages: Sequence[Source], offered: Sequence[Source], answer_room: int
    ) -> tuple[str, ...]:
        cut = self._of_turns(turns)
        if left_out := len(offered) - len(passages):
            cut.append(f"{left_out} of {len(offered)} passages were left out, the lowest ranked first: no room.")
        if answer_room < self._sampling.max_tokens:
            cut.append(f"The answer may have {answer_room:,} tokens instead of {self._sampling.max_tokens:,}: no room.")
        return tuple(cut)

    def _noticed(self, cut: tuple[str, ...], turns: Sequence[Turn], known: int) -> tuple[str, ...]:
        """What of this is new with this prompt; a summary is told by the question that it stands with."""
        of_turns = self._of_turns(turns)
        old = of_turns if len(turns) == known else of_turns[: 1 if self._summed else 0]
        return tuple(line for line in cut if line not in old)

    def _of_turns(self, turns: Sequence[Turn]) -> list[str]:
        """What became of the turns before these."""
        said = []
        if self._summed:
            what = "first question and its answer" if self._summed == 1 else f"first {self._summed} turns"
            said.append(f"A summary stands for the {what}: the conversation is longer than the student can hold.")
        if left_out := len(self._task.turns) - len(turns) - self._summed:
            which = "next" if self._summed else "first"
            what = "question and its answer" if left_out == 1 else f"{left_out} questions and their answers"
            why = "the conversation is longer than the student can hold"
            said.append(f"The {which} {what} were left out: {why}.{self._unsummed}")
        return said


def _shown(turns: Sequence[Turn]) -> list[Source]:
    """The passages whose text stands in these turns."""
    shown: list[Source] = []
    for turn in turns:
        texts = {part.text for part in turn.parts}
        shown.extend(source for source in turn.sources if source.quote in texts)
    return shown


def _still_above(turns: Sequence[Turn], passages: Sequence[Source]) -> list[Source]:
    """Passages of earlier turns the student still sees and this question did not find: an answer may rest on them."""
    taken = {source.n for source in passages}
    above = {source.n: source for source in _shown(turns) if source.n not in taken}
    return [
        dataclasses.replace(source, score=0.0, bm25_rank=None, vector_rank=None, cited=False)
        for _, source in sorted(above.items())
    ]


def _to_drop(rendered: RenderedPrompt, turns: int, room: int) -> int:
    """How many early turns must go so that the rest fits into `room`."""
    tokens = rendered.tokens
    for index in range(turns):
        if tokens <= room:
            return index
        tokens -= rendered.message_tokens[1 + 2 * index] + rendered.message_tokens[2 + 2 * index]
    return turns
