"""What the headers of a response tell of an endpoint's limits, in the spellings that are in use."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Mapping

LONGEST_PAUSE = 86_400.0  # seconds; whoever asks for more is asked again after a day

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_PARTS = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_LIMITS = {
    # a kind of limit: the headers that tell it, of tokens and requests a minute
    "rpm": ("x-ratelimit-limit-requests", "anthropic-ratelimit-requests-limit"),
    "tpm": ("x-ratelimit-limit-tokens", "anthropic-ratelimit-tokens-limit"),
    "input_tpm": ("anthropic-ratelimit-input-tokens-limit",),
    "output_tpm": ("anthropic-ratelimit-output-tokens-limit",),
}
_LEFT = (
    # what is left, and when there is more
    ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
    ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
    ("anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"),
    ("anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset"),
    ("anthropic-ratelimit-input-tokens-remaining", "anthropic-ratelimit-input-tokens-reset"),
    ("anthropic-ratelimit-output-tokens-remaining", "anthropic-ratelimit-output-tokens-reset"),
)
_BY_THE_DAY = ("groq",)  # vendors whose requests header counts a day


def seconds(text: str, now: float) -> float | None:
    """A time to wait: "20", "1.5", "6m0s", "350ms", a date of HTTP or of RFC 3339; None where it says nothing."""
    text = text.strip()
    try:
        wait = float(text)
    except ValueError:
        wait = _spelt(text.lower(), now, text)
    return min(max(wait, 0.0), LONGEST_PAUSE) if math.isfinite(wait) else None


def _spelt(text: str, now: float, as_written: str) -> float:
    if text and not _PARTS.sub("", text):
        return sum(float(number) * _UNITS[unit] for number, unit in _PARTS.findall(text))
    import email.utils  # slow to import, and rarely needed

    try:
        moment = email.utils.parsedate_to_datetime(as_written)
    except (ValueError, TypeError, OverflowError):
        try:
            moment = datetime.datetime.fromisoformat(as_written)
        except ValueError:
            return math.nan
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    return moment.timestamp() - now


def limits(headers: Mapping[str, str], vendor: str = "") -> dict[str, int]:
    """The limits told, by "rpm", "tpm" (input and output together), "input_tpm", "output_tpm"."""
    found = {}
    for kind, names in _LIMITS.items():
        if kind == "rpm" and vendor in _BY_THE_DAY:
            continue
        for name in names:
            if (number := _number(headers.get(name, ""))) is not None and number > 0:
                found[kind] = number
    return found


def pause(headers: Mapping[str, str], now: float) -> float | None:
    """How many seconds are asked to be waited, whatever was answered; None where no header asks for it."""
    milliseconds = _number(headers.get("retry-after-ms", ""))
    asked = None if milliseconds is None else min(milliseconds / 1000, LONGEST_PAUSE)
    if asked is None and "retry-after" in headers:
        asked = seconds(headers["retry-after"], now)
    if asked is not None:
        return asked
    resets = [
        wait
        for left, reset in _LEFT
        if _number(headers.get(left, "")) == 0 and (wait := seconds(headers.get(reset, ""), now)) is not None
    ]
    return max(resets) if resets else None


def _number(text: str) -> int | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return int(value) if math.isfinite(value) and 0 <= value < 1e12 else None
