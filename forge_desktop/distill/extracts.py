"""Whether a text stands in the passages nearly word for word, sentence by sentence, and speaks of what was asked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from forge_desktop.chat.sentences import split
from forge_desktop.chat.words import Said, found_in, said
from forge_desktop.distill.records import Evidence

_WORD = re.compile(r"\w+(?:[.,:'\u2019]\w+)*")
_SPREAD = 1.25  # times its own length that a sentence may be spread over in the passage
_ASKED = 0.6  # share of the question's words that the place, its headings or its document's name must have
_COVERED = 0.6  # share of the passage's sentences it must take: "if", "only" and "not true that" stand in the rest
_LONGEST = 120  # words; a longer sentence is none
_END = re.compile(r"[\s.!?\u2026\u3002\uff01\uff1f]*\Z")


@dataclass(frozen=True)
class Copied:
    """How many of the sentences stand in a passage, which words there, and whether they speak of what was `asked`.

    `marked` is the text with the number of its passage behind each sentence.
    """

    sentences: int
    there: int
    quotes: tuple[tuple[int, str], ...]
    asked: bool
    marked: str


@dataclass(frozen=True)
class _Token:
    word: str
    start: int
    end: int


@dataclass(frozen=True)
class _Place:
    n: int
    quote: str
    about: str


def copied(text: str, evidence: Sequence[Evidence], question: str) -> Copied:
    """Look for each sentence of `text` in the passages."""
    passages = [(each, _tokens(each.text)) for each in evidence]
    sentences = there = 0
    places: list[_Place] = []
    marked, done = "", 0
    for span in split(text):
        sentence = text[span.start : span.end]
        if not _tokens(sentence):
            continue
        sentences += 1
        place = next(filter(None, (_found(sentence, each, tokens) for each, tokens in passages)), None)
        if place is None:
            continue
        there += 1
        places.append(place)
        end = span.start + len(_END.sub("", sentence))
        marked, done = f"{marked}{text[done:end]} [{place.n}]", end
    asked = _is_asked(question, " | ".join(place.about for place in places))
    return Copied(sentences, there, tuple((each.n, each.quote) for each in places), asked, marked + text[done:])


def _found(sentence: str, evidence: Evidence, there: Sequence[_Token]) -> _Place | None:
    """The shortest stretch of a passage with the words of a sentence in their order, and hardly any between them."""
    words = [token.word for token in _tokens(sentence)]
    if not words or len(words) > _LONGEST:
        return None
    longest = int(len(words) * _SPREAD) + 1
    for first, token in enumerate(there):
        if token.word != words[0]:
            continue
        last = _walked(words, there[first : first + longest])
        if last is not None:
            start, end = token.start, there[first + last].end
            around = _around(evidence, start, end)
            if said(around).denials == said(sentence).denials and len(words) >= _COVERED * len(_tokens(around)):
                about = (around, *evidence.heading, re.split(r"[/\\]", evidence.name)[-1])
                return _Place(evidence.n, evidence.text[start:end], " | ".join(about))
    return None


def _walked(words: Sequence[str], there: Sequence[_Token]) -> int | None:
    """The place of the last word, where all stand there in order and nothing that changes the sense stands between."""
    at = -1
    for word in words:
        for place in range(at + 1, len(there)):
            if there[place].word == word:
                break
            if _tells(there[place].word):
                return None
        else:
            return None
        at = place
    return at


def _tells(word: str) -> bool:
    """Whether to leave this word out may change what is said: a number, a denial."""
    alone = said(word)
    return bool(alone.numbers or alone.denials)


def _around(evidence: Evidence, start: int, end: int) -> str:
    """The whole sentences of the passage that hold a stretch."""
    spans = [span for span in split(evidence.text) if span.start < end and start < span.end]
    return evidence.text[spans[0].start : spans[-1].end] if spans else evidence.text[start:end]


def _is_asked(question: str, about: str) -> bool:
    wanted, has = said(question), said(about.replace("_", " ").replace("-", " ").replace(".", " "))
    if not all(any(one.agrees(two) for two in has.numbers) for one in wanted.numbers):
        return False
    return _share(wanted, has) >= _ASKED


def _share(wanted: Said, has: Said) -> float:
    return sum(found_in(word, has.words) for word in wanted.words) / len(wanted.words) if wanted.words else 0.0


def _tokens(text: str) -> list[_Token]:
    return [_Token(match.group().casefold(), *match.span()) for match in _WORD.finditer(text)]
