"""What books (EPUB) and RTF files become."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.corpus.conftest import Room
from tests.corpus.office_files import book
from tests.corpus.test_formats import read

PAGE = '<?xml version="1.0"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml"><body>%s</body></html>'
NCX = """<?xml version="1.0"?><!DOCTYPE ncx PUBLIC "-//NISO//DTD ncx 2005-1//EN" "http://www.daisy.org/z3986/2005/ncx-2005-1.dtd">
<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap><navPoint><navLabel><text>The Saw</text></navLabel>
<content src="two.xhtml#start"/></navPoint></navMap></ncx>"""
OBFUSCATED = """<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container" xmlns:e="http://www.w3.org/2001/04/xmlenc#">
<e:EncryptedData><e:EncryptionMethod Algorithm="http://www.idpf.org/2008/embedding"/>
<e:CipherData><e:CipherReference URI="OEBPS/font.otf"/></e:CipherData></e:EncryptedData></encryption>"""


def test_a_book(room: Room, folder: Path) -> None:
    chapters = {
        "cover.xhtml": PAGE % '<img src="cover.jpg" alt=""/>',
        "nav.xhtml": PAGE % '<nav><ol><li><a href="three.xhtml">The  Bench</a></li></ol></nav>',
        "two.xhtml": PAGE % "<p>The saw is sharp&mdash;very.</p><h2>Its teeth</h2><ul><li>many</li></ul>",
        "one.xhtml": PAGE % "<h1>The Kettle</h1><p>It is blue.</p><table><tr><td>a</td><td>b</td></tr></table>",
        "three.xhtml": PAGE % "<p>It is long.</p>",
        "never.xhtml": PAGE % "<p>not in the book</p>",
    }
    spine = ["cover.xhtml", "nav.xhtml", "one.xhtml", "two.xhtml", "three.xhtml", "one.xhtml"]
    parts = {"OEBPS/toc.ncx": NCX, "META-INF/encryption.xml": OBFUSCATED}
    row, text, passages = read(room, folder / "a.epub", book(chapters, spine, parts))
    assert row.format == "epub"
    assert text == (
        "The Kettle\n\nIt is blue.\n\na | b\n\n"
        "The Saw\n\nThe saw is sharp—very.\n\nIts teeth\n\n- many\n\nThe Bench\n\nIt is long."
    )
    assert [passage.heading for passage in passages] == [
        ("The Kettle",),
        ("The Saw",),
        ("The Saw", "Its teeth"),
        ("The Bench",),
    ]


HEAD = (
    r"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fswiss\fcharset0 Helvetica;}{\f1\fcharset204 Arial Cyr;}"
    r"{\f2\fcharset128 MS Gothic;}}{\colortbl;\red0\green0\blue0;}"
    r"{\stylesheet{Normal;}{\s1\b heading 1;}{\s2\outlinelevel1 Abschnitt;}{\*\cs9 Strong;}}"
    r"{\info{\title Not text}{\author Nobody}}"
)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (r"Plain {\b bold} text.\par Second\line line.\par}", "Plain bold text.\n\nSecond\nline."),
        (r"caf\'e9 \ldblquote yes\rdblquote\~\emdash\_ \\\{\}\par}", "café “yes”\u00a0—- \\{}"),
        (r"\f1 \'cf\'f0\'e8\'e2\'e5\'f2 {\f0 \'e9}\plain \'e9\par}", "Привет éé"),
        (r"\f2 \'93\'fa\'96\'7b\'8c\'ea\par}", "日本語"),
        (r"\u8364?5 \uc2\u26085 xx\uc0\u26412\uc1 \u-10179 ?\u-8704 ?!\par}", "€5 日本\U0001f600!"),
        (r"seen {\v hidden} {\deleted gone}seen\par}", "seen  seen"),
        (r"{\*\unknown{\deep skipped}}kept{\pict\pngblip 89504e47}\par}", "kept"),
        (r"before{\pict\bin5 }}}}}}after\par}", "beforeafter"),
        (r"{\field{\*\fldinst HYPERLINK x}{\fldrslt link}} end\par}", "link end"),
        (r"{\shp{\*\shpinst{\sp{\sn x}{\sv y}}{\shptxt In a box.\par}}{\shprslt In a box.}}\par}", "In a box."),
        (r"cut off {\b in the mid", "cut off in the mid"),
    ],
)
def test_rtf(room: Room, folder: Path, source: str, text: str) -> None:
    assert read(room, folder / "a.rtf", (HEAD + source).encode("ascii"))[1] == text


def test_what_rtf_keeps_together(room: Room, folder: Path) -> None:
    source = HEAD + (
        r"{\header Project Kettle\par}{\footer {\field{\*\fldinst PAGE}{\fldrslt 7}}\par}"
        r"\pard\s1 First part\par\pard Kettles are blue{\footnote\pard\plain  Mostly.\par}.\par"
        r"\pard{\listtext\'b7\tab}one\par{\listtext\'b7\tab}two\par"
        r"\pard\s2 Inner part\par\trowd\pard\intbl Name\cell Price\par per piece\cell\row"
        r"\pard\intbl Saw\cell 12\cell\row\pard The end."
        r"{\*\atnid x}{\*\atnauthor Ada}{\*\annotation\pard Since when?\par}\par}"
    )
    row, text, passages = read(room, folder / "a.rtf", source.encode("ascii"))
    assert row.format == "rtf"
    assert text == (
        "Project Kettle\n\nFirst part\n\nKettles are blue.\n\nNote: Mostly.\n\n- one\n- two\n\nInner part\n\n"
        "Name | Price per piece\nSaw | 12\n\nThe end.\n\nComment by Ada: Since when?"
    )
    assert [passage.heading for passage in passages] == [(), ("First part",), ("First part", "Inner part")]


def test_rtf_nested_without_end(room: Room, folder: Path) -> None:
    source = HEAD.encode() + b"before " + b"{\\b" * 100_000 + b" deep" + b"}" * 100_000 + b" after\\par}"
    assert read(room, folder / "a.rtf", source)[1] == "before deep after"


@pytest.mark.parametrize("content", [(HEAD + r"The kettle.\par}").encode(), b"<html><p>The kettle.</p></html>"])
def test_other_formats_called_doc(room: Room, folder: Path, content: bytes) -> None:
    assert read(room, folder / "a.doc", content)[1] == "The kettle."
