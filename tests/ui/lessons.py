"""What the tests of the Distill pane share: a teacher on loopback that answers from the passages, and tasks for it."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

from forge_desktop.distill.records import Endpoint, NewTask
from forge_desktop.distill.records_runs import RunSummary, RunWish
from forge_desktop.forge import Forge
from forge_desktop.providers.records import Rates
from tests.providers.teacher import Teacher

QUESTIONS = (
    "How many tools may a member hold at the same time?",
    "What does a late hand tool cost for each day?",
    "Who is allowed to borrow tools?",
)
_PASSAGE = re.compile(r"<<<passage 1 \w+>>>\n(.*?)\n<<<end", re.DOTALL)
WISH = RunWish(cap=1_000_000, draft=False, review="all", concurrency=2)


def answer(body: dict[str, Any]) -> str:
    """A lesson that rests on the first passage: its last sentence, quoted."""
    passage = _PASSAGE.search(body["messages"][1]["content"])
    assert passage is not None
    words = [part for part in re.split(r"(?<=[.!?])\s+", passage[1].strip()) if len(part.split()) > 4][-1]
    said = " ".join(words.split()).rstrip(".")
    return json.dumps(
        {
            "critique": "It names no passage.",
            "verdict": "partly",
            "answer": f"{said} [1].",
            "citations": [1],
            "quotes": [{"n": 1, "quote": words}],
            "refusal": "",
        }
    )


def add_teacher(forge: Forge, teacher: Teacher) -> Endpoint:
    """The loopback teacher among the endpoints, with its prices."""
    endpoints = forge.providers.endpoints
    made = endpoints.add(endpoints.draft("Loopback", teacher.url, "test-teacher"))
    forge.providers.prices.set(made, Rates(teacher.price_in, teacher.price_out), "2026-11-26")
    return made


def index(forge: Forge, sample: Path, place: Path) -> None:
    """The sample documents, indexed."""
    papers = shutil.copytree(sample, place / "papers")
    forge.jobs.wait(forge.corpus.index([Path(papers)]))


def make_lessons(forge: Forge, teacher: Teacher, sample: Path, place: Path) -> RunSummary:
    """Three tasks, each of which has been to the teacher and waits for a person."""
    index(forge, sample, place)
    add_teacher(forge, teacher)
    forge.distill.tasks.add([NewTask(question) for question in QUESTIONS])
    summary = forge.jobs.wait(forge.distill.run(WISH), 60)
    assert isinstance(summary, RunSummary)
    assert summary.review == len(QUESTIONS), summary
    return summary
