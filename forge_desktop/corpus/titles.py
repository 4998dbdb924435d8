"""What a document is called in itself: its first heading, or the title its file says; and how titles are compared."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

MOST_WORDS = 12  # of a title that are compared; what is longer goes by so many
_UNSPACED = (  # scripts without spaces: signs that are words
    "\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003134f\u0e00-\u0eff"
)
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")
_LEAST_SIGNS = 4  # of a title in a script without spaces
_LONGEST = 1000  # characters


def title_words(text: str) -> list[tuple[str, int, int]]:
    """The words of a text as titles are compared, with their places; a sign of a script without spaces is a word."""
    folded = text.casefold()
    if len(folded) != len(text):
        folded = text.lower() if len(text.lower()) == len(text) else text
    return [(_bare(found[0]), *found.span()) for found in _WORD.finditer(folded)]


def title_key(words: Sequence[str]) -> str:
    """What a title is filed under."""
    return " ".join(words[:MOST_WORDS])


def key_of(title: str) -> str:
    """The same of a whole title; "" for one that says too little to be looked for in another text."""
    words = [word for word, _, _ in title_words(unicodedata.normalize("NFKC", title[:_LONGEST]))]
    signs = sum(len(word) == 1 and bool(re.match(f"[{_UNSPACED}]", word)) for word in words)
    if len(words) < 2 or (signs == len(words) and signs < _LEAST_SIGNS):
        return ""
    return title_key(words)


def _bare(word: str) -> str:
    if word.isascii():
        return word
    split = unicodedata.normalize("NFD", word)
    return unicodedata.normalize("NFC", "".join(one for one in split if not unicodedata.combining(one)))
