"""OpenDocument files for tests: elements put together by hand and saved as a package, as an office program would."""

from __future__ import annotations

import io
import types
import zipfile
from typing import Any

from lxml import etree

_URI = "urn:oasis:names:tc:opendocument:xmlns:"
NAMESPACES = {
    **{name: f"{_URI}{name}:1.0" for name in ("office", "text", "table", "style", "presentation", "manifest", "meta")},
    "draw": f"{_URI}drawing:1.0",
    "dc": "http://purl.org/dc/elements/1.1/",
}
PRESENTATIONNS = NAMESPACES["presentation"]
# Attributes that are not of their element's own namespace, or are written with hyphens.
_ATTRIBUTES = {
    "valuetype": "office:value-type",
    "value": "office:value",
    "numbercolumnsrepeated": "table:number-columns-repeated",
    "numberrowsrepeated": "table:number-rows-repeated",
    "outlinelevel": "text:outline-level",
    "noteclass": "text:note-class",
    "masterpagename": "draw:master-page-name",
    "pagelayoutname": "style:page-layout-name",
    "family": "style:family",
    "display": "table:display",
    "visibility": "presentation:visibility",
}


class Element:
    """An element with its attributes; `text` is its first words."""

    def __init__(self, tag: str, text: str = "", **attributes: Any) -> None:
        self.prefix = tag.partition(":")[0]
        self.node = etree.Element(_qualified(tag), nsmap=NAMESPACES)
        self.name = attributes.get("name")
        if text:
            self.node.text = text
        for name, value in attributes.items():
            whole = _ATTRIBUTES.get(name, f"{self.prefix}:{'style-name' if name == 'stylename' else name}")
            self.node.set(_qualified(whole), str(value.name if isinstance(value, Element) else value))

    def addElement(self, child: Element) -> None:  # noqa: N802 - as the library that tests were written with
        """Put an element at the end."""
        self.node.append(child.node)

    def addText(self, words: str) -> None:  # noqa: N802
        """Put words at the end."""
        if len(self.node):
            self.node[-1].tail = (self.node[-1].tail or "") + words
        else:
            self.node.text = (self.node.text or "") + words

    def setAttrNS(self, namespace: str, name: str, value: str) -> None:  # noqa: N802
        """Set an attribute of any namespace."""
        self.node.set(f"{{{namespace}}}{name}", value)


class Document:
    """A document of one kind: "text", "spreadsheet" or "presentation", which is also the name of its body."""

    def __init__(self, kind: str) -> None:
        self._kind, self._body = kind, Element(f"office:{kind}")
        setattr(self, kind, self._body)
        self.automaticstyles = Element("office:automatic-styles")
        self.masterstyles = Element("office:master-styles")

    def save(self, file: io.BytesIO) -> None:
        """Write the package."""
        content, body = Element("office:document-content"), Element("office:body")
        body.addElement(self._body)
        styles = Element("office:document-styles")
        for part in (styles, content):
            part.node.append(etree.fromstring(etree.tostring(self.automaticstyles.node)))
        styles.addElement(self.masterstyles)
        content.addElement(body)
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
            package.writestr("mimetype", f"application/vnd.oasis.opendocument.{self._kind}")
            package.writestr("META-INF/manifest.xml", self._manifest())
            for name, part in (("content.xml", content), ("styles.xml", styles)):
                package.writestr(name, etree.tostring(part.node, xml_declaration=True, encoding="UTF-8"))

    def _manifest(self) -> bytes:
        parts = {"/": f"application/vnd.oasis.opendocument.{self._kind}"}
        parts |= dict.fromkeys(("content.xml", "styles.xml"), "text/xml")
        manifest = etree.Element(_qualified("manifest:manifest"), nsmap={"manifest": NAMESPACES["manifest"]})
        for path, media in parts.items():
            entry = etree.SubElement(manifest, _qualified("manifest:file-entry"))
            entry.set(_qualified("manifest:full-path"), path)
            entry.set(_qualified("manifest:media-type"), media)
        return etree.tostring(manifest, xml_declaration=True, encoding="UTF-8")


def _qualified(name: str) -> str:
    prefix, _, local = name.partition(":")
    return f"{{{NAMESPACES[prefix]}}}{local}"


def _elements(prefix: str, **tags: str) -> types.SimpleNamespace:
    def maker(tag: str) -> Any:
        return lambda text="", **attributes: Element(f"{prefix}:{tag}", text, **attributes)

    return types.SimpleNamespace(**{name: maker(tag) for name, tag in tags.items()})


text = _elements(
    "text", P="p", H="h", S="s", List="list", ListItem="list-item", Note="note", NoteBody="note-body",
    NoteCitation="note-citation",
)  # fmt: skip
table = _elements(
    "table", Table="table", TableRow="table-row", TableCell="table-cell", TableHeaderRows="table-header-rows"
)
style = _elements(
    "style", Style="style", PageLayout="page-layout", MasterPage="master-page", Header="header",
    TableProperties="table-properties", DrawingPageProperties="drawing-page-properties",
)  # fmt: skip
draw = _elements("draw", Page="page", Frame="frame", TextBox="text-box", CustomShape="custom-shape")
office = _elements("office", Annotation="annotation")
dc = _elements("dc", Creator="creator")
presentation = _elements("presentation", Notes="notes")
opendocument = types.SimpleNamespace(
    OpenDocumentText=lambda: Document("text"),
    OpenDocumentSpreadsheet=lambda: Document("spreadsheet"),
    OpenDocumentPresentation=lambda: Document("presentation"),
)
