"""Numbers, names and places in words for people, in characters that can be shown."""

from __future__ import annotations

import contextlib
import datetime
import html
import ipaddress
import re
import time
import unicodedata
from collections.abc import Sequence
from pathlib import PurePath

from forge_desktop.base.paths import shown_path

_LONG_WORD = re.compile(r"\S{28,}")
_SEPARATOR = re.compile(r"[/\\_-]")
_UNBROKEN = re.compile(r"[^\s\u200b]{17,}")
_STEP = 8  # signs between places where a word without separators may be broken
_LANGUAGES = {
    "ar": "Arabic", "bn": "Bengali", "ca": "Catalan", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek",
    "en": "English", "es": "Spanish", "et": "Estonian", "eu": "Basque", "fa": "Persian", "fi": "Finnish",
    "fr": "French", "he": "Hebrew", "hi": "Hindi", "hu": "Hungarian", "hy": "Armenian", "id": "Indonesian",
    "it": "Italian", "ja": "Japanese", "ka": "Georgian", "ko": "Korean", "lt": "Lithuanian", "ne": "Nepali",
    "nl": "Dutch", "no": "Norwegian", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian",
    "sr": "Serbian", "sv": "Swedish", "ta": "Tamil", "te": "Telugu", "th": "Thai", "tr": "Turkish",
    "uk": "Ukrainian", "vi": "Vietnamese", "yi": "Yiddish", "zh": "Chinese", "": "not recognised",
}  # fmt: skip


def size_words(count: float) -> str:
    """Bytes as people read them: "412 KB", "2.1 MB" (steps of 1,000)."""
    if count < 1000:
        return f"{int(count)} B"
    for unit in ("KB", "MB", "GB", "TB"):
        count /= 1000
        if count < 999.5 or unit == "TB":
            return f"{count:.0f} {unit}" if count >= 100 or unit == "KB" else f"{count:.1f} {unit}"
    raise AssertionError("unreachable")


def moment_words(moment: float | None, now: float | None = None) -> str:
    """A moment in epoch seconds as seen from now: "just now", "2 min ago", "yesterday", "12 Nov", "2 Nov 2024"."""
    if moment is None:
        return "—"
    now = time.time() if now is None else now
    then, today = datetime.datetime.fromtimestamp(moment), datetime.datetime.fromtimestamp(now)
    past = now - moment
    if -60 < past < 60:
        return "just now"
    if 0 <= past < 3600:
        return f"{int(past // 60)} min ago"
    if then.date() == today.date():
        return f"{then:%H:%M}"
    if then.date() == today.date() - datetime.timedelta(days=1):
        return "yesterday"
    if then.year == today.year:
        return f"{then.day} {then:%b}"
    return f"{then.day} {then:%b %Y}"


def breakable(text: str) -> str:
    """The text with places where a long word in it may be broken into lines; else it would widen the window.

    A path breaks behind its separators, anything else somewhere.
    """
    return _LONG_WORD.sub(lambda word: _UNBROKEN.sub(_steps, _SEPARATOR.sub("\\g<0>\u200b", word[0])), text)


def _steps(word: re.Match[str]) -> str:
    made, since = "", 0
    for sign in word[0]:
        joined = unicodedata.category(sign).startswith("M") or "\u200d" in (sign, made[-1:])
        if since >= _STEP and not joined:
            made, since = made + "\u200b", 0
        made, since = made + sign, since + 1
    return made


def count_words(number: int, one: str, many: str = "") -> str:
    """A number with its noun: "1 document", "1,204 passages"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def file_name(path: str) -> str:
    """The file's name, readable even when its bytes are no valid text."""
    return PurePath(shown_path(path)).name or shown_path(path)


def place_words(
    page: int | None, first_line: int, last_line: int, heading: Sequence[str], units: tuple[str, str] = ("page", "line")
) -> str:
    """A place in a document: "Page 4 · Retention", "Lines 12–31 · Payroll", "Slide 3", "Rows 4–9 · Budget"."""
    paged, lined = (word.capitalize() for word in units)
    if page is not None:
        place = f"{paged} {page}"
    elif first_line == last_line:
        place = f"{lined} {first_line}"
    else:
        place = f"{lined}s {first_line}–{last_line}"
    return f"{place} · {heading[-1]}" if heading else place


def is_here(host: str) -> bool:
    """Whether a host is this computer itself."""
    if host.casefold() == "localhost":
        return True
    with contextlib.suppress(ValueError):  # a name, and names may begin as they like
        return ipaddress.ip_address(host).is_loopback
    return False


def isolated(text: str) -> str:
    """A text for a mirrored window: marks around it keep its own direction, else its signs would change places."""
    first = next((kind for sign in text if (kind := unicodedata.bidirectional(sign)) in ("L", "R", "AL")), "L")
    return f"\u2066{text}\u2069" if first == "L" and text else text


def own_direction(text: str) -> str:
    """A name among other words: one that is read from the right is kept from turning its neighbours around."""
    turned = any(unicodedata.bidirectional(sign) in ("R", "AL", "AN") for sign in text)
    return f"\u2068{text}\u2069" if turned else text


def safe_words(text: str) -> str:
    """Text that Qt can show: undecodable bytes of file names, lone surrogates and control characters as escapes."""
    bytes_shown = "".join(f"\\x{ord(c) - 0xDC00:02x}" if "\udc80" <= c <= "\udcff" else c for c in text)
    shown = bytes_shown.encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in shown)


def plain_tip(text: str) -> str:
    """A text of others for a tool tip: Qt would take what looks like markup for that, and read the files it names."""
    return f"<qt>{html.escape(text)}</qt>" if "<" in text else text


def language_name(code: str) -> str:
    """The English name of an ISO 639-1 language code."""
    return _LANGUAGES.get(code, code)
