"""Judges a student's draft by the rules and by what the passages support: whether a teacher is needed at all."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from forge_desktop.chat.attribution import Attribution, attribute
from forge_desktop.chat.records import Source
from forge_desktop.distill import checks as rules
from forge_desktop.distill import untold
from forge_desktop.distill.quality import holds
from forge_desktop.distill.records import AnswerRead, Check, Draft, Evidence, Task


@dataclass(frozen=True)
class Drafted:
    """A draft with its checks. `easy`: every rule holds and every statement of it is supported. `read` says by what."""

    draft: Draft
    read: AnswerRead
    easy: bool


def judged(task: Task, evidence: Sequence[Evidence], draft: Draft) -> Drafted:
    """Hold the rules against a draft. Deterministic."""
    found = attribute(draft.text.strip(), [_source(each) for each in evidence], task.question)
    read = AnswerRead(
        found.text.strip(),
        citations=tuple(source.n for source in found.sources if source.cited),
        quotes=tuple((source.n, source.quote) for source in found.sources if source.cited),
        cut=draft.provenance.get("stop") == "length",
    )
    held = (*rules.checks(read, evidence, task), _grounded(found))
    easy = bool(evidence) and holds(held) and not untold.is_asked(task, evidence)  # a denial needs a second reader
    return Drafted(dataclasses.replace(draft, checks=held), read, easy)


def _grounded(found: Attribution) -> Check:
    """Without a statement that needs support there is nothing to learn from either."""
    needing, supported = found.grounded["sentences"], found.grounded["supported"]
    passed = needing > 0 and supported == needing
    note = "" if passed else f"The passages support {supported} of {needing} statements of the draft."
    return Check("grounded", passed, supported / needing if needing else 0.0, must=True, note=note)


def _source(evidence: Evidence) -> Source:
    return Source(
        n=evidence.n,
        path=evidence.name,
        document_sha256=evidence.document_sha256,
        passage_id=evidence.passage_id,
        start=evidence.start,
        end=evidence.end,
        page=evidence.page,
        heading=evidence.heading,
        first_line=0,
        last_line=0,
        quote=evidence.text,
        score=0.0,
        bm25_rank=None,
        vector_rank=None,
        cited=False,
    )
