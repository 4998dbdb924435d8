"""Makes a task of an answer in the chat; with a person's own better answer it is a pair at once, without a teacher."""

from __future__ import annotations

import dataclasses
import hashlib
import os

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import Events
from forge_desktop.chat import Chat
from forge_desktop.chat.records import ChatMessage, Source
from forge_desktop.corpus import Corpus
from forge_desktop.corpus.texts import language
from forge_desktop.distill import checks as rules
from forge_desktop.distill.answer_reading import marks
from forge_desktop.distill.flipping import Change, Flipper
from forge_desktop.distill.lesson import End
from forge_desktop.distill.quality import quality
from forge_desktop.distill.records import AnswerRead, Draft, Evidence, NewTask, Pair, Task
from forge_desktop.distill.review import Review
from forge_desktop.distill.store_tasks import TaskStore
from forge_desktop.distill.tasks import Tasks
from forge_desktop.distill.unseen import written

_BY_PERSON = "Corrected by a person."


class Corrector:
    """Brings answers of the chat into the queue, before everything that waits there."""

    def __init__(
        self,
        *,
        chat: Chat,
        corpus: Corpus,
        events: Events,
        tasks: Tasks,
        store: TaskStore,
        flipper: Flipper,
        review: Review,
    ) -> None:
        self._chat, self._corpus, self._events = chat, corpus, events
        self._tasks, self._store, self._flipper, self._review = tasks, store, flipper, review

    def correct(self, message_id: int, better: str = "") -> Task:
        """The task of an answer, made once; `better` is what it should have said. Raises ForgeError for no answer."""
        message = self._chat.message(message_id)
        question = self._question(message)
        rules.require_length(better)
        better = written(better)
        evidence = tuple(self._evidence(source, message) for source in message.sources)
        known = f"chat {message.conversation_id} {message.id} {message.created}"
        uid = hashlib.sha256(known.encode()).hexdigest()[:32]
        (uid,) = self._tasks.add(
            [
                NewTask(
                    question,
                    origin="chat",
                    origin_detail=f"message {message.id}",
                    draft=message.text.strip(),
                    language=language(question),
                    collections=message.collections,
                    evidence=evidence,
                    uid=uid,
                    first=True,
                )
            ]
        )
        task = self._ready(self._store.get(uid))
        return self._bettered(task, message, evidence, better) if better else task

    def _question(self, message: ChatMessage) -> str:
        if message.role != "assistant" or message.parent_id is None:
            raise ForgeError("Only an answer can be corrected.", hint="Choose the answer below the question.")
        if message.state == "writing":
            raise ForgeError("This answer is still being written.", hint="Wait for its end, or stop it.")
        return self._chat.message(message.parent_id).text

    def _ready(self, task: Task) -> Task:
        """A task that was there from an earlier correction waits again, and in front."""
        if task.state in ("rejected", "failed", "cancelled"):
            self._tasks.again([task.id])
        elif task.state == "held":
            self._tasks.release([task.id])
        if task.state not in ("kept", "review"):
            first = self._store.next_ids(1)
            if first and first[0] != task.id:
                self._tasks.move([task.id], first[0])
        return self._store.get(task.uid)

    def _bettered(self, task: Task, message: ChatMessage, evidence: tuple[Evidence, ...], better: str) -> Task:
        if task.pair:
            self._review.edit(task.id, better)
            return self._store.get(task.uid)
        said = message.provenance
        student = {"by": "chat", "student": said.get("student"), "sha256": said.get("model_sha256")}
        if said.get("adapter_sha256"):
            student |= {name: said[name] for name in ("version", "adapter_sha256", "scale")}
        pair = _pair(task, evidence, better, student)
        draft = Draft(task.draft, {"given": True, "by": task.origin_detail})
        self._flipper.write("", [Change(task, End("kept", _BY_PERSON, pair), draft=draft if task.draft else None)])
        self._events.changed("tasks", "pairs")
        return self._store.get(task.uid)

    def _evidence(self, source: Source, message: ChatMessage) -> Evidence:
        """A source with all that the student read of it, as far as its document is still there; else with its quote."""
        start = min([source.start, *(part.start for part in source.parts)])
        end = max([source.end, *(part.end for part in source.parts)])
        document = self._corpus.shelf.find_document(source.document_sha256, source.path)
        text = self._corpus.shelf.stored_text(document.id, start, end) if document is not None else ""
        if source.quote not in text or not text:
            start, end, text = source.start, source.end, source.quote
        versions = {name: message.provenance.get(name) for name in ("index", "analyser", "embedder")}
        return Evidence(
            n=source.n,
            document_sha256=source.document_sha256,
            name=os.path.basename(source.path).encode("utf-8", "replace").decode(),
            passage_id=source.passage_id,
            start=start,
            end=end,
            page=source.page,
            heading=source.heading,
            text=text,
            quote=source.quote if source.cited else "",
            cited=source.cited,
            scores={
                "score": round(source.score, 6),
                "bm25_rank": source.bm25_rank,
                "vector_rank": source.vector_rank,
            },
            retrieval={"chat": True, "query": str(message.provenance.get("retrieval_query") or ""), **versions},
        )


def _pair(task: Task, evidence: tuple[Evidence, ...], better: str, student: dict[str, object]) -> Pair:
    """A pair by a person's word: what the rules say of it is kept with it, and decides nothing."""
    cited = marks(better) or tuple(each.n for each in evidence if each.cited)
    quotes = tuple((each.n, each.quote) for each in evidence if each.n in cited and each.quote)
    held = rules.checks(AnswerRead(better, citations=cited, quotes=quotes), evidence, task, draft=task.draft)
    changed = bool(task.draft) and task.draft.strip() != better
    shown = tuple(dataclasses.replace(each, cited=True) for each in evidence if each.n in cited)
    return Pair(
        uid=hashlib.sha256(f"pair {task.uid} {task.repeat}".encode()).hexdigest()[:32],
        kind="REPAIR_PAIR" if changed else "TRAIN_PAIR",
        task=task.uid,
        prompt=task.question,
        final=better,
        draft=task.draft,
        critiques=(),
        evidence=shown,
        citations=cited,
        quality=quality(held),
        accepted=True,
        language=task.language or language(better),
        rules=task.rules,
        cost=0,
        teacher={},
        student=student,
        created=task.changed,
        sha256="",
        reviewed="edited",
        note=_BY_PERSON,
    )
