"""The list of students through its public face, with real GGUF files."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.base.events import DataChanged, JobChanged
from forge_desktop.engine import PromptMessage, PromptPart, Sampling
from forge_desktop.storage import Database
from forge_desktop.students.files import display_name
from forge_desktop.students.store import Bases
from forge_desktop.students.store_versions import Versions, ensure_version, make_active
from forge_desktop.students.verifying import Verifying
from tests.data import tiny_gguf
from tests.students.conftest import Room

Open = Callable[[Path], Room]
HELLO = [PromptMessage("user", (PromptPart("Hello"),))]


def test_a_fresh_data_directory_has_the_starter_and_it_answers(open_room: Open, starter: Path) -> None:
    room = open_room(starter)
    active = room.students.active()
    assert active is not None
    assert room.students.list() == [active]
    assert (active.name, active.shipped, active.problem) == ("SmolLM2-135M-Instruct Q4_1", True, "")
    assert active.sha256 == "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
    assert (active.architecture, active.parameters, active.layers) == ("llama", 134_515_008, 30)
    assert room.engine.state().status == "empty"  # nothing is loaded until somebody asks
    answer = room.engine.generate(HELLO, Sampling(max_tokens=4), lambda _: None)
    assert (answer.model, answer.model_sha256) == (active.name, active.sha256)


def test_the_second_start_changes_nothing(open_room: Open, shipped: Path) -> None:
    first = open_room(shipped).students.list()
    room = open_room(shipped)
    assert room.students.list() == first
    assert room.seen == [event for event in room.seen if not isinstance(event, DataChanged)]


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_student_that_was_stopped_stays_so_after_a_start_until_it_is_chosen_anew(
    open_room: Open, shipped: Path, expect_log: Callable[[str], None]
) -> None:
    expect_log("the engine child was killed")
    room = open_room(shipped)
    for _ in range(4):
        room.engine.generate(HELLO, Sampling(max_tokens=300), lambda _: os.kill(room.engine.pid or 0, 9))
    room = open_room(shipped)
    assert room.engine.state().status == "stopped"
    assert shipped.name in room.engine.state().note
    with pytest.raises(ForgeError, match="four times"):
        room.engine.warm(asked=False)
    active = room.students.active()
    assert active is not None
    room.students.activate(active.id)
    assert room.engine.state().status == "empty"
    room = open_room(shipped)
    assert room.engine.warm(asked=False).status == "ready"


def test_without_a_starter_there_is_no_student_until_one_is_imported(
    open_room: Open, tiny: Path, tmp_path: Path
) -> None:
    room = open_room(tmp_path / "gone.gguf")
    assert room.students.list() == []
    assert room.students.active() is None
    with pytest.raises(ForgeError, match="There is no student"):
        room.engine.warm()
    room.add(tiny)
    active = room.students.active()
    assert active is not None
    assert active.name == "Tiny-Chat F32"
    assert room.engine.warm().model == "Tiny-Chat F32"


def test_a_damaged_starter_is_left_out(open_room: Open, tmp_path: Path, expect_log: Callable[[str], None]) -> None:
    expect_log("the starter student cannot be used")
    broken = tmp_path / "starter.gguf"
    broken.write_bytes(b"GGUF half a file")
    assert open_room(broken).students.list() == []


def test_import_lists_with_header_facts_and_progress_but_does_not_take_over(
    open_room: Open, shipped: Path, tiny: Path
) -> None:
    room = open_room(shipped)
    student_id = room.add(tiny)
    listed = {student.id: student for student in room.students.list()}
    student = listed[student_id]
    assert (student.active, student.shipped, student.path) == (False, False, str(tiny))
    assert (student.context, student.layers, student.quantisation) == (512, 2, "F32")
    assert student.file_bytes == tiny.stat().st_size
    assert "<|im_start|>" in student.template
    assert DataChanged(frozenset({"students", "versions"})) in room.seen
    progress = [event for event in room.seen if isinstance(event, JobChanged) and event.kind == "import"]
    assert progress[-1].state == "done"
    assert progress[-2].done == progress[-2].total == student.file_bytes
    assert room.students.list()[0].shipped


def test_activating_changes_who_answers_and_is_remembered(open_room: Open, shipped: Path, tiny: Path) -> None:
    room = open_room(shipped)
    room.students.activate(room.add(tiny))
    assert room.engine.generate(HELLO, Sampling(max_tokens=2), lambda _: None).model == "Tiny-Chat F32"
    room = open_room(shipped)
    active = room.students.active()
    assert active is not None
    assert active.name == "Tiny-Chat F32"
    assert room.engine.state().model == "Tiny-Chat F32"


def test_importing_the_same_file_twice_gives_the_same_student(open_room: Open, shipped: Path, tiny: Path) -> None:
    room = open_room(shipped)
    first = room.add(tiny)
    moved = tiny.with_name("moved.gguf")
    tiny.rename(moved)
    assert "cannot be read" in room.students.check(first)
    assert room.add(moved) == first
    assert room.students.check(first) == ""
    assert len(room.students.list()) == 2


def test_removing_keeps_the_file_and_falls_back_to_the_starter(open_room: Open, shipped: Path, tiny: Path) -> None:
    room = open_room(shipped)
    student_id = room.add(tiny)
    room.students.activate(student_id)
    room.students.remove(student_id)
    assert tiny.exists()
    assert [student.shipped for student in room.students.list()] == [True]
    active = room.students.active()
    assert active is not None
    assert active.shipped
    assert room.engine.state().model == active.name
    with pytest.raises(ForgeError, match="no longer in the list"):
        room.students.remove(student_id)


def test_the_starter_cannot_be_removed(open_room: Open, shipped: Path) -> None:
    room = open_room(shipped)
    with pytest.raises(ForgeError, match="belongs to the program"):
        room.students.remove(room.students.list()[0].id)


@pytest.mark.parametrize("change", ["missing", "shorter", "same size"])
def test_a_file_that_is_not_what_was_imported_is_named_before_it_is_used(
    open_room: Open, shipped: Path, tiny: Path, change: str
) -> None:
    room = open_room(shipped)
    student_id = room.add(tiny)
    room.students.activate(student_id)
    raw = bytearray(tiny.read_bytes())
    if change == "missing":
        tiny.unlink()
    else:
        raw[-1] ^= 1
        tiny.write_bytes(raw if change == "same size" else raw[:-100])
        os.utime(tiny, ns=(1, 1))
    sentence = "cannot be read" if change == "missing" else "has changed since it was imported"
    with pytest.raises(ForgeError, match=sentence) as refused:
        room.engine.generate(HELLO, Sampling(max_tokens=2), lambda _: None)
    assert str(tiny) in refused.value.message
    assert room.engine.pid is None
    assert sentence in room.students.check(student_id)
    with pytest.raises(ForgeError, match=sentence):
        room.students.activate(student_id)
    if change != "same size":
        assert sentence in room.students.list()[1].problem


def test_a_file_that_was_only_touched_is_fine(open_room: Open, shipped: Path, tiny: Path) -> None:
    room = open_room(shipped)
    student_id = room.add(tiny)
    os.utime(tiny, ns=(1, 1))
    assert room.students.check(student_id) == ""
    room.students.activate(student_id)
    assert room.engine.warm().status == "ready"


def test_another_starter_takes_the_old_ones_place(open_room: Open, shipped: Path, tmp_path: Path) -> None:
    old = open_room(shipped).students.list()[0]
    newer = tiny_gguf.write(tmp_path / "newer.gguf", layers=4)
    listed = open_room(newer).students.list()
    assert [(student.name, student.active, student.shipped) for student in listed] == [("newer", True, True)]
    assert listed[0].sha256 != old.sha256


def test_another_starter_answers_in_place_of_an_adapter_of_the_old_one(
    open_room: Open, shipped: Path, tmp_path: Path, data_dir: Path
) -> None:
    old = open_room(shipped).students.list()[0]
    with contextlib.closing(Database(data_dir / "forge.db")) as db, db.write() as connection:
        trained = ensure_version(connection, old.sha256, "a" * 64, name="Trained")
        make_active(connection, trained)
    room = open_room(tiny_gguf.write(tmp_path / "newer.gguf", layers=4))
    assert [(student.name, student.active) for student in room.students.list()] == [("newer", True)]
    assert room.engine.state().model == "newer"
    with contextlib.closing(Database(data_dir / "forge.db")) as db:
        kept = Versions(db, data_dir / "adapters")
        assert [(v.label, v.name, v.state) for v in kept.all()] == [
            ("v3", "newer", "active"),
            ("v2", "Trained", "candidate"),  # it stays, and says that its base is gone
        ]
        assert "is not on this computer" in Verifying(Bases(db), kept).version(kept.all()[1], quick=True)


def test_the_same_starter_in_another_place_is_found(open_room: Open, shipped: Path, tmp_path: Path) -> None:
    old = open_room(shipped).students.list()[0]
    moved = tmp_path / "elsewhere" / "starter.gguf"
    moved.parent.mkdir()
    shutil.move(shipped, moved)
    room = open_room(moved)
    assert [(student.id, student.path) for student in room.students.list()] == [(old.id, str(moved))]
    assert room.engine.warm().status == "ready"


BAD = {
    "text": (b"This is no model at all.", "is not a GGUF file"),
    "empty": (b"", "is empty"),
    "random": (b"GGUF\x03\x00\x00\x00" + bytes(range(200)), "is not a usable GGUF file"),
}


@pytest.mark.parametrize("name", BAD)
def test_files_that_are_no_students_are_refused(open_room: Open, shipped: Path, tmp_path: Path, name: str) -> None:
    content, sentence = BAD[name]
    path = tmp_path / "bad.gguf"
    path.write_bytes(content)
    room = open_room(shipped)
    with pytest.raises(ForgeError, match=sentence):
        room.add(path)
    with pytest.raises(ForgeError, match="No such file"):
        room.add(tmp_path / "gone.gguf")
    assert len(room.students.list()) == 1


def test_a_cut_off_download_is_refused(open_room: Open, shipped: Path, tiny: Path) -> None:
    tiny.write_bytes(tiny.read_bytes()[:-1000])
    room = open_room(shipped)
    with pytest.raises(ForgeError, match="its weights need at least"):
        room.add(tiny)


def test_an_import_can_be_stopped(open_room: Open, shipped: Path, starter: Path) -> None:
    room = open_room(shipped)
    job = room.students.import_gguf(starter)
    room.jobs.cancel(job)
    with pytest.raises(Cancelled):
        room.jobs.wait(job, timeout=60)
    assert len(room.students.list()) == 1


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="names that are not Unicode")
def test_a_name_that_is_not_unicode(open_room: Open, shipped: Path, tiny: Path, tmp_path: Path) -> None:
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/b\xff\xfed.gguf"))
    shutil.copyfile(tiny, odd)
    room = open_room(shipped)
    student_id = room.add(odd)
    student = next(student for student in room.students.list() if student.id == student_id)
    assert student.path == str(odd)
    student.name.encode("utf-8")
    room.students.activate(student_id)
    assert room.engine.warm().status == "ready"


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("SmolLM2-135M-Instruct.Q4_1.gguf", "SmolLM2-135M-Instruct Q4_1"),
        ("gemma-3-270m-it-Q4_K_M.gguf", "gemma-3-270m-it Q4_K_M"),
        ("Qwen3-0.6B-BF16.GGUF", "Qwen3-0.6B BF16"),
        ("model.gguf", "model"),
        ("plain", "plain"),
    ],
)
def test_names_for_people(file: str, name: str) -> None:
    assert display_name(Path(file)) == name
