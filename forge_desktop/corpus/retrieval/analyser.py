"""Text to search terms: the same words for a passage, a question and a highlight, in any script.

NFKC and casefold, words with their combining marks, character bigrams where a script is written without spaces. A
passage is stemmed (Snowball) and freed of stop words by its own language, told by its function words; words in another
script than that language's, and passages too short to tell, take their script's usual language. Four words of a
question tell no language, so a question is stemmed by every language that the index holds. English stop words are
dropped everywhere: an English quotation in a German passage would make "the" a rare and heavy word there. Latin letters
lose their accents after stemming.

Any change of what `terms` returns needs a new ANALYSER_VERSION.
"""

from __future__ import annotations

import functools
import re
import threading
import unicodedata
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple

from forge_desktop.corpus.retrieval.languages import STOP_WORDS, language_of, script_language
from forge_desktop.corpus.retrieval.marks import MARKS

ANALYSER_VERSION = "3"

_LONGEST_WORD = 64  # letters; longer runs (base64, hex dumps) are cut into pieces of this length
_MOST_STEMS = 50_000  # remembered words of a language, twice: about 17 MB
_LOOKED_AT = 20_000  # characters of a text whose language is asked for

_ASCII_WORDS = bytes(ord(chr(c).lower()) if chr(c).isalnum() or c == ord("_") else ord(" ") for c in range(128)) * 2
_UNSEEN = "\u00ad\u200c\u200d"  # soft hyphen and joiners: inside words, and no letters of theirs
_WORD = rf"\w+(?:[{MARKS}{_UNSEEN}]+\w*)*"
_UNSPACED = (
    "[\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3100-\u312f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
    "\uf900-\ufaff\U00020000-\U0003134f\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]+"
)
_pattern = functools.cache(re.compile)  # these two are long: read when the first text comes, not at every start

_LIGATURES = str.maketrans({"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})

_ALGORITHMS = (
    "en=english de=german fr=french es=spanish it=italian pt=portuguese ca=catalan nl=dutch sv=swedish da=danish"
    " no=norwegian fi=finnish hu=hungarian ro=romanian tr=turkish pl=polish cs=czech id=indonesian ru=russian"
    " uk=russian bg=russian el=greek hy=armenian ta=tamil ar=arabic fa=persian hi=hindi ne=nepali"
)
ALGORITHMS: dict[str, str] = dict(re.findall(r"(\w+)=(\w+)", _ALGORITHMS))  # Snowball's, by language
# Each script's pattern, and the language its words are stemmed by where the passage's is another or unknown.
_SCRIPTS = {
    "latin": (re.compile("[a-z\u00df-\u024f\u1e00-\u1eff]"), "en"),
    "cyrillic": (re.compile("[\u0400-\u052f]"), "ru"),
    "greek": (re.compile("[\u0370-\u03ff\u1f00-\u1fff]"), "el"),
    "armenian": (re.compile("[\u0530-\u058f]"), "hy"),
    "tamil": (re.compile("[\u0b80-\u0bff]"), "ta"),
    "arabic": (re.compile("[\u0600-\u06ff]"), ""),
    "devanagari": (re.compile("[\u0900-\u097f]"), ""),
}
_SCRIPT_OF = {
    **dict.fromkeys(("ru", "uk", "bg"), "cyrillic"),
    **dict.fromkeys(("ar", "fa"), "arabic"),
    **dict.fromkeys(("hi", "ne"), "devanagari"),
    "el": "greek",
    "hy": "armenian",
    "ta": "tamil",
    "": "",
}


Terms = tuple[str, ...]  # what one word may be in the index


class Analysed(NamedTuple):
    """A passage's terms in order, repeats kept, and the language ("" = none told) they were made with."""

    language: str
    terms: list[str]


def words(text: str) -> list[str]:
    """The words of a text in order, normalised but not stemmed; bigrams where the script has no spaces."""
    found = _runs(text)
    if max(map(len, found), default=0) > _LONGEST_WORD or (not text.isascii() and _pattern(_UNSPACED).search(text)):
        return _cut(found)
    return found


def analyse(text: str) -> Analysed:
    """A passage's search terms and the language they were made with: all depends on its text alone."""
    found = _runs(text)
    code = language_of(found)
    stems = _STEMS[code].__getitem__
    if not text.isascii() and _pattern(_UNSPACED).search(text):
        found = _cut(found)
    try:
        return Analysed(code, list(filter(None, map(stems, found))))
    except _TooLongError:  # dearer to look for in every text than to stumble over
        return Analysed(code, list(filter(None, map(stems, _cut(found)))))


def terms(text: str) -> list[str]:
    """The search terms of a passage, in order, repeats kept: what BM25 counts."""
    return analyse(text).terms


def query_words(
    query: str, languages: Collection[str] = ("",), *, met: Collection[str] = (), unheard: Collection[Terms] = ()
) -> list[Terms]:
    """The words of a question in order, each as the different stems that passages of these languages have for it.

    Function words of the language that the question itself speaks are dropped for all of them. Stems of languages that
    were seldom `met` are added where they are likely meant: of the language that the question speaks, of words with
    letters that English lacks, and of words that came out as terms which are `unheard` of.
    """
    found = words(query)
    own = language_of(found)
    spoken = STOP_WORDS.get(own, frozenset())
    tables = _tables({*languages, own} if own in met else languages)
    seldom = _tables({*languages, *met})
    asked: list[Terms] = []
    for word in found:
        stems = () if word in spoken else _stems(word, tables)
        if stems and (not word.isascii() or stems in unheard):
            stems = _stems(word, seldom)
        if stems:
            asked.append(stems)
    return asked


def required_words(text: str) -> list[tuple[str, ...]]:
    """Of each word that a passage with this text is indexed under, whatever its language, the terms it may have there:
    words that are function words in any language are left out."""
    tables = list(_STEMS.values())
    return [_stems(word, tables) for word in words(text) if all(table[word] for table in tables)]


def query_terms(query: str, languages: Collection[str] = ("",)) -> list[str]:
    """The terms of a question for passages of these languages, in order, repeats kept: what BM25 adds up."""
    return [stem for stems in query_words(query, languages) for stem in stems]


def language(text: str) -> str:
    """The ISO 639-1 code of a text's language; "" when it is too short or too mixed to tell. Looks at its beginning."""
    beginning = text[:_LOOKED_AT]
    return script_language([letter for letter in beginning if letter.isalpha()]) or language_of(_runs(beginning))


def matches(query_terms: Collection[str], text: str, languages: Collection[str] = ("",)) -> list[tuple[int, int]]:
    """Where in `text` those terms stand, as (start, end) in code points; touching spans are one.

    The text is read in its own language; in all of `languages` where it is too short to tell.
    """
    code = language_of(_runs(text))
    tables = _tables((code,) if code else languages)
    wanted = frozenset(query_terms)
    spans: list[tuple[int, int]] = []
    for found in _pattern(_WORD).finditer(text):
        for start, end in _parts(found.group(), found.start()):
            if any(not wanted.isdisjoint(_stems(word, tables)) for word in words(text[start:end])):
                if spans and start <= spans[-1][1]:
                    spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
                else:
                    spans.append((start, end))
    return spans


def _runs(text: str) -> list[str]:
    """Words as the text writes them, normalised, not yet cut."""
    if text.isascii():  # five times faster than the regular expression, and the usual case
        return text.encode("ascii").translate(_ASCII_WORDS).decode("ascii").split()
    return _pattern(_WORD).findall(_normalised(text))


def _normalised(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    normalised = unicodedata.normalize("NFKC", folded)
    for letter in _UNSEEN:  # a hundred times as fast as str.translate
        normalised = normalised.replace(letter, "")
    return normalised


def _cut(found: Sequence[str]) -> list[str]:
    return [word[start:end] for word in found for start, end in _parts(word, 0)]


def _parts(word: str, offset: int) -> list[tuple[int, int]]:
    """Spans of a word's index units: bigrams of its unspaced runs, the rest cut at the longest word."""
    parts: list[tuple[int, int]] = []
    position = 0
    for run in [*_pattern(_UNSPACED).finditer(word), None]:
        start, end = run.span() if run else (len(word), len(word))
        parts += [(at, min(at + _LONGEST_WORD, start)) for at in range(position, start, _LONGEST_WORD)]
        if run:
            parts += [(at, min(at + 2, end)) for at in range(start, max(end - 1, start + 1))]
        position = end
    return [(offset + start, offset + end) for start, end in parts]


def _unaccented(stem: str) -> str:
    """A Latin stem without its accents: who looks for Zoe means Zoë too. Afterwards, as stemmers need them."""
    return "".join(c for c in unicodedata.normalize("NFD", stem.translate(_LIGATURES)) if not unicodedata.combining(c))


def _tables(languages: Collection[str]) -> list[_Stems]:
    return [table for code, table in _STEMS.items() if code in languages] or [_STEMS[""]]


def _stems(word: str, tables: Iterable[_Stems]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, (table[word] for table in tables))))


def _stemmer(code: str) -> Callable[[str], str]:
    """Snowball's stemmer of a language: PyStemmer's where it is installed, 50 times faster with the same stems."""
    import snowballstemmer

    stem: Callable[[str], str] = snowballstemmer.stemmer(ALGORITHMS[code]).stemWord
    return stem


class _TooLongError(Exception):
    """What was looked up is to be cut first."""


class _Stems(dict[str, str]):
    """Terms of words already met in passages of one language; "" for stop words.

    When full, all are set aside and come back one by one as they are met again, so that frequent words stay known.
    """

    def __init__(self, code: str) -> None:
        self._code = code
        self._aside: dict[str, str] = {}
        self._lock = threading.Lock()  # a Snowball stemmer keeps its word in itself
        self._stemmers: dict[str, Callable[[str], str]] = {}
        self._stop_words = STOP_WORDS["en"] | STOP_WORDS.get(code, frozenset())

    def __missing__(self, word: str) -> str:
        if len(word) > _LONGEST_WORD:
            raise _TooLongError
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
        if word in self._stop_words:
            return ""
        if word[-1] in "0123456789_":  # stemmers look at endings only
            return word
        own = _SCRIPT_OF.get(self._code, "latin")
        for script, (letters, usual) in _SCRIPTS.items():
            if letters.search(word):
                code = self._code if script == own else usual
                if not code:
                    return word
                if code not in self._stemmers:
                    self._stemmers[code] = _stemmer(code)
                stem = self._stemmers[code](word) or word
                return _unaccented(stem) if script == "latin" and not stem.isascii() else stem
        return word


LANGUAGES = ("", *STOP_WORDS)  # that passages are analysed in
_STEMS: dict[str, _Stems] = {code: _Stems(code) for code in LANGUAGES}
