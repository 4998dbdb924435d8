"""What can be told by its form alone: e-mail addresses, telephone numbers, paths, hosts; each with its place."""

from __future__ import annotations

import ipaddress
import itertools
import re
from collections.abc import Iterator

Span = tuple[int, int]

_MAIL = re.compile(r"(?<![\w.+/-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,6}[A-Za-z]{2,24}(?![\w-])")
_AT = re.compile(
    r"(?<![\w.+/-])(?:[\w+-]+\.[\w.+-]{1,60}@[A-Za-z][\w-]{2,62}(?![\w.-]*\w)"  # within a network
    r"|[\w.+-]{1,64} ?[\[({] ?(?:at|AT|ät) ?[\])}] ?[\w-]{1,63}"
    r"(?:(?:\.| ?[\[({] ?(?:dot|DOT|punkt) ?[\])}] ?)[\w-]{1,63}){1,6})"
)
_PHONE = re.compile(
    r"(?<![\w.+/,-])(?:"
    r"(?:\+|00)[1-9]\d{0,2}[ ()/.-]{0,2}\d[\d ()/.+-]{5,50}\d"  # with the country before it
    r"|\(?0\d{1,5}\)?[ /-]{1,2}\d[\d /+-]{4,50}\d"  # with an area before it
    r"|\(?\d{3}\)?[ .-]\d{3}[.-]\d{4}"  # as in North America
    r")(?![\w]|[.,-]\d)"
)
_NEXT_NUMBER = re.compile(r"\d[ /]+(?=\+|\(?0\d)")
_DATE = re.compile(r"(?:\d{1,2}[-/. ]\d{1,2}[-/. ]\d{2,4}|\d{4}[-/. ]\d{1,2}[-/. ]\d{1,2})")
_ROOTS = (
    "home|Users|root|mnt|media|Volumes|srv|data|private|var|tmp|run|work|workspace|net|export|nfs|storage|Library"
    "|scratch|lustre|gpfs|fsx|efs|cygdrive|dbfs|content"
)
_REST = r"(?:[^\s\"'<>|`)\],;]|\\ )+"  # of a path, to the first blank that nothing escapes
_BEFORE = r"(?:(?<![\w/.~-])|(?<=-[A-Za-z]))"  # nothing of an address or a word; or an option, as in -I/home/ada
_PATH = re.compile(
    r"(?:"
    r"\b(?:file:/{1,3}|(?:smb|cifs|afp|nfs|davs?|s?ftp|scp|ssh|rsync|vscode|vscode-remote)://)[^\s\"'<>|)\]]+"
    r"|(?<![\w\\])\\\\[\w.$-]+\\[^\s\"'<>|*?]+(?:\\[^\s\"'<>|*?]+)*"  # a share: \\server\folder
    r"|(?<![\w])[A-Za-z]:[\\/](?:[^\\/:*?\"<>|\r\n]{1,120}[\\/])*[^\\/:*?\"<>|\s]+"  # C:\folder\file
    r"|(?<![\w\\:])\\(?:Users|home|Documents and Settings)\\[^\s\"'<>|*?]+"  # \Users\ada, of the drive at hand
    rf"|(?:\$\{{?[A-Z_]{{2,}}\}}?|%[A-Za-z_()]{{2,}}%)[\\/]{_REST}"  # $HOME/file, %USERPROFILE%\file
    rf"|(?<![\w:/.])//[\w-]+/{_REST}"  # //server/folder; with a dot in it, it is a page on the web
    rf"|{_BEFORE}/(?:{_ROOTS})(?:/(?:[^\s/\"'<>|`)\],;]|\\ )+)+/?"  # /home/ada/file
    rf"|{_BEFORE}(?:/[\w.@+-]+){{2,}}/[\w.@+-]+\.\w{{1,5}}(?!\w)"  # any other file by its whole path
    rf"|(?<![\w/.:-])~[\w.-]*/{_REST}"  # ~/file
    r")"
)
_NUMBER_HOST = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5})?(?![\w.]\w|\w)")
_LONG_HOST = re.compile(
    r"(?i)(?<![\w:.])(?:\[(?=[^\]]*:)([0-9a-f:]{3,39})\](?::\d{1,5})?|f[cde][0-9a-f]{2}:[0-9a-f:]{2,35})(?:%\w+)?"
)
_HOME_HOST = re.compile(
    r"(?i)(?<![\w.@-])(?:[a-z0-9-]{1,63}\.)+(?:local|localdomain|lan|internal|corp|intranet|home\.arpa|fritz\.box|ts\.net)\b"
    r"(?::\d{1,5})?"
)
_TRAILING = ".,;:!?…"
_CLOSING = {'"': '"', "'": "'", "`": "`", "“": "”", "„": "“", "«": "»", "‘": "’", "(": ")", "<": ">", "[": "]"}
_LONGEST_REST = 160  # characters of a path behind its first blank
_MOST_BLANKS = 9  # in one name of a file
_SUFFIX = re.compile(r"\w\.[A-Za-z]\w{0,4}[.!?…]*\Z")
_NEXT_WORD = re.compile(r" [^\s\\/:\"'<>|`)\],;*?]{1,60}")
_BELOW = re.compile(r"[\\/][^\s\"'<>|`)\],;]*")


def mails_in(text: str) -> list[Span]:
    """Where e-mail addresses stand."""
    spans = [found.span() for found in _AT.finditer(text)]
    return spans + ([found.span() for found in _MAIL.finditer(text)] if "@" in text else [])


def phones_in(text: str) -> list[Span]:
    """Where telephone numbers stand: by an area or a country before them, so that counts and days are none."""
    return [span for found in _PHONE.finditer(text) for span in _numbers(found[0], found.start())]


def paths_in(text: str) -> list[Span]:
    """Where paths stand that lead into somebody's files, blanks in them too. Those of a page on the web are none."""
    found: list[Span] = []
    for match in _PATH.finditer(text):
        if not found or match.start() >= found[-1][1]:
            found.append((match.start(), with_blanks(text, match.start(), match.end())))
    return [(start, end - _trail(text[start:end])) for start, end in found]


def with_blanks(text: str, start: int, end: int) -> int:
    """Where a path ends that stops at a blank: at the quotation mark that closes it, or at the ending of its name."""
    closing = _CLOSING.get(text[start - 1]) if start else None
    if closing and (close := text.find(closing, end, end + _LONGEST_REST)) >= 0 and "\n" not in text[end:close]:
        return close
    while text[end - 1] not in _TRAILING and not _SUFFIX.search(text, start, end):
        further = _further(text, start, end)
        if further == end:
            break
        end = further
    return end


def _further(text: str, start: int, end: int) -> int:
    """Where a path is after the next words, if they lead to a separator or to the ending of a name; else its end."""
    at = end
    for _ in range(_MOST_BLANKS):
        word = _NEXT_WORD.match(text, at)
        if word is None:
            break
        at = word.end()
        if (below := _BELOW.match(text, at)) is not None:
            return below.end()
        if _SUFFIX.search(text, start, at):
            return at
    return end


def hosts_in(text: str) -> list[Span]:
    """Where hosts of a private network stand; the computer itself is not one."""
    spans = [found.span() for found in _NUMBER_HOST.finditer(text) if _is_private_number(found[0].split(":")[0])]
    spans += [found.span() for found in _LONG_HOST.finditer(text) if _is_private_number(found[1] or found[0])]
    return spans + [found.span() for found in _HOME_HOST.finditer(text)]


def outside(spans: list[Span], taken: list[Span]) -> Iterator[Span]:
    """Those that touch none that is taken already."""
    for start, end in spans:
        if all(end <= low or high <= start for low, high in taken):
            yield start, end


def _trail(text: str) -> int:
    return len(text) - len(text.rstrip(_TRAILING))


def _numbers(text: str, start: int) -> list[Span]:
    """A telephone number, or several with nothing but a blank between them."""
    if _is_phone(text):
        return [(start, start + len(text))]
    cuts = [0, *(found.end() for found in _NEXT_NUMBER.finditer(text)), len(text)]
    parts = [(low, low + len(text[low:high].rstrip())) for low, high in itertools.pairwise(cuts)]
    return [(start + low, start + high) for low, high in parts if len(cuts) > 2 and _is_phone(text[low:high].rstrip())]


def _is_phone(text: str) -> bool:
    digits = sum(sign.isdigit() for sign in text)
    return 7 <= digits <= 15 and not _DATE.fullmatch(text.strip()) and text.count("(") == text.count(")")


def _is_private_number(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return address.is_private and not address.is_loopback and not address.is_unspecified
