"""Finds in a text what the corpus knows: names of its files, titles of its documents, names of people in it.

A word of a card is looked up in the corpus's own indexes. To keep false alarms few, a name has to be written with
capitals in both, and at least one of its words must never stand in small letters in the passages that are looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from forge_desktop.cards.records import LeakKind
from forge_desktop.corpus.retrieval.languages import STOP_WORDS

if TYPE_CHECKING:
    from forge_desktop.corpus.mentioning import Mentions
    from forge_desktop.corpus.records import Passage

_DIGIT = re.compile(r"\d")
_WORD = re.compile(r"[^\W\d_][\w'’-]*")
_GAP = re.compile(r"[ \t]{1,3}\n?[ \t]*|\n[ \t]*")
_TOKEN = re.compile(r"[^\s\"'“”„‘’<>|*?`()\[\]{},;\\/]+")
_ENDING = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,5}$")
_QUOTED = re.compile(r"[\"“„«]([^\"“”„«»\n]{4,120})[\"”“»]|\*{1,2}([^*\n]{4,120})\*{1,2}|_([^_\n]{4,120})_")
_LONGEST_NAME, _LONGEST_RUN = 6, 6  # words
_LEAST_STEM = 6  # characters of a file's name without ending that is one word
_MOST_LOOKED_UP = 400  # names and titles of one card
# Words with capitals that many cards have, and that say nothing of anybody.
_WITH_CAPITALS = (
    "forge desktop hugging face huggingface apache license licence creative commons english german french spanish"
    " italian python linux windows macos ubuntu lora gguf llama qwen mistral gemma granite smollm cpu gpu ram vram"
    " bm25 json yaml markdown openai anthropic google january february march april may june july august september"
    " october november december monday tuesday wednesday thursday friday saturday sunday model card student teacher"
    " adapter gate suite known limitations intended use training data results evaluation chat"
)
_PUBLIC = frozenset(_WITH_CAPITALS.split())
_STOPS = frozenset(word for words in STOP_WORDS.values() for word in words)


@dataclass(frozen=True)
class Named:
    """Something of the corpus that stands in a text, as it stands there."""

    kind: LeakKind
    text: str
    why: str


class CorpusNames:
    """Looks the words of one card up, each once. `about` are texts that say what the card is about: public."""

    def __init__(self, mentions: Mentions, about: Collection[str]) -> None:
        self._mentions = mentions
        self._public = _PUBLIC | {word.casefold() for text in about for word in _WORD.findall(text)}
        self._known: dict[str, Named | None] = {}
        self._ordinary: dict[str, bool] = {}

    @property
    def exhausted(self) -> bool:
        """Whether there were more candidates than are looked up."""
        return len(self._known) >= _MOST_LOOKED_UP

    def files_in(self, text: str) -> Iterator[Named]:
        """Names of files, with their ending or, where they can hardly be anything else, without."""
        whole, stems = _names(text)
        found = self._mentions.named(whole)
        for said, name in found.items():
            yield Named("document", said, f"It is the name of a document of yours ({name}).")
        for said, name in self._mentions.named_without_ending(stems).items():
            stem = name.rpartition(".")[0]
            if said == stem or " " not in said or len(said.split()) > 2:
                yield Named("document", said, f"It is the name of a document of yours, without its ending ({name}).")

    def people_and_titles_in(self, text: str) -> Iterator[Named]:
        """Titles of documents and names of people, each once."""
        for phrase in dict.fromkeys(_phrases(text)):
            if (found := self._looked_up(phrase, self._title)) is not None:
                yield found
        for run in dict.fromkeys(_runs(text)):
            yield from self._of_run(run)

    def _of_run(self, run: tuple[str, ...]) -> Iterator[Named]:
        """Of words with capitals side by side the longest part that is a name; else each of them by itself."""
        words = [word for word in run if word.casefold() not in _STOPS]
        if not words or all(word.casefold() in self._public or word.isupper() for word in words):
            return
        told = set[str]()
        if len(words) > 1:
            parts = [words, *([words[n : n + 2] for n in range(len(words) - 1)] if len(words) > 2 else [])]
            for part in parts:
                found = self._looked_up(" ".join(part), self._several)
                if found is not None:
                    yield found
                    told.update(part)
        for word in words:
            known = word in told or word.casefold() in self._public
            if len(word) > 2 and not known and not word.isupper() and not _DIGIT.search(word):
                found = self._looked_up(word, self._single)
                if found is not None:
                    yield found

    def _looked_up(self, phrase: str, how: Callable[[str], Named | None]) -> Named | None:
        if phrase not in self._known:
            if self.exhausted:
                return None
            self._known[phrase] = how(phrase)
        return self._known[phrase]

    def _title(self, phrase: str) -> Named | None:
        if len(phrase.split()) < 2:
            return None
        for passage in self._mentions.having(phrase):
            if passage.heading and passage.heading[0].strip().casefold() == phrase.casefold():
                return Named("document", phrase, "It is the title of a document of yours.")
        return None

    def _several(self, phrase: str) -> Named | None:
        passages = self._mentions.having(phrase)
        if not passages:
            return None
        if any(one.heading and one.heading[0].strip().casefold() == phrase.casefold() for one in passages):
            return Named("document", phrase, "It is the title of a document of yours.")
        words = phrase.split()
        if all(word.casefold() in self._public or self._is_ordinary(word) for word in words):
            return None
        return Named("name", phrase, f"It stands with capitals in {_count(len(passages))} of your documents.")

    def _single(self, word: str) -> Named | None:
        """A word alone is a name where it stands beside another one, as a surname beside its first name."""
        passages = self._mentions.samples(word)
        if not passages or _in_small(word, passages):
            return None
        for passage in passages:
            for run in _runs(passage.text):
                others = [one for one in run if one != word and one.casefold() not in _STOPS]
                if word in run and others and not any(self._is_ordinary(other) for other in others):
                    return Named("name", word, f"It is a part of “{' '.join(run)}” in your documents.")
        return None

    def _is_ordinary(self, word: str) -> bool:
        """Whether a word stands in small letters somewhere: then it is no name by itself."""
        key = word.casefold()
        if key not in self._ordinary:
            self._ordinary[key] = _in_small(word, self._mentions.samples(word))
        return self._ordinary[key]


def _names(text: str) -> tuple[set[str], set[str]]:
    """What can be names of files with ending, and without."""
    whole, stems = set[str](), set[str]()
    for line in text.splitlines():
        tokens = [token.strip(".:!?…-–—") for token in _TOKEN.findall(line)]
        for start in range(len(tokens)):
            for end in range(start + 1, min(len(tokens), start + _LONGEST_NAME) + 1):
                part = tokens[start:end]
                if not part[0] or not part[-1]:
                    continue
                said = " ".join(part)
                if _ENDING.search(part[-1]):
                    whole.add(said)
                elif len(part) > 1 or (len(said) >= _LEAST_STEM and re.search(r"\w[-_\d]", said)):
                    stems.add(said)
    return whole, stems


def _phrases(text: str) -> Iterator[str]:
    """What is set apart in a text as titles are: in quotation marks or emphasised."""
    for match in _QUOTED.finditer(text):
        yield " ".join(next(filter(None, match.groups())).split())


def _runs(text: str) -> Iterator[tuple[str, ...]]:
    """Words with capitals, those that stand side by side together."""
    run: list[str] = []
    end = -1
    for match in _WORD.finditer(text):
        word = match[0].rstrip("'’-")
        word = word[:-2] if word.endswith(("'s", "’s")) else word
        if not word or not word[0].isupper():
            if run:
                yield tuple(run)
            run, end = [], -1
            continue
        if run and (not _GAP.fullmatch(text[end : match.start()]) or len(run) == _LONGEST_RUN):
            yield tuple(run)
            run = []
        run.append(word)
        end = match.start() + len(word)
    if run:
        yield tuple(run)


def _in_small(word: str, passages: list[Passage]) -> bool:
    small = re.compile(rf"(?<!\w){re.escape(word[0].lower() + word[1:])}")
    return any(small.search(passage.text) for passage in passages)


def _count(passages: int) -> str:
    return "a passage" if passages == 1 else f"{passages} passages"
