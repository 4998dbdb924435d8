"""One task's way from question to pair, as a pure machine: what was said goes in, what is to be done next comes out.

No clock, no random number, no database: the same question, evidence, draft and replies give the same pair, so that a
finished run can be done again from recorded answers.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from forge_desktop.corpus.texts import language
from forge_desktop.distill import checks as rules
from forge_desktop.distill import drafts, prompts, untold
from forge_desktop.distill.answer_reading import Verdict, as_answer, read_answer, read_remarks, read_verdict
from forge_desktop.distill.evidence import with_citations
from forge_desktop.distill.grounding import Grounds
from forge_desktop.distill.heard import Criticised, Heard, Judged
from forge_desktop.distill.quality import holds, quality
from forge_desktop.distill.records import (
    AnswerRead,
    Check,
    Draft,
    Evidence,
    Pair,
    PairKind,
    Quality,
    Task,
    TaskState,
    TeacherTurn,
)
from forge_desktop.distill.records_runs import RunWish
from forge_desktop.distill.unseen import control_token
from forge_desktop.providers.records import ChatRequest, PaidAnswer, Role

JUDGE, CRITIQUE = "judge", "critique"
ASIDE = (JUDGE, CRITIQUE)  # steps that a lesson can do without
_SURE = 0.6  # a pair whose rules hold but whose quality is below is left to a person
_BAD = 0.5  # a judge's mark for truth or grounding below which nobody shall learn from it
_SHOWING = ("numbers", "grounded")  # rules that show an answer to be right, where no judge says so
_FORM = re.compile(r"\[\d{1,3}(?:\s*[,;]\s*\d{1,3})*\]|\s+")

REFUSED = "The teacher refused"
EASY = "The student's own draft passes every rule: there is nothing to learn."


@dataclass(frozen=True)
class Ask:
    """A call to make. `step` names it in the ledger ("turn-1", "judge", "critique")."""

    step: str
    role: Role
    request: ChatRequest


@dataclass(frozen=True)
class End:
    """What becomes of the task. A pair that is not to be kept comes along where there is one, to be seen."""

    state: TaskState
    reason: str
    pair: Pair | None = None


class Lesson:
    """The way of one task. Ask `move` what is next, tell what came of it, until it is an End.

    `teachers` are facts of endpoints by uid, as they shall stand in the pair; `made` is the time it bears. With a
    `critic` a draft is criticised in a call of its own before it is answered.
    """

    def __init__(
        self,
        task: Task,
        evidence: Sequence[Evidence],
        draft: Draft | None,
        wish: RunWish,
        *,
        teachers: Mapping[str, Mapping[str, object]],
        made: float,
        critic: bool = False,
    ) -> None:
        self.task, self.evidence, self.wish = task, tuple(evidence), wish
        self._teachers, self._made = teachers, made
        self._open = untold.is_asked(task, self.evidence)
        self._heard: list[Heard] = []
        self._judged: Judged | None = None
        self._criticised: Criticised | None = None
        self._unjudged, self._uncriticised = "", False
        self._next: Ask | End | None = None
        self._grounds = Grounds(self.evidence, task.question)
        draft = drafts.usable(draft)
        self._drafted = drafts.judged(task, self.evidence, draft, self._grounds) if draft is not None else None
        self.draft = self._drafted.draft if self._drafted else None
        self._critic = critic and self.draft is not None and wish.max_turns > 1

    # ---- what came ----

    def hear(self, answer: PaidAnswer) -> None:
        """Take in the reply to what `move` asked last."""
        asked, self._next = self.move(), None
        assert isinstance(asked, Ask)
        if asked.step == JUDGE:
            self._judged = Judged(answer, asked.request, read_verdict(answer.text, answer.stop))
            return
        if asked.step == CRITIQUE:
            self._criticised = Criticised(answer, asked.request, read_remarks(answer.text, answer.stop))
            return
        reading = read_answer(answer.text, answer.stop, offered=bool(self.evidence))
        reading = as_answer(reading) if self._open else reading
        found = self._checks(reading.read) if reading.read is not None else ()
        self._heard.append(Heard(answer, asked.request, reading, found))

    def skip(self, why: str) -> None:
        """Nobody could be asked for what `move` asks: no critique is needed, and without a judge a person decides."""
        asked, self._next = self.move(), None
        assert isinstance(asked, Ask)
        if asked.step == CRITIQUE:
            self._uncriticised = True
        else:
            self._unjudged = why

    # ---- what is next ----

    def move(self) -> Ask | End:
        """What is to be done now."""
        if self._next is None:
            self._next = self._moved()
        return self._next

    def _moved(self) -> Ask | End:
        if not self._heard:
            return self._with_draft() or self._ask_critic() or self._ask()
        last = self._heard[-1]
        if last.reading.read is not None and last.reading.read.refused:
            said = last.reading.read.critique
            return End("rejected", f"{REFUSED}: {said}" if said else f"{REFUSED}.")
        if last.problem:
            return self._ask() if self._has_turns else self._given_up()
        if last.unquoted and self._has_turns:
            return self._ask()
        if self.wish.judge and self._judged is None and not self._unjudged:
            assert last.reading.read is not None
            request = prompts.render_judge(self.task, self.evidence, last.reading.read.answer, self.wish)
            return Ask(JUDGE, "judge", request)
        return self._decided(last)

    @property
    def turns(self) -> tuple[TeacherTurn, ...]:
        """The calls so far, as they are kept."""
        found = [heard.turn(n, self._teachers) for n, heard in enumerate(self._heard, 1)]
        if self._criticised is not None:
            found.insert(0, self._criticised.turn(1, self._teachers))
        if self._judged is not None:
            found.append(self._judged.turn(len(self._heard), self._teachers))
        return tuple(found)

    @property
    def cost(self) -> int:
        """What its replies cost."""
        heard = (self._criticised, *self._heard, self._judged)
        return sum(each.answer.cost for each in heard if each is not None)

    @property
    def answered_by(self) -> str:
        """The endpoint of the last reply."""
        return self._heard[-1].answer.endpoint if self._heard else ""

    # ---- inside ----

    def _with_draft(self) -> End | None:
        drafted = self._drafted
        if drafted is None or not drafted.easy or self.wish.easy == "teach":
            return None
        if self.wish.easy == "skip":
            return End("rejected", EASY)
        final, judged = drafted.read, quality(drafted.draft.checks)
        pair = self._pair(final, judged, "TRAIN_PAIR", accepted=self.wish.review == "rules")
        return End("kept" if pair.accepted else "review", "", pair)

    @property
    def _has_turns(self) -> bool:
        """Whether one more call may be made; that of a critic counts, also where nothing came of it."""
        return len(self._heard) + self._critic < self.wish.max_turns

    def _ask_critic(self) -> Ask | None:
        if not self._critic or self.draft is None or self._criticised is not None or self._uncriticised:
            return None
        return Ask(CRITIQUE, "critique", prompts.render_critique(self.task, self.evidence, self.draft, self.wish))

    def _ask(self) -> Ask:
        earlier = [(heard.answer.text, heard.problem or heard.unquoted) for heard in self._heard]
        critique = self._criticised.remarks.critique if self._criticised else ""
        request = prompts.render(self.task, self.evidence, self.draft, earlier, self.wish, critique=critique)
        return Ask(f"turn-{len(self._heard) + 1}", "answer", request)

    def _given_up(self) -> End:
        """The last turn was used, and its reply cannot be: an earlier one, or what could be read, stays to be seen."""
        usable = next((heard for heard in reversed(self._heard) if not heard.problem), None)
        if usable is not None and usable.reading.read is not None:
            read = usable.reading.read
            pair = self._pair(read, quality(usable.checks), self._kind(read), accepted=False)
            return End("review", f"{usable.unquoted} Asked once more, it gave nothing that can be used.".strip(), pair)
        last = next((heard for heard in reversed(self._heard) if heard.reading.read is not None), None)
        if last is None or last.reading.read is None:
            return End("failed", f"The teacher's reply could not be used: {self._heard[-1].problem}")
        pair = self._pair(last.reading.read, quality(last.checks), self._kind(last.reading.read), accepted=False)
        return End("rejected", last.problem or self._heard[-1].problem, pair)

    def _decided(self, last: Heard) -> End:
        read = last.reading.read
        assert read is not None
        verdict = self._judged.verdict if self._judged else None
        judged = quality(last.checks, verdict.rubric if verdict else None)
        bad = [name for name in ("correct", "grounded") if verdict and verdict.rubric.get(name, 1.0) < _BAD]
        state, reason = self._state(last, judged, verdict)
        if bad:
            note = f" {verdict.note}" if verdict else ""
            state, reason = "rejected", f"The judge does not find it {' and '.join(bad)}.{note}".strip()
        return End(state, reason, self._pair(read, judged, self._kind(read), accepted=state == "kept"))

    def _state(self, last: Heard, judged: Quality, verdict: Verdict | None) -> tuple[TaskState, str]:
        if self.wish.review == "all":
            return "review", ""
        if self._unjudged:
            return "review", f"No judge could be asked: {self._unjudged}"
        if verdict is not None and verdict.problem:
            return "review", verdict.problem
        if last.reading.prose and not self.evidence:
            return "review", "The teacher did not keep to the form, and no passage shows whether it is true."
        if any(check.name == "untold" and not check.passed for check in last.checks):
            return "review", "It was asked as what the documents do not tell, and the teacher answers it."
        unshown = [check.note for check in last.checks if check.name in _SHOWING and not check.passed]
        if verdict is None and unshown:
            return "review", unshown[0]
        if judged.score < _SURE:
            return "review", f"The rules hold, but its quality is {judged.score:.2f}."
        return "kept", ""

    def _checks(self, read: AnswerRead) -> tuple[Check, ...]:
        draft = self.draft.text if self.draft else ""
        return rules.checks(read, self.evidence, self.task, draft=draft, grounds=self._grounds)

    def _kind(self, read: AnswerRead) -> PairKind:
        changed = self.draft is not None and _bare(self.draft.text) != _bare(read.answer)
        return "REPAIR_PAIR" if changed else "TRAIN_PAIR"

    def _pair(self, read: AnswerRead, judged: Quality, kind: PairKind, *, accepted: bool) -> Pair:
        assert holds(judged.checks) or not accepted
        said = [self._criticised.remarks.critique] if self._criticised else []
        said += [each.reading.read.critique for each in self._heard if each.reading.read is not None]
        teacher = self._heard[-1].answer if self._heard else None
        return Pair(
            uid=hashlib.sha256(f"pair {self.task.uid} {self.task.repeat}".encode()).hexdigest()[:32],
            kind=kind,
            task=self.task.uid,
            prompt=self.task.question,
            final=read.answer,
            draft=self.draft.text if self.draft else "",
            critiques=tuple(each for each in said if each and not control_token(each)),
            evidence=with_citations(self.evidence, read) or (self.evidence if self._open else ()),
            citations=read.citations,
            quality=judged,
            accepted=accepted,
            language=self.task.language or language(read.answer),
            rules=self.task.rules,
            cost=self.cost,
            teacher=self._teacher_facts(teacher) if teacher else {},
            student=dict(self.draft.provenance) if self.draft else {},
            created=self._made,
            sha256="",
        )

    def _teacher_facts(self, answer: PaidAnswer) -> Mapping[str, object]:
        return {**self._teachers.get(answer.endpoint, {}), "endpoint": answer.endpoint, "model": answer.model}


def _bare(text: str) -> str:
    """A text without citation marks and white space: what must differ for a draft to count as changed."""
    return _FORM.sub("", text)
