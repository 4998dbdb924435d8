"""What each format becomes: the text a reader sees, its headings, pages and lines."""

from __future__ import annotations

import io
import os
from pathlib import Path

import docx
import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.corpus import Document, Passage
from tests.corpus.conftest import Room, pdf_bytes


def read(room: Room, file: Path, content: bytes) -> tuple[Document, str, list[Passage]]:
    """Index one file with this content; its row, stored text and passages."""
    file.write_bytes(content)
    report = room.index(file)
    assert report.failed == ()
    row = room.rows()[file.name]
    room.whole()
    return row, room.corpus.shelf.stored_text(row.id), room.corpus.shelf.passages(row.id)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("Plain\r\nlines\n", "Plain\r\nlines\n"),
        ("\ufeffWith a mark", "With a mark"),
        ("Grüße, 東京, \U0001f600", "Grüße, 東京, \U0001f600"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le"])
def test_text_keeps_its_own_characters(room: Room, folder: Path, content: str, text: str, encoding: str) -> None:
    mark = b"" if encoding == "utf-8" else "\ufeff".encode(encoding)
    assert read(room, folder / "a.txt", mark + content.removeprefix("\ufeff").encode(encoding))[1] == text


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("Größe 5 €".encode("cp1252"), "Größe 5 €"),
        ("A café, naïve".encode("latin-1"), "A café, naïve"),
        ("plain UTF-16 without a mark".encode("utf-16-le"), "plain UTF-16 without a mark"),
        ("plain UTF-16 without a mark".encode("utf-16-be"), "plain UTF-16 without a mark"),
        ("plain UTF-32, 東京".encode("utf-32-le"), "plain UTF-32, 東京"),
        ("plain UTF-32, 東京".encode("utf-32-be"), "plain UTF-32, 東京"),
        (("日本語" * 30).encode() + b"\xff broken", "日本語" * 30 + "\ufffd broken"),
        (b"\x1b[31mred\x1b[0m terminal log\n" * 5, "\x1b[31mred\x1b[0m terminal log\n" * 5),
        (b"form\x0cfeed", "form\x0cfeed"),
    ],
)
def test_other_encodings(room: Room, folder: Path, content: bytes, text: str) -> None:
    assert read(room, folder / "a.log", content)[1] == text


def test_lines_are_counted(room: Room, folder: Path) -> None:
    content = "\r\n".join(f"Line {number} has some words in it." for number in range(1, 101))
    passages = read(room, folder / "a.txt", content.encode())[2]
    assert len(passages) > 2
    for passage in passages:
        lines = passage.text.split("\r\n")
        assert lines[0].startswith(f"Line {passage.first_line} ")
        assert lines[-1].startswith(f"Line {passage.last_line} ")


def test_markdown(room: Room, folder: Path) -> None:
    content = """---
title: Not a heading
---
# Top *heading* #

Intro.

```
# not a heading
```

Second
------

    # indented code

Body [link](http://example.org).

~~~python
# nor this
~~~
### Third `code`

Text.
"""
    _, text, passages = read(room, folder / "a.md", content.encode())
    assert text == content
    assert [passage.heading for passage in passages] == [
        (),
        ("Top heading",),
        ("Top heading", "Second"),
        ("Top heading", "Second", "Third code"),
    ]
    assert passages[2].text.startswith("Second\n------")


def test_html(room: Room, folder: Path) -> None:
    content = """<!DOCTYPE html><html><head><title>Hidden</title><style>p {}</style>
<script>var x = "script";</script></head><body>
<h1>Top   <b>heading</b></h1><p>First&nbsp;paragraph,
over two lines.<br>After the break.</p>
<div hidden>hidden text</div><p style="color: red; display: none">hidden too</p><!-- comment -->
<h2>Second</h2><ul><li>one</li><li>two <i>things</i></li></ul>
<table><tr><th>Name</th><th>Price</th></tr><tr><td><p>Saw</p></td><td>12 €</td></tr></table>
<pre>  kept
    as is</pre><noscript>nothing</noscript></body></html>"""
    _, text, passages = read(room, folder / "a.html", content.encode())
    assert text == (
        "Top heading\n\nFirst\u00a0paragraph, over two lines.\nAfter the break.\n\nSecond\n\n- one\n- two things\n\n"
        "Name | Price\nSaw | 12 €\n\n  kept\n    as is"
    )
    assert [passage.heading for passage in passages] == [("Top heading",), ("Top heading", "Second")]


def test_html_with_a_declared_encoding(room: Room, folder: Path) -> None:
    content = '<?xml version="1.0" encoding="windows-1251"?><html><meta charset="windows-1251"><p>Привет</p></html>'
    assert read(room, folder / "a.htm", content.encode("cp1251"))[1] == "Привет"


def test_html_with_a_broken_declaration(room: Room, folder: Path) -> None:
    content = '<?xml version="1.0" encoding="utf-8" ><html><p>Still read.</p></html>'
    assert read(room, folder / "a.html", content.encode())[1] == "Still read."


def test_html_nested_a_thousand_deep(room: Room, folder: Path) -> None:
    content = b"<p>before</p>" + b"<div>" * 1_000 + b"deep" + b"</div>" * 1_000 + b"<p>after</p>"
    assert read(room, folder / "a.html", content)[1] == "before\n\ndeep\n\nafter"


def test_docx(room: Room, folder: Path) -> None:
    document = docx.Document()
    document.add_heading("The title", 0)
    document.add_heading("First part", 1)
    document.add_paragraph("A paragraph.").add_run(" And a run.")
    document.add_paragraph("one", style="List Bullet")
    document.add_heading("Inner part", 2)
    table = document.add_table(rows=2, cols=2)
    for cell, text in zip([*table.rows[0].cells, *table.rows[1].cells], ["Name", "Price", "Saw", "12"], strict=True):
        cell.text = text
    document.add_heading("Second part", 1)
    document.add_paragraph("The end.")
    out = io.BytesIO()
    document.save(out)
    row, text, passages = read(room, folder / "a.docx", out.getvalue())
    assert row.format == "docx"
    assert text == (
        "The title\n\nFirst part\n\nA paragraph. And a run.\n\n- one\n\nInner part\n\nName | Price\nSaw | 12\n\n"
        "Second part\n\nThe end."
    )
    assert [passage.heading for passage in passages] == [
        ("First part",),
        ("First part", "Inner part"),
        ("Second part",),
    ]


PAGES = [
    ["Page one begins here and has a word that is hyphen-", "ated at the end of its line.", "Third line."],
    ["The saw lies on the bench."],
    [],
    ["Last page: the kettle is blue."],
]


def test_pdf_pages(room: Room, folder: Path) -> None:
    row, text, passages = read(room, folder / "a.pdf", pdf_bytes(PAGES))
    assert row.format == "pdf"
    assert [passage.page for passage in passages] == [1, 2, 4]
    assert "\r" not in text
    assert "\ufffe" not in text
    assert "hyphenated at the end" in text


def test_a_passage_is_marked_on_its_page(room: Room, folder: Path) -> None:
    row, text, passages = read(room, folder / "a.pdf", pdf_bytes(PAGES))
    image = room.corpus.shelf.page(row.id, 1, 595, passages[0].start, passages[0].end)
    assert (image.width, image.height, image.pages) == (595, 842, 4)
    assert image.png.startswith(b"\x89PNG")
    assert len(image.rectangles) == 3  # one a line
    for number, (x, y, width, height) in enumerate(image.rectangles):
        assert x == pytest.approx(72, abs=2)
        assert 40 < width < 400
        assert 5 < height < 20
        assert y + height == pytest.approx(842 - 760 + 16 * number, abs=4)
    part = text.index("ated at")  # across the hyphen that was dropped
    image = room.corpus.shelf.page(row.id, 1, 595, part - 6, part + 7)
    assert len(image.rectangles) == 2
    assert room.corpus.shelf.page(row.id, 2, 1190, passages[1].start, passages[1].end).width == 1190
    assert room.corpus.shelf.page(row.id, 3, 300, 0, 10).rectangles == ()


def test_pixels_under_the_rectangles(room: Room, folder: Path) -> None:
    """The rectangles hold the drawn text: the page is white outside them."""
    import PIL.Image
    import PIL.ImageDraw

    row, _, passages = read(room, folder / "a.pdf", pdf_bytes([["The saw lies on the bench."]]))
    image = room.corpus.shelf.page(row.id, 1, 1000, passages[0].start, passages[0].end)
    picture = PIL.Image.open(io.BytesIO(image.png)).convert("L")
    assert picture.size == (image.width, image.height)
    assert picture.getextrema()[0] < 100
    draw = PIL.ImageDraw.Draw(picture)
    for x, y, width, height in image.rectangles:
        draw.rectangle((x - 2, y - 2, x + width + 2, y + height + 2), fill="white")
    assert picture.getextrema() == (255, 255)


def test_letters_beyond_the_basic_plane_are_marked(room: Room, folder: Path) -> None:
    """pdfium counts in UTF-16 units, the stored text in code points."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    font = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
    if not font.is_file():
        pytest.skip("DejaVu Sans is not installed")
    from reportlab.pdfgen import canvas

    pdfmetrics.registerFont(TTFont("DejaVu", str(font)))
    out = io.BytesIO()
    drawing = canvas.Canvas(out, pageCompression=0)
    drawing.setFont("DejaVu", 12)
    drawing.drawString(72, 700, "\U0001d538\U0001d539\U0001d53b end")
    drawing.save()
    content = out.getvalue()
    for code in (0x1D538, 0x1D539, 0x1D53B):  # reportlab writes five digits where two UTF-16 units belong
        units = chr(code).encode("utf-16-be").hex().upper()
        content = content.replace(b"<%X>" % code, b"<%s>" % units.encode())
    for code in range(4, 13):  # keep the length: offsets follow
        content = content.replace(b"<%02X> <0000>" % code, b"<%02X><0000>" % code)
    row, text, _ = read(room, folder / "a.pdf", content)
    assert text.startswith("\U0001d538\U0001d539\U0001d53b end")
    whole = room.corpus.shelf.page(row.id, 1, 595, 0, 7).rectangles[0]
    end = room.corpus.shelf.page(row.id, 1, 595, 4, 7).rectangles[0]
    assert end[0] > whole[0] + 20
    assert end[0] + end[2] == pytest.approx(whole[0] + whole[2], abs=1)


def test_pages_that_cannot_be_drawn(room: Room, folder: Path) -> None:
    row, _, _ = read(room, folder / "a.pdf", pdf_bytes([["one"]]))
    with pytest.raises(ForgeError, match="there is no page 2"):
        room.corpus.shelf.page(row.id, 2, 500, 0, 1)
    (folder / "a.pdf").write_bytes(pdf_bytes([["another one"]]))
    with pytest.raises(ForgeError, match="has changed since it was indexed") as caught:
        room.corpus.shelf.page(row.id, 1, 500, 0, 1)
    assert caught.value.hint == "The stored text can still be read."
    os.unlink(folder / "a.pdf")
    with pytest.raises(ForgeError, match="no longer there"):
        room.corpus.shelf.page(row.id, 1, 500, 0, 1)
    text = read(room, folder / "b.txt", b"text")[0]
    with pytest.raises(ForgeError, match="no pages"):
        room.corpus.shelf.page(text.id, 1, 500, 0, 1)


def test_a_rotated_page_is_marked_where_it_is_drawn(room: Room, folder: Path) -> None:
    from reportlab.pdfgen import canvas

    out = io.BytesIO()
    drawing = canvas.Canvas(out, pagesize=(600, 400))
    drawing.setPageRotation(90)  # stored as 400 by 600 and turned
    drawing.drawString(50, 500, "turned")
    drawing.save()
    row, _, _ = read(room, folder / "a.pdf", out.getvalue())
    image = room.corpus.shelf.page(row.id, 1, 600, 0, 6)
    assert (image.width, image.height) == (600, 400)
    x, y, width, height = image.rectangles[0]
    assert x == pytest.approx(500, abs=12)
    assert y == pytest.approx(50, abs=3)
    assert height > width
