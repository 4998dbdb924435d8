"""What documents and presentations of office programs become: reading order, headings, slides, tables, notes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import docx
import pptx
from docx.oxml import parse_xml
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from tests.corpus.conftest import Room
from tests.corpus.office_files import changed, parts_of, relations, saved, zipped
from tests.corpus.test_formats import read

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
BOX = (
    f'<w:r {W} xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"><mc:AlternateContent>'
    '<mc:Choice Requires="wps"><w:drawing><w:txbxContent><w:p><w:r><w:t>In a box.</w:t></w:r></w:p>'
    "</w:txbxContent></w:drawing></mc:Choice><mc:Fallback><w:pict><w:txbxContent><w:p><w:r><w:t>In a box.</w:t></w:r>"
    "</w:p></w:txbxContent></w:pict></mc:Fallback></mc:AlternateContent></w:r>"
)


def test_what_stands_beside_a_word_text(room: Room, folder: Path) -> None:
    document = docx.Document()
    document.sections[0].header.paragraphs[0].text = "Project Kettle"
    document.sections[0].footer.paragraphs[0].text = "7"
    document.add_section().header.is_linked_to_previous = False
    document.sections[1].header.paragraphs[0].text = "Project Kettle"
    paragraph = document.add_paragraph("The saw is sharp.")
    document.add_comment(paragraph.runs, text="Since when?", author="Ada")
    paragraph._p.append(parse_xml(BOX))
    note = document.add_paragraph("Kettles are blue.")
    note._p.append(parse_xml(f'<w:r {W}><w:footnoteReference w:id="2"/></w:r>'))
    document.add_paragraph("The end.")
    parts = parts_of(saved(document))
    parts["word/footnotes.xml"] = (
        f'<w:footnotes {W}><w:footnote w:id="2"><w:p><w:r><w:t xml:space="preserve"> Mostly.</w:t></w:r></w:p>'
        "</w:footnote></w:footnotes>"
    ).encode()
    part = "word/_rels/document.xml.rels"
    relation = relations(("rn", "footnotes", "footnotes.xml")).partition(">")[2].encode()
    parts[part] = parts[part].replace(b"</Relationships>", relation)
    assert read(room, folder / "a.docx", zipped(parts))[1] == (
        "Project Kettle\n\nThe saw is sharp.\n\nComment by Ada: Since when?\n\nIn a box.\n\nKettles are blue.\n\n"
        "Note: Mostly.\n\nThe end."
    )


def test_rows_and_list_items_of_a_word_file_stay_whole(room: Room, folder: Path) -> None:
    document = docx.Document()
    for number in range(60):
        document.add_paragraph(f"item {number} " + "word. " * 12 + "stop", style="List Number")
    table = document.add_table(rows=40, cols=2)
    for number, row in enumerate(table.rows):
        row.cells[0].text, row.cells[1].text = f"row {number} " + "a. " * 20, "b. " * 20 + "stop"
    _, text, passages = read(room, folder / "a.docx", saved(document))
    assert "- item 1 word. " in text
    assert len(passages) > 6
    for passage in passages:
        assert passage.text.startswith(("- item", "row "))
        assert passage.text.endswith("stop")


def presentation() -> Any:
    """Three slides, the second shown last."""
    show = pptx.Presentation()
    first = show.slides.add_slide(show.slide_layouts[1])
    first.shapes.title.text = "Kettles"
    first.placeholders[1].text = "They are blue.\nThey sing."
    first.notes_slide.notes_text_frame.text = "Say it slowly."
    moved = show.slides.add_slide(show.slide_layouts[5])
    moved.shapes.title.text = "Numbers"
    table = moved.shapes.add_table(2, 2, Inches(1), Inches(1), Inches(3), Inches(1)).table
    for place, text in (((0, 0), "Name"), ((0, 1), "Price"), ((1, 0), "Saw"), ((1, 1), "12\n€")):
        table.cell(*place).text = text
    data = CategoryChartData()
    data.categories = ["May", "June"]
    data.add_series("Sold", (3, 4))
    data.add_series("Kept", (5, 6.5))
    chart = moved.shapes.add_chart(XL_CHART_TYPE.LINE, Inches(1), Inches(3), Inches(3), Inches(2), data).chart
    chart.chart_title.text_frame.text = "Sales"
    last = show.slides.add_slide(show.slide_layouts[6])
    last.element.set("show", "0")
    group = last.shapes.add_group_shape()
    group.shapes.add_textbox(Inches(1), Inches(1), Inches(3), Inches(1)).text_frame.text = "In a group."
    order = show.slides._sldIdLst
    order.append(order[1])
    return show


def test_slides(room: Room, folder: Path) -> None:
    row, text, passages = read(room, folder / "a.pptx", saved(presentation()))
    assert row.format == "pptx"
    assert text == (
        "Kettles\n\nThey are blue.\nThey sing.\n\nNotes: Say it slowly.\n\n(hidden slide)\n\nIn a group.\n\n"
        "Numbers\n\nName | Price\nSaw | 12 €\n\nChart: Sales\nSold | Kept\nMay | 3 | 5\nJune | 4 | 6.5"
    )
    assert [(passage.page, passage.heading) for passage in passages] == [
        (1, ("Kettles",)),
        (2, ("Slide 2",)),
        (3, ("Numbers",)),
    ]


def test_a_slide_without_words_keeps_its_number(room: Room, folder: Path) -> None:
    show = pptx.Presentation()
    for text in ("", "second", "", "fourth", ""):
        slide = show.slides.add_slide(show.slide_layouts[6])
        slide.shapes.add_textbox(0, 0, Inches(1), Inches(1)).text_frame.text = text
    passages = read(room, folder / "a.pptx", saved(show))[2]
    assert [(passage.page, passage.text) for passage in passages] == [(2, "second"), (4, "fourth")]


def test_diagrams_and_comments_on_a_slide(room: Room, folder: Path) -> None:
    show = pptx.Presentation()
    slide = show.slides.add_slide(show.slide_layouts[6])
    slide.shapes.add_table(1, 1, 0, 0, Inches(1), Inches(1))
    content = changed(
        saved(show),
        "ppt/slides/slide1.xml",
        ("<a:graphicData ", '<x:relIds xmlns:x="urn:d" xmlns:q="urn:r" q:dm="rd" q:lo="rx"/><a:graphicData '),
    )
    parts = parts_of(content)
    part = "ppt/slides/_rels/slide1.xml.rels"
    more = relations(("rd", "diagramData", "../diagrams/data1.xml"), ("rc", "comments", "../comments/comment1.xml"))
    parts[part] = parts[part].replace(b"</Relationships>", more.partition(">")[2].encode())
    text = '<d:t><a:p xmlns:a="urn:a"><a:r><a:t>%s</a:t></a:r></a:p></d:t>'
    points = "".join(f"<d:pt>{text % words}</d:pt>" for words in ("Plan", "Do")) + "<d:pt/>"
    parts["ppt/diagrams/data1.xml"] = f'<d:dataModel xmlns:d="urn:d"><d:ptLst>{points}</d:ptLst></d:dataModel>'.encode()
    parts["ppt/comments/comment1.xml"] = b'<p:cmLst xmlns:p="urn:p"><p:cm><p:text>Why so?</p:text></p:cm></p:cmLst>'
    assert read(room, folder / "a.pptx", zipped(parts))[1] == "- Plan\n- Do\n\nComment: Why so?"


def test_opendocument_text(room: Room, folder: Path) -> None:
    from tests.corpus.odf import dc, draw, office, opendocument, style, table, text

    document = opendocument.OpenDocumentText()
    layout = style.PageLayout(name="layout")
    document.automaticstyles.addElement(layout)
    master = style.MasterPage(name="Standard", pagelayoutname=layout)
    master.addElement(header := style.Header())
    header.addElement(text.P(text="Project Kettle"))
    document.masterstyles.addElement(master)
    document.text.addElement(text.H(outlinelevel=1, text="First part"))
    paragraph = text.P(text="Kettles   are")
    paragraph.addElement(text.S(c=2))
    paragraph.addText("blue")
    note = text.Note(noteclass="footnote")
    note.addElement(text.NoteCitation(text="1"))
    note.addElement(body := text.NoteBody())
    body.addElement(text.P(text="Mostly."))
    paragraph.addElement(note)
    paragraph.addText(".")
    remark = office.Annotation()
    remark.addElement(dc.Creator(text="Ada"))
    remark.addElement(text.P(text="Since when?"))
    paragraph.addElement(remark)
    frame = draw.Frame()
    frame.addElement(box := draw.TextBox())
    box.addElement(text.P(text="In a box."))
    paragraph.addElement(frame)
    document.text.addElement(paragraph)
    document.text.addElement(items := text.List())
    for words in ("one", "two"):
        items.addElement(item := text.ListItem())
        item.addElement(text.P(text=words))
    document.text.addElement(text.H(outlinelevel=2, text="Inner part"))
    document.text.addElement(rows := table.Table())
    for cells in (("Name", "Price"), ("Saw", "12")):
        rows.addElement(line := table.TableRow())
        for words in cells:
            line.addElement(cell := table.TableCell())
            cell.addElement(text.P(text=words))
    row, stored, passages = read(room, folder / "a.odt", saved(document))
    assert row.format == "odt"
    assert stored == (
        "Project Kettle\n\nFirst part\n\nKettles are  blue.\n\nNote: Mostly.\n\nComment by Ada: Since when?\n\n"
        "In a box.\n\n- one\n- two\n\nInner part\n\nName | Price\nSaw | 12"
    )
    assert [passage.heading for passage in passages] == [(), ("First part",), ("First part", "Inner part")]


def test_opendocument_slides(room: Room, folder: Path) -> None:
    from tests.corpus.odf import PRESENTATIONNS, draw, opendocument, style, text
    from tests.corpus.odf import presentation as shown

    document = opendocument.OpenDocumentPresentation()
    layout = style.PageLayout(name="layout")
    document.automaticstyles.addElement(layout)
    unseen = style.Style(name="unseen", family="drawing-page")
    unseen.addElement(style.DrawingPageProperties(visibility="hidden"))
    document.automaticstyles.addElement(unseen)
    master = style.MasterPage(name="Standard", pagelayoutname=layout)
    document.masterstyles.addElement(master)

    def frame(words: str, place: str = "outline") -> Any:
        made = draw.Frame()
        made.setAttrNS(PRESENTATIONNS, "class", place)
        made.addElement(box := draw.TextBox())
        box.addElement(text.P(text=words))
        return made

    first = draw.Page(masterpagename=master)
    first.addElement(frame("They are blue."))
    first.addElement(frame("Kettles", "title"))
    first.addElement(notes := shown.Notes())
    notes.addElement(frame("Say it slowly."))
    document.presentation.addElement(first)
    document.presentation.addElement(draw.Page(masterpagename=master))
    last = draw.Page(masterpagename=master, stylename=unseen)
    last.addElement(frame("Saws", "title"))
    last.addElement(shape := draw.CustomShape())
    shape.addElement(text.P(text="Sharp."))
    document.presentation.addElement(last)
    _, stored, passages = read(room, folder / "a.odp", saved(document))
    assert stored == ("Kettles\n\nThey are blue.\n\nNotes: Say it slowly.\n\n\n\nSaws (hidden slide)\n\nSharp.")
    assert [(passage.page, passage.heading) for passage in passages] == [
        (1, ("Kettles",)),
        (3, ("Saws (hidden slide)",)),
    ]
