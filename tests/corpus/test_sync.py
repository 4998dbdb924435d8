"""Folder sync: moves, vanished drives, mass deletions, and folders that are watched."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.corpus import IndexReport
from tests.corpus.conftest import Room, needs_posix, opened, pdf_bytes


def fill(folder: Path, count: int) -> None:
    for number in range(count):
        (folder / f"{number:03}.txt").write_text(f"kettle {number}")


def rescan(room: Room) -> IndexReport:
    return room.result(room.corpus.rescan())


def passages(room: Room) -> dict[str, list[int]]:
    return {name: [p.id for p in room.corpus.passages(row.id)] for name, row in room.rows().items()}


# ---- moves ----


def test_a_renamed_file_is_moved_without_being_read(room: Room, folder: Path) -> None:
    (folder / "a.pdf").write_bytes(pdf_bytes([["The kettle is blue."]]))
    room.index(folder)
    before, old = room.corpus.search("kettle"), room.rows()["a.pdf"]
    (folder / "a.pdf").rename(folder / "b.pdf")
    report = rescan(room)
    assert (report.moved, report.new, report.removed, report.unchanged, report.bytes) == (1, 0, 0, 1, 0)
    row = room.rows()["b.pdf"]
    assert (row.id, row.indexed, row.path) == (old.id, old.indexed, str(folder / "b.pdf"))
    after = room.corpus.search("kettle")
    assert [hit.passage.id for hit in after] == [hit.passage.id for hit in before]
    assert after[0].passage.path == str(folder / "b.pdf")
    assert room.corpus.find_document(old.sha256, str(folder / "b.pdf")) == row
    assert list(room.corpus.documents("b.pdf")) == [row.id]
    assert rescan(room).bytes == 0
    room.whole()


def test_a_renamed_folder_is_moved_however_many_files_it_holds(room: Room, folder: Path) -> None:
    (folder / "old").mkdir()
    fill(folder / "old", 60)
    room.index(folder)
    before = passages(room)
    (folder / "old").rename(folder / "new")
    report = rescan(room)
    assert (report.moved, report.bytes, report.removed, report.questions) == (60, 0, 0, ())
    assert passages(room) == before
    assert all(str(folder / "new") in row.path for row in room.rows().values())
    room.whole()


def test_a_move_into_another_collection_changes_who_holds_it(room: Room, folder: Path, tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir()
    (private / "a.txt").write_text("kettle")
    room.corpus.collections.create("Private", never_send=True)
    room.index(folder)
    room.result(room.corpus.index([private], "Private"))
    document = room.rows()["a.txt"].id
    assert not room.corpus.collections.may_leave(document)
    (private / "a.txt").rename(folder / "a.txt")
    assert rescan(room).moved == 1
    assert room.rows()["a.txt"].id == document
    assert [c.name for c in room.corpus.collections.of_document(document)] == ["Documents"]
    assert room.corpus.collections.may_leave(document)


def test_a_file_of_equal_size_is_no_move(room: Room, folder: Path) -> None:
    (folder / "a.txt").write_text("kettle a")
    room.index(folder)
    (folder / "a.txt").unlink()
    (folder / "b.txt").write_text("kettle b")
    report = rescan(room)
    assert (report.moved, report.new, report.removed) == (0, 1, 1)
    room.whole()


def test_a_copy_is_no_move_and_swapped_names_are_read(room: Room, folder: Path) -> None:
    (folder / "a.txt").write_text("kettle a")
    (folder / "b.txt").write_text("kettle b")
    room.index(folder)
    shutil.copy(folder / "a.txt", folder / "c.txt")
    assert rescan(room).new == 1
    (folder / "a.txt").rename(folder / "x")
    (folder / "b.txt").rename(folder / "a.txt")
    (folder / "x").rename(folder / "b.txt")
    rescan(room)
    found = {room.rows()[p.name].sha256 for p in (folder / "a.txt", folder / "c.txt")}
    assert len(found) == 2
    room.whole()


# ---- what is gone ----


def test_a_mass_deletion_asks_and_keeps(room: Room, folder: Path) -> None:
    fill(folder, 50)
    room.index(folder)
    for number in range(30):
        (folder / f"{number:03}.txt").unlink()
    report = rescan(room)
    (question,) = report.questions
    assert (question.kind, question.documents, question.total) == ("mass_deletion", 30, 50)
    assert (question.root, report.removed, report.documents) == (str(folder), 0, 50)
    assert report.failed == ((str(folder), "30 of 50 files in it are gone. What was indexed is kept."),)
    assert len(room.corpus.search("kettle", 60)) == 50
    assert rescan(room).questions == (question,)
    assert room.corpus.sync.questions() == [question]


def test_twenty_deleted_files_are_meant(room: Room, folder: Path) -> None:
    fill(folder, 25)
    room.index(folder)
    for number in range(20):
        (folder / f"{number:03}.txt").unlink()
    report = rescan(room)
    assert (report.removed, report.questions) == (20, ())


def test_removing_after_a_mass_deletion_can_be_undone(room: Room, folder: Path) -> None:
    fill(folder, 30)
    room.index(folder)
    for number in range(25):
        (folder / f"{number:03}.txt").unlink()
    (question,) = rescan(room).questions
    token = room.corpus.sync.answer(question.id, "remove")
    assert token is not None
    assert (room.corpus.stats().documents, room.corpus.sync.questions()) == (5, [])
    with pytest.raises(ForgeError, match="settled"):
        room.corpus.sync.answer(question.id, "keep")
    room.corpus.restore(token)
    assert room.corpus.stats().documents == 30
    assert rescan(room).questions == ()  # undone is as good as kept
    room.whole()


def test_kept_documents_stay_until_their_files_are_there_again(room: Room, folder: Path) -> None:
    fill(folder, 30)
    room.index(folder)
    for number in range(25):
        (folder / f"{number:03}.txt").unlink()
    (question,) = rescan(room).questions
    assert room.corpus.sync.answer(question.id, "keep") is None
    report = rescan(room)
    assert (report.questions, report.removed, report.documents) == ((), 0, 30)
    fill(folder, 30)
    assert rescan(room).documents == 30
    (folder / "000.txt").unlink()
    assert rescan(room).removed == 1


def test_a_question_goes_away_when_the_files_come_back(room: Room, folder: Path) -> None:
    fill(folder, 30)
    room.index(folder)
    aside = folder.with_name("aside")
    aside.mkdir()
    for number in range(25):
        shutil.move(folder / f"{number:03}.txt", aside)
    assert len(rescan(room).questions) == 1
    for file in aside.iterdir():
        shutil.move(file, folder)
    report = rescan(room)
    assert (report.questions, report.documents, report.bytes) == ((), 30, 0)


def test_a_vanished_folder_asks_and_the_question_outlives_a_restart(data_dir: Path, folder: Path) -> None:
    fill(folder, 3)
    first = opened(data_dir)
    first.index(folder)
    shutil.move(folder, folder.with_name("drive"))
    (question,) = rescan(first).questions
    assert (question.kind, question.documents, question.total, question.root) == ("vanished", 3, 3, str(folder))
    first.close()
    second = opened(data_dir)
    assert second.corpus.sync.questions() == [question]
    folder.mkdir()  # the empty mount point
    assert rescan(second).questions == (question,)
    folder.rmdir()
    shutil.move(folder.with_name("drive"), folder)
    report = rescan(second)
    assert (report.questions, report.documents, report.failed) == ((), 3, ())
    second.close()


def test_a_vanished_folder_can_be_given_up(room: Room, folder: Path) -> None:
    fill(folder, 3)
    room.index(folder)
    shutil.move(folder, folder.with_name("drive"))
    (question,) = rescan(room).questions
    room.corpus.sync.answer(question.id, "remove")
    assert (room.corpus.stats().documents, rescan(room).questions) == (0, ())
    shutil.move(folder.with_name("drive"), folder)
    assert rescan(room).new == 3


@needs_posix
def test_a_folder_that_may_not_be_read_any_more_keeps_its_documents(room: Room, folder: Path) -> None:
    fill(folder, 2)
    (folder / "inner").mkdir()
    (folder / "inner" / "a.txt").write_text("kettle")
    room.index(folder)
    (folder / "inner").chmod(0)
    try:
        report = rescan(room)
    finally:
        (folder / "inner").chmod(0o755)
    assert (report.removed, report.documents) == (0, 3)


def test_an_outer_folder_does_not_take_a_vanished_inner_one_for_deleted(room: Room, folder: Path) -> None:
    drive = folder / "drive"
    drive.mkdir()
    fill(drive, 3)
    (folder / "a.txt").write_text("kettle")
    room.index(folder, drive)
    shutil.move(drive, folder.with_name("elsewhere"))
    report = rescan(room)
    assert (report.removed, report.documents) == (0, 4)
    assert [q.root for q in report.questions] == [str(drive)]


def test_a_question_goes_with_its_collection(room: Room, folder: Path) -> None:
    fill(folder, 3)
    work = room.corpus.collections.create("Work")
    room.result(room.corpus.index([folder], "Work"))
    shutil.rmtree(folder)
    assert len(rescan(room).questions) == 1
    room.corpus.collections.delete(work.uid)
    assert room.corpus.sync.questions() == []
    assert rescan(room).questions == ()
