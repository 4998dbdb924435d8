"""XML: the text of its elements; data is labelled with the elements' names, titles are headings, records kept whole."""

from __future__ import annotations

import re
from typing import Any

from forge_desktop.corpus.parsers import Parsed, Unreadable
from forge_desktop.corpus.parsers.composing import Composer
from forge_desktop.corpus.parsers.decoding import decode

_UNSEEN = frozenset(["binary", "script", "style"])
_TITLES = frozenset(["title", "head", "heading", "headline", "h1", "h2", "h3", "h4", "h5", "h6"])
_PROSE = frozenset(
    ["p", "para", "simpara", "li", "v", "text", "content", "description", "summary", "body", "seg", "line"]
)
_AS_IS = frozenset(["pre", "programlisting", "screen", "literallayout"])
_DECLARATION = re.compile(r"\A\s*<\?xml[^>]*\?>")


def parse(data: bytes) -> Parsed:
    """The document's text. Raises Unreadable for unsound XML and for one that declares entities."""
    found = _Document()
    found.walk(_root(data))
    return found.text.parsed()


def _root(data: bytes) -> Any:
    import lxml.etree

    if b"<!ENTITY" in data.replace(b"\0", b""):
        raise Unreadable("The file declares entities, so it is not read.")
    if b"<" not in data[:4096]:
        raise Unreadable("The file is not XML.")
    try:
        return _tree(data)
    except lxml.etree.XMLSyntaxError as error:
        try:  # in another encoding than it says
            return _tree(_DECLARATION.sub("", decode(data)).encode("utf-8", "replace"))
        except lxml.etree.XMLSyntaxError:
            raise Unreadable(f"The file is not sound XML (line {error.lineno}).") from error


def _tree(source: bytes) -> Any:
    import lxml.etree

    parser = lxml.etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        root = lxml.etree.fromstring(source, parser)
    except lxml.etree.XMLSyntaxError as error:
        if getattr(error, "code", None) == lxml.etree.ErrorTypes.ERR_NO_MEMORY:
            raise MemoryError from error
        raise
    declared: Any = root.getroottree().docinfo.internalDTD
    if declared is not None and next(declared.iterentities(), None) is not None:  # in an encoding we did not look at
        raise Unreadable("The file declares entities, so it is not read.")
    return root


class _Document:
    """Turns a tree into blocks."""

    def __init__(self) -> None:
        self.text = Composer()
        self._named = -1  # where the last heading begins

    def walk(self, root: Any) -> None:
        """Take every element in order, without recursion."""
        waiting: list[tuple[Any, int, int]] = [(root, 1, 0)]  # element, depth, where its parent begins
        while waiting:
            element, depth, parent = waiting.pop()
            if _name(element) in _UNSEEN:
                continue
            if len(element) == 0 or _is_mixed(element):
                self._block(element, depth, parent)
                continue
            start = self.text.length
            self.text.add(_attributes(element))
            if _is_record(element):
                for child in element:
                    self._block(child, depth + 1, start, close=self.text.length > start)
                self.text.keep(start)
            else:
                waiting.extend((child, depth + 1, start) for child in reversed(element))

    def _block(self, element: Any, depth: int, parent: int, *, close: bool = False) -> None:
        name = _name(element)
        if name in _AS_IS:
            self.text.add("".join(element.itertext()).strip("\r\n"), whole=True)
            return
        words = " ".join("".join(element.itertext()).split())
        if name in _TITLES:
            start = parent if parent > self._named else self.text.length  # what stands above the title is under it too
            self.text.add(words, close=close)
            if words:
                self.text.name(start, depth, words)
                self._named = start
        elif len(element) or name in _PROSE:
            self.text.add(words, close=close)
        else:
            label = _attributes(element) or name
            self.text.add(f"{label}: {words}" if words else _attributes(element), close=close)


def _name(element: Any) -> str:
    """The tag without its name space; empty for an entity that was left as it is."""
    tag = element.tag
    return tag.rpartition("}")[2].lower() if isinstance(tag, str) else ""


def _attributes(element: Any) -> str:
    """The element's name and attributes in one line; nothing when it has none."""
    values = [
        f"{key.rpartition('}')[2]} {' '.join(value.split())}" for key, value in element.attrib.items() if value.strip()
    ]
    return f"{_name(element)} ({', '.join(values)})" if values else ""


def _is_mixed(element: Any) -> bool:
    """Whether text stands between its elements: then they are parts of sentences."""
    return bool((element.text or "").strip()) or any((child.tail or "").strip() for child in element)


def _is_record(element: Any) -> bool:
    """Whether all its elements are single values."""
    return all(len(child) == 0 and _name(child) not in _UNSEEN for child in element)
