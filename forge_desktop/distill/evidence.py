"""What is offered for a task: passages found for its question, without those that may never be sent; quotes in them."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from forge_desktop.base.errors import ForgeError
from forge_desktop.corpus import Corpus, SearchFilter
from forge_desktop.corpus.records import Hit, Passage
from forge_desktop.distill.records import AnswerRead, Evidence, Task

_WIDEST = 16  # times as many passages are looked at as are wanted, before it counts that few may be sent
_LONGEST_QUOTE = 4_000  # characters; what is longer is no quote to look for


@dataclass(frozen=True)
class Offer:
    """What is offered for a task. `left_out` names the documents whose passages may not be sent.

    `withheld` is a sentence where the task itself must not be sent, because it was made from such a document; else "".
    """

    evidence: tuple[Evidence, ...]
    left_out: tuple[str, ...] = ()
    withheld: str = ""


class Gatherer:
    """Finds evidence. Safe on any thread. "Never send" holds for every endpoint, and is asked anew each time."""

    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus

    def gather(self, task: Task, passages: int) -> list[Evidence]:
        """The best passages for a task that may be sent. Raises ForgeError when where to look is gone."""
        return list(self.offer(task, passages).evidence)

    def offer(self, task: Task, passages: int, known: Sequence[Evidence] = ()) -> Offer:
        """What may be offered now: of what is `known` to belong to the task, or else what is found for it."""
        if known:
            return self._screened(task, known)
        if withheld := self._withheld(task):
            return Offer((), withheld=withheld)
        if passages <= 0:
            return Offer(())
        where = self._where(task)
        may: dict[int, bool] = {}
        wanted, hits, kept = passages, [], []
        while True:
            hits = self._corpus.search(task.question, wanted, where=where, operators=False)
            for hit in hits:
                document = hit.passage.document_id
                if document not in may:
                    may[document] = self._corpus.collections.may_leave(document)
            kept = [hit for hit in hits if may[hit.passage.document_id]][:passages]
            if len(kept) == passages or len(hits) < wanted or wanted >= _WIDEST * passages:
                break
            wanted *= 4
        left_out = _names(hit.passage for hit in hits if not may[hit.passage.document_id])
        facts = {
            "query": task.question,
            "k": passages,
            "collections": list(task.collections),
            "document": task.document,
            **self._corpus.versions(),
        }
        return Offer(tuple(_evidence(n, hit, facts) for n, hit in enumerate(kept, 1)), left_out)

    def may_be_sent(self, task: Task, evidence: Evidence) -> bool:
        """Whether a passage that belongs to a task may be put into a request, as its collections are now."""
        document = self._corpus.shelf.find_document(evidence.document_sha256, "")
        if document is not None:
            return self._corpus.collections.may_leave(document.id)
        return task.origin == "import"  # a file that a person brought in says itself what it rests on

    def _screened(self, task: Task, known: Sequence[Evidence]) -> Offer:
        may: dict[str, bool] = {}
        for each in known:
            if each.document_sha256 not in may:
                may[each.document_sha256] = self.may_be_sent(task, each)
        left_out = tuple(dict.fromkeys(each.name for each in known if not may[each.document_sha256]))
        withheld = self._withheld(task)
        if left_out and task.origin == "chat":  # its question or draft may say what stands there
            withheld = f"It rests on {left_out[0]}, which may not be sent to a teacher."
        return Offer(tuple(each for each in known if may[each.document_sha256]), left_out, withheld)

    def _withheld(self, task: Task) -> str:
        if not task.document:
            return ""
        document = self._corpus.shelf.find_document(task.document, "")
        if document is None or self._corpus.collections.may_leave(document.id):
            return ""
        return f"It was made from {_shown(document.path)}, which may not be sent to a teacher."

    def _where(self, task: Task) -> SearchFilter | None:
        known = self._corpus.collections.names() if task.collections else {}
        collections = tuple(uid for uid in task.collections if uid in known)
        if task.collections and not collections:
            raise ForgeError("The collections this was to be looked for in are not there any more.")
        if not task.document:
            return SearchFilter(collections=collections) if collections else None
        document = self._corpus.shelf.find_document(task.document, "")
        if document is None:
            raise ForgeError("The document this was to be looked for in is not in the index any more, or changed.")
        return SearchFilter(collections=collections, folder=document.path)


def with_citations(evidence: Sequence[Evidence], answer: AnswerRead) -> tuple[Evidence, ...]:
    """The passages an answer cites, one for each quote found in them, with the quote as the document has it."""
    found = []
    for each in evidence:
        if each.n not in answer.citations:
            continue
        quotes = [
            each.text[place[0] : place[1]]
            for n, quote in answer.quotes
            if n == each.n and (place := find_quote(each.text, quote)) is not None
        ]
        found += [dataclasses.replace(each, cited=True, quote=quote) for quote in dict.fromkeys(quotes or [""])]
    return tuple(found)


def find_quote(text: str, quote: str) -> tuple[int, int] | None:
    """Where a text has these words: as they are, or else with other white space, case or marks around quotations."""
    if not quote.strip() or len(quote) > _LONGEST_QUOTE:
        return None
    start = text.find(quote)
    if start >= 0:
        return start, start + len(quote)
    words = [re.escape(word) for word in quote.strip(" \t\r\n\"'“”„«».…").split()]
    pattern = _MARKS.sub("[\"'“”„‘’‚«»`]", r"\s+".join(words))
    match = re.search(pattern, text, re.IGNORECASE) if words else None
    return None if match is None else match.span()


_MARKS = re.compile("\\\\?[\"'“”„‘’‚«»`]")


def _evidence(n: int, hit: Hit, facts: dict[str, object]) -> Evidence:
    passage = hit.passage
    return Evidence(
        n=n,
        document_sha256=passage.document_sha256,
        name=_shown(passage.path),
        passage_id=passage.id,
        start=passage.start,
        end=passage.end,
        page=passage.page,
        heading=passage.heading,
        text=passage.text,
        scores={
            "score": round(hit.score, 6),
            "bm25": None if hit.bm25 is None else round(hit.bm25, 6),
            "vector": None if hit.vector is None else round(hit.vector, 6),
            "bm25_rank": hit.bm25_rank,
            "vector_rank": hit.vector_rank,
        },
        retrieval=facts,
    )


def _names(passages: Iterable[Passage]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_shown(passage.path) for passage in passages))


def _shown(path: str) -> str:
    """A document's name without its folders, which are nobody's business."""
    return os.path.basename(path).encode("utf-8", "replace").decode("utf-8")
