"""The language of search: "exact phrases", -words and -"phrases" to leave out, and everything else plain words.

A phrase is compared word by word as the analyser sees words, so case, line breaks and punctuation make no difference
and endings do; where a script has no spaces, character by character. A word to leave out goes with its other endings,
as a word that is looked for does. Any string is a query; what could not be used is said, never an error.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from forge_desktop.corpus.records import Understood
from forge_desktop.corpus.retrieval import analyser

_LONGEST = 100_000  # characters that are read
_FILTER = re.compile(r"(?:type|format|folder|path|collection|after|before|since|until|date):\S", re.IGNORECASE)
_MOST_PHRASES, _MOST_LEFT_OUT = 20, 200
_QUOTES = '"“”„‟«»＂'
_TOKEN = re.compile(rf"(?<!\S)(?P<minus>-?)[{_QUOTES}](?P<phrase>[^{_QUOTES}]*)[{_QUOTES}]|(?P<word>\S+)")
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]"
)


class Wording:
    """A passage's text as phrases and words to leave out are looked for in it; each form is made when first needed."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._words = self._squeezed = ""

    @property
    def words(self) -> str:
        """All words with a space on either side."""
        self._words = self._words or _spaced(self._text)
        return self._words

    @property
    def squeezed(self) -> str:
        """All characters but spaces."""
        self._squeezed = self._squeezed or _squeezed(self._text)
        return self._squeezed


@dataclass(frozen=True)
class Phrase:
    """Words that must stand side by side."""

    text: str
    words: str
    squeezed: str  # "" where the script has spaces
    terms: tuple[tuple[str, ...], ...]  # of each word that a passage with it is indexed under: the terms it may have

    def stands_in(self, wording: Wording) -> bool:
        """Whether the text has them."""
        return self.squeezed in wording.squeezed if self.squeezed else self.words in wording.words


@dataclass(frozen=True)
class Query:
    """A query taken apart: `text` is what passages are ranked by, the rest is what they must or must not have."""

    text: str
    understood: Understood
    phrases: tuple[Phrase, ...] = ()
    excluded_phrases: tuple[Phrase, ...] = ()
    excluded_words: tuple[str, ...] = ()

    @property
    def demands(self) -> bool:
        """Whether a passage's text decides if it is found."""
        return bool(self.phrases or self.excluded_phrases)

    @property
    def must_be_spelled_out(self) -> bool:
        """Whether there are phrases, but no word that the index could find them by."""
        if not self.phrases or any(phrase.terms for phrase in self.phrases):
            return False
        return not analyser.query_words(" ".join(self.understood.words), analyser.LANGUAGES)

    def missing_phrase(self, wording: Wording) -> str:
        """The first phrase that does not stand in a text, as a sentence; "" when all do."""
        missing = next((phrase for phrase in self.phrases if not phrase.stands_in(wording)), None)
        return f"The phrase “{missing.text}” does not stand in it." if missing else ""

    def missing(self, wording: Wording) -> str:
        """Why a passage with this text is not found, as a sentence; "" when it may be."""
        if missing := self.missing_phrase(wording):
            return missing
        met = next((phrase for phrase in self.excluded_phrases if phrase.stands_in(wording)), None)
        return f"“{met.text}” stands in it, which the query leaves out." if met else ""


def plain(text: str) -> Query:
    """A query without operators: a question."""
    return Query(text, Understood(tuple(text.split())))


def understand(text: str) -> Query:
    """Take a query apart."""
    parts = _Parts()
    if len(text) > _LONGEST:
        parts.ignored.append(f"Only the first {_LONGEST:,} characters were read.")
        text = text[:_LONGEST]
    for token in _TOKEN.finditer(text):
        parts.take(token)
    parts.spell_out()
    if not (parts.phrases or parts.left_out or parts.ignored):
        return Query(text, Understood(tuple(parts.words)))
    return parts.query()


class _Parts:
    """What was found in a query so far."""

    def __init__(self) -> None:
        self.ranked: list[str] = []  # what passages are ranked by: words, and those of phrases
        self.words: list[str] = []
        self.phrases: list[Phrase] = []
        self.left_out: list[tuple[str, Phrase]] = []  # with the bare word, or ""
        self.ignored: list[str] = []
        self.alone: list[str] = []  # characters of a script without spaces: words mostly, but indexed only in pairs

    def take(self, token: re.Match[str]) -> None:
        """The next part of the query."""
        word, phrase = token["word"], token["phrase"]
        if phrase is not None:
            self._take_phrase(phrase, minus=bool(token["minus"]))
        elif _UNSPACED.fullmatch(word):
            self.alone.append(word)
            self.ranked.append(word)
            self.words.append(word)
        elif word.startswith("-") and not word.startswith("--"):
            self._leave_out(word[1:], _phrase(word[1:]), "A minus sign without a word was passed over.")
        else:
            if _FILTER.match(word):
                self.ignored.append(
                    f"“{word[:60]}” was read as words: filters are chosen beside the field or by options."
                )
            if word[0] in _QUOTES:
                self.ignored.append("A quotation mark has no partner, so its words are looked for one by one.")
            self.ranked.append(word)
            self.words.append(word)

    def spell_out(self) -> None:
        """Where nothing but characters alone is asked for, look for them as for phrases."""
        if self.alone and self.alone == self.ranked:
            self.ranked, self.words = [], []
            for character in self.alone:
                self._take_phrase(character, minus=False)

    def query(self) -> Query:
        """All of it."""
        return Query(
            " ".join(self.ranked),
            Understood(
                tuple(self.words),
                tuple(phrase.text for phrase in self.phrases),
                tuple(word or f"“{phrase.text}”" for word, phrase in self.left_out),
                tuple(dict.fromkeys(self.ignored)),
            ),
            tuple(self.phrases),
            tuple(phrase for word, phrase in self.left_out if not _is_indexed(word)),
            tuple(word for word, _ in self.left_out if _is_indexed(word)),
        )

    def _take_phrase(self, text: str, *, minus: bool) -> None:
        made = _phrase(text)
        if minus or made is None:
            self._leave_out("", made, "A phrase without words was passed over.")
        elif len(self.phrases) < _MOST_PHRASES:
            self.phrases.append(made)
            self.ranked.append(text)
        else:
            self.ignored.append(f"Only the first {_MOST_PHRASES} phrases were used.")

    def _leave_out(self, word: str, phrase: Phrase | None, when_empty: str) -> None:
        if phrase is None:
            self.ignored.append(when_empty)
        elif len(self.left_out) < _MOST_LEFT_OUT:
            self.left_out.append((word, phrase))
        else:
            self.ignored.append(f"Only the first {_MOST_LEFT_OUT} words and phrases to leave out were used.")


def _is_indexed(word: str) -> bool:
    """Whether every passage that has this word is indexed under it: it is one word, and in no language a stop word."""
    if _UNSPACED.fullmatch(word):  # a character alone is indexed only in pairs
        return False
    return len(analyser.words(word)) == 1 == len(analyser.required_words(word))


def _phrase(text: str) -> Phrase | None:
    words = _spaced(text)
    if not words.strip():
        return None
    unspaced = _UNSPACED.search(text) is not None
    # a character alone is indexed only where it stands alone: in pairs elsewhere
    terms = [found for found in analyser.required_words(text) if len(found[0]) > 1 or not _UNSPACED.fullmatch(found[0])]
    return Phrase(" ".join(text.split()), words, _squeezed(text) if unspaced else "", tuple(terms))


def _spaced(text: str) -> str:
    return f" {' '.join(analyser.words(text))} "


def _squeezed(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(unicodedata.normalize("NFKC", folded).split())
