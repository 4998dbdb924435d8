"""Judges a student's draft by the rules, and whether a passage says the same, so that no teacher is needed."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from forge_desktop.chat.attribution import without_numbers
from forge_desktop.distill import checks as rules
from forge_desktop.distill import untold
from forge_desktop.distill.extracts import Copied, copied
from forge_desktop.distill.grounding import Grounds
from forge_desktop.distill.quality import holds
from forge_desktop.distill.records import AnswerRead, Check, Draft, Evidence, Task
from forge_desktop.distill.unseen import cleaned, control_token


@dataclass(frozen=True)
class Drafted:
    """A draft with its checks. `easy`: every rule holds and all of it stands in a passage. `read` says where."""

    draft: Draft
    read: AnswerRead
    easy: bool


def usable(draft: Draft | None) -> Draft | None:
    """A draft as a reader would see it; none where it is empty, or holds the frame of a conversation."""
    if draft is None or control_token(draft.text):
        return None
    text = cleaned(draft.text)
    if not text.strip():
        return None
    return draft if text == draft.text else dataclasses.replace(draft, text=text)


def judged(task: Task, evidence: Sequence[Evidence], draft: Draft, grounds: Grounds | None = None) -> Drafted:
    """Hold the rules against a draft. Deterministic."""
    text = without_numbers(draft.text.strip()).strip()
    found = copied(text, evidence, task.question)
    read = AnswerRead(
        found.marked,
        citations=tuple(sorted({n for n, _ in found.quotes})),
        quotes=tuple(dict.fromkeys(found.quotes)),
        cut=draft.provenance.get("stop") == "length",
    )
    held = (*rules.checks(read, evidence, task, grounds=grounds), _extract(found))
    shown = all(check.passed for check in held if check.name in ("numbers", "grounded"))
    easy = (
        bool(evidence) and shown and holds(held) and not untold.is_asked(task, evidence)
    )  # a denial needs a second reader
    return Drafted(dataclasses.replace(draft, checks=held), read, easy)


def _extract(found: Copied) -> Check:
    """A small student's own words are not to be trusted: a draft must stand in a passage nearly word for word."""
    score = round(found.there / found.sentences, 4) if found.sentences else 0.0
    if found.there < found.sentences or not found.sentences:
        note = f"{found.there} of {found.sentences} sentences of the draft stand in a passage nearly word for word."
        return Check("extract", False, score, must=True, note=note)
    note = "" if found.asked else "What it takes from the passages does not say what was asked."
    return Check("extract", found.asked, score, must=True, note=note)
