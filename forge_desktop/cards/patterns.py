"""What can be told by its form alone: e-mail addresses, telephone numbers, paths, hosts, keys; each with its place."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from forge_desktop.base.redacting import secrets_in

Span = tuple[int, int]

_MAIL = re.compile(r"(?<![\w.+/-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,6}[A-Za-z]{2,24}(?![\w-])")
_PHONE = re.compile(
    r"(?<![\w.+/,-])(?:"
    r"(?:\+|00)[1-9]\d{0,2}[ ()/.-]{0,2}\d[\d ()/.-]{5,17}\d"  # with the country before it
    r"|\(?0\d{1,5}\)?[ /-]{1,2}\d[\d /-]{4,12}\d"  # with an area before it
    r"|\(?\d{3}\)?[ .-]\d{3}[.-]\d{4}"  # as in North America
    r")(?![\w]|[.,-]\d)"
)
_DATE = re.compile(r"(?:\d{1,2}[-/. ]\d{1,2}[-/. ]\d{2,4}|\d{4}[-/. ]\d{1,2}[-/. ]\d{1,2})")
_ROOTS = "home|Users|root|mnt|media|Volumes|srv|data|private|var|tmp|run|work|workspace|net|export|nfs|storage|Library"
_PATH = re.compile(
    r"(?:"
    r"\bfile:/{1,3}[^\s\"'<>|)\]]+"  # an address of a file
    r"|(?<![\w\\])\\\\[\w.$-]+\\[^\s\"'<>|*?]+(?:\\[^\s\"'<>|*?]+)*"  # a share: \\server\folder
    r"|(?<![\w])[A-Za-z]:[\\/](?:[^\\/:*?\"<>|\r\n]{1,120}[\\/])*[^\\/:*?\"<>|\s]+"  # C:\folder\file
    rf"|(?<![\w/.:~-])/(?:{_ROOTS})(?:/(?:[^\s/\"'<>|`)\],;]|\\ )+)+/?"  # /home/ada/file
    r"|(?<![\w/.:~-])(?:/[\w.@+-]+){2,}/[\w.@+-]+\.\w{1,5}(?!\w)"  # any other file by its whole path
    r"|(?<![\w/.:-])~[\w.-]*/(?:[^\s\"'<>|`)\],;]|\\ )+"  # ~/file
    r")"
)
_NUMBER_HOST = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5})?(?![\w.]\w|\w)")
_HOME_HOST = re.compile(
    r"(?i)(?<![\w.@-])(?:[a-z0-9-]{1,63}\.)+(?:local|lan|internal|corp|intranet|home\.arpa)\b(?::\d{1,5})?"
)
_OTHER_KEYS = re.compile(
    r"(?:\bAKIA[0-9A-Z]{16}\b|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
    r"|(?i:\b(?:api[-_ ]?key|password|passwd|secret|access[-_ ]?token)\b)[\"']?\s*[:=]\s*[\"']?"
    r"(?P<said>[^\s\"',;]{8,}))"
)
_TRAILING = ".,;:!?…"


def mails_in(text: str) -> list[Span]:
    """Where e-mail addresses stand."""
    return [found.span() for found in _MAIL.finditer(text)] if "@" in text else []


def phones_in(text: str) -> list[Span]:
    """Where telephone numbers stand: by an area or a country before them, so that counts and days are none."""
    return [found.span() for found in _PHONE.finditer(text) if _is_phone(found[0])]


def paths_in(text: str) -> list[Span]:
    """Where paths stand that lead into somebody's files. Those of an address on the web are none."""
    return [(found.start(), found.end() - _trail(found[0])) for found in _PATH.finditer(text)]


def hosts_in(text: str) -> list[Span]:
    """Where hosts of a private network stand; the computer itself is not one."""
    spans = [found.span() for found in _NUMBER_HOST.finditer(text) if _is_private_number(found[0])]
    return spans + [found.span() for found in _HOME_HOST.finditer(text)]


def keys_in(text: str) -> list[Span]:
    """Where keys and passwords stand, by what this program knows of them and by their form."""
    found = list(secrets_in(text))
    for match in _OTHER_KEYS.finditer(text):
        start, end = match.span("said") if match["said"] else match.span()
        found.append((start, end - _trail(text[start:end])))
    return found


def outside(spans: list[Span], taken: list[Span]) -> Iterator[Span]:
    """Those that touch none that is taken already."""
    for start, end in spans:
        if all(end <= low or high <= start for low, high in taken):
            yield start, end


def _trail(text: str) -> int:
    return len(text) - len(text.rstrip(_TRAILING))


def _is_phone(text: str) -> bool:
    digits = sum(sign.isdigit() for sign in text)
    return 7 <= digits <= 15 and not _DATE.fullmatch(text.strip()) and text.count("(") == text.count(")")


def _is_private_number(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text.split(":")[0])
    except ValueError:
        return False
    return address.is_private and not address.is_loopback and not address.is_unspecified
