"""Text to search terms: the same words for a passage, a question and a highlight, in any script.

NFKC and casefold, words with their combining marks, character bigrams where a script is written without spaces,
English stop words dropped, and Snowball stems: English for Latin letters, Russian for Cyrillic. The stemmer follows the
script of each single word rather than a guessed language of the text, because a guess that differs between a passage
and a four-word question makes them miss each other. Any change of what this file returns needs a new ANALYSER_VERSION.
"""

from __future__ import annotations

import re
import threading
import unicodedata

from snowballstemmer.english_stemmer import EnglishStemmer
from snowballstemmer.russian_stemmer import RussianStemmer

from forge_desktop.corpus.retrieval.marks import MARKS

ANALYSER_VERSION = "1"

_LONGEST_WORD = 64  # letters; longer runs (base64, hex dumps) are cut into pieces of this length
_MOST_STEMS = 100_000  # remembered words, twice: about 35 MB

_ENGLISH_STOP_WORDS = (
    "a an and are as at be but by for if in into is it no not of on or such that the their then there these they this"
    " to was will with"
    # and the words questions are made of: nDCG@10 rises by up to 0.8 points on five of six English sets (PubMedQA -0.1)
    " i me my we our you your he she him his her its what which who whom whose when where why how do does did doing"
    " am were been being have has had having can could would should may might must shall about from so than too very"
    " just also any some"
)
_STOP_WORDS = frozenset(_ENGLISH_STOP_WORDS.split())
_ASCII_WORDS = bytes(ord(chr(c).lower()) if chr(c).isalnum() or c == ord("_") else ord(" ") for c in range(128)) * 2
_WORD = re.compile(rf"\w+(?:[{MARKS}\u200c\u200d]+\w*)*")
_UNSPACED = re.compile(
    "[\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3100-\u312f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
    "\uf900-\ufaff\U00020000-\U0003134f\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]+"
)
_CYRILLIC = re.compile("[\u0400-\u052f]")


def words(text: str) -> list[str]:
    """The words of a text in order, normalised but not stemmed; bigrams where the script has no spaces."""
    if text.isascii():  # five times faster than the regular expression, and the usual case
        found = text.encode("ascii").translate(_ASCII_WORDS).decode("ascii").split()
    else:
        found = _WORD.findall(_normalised(text))
    if max(map(len, found), default=0) > _LONGEST_WORD or (not text.isascii() and _UNSPACED.search(text)):
        found = [piece for word in found for piece in _pieces(word)]
    return found


def stem(word: str) -> str:
    """The term a normalised word is indexed under; "" for a stop word."""
    return _STEMS[word]


def terms(text: str) -> list[str]:
    """The search terms of a text, in order, repeats kept: what BM25 counts."""
    return list(filter(None, map(_STEMS.__getitem__, words(text))))


def matches(query_terms: frozenset[str], text: str) -> list[tuple[int, int]]:
    """Where in `text` those terms stand, as (start, end) in code points; touching spans are one."""
    spans: list[tuple[int, int]] = []
    for found in _WORD.finditer(text):
        for start, end in _parts(found.group(), found.start()):
            if not query_terms.isdisjoint(terms(text[start:end])):
                if spans and start <= spans[-1][1]:
                    spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
                else:
                    spans.append((start, end))
    return spans


def _normalised(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", folded).replace("\u200c", "").replace("\u200d", "")


def _pieces(word: str) -> list[str]:
    return [word[start:end] for start, end in _parts(word, 0)]


def _parts(word: str, offset: int) -> list[tuple[int, int]]:
    """Spans of a word's index units: bigrams of its unspaced runs, the rest cut at the longest word."""
    parts: list[tuple[int, int]] = []
    position = 0
    for run in [*_UNSPACED.finditer(word), None]:
        start, end = run.span() if run else (len(word), len(word))
        parts += [(at, min(at + _LONGEST_WORD, start)) for at in range(position, start, _LONGEST_WORD)]
        if run:
            parts += [(at, min(at + 2, end)) for at in range(start, max(end - 1, start + 1))]
        position = end
    return [(offset + start, offset + end) for start, end in parts]


class _Stems(dict[str, str]):
    """Stems already worked out, because Snowball in Python takes 20 µs a word.

    When full, all are set aside and come back one by one as they are met again, so that frequent words stay known.
    """

    def __init__(self) -> None:
        self._aside: dict[str, str] = {}
        self._lock = threading.Lock()  # a Snowball stemmer keeps its word in itself
        self._english, self._russian = EnglishStemmer(), RussianStemmer()

    def __missing__(self, word: str) -> str:
        with self._lock:
            if len(self) >= _MOST_STEMS:
                self._aside = dict(self)
                self.clear()
            found = self._aside.get(word)
            if found is None:
                found = self._worked_out(word)
            self[word] = found
        return found

    def _worked_out(self, word: str) -> str:
        if word in _STOP_WORDS:
            return ""
        if not word[-1].isalpha():  # both stemmers look at endings only
            return word
        stemmer = self._russian if _CYRILLIC.search(word) else self._english
        stem: str = stemmer.stemWord(word)
        return stem


_STEMS = _Stems()
