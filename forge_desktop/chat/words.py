"""What a sentence says, reduced to what can be compared: content words, numbers, names, and whether it denies."""

from __future__ import annotations

import functools
import re
import unicodedata
from dataclasses import dataclass
from typing import NamedTuple


class _Piece(NamedTuple):
    text: str
    start: int
    end: int
    is_number: bool


@dataclass(frozen=True)
class Number:
    """A number in all the forms it may be written in, and the one or two words behind it ("fiscal", "years")."""

    forms: frozenset[str]
    units: tuple[str, ...]

    def agrees(self, other: Number) -> bool:
        """Whether both are the same number of the same thing, as far as both say of what."""
        return bool(self.forms & other.forms) and (not self.units or not other.units or self.same_unit(other))

    def same_unit(self, other: Number) -> bool:
        """Whether both count the same thing; an abbreviation ("h", "EUR") is taken for the word it begins."""
        return any(
            same_word(one, two) or one.startswith(two) or two.startswith(one)
            for one in self.units
            for two in other.units
        )


@dataclass(frozen=True)
class Said:
    """A sentence's content words and the numbers in it, normalised; `names` are the words written like names.

    `denials` counts "not", "never", "without".
    """

    words: frozenset[str]
    numbers: tuple[Number, ...]
    names: frozenset[str]
    denials: int


def _listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


# Function words of the languages met most; they carry no evidence. Negations are not here: they are counted.
_EMPTY = _listed(
    """
    a an the this that these those there here it its he she they them his her their we us our you your i me my one ones
    is are was were be been being am do does did done has have had having can could may might must shall should will
    would and or but if then than so as at by for from in into of on onto out over to up with about after before between
    during while when where which who whom whose what why how also any all each every some such only just very more most
    much many other another own same both either too s t re ll ve d m per via however therefore thus because since until
    der die das den dem des ein eine einen einem einer eines und oder aber wenn dann als wie so im in an am auf aus bei
    beim von vom zu zum zur mit nach vor für über unter um durch gegen es er sie wir ihr ich du sich man ist sind war
    waren sein wird werden wurde wurden worden hat haben hatte kann können darf dürfen muss müssen soll sollen auch nur
    noch schon sehr mehr dass daß welche welcher welches was wer wo wann warum dieser diese dieses jeder jede jedes bis
    le la les l un une des du de d et ou mais si que qui quoi dont où au aux en dans par pour sur avec sous ce cet cette
    ces il elle ils elles on nous vous je tu se sa son ses leur leurs est sont était étaient être a ont avait avoir peut
    peuvent doit plus très aussi comme c y
    el los las una unos unas del al y o pero si que quien cual cuando donde como por para con sobre entre desde
    hasta es son era eran ser está están fue ha han había puede pueden debe más muy también su sus lo se le les
    il lo gli i uno una di da dal della dei delle nel nella con su per tra fra che chi cui e ed o ma se come quando dove
    è sono era erano essere ha hanno può possono deve anche più molto si
    o os as um uma do da dos das no na nos nas em por para com e ou mas que quem se como quando onde é são foi ser está
    tem pode deve mais muito também seu sua
    het een en of maar als dan van in op aan bij met voor door naar uit over om tot te is zijn was waren wordt worden
    heeft hebben kan moet ook nog zeer meer dat die deze dit
    и в во на с со к ко о об от до из у за по для при над под через между а но или если то что чтобы как когда где
    который это этот эта эти он она оно они мы вы я ты его её их был была было были быть есть
    может должен также только уже ещё
    的 了 在 是 和 与 及 或 也 都 而 着 这 那 有 为 被 把 从 到 对
    """
)
_DENIALS = _listed(
    """
    not no never without cannot none nor neither nobody nothing isn aren wasn weren don doesn didn won wouldn can't cant
    nicht kein keine keinen keinem keiner keines nie niemals ohne weder
    ne pas jamais sans aucun aucune ni
    nunca sin ningún ninguna tampoco jamás
    non mai senza nessun nessuna
    não nem sem nunca
    niet geen nooit zonder
    не нет ни без никогда нельзя
    """
)
_CJK_DENIALS = ("不", "没", "無", "无", "未", "非")

_NUMBER_WORDS = {
    word: str(value)
    for value, words in {
        2: "two twice zwei zweimal deux dos due dois twee два две",
        3: "three drei trois tres tre três drie три",
        4: "four vier quatre cuatro quattro quatro четыре",
        5: "five fünf cinq cinco cinque vijf пять",
        6: "six sechs seis sei zes шесть",
        7: "seven sieben sept siete sette sete zeven семь",
        8: "eight acht huit ocho otto oito восемь",
        9: "nine neun neuf nueve nove negen девять",
        10: "ten zehn dix diez dieci dez tien десять",
        11: "eleven elf onze once undici одиннадцать",
        12: "twelve dozen zwölf dutzend douze doce dodici doze twaalf двенадцать",
        13: "thirteen dreizehn treize trece",
        14: "fourteen vierzehn quatorze catorce",
        15: "fifteen fünfzehn quinze quince",
        16: "sixteen sechzehn seize",
        17: "seventeen siebzehn",
        18: "eighteen achtzehn",
        19: "nineteen neunzehn",
        20: "twenty zwanzig vingt veinte venti vinte twintig двадцать",
        30: "thirty dreißig trente treinta trenta тридцать",
        40: "forty vierzig quarante cuarenta quaranta сорок",
        50: "fifty fünfzig cinquante cincuenta cinquanta пятьдесят",
        60: "sixty sechzig soixante sesenta",
        70: "seventy siebzig",
        80: "eighty achtzig",
        90: "ninety neunzig",
        100: "hundred hundert cent cien cento honderd сто",
        1000: "thousand tausend mille mil duizend тысяча",
    }.items()
    for word in words.split()
}
_CJK_NUMBERS = {c: str(n) for n, c in enumerate("一二三四五六七八九十", 1)}

_NUMBER = re.compile(r"\d{1,3}(?:[ \u00a0\u202f]\d{3}(?!\d))+(?:[.,]\d+)?|\d+(?:[.,:'’]\d+)*")
_GROUPED = re.compile(r"\d{1,3}(?:[.,'’ \u00a0\u202f]\d{3})+$")
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u30ff\u3400-\u9fff\uf900-\ufaff]")


def said(text: str) -> Said:
    """What a sentence says. Cut at 4,000 characters: nothing longer is a sentence."""
    text = unicodedata.normalize("NFKC", text[:4000])
    words: set[str] = set()
    names: set[str] = set()
    numbers: list[Number] = []
    denials = 0
    pieces = _pieces(text)
    for index, (piece, _, _, is_number) in enumerate(pieces):
        word = piece.casefold()
        if is_number:
            numbers.append(Number(_forms(piece), _units(text, pieces, index)))
        elif word in _NUMBER_WORDS:
            numbers.append(Number(frozenset({_NUMBER_WORDS[word]}), _units(text, pieces, index)))
        elif word in _DENIALS:
            denials += 1
        elif _UNSPACED.search(word):
            denials += any(mark in word for mark in _CJK_DENIALS)
            numbers.extend(Number(frozenset({_CJK_NUMBERS[c]}), ()) for c in word if c in _CJK_NUMBERS)
            words.update(word[i : i + 2] for i in range(max(1, len(word) - 1)))
        elif word not in _EMPTY and word.strip("_"):
            words.add(word)
            if any(c.isdigit() for c in word) or (piece[0].isupper() and index) or piece[1:].isupper():
                names.add(word)
    return Said(frozenset(words), tuple(numbers), frozenset(names), denials)


def _units(text: str, pieces: list[_Piece], index: int) -> tuple[str, ...]:
    """The one or two words right behind a number, with nothing but space between, up to a function word or number."""
    units: list[str] = []
    for before, piece in zip(pieces[index : index + 2], pieces[index + 1 : index + 3], strict=False):
        word = piece.text.casefold()
        if piece.is_number or text[before.end : piece.start].strip(" -\n\r\t"):
            break
        if word in _EMPTY or word in _DENIALS or word in _NUMBER_WORDS or _UNSPACED.search(word):
            break
        units.append(word)
    return tuple(units)


_BRITISH = re.compile(r"([bt])re(s?)$")  # metre, litres, centre, fibre: written -er elsewhere


def same_word(one: str, other: str) -> bool:
    """Whether two words are forms of one: a common beginning of two thirds of the longer, four letters at least.

    "retained" and "retention" are not, "inspected" and "inspection" are. It needs no list for any language.
    """
    one, other = _BRITISH.sub(r"\1er\2", one), _BRITISH.sub(r"\1er\2", other)
    if one == other:
        return True
    longer = max(len(one), len(other))
    if min(len(one), len(other)) < 4 or any(c.isdigit() for c in one + other):
        # Short words: a plural or a case ending of one or two letters, after three letters in common.
        return longer - min(len(one), len(other)) <= 1 and min(len(one), len(other)) >= 3 and _begins(one, other)
    common = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        common += 1
    return common >= 4 and common * 3 >= longer * 2


def found_in(word: str, words: frozenset[str]) -> bool:
    """Whether a form of `word` is among `words`."""
    return word in words or any(same_word(word, other) for other in _beginning(words).get(word[:3], ()))


@functools.lru_cache(maxsize=512)
def _beginning(words: frozenset[str]) -> dict[str, tuple[str, ...]]:
    index: dict[str, list[str]] = {}
    for word in words:
        index.setdefault(word[:3], []).append(word)
    return {key: tuple(group) for key, group in index.items()}


def _begins(one: str, other: str) -> bool:
    return (one.startswith(other) or other.startswith(one)) and not any(c.isdigit() for c in one + other)


def _pieces(text: str) -> list[_Piece]:
    """Words and numbers in order. A word with digits in it ("RV-12", "R4") is a word."""
    found: list[_Piece] = []
    position = 0
    for number in _NUMBER.finditer(text):
        start, end = number.span()
        if start < position or _is_tail(text, start) or _is_head(text, end):
            continue
        found.extend(_words(text, position, start))
        found.append(_Piece(number.group(), start, end, True))
        position = end
    found.extend(_words(text, position, len(text)))
    return found


def _is_tail(text: str, start: int) -> bool:
    """Whether the digits from `start` end a name: "R4", "RV-12"."""
    before = text[max(0, start - 2) : start]
    return _spelt(before[-1:]) or (before[-1:] in ("-", "_") and _spelt(before[:1]))


def _is_head(text: str, end: int) -> bool:
    """Whether letters go on right after the digits and are no ordinal or unit: "3rd" and "10h" are still numbers."""
    letters = 0
    while _spelt(text[end + letters : end + letters + 1]):
        letters += 1
    return letters > 2


def _spelt(character: str) -> bool:
    """Whether it is a letter of a script that spaces its words: "1993年" is a number, "1993x" part of a name."""
    return character.isalpha() and not _UNSPACED.match(character)


def _words(text: str, start: int, end: int) -> list[_Piece]:
    found: list[_Piece] = []
    begun = start
    for position in range(start, end + 1):
        character = text[position] if position < end else " "
        if unicodedata.category(character)[0] in "LNM" or (
            character in "-_" and position > begun and _joins(text, begun, position)
        ):
            continue
        if position > begun:
            found.append(_Piece(text[begun:position].rstrip("-_"), begun, position, False))
        begun = position + 1
    return found


def _joins(text: str, begun: int, position: int) -> bool:
    """Whether a hyphen at `position` goes on with a name that has digits: "RV-12", "B2-7", not "late-night"."""
    before, after = text[begun:position], text[position + 1 : position + 2]
    return after.isdigit() or (after.isalpha() and any(c.isdigit() for c in before))


def _forms(number: str) -> frozenset[str]:
    """The forms one number may be written in: "7,800" is 7800, or 7.8 where the comma is decimal."""
    if ":" in number:
        return frozenset({":".join(part.lstrip("0") or "0" for part in number.split(":"))})
    forms = set()
    if _GROUPED.match(number):
        forms.add(re.sub(r"\D", "", number))
    plain = number.replace(",", ".").replace("'", "").replace("’", "").replace("\u00a0", "").replace(" ", "")
    if plain.count(".") == 1:
        whole, _, decimals = plain.partition(".")
        decimals = decimals.rstrip("0")
        plain = f"{whole.lstrip('0') or '0'}.{decimals}" if decimals else whole.lstrip("0") or "0"
    elif "." not in plain:
        plain = plain.lstrip("0") or "0"
    forms.add(plain)
    return frozenset(forms)
