"""What may stand in a bundle's rows: every value's type and range is checked before anything uses it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import IO, Any

from forge_desktop.archive import bundle_format as form
from forge_desktop.corpus import Portable, PortableCollection
from forge_desktop.corpus.records_portable import Place

_MOST = 1 << 40
_NAME = 4096  # characters of a document's name
_PARTS = 64
_HEADINGS = 64
_TITLE = 2000
_SHA256 = re.compile(r"[0-9a-f]{64}")
_KIND = re.compile(r"[a-z0-9_]{1,32}")
_CONTROLS = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


class Wrong(Exception):  # noqa: N818 - half a sentence about a bundle, for whoever reads it
    """The bundle is not sound; the message goes after "… cannot be imported: "."""


def manifest_of(value: object) -> Mapping[str, Any]:
    """The checked manifest."""
    if not isinstance(value, dict) or value.get("format") != form.FORMAT:
        raise Wrong("it is no collection's bundle")
    version = _number(value, "format_version", 1)
    if version > form.FORMAT_VERSION:
        raise Wrong("it was written by a newer Forge Desktop; update this one")
    for name in ("documents", "passages"):
        _number(value, name)
    members = value.get("members")
    if not isinstance(members, list):
        raise Wrong("its manifest lists no files")
    for entry in members:
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            raise Wrong("its manifest lists no files")
        _number(entry, "bytes")
        _hash(entry, "sha256")
    return value


def collection_of(value: object) -> PortableCollection:
    """The collection; whether its name and policy are possible is the corpus's to say."""
    if not isinstance(value, dict) or not isinstance(value.get("name"), str):
        raise Wrong("its collection has no name")
    policy = value.get("policy")
    if not isinstance(policy, dict):
        raise Wrong("its collection has no policy")
    return PortableCollection(value["name"], policy)


def document_of(
    row: Mapping[str, Any],
    text_row: Mapping[str, Any],
    places: Sequence[Place],
    number: int,
    copy_file: Callable[[IO[bytes]], None] | None,
) -> Portable:
    """A checked document with its text and passages."""
    text = text_row.get("text")
    if row.get("document") != number or text_row.get("document") != number or not isinstance(text, str):
        raise Wrong(f"document {number:,} has no text")
    if hashlib.sha256(text.encode()).hexdigest() != _hash(row, "text_sha256") or len(text) != row.get("characters"):
        raise Wrong(f"the text of document {number:,} is damaged")
    _check_places(places, len(text), number)
    kind = row.get("format")
    if not isinstance(kind, str) or not _KIND.fullmatch(kind):
        raise Wrong(f"document {number:,} has no format")
    return Portable(
        name=_name(row, number),
        format=kind,
        size=_number(row, "size"),
        mtime_ns=_number(row, "changed_ns", -(1 << 62), 1 << 62),
        sha256=_hash(row, "sha256"),
        text=text,
        pages=_pages(row.get("pages"), len(text), number),
        places=tuple(places),
        copy_file=copy_file,
    )


def place_of(row: Mapping[str, Any], document: int) -> Place:
    """A checked passage."""
    if row.get("document") != document:
        raise Wrong(f"document {document:,} has not the passages it tells")
    heading = row.get("heading")
    if not isinstance(heading, list) or len(heading) > _HEADINGS:
        raise Wrong(f"a passage of document {document:,} has no headings")
    if any(not isinstance(title, str) or len(title) > _TITLE for title in heading):
        raise Wrong(f"a passage of document {document:,} has a wrong heading")
    page = None if row.get("page") is None else _number(row, "page", 1)
    first, last = _number(row, "first_line", 1), _number(row, "last_line", 1)
    return _number(row, "start"), _number(row, "end"), page, tuple(heading), first, last


def _check_places(places: Sequence[Place], length: int, number: int) -> None:
    inside = all(start < end <= length for start, end, *_ in places)
    if not places or not inside or any(before[0] >= after[0] for before, after in pairwise(places)):
        raise Wrong(f"the passages of document {number:,} lie outside its text or out of order")


def _pages(value: object, length: int, number: int) -> tuple[int, ...]:
    if not isinstance(value, list) or any(type(page) is not int or not 0 <= page <= length for page in value):
        raise Wrong(f"the pages of document {number:,} lie outside its text")
    if any(before > after for before, after in pairwise(value)):
        raise Wrong(f"the pages of document {number:,} are out of order")
    return tuple(value)


def _name(row: Mapping[str, Any], number: int) -> str:
    name = row.get("name")
    if not isinstance(name, str) or not 0 < len(name) <= _NAME or _CONTROLS.search(name):
        raise Wrong(f"document {number:,} has no possible name")
    parts = name.split("/")
    if len(parts) > _PARTS or any(part in ("", ".", "..") for part in parts):
        raise Wrong(f"the name {name[:80]!r} would lead out of the collection")
    return name


def _number(row: Mapping[str, Any], name: str, least: int = 0, most: int = _MOST) -> int:
    value = row.get(name)
    if type(value) is not int or not least <= value <= most:  # a bool is no number
        raise Wrong(f"{name} is {str(value)[:40]}")
    return value


def _hash(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not _SHA256.fullmatch(value):
        raise Wrong(f"{name} is no hash")
    return value
