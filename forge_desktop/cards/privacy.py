"""Finds in a card what is private: paths, documents, names of the corpus, keys, addresses; hidden unless revealed."""

from __future__ import annotations

import hashlib
import html
import json
import re
import urllib.parse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from forge_desktop.cards import patterns, said
from forge_desktop.cards.naming_names import CorpusNames
from forge_desktop.cards.records import Card, Leak, LeakKind
from forge_desktop.cards.store_privacy import RevealStore
from forge_desktop.providers.addresses import is_loopback
from forge_desktop.providers.vendors import VENDORS

if TYPE_CHECKING:
    from forge_desktop.students.rooms import Rooms

_HIDDEN: dict[LeakKind, str] = {
    "path": "‹path›", "document": "‹document›", "name": "‹name›", "key": "‹key›", "address": "‹address›",
}  # fmt: skip
_KEY = "It has the form of a key or a password."
_PATH = "It is a path on a computer, which can tell names and how things are kept."
_MAIL = "It is an e-mail address other than the card's contact."
_PHONE = "It has the form of a telephone number."
_HOST = "It is an address within a private network."
_SHORTEST = 3  # characters; to hide anything shorter would hide ordinary words


class Privacy:
    """Scans cards, and keeps what a person wants shown all the same."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms, self._reveals = rooms, RevealStore(rooms.db)

    def scan(self, card: Card) -> list[Leak]:
        """What a card says that is taken for private, field by field; what it is about is public, so is its contact.

        Takes some tens of milliseconds: for a thread that may wait.
        """
        shown = self._reveals.of(card.uid)
        told = list(dict.fromkeys(said.texts(card)))
        names = CorpusNames(self._rooms.corpus.mentions, [one.text for one in told if one.field in said.ABOUT])
        contact = " ".join(one.text for one in told if one.field == "contact")
        hosts = self._hosts()
        found: dict[tuple[str, str, str], Leak] = {}
        for one in told:
            field = one.field
            for kind, words, why in self._in(one, names, contact, hosts):
                words = " ".join(words.split())
                if field == said.DOCUMENT and any(key[1:] == (kind, words) for key in found):
                    continue  # it says again what its fields say
                if len(words) >= _SHORTEST:
                    finding = finding_of(kind, words)
                    leak = Leak(finding, kind, field, words, why, _HIDDEN[kind], finding in shown)
                    found.setdefault((field, kind, words), leak)
        return list(found.values())

    def reveal(self, card_uid: str, finding: str, shown: bool) -> None:
        """Let exports of a card show a finding, or hide it again."""
        self._reveals.put(card_uid, finding, shown)
        self._rooms.events.changed("cards")

    def redact(self, text: str, leaks: Sequence[Leak]) -> str:
        """The text with all that is not revealed replaced by what hides it, also where JSON or HTML spells it."""
        for leak in sorted({one for one in leaks if not one.revealed}, key=lambda one: len(one.text), reverse=True):
            for spelt in dict.fromkeys(_spellings(leak.text)):
                if spelt.split()[0] in text:
                    text = _pattern(spelt).sub(lambda _match, hidden=leak.hidden: hidden, text)  # type: ignore[misc]
        return text

    def _in(
        self, told: said.Said, names: CorpusNames, contact: str, hosts: dict[str, str]
    ) -> Iterator[tuple[LeakKind, str, str]]:
        """What stands in one text; a part that is one thing is not told as another."""
        field, text = told.field, told.text
        taken: list[patterns.Span] = []

        def cut(spans: list[patterns.Span]) -> list[str]:
            kept = list(patterns.outside(spans, taken))
            taken.extend(kept)
            return [text[start:end] for start, end in kept]

        yield from (("key", one, _KEY) for one in cut(patterns.keys_in(text)))
        yield from (("path", one, _PATH) for one in cut(patterns.paths_in(text) + self._own_places(text)))
        for one in cut(patterns.mails_in(text)):
            if field != "contact" and one not in contact:
                yield "address", one, _MAIL
        for host, why in hosts.items():
            yield from (("address", one, why) for one in cut(_places(host, text)))
        yield from (("address", one, _HOST) for one in cut(patterns.hosts_in(text)))
        if field != "contact":
            yield from (("address", one, _PHONE) for one in cut(patterns.phones_in(text)) if one not in contact)
        if not told.names:
            return
        yield from ((one.kind, one.text, one.why) for one in names.files_in(text))
        rest = _without(text, taken)
        yield from ((one.kind, one.text, one.why) for one in names.people_and_titles_in(rest))

    def _hosts(self) -> dict[str, str]:
        """Hosts of endpoints that are no known vendor's, and not this computer itself."""
        found = {}
        for endpoint in self._rooms.providers.endpoints.list():
            host = urllib.parse.urlsplit(endpoint.url).hostname or ""
            if host and host not in VENDORS and not is_loopback(host):
                found[host] = f"It is where {endpoint.name} answers, which is no vendor that everybody knows."
        return found

    def _own_places(self, text: str) -> list[patterns.Span]:
        """Where the data directory or a person's home stand, wherever these are."""
        places = {str(self._rooms.data_dir), str(Path.home())}
        return [span for place in places if len(place) > 5 for span in _places(place, text)]


def finding_of(kind: LeakKind, text: str) -> str:
    """The name of a finding: the same words of the same kind are one, in whichever field they stand."""
    return hashlib.sha256(f"{kind}\0{text}".encode("utf-8", "surrogatepass")).hexdigest()


def _places(words: str, text: str) -> list[patterns.Span]:
    found = re.finditer(rf"(?<![\w.-]){re.escape(words)}(?:[/\\][^\s\"'<>|`)\],;]*|(?![\w-]))", text, re.IGNORECASE)
    return [match.span() for match in found]


def _without(text: str, taken: Sequence[patterns.Span]) -> str:
    """The text with line ends in place of what was taken already, so that nothing grows together."""
    for start, end in sorted(taken, reverse=True):
        text = f"{text[:start]}\n\n{text[end:]}"
    return text


def _spellings(text: str) -> Iterator[str]:
    yield text
    yield json.dumps(text, ensure_ascii=False)[1:-1]
    yield json.dumps(text)[1:-1]
    yield html.escape(text)
    yield html.escape(text, quote=False)


def _pattern(words: str) -> re.Pattern[str]:
    """The words wherever they stand by themselves, with any white space between them."""
    inner = r"\s+".join(re.escape(word) for word in words.split())
    before = r"(?<!\w)" if words[0].isalnum() else ""
    after = r"(?!\w)" if words[-1].isalnum() else ""
    return re.compile(f"{before}{inner}{after}")
