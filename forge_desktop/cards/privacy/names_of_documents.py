"""Finds in a card's texts what the documents are called: names of files, with their endings or without, and titles."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING

from forge_desktop.cards.privacy.names import CorpusNames, Named
from forge_desktop.cards.privacy.public_words import PUBLIC, STOPS
from forge_desktop.corpus.titles import MOST_WORDS, title_key, title_words

if TYPE_CHECKING:
    from forge_desktop.corpus.mentioning import Mentions

_TOKEN = re.compile(r"[^\s\"'“”„‘’<>|*?`()\[\]{},;\\/]+")
_ENDING = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,5}$")
_UNSPACED = re.compile(r"[\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\u0e00-\u0eff]{3,}")
_BETWEEN = re.compile(r"[ _-]+")
_SIGNS = " _-"
_LEAST_FIRST = 3  # letters
_LONGEST_NAME = 8  # words
_LONGEST_UNSPACED = 20  # signs of a name within a text without spaces
_LEAST_STEM = 6  # characters of a file's name without ending that is one word
_LEAST_TITLE = 8  # characters of a title that stands in a text unmarked


class DocumentNames:
    """The documents that are named in these texts; all that can be a name or a title is looked up at once."""

    def __init__(self, mentions: Mentions, texts: Collection[str], names: CorpusNames) -> None:
        self._names = names
        self._begun = mentions.begun({_first(word) for text in texts for line in _lines(text) for word in line if word})
        whole, stems = set[str](), set[str]()
        for text in texts:
            for found, more in zip((whole, stems), _candidates(text, self._begun), strict=True):
                found |= more
        self._whole = _found(whole, mentions.named)
        self._stems = _found(stems, mentions.named_without_ending)
        self._titles = _titles_of(mentions, texts)
        self._two = {tuple(key.split()[:2]) for key in self._titles}

    def files_in(self, text: str) -> Iterator[Named]:
        """Names of files, with their ending or, where they can hardly be anything else, without."""
        whole, stems = _candidates(text, self._begun)
        for said in sorted(whole & self._whole.keys()):
            yield Named("document", said, f"It is the name of a document of yours ({self._whole[said]}).")
        for said in sorted(stems & self._stems.keys()):
            name = self._stems[said]
            if self._is_told(said, name.rpartition(".")[0]):
                yield Named("document", said, f"It is the name of a document of yours, without its ending ({name}).")

    def titles_in(self, text: str) -> Iterator[Named]:
        """Titles of documents as they stand in the text, in any case; the longest where several begin together."""
        words = title_words(text) if self._two else []
        number = 0
        while number < len(words):
            if tuple(_said(words, number, number + 2)) not in self._two:
                number += 1
                continue
            end = next((end for end in _ends(words, number) if title_key(_said(words, number, end)) in self._titles), 0)
            said = text[words[number][1] : words[end - 1][2]] if end else ""
            if end and self._is_title(said, self._titles[title_key(_said(words, number, end))]):
                yield Named("document", said, "It is the title of a document of yours.")
                number = end
            else:
                number += 1

    def _is_told(self, said: str, stem: str) -> bool:
        if " " in said and len(said.split()) > 2:
            return True
        if " " not in said and said.isalpha() and said.isascii():
            return said == stem and said[0].isupper() and not self._names.is_ordinary(said)
        return said == stem or " " not in said

    def _is_title(self, said: str, title: str) -> bool:
        """Whether words are meant as a title: they say something, and are written as it is or are many."""
        words = [word for word, _, _ in title_words(said)]
        telling = [word for word in words if word not in STOPS and word not in PUBLIC]
        if not telling or (said.isascii() and len(said) < _LEAST_TITLE):
            return False
        if " ".join(said.split()) in title or said.isupper():
            return True
        return len(words) > 2 and len(telling) > 1


def _titles_of(mentions: Mentions, texts: Collection[str]) -> dict[str, str]:
    """Titles that stand in the texts: only where two words begin one, more of them are looked up."""
    told = [[word for word, _, _ in title_words(text)] for text in texts]
    begun = mentions.beginnings({title_key(words[n : n + 2]) for words in told for n in range(len(words) - 1)})
    keys = {
        title_key(words[n:end])
        for words in told
        for n in range(len(words) - 1)
        if title_key(words[n : n + 2]) in begun
        for end in range(n + 2, min(len(words), n + MOST_WORDS) + 1)
    }
    return mentions.titled(keys)


def _ends(words: list[tuple[str, int, int]], start: int) -> range:
    return range(min(len(words), start + MOST_WORDS), start + 1, -1)


def _said(words: list[tuple[str, int, int]], start: int, end: int) -> list[str]:
    return [word for word, _, _ in words[start:end]]


def _lines(text: str) -> Iterator[list[str]]:
    """The words of each line, without the punctuation around them."""
    return ([token.strip(".:!?…-–—") for token in _TOKEN.findall(line)] for line in text.splitlines())


def _found(told: Collection[str], named: Callable[[Collection[str]], dict[str, str]]) -> dict[str, str]:
    """Those of these that are the name of a document, whichever of the usual signs stands between its words."""
    asked: dict[str, str] = {}
    for said in sorted(told):
        words = _BETWEEN.split(said)
        for sign in _SIGNS if 1 < len(words) <= _LONGEST_NAME and all(words) else ():
            asked.setdefault(sign.join(words), said)
    asked |= {said: said for said in told}
    return {asked[spelt]: name for spelt, name in named(asked).items()}


def _first(word: str) -> str:
    """The first part of a word that is put together, where it says something."""
    first = _BETWEEN.split(word)[0]
    return first if len(first) >= _LEAST_FIRST else word


def _candidates(text: str, begun: Collection[str]) -> tuple[set[str], set[str]]:
    """What can be names of files with ending, and without; `begun` are the words with which one begins."""
    whole, stems = set[str](), set[str]()
    for line, tokens in zip(text.splitlines(), _lines(text), strict=True):
        for start in range(len(tokens)):
            if _first(tokens[start]) not in begun:
                continue
            for end in range(start + 1, min(len(tokens), start + _LONGEST_NAME) + 1):
                part = tokens[start:end]
                if not part[-1]:
                    continue
                said = " ".join(part)
                if _ENDING.search(part[-1]):
                    whole.add(said)
                elif len(part) > 1 or (len(said) >= _LEAST_STEM and re.search(r"\w[-_\d]|^[^\W\d_]+$", said)):
                    stems.add(said)
        for run in _UNSPACED.findall(line):
            stems |= {
                run[n:end] for n in range(len(run)) for end in range(n + 3, min(len(run), n + _LONGEST_UNSPACED) + 1)
            }
    return whole, stems
