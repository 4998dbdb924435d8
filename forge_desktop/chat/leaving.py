"""What may go into a remote student's prompt: nothing of what is never sent, nor of answers that rest on it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from forge_desktop.chat.prompt import Prompt
from forge_desktop.chat.records import Source
from forge_desktop.chat.rows import Task, Turn
from forge_desktop.corpus import Corpus
from forge_desktop.corpus.records import Hit
from forge_desktop.engine import EngineState


@dataclass(frozen=True)
class Leaving:
    """What is left of a question's passages and of what was said before it, and what was kept back from `student`.

    `documents` are the names of documents kept back, `turns` how many earlier questions with their answers.
    """

    student: str
    hits: tuple[Hit, ...]
    task: Task
    documents: tuple[str, ...] = ()
    turns: int = 0

    def notices(self) -> tuple[str, ...]:
        """What was kept back, in sentences."""
        said = []
        if self.documents:
            what = "its collection is never sent" if len(self.documents) == 1 else "their collections are never sent"
            said.append(f"Not sent to {self.student}, because {what}: {', '.join(self.documents)}.")
        if self.turns:
            what = "One earlier answer rests" if self.turns == 1 else f"{self.turns} earlier answers rest"
            it = "it was" if self.turns == 1 else "they were"
            said.append(f"{what} on documents that are never sent; {it} not sent to {self.student}.")
        return tuple(said)

    def noted(self, prompt: Prompt) -> Prompt:
        """The prompt, saying what was kept back. What of the conversation is only kept back here stays for later."""
        notices = self.notices()
        seen = dataclasses.replace(prompt.seen, cut=(*prompt.seen.cut, *notices))
        history = self.task.history_from if self.turns else prompt.history_from
        return dataclasses.replace(prompt, seen=seen, noticed=(*prompt.noticed, *notices), history_from=history)


def sendable(corpus: Corpus, student: EngineState, hits: Sequence[Hit], task: Task) -> Leaving:
    """What of these may be sent to this student: everything to one on this computer.

    An answer given on this computer after one that rests on such a document may repeat it, so it is kept back as well.
    """
    name = student.model or ""
    if not student.remote:
        return Leaving(name, tuple(hits), task)
    may = _Door(corpus)
    kept: list[Turn] = []
    turns: list[Turn] = []
    for turn in task.turns:
        if any(not may.leave(source) for source in turn.sources) or (kept and not turn.remote):
            kept.append(turn)
        else:
            turns.append(turn)
    left = tuple(hit for hit in hits if corpus.collections.may_leave(hit.passage.document_id))
    documents = dict.fromkeys(_name(hit.passage.path) for hit in hits if hit not in left)
    task = dataclasses.replace(task, turns=tuple(turns))
    if any(turn.question_id < task.summary_until for turn in kept):
        task = dataclasses.replace(task, summary="", summary_until=0)
    return Leaving(name, left, task, tuple(documents), len(kept))


def _name(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2]


class _Door:
    """Whether passages of earlier answers may leave; a document that is not there any more may not."""

    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus
        self._known: dict[tuple[str, str], bool] = {}

    def leave(self, source: Source) -> bool:
        key = (source.document_sha256, source.path)
        if key not in self._known:
            document = self._corpus.shelf.find_document(*key)
            self._known[key] = document is not None and self._corpus.collections.may_leave(document.id)
        return self._known[key]
