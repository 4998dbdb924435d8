"""Finds in a card's texts the people of the corpus: names that stand with capitals in its passages.

All words of a card are looked up at once in the corpus's own index. To keep false alarms few, a name has to stand with
capitals in the documents, and at least one of its words must hardly ever stand in small letters there, each of them
where the card does not write it with capitals. Letters in addresses, paths and links make no word an ordinary one.
"""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from forge_desktop.cards.privacy.name_words import BETWEEN, GAP, SHORT, WORD, Token, forms, tokens
from forge_desktop.cards.privacy.plaintext import unaccented
from forge_desktop.cards.privacy.public_words import PUBLIC, STOPS
from forge_desktop.cards.records import LeakKind

if TYPE_CHECKING:
    from forge_desktop.corpus.mentioning import Mentions
    from forge_desktop.corpus.store_names import Sample

_ELSEWHERE = re.compile(r"@|://|^www\.|^[(<\"']*~?/\w|[\\]|/\S+/")  # in a word: an address, a link, a path
_RUN = re.compile(r"\S+")
_FIRST, _FEW, _MANY = 5, 24, 400  # passages read for any word, for one that may be a name, for words beside each other
_NEAR = 60  # characters around a word in which another stands beside it
_LEAST = 3  # letters of a name that stands alone
_RARELY = 4  # a word that stands in small letters at least every so often is an ordinary one


@dataclass(frozen=True)
class Named:
    """Something of the corpus that stands in a text, as it stands there."""

    kind: LeakKind
    text: str
    why: str


@dataclass(frozen=True)
class _Pair:
    """Two words side by side in a card, as the corpus is asked for them."""

    first: str
    second: str

    @property
    def sides(self) -> tuple[str, str]:
        return self.first, self.second


@dataclass
class _Seen:
    """How a word stands in the passages that were read."""

    small: int = 0
    capital: int = 0

    @property
    def ordinary(self) -> bool:
        return self.small * _RARELY > self.small + self.capital


class CorpusNames:
    """The people of the corpus in these texts. `public` are words that name nobody who is private."""

    def __init__(self, mentions: Mentions, texts: Collection[str], public: Collection[str] = ()) -> None:
        self._mentions = mentions
        self._public = PUBLIC | {unaccented(word).casefold() for text in public for word in WORD.findall(text)}
        self._seen: dict[str, _Seen] = {}
        read = {text: tokens(text) for text in texts}
        self._texts: dict[int, str] = {}
        self._known = self._look({part for words in read.values() for word in words for part in forms(word)})
        self._told = {text: self._without_ending(words) for text, words in read.items()}
        told = list(self._told.values())
        self._pairs = self._found_pairs({pair for words in told for pair in self._asked(words)})
        self._parts = {
            side: f"{pair.first.title()} {pair.second.title()}"
            for pair in self._pairs
            for side in pair.sides
            if len(side) >= _LEAST and not self._seen_as(side).ordinary and side not in self._public
        }
        alone = {word.folded for words in told for word in words if self._may_stand_alone(word)}
        self._alone = self._found_alone(alone - self._parts.keys())

    def people_in(self, text: str) -> Iterator[Named]:
        """Names in one of the texts, each once, whatever their order and case."""
        words = self._told[text]
        taken = set[int]()
        for start, end, first in self._whole_names(text, words):
            taken.update(range(first[0], first[1]))
            count = max(self._pairs[pair] for pair in _pairs_of(words[first[0] : first[1]]) if pair in self._pairs)
            yield Named("name", text[start:end], f"It stands with capitals in {_count(count)} of your documents.")
        for number, word in enumerate(words):
            whole = self._parts.get(word.folded) or (
                self._alone.get(word.folded) if self._may_stand_alone(word) else None
            )
            if whole is not None and number not in taken:
                yield Named("name", word.text, f"It is a part of “{whole}” in your documents.")

    def is_ordinary(self, word: str) -> bool:
        """Whether a word stands in small letters in the documents more than rarely."""
        key = unaccented(word).casefold()
        self._look({key})
        return key in PUBLIC or self._seen_as(key).ordinary

    def _whole_names(self, text: str, words: Sequence[Token]) -> Iterator[tuple[int, int, tuple[int, int]]]:
        """Words side by side that are names, those that overlap as one: place, and which words."""
        number = 0
        while number + 1 < len(words):
            end = number
            while end + 1 < len(words) and self._is_pair(text, words[end], words[end + 1]):
                if end > number and "," in text[words[end].end : words[end + 1].start]:
                    break  # the next one of a list
                end += 1
            if end > number:
                yield words[number].start, words[end].end, (number, end + 1)
            number = end + 1

    def _is_pair(self, text: str, one: Token, other: Token) -> bool:
        pair = _Pair(one.folded, other.folded)
        if pair not in self._pairs or not GAP.fullmatch(text[one.end : other.start]):
            return False
        return (one.capital and other.capital) or not any(self._seen_as(side).ordinary for side in pair.sides)

    def _without_ending(self, words: Sequence[Token]) -> list[Token]:
        """A genitive as some languages write it, "Brandts", is the name of the documents, "Brandt"."""
        return [
            dataclasses.replace(word, folded=word.folded[:-1])
            if not self._stands(word.folded) and any(map(self._stands, forms(word)[1:]))
            else word
            for word in words
        ]

    def _stands(self, word: str) -> bool:
        """Whether a word stands in the documents just so; the index finds it by its stem too."""
        seen = self._seen_as(word)
        return seen.small + seen.capital > 0

    def _asked(self, words: Sequence[Token]) -> Iterator[_Pair]:
        """What can be a name: both words known, not all of them ordinary, none where they are not capitals."""
        for one, other in itertools.pairwise(words):
            sides = (one.folded, other.folded)
            if not all(side in self._known for side in sides) or all(side in self._public for side in sides):
                continue
            ordinary = [self._seen_as(side).ordinary or side in self._public for side in sides]
            if all(ordinary) or (any(ordinary) and not (one.capital and other.capital)):
                continue
            if any(known and side in STOPS for side, known in zip(sides, ordinary, strict=True)):
                continue
            yield _Pair(*sides)

    def _look(self, words: Collection[str]) -> set[str]:
        """Read how these words stand in some passages; more of them where it is not plain that a word is ordinary.
        Those that stand in any."""
        asked = [word for word in words if word not in self._seen]
        known = set(words) & self._seen.keys()
        for most in (_FIRST, _FEW):
            for word, samples in zip(asked, self._mentions.samples([(one,) for one in asked], most), strict=True):
                self._seen[word] = _seen(word, [self._read(one) for one in samples])
                if samples:
                    known.add(word)
            asked = [word for word in asked if word in known and not self._is_plainly_ordinary(word)]
        return known

    def _is_plainly_ordinary(self, word: str) -> bool:
        return self._seen[word].small > 0 and self._seen[word].ordinary

    def _read(self, sample: Sample) -> str:
        """A passage without accents, and without what stands in addresses, links and paths."""
        if sample.id not in self._texts:
            self._texts[sample.id] = unaccented(_without_places(sample.text))
        return self._texts[sample.id]

    def _seen_as(self, word: str) -> _Seen:
        return self._seen.get(word) or _Seen()

    def _found_pairs(self, asked: Collection[_Pair]) -> dict[_Pair, int]:
        """Those that stand side by side and with capitals in the documents, in either order, and in how many."""
        listed, found = list(asked), dict[_Pair, int]()
        for pair, samples in zip(listed, self._mentions.samples([one.sides for one in listed], _MANY), strict=True):
            sought = _side_by_side(pair)
            loud = not any(self._seen_as(side).ordinary for side in pair.sides)
            documents = {
                one.document_id
                for one in samples
                if any(_is_name(match, loud=loud) for match in sought.finditer(self._read(one)))
            }
            if documents:
                found[pair] = len(documents)
        return found

    def _may_stand_alone(self, word: Token) -> bool:
        """Whether a word of a card may be a name by itself: it begins with a capital and is no ordinary one."""
        named = word.capital and len(word.folded) >= _LEAST and word.folded in self._known
        return named and word.folded not in self._public and not self._seen_as(word.folded).ordinary

    def _found_alone(self, words: Collection[str]) -> dict[str, str]:
        """Of words that stand beside another name in the documents, as a surname beside its first name, that name."""
        asked, beside = list(words), dict[str, dict[str, str]]()
        for word, samples in zip(asked, self._mentions.samples([(one,) for one in asked], _FEW), strict=True):
            for one in samples:
                for other, whole in _beside(word, self._read(one)):
                    if other not in self._public:
                        beside.setdefault(word, {}).setdefault(other, whole)
        self._look({other for others in beside.values() for other in others})
        found = {}
        for word, others in beside.items():
            names = [whole for other, whole in others.items() if not self._seen_as(other).ordinary]
            if names:
                found[word] = names[0]
        return found


def _pairs_of(words: Sequence[Token]) -> Iterator[_Pair]:
    return (_Pair(one.folded, other.folded) for one, other in itertools.pairwise(words))


def _without_places(text: str) -> str:
    if "@" not in text and "/" not in text and "\\" not in text and "www." not in text:
        return text
    return _RUN.sub(lambda found: " \n\n " if _ELSEWHERE.search(found[0]) else found[0], text)


def _places(word: str, text: str) -> Iterator[int]:
    """Where a word begins in a text, whatever its case."""
    lower = text.lower()
    if len(lower) != len(text):
        lower = text
    at = lower.find(word)
    while at >= 0:
        if not at or not lower[at - 1].isalnum():
            yield at
        at = lower.find(word, at + 1)


def _seen(word: str, texts: Sequence[str]) -> _Seen:
    seen = _Seen()
    for text in texts:
        for at in _places(word, text):
            end = at + len(word) + (3 if len(word) > SHORT else 1)
            if not text[at + len(word) : end].isalpha() or end > len(text):  # or a longer word with a short ending
                seen.capital += text[at].isupper()
                seen.small += not text[at].isupper()
    return seen


def _side_by_side(pair: _Pair) -> re.Pattern[str]:
    first, second = map(re.escape, pair.sides)
    return re.compile(
        rf"(?<![^\W_])(?:({first}){BETWEEN}({second})|({second}){BETWEEN}({first}))(?:['’]?s)?(?![^\W_])",
        re.IGNORECASE,
    )


def _is_name(match: re.Match[str], *, loud: bool) -> bool:
    """Whether both words begin with capitals; where they are capitals throughout, only what is no ordinary word."""
    sides = [side for side in match.groups() if side]
    return all(side[0].isupper() for side in sides) and (loud or not all(side.isupper() for side in sides))


def _beside(word: str, text: str) -> Iterator[tuple[str, str]]:
    """Words with capitals right before or behind a word that has one, and both of them."""
    for at in _places(word, text):
        near = text[max(0, at - _NEAR) : at + len(word) + _NEAR]
        for one, other in itertools.pairwise(tokens(near)):
            if word in (one.folded, other.folded) and one.capital and other.capital:
                gap = near[one.end : other.start]
                beside = other.folded if one.folded == word else one.folded
                if GAP.fullmatch(gap) and not set(gap) & set(",.•·+") and beside != word:
                    yield beside, f"{one.text} {other.text}"


def _count(documents: int) -> str:
    return "one" if documents == 1 else str(documents)
