"""Numbers as people type them: marks between groups of three digits are read over, a doubtful comma never."""

from __future__ import annotations

import contextlib
import re

_GROUPED = re.compile(r"([-+]?[1-9]\d{0,2})(?P<groups>(?:,\d{3})+|(?:[ \u00a0\u2009\u202f]\d{3})+)(?P<rest>\.\d+)?")


def ungrouped(text: str, *, whole: bool) -> str:
    """The text without the marks between its groups of digits, where they can be nothing else; else as it is.

    "1,000,000" and "1,250.5" can be read in one way alone, "1,250" only where the number is a `whole` one.
    """
    match = _GROUPED.fullmatch(text.strip())
    if match is None or (whole and match["rest"]):
        return text.strip()
    groups = match["groups"]
    if groups[0] == "," and groups.count(",") == 1 and not (whole or match["rest"]):
        return text.strip()
    return match[1] + re.sub(r"\D", "", groups) + (match["rest"] or "")


def typed_number(text: str, *, whole: bool) -> int | float | str | None:
    """The number typed, None for nothing, or the text when it is none or could be meant in two ways."""
    bare = ungrouped(text, whole=whole)
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
