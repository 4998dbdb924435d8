"""EPUB: the chapters in reading order, each read as the web page it is, headed as the table of contents has it."""

from __future__ import annotations

import posixpath
import urllib.parse
from typing import Any

from forge_desktop.corpus.parsers import Parsed, Unreadable
from forge_desktop.corpus.parsers.composing import Composer
from forge_desktop.corpus.parsers.html import parse as parse_html
from forge_desktop.corpus.parsers.office import OfficeFile, descendants, inner, one_line

_PAGES = ("application/xhtml+xml", "text/html", "application/x-dtbook+xml")
_CONTENTS = "application/x-dtbncx+xml"
_ENCRYPTION = "META-INF/encryption.xml"
_OBFUSCATED = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")  # fonts only
_PROTECTED = (
    "The book is protected against copying (DRM), so it cannot be read. Ask its seller for a copy without protection."
)


def parse(data: bytes) -> Parsed:
    """The book's text and headings. Raises Unreadable for a protected, a damaged or an oversized book."""
    package = OfficeFile(data, "EPUB")
    encrypted = _encrypted(package)
    part = _package_part(package)
    items, spine = _manifest(package.xml(part, lenient=True), posixpath.dirname(part))
    chapters = [items[name] for name in spine if name in items and items[name][1] in _PAGES]
    if encrypted & {path for path, _, _ in chapters} or part in encrypted:
        raise Unreadable(_PROTECTED)
    titles = _titles(package, list(items.values()))
    lines = Composer()
    for path, _, properties in chapters:
        if package.has(path) and "nav" not in properties.split():
            chapter = _chapter(package.read(path))
            _add_chapter(chapter, titles.get(path, ""), lines)
    return lines.parsed()


def _add_chapter(chapter: Parsed, title: str, lines: Composer) -> None:
    """A chapter that does not begin with a heading gets the one that the table of contents has for it."""
    headed = bool(chapter.headings) and not chapter.text[: chapter.headings[0][0]].strip()
    if headed or not title:
        lines.include(chapter.text, chapter.headings, chapter.whole)
        return
    if one_line(chapter.text.partition("\n")[0]).casefold() == title.casefold():
        lines.head(title)
    elif chapter.text.strip():
        lines.add(title, level=1)
    lines.include(chapter.text, ((offset, level + 1, name) for offset, level, name in chapter.headings), chapter.whole)


def _chapter(data: bytes) -> Parsed:
    """One chapter; a cover that is only a picture has no text."""
    try:
        return parse_html(data) if data else Parsed("")
    except Unreadable as refusal:
        if "no text" in str(refusal):
            return Parsed("")
        raise


def _encrypted(package: OfficeFile) -> set[str]:
    """The parts that only a licence opens."""
    if not package.has(_ENCRYPTION):
        return set()
    found = set()
    for entry in descendants(package.xml(_ENCRYPTION), "EncryptedData"):
        method = inner(entry, "EncryptionMethod")
        if method is None or method.get("Algorithm") not in _OBFUSCATED:
            found |= {_path("", reference.get("URI") or "") for reference in descendants(entry, "CipherReference")}
    return found


def _package_part(package: OfficeFile) -> str:
    container = "META-INF/container.xml"
    if package.has(container):
        for root in descendants(package.xml(container), "rootfile"):
            path = _path("", root.get("full-path") or "")
            if package.has(path):
                return path
    raise Unreadable("The EPUB file is damaged: it holds no book.")


def _manifest(root: Any, folder: str) -> tuple[dict[str, tuple[str, str, str]], list[str]]:
    """The parts by their ids (path, type, properties), and the ids in reading order, each once."""
    items: dict[str, tuple[str, str, str]] = {}
    for item in descendants(root, "item"):
        path = _path(folder, item.get("href") or "")
        items.setdefault(item.get("id") or "", (path, item.get("media-type") or "", item.get("properties") or ""))
    spine = (reference.get("idref") or "" for reference in descendants(root, "itemref"))
    return items, list(dict.fromkeys(spine))


def _titles(package: OfficeFile, items: list[tuple[str, str, str]]) -> dict[str, str]:
    """What the table of contents calls each chapter: the first entry that points to it."""
    titles: dict[str, str] = {}
    for path, kind, properties in items:
        if not package.has(path):
            continue
        folder = posixpath.dirname(path)
        if "nav" in properties.split():
            entries = _navigation(package.read(path))
        elif kind == _CONTENTS:
            entries = _old_navigation(package.xml(path, lenient=True))
        else:
            continue
        for target, title in entries:
            if title:
                titles.setdefault(_path(folder, target), title)
    return titles


def _navigation(data: bytes) -> list[tuple[str, str]]:
    import lxml.etree
    import lxml.html

    try:
        root = lxml.html.document_fromstring(data, parser=lxml.html.HTMLParser(no_network=True))
    except lxml.etree.LxmlError:
        return []  # a damaged table of contents costs the titles only
    return [
        (link.get("href") or "", one_line(" ".join(str(text) for text in link.itertext()))) for link in root.iter("a")
    ]


def _old_navigation(root: Any) -> list[tuple[str, str]]:
    found = []
    for point in descendants(root, "navPoint"):
        label, content = inner(point, "navLabel", "text"), inner(point, "content")
        if label is not None and content is not None:
            found.append((content.get("src") or "", one_line(label.text or "")))
    return found


def _path(folder: str, reference: str) -> str:
    """The part that a reference from `folder` means."""
    path = urllib.parse.unquote(reference.partition("#")[0])
    return posixpath.normpath(posixpath.join("/", folder, path)).lstrip("/")
