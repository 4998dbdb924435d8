"""Office files and books that cannot or must not be read: each yields one clear sentence, and nothing else suffers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest

from tests.corpus.conftest import Room
from tests.corpus.generators import STORY
from tests.corpus.office_files import OLE, PROTECTED, changed, parts_of, workbook, zipped
from tests.corpus.office_generators import GENERATORS
from tests.corpus.test_books import HEAD

KINDS = {
    "docx": "Word",
    "pptx": "PowerPoint",
    "xlsx": "Excel",
    "odt": "OpenDocument text",
    "ods": "OpenDocument spreadsheet",
    "odp": "OpenDocument presentation",
    "epub": "EPUB",
}
MAIN = {
    "docx": "word/document.xml",
    "pptx": "ppt/slides/slide1.xml",
    "xlsx": "xl/worksheets/sheet1.xml",
    "odt": "content.xml",
    "ods": "content.xml",
    "odp": "content.xml",
}


def sound(kind: str) -> bytes:
    return GENERATORS[kind][1](STORY).data


def refused(room: Room, folder: Path, files: Mapping[str, bytes]) -> dict[str, str]:
    """Index these beside a good file; why each failed."""
    (folder / "good.txt").write_text("The kettle is blue.")
    for name, content in files.items():
        (folder / name).write_bytes(content)
    report = room.index(folder)
    assert report.documents == 1
    assert room.corpus.search("kettle")[0].passage.path == str(folder / "good.txt")
    room.whole()
    return {Path(path).name: why for path, why in report.failed}


def every(formats: Iterable[str], make: Callable[[str], bytes]) -> dict[str, bytes]:
    """One file of each kind."""
    return {f"a.{kind}": make(kind) for kind in formats}


def said(formats: Iterable[str], sentence: str) -> dict[str, str]:
    """What is to be said of one file of each kind."""
    return {f"a.{kind}": f"The {KINDS[kind]} file {sentence}" for kind in formats}


def test_cut_off(room: Room, folder: Path) -> None:
    files = every(KINDS, lambda kind: sound(kind)[:800])
    assert refused(room, folder, files) == said(KINDS, "is damaged: it cannot be opened.")


@pytest.mark.parametrize("share", [0.5, 0])
def test_a_part_is_cut_off(room: Room, folder: Path, share: float) -> None:
    def make(kind: str) -> bytes:
        parts = parts_of(sound(kind))
        part = parts[MAIN[kind]]
        return zipped({**parts, MAIN[kind]: part[: int(len(part) * share)]})

    expected = {
        f"a.{kind}": f"The {KINDS[kind]} file is damaged: its part {name} is not sound XML."
        for kind, name in MAIN.items()
    }
    assert refused(room, folder, every(MAIN, make)) == expected


def test_protected_by_a_password(room: Room, folder: Path) -> None:
    entry = '<manifest:file-entry manifest:full-path="x"><manifest:encryption-data/></manifest:file-entry>'
    end = "</manifest:manifest>"

    def make(kind: str) -> bytes:
        if kind in ("docx", "pptx", "xlsx"):
            return PROTECTED
        if kind == "epub":
            content = bytearray(zipped({"META-INF/container.xml": "x"}))
            for place in (6, content.index(b"PK\x01\x02") + 8):
                content[place] |= 1  # the archive's own encryption
            return bytes(content)
        return changed(sound(kind), "META-INF/manifest.xml", (end, entry + end))

    assert refused(room, folder, every(KINDS, make)) == said(KINDS, "is protected by a password.")


def test_a_document_type(room: Room, folder: Path) -> None:
    def make(kind: str) -> bytes:
        parts = parts_of(sound(kind))
        declaration, mark, content = parts[MAIN[kind]].rpartition(b"?>")
        laughs = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
        return zipped({**parts, MAIN[kind]: declaration + mark + laughs + content})

    assert refused(room, folder, every(MAIN, make)) == said(MAIN, "declares a document type, so it is not read.")


def test_archives_that_unpack_without_end(room: Room, folder: Path) -> None:
    def make(kind: str) -> bytes:
        parts = parts_of(sound(kind))
        name = MAIN.get(kind, "OEBPS/c0.xhtml")
        return zipped({**parts, name: parts[name] + b" " * 30_000_000})

    expected = said(KINDS, "unpacks to more than 200 times its size, so it is not read.")
    assert refused(room, folder, every(KINDS, make)) == expected


def test_too_many_parts(room: Room, folder: Path) -> None:
    content = zipped({f"part{number}": "" for number in range(10_001)})
    expected = said(KINDS, "holds more than 10,000 parts, so it is not read.")
    assert refused(room, folder, every(KINDS, lambda kind: content)) == expected


def test_one_text_in_ten_thousand_cells(room: Room, folder: Path) -> None:
    """Within every cap for archives, and four gigabytes of text."""
    cells = "".join(f'<row><c t="s"><v>0</v></c><c><v>{n * 7919 % 99991}</v></c></row>' for n in range(10_000))
    content = workbook(f"<sheetData>{cells}</sheetData>", shared=f"<si><t>{'kettle ' * 50_000}</t></si>")
    why = "It holds more than 200 million characters of text, so it is not read."
    assert refused(room, folder, {"a.xlsx": content}) == {"a.xlsx": why}


LOCKED = (
    '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><e:EncryptedData '
    'xmlns:e="http://www.w3.org/2001/04/xmlenc#"><e:EncryptionMethod '
    'Algorithm="http://www.w3.org/2001/04/xmlenc#aes128-cbc"/><e:CipherData>'
    '<e:CipherReference URI="OEBPS/c0.xhtml"/></e:CipherData></e:EncryptedData></encryption>'
)


def encrypted_workbook() -> bytes:
    """Only as far as the record that says so, which takes another's place."""
    content = bytearray(sound("xls"))
    content[content.index(b"\x09\x08\x10\x00") + 20] = 0x2F
    return bytes(content)


OTHERS = {
    "a.doc": (
        OLE + bytes(1200),
        "It is in the format of Word 97 to 2003, which is not read: save it as .docx and add that file.",
    ),
    "a.ppt": (
        OLE + bytes(1200),
        "It is in the format of PowerPoint 97 to 2003, which is not read: save it as .pptx and add that file.",
    ),
    "a.xlsb": (
        zipped({"xl/workbook.bin": b""}),
        "It is a binary workbook (.xlsb), which is not read: save it as .xlsx and add that file.",
    ),
    "a.xls": (sound("xls")[:3000], "The Excel file is damaged: it cannot be read to its end."),
    "c.xls": (encrypted_workbook(), "The Excel file is protected by a password."),
    "b.xls": (b"no workbook", "The Excel file is damaged: it cannot be opened."),
    "a.pptx": (
        OLE + bytes(1200),
        "The file is of an older format, not PowerPoint: save it anew in a current program.",
    ),
    "a.xlsx": (zipped({"a": "b"}), "The Excel file is damaged: it holds no document."),
    "a.odt": (zipped({"a": "b"}), "The OpenDocument text file is damaged: it holds no document."),
    "a.epub": (zipped({"a": "b"}), "The EPUB file is damaged: it holds no book."),
    "b.epub": (
        zipped({**parts_of(sound("epub")), "META-INF/encryption.xml": LOCKED}),
        "The book is protected against copying (DRM), so it cannot be read. Ask its seller for a copy without"
        " protection.",
    ),
    "a.rtf": (b"no RTF", "The RTF file is damaged: it does not begin as one."),
    "b.rtf": ((HEAD + "}").encode(), "The file holds no text."),
}


def test_what_else_is_not_read(room: Room, folder: Path) -> None:
    files = {name: content for name, (content, _) in OTHERS.items()}
    assert refused(room, folder, files) == {name: why for name, (_, why) in OTHERS.items()}
