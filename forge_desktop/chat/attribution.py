"""Computes citations: which passages support each sentence of an answer, and which sentences nothing supports."""

from __future__ import annotations

import dataclasses
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from forge_desktop.chat.records import Sentence, Source
from forge_desktop.chat.sentences import Span, split
from forge_desktop.chat.words import Said, found_in, said

# Chosen on the "tune" half of tests/chat/data/attribution.json; its other half was only measured.
ENOUGH = 0.55  # share of a sentence's weight that a place in a passage must hold to support it
_NEAR_BEST = 0.9  # other passages are named too when they hold this share of the best one's
_MOST_SOURCES = 3
_WINDOW = 3  # neighbouring sentences of a passage that may support one sentence together
_WORDS_ENOUGH = 0.35  # the same without the numbers: an agreeing number alone proves nothing
_ASKED = 0.5  # share of the question's weight that a place must hold to support a very short sentence
_SHORTER = 0.02  # what each further sentence of a place must add to the share
_NAME_WEIGHT = 1.5
_NUMBER_WEIGHT = 2.5

# A number in brackets the student wrote: [1], [1, 2], [1-3], [^1], [doc 2], [Document 2], 【1】, with a link's target.
_CITATION = re.compile(
    r"[ \t]*(?:"
    r"\[\^?(?:(?:doc|document|source|passage|quelle|dokument)s?\.?\s*)?\d{1,3}(?:\s*[,;–-]\s*\d{1,3})*\]"
    r"|【\d{1,3}[^】]{0,20}】)(?:\([^()\s]*\))?",
    re.IGNORECASE,
)
# Openings that say where an answer comes from or that it is one; what is claimed stands behind them.
_OPENING = re.compile(
    r"(?:(?:according to|based on|as stated in|per) (?:the|your|this|these) [^,]{0,60},"
    r"|(?:the|your|this|these) (?:document|passage|text|source|context)s?(?: provided| given| above)?"
    r" (?:say|state|mention|explain|indicate|show)s?(?: that)?"
    r"|(?:so,? )?the answer(?: to (?:the|your|this) question)? is(?: that)?"
    r"|laut (?:dem|den|der) [^,]{0,40}?dokument\w*,?|die antwort (?:ist|lautet)|selon (?:le|les) documents?,)\s*:?\s*",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"[,;:()]|\b(?:and|but|und|aber|et|mais|y|pero|и|но|а)\b")
_INLINE_CODE = re.compile(r"`[^`\n]+`")
_SOURCE_LINE = re.compile(r"^[ \t]*\[\^?\d{1,3}\]:.*$\n?", re.MULTILINE)

_NO_CLAIM = re.compile(
    r"(?:hello|hi|dear|sure|certainly|of course|thank|thanks|sorry|i'm sorry|i am sorry|i hope|let me know"
    r"|here (?:is|are)|i (?:do not|don't|cannot|can't|could not|couldn't) (?:know|find|answer|say|tell)"
    r"|(?:the|your) (?:documents?|passages?|text) (?:do|does) not|based on the (?:documents?|passages?)[^.]{0,20}$"
    r"|hallo|guten tag|bonjour|merci|hola|gracias|danke|gern|leider)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class _Place:
    """A sentence of a passage; `block` tells which ones may be read together."""

    start: int
    end: int
    said: Said
    clauses: tuple[Said, ...]
    block: int


@dataclass(frozen=True)
class _Evidence:
    """A passage cut into places, with the words its headings, file name and table header lend to each of them."""

    source: Source
    places: tuple[_Place, ...]
    setting: Said


@dataclass(frozen=True)
class _Support:
    """How well one place of a passage (its sentences `start:end`) supports a sentence."""

    source: Source
    share: float
    start: int
    end: int


@dataclass(frozen=True)
class Attribution:
    """An answer as it is shown, its sentences, and the sources narrowed to what supports them."""

    text: str
    sentences: tuple[Sentence, ...]
    sources: tuple[Source, ...]

    @property
    def grounded(self) -> dict[str, int]:
        """How many sentences need support, and how many have it."""
        needing = [sentence for sentence in self.sentences if sentence.needs_support]
        return {"sentences": len(needing), "supported": sum(bool(sentence.sources) for sentence in needing)}


def attribute(raw: str, sources: Sequence[Source], question: str = "") -> Attribution:
    """Work out what supports each sentence of `raw`, the text as the student wrote it.

    `sources` carry their whole passage as quote. The numbers in brackets that the student wrote are taken out of the
    text: those that hold come back as a sentence's sources, which are computed without regard to them.
    """
    text = without_numbers(raw)
    reader = Reader(sources, question)
    sentences = []
    supports: dict[int, list[_Support]] = {}
    for span in split(text):
        needs = needs_support(text[span.start : span.end], span)
        found = reader.supports(text[span.start : span.end]) if needs else []
        for support in found:
            supports.setdefault(support.source.n, []).append(support)
        sentences.append(Sentence(span.start, span.end, tuple(sorted(s.source.n for s in found)), needs))
    narrowed = tuple(_narrowed(source, supports.get(source.n, [])) for source in sources)
    return Attribution(text, tuple(sentences), narrowed)


def without_numbers(raw: str) -> str:
    """The text without the citation numbers written in it; code keeps its brackets."""
    kept: list[str] = []
    position = 0
    code = [(span.start, span.end) for span in split(raw) if span.kind == "code"]
    code += [match.span() for match in _INLINE_CODE.finditer(raw)]
    for pattern in (_SOURCE_LINE, _CITATION):
        code_now, kept, position = code, [], 0
        for match in pattern.finditer(raw):
            if not any(start <= match.start() and match.end() <= end for start, end in code_now):
                kept.append(raw[position : match.start()])
                position = match.end()
        if position:
            raw = "".join(kept) + raw[position:]
            code = [(span.start, span.end) for span in split(raw) if span.kind == "code"]
            code += [match.span() for match in _INLINE_CODE.finditer(raw)]
    return raw


def needs_support(sentence: str, span: Span) -> bool:
    """Whether a sentence claims something: no greeting, heading, question, code, lead-in or remark about itself."""
    if span.kind in ("heading", "code"):
        return False
    bare = sentence.strip("*_ \t\r\n\"'“”„«»")
    bare = _OPENING.sub("", bare, count=1) if _OPENING.match(bare) else bare
    if bare.endswith(("?", "？", "؟", ":", "：")) or _NO_CLAIM.match(bare):
        return False
    content = said(bare)
    return bool(content.numbers) or len(content.words) >= (2 if span.kind == "prose" else 1)


class Reader:
    """The offered passages, read once, asked sentence by sentence."""

    def __init__(self, sources: Sequence[Source], question: str = "") -> None:
        self._evidence = [_read(source) for source in sources]
        self._question = said(question)
        every = frozenset().union(*(e.setting.words.union(*(p.said.words for p in e.places)) for e in self._evidence))
        self._askable = frozenset(word for word in self._question.words if found_in(word, every))
        places = [place for evidence in self._evidence for place in evidence.places]
        self._total = len(places)
        self._counts = Counter(word for place in places for word in place.said.words)

    def supports(self, sentence: str) -> list[_Support]:
        """The places that support a sentence, best first: one a passage, from one passage or two together."""
        claim = said(_OPENING.sub("", sentence, count=1) if _OPENING.match(sentence) else sentence)
        weights = {word: self._weight(word, claim) for word in claim.words}
        best = [s for evidence in self._evidence if (s := self._best(evidence, claim, weights)) is not None]
        best.sort(key=lambda support: (-support.share, support.source.n))
        if not best or best[0].share < ENOUGH:
            return []
        near = [s for s in best if s.share >= max(ENOUGH, _NEAR_BEST * best[0].share)]
        return near[:_MOST_SOURCES]

    def _weight(self, word: str, claim: Said) -> float:
        seen = self._counts.get(word, 0)
        rare = math.log(1 + (self._total + 1) / (seen + 0.5))
        return rare * (_NAME_WEIGHT if word in claim.names else 1.0)

    def _best(self, evidence: _Evidence, claim: Said, weights: dict[str, float]) -> _Support | None:
        best: _Support | None = None
        best_value = 0.0
        for first in range(len(evidence.places)):
            for last in range(first, min(first + _WINDOW, len(evidence.places))):
                if evidence.places[last].block != evidence.places[first].block:
                    break
                share = self._share(evidence, evidence.places[first : last + 1], claim, weights)
                value = share - _SHORTER * (last - first)
                if share and value > best_value:
                    start, end = evidence.places[first].start, evidence.places[last].end
                    best, best_value = _Support(evidence.source, share, start, end), value
        return best

    def _share(self, evidence: _Evidence, places: Sequence[_Place], claim: Said, weights: dict[str, float]) -> float:
        """The share of the claim's weight that these sentences hold; 0 where a number, name or denial disagrees."""
        numbers = [number for place in places for number in place.said.numbers] + list(evidence.setting.numbers)
        if any(not any(number.agrees(other) for other in numbers) for number in claim.numbers):
            return 0.0
        words = frozenset().union(*(place.said.words for place in places))
        here = frozenset(word for word in claim.words if found_in(word, words))
        lent = frozenset(word for word in claim.words - here if found_in(word, evidence.setting.words))
        if any(name not in here | lent for name in claim.names if any(c.isdigit() for c in name)):
            return 0.0  # another part number, another form
        if not here or _disagrees(claim, places, {word: weights[word] for word in here}):
            return 0.0
        if len(claim.words) + len(claim.numbers) < 3 and not self._about_question(
            words | evidence.setting.words, claim
        ):
            return 0.0  # "7 days" alone says too little: the place must be about what was asked
        total = sum(weights.values())
        held = sum(weights[word] for word in here) + 0.5 * sum(weights[word] for word in lent)
        if total and held / total < _WORDS_ENOUGH:
            return 0.0
        numbers_weight = _NUMBER_WEIGHT * len(claim.numbers)
        return (held + numbers_weight) / (total + numbers_weight)

    def _about_question(self, words: frozenset[str], claim: Said) -> bool:
        """Whether a place that should support a very short sentence holds most of what the question asks about."""
        asked = {word: self._weight(word, self._question) for word in self._askable - claim.words}
        held = sum(weight for word, weight in asked.items() if found_in(word, words))
        return held >= _ASKED * sum(asked.values())


def _read(source: Source) -> _Evidence:
    places = []
    lent = [*source.heading, re.split(r"[/\\]", source.path)[-1]]
    block, previous = 0, 0
    for span in split(source.quote):
        text = source.quote[span.start : span.end]
        if span.kind == "heading":
            lent.append(text)
        if span.kind != "prose" or "\n\n" in source.quote[previous : span.start]:
            block += 1
        whole = said(text)
        if span.kind == "prose":
            clauses = tuple(said(part) for part in _CLAUSE.split(text) if part.strip())
        else:
            whole = dataclasses.replace(whole, denials=0)  # "none" in a table's cell denies nothing
            clauses = (whole,)
        places.append(_Place(span.start, span.end, whole, clauses, block))
        previous = span.end
    return _Evidence(source, tuple(places), said(" | ".join(lent)))


def _disagrees(claim: Said, places: Sequence[_Place], here: dict[str, float]) -> bool:
    """Whether one side denies what the other says, looking at the clause that has most in common with the claim."""
    clauses = [clause for place in places for clause in place.clauses]
    if not clauses:
        return False

    def in_common(clause: Said) -> tuple[float, bool]:
        same = sum(number.agrees(other) for number in claim.numbers for other in clause.numbers)
        return _NUMBER_WEIGHT * same + sum(here[w] for w in here if found_in(w, clause.words)), bool(clause.denials)

    nearest = max(clauses, key=in_common)
    for number in claim.numbers:
        counted = [other for other in nearest.numbers if number.same_unit(other)]
        if counted and not any(number.agrees(other) for other in counted):
            return True  # "seven years" against "ten years", though a seven stands near by
    if claim.denials:
        return not any(place.said.denials for place in places)
    return bool(nearest.denials)


def _narrowed(source: Source, supports: Sequence[_Support]) -> Source:
    """The source, cut to the stretch of its passage that holds every place that supports something."""
    if not supports:
        return source
    return narrow(source, min(s.start for s in supports), max(s.end for s in supports))


def narrow(source: Source, start: int, end: int) -> Source:
    """A cited source, cut to `start:end` of its passage."""
    line_end = "\n" if "\n" in source.quote else "\r"
    first = source.first_line + source.quote.count(line_end, 0, start)
    return dataclasses.replace(
        source,
        start=source.start + start,
        end=source.start + end,
        quote=source.quote[start:end],
        first_line=first,
        last_line=first + source.quote.count(line_end, start, end),
        cited=True,
    )
