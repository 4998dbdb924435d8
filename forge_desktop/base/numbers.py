"""Numbers as people type them: a comma is a point, or stands between groups of three digits, where only one can be."""

from __future__ import annotations

import contextlib
import re

_BLANK = "[ \u00a0\u2009\u202f]"
_FORMS = tuple(
    re.compile(form, re.ASCII)
    for form in (
        r"([-+]?[1-9]\d{0,2}(?:,\d{3})+)(\.\d+)?",  # 1,000,000 and 1,250.5
        rf"([-+]?[1-9]\d{{0,2}}(?:{_BLANK}\d{{3}})+)([.,]\d+)?",  # 1 250 and 1 250,5
        r"([-+]?[1-9]\d{0,2}(?:\.\d{3})+)(,\d+)",  # 1.250,5
        r"([-+]?0*)(,\d+)",  # 0,7 and 0,125
        r"([-+]?\d+)(,(?:\d{1,2}|\d{4,}))",  # 4,5 and 12,50
        r"([-+]?\d{4,})(,\d{3})",  # 1250,125
    )
)
_TWOFOLD = re.compile(r"(?<![\d.,])([1-9]\d{0,2}),(\d{3})(?![\d.,])", re.ASCII)


def plain(text: str, *, whole: bool = False, grouped: bool = False) -> str:
    """The text with a point before decimals and nothing between digits, where it can be read in one way; else as it is.

    "4,5" is 4.5, "1,000,000" and "1.250,5" have groups; "1,250" can be read only where the number is a `whole` one,
    or where commas before three digits stand between groups (`grouped`), as in a card.
    """
    text = text.strip()
    match = next(filter(None, (form.fullmatch(text) for form in _FORMS)), None)
    if match is None or (whole and match[2]) or (not whole and not grouped and _TWOFOLD.fullmatch(text.lstrip("+-"))):
        return text
    return re.sub(r"[^-+\d]", "", match[1]) + (match[2] or "").replace(",", ".")


def twofold(text: str) -> str:
    """Why a text with decimals possible is no number, where that is a comma that can be two things; else ""."""
    found = _TWOFOLD.search(text)
    if found is None:
        return ""
    return f"can be meant in two ways: write {found[1]}{found[2]} or {found[1]}.{found[2]}"


def typed_number(text: str, *, whole: bool = False, grouped: bool = False) -> int | float | str | None:
    """The number typed, None for nothing, or the text when it is none or could be meant in two ways."""
    bare = plain(text, whole=whole, grouped=grouped)
    if not bare:
        return None
    if "_" in bare:  # Python would read over it
        return text.strip()
    with contextlib.suppress(ValueError):
        return int(bare)
    if not whole:
        with contextlib.suppress(ValueError):
            return float(bare)
    return text.strip()
