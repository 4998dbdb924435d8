"""Indexing through the corpus's face: what is read, skipped, kept and removed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.base.events import DataChanged, Event, JobChanged
from tests.corpus.conftest import Room, notes, opened, pdf_bytes


def test_a_folder_is_indexed_and_found(room: Room, folder: Path) -> None:
    (folder / "a.txt").write_text("The kettle is blue.\n")
    (folder / "b.md").write_text("# Tools\n\nThe hammer hangs on the wall.\n")
    (folder / "inner").mkdir()
    (folder / "inner" / "c.pdf").write_bytes(pdf_bytes([["First page."], ["The saw lies on the bench."]]))
    report = room.index(folder)
    assert (report.documents, report.new, report.failed) == (3, 3, ())
    assert report.passages == room.corpus.shelf.stats().passages == 4
    assert report.bytes == sum(path.stat().st_size for path in folder.rglob("*.*"))
    best = room.corpus.search("where is the saw", 3)[0]
    assert (best.passage.text, best.passage.page) == ("The saw lies on the bench.", 2)
    assert best.passage.path == str(folder / "inner" / "c.pdf")
    assert room.corpus.search("hammer")[0].passage.heading == ("Tools",)
    assert DataChanged(frozenset({"documents"})) in room.seen
    room.whole()


def test_files_that_are_known_by_their_name(room: Room, folder: Path) -> None:
    (folder / "README").write_text("The kettle is blue.\n")
    (folder / "Makefile").write_text("kettle:\n\tboil water\n")
    (folder / "unknown").write_text("Nobody knows what this is.\n")
    report = room.index(folder)
    assert (report.documents, len(report.skipped)) == (2, 1)
    assert {row.format for row in room.rows().values()} == {"text", "code"}


def test_the_sample_is_indexed_without_a_failure(room: Room, sample_dir: Path) -> None:
    report = room.index(sample_dir)
    assert report.failed == ()
    assert report.documents >= 12
    room.whole()


def test_a_survey_counts_and_changes_nothing(room: Room, folder: Path) -> None:
    (folder / "a.txt").write_text("one")
    (folder / "b.md").write_text("two")
    (folder / "c.xyz").write_text("three")
    (folder / ".hidden.txt").write_text("four")
    survey = room.survey(folder)
    assert (survey.files, survey.bytes, survey.formats) == (2, 6, {"text": 1, "markdown": 1})
    assert (survey.new, survey.changed, survey.unchanged) == (2, 0, 0)
    assert dict(survey.skipped) == {
        str(folder / "c.xyz"): "Files ending in .xyz cannot be read yet.",
        str(folder / ".hidden.txt"): "It is hidden.",
    }
    assert len(room.corpus.shelf.documents()) == 0
    room.index(folder)
    (folder / "a.txt").write_text("one more")
    survey = room.survey(folder)
    assert (survey.new, survey.changed, survey.unchanged) == (0, 1, 1)


def test_unchanged_files_are_not_read_again(room: Room, folder: Path) -> None:
    (folder / "a.txt").write_text("one")
    (folder / "b.txt").write_text("two")
    room.index(folder)
    before = [passage.id for row in room.rows().values() for passage in room.corpus.shelf.passages(row.id)]
    (folder / "b.txt").touch()  # another date, the same bytes: read, hashed, kept
    report = room.index(folder)
    assert (report.new, report.changed, report.unchanged, report.documents) == (0, 0, 2, 2)
    assert report.bytes == 3
    assert [passage.id for row in room.rows().values() for passage in room.corpus.shelf.passages(row.id)] == before
    assert room.index(folder).bytes == 0


def test_new_changed_and_unchanged_make_up_the_documents(room: Room, folder: Path) -> None:
    (folder / "a.txt").write_text("one")
    (folder / "b.txt").write_text("two")
    (folder / "bad.txt").write_bytes(b"")
    report = room.index(folder)
    assert (report.documents, report.new, report.changed, report.unchanged) == (2, 2, 0, 0)
    (folder / "b.txt").write_text("two more")
    report = room.index(folder)
    assert (report.documents, report.new, report.changed, report.unchanged) == (2, 0, 1, 1)
    assert report.failed == ((str(folder / "bad.txt"), "The file is empty."),)


def test_a_changed_file_replaces_its_passages(room: Room, folder: Path) -> None:
    file = folder / "a.txt"
    file.write_text("The kettle is blue.")
    room.index(folder)
    old = room.corpus.search("kettle")[0].passage
    file.write_text("The bicycle is red.")
    report = room.index(folder)
    assert (report.changed, report.documents, report.passages) == (1, 1, 1)
    assert room.corpus.search("kettle") == []
    assert room.corpus.search("bicycle")[0].passage.text == "The bicycle is red."
    assert room.corpus.shelf.passage(old.id) is None
    assert room.corpus.shelf.find_document(old.document_sha256, old.path) is None
    room.whole()


def test_deleted_files_leave_the_index(room: Room, folder: Path) -> None:
    (folder / "inner").mkdir()
    for name in ("a.txt", "b.txt", "inner/c.txt"):
        (folder / name).write_text(f"kettle {name}")
    room.index(folder)
    (folder / "a.txt").unlink()
    shutil.rmtree(folder / "inner")
    report = room.index(folder)
    assert (report.removed, report.documents, report.unchanged) == (2, 1, 1)
    assert [hit.passage.text for hit in room.corpus.search("kettle")] == ["kettle b.txt"]
    room.whole()


def test_the_last_deleted_file_leaves_the_index_too(room: Room, folder: Path) -> None:
    (folder / "a.txt").write_text("kettle")
    room.index(folder)
    (folder / "a.txt").unlink()
    assert room.index(folder).removed == 1
    assert room.corpus.shelf.stats().documents == 0


def test_a_vanished_folder_never_empties_the_index(room: Room, folder: Path) -> None:
    (folder / "a.txt").write_text("kettle")
    room.index(folder)
    shutil.move(folder, folder.with_name("elsewhere"))
    with pytest.raises(ForgeError, match="does not exist") as caught:
        room.index(folder)
    assert str(folder) in caught.value.message
    assert "kept" in caught.value.hint
    report = room.result(room.corpus.rescan())
    assert report.failed == ((str(folder), "It is not there now. What was indexed from it is kept."),)
    assert room.corpus.search("kettle")[0].passage.text == "kettle"


def test_an_empty_mount_point_never_empties_the_index(room: Room, folder: Path) -> None:
    (folder / "a.txt").write_text("kettle")
    room.index(folder)
    shutil.move(folder, folder.with_name("drive"))
    folder.mkdir()  # what is left when the drive is not mounted: another, empty folder
    for report in (room.index(folder), room.result(room.corpus.rescan())):
        assert report.removed == 0
        assert "not the one that was indexed" in report.failed[0][1]
    assert room.corpus.shelf.stats().documents == 1
    folder.rmdir()
    shutil.move(folder.with_name("drive"), folder)
    assert room.index(folder).unchanged == 1


def test_one_missing_path_stops_the_run_before_anything_is_done(room: Room, folder: Path) -> None:
    (folder / "a.txt").write_text("kettle")
    with pytest.raises(ForgeError, match=r"missing\.txt does not exist"):
        room.index(folder, folder / "missing.txt")
    for odd in ("", "a\0b"):
        with pytest.raises(ForgeError, match="does not exist"):
            room.index(odd)
    with pytest.raises(ForgeError, match="does not exist"):
        room.survey(folder / "missing")
    assert len(room.corpus.shelf.documents()) == 0


def test_a_file_given_by_itself_and_with_its_folder_is_one_document(room: Room, folder: Path) -> None:
    (folder / "a.txt").write_text("kettle")
    report = room.index(folder, folder / "a.txt", folder, folder / "." / "a.txt")
    assert (report.documents, report.new) == (1, 1)


def test_equal_files_are_two_documents_and_one_hit(room: Room, folder: Path) -> None:
    for name in ("a.txt", "b.txt", "c.txt"):
        (folder / name).write_text("The kettle is blue.")
    (folder / "d.txt").write_text("A kettle, red.")
    assert room.index(folder).documents == 4
    hits = room.corpus.search("kettle", 2)
    assert [hit.passage.text for hit in hits] == ["A kettle, red.", "The kettle is blue."]
    sha256 = hits[1].passage.document_sha256
    assert room.corpus.shelf.find_document(sha256, str(folder / "b.txt")).name == "b.txt"  # type: ignore[union-attr]
    room.corpus.remove([room.rows()["a.txt"].id])
    assert room.corpus.search("kettle", 2)[1].passage.path == str(folder / "b.txt")


def test_another_passage_length_splits_again(room: Room, folder: Path) -> None:
    (folder / "a.txt").write_text("word " * 300)
    assert room.index(folder).passages == 2
    room.settings.change(passage_tokens=44, passage_overlap_tokens=0)
    report = room.index(folder)
    assert report.changed == 1
    assert report.passages == len(room.corpus.shelf.passages(room.rows()["a.txt"].id)) == 8
    room.whole()


def test_progress_counts_bytes_and_names_the_file(room: Room, folder: Path) -> None:
    for number in range(3):
        (folder / f"{number}.txt").write_text("word " * 100)
    room.index(folder)
    last = [event for event in room.seen if isinstance(event, JobChanged) and event.total is not None][-1]
    assert (last.done, last.total) == (1500, 1500)
    assert notes(room.seen)[-1] in {str(folder / f"{number}.txt") for number in range(3)}  # two are read at a time


def test_a_cancelled_run_keeps_what_is_done_and_goes_on_later(room: Room, folder: Path) -> None:
    for number in range(1500):
        (folder / f"{number:04}.txt").write_text(f"kettle {number} " * 40)

    def stop(event: Event) -> None:
        if isinstance(event, JobChanged) and event.total is not None and event.done > event.total / 4:
            room.jobs.cancel(event.job_id)

    unsubscribe = room.events.subscribe(stop)
    with pytest.raises(Cancelled):
        room.index(folder)
    unsubscribe()
    done = {row.id: row.indexed for row in room.rows().values() if row.state == "indexed"}
    waiting = room.corpus.shelf.documents(state="pending")
    assert len(done) > 0
    assert len(waiting) > 0
    assert len(done) + len(waiting) == 1500
    room.whole()
    report = room.result(room.corpus.resume_pending())
    assert report.new == len(waiting)
    assert room.corpus.resume_pending() is None
    assert room.corpus.shelf.stats().documents == 1500
    assert all(room.corpus.shelf.document(document_id).indexed == when for document_id, when in done.items())
    room.whole()


def test_a_paused_run_waits(room: Room, folder: Path) -> None:
    for number in range(1000):
        (folder / f"{number}.txt").write_text(f"kettle {number} " * 40)
    paused = []

    def pause(event: Event) -> None:
        if isinstance(event, JobChanged) and event.state == "running" and event.total is not None and not paused:
            paused.append(event.job_id)
            room.jobs.pause(event.job_id)
        elif isinstance(event, JobChanged) and event.state == "paused":
            room.jobs.resume(event.job_id)

    room.events.subscribe(pause)
    assert room.index(folder).documents == 1000
    assert "paused" in [event.state for event in room.seen if isinstance(event, JobChanged)]


def test_rescan_takes_in_what_was_added(room: Room, folder: Path) -> None:
    (folder / "a.txt").write_text("one")
    room.index(folder)
    (folder / "b.txt").write_text("two")
    report = room.result(room.corpus.rescan())
    assert (report.new, report.unchanged) == (1, 1)


def test_the_index_survives_closing(data_dir: Path, folder: Path) -> None:
    (folder / "a.txt").write_text("The kettle is blue.")
    first = opened(data_dir)
    first.index(folder)
    hit = first.corpus.search("kettle")
    first.close()
    second = opened(data_dir)
    assert second.corpus.search("kettle") == hit
    assert second.index(folder).unchanged == 1
    second.close()


def test_the_own_data_directory_is_left_out(room: Room, data_dir: Path) -> None:
    (data_dir / "notes.txt").write_text("not a document")
    (data_dir.parent / "a.txt").write_text("a document")
    assert room.index(data_dir.parent).documents == 1
    report = room.index(data_dir)
    assert "its own data" in report.failed[0][1]


def test_retry_reads_again(room: Room, folder: Path) -> None:
    (folder / "a.txt").write_bytes(b"")
    (folder / "b.txt").write_text("fine")
    room.index(folder)
    (folder / "a.txt").write_text("The kettle is blue.")
    report = room.result(room.corpus.retry(room.corpus.shelf.documents(state="failed")))
    assert (report.documents, report.new, report.failed) == (1, 1, ())
    again = room.result(room.corpus.retry([room.rows()["b.txt"].id]))
    assert (again.documents, again.changed) == (1, 1)
    assert os.fspath(folder / "a.txt") == room.corpus.search("kettle")[0].passage.path
    room.whole()
