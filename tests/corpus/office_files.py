"""Office files and books for tests: made by other people's libraries, or by hand where those cannot."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Any

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
PROTECTED = OLE + bytes(600) + "EncryptedPackage".encode("utf-16-le") + bytes(600)


def saved(document: Any) -> bytes:
    """What the library writes for `document`."""
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def zipped(parts: Mapping[str, str | bytes]) -> bytes:
    """An archive of these parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def parts_of(source: bytes) -> dict[str, bytes]:
    """The parts of an archive."""
    with zipfile.ZipFile(io.BytesIO(source)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def changed(source: bytes, part: str, *replacements: tuple[str, str]) -> bytes:
    """An archive with texts in one part replaced; each must be there."""
    parts = parts_of(source)
    text = parts[part].decode()
    for old, new in replacements:
        assert old in text, f"{old!r} is not in {part}: {text[:3000]}"
        text = text.replace(old, new)
    return zipped({**parts, part: text})


def relations(*entries: tuple[str, str, str]) -> str:
    """A part of relations: (id, last word of the type, target)."""
    kinds = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
    inner = "".join(f'<Relationship Id="{i}" Type="{kinds}{kind}" Target="{target}"/>' for i, kind, target in entries)
    return (
        f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{inner}</Relationships>'
    )


def workbook(sheet: str, *, shared: str = "", styles: str = "", books: str = "") -> bytes:
    """A workbook of one sheet "S", written by hand: `sheet` stands inside <worksheet>."""
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    id_space = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
    sheets = '<sheets><sheet name="S" r:id="r1"/></sheets>'
    return zipped(
        {
            "_rels/.rels": relations(("r1", "officeDocument", "xl/workbook.xml")),
            "xl/workbook.xml": f"<workbook {space} {id_space}>{books}{sheets}</workbook>",
            "xl/_rels/workbook.xml.rels": relations(
                ("r1", "worksheet", "worksheets/sheet1.xml"),
                ("r2", "sharedStrings", "sharedStrings.xml"),
                ("r3", "styles", "styles.xml"),
            ),
            "xl/worksheets/sheet1.xml": f"<worksheet {space}>{sheet}</worksheet>",
            "xl/sharedStrings.xml": f"<sst {space}>{shared}</sst>",
            "xl/styles.xml": f"<styleSheet {space}>{styles}</styleSheet>",
        }
    )


CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
)


def book(chapters: Mapping[str, str], spine: list[str], parts: Mapping[str, str]) -> bytes:
    """An EPUB: `chapters` by file name, of which those in `spine` are read in that order; `parts` come on top."""
    items = "".join(
        f'<item id="i{number}" href="{name}" media-type="application/xhtml+xml"'
        f"{' properties=' + repr('nav') if name == 'nav.xhtml' else ''}/>"
        for number, name in enumerate(chapters)
    )
    numbers = {name: number for number, name in enumerate(chapters)}
    order = "".join(f'<itemref idref="i{numbers[name]}"/>' for name in spine)
    contents = '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>'
    return zipped(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": CONTAINER,
            "OEBPS/book.opf": (
                f'<package xmlns="http://www.idpf.org/2007/opf"><manifest>{items}{contents}</manifest>'
                f"<spine>{order}</spine></package>"
            ),
            **{f"OEBPS/{name}": content for name, content in chapters.items()},
            **parts,
        }
    )
