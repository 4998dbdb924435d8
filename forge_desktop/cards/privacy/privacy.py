"""Finds in a card what is private: paths, documents, names of the corpus, keys, addresses; hidden unless revealed."""

from __future__ import annotations

import dataclasses
import hashlib
import re
import urllib.parse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from forge_desktop.cards.privacy import patterns, said
from forge_desktop.cards.privacy.keys import keys_in
from forge_desktop.cards.privacy.names import CorpusNames, Named
from forge_desktop.cards.privacy.names_caseless import CaselessNames
from forge_desktop.cards.privacy.names_of_documents import DocumentNames
from forge_desktop.cards.privacy.plaintext import Plain, plain
from forge_desktop.cards.privacy.redaction import redaction
from forge_desktop.cards.privacy.store import RevealStore
from forge_desktop.cards.records import Card, Leak, LeakKind
from forge_desktop.providers.addresses import is_loopback
from forge_desktop.providers.vendors import VENDORS

if TYPE_CHECKING:
    from forge_desktop.corpus.mentioning import Mentions
    from forge_desktop.students.rooms import Rooms

_HIDDEN: dict[LeakKind, str] = {
    "path": "‹path›", "document": "‹document›", "name": "‹name›", "key": "‹key›", "address": "‹address›",
}  # fmt: skip
_KEY = "It has the form of a key or a password."
_PATH = "It is a path on a computer, which can tell names and how things are kept."
_MAIL = "It is an e-mail address other than the card's contact."
_PHONE = "It has the form of a telephone number."
_HOST = "It is an address within a private network."
_OWN = {
    "name": "It is a part of the card's own name.",
    "version": "It is a part of the version's own name.",
    "base_model": "It is a part of the base's name.",
    "tags": "It is one of the card's tags.",
}
_JOINED = re.compile(
    r"(?<![^\W_])[^\W_]+(?:(?:_[^\W_]+)+|-[^\W_]+(?:[_-][^\W_]+)+)(?:[_-][^\W_]+)*(?:\.[A-Za-z]\w{0,5}\b)?"
)
_SHORTEST = 3  # characters; to hide anything shorter would hide ordinary words


class Privacy:
    """Scans cards, and keeps what a person wants shown all the same."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms, self._reveals = rooms, RevealStore(rooms.db)

    def scan(self, card: Card) -> list[Leak]:
        """What a card says that is taken for private, field by field: who provides it is public, so is its contact.

        All of it is looked up. Takes some tenths of a second for a long card: for a thread that may wait.
        """
        shown = self._reveals.of(card.uid)
        told = [(one, plain(one.text)) for one in dict.fromkeys(said.texts(card))]
        contact = " ".join(one.text for one, _ in told if one.field == "contact")
        hosts = self._hosts()
        formed = [self._of_form(one, read, contact, hosts) for one, read in told]
        searched = {
            one: _Rest(read.text, one.text, _without(read.text, [span for span, _, _ in spans]))
            for (one, read), spans in zip(told, formed, strict=True)
            if one.names
        }
        named = _Named(self._rooms.corpus.mentions, list(searched.values()), _public(told))
        found: dict[tuple[str, str, str], Leak] = {}
        for (one, read), spans in zip(told, formed, strict=True):
            leaks = [(kind, _as_it_reads(read, kind, span), why) for span, kind, why in spans]
            if one in searched:
                leaks += [(each.kind, each.text, each.why) for each in named.in_(searched[one])]
            for kind, words, why in leaks:
                words = " ".join(words.split())
                if one.field == said.DOCUMENT and any(key[1:] == (kind, words) for key in found):
                    continue  # it says again what its fields say
                if len(words) >= _SHORTEST or (kind == "name" and len(words) > 1):
                    finding = finding_of(kind, words)
                    why = f"{why} {_OWN[one.field]}" if one.field in _OWN else why
                    leak = Leak(finding, kind, one.field, words, why, _HIDDEN[kind], finding in shown)
                    found.setdefault((one.field, kind, words), leak)
        return list(found.values())

    def reveal(self, card_uid: str, finding: str, shown: bool) -> None:
        """Let exports of a card show a finding, or hide it again."""
        self._reveals.put(card_uid, finding, shown)
        self._rooms.events.changed("cards")

    def redact(self, text: str, leaks: Sequence[Leak]) -> str:
        """The text with all that is not revealed replaced by what hides it, however it is spelt there."""
        return redaction(leaks)(text)

    def redaction(self, leaks: Sequence[Leak]) -> Callable[[str], str]:
        """The same for many texts, quicker."""
        return redaction(leaks)

    def _of_form(
        self, told: said.Said, read: Plain, contact: str, hosts: dict[str, str]
    ) -> list[tuple[patterns.Span, LeakKind, str]]:
        """What can be told by its form in one text; a part that is one thing is not told as another."""
        text, is_contact = read.text, told.field == "contact"
        found: list[tuple[patterns.Span, LeakKind, str]] = []

        def take(kind: LeakKind, spans: list[patterns.Span], why: str, *, unless: bool = False) -> None:
            for span in patterns.outside(spans, [one for one, _, _ in found]):
                if not unless or not (is_contact or text[span[0] : span[1]] in contact):
                    found.append((span, kind, why))

        take("key", keys_in(text), _KEY)
        take("path", patterns.paths_in(text) + self._own_places(text), _PATH)
        take("address", patterns.mails_in(text), _MAIL, unless=True)
        for host, why in hosts.items():
            take("address", _places(host, text), why)
        take("address", patterns.hosts_in(text), _HOST)
        take("address", patterns.phones_in(text), _PHONE, unless=True)
        return found

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


def _as_it_reads(read: Plain, kind: LeakKind, span: patterns.Span) -> str:
    """A finding's words; of a path with backslashes as it is written, for these are marks elsewhere."""
    low, high = read.span(*span)
    original = read.original[low:high]
    return original if kind == "path" and "\\" in original else read.text[slice(*span)]


@dataclass(frozen=True)
class _Rest:
    """A text that is searched for what the corpus knows: as it reads, as it is written, and without what was taken."""

    read: str
    written: str
    text: str


class _Named:
    """What the corpus knows of the texts of a card, looked up for all of them at once."""

    def __init__(self, mentions: Mentions, rests: Sequence[_Rest], public: Sequence[str]) -> None:
        texts = [one.text for one in rests]
        self._people = CorpusNames(mentions, texts, public)
        self._others = CaselessNames(mentions, texts)
        whole = dict.fromkeys(text for one in rests for text in (one.read, one.written, _with_blanks(one.read)))
        self._documents = DocumentNames(mentions, list(whole), self._people)

    def in_(self, rest: _Rest) -> Iterator[Named]:
        for text in dict.fromkeys((rest.read, rest.written)):
            yield from self._documents.files_in(text)
        for named in self._documents.files_in(_with_blanks(rest.read)):
            yield dataclasses.replace(named, text=_as_joined(named.text, rest.read))
        yield from self._documents.titles_in(rest.text)
        yield from self._people.people_in(rest.text)
        yield from self._others.people_in(rest.text)


def _with_blanks(text: str) -> str:
    """Words that are joined by underscores, or three and more by hyphens, each in a line as with blanks between them:
    so names of files are written where blanks cannot stand.
    """
    return "\n".join(dict.fromkeys(re.sub(r"[_-]", " ", found[0]) for found in _JOINED.finditer(text)))


def _as_joined(words: str, text: str) -> str:
    """The words as they stand joined in a text."""
    found = re.search(r"[_-]".join(map(re.escape, words.split())), text)
    return words if found is None else found[0]


def _public(told: Sequence[tuple[said.Said, Plain]]) -> list[str]:
    """Texts whose words name nobody who is private: who provides the model, what it runs on."""
    return [read.text for one, read in told if one.field in said.ABOUT]
