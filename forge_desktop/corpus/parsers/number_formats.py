"""Numbers of a spreadsheet as a person sees them: by the cell's number format, without thousands separators."""

from __future__ import annotations

import datetime
import functools
import re
from collections.abc import Callable

Show = Callable[[str], str]

_BUILT_IN = {
    1: "0",
    2: "0.00",
    3: "0",
    4: "0.00",
    5: "0",
    6: "0",
    7: "0.00",
    8: "0.00",
    9: "0%",
    10: "0.00%",
    **dict.fromkeys((*range(14, 18), *range(27, 32), 36, *range(50, 55), 57, 58), "yyyy-mm-dd"),
    **dict.fromkeys((18, 19, 20, 21, 32, 33, 34, 35, 55, 56), "h:mm:ss"),
    22: "yyyy-mm-dd h:mm",
    37: "0",
    38: "0",
    39: "0.00",
    40: "0.00",
    41: "0",
    42: "0",
    43: "0.00",
    44: "0.00",
    45: "[mm]:ss",
    46: "[h]:mm:ss",
    47: "[mm]:ss",
}
# a literal, an escaped character, a space as wide as a character, a fill, a currency, a colour or a condition
_LITERAL = re.compile(r'"([^"]*)"|\\(.)|_.|\*.|\[\$([^\]-]*)[^\]]*\]|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
_DIGITS = re.compile(r"[#0?,]*[#0?](\.[#0?]*)?|\.[0#?]+")
_DATE = re.compile(r"[yd]|m{3,}", re.IGNORECASE)
_TIME = re.compile(r"[hs]", re.IGNORECASE)
_ELAPSED = re.compile(r"\[(h+|m+|s+)\]", re.IGNORECASE)
_LAST_DAY = 2_958_466  # the first day of the year 10000


def built_in(number: int) -> str:
    """The code of a format that files only name by its number; "" for the general one and for text."""
    return _BUILT_IN.get(number, "")


def general(text: str) -> str:
    """A stored number without the noise of binary fractions: 0.30000000000000004 is 0.3."""
    if len(text) <= 11 and "E" not in text and "e" not in text:
        return text
    try:
        return f"{float(text):.15g}"
    except ValueError:
        return text


def shower(code: str, *, from_1904: bool = False) -> Show:
    """What shows a stored number by the format `code`. What does not parse as a number is shown as it is stored."""
    literals: list[str] = []

    def keep(match: re.Match[str]) -> str:
        if literal := match[1] or match[2] or match[3]:
            literals.append(literal)
        return "\0" if literal else ""

    bare = _LITERAL.sub(keep, code.partition(";")[0] if '"' not in code else _first_section(code))
    if _ELAPSED.search(bare):
        return _guarded(_elapsed)
    day, time = _DATE.search(bare), _TIME.search(bare)
    if day or time:
        return _guarded(lambda number: _moment(number, bool(day), bool(time), from_1904))
    digits = _DIGITS.search(bare)
    if digits is None or re.search(r"[Ee@/]", bare) or _DIGITS.search(bare, digits.end()):
        return general
    filled = iter(literals)
    before, after = (
        "".join(next(filled, "") if c == "\0" else c for c in part)
        for part in (bare[: digits.start()], bare[digits.end() :])
    )
    return _decimal(digits[0], before.lstrip(), after.rstrip())


def _first_section(code: str) -> str:
    match = re.match(r'(?:"[^"]*"|\\.|[^;"])*', code)
    return match[0] if match else code


def _decimal(digits: str, before: str, after: str) -> Show:
    whole, _, fraction = digits.partition(".")
    thousands = len(after) - len(after.lstrip(","))
    after = after.lstrip(",")
    width, least, most = whole.count("0"), fraction.count("0"), len(fraction)
    factor = (100.0 if "%" in after or "%" in before else 1.0) / 1000.0**thousands

    def show(number: float) -> str:
        text = f"{abs(number) * factor:.{most}f}"
        if most > least:
            kept, _, rest = text.partition(".")
            rest = rest[:least] + rest[least:].rstrip("0")
            text = f"{kept}.{rest}" if rest else kept
        head, point, tail = text.partition(".")
        text = head.zfill(width) + point + tail
        sign = "-" if number < 0 and text.strip("0.") else ""
        return f"{sign}{before}{text}{after}"

    return _guarded(show)


def _moment(number: float, day: bool, time: bool, from_1904: bool) -> str:
    if not 0 <= number < _LAST_DAY - (1462 if from_1904 else 0):
        return f"{number:.15g}"
    # WORKAROUND: spreadsheets hold 1900 for a leap year, so its first two months are a day behind
    first = datetime.datetime(1904, 1, 1) if from_1904 else datetime.datetime(1899, 12, 31 if number < 60 else 30)
    moment = first + datetime.timedelta(seconds=round(number * 86_400))
    clock = f"{moment:%H:%M:%S}" if moment.second else f"{moment:%H:%M}"
    date = f"{moment:%Y-%m-%d}" if moment.year >= 1000 else moment.date().isoformat()
    return f"{date} {clock}" if day and time else date if day else clock


def _elapsed(number: float) -> str:
    seconds = round(abs(number) * 86_400)
    return f"{'-' if number < 0 else ''}{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _guarded(show: Callable[[float], str]) -> Show:
    @functools.lru_cache(4096)  # the same few dates and amounts come again and again
    def shown(text: str) -> str:
        try:
            number = float(text)
        except ValueError:
            return text
        return show(number) if abs(number) < 1e15 else text

    return shown
