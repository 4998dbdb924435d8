"""PDF from HTML: its text, charts as lines, numbered pages; nothing from outside, nothing overwritten unasked."""

from __future__ import annotations

import base64
import threading
from pathlib import Path

import pypdfium2 as pdfium
import pytest
from PySide6.QtCore import QLocale
from PySide6.QtWidgets import QApplication

from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.ui.print import paper_here, print_html

CHART = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="300" height="80" viewBox="0 0 300 80">'
    b'<rect x="0" y="0" width="290" height="60" fill="#0E8A5F"/>'
    b'<text x="4" y="76" font-size="12">Grounded 0.91</text></svg>'
)


def picture(svg: bytes, kind: str = "image/svg+xml", extra: str = "") -> str:
    return f'<img src="data:{kind};base64,{base64.b64encode(svg).decode()}" {extra}>'


def page(body: str) -> str:
    return f"<!doctype html><html><head><style>body{{color:#eee}}</style></head><body>{body}</body></html>"


def test_a_pdf_has_the_text_the_chart_and_numbered_pages(qapp: QApplication, tmp_path: Path) -> None:
    rows = "".join(
        f"<tr><td>task {n}</td><td>asked of all, one after the other</td><td>0.{n:03}</td></tr>" for n in range(200)
    )
    words = f"<h1>forge-v12</h1><p>A card of <b>402</b> pairs, für alle.</p>{picture(CHART)}"
    html = page(f"{words}<table width='100%'>{rows}</table>")
    file = tmp_path / "card.pdf"
    made = print_html(html, file, title="forge-v12", paper="A4")
    document = pdfium.PdfDocument(file)
    assert len(document) == made
    assert made > 2
    texts = [document[n].get_textpage().get_text_range() for n in range(made)]
    for words in ("forge-v12", "A card of 402 pairs, für alle.", "task 0 asked of all, one after the other 0.000"):
        assert words in texts[0]
    assert "Grounded 0.91" in texts[0], "the chart's words are words"
    assert "one after the other 0.199".replace(" ", "") in "".join("".join(texts).split())
    for n, text in enumerate(texts):  # the reader takes a page of narrow columns for one written downwards
        assert f"{n + 1}of{made}" in "".join(text.split())
    assert document[0].get_size() == pytest.approx((595, 842), abs=1)
    assert document.get_metadata_dict()["Title"] == "forge-v12"


def test_a_chart_is_drawn_with_lines(qapp: QApplication, tmp_path: Path) -> None:
    file = tmp_path / "card.pdf"
    print_html(page(picture(CHART, extra='width="600"')), file)
    first = pdfium.PdfDocument(file)[0]
    kinds = {found.type for found in first.get_objects()}
    assert pdfium.raw.FPDF_PAGEOBJ_IMAGE not in kinds
    assert pdfium.raw.FPDF_PAGEOBJ_PATH in kinds
    pixels = first.render(scale=1).to_numpy()
    assert ((abs(pixels.astype(int) - (0x5F, 0x8A, 0x0E)) < 12).all(axis=2)).sum() > 20_000, "the bar is there, wide"


@pytest.mark.parametrize(
    "body",
    [
        '<img src="{file}"><link rel="stylesheet" href="{file}">',
        '<img src="file://{file}">',
        '<img src="http://192.0.2.1/x.png">',
        '<body background="{file}"><p style="background-image:url({file})">words</p>',
    ],
)
def test_nothing_outside_the_text_is_read(qapp: QApplication, tmp_path: Path, body: str) -> None:
    secret = tmp_path / "secret.svg"
    secret.write_bytes(CHART)
    file = tmp_path / "card.pdf"
    print_html(page(f"<p>Before</p>{body.format(file=secret)}<p>After</p>"), file)
    text = pdfium.PdfDocument(file)[0].get_textpage().get_text_range()
    assert "Before" in text
    assert "Grounded" not in text


@pytest.mark.parametrize(
    "inside",
    ['<image href="{file}" width="9" height="9"/>', '<use xlink:href="{file}#a"/>', '<rect fill="url({file}#a)"/>'],
)
def test_a_chart_that_points_outside_is_left_out(qapp: QApplication, tmp_path: Path, inside: str) -> None:
    secret = tmp_path / "secret.svg"
    secret.write_bytes(CHART)
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="90" height="90">{inside.format(file=secret)}'
    chart = picture((svg + '<text y="20">drawn</text></svg>').encode())
    file = tmp_path / "card.pdf"
    print_html(page(f"<p>Before</p>{chart}"), file)
    assert "drawn" not in pdfium.PdfDocument(file)[0].get_textpage().get_text_range()


def test_a_file_that_is_there_is_kept_unless_it_is_to_be_replaced(qapp: QApplication, tmp_path: Path) -> None:
    file = tmp_path / "card.pdf"
    file.write_bytes(b"mine")
    with pytest.raises(ForgeError, match="is there already"):
        print_html(page("x"), file)
    assert file.read_bytes() == b"mine"
    print_html(page("x"), file, replace=True)
    assert file.read_bytes().startswith(b"%PDF")
    with pytest.raises(ForgeError, match="could not be written"):
        print_html(page("x"), tmp_path / "nowhere" / "card.pdf")


def test_it_is_printed_from_any_thread_and_can_be_given_up(qapp: QApplication, tmp_path: Path) -> None:
    def refuse() -> None:
        raise Cancelled

    said: list[BaseException] = []

    def work() -> None:
        print_html(page("<p>words</p>"), tmp_path / "one.pdf")
        try:
            print_html(page("<p>words</p>" * 4000), tmp_path / "two.pdf", check=refuse)
        except Cancelled as error:
            said.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(60)
    assert (tmp_path / "one.pdf").exists()
    assert said
    assert [found.name for found in tmp_path.iterdir()] == ["one.pdf"], "and nothing half made stays"


def test_paper_is_the_one_in_use_there(qapp: QApplication, tmp_path: Path) -> None:
    assert paper_here(QLocale("en_US")) == "Letter"
    assert paper_here(QLocale("de_DE")) == "A4"
    assert paper_here(QLocale("en_GB")) == "A4"
    file = tmp_path / "card.pdf"
    print_html(page("x"), file, paper="Letter")
    assert pdfium.PdfDocument(file)[0].get_size() == pytest.approx((612, 792), abs=1)


def read(file: Path) -> list[str]:
    document = pdfium.PdfDocument(file)
    return ["".join(document[n].get_textpage().get_text_range().split()) for n in range(len(document))]


def test_no_row_is_parted_and_no_heading_stands_alone(qapp: QApplication, tmp_path: Path) -> None:
    row = "<tr><th>row{0}</th><td>a{0}<br>b{0}<br>c{0}<br>d{0}y</td></tr>"
    table = "<table width='100%'><thead><tr><th>Name</th><th>What</th></tr></thead>{0}</table>"
    tables = "".join(
        f"<h2>Part{n}</h2><h3>Below{n}</h3><p>Says{n}</p>{picture(CHART)}<p>Table{n}:</p>"
        + table.format("".join(row.format(f"{n}q{line}") for line in range(3 + n)))
        for n in range(9)
    )
    file = tmp_path / "card.pdf"
    print_html(page(tables), file, paper="A4")
    texts = read(file)
    whole = "".join(texts)
    for n in range(9):
        assert any(f"Part{n}Below{n}Says{n}" in text for text in texts), n
        assert any(f"Table{n}" in text and f"row{n}q0" in text for text in texts), n
        for line in range(3 + n):
            said = [f"{part}{n}q{line}" for part in "abcd"]
            assert any(all(one in text for one in [f"row{n}q{line}", *said]) for text in texts), (n, line)
            assert whole.count(f"d{n}q{line}y") == 1, "and nothing is lost or said twice"
    assert all(len(text) > 12 for text in texts), "no page is empty"


def test_no_row_runs_on_as_an_empty_box(qapp: QApplication, tmp_path: Path) -> None:
    row = "<tr><th>row{0}</th><td>a<br>b<br>c<br>d<br>e<br>f</td></tr>"
    table = "<table width='100%'><thead><tr><th>Name</th><th>What</th></tr></thead>{0}</table>"
    file = tmp_path / "card.pdf"
    print_html(page(table.format("".join(row.format(n) for n in range(14)))), file, paper="A4")
    document = pdfium.PdfDocument(file)
    assert len(document) > 1
    for number in range(len(document)):
        words = document[number].get_textpage()
        high = document[number].get_size()[1]
        bottoms = [high - words.get_charbox(at)[1] for at in range(words.count_chars())]
        last = max(bottom for bottom in bottoms if bottom < high - 60)
        lines = (document[number].render(scale=1).to_numpy()[: int(high) - 50].min(axis=(1, 2)) < 250).nonzero()[0]
        assert lines.max() < last + 20


def test_no_word_of_a_table_is_broken(qapp: QApplication, tmp_path: Path) -> None:
    heads = ("sha256", "rows", "train rows", "validation rows", "documents", "classification")
    cells = ("9f2c" * 16, "4,020", "362", "40", "23", "internal")
    made = "".join(f"<th>{head}</th>" for head in heads), "".join(f"<td>{cell}</td>" for cell in cells)
    file = tmp_path / "card.pdf"
    print_html(page(f"<table width='100%'><thead><tr>{made[0]}</tr></thead><tr>{made[1]}</tr></table>"), file)
    text = pdfium.PdfDocument(file)[0].get_textpage().get_text_range()
    for word in (*" ".join(heads).split(), *cells[1:]):
        assert word in text


def test_what_is_read_from_the_right_stands_there(qapp: QApplication, tmp_path: Path) -> None:
    file = tmp_path / "card.pdf"
    print_html(page('<p>left</p><p dir="auto">هذا نموذج</p>'), file, paper="A4", title="a\u202eb")
    found = pdfium.PdfDocument(file)[0].get_textpage()
    text = found.get_text_range()
    at = next(n for n, sign in enumerate(text) if "\u0600" < sign < "\uffff" and sign.isalpha())
    assert found.get_charbox(at)[0] > 400
    assert found.get_charbox(text.index("left"))[0] < 100
    assert "\u202e" not in text


def test_what_is_copied_out_is_what_was_written(qapp: QApplication, tmp_path: Path) -> None:
    """Inter has other glyphs for a colon between digits, an x between numbers and arrows: copied out they are odd."""
    words = (
        "at 12:30:05",
        "a 3x4 grid",
        "1920 x 1080",
        "a -> b <- c => d <=> e",
        "f --> g",
        "on 2026-11-26 (A) [B] @C a-B",
    )
    body = "<h2>of 10:15</h2><p style='font-family:Inter'>{0[0]}</p><p><b>{0[1]}</b></p><table><tr><th>{0[2]}</th></tr>"
    body += "<tr><td><code>{0[3]}</code></td></tr></table><p style='font-size:14pt'>{0[4]}</p><ul><li>{0[5]}</li></ul>"
    chart = CHART.replace(b"Grounded 0.91", b"p50 3x4 at 12:30")
    escaped = [one.replace("<", "&lt;").replace(">", "&gt;") for one in words]
    file = tmp_path / "card.pdf"
    print_html(page(body.format(escaped) + picture(chart)), file, title="begun at 20:45, 2x3")
    (text,) = read(file)
    for said in ("of 10:15", *words, "p50 3x4 at 12:30", "begun at 20:45, 2x3"):
        assert "".join(said.split()) in text
