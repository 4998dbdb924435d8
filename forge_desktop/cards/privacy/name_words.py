"""The words of a text as names are made of them: without particles, with the place of each."""

from __future__ import annotations

import re
from dataclasses import dataclass

from forge_desktop.cards.privacy.plaintext import unaccented
from forge_desktop.cards.privacy.public_words import STOPS

WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]{2,})*")
_PARTICLE = (
    r"(?:von und zu[mr]?|von|vom|van|zu|zum|zur|de|del|della|degli|dei|der|den|di|da|das|do|dos|du|la|las|le|los"
    r"|ter|ten|bin|bint|ibn|ben|bat|abu|al|el|y|af|av|ap)"
)
_PARTICLES = re.compile(_PARTICLE)
_OF_TWO = re.compile(r"\bvon und zu[mr]?\b")
_ALSO_NAMES = frozenset(("al", "el", "bin", "ben", "bat", "abu", "las", "das", "do", "ap", "av"))  # Ben is a first name
# Between two parts of a name: blanks, one line end, hyphens, a comma, an initial, a particle.
BETWEEN = (
    r"(?:[ \t]*[-_.,+·•–][ \t]*|[ \t]{1,3}\n?[ \t]*|\n[ \t]*)"
    rf"(?:[^\W\d_]\.?[ \t]{{1,2}}|{_PARTICLE}[ \t]{{1,2}}){{0,2}}"
)
GAP = re.compile(BETWEEN, re.IGNORECASE)
SHORT = 4  # letters: with an ending a word of no more is mostly another one, as "line" is not "Li"


@dataclass(frozen=True)
class Token:
    """A word of a card with its place; `folded` as the corpus is asked for it."""

    text: str
    folded: str
    start: int
    end: int
    capital: bool


def tokens(text: str) -> list[Token]:
    """The words of a text without a genitive's ending; initials and particles between names are none."""
    found = []
    between = {at for match in _OF_TWO.finditer(text) for at in range(*match.span())}
    for match in WORD.finditer(text):
        if match.start() in between:
            continue
        word = match[0][:-2] if match[0].endswith(("'s", "’s")) else match[0]
        folded = unaccented(word).casefold()
        if len(word) > 1 and not _is_particle(word, folded):
            found.append(Token(word, folded, match.start(), match.start() + len(word), word[0].isupper()))
    return found


def forms(word: Token) -> tuple[str, ...]:
    """As a word may stand in the documents: as it is, and a name of some length without the "s" at its end. What is no
    word of its own in some language, as "na" and "ben", is looked up where it begins with a capital, as in Li Na."""
    if word.folded in STOPS and not word.capital:
        return ()
    if word.capital and len(word.folded) > SHORT and word.folded.endswith("s"):
        return word.folded, word.folded[:-1]
    return (word.folded,)


def _is_particle(word: str, folded: str) -> bool:
    return _PARTICLES.fullmatch(folded) is not None and (word.islower() or folded not in _ALSO_NAMES)
