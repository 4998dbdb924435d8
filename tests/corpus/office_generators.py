"""The story of the generators as office files and books; GENERATORS are those of all formats."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator
from typing import Any

import docx
import openpyxl
import pptx
import xlwt
from pptx.util import Inches

from tests.corpus import generators
from tests.corpus.generators import Made, Section, Story, bodies, paths
from tests.corpus.odf import PRESENTATIONNS, draw, opendocument, style, table, text
from tests.corpus.office_files import book, saved


def word(story: Story) -> Made:
    document = docx.Document()
    for section in story:
        document.add_heading(section.title, section.level)
        for paragraph in (*section.paragraphs, *section.code):
            document.add_paragraph(paragraph)
        for item in section.items:
            document.add_paragraph(item, style="List Bullet")
        if section.rows:
            grid = document.add_table(rows=len(section.rows), cols=len(section.rows[0]))
            for line, row in zip(grid.rows, section.rows, strict=True):
                for cell, words in zip(line.cells, row, strict=True):
                    cell.text = words
    return Made(saved(document), headings=paths(story), whole=blocks(story))


def blocks(story: Story) -> tuple[str, ...]:
    """List items and table rows as they are to be stored."""
    items = [f"- {item}" for section in story for item in section.items]
    return (*items, *(" | ".join(row) for section in story for row in section.rows))


def slides(story: Story) -> Made:
    show = pptx.Presentation()
    for section in story:
        slide = show.slides.add_slide(show.slide_layouts[5])
        slide.shapes.title.text = section.title
        frame = slide.shapes.add_textbox(0, 0, Inches(1), Inches(1)).text_frame
        frame.text = "\n".join((*section.paragraphs, *section.items, *section.code))
        if section.rows:
            place = (0, 0, Inches(1), Inches(1))
            grid = slide.shapes.add_table(len(section.rows), len(section.rows[0]), *place).table
            for number, row in enumerate(section.rows):
                for column, words in enumerate(row):
                    grid.cell(number, column).text = words
    return _slides(saved(show), story)


def _slides(data: bytes, story: Story) -> Made:
    pieces = {piece: number for number, section in enumerate(story, 1) for piece in bodies(section)}
    headings = {piece: (section.title,) for section in story for piece in bodies(section)}
    rows = tuple(" | ".join(row) for section in story for row in section.rows)
    return Made(data, headings=headings, pages=pieces, whole=rows)


def _sheets(story: Story) -> Iterator[tuple[str, list[list[str]]]]:
    """A sheet a section, its rows below the columns' names."""
    for number, section in enumerate(story, 1):
        width = len(section.rows[0]) if section.rows else 2
        yield f"Sheet {number}", [[f"Column{letter}" for letter in "ABCD"[:width]], *map(list, section.rows)]


def _sheets_made(data: bytes, story: Story, *, named: bool) -> Made:
    headings, rows = {}, {}
    for name, (columns, *records) in _sheets(story):
        for number, cells in enumerate(records, 2):
            labels = [f"{column}: " if named else "" for column in columns]
            line = " | ".join(label + cell for label, cell in zip(labels, cells, strict=True))
            headings[line], rows[line] = (name,), number
    return Made(data, headings=headings, rows=rows, whole=tuple(rows))


def workbook(story: Story) -> Made:
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name, rows in _sheets(story):
        sheet = made.create_sheet(name)
        sheet.freeze_panes = "A2"
        for row in rows:
            sheet.append(row)
    return _sheets_made(saved(made), story, named=True)


def old_workbook(story: Story) -> Made:
    made = xlwt.Workbook(encoding="utf-8")
    for name, rows in _sheets(story):
        sheet = made.add_sheet(name)
        for number, row in enumerate(rows):
            for column, words in enumerate(row):
                sheet.write(number, column, words)
    return _sheets_made(saved(made), story, named=False)


def opendocument_workbook(story: Story) -> Made:
    document = opendocument.OpenDocumentSpreadsheet()
    for name, (columns, *records) in _sheets(story):
        document.spreadsheet.addElement(sheet := table.Table(name=name))
        sheet.addElement(header := table.TableHeaderRows())
        _add_rows(header, [columns])
        _add_rows(sheet, records)
    return _sheets_made(saved(document), story, named=True)


def _add_rows(parent: Any, rows: list[list[str]]) -> None:
    for row in rows:
        parent.addElement(line := table.TableRow())
        for words in row:
            line.addElement(cell := table.TableCell())
            cell.addElement(text.P(text=words))


def opendocument_text(story: Story) -> Made:
    document = opendocument.OpenDocumentText()
    for section in story:
        document.text.addElement(text.H(outlinelevel=section.level, text=section.title))
        for paragraph in (*section.paragraphs, *section.code):
            document.text.addElement(text.P(text=paragraph))
        document.text.addElement(items := text.List())
        for words in section.items:
            items.addElement(item := text.ListItem())
            item.addElement(text.P(text=words))
        document.text.addElement(grid := table.Table())
        _add_rows(grid, [list(row) for row in section.rows])
    return Made(saved(document), headings=paths(story), whole=blocks(story))


def opendocument_slides(story: Story) -> Made:
    document = opendocument.OpenDocumentPresentation()
    document.automaticstyles.addElement(layout := style.PageLayout(name="layout"))
    document.masterstyles.addElement(master := style.MasterPage(name="Standard", pagelayoutname=layout))
    for section in story:
        document.presentation.addElement(page := draw.Page(masterpagename=master))
        page.addElement(title := draw.Frame())
        title.setAttrNS(PRESENTATIONNS, "class", "title")
        title.addElement(box := draw.TextBox())
        box.addElement(text.P(text=section.title))
        page.addElement(frame := draw.Frame())
        frame.addElement(box := draw.TextBox())
        for paragraph in (*section.paragraphs, *section.items, *section.code):
            box.addElement(text.P(text=paragraph))
        page.addElement(frame := draw.Frame())
        frame.addElement(grid := table.Table())
        _add_rows(grid, [list(row) for row in section.rows])
    return _slides(saved(document), story)


def chapters(story: Story) -> Made:
    def chapter(section: Section) -> str:
        parts = [f"<h{section.level}>{html.escape(section.title)}</h{section.level}>"]
        parts += [f"<p>{html.escape(paragraph)}</p>" for paragraph in (*section.paragraphs, *section.code)]
        parts.append("<ul>" + "".join(f"<li>{html.escape(item)}</li>" for item in section.items) + "</ul>")
        rows = ["".join(f"<td>{html.escape(cell)}</td>" for cell in row) for row in section.rows]
        parts.append("<table>" + "".join(f"<tr>{row}</tr>" for row in rows) + "</table>")
        return f'<?xml version="1.0" encoding="utf-8"?><html><body>{"".join(parts)}</body></html>'

    files = {f"c{number}.xhtml": chapter(section) for number, section in enumerate(story)}
    return Made(book(files, list(files), {}), headings=paths(story), whole=blocks(story))


def rich(story: Story) -> Made:
    def said(words: str) -> str:
        units = words.encode("utf-16-le")
        codes = [int.from_bytes(units[at : at + 2], "little") for at in range(0, len(units), 2)]
        return "".join(chr(code) if code < 128 else f"\\u{code - 65536 * (code > 32767)}?" for code in codes)

    parts = [r"{\rtf1\ansi{\stylesheet{\s1 heading 1;}{\s2 heading 2;}{\s3 heading 3;}}"]
    for section in story:
        parts.append(rf"\pard\s{section.level} {said(section.title)}\par")
        parts += [rf"\pard {said(paragraph)}\par" for paragraph in (*section.paragraphs, *section.code)]
        parts += [rf"\pard{{\listtext\'b7\tab}}{said(item)}\par" for item in section.items]
        for row in section.rows:
            parts.append(r"\pard\intbl " + "".join(rf"{said(cell)}\cell " for cell in row) + r"\row")
    return Made(("\n".join(parts) + "}").encode("ascii"), headings=paths(story), whole=blocks(story))


GENERATORS: dict[str, tuple[str, Callable[[Story], Made]]] = {
    **generators.GENERATORS,
    "docx": (".docx", word),
    "doc": (".doc", rich),
    "pptx": (".pptx", slides),
    "ppt": (".ppt", slides),
    "xlsx": (".xlsx", workbook),
    "xls": (".xls", old_workbook),
    "odt": (".odt", opendocument_text),
    "ods": (".ods", opendocument_workbook),
    "odp": (".odp", opendocument_slides),
    "epub": (".epub", chapters),
    "rtf": (".rtf", rich),
}
