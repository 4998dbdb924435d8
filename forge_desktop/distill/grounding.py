"""What of an answer the offered passages show: sentence by sentence, by the chat's measure and by the words quoted."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from forge_desktop.chat.attribution import needs_support, without_numbers
from forge_desktop.chat.records import Source
from forge_desktop.chat.sentences import split
from forge_desktop.chat.support import Reader
from forge_desktop.chat.words import Number, Said, found_in, said
from forge_desktop.corpus import texts
from forge_desktop.distill import refusing, spans
from forge_desktop.distill.json_rows import read_json
from forge_desktop.distill.records import Evidence

_QUOTED_ENOUGH = 0.6  # share of a sentence's words that the quoted words and the question must hold
_NUMBER_WEIGHT = 2
_SHORT = 3  # words of an answer that claims nothing by itself, such as a name
_YES_NO = "yes|no|ja|nein|oui|non|sí|si|sim|não|nee|tak|nie|да|нет|evet|hayır|是|否|不是|はい|いいえ|예|아니요|نعم|لا"
_BARE = frozenset(_YES_NO.split("|"))
_VERDICT = re.compile(rf"\s*(?:{_YES_NO})\b[\s,.;:!\u2013\u2014-]+(?=\S)", re.IGNORECASE)


@dataclass(frozen=True)
class Found:
    """How many statements an answer has, and how many of them are shown; `by_words` without help of quotes.

    `missing` is the first one that is not shown. `foreign`: it is in another language than the passages, so that their
    words cannot be compared. `nothing` is the share of its sentences that only say that there is no answer.
    """

    needing: int
    shown: int
    by_words: int
    missing: str
    foreign: bool
    nothing: float

    @property
    def all_shown(self) -> bool:
        """Whether everything it states is shown, and it states something."""
        return self.needing > 0 and self.shown == self.needing


class Grounds:
    """The passages offered to one task, read once for its draft and every reply."""

    def __init__(self, evidence: Sequence[Evidence], question: str) -> None:
        self._evidence, self._question = tuple(evidence), question

    def of(self, answer: str, quotes: Sequence[tuple[int, str]] = (), *, schema: bool = False) -> Found:
        """What is shown of an answer; `quotes` count where they stand in their passages."""
        text = without_numbers(_flat(answer) if schema else answer)
        quoted = self._quoted(quotes)
        shown = by_words = needing = 0
        missing = ""
        for span in split(text):
            sentence = text[span.start : span.end]
            if not needs_support(sentence, span):
                continue
            needing += 1
            sentence = _VERDICT.sub("", sentence)
            if self._reader.supports(sentence):
                by_words += 1
            elif not (quoted and self._shown_by(quoted, sentence)):
                missing = missing or sentence.strip()
                continue
            shown += 1
        if not needing and quoted is not None and self._is_short(text, quoted):
            needing = shown = 1
        return Found(needing, shown, by_words, missing, self._is_foreign(text), self._nothing(text))

    def _nothing(self, text: str) -> float:
        share = refusing.nothing_said(text)
        return share if share and not self._reader.supports(text) else 0.0

    def _quoted(self, quotes: Sequence[tuple[int, str]]) -> Said | None:
        """What the quotes say that stand where they are said to stand."""
        by_number = {each.n: each for each in self._evidence}
        found = [words for n, words in quotes if n in by_number and spans.find(words, by_number[n].text)]
        return said(" | ".join(found)) if found else None

    def _shown_by(self, quoted: Said, sentence: str) -> bool:
        """Whether the quoted words and the question hold most of a sentence, and its numbers and denials agree."""
        claim = said(sentence)
        if bool(claim.denials) != bool(quoted.denials):
            return False
        if not all(_named(number, (*quoted.numbers, *self._asked.numbers)) for number in claim.numbers):
            return False
        here = {word for word in claim.words if found_in(word, quoted.words)}
        lent = {word for word in claim.words - here if found_in(word, self._asked.words)}
        counted = _NUMBER_WEIGHT * len(claim.numbers)
        if not here and not any(_named(number, quoted.numbers) for number in claim.numbers):
            return False
        return len(here) + len(lent) + counted >= _QUOTED_ENOUGH * (len(claim.words) + counted)

    def _is_short(self, text: str, quoted: Said) -> bool:
        """Whether it is a yes, a no or a name that the quotes have."""
        words = texts.words(text)
        if not 0 < len(words) <= _SHORT:
            return False
        plain = said(text).words
        return words[0].casefold() in _BARE or (bool(plain) and all(found_in(word, quoted.words) for word in plain))

    def _is_foreign(self, text: str) -> bool:
        spoken = texts.language(text) or texts.language(self._question)
        return bool(spoken and self._languages and spoken not in self._languages)

    @cached_property
    def _asked(self) -> Said:
        return said(self._question)

    @cached_property
    def _languages(self) -> frozenset[str]:
        return frozenset(filter(None, (texts.language(each.text) for each in self._evidence)))

    @cached_property
    def _reader(self) -> Reader:
        return Reader([source_of(each) for each in self._evidence], self._question)


def _named(number: Number, others: Sequence[Number]) -> bool:
    """Whether it is among the others; what it counts may stand in a table's header, which a quote leaves out."""
    return any(number.forms & other.forms for other in others)


def source_of(evidence: Evidence) -> Source:
    """A passage as the chat knows it."""
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


def _flat(answer: str) -> str:
    """The texts and numbers of an answer that is JSON, a line each."""
    try:
        found = read_json(answer)
    except ValueError:
        return answer
    return "\n".join(_leaves(found))


def _leaves(value: object) -> list[str]:
    if isinstance(value, dict):
        return [leaf for each in value.values() for leaf in _leaves(each)]
    if isinstance(value, list):
        return [leaf for each in value for leaf in _leaves(each)]
    return [value if isinstance(value, str) else json.dumps(value)] if value is not None else []
