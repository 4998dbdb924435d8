"""One e-mail message (EML): its main headers, the text (rather the plain than the HTML one), attachments by name."""

from __future__ import annotations

import email.errors
import email.header
import email.message
import email.parser
import email.policy
import re
from collections.abc import Iterator
from typing import Any

from forge_desktop.corpus.parsers import Parsed, Unreadable
from forge_desktop.corpus.parsers.composing import Composer
from forge_desktop.corpus.parsers.decoding import decode, mend

_HEADERS = ("From", "To", "Cc", "Date", "Subject")
_KNOWN = re.compile(rb"(?im)^(?:from|to|date|subject|received|return-path|message-id|mime-version|content-type):")
_UNNAMED = "(no subject)"


def parse(data: bytes) -> Parsed:
    """The message. Raises Unreadable for a file that does not begin with headers."""
    if not _KNOWN.search(data[:20_000]):
        raise Unreadable("The file is not an e-mail message: it has none of the usual headers.")
    found = Composer()
    add_message(found, data)
    return found.parsed()


def add_message(found: Composer, data: bytes) -> None:
    """Put a message below what is there, its subject as a heading, and messages attached to it below their own."""
    try:
        message = email.parser.BytesParser(policy=email.policy.compat32).parsebytes(data)
        _add(found, message, 1)
    except RecursionError as error:
        raise Unreadable("The message is nested too deep to be read.") from error


def _add(found: Composer, message: Any, level: int) -> None:
    start = found.length
    lines = [f"{name}: {value}" for name in _HEADERS if (value := _header(message, name))]
    found.add("\n".join(lines), whole=True)
    found.name(start, level, _header(message, "Subject") or _UNNAMED)
    attached: list[str] = []
    forwarded: list[Any] = []
    for part in _parts(message):
        kind = part.get_content_type()
        if kind == "message/rfc822" and part.is_multipart():
            forwarded.extend(part.get_payload())
        elif part.get_content_maintype() != "text" or part.get_content_disposition() == "attachment":
            attached.append(_filename(part) or kind)
        elif kind == "text/html":
            _add_page(found, _decoded(part))
        else:
            found.add(_decoded(part).strip("\r\n"))
    if attached:
        found.add("Attachments: " + ", ".join(attached), whole=True)
    for inner in forwarded:
        _add(found, inner, level + 1)


def _parts(message: Any) -> Iterator[Any]:
    """The parts to be read in order; of alternatives one, the plain text if it says anything."""
    waiting = [message]
    while waiting:
        part = waiting.pop()
        if not part.is_multipart() or part.get_content_type() == "message/rfc822":
            yield part
        elif part.get_content_type() == "multipart/alternative":
            waiting.append(_preferred(part.get_payload()))
        else:
            waiting.extend(reversed(part.get_payload()))


def _preferred(alternatives: list[Any]) -> Any:
    plain = [part for part in alternatives if part.get_content_type() == "text/plain" and _decoded(part).strip()]
    return plain[0] if plain else alternatives[-1]


def _add_page(found: Composer, source: str) -> None:
    from forge_desktop.corpus.parsers import html

    try:
        page = html.parsed_source(source)
    except Unreadable:
        found.add(source)
    else:
        found.include(page.text, (), page.whole)  # a message's headings are its own affair


def _decoded(part: Any) -> str:
    return _text(part.get_payload(decode=True) or b"", str(part.get_content_charset() or "ascii"))


def _text(data: bytes, charset: str) -> str:
    """The bytes as text, in the declared encoding if that is known and true."""
    try:
        text = data.decode(charset)
    except (LookupError, ValueError):
        try:
            text = decode(data)
        except Unreadable:
            text = data.decode("latin-1")
    return mend(text.replace("\0", "\ufffd"))


def _header(message: Any, name: str) -> str:
    value = message.get(name)
    return "" if value is None else _words(value)


def _filename(part: Any) -> str:
    try:
        return _words(part.get_filename() or "")
    except (LookupError, ValueError, TypeError):  # a damaged RFC 2231 parameter
        return "unnamed"


def _words(value: Any) -> str:
    """A header's value in one line, its encoded words decoded as well as may be."""
    try:
        pieces = email.header.decode_header(value)
    except (email.errors.HeaderParseError, ValueError):
        pieces = [(str(value), None)]
    words = [piece if isinstance(piece, str) else _text(piece, charset or "ascii") for piece, charset in pieces]
    return " ".join(mend("".join(words)).replace("\0", "\ufffd").split())
