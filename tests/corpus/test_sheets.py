"""What spreadsheets become: a heading a sheet, a line a row, values as they are shown, row numbers as lines."""

from __future__ import annotations

import datetime
import io
from pathlib import Path
from typing import Any

import openpyxl
import openpyxl.comments
import openpyxl.styles
import openpyxl.worksheet.table
import pytest

from tests.corpus.conftest import Room
from tests.corpus.office_files import parts_of, relations, saved, workbook, zipped
from tests.corpus.test_formats import read


def text_of(room: Room, folder: Path, content: bytes, name: str = "a.xlsx") -> str:
    return read(room, folder / name, content)[1]


def filled(*rows: list[Any]) -> Any:
    """A workbook whose sheet "Orders" holds `rows` from A1."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Orders"
    for row in rows:
        sheet.append(row)
    return book


def test_a_table(room: Room, folder: Path) -> None:
    book = filled(
        ["Name", "Amount", "Share", "Paid", "Date"],
        ["Ada", 1234.5, 0.125, True, datetime.date(2024, 3, 5)],
        ["Bob", -7, 0.5, False, datetime.datetime(2024, 3, 6, 14, 30)],
    )
    sheet = book.active
    for row in ("2", "3"):
        sheet[f"B{row}"].number_format = '#,##0.00 "€"'
        sheet[f"C{row}"].number_format = "0.0%"
    text = text_of(room, folder, saved(book))
    assert text == (
        "Orders\nName | Amount | Share | Paid | Date\n"
        "Name: Ada | Amount: 1234.50 € | Share: 12.5% | Paid: TRUE | Date: 2024-03-05\n"
        "Name: Bob | Amount: -7.00 € | Share: 50.0% | Paid: FALSE | Date: 2024-03-06 14:30"
    )


def test_a_citation_says_the_row(room: Room, folder: Path) -> None:
    book = filled(["Name", "Amount"], *([f"person {number}", number] for number in range(2, 400)))
    book.active.insert_rows(200, 5)
    book.create_sheet("Second").append(["alone", 1])
    _, _, passages = read(room, folder / "a.xlsx", saved(book))
    assert len(passages) > 5
    for passage in passages[:-1]:
        assert passage.heading == ("Orders",)
        lines = [line for line in passage.text.split("\n") if ": person" in line]
        for line, row in ((lines[0], passage.first_line), (lines[-1], passage.last_line)):
            person = int(line.partition("Name: person ")[2].partition(" |")[0])
            assert line == f"Name: person {person} | Amount: {person}"  # whole
            if passage is not passages[0] or line is not lines[0]:
                assert row == (person if person < 200 else person + 5)
    assert (passages[0].first_line, passages[-1].first_line) == (1, 1)
    assert passages[-1].heading == ("Second",)
    assert passages[-1].text == "Second\nalone | 1"


def test_what_names_the_columns(room: Room, folder: Path) -> None:
    plain = filled(["Ada", "London"], ["Bob", "Paris"])
    assert text_of(room, folder, saved(plain)) == "Orders\nAda | London\nBob | Paris"
    bold = filled(["Name", "City"], ["Ada", "London"], ["Bob", "Paris"])
    for cell in bold.active[1]:
        cell.font = openpyxl.styles.Font(bold=True)
    assert text_of(room, folder, saved(bold)).endswith("Name: Ada | City: London\nName: Bob | City: Paris")
    table = filled(["Report"], [], ["Name", "City"], ["Ada", "London"])
    table.active.add_table(openpyxl.worksheet.table.Table(displayName="T", ref="A3:B4"))
    assert text_of(room, folder, saved(table)) == "Orders\nReport\n\nName | City\nName: Ada | City: London"
    frozen = filled(["Name", "City"], ["Ada", "London"])
    frozen.active.freeze_panes = "A2"
    assert text_of(room, folder, saved(frozen)).endswith("Name: Ada | City: London")
    filtered = filled(["Name", "City"], ["Ada", "London"])
    filtered.active.auto_filter.ref = "A1:B2"
    assert text_of(room, folder, saved(filtered)).endswith("Name: Ada | City: London")
    repeated = filled(["Name", "City"], ["Ada", "London"])
    repeated.active.print_title_rows = "1:1"
    assert text_of(room, folder, saved(repeated)).endswith("Name: Ada | City: London")


def test_a_second_table_has_its_own_names(room: Room, folder: Path) -> None:
    book = filled(["Name", "Amount"], ["Ada", 1], [], ["City", "People"], ["Paris", 2], [], ["a", "b"], ["c", "d"])
    assert text_of(room, folder, saved(book)) == (
        "Orders\nName | Amount\nName: Ada | Amount: 1\n\nCity | People\nCity: Paris | People: 2\n\na | b\nc | d"
    )


def test_everything_else_in_a_sheet(room: Room, folder: Path) -> None:
    book = filled(["Name", "Amount"], ["two\nlines", 1])
    sheet = book.active
    sheet["B2"].comment = openpyxl.comments.Comment("Ask again\nin May", "Ada")
    sheet["D3"].comment = openpyxl.comments.Comment("between", "Ada")
    sheet["D9"].comment = openpyxl.comments.Comment("far off", "Ada")
    sheet["A4"] = "merged"
    sheet.merge_cells("A4:B4")
    sheet.row_dimensions[2].hidden = True
    hidden = book.create_sheet("Secret")
    hidden.sheet_state = "hidden"
    hidden["C3"] = "found all the same"
    assert text_of(room, folder, saved(book)) == (
        "Orders\nName | Amount\nName: two lines | Amount: 1 | Comment on B2: Ask again in May\n"
        "Comment on D3: between\nName: merged\n\nComment on D9: far off\n\nSecret (hidden sheet)\n\nfound all the same"
    )


def test_text_boxes_and_charts_in_a_sheet(room: Room, folder: Path) -> None:
    import xlsxwriter

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    sheet = book.add_worksheet("S")
    sheet.write_column("A1", [3, 4])
    sheet.insert_textbox("D1", "Read me first")
    chart = book.add_chart({"type": "column"})
    chart.add_series({"name": "Sales", "values": "=S!$A$1:$A$2"})
    chart.set_title({"name": "By year"})
    sheet.insert_chart("D9", chart)
    book.close()
    assert text_of(room, folder, out.getvalue()) == ("S\n3\n4\n\nRead me first\n\nChart: By year\nSales\n3\n4")


FORMATS = [
    ("General", 0.30000000000000004, "0.3"),
    ("General", 123456789012, "123456789012"),
    ("General", 1e-7, "1e-07"),
    ("0", 12.6, "13"),
    ("00000", 1234, "01234"),
    ("0.##", 1.5, "1.5"),
    ("0.##", 1.0, "1"),
    ("#,##0.00", 1234567.891, "1234567.89"),
    ('"USD" 0.00', 5, "USD 5.00"),
    ("[$£-809]#,##0.00;[Red]-[$£-809]#,##0.00", -5, "-£5.00"),
    ('_-* #,##0.00 "kr"_-;-* #,##0.00 "kr"_-', 5, "5.00 kr"),
    ('0.0,,"M"', 12_300_000, "12.3M"),
    ("0%", 0.07, "7%"),
    ("0.00E+00", 12345.678, "12345.678"),
    ("# ?/?", 0.5, "0.5"),
    ("000-0000", 5551234, "5551234"),
    ("@", 42, "42"),
    ("yyyy-mm-dd", 45356, "2024-03-05"),
    ('[$-407]d". "mmmm yyyy', 45356.75, "2024-03-05"),
    ("mm:ss", 0.5, "12:00"),
    ("h:mm AM/PM", 0.25, "06:00"),
    ("[h]:mm", 1.5, "36:00:00"),
    ("yyyy-mm-dd", 59, "1900-02-28"),
    ("yyyy-mm-dd", 1, "1900-01-01"),
    ("yyyy-mm-dd", -3, "-3"),
    ("yyyy-mm-dd", 9e9, "9000000000"),
    ('"day"', 3, "3"),
]


def test_numbers_as_they_are_shown(room: Room, folder: Path) -> None:
    styles = "".join(
        f'<numFmt numFmtId="{200 + n}" formatCode="{escaped(code)}"/>' for n, (code, _, _) in enumerate(FORMATS)
    )
    cells = "".join(f'<xf numFmtId="{200 + n}"/>' for n in range(len(FORMATS)))
    rows = "".join(f'<row><c s="{n}"><v>{number!r}</v></c></row>' for n, (_, number, _) in enumerate(FORMATS))
    content = workbook(
        f"<sheetData>{rows}</sheetData>", styles=f"<numFmts>{styles}</numFmts><cellXfs>{cells}</cellXfs>"
    )
    assert text_of(room, folder, content).split("\n")[1:] == [shown for _, _, shown in FORMATS]


def escaped(text: str) -> str:
    return text.replace('"', "&quot;")


def test_dates_from_1904(room: Room, folder: Path) -> None:
    content = workbook(
        '<sheetData><row r="3"><c s="0"><v>0</v></c></row></sheetData>',
        styles='<cellXfs><xf numFmtId="14"/></cellXfs>',
        books='<workbookPr date1904="1"/>',
    )
    assert text_of(room, folder, content) == "S\n\n1904-01-01"


def test_kinds_of_cells(room: Room, folder: Path) -> None:
    sheet = (
        '<sheetData><row r="2"><c r="A2" t="s"><v>0</v></c><c r="B2" t="inlineStr"><is><t>inline</t></is></c>'
        '<c r="C2" t="str"><f>A2&amp;"x"</f><v>formula</v></c><c r="D2"><f>1+1</f><v>2</v></c>'
        '<c r="E2" t="e"><v>#REF!</v></c><c r="F2" t="s"><v>99</v></c><c r="G2" s="77"><v>x</v></c><c r="H2"/>'
        '<c t="d"><v>2024-01-01</v></c></row></sheetData>'
    )
    shared = "<si><r><t>rich </t></r><r><t>text</t></r><rPh><t>unseen</t></rPh></si>"
    expected = "S\n\nrich text | inline | formula | 2 | #REF! | x | 2024-01-01"
    assert text_of(room, folder, workbook(sheet, shared=shared)) == expected


def test_a_thread_of_comments_replaces_its_copy(room: Room, folder: Path) -> None:
    book = filled(["x", 1])
    book.active["A1"].comment = openpyxl.comments.Comment("[Threaded comment] for older programs", "Ada")
    parts = parts_of(saved(book))
    sheet = "xl/worksheets/_rels/sheet1.xml.rels"
    remarks = "".join(f'<threadedComment ref="A1"><text>{text}</text></threadedComment>' for text in ("Why?", "So."))
    parts["xl/threadedComments/t.xml"] = f"<threads>{remarks}</threads>".encode()
    relation = relations(("rt", "threadedComment", "../threadedComments/t.xml")).partition(">")[2].encode()
    parts[sheet] = parts[sheet].replace(b"</Relationships>", relation)
    assert text_of(room, folder, zipped(parts)) == "Orders\nx | 1 | Comment on A1: Why? | Comment on A1: So."


def test_opendocument_sheets(room: Room, folder: Path) -> None:
    from tests.corpus.odf import dc, office, opendocument, style, table, text

    document = opendocument.OpenDocumentSpreadsheet()
    unseen = style.Style(name="unseen", family="table")
    unseen.addElement(style.TableProperties(display="false"))
    document.automaticstyles.addElement(unseen)

    def cell(shown: str, **attributes: Any) -> Any:
        made = table.TableCell(**attributes)
        made.addElement(text.P(text=shown))
        return made

    def row(*cells: Any, **attributes: Any) -> Any:
        made = table.TableRow(**attributes)
        for each in cells:
            made.addElement(each)
        return made

    sheet = table.Table(name="Orders")
    header = table.TableHeaderRows()
    header.addElement(row(cell("Name"), cell("Amount")))
    sheet.addElement(header)
    amount = cell("1.234,50 €", valuetype="currency", value="1234.5")
    note = office.Annotation()
    note.addElement(dc.Creator(text="Ada"))
    note.addElement(text.P(text="check"))
    amount.addElement(note)
    sheet.addElement(row(cell("Ada"), amount))
    sheet.addElement(row(table.TableCell(numbercolumnsrepeated="2"), cell("right"), numberrowsrepeated="2"))
    sheet.addElement(row(table.TableCell(numbercolumnsrepeated="1024"), numberrowsrepeated="1000"))
    sheet.addElement(row(cell("low"), numberrowsrepeated="1000000"))
    remarked = table.TableCell()
    remarked.addElement(remark := office.Annotation())
    remark.addElement(text.P(text="nothing here"))
    sheet.addElement(row(remarked))
    document.spreadsheet.addElement(sheet)
    second = table.Table(name="Secret", stylename=unseen)
    second.addElement(row(cell("found")))
    document.spreadsheet.addElement(second)
    _, stored, passages = read(room, folder / "a.ods", saved(document))
    assert stored == (
        "Orders\nName | Amount\nName: Ada | Amount: 1.234,50 € | Comment by Ada: check\nright\nright\n\n"
        "Name: low | the same down to row 1001004\n\n"
        "Comment: nothing here\n\nSecret (hidden sheet)\nfound"
    )
    assert [(passage.first_line, passage.last_line) for passage in passages] == [(1, 1001005), (1, 1)]


def test_an_old_workbook(room: Room, folder: Path) -> None:
    import xlwt

    book = xlwt.Workbook()
    sheet = book.add_sheet("Orders")
    date = xlwt.easyxf(num_format_str="DD.MM.YYYY")
    for number, row in enumerate([["Name", "Amount"], ["Ada", 12.5], ["Bob", 3]], 2):
        for column, content in enumerate(row):
            sheet.write(number, column, content)
    sheet.write(4, 2, datetime.date(2024, 3, 5), date)
    sheet.write(4, 3, True)
    sheet.write(4, 4, 0.125, xlwt.easyxf(num_format_str="0.0%"))
    hidden = book.add_sheet("Secret")
    hidden.visibility = 1
    hidden.write(0, 0, "found")
    _, stored, passages = read(room, folder / "a.xls", saved(book))
    assert stored == (
        "Orders\n\nName | Amount\nName: Ada | Amount: 12.5\nName: Bob | Amount: 3 | 2024-03-05 | TRUE | 12.5%\n\n"
        "Secret (hidden sheet)\nfound"
    )
    assert (passages[0].last_line, passages[1].last_line) == (5, 1)


@pytest.mark.parametrize("content", ["<html><table><tr><td>a</td><td>b</td></tr></table></html>", ""])
def test_what_is_called_xls(room: Room, folder: Path, content: str) -> None:
    """Programs write web pages and newer workbooks under the old name."""
    data = content.encode() or saved(filled(["a", "b"]))
    assert text_of(room, folder, data, "a.xls").endswith("a | b")
