"""Pictures and scanned pages: read where Tesseract is installed, else a row that says why not."""

from __future__ import annotations

import io
import os
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from reportlab.pdfgen import canvas

from forge_desktop.corpus.parsers import ocr
from tests.corpus.conftest import Room, needs_posix, picture, saved

needs_tesseract = pytest.mark.skipif(
    shutil.which("tesseract") is None, reason="Tesseract is not installed (the set-up installs it where it may)"
)
ONLY_PICTURES = "It holds no text, only pictures; "


def scan(*pages: str | Image.Image) -> bytes:
    """A PDF with pages of text and scanned ones."""
    out = io.BytesIO()
    drawing = canvas.Canvas(out, pagesize=(500, 200))
    for page in pages:
        if isinstance(page, str):
            drawing.drawString(40, 100, page)
        else:
            drawing.drawInlineImage(page, 0, 0, 500, 500 * page.height / page.width)
        drawing.showPage()
    drawing.save()
    return out.getvalue()


@needs_tesseract
def test_pictures(room: Room, folder: Path) -> None:
    kinds = ["PNG", "JPEG", "TIFF", "WebP", "BMP", "GIF"]
    for kind in kinds:
        (folder / f"a.{kind.lower()}").write_bytes(saved(picture(f"The {kind} kettle is blue.", "It whistles."), kind))
    assert room.index(folder).failed == ()
    for kind in kinds:
        (passage,) = room.corpus.shelf.passages(room.rows()[f"a.{kind.lower()}"].id)
        assert passage.page is None
        assert kind in passage.text
        assert passage.text.endswith("\nIt whistles.")
    room.whole()


@needs_tesseract
def test_pages_of_a_picture(room: Room, folder: Path) -> None:
    pages = [picture("The saw hangs here."), picture("The hammer lies there.")]
    (folder / "a.tif").write_bytes(saved(pages[0], "TIFF", save_all=True, append_images=pages[1:]))
    assert room.index(folder).failed == ()
    assert [(hit.passage.page, hit.passage.text) for hit in room.corpus.search("hammer")] == [
        (2, "The hammer lies there.")
    ]


@needs_tesseract
def test_a_pdf_that_is_half_scanned(room: Room, folder: Path) -> None:
    content = scan("The first page has text.", picture("The kettle is blue."), "The third has text again.")
    (folder / "a.pdf").write_bytes(content)
    assert room.index(folder).failed == ()
    passages = room.corpus.shelf.passages(room.corpus.shelf.documents()[0])
    assert [(passage.page, passage.text) for passage in passages] == [
        (1, "The first page has text."),
        (2, "The kettle is blue."),
        (3, "The third has text again."),
    ]
    room.whole()
    image = room.corpus.shelf.page(room.corpus.shelf.documents()[0], 2, 400, passages[1].start, passages[1].end)
    assert (image.pages, image.rectangles) == (3, ())


@pytest.mark.parametrize("name", ["a.pdf", "a.png"])
def test_without_ocr_a_row_says_so_and_is_tried_again(
    room: Room, folder: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = picture("The kettle is blue.")
    (folder / name).write_bytes(scan(page) if name == "a.pdf" else saved(page, "PNG"))
    room.settings.change(ocr=False)
    off = ONLY_PICTURES + "OCR is off: turn it on in the settings to have them read."
    assert room.index(folder).failed == ((str(folder / name), off),)
    assert room.rows()[name].reason == off
    assert room.index(folder).bytes == 0  # known: not read again

    path = os.environ["PATH"]
    monkeypatch.setenv("PATH", str(folder))
    room.settings.change(ocr=True)
    absent = ONLY_PICTURES + "Tesseract is not installed: install it to have them read."
    if not ocr.program():  # nor in one of the places where installers put it
        assert fresh(room, folder) == [absent]

    monkeypatch.setenv("PATH", path)
    if shutil.which("tesseract"):
        room.settings.change(ocr_languages="tlh+eng")
        assert "has no language called tlh" in fresh(room, folder)[0]
        room.settings.change(ocr_languages="eng")
        assert fresh(room, folder) == []
        assert room.corpus.search("kettle")[0].passage.text == "The kettle is blue."


def test_pages_that_were_not_read_are_told_and_read_later(room: Room, folder: Path) -> None:
    (folder / "a.pdf").write_bytes(scan("The first page has text.", picture("The kettle is blue."), "And the third."))
    room.settings.change(ocr=False)
    note = "1 of its 3 pages hold only pictures; OCR is off: turn it on in the settings to have them read."
    report = room.index(folder)
    assert (report.failed, report.partial) == ((), ((str(folder / "a.pdf"), note),))
    document = room.rows()["a.pdf"]
    assert (document.state, document.reason, document.passages) == ("indexed", note, 2)
    again = room.index(folder)
    assert (again.bytes, again.partial) == (0, report.partial)  # known: not read again, and still told
    if shutil.which("tesseract"):
        room.settings.change(ocr=True)
        assert room.index(folder).partial == ()
        assert (room.rows()["a.pdf"].reason, room.rows()["a.pdf"].passages) == ("", 3)
    room.whole()


def fresh(room: Room, folder: Path) -> list[str]:
    """Why files failed in a run that reads again what was not read before."""
    return [reason for _, reason in room.index(folder).failed]


@needs_tesseract
def test_a_picture_without_words(room: Room, folder: Path) -> None:
    (folder / "blank.png").write_bytes(saved(picture(), "PNG"))
    (folder / "blank.pdf").write_bytes(scan(picture()))
    assert dict(room.index(folder).failed) == {
        str(folder / "blank.png"): "No text was found in the picture.",
        str(folder / "blank.pdf"): "No text was found in the PDF's pictures.",
    }


HUGE = struct.pack(">II", 60_000, 60_000)


BAD = {
    "huge.png": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + HUGE + bytes(20), "more than 64 million pixels"),
    "huge.gif": (b"GIF89a" + b"\xff\xff\xff\xff" + bytes(20), "more than 64 million pixels"),
    "huge.jpg": (b"\xff\xd8\xff\xc0\x00\x11\x08\xff\xff\xff\xff" + bytes(20), "more than 64 million pixels"),
    "cut.jpg": (b"\xff\xd8\xff\xe0\xff", "is damaged"),
    "cut.png": (b"\x89PNG\r\n\x1a\n\0\0", "is damaged"),
    "cut.tif": (b"II*\0\x08\0\0\0\xff\xff", "is damaged"),
    "loop.tif": (b"II*\0\x08\0\0\0\x00\x00\x08\0\0\0", "is damaged"),  # its list of pages bites its own tail
    "text.png": (b"Only a text under a picture's name.", "is not a picture of a known kind"),
}


def test_bad_pictures(room: Room, folder: Path) -> None:
    for name, (content, _) in BAD.items():
        (folder / name).write_bytes(content)
    (folder / "good.txt").write_text("The kettle is blue.")
    report = room.index(folder)
    assert report.documents == 1
    failed = {os.path.basename(path): reason for path, reason in report.failed}
    assert sorted(failed) == sorted(BAD)
    assert all(BAD[name][1] in reason for name, reason in failed.items())
    room.whole()


@needs_tesseract
def test_a_damaged_picture(room: Room, folder: Path) -> None:
    content = saved(picture("The kettle is blue."), "PNG")
    (folder / "a.png").write_bytes(content[:100] + bytes(200) + content[300:400])
    assert room.index(folder).failed[0][1].startswith("A picture in it cannot be read")


@pytest.fixture
def impostor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a shell script in Tesseract's place."""

    def put(script: str) -> None:
        program = tmp_path / "programs" / "tesseract"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\n[ "$1" = --list-langs ] && printf "List:\\neng\\n" && exit\n{script}\n')
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")

    return put


@needs_posix
def test_a_program_that_never_ends(room: Room, folder: Path, impostor: Callable[[str], None]) -> None:
    impostor("while :; do :; done")
    room.settings.change(parser_seconds=2)
    (folder / "a.png").write_bytes(saved(picture("The kettle is blue."), "PNG"))
    assert room.index(folder).failed[0][1] == "Reading a picture in it took more than 1 seconds and was given up."
    room.whole()


@needs_posix
def test_each_picture_has_its_time(room: Room, folder: Path, impostor: Callable[[str], None]) -> None:
    """Three pages that together take more than the time per file are read all the same."""
    impostor("sleep 1.5; echo words")
    room.settings.change(parser_seconds=4)
    (folder / "a.pdf").write_bytes(scan(*[picture("words")] * 3))
    assert room.index(folder).failed == ()
    assert room.rows()["a.pdf"].passages == 3
