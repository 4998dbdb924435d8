"""Office files: a ZIP of XML parts, read member by member under caps; never unpacked to disk."""

from __future__ import annotations

import io
import posixpath
import urllib.parse
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from forge_desktop.corpus.parsers import Unreadable

_MEMBERS = 10_000
_MEMBER_BYTES = 100_000_000
_STREAM_BYTES = 2_000_000_000
_RATIO = 200
_RATIO_FROM = 1_000_000  # small parts may be as repetitive as they like
_STEP = 1 << 18
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SAFE: dict[str, Any] = {"resolve_entities": False, "no_network": True, "load_dtd": False, "remove_comments": True}


class Relation(NamedTuple):
    """What one part says about another: the last word of the relation's type, and the other part's name."""

    kind: str
    target: str


class OfficeFile:
    """The parts of one office file. Raises Unreadable for anything that is not a sound, modest archive."""

    def __init__(self, data: bytes, kind: str) -> None:
        self.kind = kind
        self._total = 0
        if data.startswith(OLE):
            if "EncryptedPackage".encode("utf-16-le") in data:
                raise Unreadable(f"The {kind} file is protected by a password.")
            raise Unreadable(f"The file is of an older format, not {kind}: save it anew in a current program.")
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, ValueError, OverflowError, NotImplementedError) as error:
            raise Unreadable(f"The {kind} file is damaged: it cannot be opened.") from error
        if len(self._archive.namelist()) > _MEMBERS:
            raise Unreadable(f"The {kind} file holds more than {_MEMBERS:,} parts, so it is not read.")

    def has(self, name: str) -> bool:
        """Whether there is a part of this name."""
        return name in self._archive.NameToInfo

    def read(self, name: str) -> bytes:
        """One part's bytes."""
        return b"".join(self.steps(name))

    def steps(self, name: str, limit: int = _MEMBER_BYTES) -> Iterator[bytes]:
        """One part's bytes in pieces, counted while they are unpacked: declared sizes are not believed."""
        info = self._archive.NameToInfo.get(name)
        if info is None:
            raise Unreadable(f"The {self.kind} file is damaged: its part {name} is missing.")
        if info.flag_bits & 1:
            raise Unreadable(f"The {self.kind} file is protected by a password.")
        size = 0
        try:
            with self._archive.open(info) as part:
                while step := part.read(_STEP):
                    size += len(step)
                    self._count(len(step), size, info.compress_size, limit)
                    yield step
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError) as error:
            raise Unreadable(f"The {self.kind} file is damaged: its part {name} cannot be unpacked.") from error

    def xml(self, name: str, *, lenient: bool = False) -> Any:
        """One part as an lxml element. A document type declaration, which no office program writes, is refused.

        `lenient` passes over that and over faults, where a standard asks for the one and programs make the other.
        """
        import lxml.etree

        parser = lxml.etree.XMLParser(remove_pis=True, recover=lenient, **_SAFE)
        try:
            root = lxml.etree.fromstring(self.read(name), parser)
        except lxml.etree.XMLSyntaxError as error:
            raise self._unsound(name, error) from error
        if root is None:
            raise Unreadable(f"The {self.kind} file is damaged: its part {name} is not sound XML.")
        if not lenient:
            self._check_type(root)
        return root

    def elements(self, name: str, *tags: str) -> Iterator[Any]:
        """The elements with these tags ("{*}row") as they end, each dropped after its turn: for parts of any size."""
        import lxml.etree

        parser = lxml.etree.XMLPullParser(events=("end",), tag=tags, remove_pis=True, **_SAFE)
        first = True
        try:
            for step in self.steps(name, _STREAM_BYTES):
                parser.feed(step)
                for _, element in parser.read_events():
                    if first:
                        self._check_type(element)
                        first = False
                    yield element
                    _drop(element)
            self._check_type(parser.close())
        except lxml.etree.XMLSyntaxError as error:
            raise self._unsound(name, error) from error

    def relations(self, part: str) -> dict[str, Relation]:
        """The parts that `part` names, by their ids within it, in its order; links to the outside are left out."""
        folder, _, name = part.rpartition("/")
        relations = f"{folder}/_rels/{name}.rels".lstrip("/")
        if not self.has(relations):
            return {}
        found = {}
        for element in self.xml(relations):
            target = urllib.parse.unquote(element.get("Target") or "")
            if target and element.get("TargetMode") != "External":
                path = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
                found[element.get("Id") or ""] = Relation((element.get("Type") or "").rpartition("/")[2], path)
        return found

    def main_part(self, usual: str) -> str:
        """The part that holds the document. Raises Unreadable when there is none."""
        for relation in self.relations("").values():
            if relation.kind == "officeDocument" and self.has(relation.target):
                return relation.target
        if self.has(usual):
            return usual
        raise Unreadable(f"The {self.kind} file is damaged: it holds no document.")

    def _check_type(self, element: Any) -> None:
        if element.getroottree().docinfo.internalDTD is not None:
            raise Unreadable(f"The {self.kind} file declares a document type, so it is not read.")

    def _unsound(self, name: str, error: Any) -> Exception:
        import lxml.etree

        if getattr(error, "code", None) == lxml.etree.ErrorTypes.ERR_NO_MEMORY:
            return MemoryError()
        return Unreadable(f"The {self.kind} file is damaged: its part {name} is not sound XML.")

    def _count(self, step: int, size: int, packed: int, limit: int) -> None:
        self._total += step
        if size > limit or self._total > _STREAM_BYTES:
            raise Unreadable(f"The {self.kind} file unpacks to more than {limit // 10**6:,} MB, so it is not read.")
        if size > _RATIO_FROM and size > _RATIO * max(packed, 1):
            raise Unreadable(f"The {self.kind} file unpacks to more than {_RATIO} times its size, so it is not read.")


def local(element: Any) -> str:
    """An element's name without its namespace: strict and transitional files differ in it."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def value(element: Any, name: str = "val") -> str | None:
    """An attribute by its local name."""
    return next((text for key, text in element.attrib.items() if key.rpartition("}")[2] == name), None)


def inner(element: Any, *path: str) -> Any | None:
    """The first child of this local name, and its first of the next, and so on; None when one is missing."""
    for name in path:
        element = next((child for child in element if local(child) == name), None)
        if element is None:
            return None
    return element


def descendants(element: Any, name: str) -> Iterator[Any]:
    """All elements of this local name below `element`, in document order."""
    yield from element.iter(f"{{*}}{name}")


def one_line(text: str) -> str:
    """The text with every run of white space, line ends too, as one space."""
    return " ".join(text.split())


def _drop(element: Any) -> None:
    """Free an element and what lay before it beside it."""
    element.clear()
    parent = element.getparent()
    while parent is not None and (before := element.getprevious()) is not None:
        parent.remove(before)
