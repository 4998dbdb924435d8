"""Bad input: each yields one clear sentence, the run ends, and nothing else is disturbed."""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
import zipfile
from pathlib import Path

import docx
import pytest

from forge_desktop.corpus import IndexReport
from forge_desktop.corpus.parsers import format_of
from tests.corpus.conftest import Room, needs_posix, pdf_bytes

ROOT = Path(__file__).resolve().parents[2]
BAD = ROOT.parent / "shared" / "data" / "bad"


def reason(room: Room, file: Path) -> str:
    """Index `file` beside a good one; why it failed, as reported and as stored."""
    good = file.parent / "good.txt"
    good.write_text("The kettle is blue.")
    report = room.index(file.parent)
    assert report.documents == 1
    assert len(report.failed) == 1
    assert report.failed[0][0] == str(file)
    row = room.rows()[file.name]
    assert (row.state, row.reason, row.passages) == ("failed", report.failed[0][1], 0)
    assert room.corpus.search("kettle")[0].passage.path == str(good)
    room.whole()
    return row.reason


def word_file(*paragraphs: str) -> bytes:
    document = docx.Document()
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def with_part(source: bytes, name: str, content: bytes) -> bytes:
    """An office file with one part replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(source)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            new.writestr(item.filename, content if item.filename == name else old.read(item))
    return out.getvalue()


BODY = b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>%s</w:body></w:document>'


def test_an_empty_file(room: Room, folder: Path) -> None:
    (folder / "empty.txt").write_bytes(b"")
    assert reason(room, folder / "empty.txt") == "The file is empty."


def test_white_space_only(room: Room, folder: Path) -> None:
    (folder / "blank.md").write_bytes(b"\xef\xbb\xbf \r\n\t\n")
    assert reason(room, folder / "blank.md") == "The file holds no text."


@pytest.mark.parametrize(
    "content", [os.urandom(5000), b"\x7fELF\x02\x01\x01" + bytes(5000), b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"]
)
def test_a_binary_file_named_txt(room: Room, folder: Path, content: bytes) -> None:
    (folder / "binary.txt").write_bytes(content)
    assert reason(room, folder / "binary.txt").startswith("The file is not text")


def test_a_page_that_its_parser_would_leave_in_the_middle(room: Room, folder: Path) -> None:
    (folder / "deep.html").write_bytes(b"<p>before</p>" + b"<div>" * 10_000 + b"deep" + b"</div>" * 10_000)
    assert reason(room, folder / "deep.html") == "The page is nested too deep to be read to its end."


def test_a_protected_pdf(room: Room, folder: Path) -> None:
    (folder / "secret.pdf").write_bytes(pdf_bytes([["Nobody reads this."]], encrypt="password"))
    assert "is protected by a password" in reason(room, folder / "secret.pdf")


@pytest.mark.parametrize("content", [b"%PDF-1.7\n%garbage", pdf_bytes([["x" * 50]])[:300]])
def test_a_damaged_pdf(room: Room, folder: Path, content: bytes) -> None:
    (folder / "broken.pdf").write_bytes(content)
    assert reason(room, folder / "broken.pdf") == "The PDF is damaged: it cannot be opened."


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.pdf", "The file is not a PDF."),
        ("a.xml", "The file is not XML."),
        ("a.eml", "The file is not an e-mail message: it has none of the usual headers."),
        ("a.mbox", "The file is not a mailbox: it does not begin with a message."),
        ("a.ipynb", "The file is not a notebook, or it is damaged."),
        ("a.png", "The file is not a picture of a known kind."),
    ],
)
def test_a_text_under_another_files_name(room: Room, folder: Path, name: str, expected: str) -> None:
    (folder / name).write_text("Only a text.")
    assert reason(room, folder / name) == expected


@pytest.mark.parametrize("name", ["a.csv", "a.json", "a.py", "a.tex", "a.rst", "a.adoc", "a.org", "a.md"])
def test_binary_data_under_a_texts_name(room: Room, folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"\x1f\x8b\x08" + os.urandom(3000))
    assert reason(room, folder / name).startswith("The file is not text")


LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><x>&b;</x>'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_xml_that_declares_entities(room: Room, folder: Path, encoding: str) -> None:
    (folder / "laughs.xml").write_bytes(LAUGHS.encode(encoding))
    assert reason(room, folder / "laughs.xml") == "The file declares entities, so it is not read."


def test_a_mailbox_whose_first_line_has_no_end(room: Room, folder: Path) -> None:
    (folder / "a.mbox").write_bytes(b"From nobody, and then no line ends")
    assert room.index(folder).failed[0][1] == "The file is not a mailbox: it does not begin with a message."


def test_a_mailbox_with_a_message_nested_too_deep(room: Room, folder: Path) -> None:
    parts = b"".join(b"Content-Type: multipart/mixed; boundary=B%d\n\n--B%d\n" % (n, n) for n in range(2000))
    mails = [b"Subject: First\n\nThe kettle.\n\n", parts + b"\nx\n\n", b"Subject: Third\n\nThe saw.\n\n"]
    (folder / "a.mbox").write_bytes(b"".join(b"From somebody\n" + mail for mail in mails))
    assert room.index(folder).failed == ()
    text = room.corpus.shelf.stored_text(room.rows()["a.mbox"].id)
    instead = "(a message that cannot be read)"
    assert text.split("\n\n") == ["Subject: First", "The kettle.", instead, "Subject: Third", "The saw."]
    (folder / "a.mbox").unlink()
    (folder / "a.eml").write_bytes(b"Subject: x\n" + parts)
    assert room.index(folder).failed[0][1] == "The message is nested too deep to be read."


def test_unsound_xml(room: Room, folder: Path) -> None:
    (folder / "a.xml").write_text("<a>\n<b>text</a>")
    assert reason(room, folder / "a.xml") == "The file is not sound XML (line 2)."


@pytest.mark.parametrize("content", [b"not a zip", word_file("text")[:1000], b"PK\x05\x06" + bytes(18)])
def test_a_damaged_word_file(room: Room, folder: Path, content: bytes) -> None:
    (folder / "broken.docx").write_bytes(content)
    assert reason(room, folder / "broken.docx").startswith("The Word file is damaged")


def test_a_protected_word_file(room: Room, folder: Path) -> None:
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le") + bytes(600)
    (folder / "secret.docx").write_bytes(ole)
    assert reason(room, folder / "secret.docx") == "The Word file is protected by a password."


def test_an_old_word_file_under_a_new_name(room: Room, folder: Path) -> None:
    (folder / "old.docx").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1200))
    assert "older format" in reason(room, folder / "old.docx")


def test_a_zip_bomb(room: Room, folder: Path) -> None:
    bomb = BODY % (b"<w:p><w:r><w:t>" + b"A" * 90_000_000 + b"</w:t></w:r></w:p>")
    (folder / "bomb.docx").write_bytes(with_part(word_file("x"), "word/document.xml", bomb))
    assert (folder / "bomb.docx").stat().st_size < 200_000
    assert reason(room, folder / "bomb.docx") == (
        "The Word file unpacks to more than 200 times its size, so it is not read."
    )


def test_a_word_file_with_a_document_type(room: Room, folder: Path) -> None:
    laughs = (
        b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>' + BODY % b"<w:p><w:r><w:t>&b;</w:t></w:r></w:p>"
    )
    (folder / "laughs.docx").write_bytes(with_part(word_file("x"), "word/document.xml", laughs))
    assert "declares a document type" in reason(room, folder / "laughs.docx")


def test_a_file_that_needs_too_much_memory(room: Room, folder: Path) -> None:
    """Within the caps for an archive, but its tree alone would take gigabytes."""
    room.settings.change(parser_megabytes=256)
    rows = b"".join(b"<w:p><w:r><w:t>%d</w:t></w:r></w:p>" % number for number in range(1_200_000))
    (folder / "large.docx").write_bytes(with_part(word_file("x"), "word/document.xml", BODY % rows))
    assert "memory" in reason(room, folder / "large.docx")


def test_a_file_that_takes_too_long(room: Room, folder: Path) -> None:
    room.settings.change(parser_seconds=1)
    (folder / "slow.html").write_bytes(b"<p>" + b"<b>x</b> " * 6_000_000)
    assert reason(room, folder / "slow.html") == "Reading it took more than 1 seconds and was given up."


def test_a_gigabyte_of_nothing(room: Room, folder: Path) -> None:
    with open(folder / "huge.txt", "wb") as file:
        file.truncate(1 << 30)
    assert reason(room, folder / "huge.txt") == "The file has 1,074 MB; files above 256 MB are not read (a setting)."


def test_a_raised_limit_lets_a_file_in(room: Room, folder: Path) -> None:
    room.settings.change(file_megabytes=1)
    (folder / "large.txt").write_text("word " * 250_000)
    assert "files above 1 MB are not read" in reason(room, folder / "large.txt")
    room.settings.change(file_megabytes=2)
    assert room.index(folder).failed == ()


@needs_posix
def test_things_that_are_no_files(room: Room, folder: Path) -> None:
    (folder / "good.txt").write_text("The kettle is blue.")
    os.mkfifo(folder / "pipe.txt")
    os.mkfifo(folder / "pipe")
    os.symlink("/dev/zero", folder / "zero.txt")
    os.symlink(folder, folder / "loop")
    os.symlink("loop.txt", folder / "loop.txt")
    with socket.socket(socket.AF_UNIX) as server:
        os.chdir(folder)  # a socket's path may only be short
        server.bind("socket.txt")
        report = room.index(folder)
    assert report.documents == 1
    assert dict(report.failed) == {
        str(folder / "pipe.txt"): "It is a pipe, not a file.",
        str(folder / "socket.txt"): "It is a socket, not a file.",
    }
    skipped = dict(report.skipped)
    assert skipped[str(folder / "pipe")] == "It is a pipe, not a file."
    for name in ("zero.txt", "loop", "loop.txt"):
        assert skipped[str(folder / name)] == "It is a link; links are not followed."
    assert room.index(folder / "pipe.txt").failed == ((str(folder / "pipe.txt"), "It is a pipe, not a file."),)
    assert "device" in room.index("/dev/zero").failed[0][1]


@needs_posix
def test_a_link_given_by_name_is_followed(room: Room, folder: Path) -> None:
    (folder / "real.txt").write_text("The kettle is blue.")
    os.symlink(folder / "real.txt", folder / "link.txt")
    os.symlink(folder, folder.with_name("shortcut"))
    assert room.index(folder / "link.txt").documents == 1
    assert list(room.rows()) == ["real.txt"]
    assert room.index(folder.with_name("shortcut")).documents == 1


@needs_posix
def test_names_that_are_not_unicode(room: Room, folder: Path) -> None:
    names = [
        b"b\xffd.txt",
        b"line\nend.txt",
        "rtl\u202etxt.txt".encode(),
        "e\u0301.txt".encode(),
        "\u00e9.txt".encode(),
        b"%s'\".txt",
    ]
    for number, name in enumerate(names):
        with open(os.path.join(os.fsencode(folder), name), "w") as file:
            file.write(f"kettle number{number}")
    report = room.index(folder)
    assert (report.documents, report.failed) == (len(names), ())
    shown = set(room.rows())
    assert {"b\\xffd.txt", "line\\nend.txt", "rtl\\u202etxt.txt"} <= shown
    assert all(name.isprintable() for name in shown)
    for number, name in enumerate(names):
        path = room.corpus.search(f"number{number}", 1)[0].passage.path
        assert os.fsencode(path) == os.path.join(os.fsencode(folder), name)
        sha256 = room.corpus.search(f"number{number}", 1)[0].passage.document_sha256
        assert room.corpus.shelf.source_status(path, sha256) == "same"
    assert room.index(folder).unchanged == len(names)
    assert len(room.corpus.shelf.documents("e\u0301.TXT")) == 2  # both spellings of é


def test_a_file_that_vanishes_before_its_turn(room: Room, folder: Path) -> None:
    (folder / "a.txt").write_text("kettle")
    (folder / "b.txt").write_text("bicycle")

    def vanish(event: object) -> None:
        (folder / "b.txt").unlink(missing_ok=True)

    room.events.subscribe(vanish)  # the first event comes before anything is read
    room.jobs.wait(room.corpus.survey([folder]))
    report = room.index(folder)
    assert report.documents == 1

    (folder / "c.txt").write_text("third")
    room.index(folder)
    room.db.connection.execute("UPDATE documents SET state = 'pending' WHERE name = 'c.txt'")
    (folder / "c.txt").unlink()
    report = room.result(room.corpus.resume_pending())
    assert report.failed == ((str(folder / "c.txt"), "The file is no longer there."),)
    assert room.corpus.search("third")[0].passage.text == "third"  # what was read before is kept …
    assert room.index(folder).removed == 1  # … until its folder is looked through
    room.whole()


@needs_posix
@pytest.mark.parametrize("become", ["pipe", "link", "folder"])
def test_a_file_that_becomes_something_else_before_its_turn(room: Room, folder: Path, become: str) -> None:
    file = folder / "a.txt"
    file.write_text("kettle")
    room.index(folder)
    waiting = room.corpus.shelf.documents()
    file.unlink()
    if become == "pipe":
        os.mkfifo(file)
    elif become == "link":
        os.symlink("/dev/zero", file)
    else:
        file.mkdir()
    report = room.result(room.corpus.retry(waiting))
    assert report.documents == 0
    assert report.failed[0][1].startswith(("It is no longer a file.", "The file cannot be read"))
    assert room.index(folder).removed == 1
    room.whole()


UNPRIVILEGED = """
import sys, json
from pathlib import Path
from tests.corpus.conftest import opened
room = opened(Path(sys.argv[1]))
report = room.index(sys.argv[2])
print(json.dumps([report.documents, report.failed]))
room.close()
"""


def without_override() -> None:
    """Before the interpreter starts: even root must ask for permission to read (capabilities 1 and 2 dropped)."""
    import ctypes

    for capability in (1, 2):
        ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="Linux capabilities")
def test_unreadable_files_and_folders(data_dir: Path, folder: Path) -> None:
    (folder / "good.txt").write_text("fine")
    (folder / "locked").mkdir()
    for name in ("locked.txt", "locked/inner.txt"):
        (folder / name).write_text("secret")
        (folder / name).chmod(0)
    (folder / "locked").chmod(0)
    run = subprocess.run(
        [sys.executable, "-c", UNPRIVILEGED, data_dir, folder],
        cwd=ROOT,
        capture_output=True,
        text=True,
        preexec_fn=without_override,
    )
    (folder / "locked").chmod(0o700)
    assert run.returncode == 0, run.stderr
    documents, failed = json.loads(run.stdout)
    assert documents == 1
    assert dict(failed) == {
        str(folder / "locked"): "The folder cannot be read: Permission denied.",
        str(folder / "locked.txt"): "The file may not be read: permission denied.",
    }


def test_changed_for_the_worse(room: Room, folder: Path) -> None:
    """Other bytes that cannot be read take the old passages with them: they would quote what is not there."""
    file = folder / "a.pdf"
    file.write_bytes(pdf_bytes([["The saw lies on the bench."]]))
    room.index(folder)
    file.write_bytes(b"broken")
    report: IndexReport = room.index(folder)
    assert (report.documents, report.passages) == (0, 0)
    assert room.corpus.search("saw") == []
    assert room.index(folder).failed == report.failed  # known to be broken: not parsed again
    assert room.index(folder).bytes == 0
    room.whole()


@pytest.mark.skipif(not BAD.is_dir(), reason="the collection of bad files is not here")
@pytest.mark.parametrize("ocr", [False, pytest.param(True, marks=pytest.mark.full)])
def test_files_from_bug_trackers(room: Room, ocr: bool) -> None:
    room.settings.change(ocr=ocr)
    files = [path for path in BAD.rglob("*") if path.is_file() and format_of(str(path))]
    report = room.index(BAD)
    assert len(room.corpus.shelf.documents()) == len(files)
    assert report.documents + len(report.failed) == len(files)
    assert report.documents > 400
    assert all(sentence.endswith(".") for _, sentence in report.failed)
    assert not [sentence for _, sentence in report.failed if "It cannot be read:" in sentence]
    room.whole()
