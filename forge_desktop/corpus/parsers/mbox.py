"""MBOX: a mailbox in one file, one message after the other; each is a heading."""

from __future__ import annotations

import re
from collections.abc import Iterator

from forge_desktop.corpus.parsers import Parsed, Unreadable
from forge_desktop.corpus.parsers.composing import Composer
from forge_desktop.corpus.parsers.email import add_message

_FROM = re.compile(rb"(?:\A|(?<=\n\n)|(?<=\n\r\n))From [^\r\n]*\r?\n")
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)


def parse(data: bytes) -> Parsed:
    """Every message, a heading in the place of one that cannot be read. Raises Unreadable for what is no mailbox."""
    if not _FROM.match(data):
        raise Unreadable("The file is not a mailbox: it does not begin with a message.")
    found = Composer()
    for message in _messages(data):
        try:
            add_message(found, message)
        except Unreadable:
            found.heading("(a message that cannot be read)", 1)
    return found.parsed()


def _messages(data: bytes) -> Iterator[bytes]:
    starts = [(mark.start(), mark.end()) for mark in _FROM.finditer(data)]
    ends = [start for start, _ in starts[1:]] + [len(data)]
    for (_, begin), end in zip(starts, ends, strict=True):
        yield _QUOTED.sub(rb"\1", data[begin:end])
