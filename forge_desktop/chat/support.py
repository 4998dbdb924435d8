"""Which places of the offered passages support a sentence: shared words, agreeing numbers and names, no denial."""

from __future__ import annotations

import dataclasses
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from forge_desktop.chat.records import Source
from forge_desktop.chat.sentences import split
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

_LEAST_HALF = 4  # words and numbers in each half of a sentence whose halves are looked for apart

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
_HALVES = re.compile(r"[;,]?\s(?:and|but|while|und|aber|während|et|mais|y|pero|e|ma|и|но|а)\s|;\s")


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
class Support:
    """How well one place of a passage (its sentences `start:end`) supports a sentence."""

    source: Source
    share: float
    start: int
    end: int


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

    def supports(self, sentence: str) -> list[Support]:
        """The places that support a sentence, best first, one a passage; or those that support each half of it."""
        sentence = without_opening(sentence)
        found = self._supports(sentence)
        if found:
            return found
        halves = [part for part in _HALVES.split(sentence) if part.strip()]
        if not 1 < len(halves) <= _MOST_SOURCES or any(_size(said(half)) < _LEAST_HALF for half in halves):
            return []
        each = [self._supports(half) for half in halves]
        return [supports[0] for supports in each] if all(each) else []

    def _supports(self, sentence: str) -> list[Support]:
        claim = said(sentence)
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

    def _best(self, evidence: _Evidence, claim: Said, weights: dict[str, float]) -> Support | None:
        best: Support | None = None
        best_value = 0.0
        for first in range(len(evidence.places)):
            for last in range(first, min(first + _WINDOW, len(evidence.places))):
                if evidence.places[last].block != evidence.places[first].block:
                    break
                share = self._share(evidence, evidence.places[first : last + 1], claim, weights)
                value = share - _SHORTER * (last - first)
                if share and value > best_value:
                    start, end = evidence.places[first].start, evidence.places[last].end
                    best, best_value = Support(evidence.source, share, start, end), value
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
        if _size(claim) < 3 and not self._about_question(words | evidence.setting.words, claim):
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
    clauses = [(clause, place) for place in places for clause in place.clauses]
    if not clauses:
        return False

    def in_common(candidate: tuple[Said, _Place]) -> tuple[float, bool]:
        clause = candidate[0]
        same = sum(number.agrees(other) for number in claim.numbers for other in clause.numbers)
        return _NUMBER_WEIGHT * same + sum(here[w] for w in here if found_in(w, clause.words)), bool(clause.denials)

    nearest, around = max(clauses, key=in_common)
    for number in claim.numbers:
        counted = any(number.same_unit(other) for other in nearest.numbers)
        if counted and not any(number.agrees(other) for other in around.said.numbers):
            return True  # "seven years" against "ten years", though a seven stands in the next sentence
    if claim.denials:
        return not any(place.said.denials for place in places)
    return bool(nearest.denials)


def without_opening(sentence: str) -> str:
    """The sentence without "According to the document," and its like."""
    return _OPENING.sub("", sentence, count=1) if _OPENING.match(sentence) else sentence


def _size(claim: Said) -> int:
    return len(claim.words) + len(claim.numbers)
