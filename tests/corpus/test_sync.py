"""Folder sync: moves, vanished drives, mass deletions, and folders that are watched."""

from __future__ import annotations

import errno
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import DataChanged, Event, Events, JobChanged
from forge_desktop.base.jobs import Jobs
from forge_desktop.base.settings import SettingsFile
from forge_desktop.corpus import Corpus, IndexReport, SyncQuestion, watching
from forge_desktop.corpus.sync import Sync
from forge_desktop.corpus.watching import Touched, Watcher, identity_of
from forge_desktop.storage import Database
from tests.corpus.conftest import Room, needs_posix, opened, pdf_bytes


def fill(folder: Path, count: int) -> None:
    for number in range(count):
        (folder / f"{number:03}.txt").write_text(f"kettle {number}")


def rescan(room: Room) -> IndexReport:
    return room.result(room.corpus.rescan())


def passages(room: Room) -> dict[str, list[int]]:
    return {name: [p.id for p in room.corpus.shelf.passages(row.id)] for name, row in room.rows().items()}


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
    found = room.corpus.shelf.find_document(old.sha256, str(folder / "b.pdf"))
    assert found is not None
    assert (found.id, found.path) == (row.id, row.path)
    assert list(room.corpus.shelf.documents("b.pdf")) == [row.id]
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
    assert [(c.name, c.documents) for c in room.corpus.collections.all()] == [("Documents", 1), ("Private", 0)]
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


def asked(room: Room, folder: Path) -> SyncQuestion:
    """The question about 25 of 30 documents whose files are gone."""
    fill(folder, 30)
    room.index(folder)
    for number in range(25):
        (folder / f"{number:03}.txt").unlink()
    (question,) = rescan(room).questions
    return question


def test_a_mass_deletion_asks_and_keeps(room: Room, folder: Path) -> None:
    fill(folder, 50)
    room.index(folder)
    for number in range(30):
        (folder / f"{number:03}.txt").unlink()
    report = rescan(room)
    (question,) = report.questions
    assert (question.kind, question.documents, question.total) == ("mass_deletion", 30, 50)
    assert (question.root, report.removed, report.documents) == (str(folder), 0, 50)
    assert report.failed == ()
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
    question = asked(room, folder)
    token = room.corpus.sync.answer(question.id, "remove")
    assert token is not None
    assert (room.corpus.shelf.stats().documents, room.corpus.sync.questions()) == (5, [])
    with pytest.raises(ForgeError, match="settled"):
        room.corpus.sync.answer(question.id, "keep")
    room.corpus.restore(token)
    assert room.corpus.shelf.stats().documents == 30
    assert rescan(room).questions == ()  # undone is as good as kept
    room.whole()


def test_kept_documents_stay_until_their_files_are_there_again(room: Room, folder: Path) -> None:
    question = asked(room, folder)
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
    assert (room.corpus.shelf.stats().documents, rescan(room).questions) == (0, ())
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


def test_a_run_asks_only_about_the_folders_it_looked_at(room: Room, folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    fill(folder, 2)
    room.index(folder, other)
    shutil.rmtree(folder)
    assert len(rescan(room).questions) == 1
    assert room.index(other).questions == ()


def test_a_question_goes_with_its_collection(room: Room, folder: Path) -> None:
    fill(folder, 3)
    work = room.corpus.collections.create("Work")
    room.result(room.corpus.index([folder], "Work"))
    shutil.rmtree(folder)
    assert len(rescan(room).questions) == 1
    room.corpus.collections.delete(work.uid)
    assert room.corpus.sync.questions() == []
    assert rescan(room).questions == ()


# ---- watching ----


class Followed:
    """A room whose folders are followed; `until` waits for events, never for time."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self._changed = threading.Condition()
        self._unsubscribe = room.events.subscribe(self._hear)
        room.corpus.sync.quiet = 0.05

    def _hear(self, event: Event) -> None:
        with self._changed:
            self._changed.notify_all()

    def until(self, what: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(what, 60), self.room.corpus.sync.state()

    def start(self) -> None:
        """Follow, and wait for the first look to end."""
        has_roots = any(collection.roots for collection in self.room.corpus.collections.all())
        self.room.corpus.sync.start()
        self.until(lambda: self.room.corpus.sync.state().mode != "off" and (not has_roots or self.has_looked()))

    def has_looked(self) -> bool:
        return any(isinstance(e, JobChanged) and (e.kind, e.state) == ("sync", "done") for e in self.room.seen)

    def is_quiet(self) -> bool:
        return not self.room.jobs.running("sync")

    def names(self) -> list[str]:
        return sorted(row.name for row in self.room.rows().values() if row.state == "indexed")


@pytest.fixture
def followed(room: Room) -> Followed:
    return Followed(room)


def test_what_happens_in_a_watched_folder_is_in_the_index(followed: Followed, room: Room, folder: Path) -> None:
    (folder / "a.txt").write_text("A blue kettle.")
    room.index(folder)
    followed.start()
    state = room.corpus.sync.state()
    assert (state.mode, state.roots, state.watched, state.note) == ("watching", 1, 1, "")
    (folder / "b.txt").write_text("A red kettle.")
    followed.until(lambda: followed.names() == ["a.txt", "b.txt"])
    (folder / "inner" / "deep").mkdir(parents=True)
    (folder / "inner" / "deep" / "c.txt").write_text("A green kettle.")
    followed.until(lambda: followed.names() == ["a.txt", "b.txt", "c.txt"])
    (folder / "b.txt").write_text("A yellow kettle.")
    followed.until(lambda: any(hit.passage.text == "A yellow kettle." for hit in room.corpus.search("yellow")))
    (folder / "a.txt").unlink()
    followed.until(lambda: followed.names() == ["b.txt", "c.txt"])
    before = room.rows()["c.txt"].id
    (folder / "inner" / "deep").rename(folder / "moved")
    followed.until(lambda: room.corpus.shelf.document(before).path == str(folder / "moved" / "c.txt"))
    room.corpus.sync.stop()
    assert room.corpus.sync.state().mode == "off"
    room.whole()


def test_what_changed_while_nobody_watched_is_found_at_the_start(followed: Followed, room: Room, folder: Path) -> None:
    room.index(folder)
    (folder / "a.txt").write_text("A blue kettle.")
    followed.start()
    assert followed.names() == ["a.txt"]


def test_a_folder_added_or_a_policy_changed_while_following_is_read(
    followed: Followed, room: Room, folder: Path
) -> None:
    (folder / "a.txt").write_text("A blue kettle.")
    (folder / "b.md").write_text("A red kettle.")
    followed.start()
    room.corpus.collections.create("Work", include=["*.txt"])
    room.corpus.collections.add("Work", [folder])
    followed.until(lambda: followed.names() == ["a.txt"])
    room.corpus.collections.change("Work", include=[])
    followed.until(lambda: followed.names() == ["a.txt", "b.md"])
    followed.until(lambda: room.corpus.sync.state().watched == 1)


def test_a_drive_that_goes_and_comes_back_asks_and_takes_the_question_back(
    followed: Followed, room: Room, folder: Path
) -> None:
    fill(folder, 3)
    room.index(folder)
    followed.start()
    shutil.move(folder, folder.with_name("drive"))
    followed.until(lambda: [q.kind for q in room.corpus.sync.questions()] == ["vanished"])
    assert room.corpus.sync.state().questions == 1
    assert followed.names() == ["000.txt", "001.txt", "002.txt"]
    shutil.move(folder.with_name("drive"), folder)
    followed.until(lambda: room.corpus.sync.questions() == [] and room.corpus.sync.state().watched == 1)
    (folder / "new.txt").write_text("kettle")
    followed.until(lambda: "new.txt" in followed.names())


def test_a_mass_deletion_while_watching_asks(followed: Followed, room: Room, folder: Path) -> None:
    (folder / "inner").mkdir()
    fill(folder / "inner", 40)
    room.index(folder)
    room.corpus.sync.quiet = 0.5
    followed.start()
    shutil.rmtree(folder / "inner")
    followed.until(lambda: [q.kind for q in room.corpus.sync.questions()] == ["mass_deletion"])
    assert len(followed.names()) == 40


def test_what_is_no_document_starts_no_run(followed: Followed, room: Room, folder: Path) -> None:
    (folder / ".git").mkdir()
    room.index(folder)
    followed.start()
    started = len(runs(room))
    (folder / "a.o").write_bytes(b"\0")
    (folder / ".git" / "b.txt").write_text("hidden")
    (folder / "c.txt").write_text("kettle")  # the last one: when it is there, the others were judged
    followed.until(lambda: followed.names() == ["c.txt"] and followed.is_quiet())
    assert len(runs(room)) <= started + 2  # a file that is written is touched twice


def runs(room: Room) -> list[int]:
    return [e.job_id for e in room.seen if isinstance(e, JobChanged) and e.kind == "sync" and e.state == "queued"]


def test_a_folder_that_the_system_does_not_watch_is_looked_through(room: Room, folder: Path) -> None:
    class Refusing(Watcher):
        def _watching(self, root: bytes) -> BaseObserver:
            raise OSError(errno.ENOSPC, "inotify watch limit reached")

    room.corpus.collections.add("Documents", [folder])
    looks: list[object] = []
    looked = threading.Event()

    def look(places: object) -> int:
        looks.append(places)
        looked.set()
        return 0

    sync = Sync(room.db, room.corpus._remover, room.events, room.jobs, room.settings, look, watcher=Refusing)
    sync.start()
    assert looked.wait(60)
    sync.stop()
    told = [event for event in room.seen if event == DataChanged(frozenset({"sync"}))]
    assert told
    assert looks == [None]


def test_more_than_can_be_remembered_means_everything() -> None:
    woken: list[bool] = []
    touched = Touched(lambda: woken.append(True))
    assert touched.due_in(0.0) is None
    for number in range(3):
        touched.add(b"%d" % number)
    assert (touched.due_in(0.0), woken, touched.take()) == (0.0, [True], [b"0", b"1", b"2"])
    for number in range(10_000):
        touched.add(b"%d" % number)
    assert len(touched) <= 2000
    assert touched.take() is None
    assert (touched.take(), touched.due_in(9.0)) == ([], None)


def test_a_network_drive_is_known_by_its_mount(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = os.stat(tmp_path)
    device = f"{os.major(info.st_dev)}:{os.minor(info.st_dev)}" if os.name == "posix" else "0:0"
    mounts = tmp_path / "mountinfo"
    monkeypatch.setattr(watching, "_MOUNTS", str(mounts))
    path = os.fsencode(tmp_path)
    for source, remote in (("ext4 /dev/sda1", False), ("cifs //nas/share", True), ("fuse.sshfs me@far:", True)):
        mounts.write_text(f"22 27 0:99 / /proc rw - proc proc rw\n36 35 {device} / /mnt rw,x shared:1 - {source} rw\n")
        assert watching.is_remote(path) is (remote and os.name == "posix")
    mounts.unlink()
    assert not watching.is_remote(path)
    assert watching.is_remote(b"\\\\nas\\share")


def test_the_watcher_says_what_it_cannot_watch_and_gives_back_what_it_took(tmp_path: Path) -> None:
    class Full(Observer):  # type: ignore[misc, valid-type]
        def schedule(self, handler: object, path: str, **options: object) -> object:
            if path == str(tmp_path / "spare"):
                raise OSError(errno.ENOSPC, "inotify watch limit reached")
            return super().schedule(handler, path, **options)

    roots = {}
    for name in ("spare", "a", "b"):
        (tmp_path / name).mkdir()
        roots[os.fsencode(tmp_path / name)] = identity_of(os.fsencode(tmp_path / name))
    spare = os.fsencode(tmp_path / "spare")
    del roots[spare]
    watcher = Watcher(lambda path: None, spare, Full)
    watcher.follow(roots)  # type: ignore[arg-type]
    assert len(watcher) == 0
    assert set(watcher.problems.values()) == {"the system's limit of watched folders is reached"}
    watcher.close()
    assert watcher.problems == {}


def test_nothing_is_watched_when_it_is_switched_off(followed: Followed, room: Room, folder: Path) -> None:
    room.settings.change(watch_folders=False)
    room.index(folder)
    followed.start()
    assert (room.corpus.sync.state().mode, room.corpus.sync.state().watched) == ("polling", 0)
    room.settings.change(sync_minutes=0)
    followed.until(lambda: room.corpus.sync.state().mode == "off")
    room.settings.change(watch_folders=True)
    followed.until(lambda: room.corpus.sync.state().watched == 1)


@needs_posix
def test_a_root_that_is_a_link_and_a_root_that_is_a_file_are_followed(
    followed: Followed, room: Room, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "linked").symlink_to(folder)
    single = tmp_path / "single.txt"
    single.write_text("A blue kettle.")
    room.index(tmp_path / "linked", single)
    followed.start()
    (folder / "a.txt").write_text("A red kettle.")
    followed.until(lambda: followed.names() == ["a.txt", "single.txt"])
    assert room.rows()["a.txt"].path == str(tmp_path / "linked" / "a.txt")
    new = tmp_path / "new"
    new.write_text("A green kettle.")
    new.replace(single)  # how editors save
    followed.until(lambda: bool(room.corpus.search("green")))


def test_a_process_that_only_reads_follows_nothing(data_dir: Path) -> None:
    opened(data_dir).close()
    events = Events()
    db, jobs = Database(data_dir / "forge.db", read_only=True), Jobs(events)
    corpus = Corpus(db, jobs, events, SettingsFile(data_dir / "settings.json", events))
    corpus.sync.start()
    assert jobs.running() == []
    assert corpus.sync.state().mode == "off"
    corpus.close()
    jobs.close()
    db.close()
