"""Collections through the corpus's face: policies, folders in several of them, what may leave, deleting with undo."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.corpus import IndexReport, PolicyEffect, SearchFilter
from tests.conftest import ROOT
from tests.corpus.conftest import Room, needs_posix, opened


def names(room: Room, *collections: str) -> list[str]:
    rows = room.corpus.shelf.document_rows(room.corpus.collections.members(collections or ("Documents",)))
    return sorted(row.name for row in rows)


def index_into(room: Room, collection: str, *paths: Path) -> IndexReport:
    return room.result(room.corpus.index(paths, collection))


def effect(room: Room, collection: str, **policy: object) -> PolicyEffect:
    result = room.jobs.wait(room.corpus.collections.effect(collection, **policy), 60)
    assert isinstance(result, PolicyEffect)
    return result


def test_documents_belong_to_the_standing_collection_unless_told(room: Room, folder: Path) -> None:
    (folder / "a.txt").write_text("The kettle is blue.")
    room.index(folder)
    (only,) = room.corpus.collections.all()
    assert (only.name, only.standing, only.roots) == ("Documents", True, (str(folder),))
    assert (only.documents, only.passages, only.failed, only.bytes) == (1, 1, 0, 19)
    assert only.synced is not None
    assert (only.include, only.exclude, only.never_send) == ((), (), False)


def test_one_folder_in_two_collections_is_stored_once(room: Room, folder: Path) -> None:
    (folder / "a.txt").write_text("The kettle is blue.")
    room.corpus.collections.create("Work")
    room.index(folder)
    report = index_into(room, "work", folder)
    assert (report.documents, report.new, report.unchanged) == (1, 0, 1)
    assert [c.documents for c in room.corpus.collections.all()] == [1, 1]
    assert room.corpus.shelf.stats().documents == 1
    for collection in room.corpus.collections.all():
        assert list(room.corpus.collections.members([collection.uid])) == [room.rows()["a.txt"].id]
    room.whole()


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ({}, ["a.md", "b.txt", "c.md", "d.txt"]),
        ({"include": ["*.MD"]}, ["a.md", "c.md"]),
        ({"exclude": ["/inner"]}, ["a.md", "b.txt"]),
        ({"exclude": ["*.txt", "!b.txt"]}, ["a.md", "b.txt", "c.md"]),
        ({"include": ["inner/**"], "exclude": ["*.md"]}, ["d.txt"]),
        ({"include": ["inner/*.md"]}, ["c.md"]),
        ({"hidden": True}, ["a.md", "b.txt", "c.md", "d.txt", "e.txt"]),
    ],
)
def test_a_policy_says_what_is_read(room: Room, folder: Path, policy: dict[str, object], expected: list[str]) -> None:
    (folder / "inner").mkdir()
    (folder / ".git").mkdir()
    for name in ("a.md", "b.txt", "inner/c.md", "inner/d.txt", ".git/e.txt"):
        (folder / name).write_text(f"kettle {name}")
    room.corpus.collections.create("Work", **policy)
    index_into(room, "Work", folder)
    assert names(room, "Work") == expected
    assert names(room) == []
    room.whole()


def test_a_changed_policy_takes_out_and_brings_in_and_says_so_before(room: Room, folder: Path) -> None:
    for name in ("a.md", "b.txt", "c.txt"):
        (folder / name).write_text(f"kettle {name}")
    room.corpus.collections.create("Work", include=["*.txt"])
    index_into(room, "Work", folder)
    assert effect(room, "Work", include=["*.md"]) == PolicyEffect(2, 2, 1, 11)
    assert names(room, "Work") == ["b.txt", "c.txt"]
    changed = room.corpus.collections.change("Work", include=["*.md"])
    assert (changed.include, changed.synced) == (("*.md",), None)
    report = room.result(room.corpus.rescan())
    assert (report.new, report.removed, report.documents) == (1, 2, 1)
    assert names(room, "Work") == ["a.md"]
    assert room.corpus.collections.get("Work").synced is not None
    room.whole()


def test_a_search_keeps_to_collections(room: Room, folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (folder / "a.txt").write_text("A blue kettle.")
    (other / "b.txt").write_text("A red kettle.")
    work = room.corpus.collections.create("Work")
    room.index(folder, other)

    def found(*collections: str) -> list[str]:
        hits = room.corpus.search("kettle", where=SearchFilter(collections=collections))
        return sorted(os.path.basename(hit.passage.path) for hit in hits)

    assert (found("Documents"), found("Work")) == (["a.txt", "b.txt"], [])
    index_into(room, "Work", other)  # joins; nothing is indexed anew
    assert (found("Work"), found(work.uid, "Documents")) == (["b.txt"], ["a.txt", "b.txt"])
    room.corpus.collections.change("Work", exclude=["b.*"])
    room.result(room.corpus.rescan())
    assert (found("Work"), found("Documents")) == ([], ["a.txt", "b.txt"])


def test_what_leaves_one_collection_stays_in_the_other(room: Room, folder: Path) -> None:
    for name in ("a.md", "b.txt"):
        (folder / name).write_text(f"kettle {name}")
    room.corpus.collections.create("Work")
    room.index(folder)
    index_into(room, "Work", folder)
    passages = [hit.passage.id for hit in room.corpus.search("kettle")]
    room.corpus.collections.change("Work", exclude=["*.md"])
    assert effect(room, "Work", exclude=["*.md"]) == PolicyEffect(0, 0, 0, 0)
    assert room.result(room.corpus.rescan()).removed == 0
    assert (names(room, "Work"), names(room)) == (["b.txt"], ["a.md", "b.txt"])
    assert [hit.passage.id for hit in room.corpus.search("kettle")] == passages


def test_a_policy_change_of_many_documents_is_meant_and_asks_nothing(room: Room, folder: Path) -> None:
    for number in range(60):
        (folder / f"{number}.txt").write_text("kettle")
    room.corpus.collections.create("Work")
    index_into(room, "Work", folder)
    room.corpus.collections.change("Work", exclude=["*.txt"])
    report = room.result(room.corpus.rescan())
    assert (report.removed, report.questions) == (60, ())


def test_a_size_cap_leaves_larger_files_out(room: Room, folder: Path) -> None:
    (folder / "small.txt").write_text("kettle")
    (folder / "large.txt").write_text("word " * 250_000)
    room.corpus.collections.create("Work", max_megabytes=1)
    report = index_into(room, "Work", folder)
    assert (report.documents, report.failed) == (1, ())
    assert dict(report.skipped)[str(folder / "large.txt")] == "It is larger than 1 MB, the collection's limit."


def test_a_nested_root_is_held_whatever_the_outer_ones_policy_says(room: Room, folder: Path) -> None:
    inner = folder / ".notes"
    inner.mkdir()
    (inner / "a.txt").write_text("kettle")
    (folder / "b.txt").write_text("kettle")
    room.index(folder, inner)
    assert names(room) == ["a.txt", "b.txt"]
    for report in (room.index(folder), room.result(room.corpus.rescan()), room.index(inner)):
        assert report.removed == 0
    assert names(room) == ["a.txt", "b.txt"]


@needs_posix
def test_links_are_followed_when_a_collection_wants_it(room: Room, folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "far.txt").write_text("The kettle is far.")
    (tmp_path / "single.txt").write_text("A single kettle.")
    (folder / "real").mkdir()
    (folder / "real" / "near.txt").write_text("The kettle is near.")
    (folder / "again").symlink_to("real")
    (folder / "loop").symlink_to(".")
    (folder / "up").symlink_to("..")
    (folder / "out").symlink_to(outside)
    (folder / "one.txt").symlink_to(tmp_path / "single.txt")
    (folder / "same.txt").symlink_to("real/near.txt")
    (folder / "broken.txt").symlink_to("nowhere")
    room.index(folder)
    assert names(room) == ["near.txt"]
    room.corpus.collections.change("Documents", follow_links=True, exclude=["/up"])
    report = room.result(room.corpus.rescan())
    assert names(room) == ["far.txt", "near.txt", "one.txt"]
    assert report.failed == ()
    assert room.rows()["near.txt"].path == str(folder / "real" / "near.txt")
    assert room.corpus.search("single kettle")[0].passage.path == str(folder / "one.txt")
    assert room.corpus.shelf.source_status(str(folder / "one.txt"), room.rows()["one.txt"].sha256) == "same"
    room.corpus.collections.change("Documents", follow_links=False)
    assert room.result(room.corpus.rescan()).removed == 2
    assert names(room) == ["near.txt"]


@needs_posix
def test_a_file_that_became_a_link_is_not_followed_unawares(room: Room, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("password")
    (folder / "a.txt").write_text("kettle")
    room.index(folder)
    (folder / "a.txt").unlink()
    (folder / "a.txt").symlink_to(tmp_path / "secret.txt")
    room.index(folder)
    assert room.corpus.shelf.stats().documents == 0


def test_never_send_is_as_strict_as_the_strictest_collection(room: Room, folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (folder / "a.txt").write_text("The kettle is blue.")
    (other / "copy.txt").write_text("The kettle is blue.")
    (other / "b.txt").write_text("The hammer hangs on the wall.")
    room.index(folder, other)
    collections = room.corpus.collections
    ids = {name: row.id for name, row in room.rows().items()}
    assert [collections.may_leave(ids[name]) for name in ("a.txt", "copy.txt", "b.txt")] == [True, True, True]
    collections.create("Private", never_send=True)
    index_into(room, "Private", folder)
    assert [collections.may_leave(ids[name]) for name in ("a.txt", "copy.txt", "b.txt")] == [False, False, True]
    collections.change("Private", never_send=False)
    assert collections.may_leave(ids["a.txt"])
    assert not collections.may_leave(4711)


def test_indexing_into_one_collection_joins_the_others_that_hold_the_folder(room: Room, folder: Path) -> None:
    room.corpus.collections.create("Private", never_send=True)
    (folder / "inner").mkdir()
    index_into(room, "Private", folder)
    (folder / "inner" / "a.txt").write_text("kettle")
    room.index(folder / "inner")
    assert names(room, "Private") == names(room) == ["a.txt"]
    assert not room.corpus.collections.may_leave(room.rows()["a.txt"].id)


def test_deleting_a_collection_takes_out_what_only_it_holds_and_can_be_undone(
    room: Room, folder: Path, tmp_path: Path
) -> None:
    shared = folder / "shared"
    shared.mkdir()
    (shared / "a.txt").write_text("The kettle is shared.")
    (folder / "b.txt").write_text("The kettle is alone.")
    room.index(shared)
    collections = room.corpus.collections
    work = collections.create("Work", never_send=True, exclude=["*.pdf"])
    index_into(room, work.uid, folder)
    before = collections.get(work.uid)
    assert collections.deletion_effect(work.uid) == (1, 1)
    token = collections.delete(work.uid)
    assert [c.name for c in collections.all()] == ["Documents"]
    assert sorted(room.rows()) == ["a.txt"]
    assert [hit.passage.text for hit in room.corpus.search("kettle")] == ["The kettle is shared."]
    assert collections.may_leave(room.rows()["a.txt"].id)
    room.whole()
    room.corpus.restore(token)
    assert collections.get(work.uid) == before
    assert sorted(room.rows()) == ["a.txt", "b.txt"]
    assert not collections.may_leave(room.rows()["a.txt"].id)
    room.whole()


def test_a_deleted_collections_name_can_be_taken_and_the_undone_one_is_numbered(room: Room) -> None:
    collections = room.corpus.collections
    token = collections.delete(collections.create("Work").uid)
    collections.create("work")
    room.corpus.restore(token)
    assert [c.name for c in collections.all()] == ["Documents", "work", "Work (2)"]


def test_a_deleted_collection_is_gone_for_good_with_the_next_session(data_dir: Path, folder: Path) -> None:
    (folder / "a.txt").write_text("kettle")
    first = opened(data_dir)
    work = first.corpus.collections.create("Work")
    index_into(first, "Work", folder)
    token = first.corpus.collections.delete(work.uid)
    first.close()
    second = opened(data_dir)
    with pytest.raises(ForgeError, match="final"):
        second.corpus.restore(token)
    assert second.result(second.corpus.rescan()).documents == 0
    assert second.index(folder).new == 1
    second.close()


def test_a_folder_can_be_taken_out_of_a_collection_and_put_back(room: Room, folder: Path) -> None:
    inner = folder / "inner"
    inner.mkdir()
    (inner / "a.txt").write_text("kettle a")
    (folder / "b.txt").write_text("kettle b")
    collections = room.corpus.collections
    room.index(folder, inner)
    assert collections.root_effect("Documents", folder) == (1, 1)
    token = collections.remove_root("Documents", folder)
    assert (names(room), collections.get("Documents").roots) == (["a.txt"], (str(inner),))
    assert room.result(room.corpus.rescan()).documents == 1
    room.corpus.restore(token)
    assert (names(room), len(collections.get("Documents").roots)) == (["a.txt", "b.txt"], 2)
    with pytest.raises(ForgeError, match="is no folder of Documents"):
        collections.remove_root("Documents", folder / "elsewhere")
    room.whole()


def test_a_folder_is_added_now_and_read_with_the_next_sync(room: Room, folder: Path) -> None:
    (folder / "a.txt").write_text("kettle")
    room.corpus.collections.create("Work")
    added = room.corpus.collections.add("Work", [folder])
    assert (added.roots, added.documents, added.synced) == ((str(folder),), 0, None)
    room.result(room.corpus.rescan())
    assert names(room, "Work") == ["a.txt"]


def test_names_are_unique_tidy_and_refused_with_a_reason(room: Room) -> None:
    collections = room.corpus.collections
    assert collections.create("  Straße   Nord ").name == "Straße Nord"
    for taken in ("STRASSE NORD", "documents", "\uff24ocuments"):
        with pytest.raises(ForgeError, match="already"):
            collections.create(taken)
    for bad, words in (("", "needs a name"), (" \n ", "needs a name"), ("x" * 101, "100"), ("a\u202eb", "cannot be")):
        with pytest.raises(ForgeError, match=words):
            collections.create(bad)
    renamed = collections.change("straße nord", name="Süd")
    assert collections.get("SÜD").uid == renamed.uid
    assert collections.change(renamed.uid, name="süd").name == "süd"
    with pytest.raises(ForgeError, match="already"):
        collections.change(renamed.uid, name="Documents")
    with pytest.raises(ForgeError, match="no collection called Nord"):
        collections.get("Nord")
    with pytest.raises(ForgeError, match="cannot be deleted"):
        collections.delete("Documents")


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ({"include": "*.md"}, "list"),
        ({"include": ["!"]}, "not a pattern"),
        ({"exclude": ["#drafts"]}, "comment"),
        ({"exclude": ["a\nb"]}, "one line"),
        ({"max_megabytes": -1}, "-1 MB"),
        ({"max_megabytes": True}, "True"),
        ({"hidden": 1}, "yes or no"),
        ({"colour": "red"}, "no property called colour"),
    ],
)
def test_a_policy_that_is_not_possible_is_refused(room: Room, policy: dict[str, object], words: str) -> None:
    with pytest.raises(ForgeError, match=words):
        room.corpus.collections.create("Work", **policy)
    assert len(room.corpus.collections.all()) == 1


def test_a_removed_document_is_found_by_no_collection_again(room: Room, folder: Path) -> None:
    (folder / "a.txt").write_text("kettle")
    room.index(folder)
    room.corpus.remove([room.rows()["a.txt"].id])
    room.corpus.collections.create("Work")
    assert room.result(room.corpus.rescan()).documents == 0
    shutil.copy(folder / "a.txt", folder / "b.txt")
    room.result(room.corpus.rescan())
    assert names(room) == ["b.txt"]


def test_patterns_meet_names_of_every_kind(room: Room, folder: Path) -> None:
    odd = [b"li\nne.txt", "מסמך.txt".encode(), "🫖.txt".encode(), b"sp ace[1].txt", "É.TXT".encode()]
    if os.name == "posix":
        odd.append(b"\xff\xfe.txt")
    for name in odd:
        with open(os.path.join(os.fsencode(folder), name), "wb") as file:
            file.write(b"kettle " + name.hex().encode())
    room.corpus.collections.create("Work", include=["*.txt"], exclude=["é.txt", "sp ace\\[1\\].txt"])
    assert index_into(room, "Work", folder).documents == len(odd) - 2
    room.whole()


def test_what_an_older_schema_holds_belongs_to_the_standing_collection(data_dir: Path) -> None:
    shutil.copy(ROOT / "tests" / "data" / "schemas" / "m0004.db", data_dir / "forge.db")
    room = opened(data_dir)
    (documents,) = room.corpus.collections.all()
    assert (documents.name, documents.standing, documents.synced) == ("Documents", True, None)
    assert documents.documents == room.corpus.shelf.stats().documents > 0
    assert len(documents.roots) > 0
    assert list(room.corpus.collections.members(["Documents"])) == sorted(room.corpus.shelf.documents())
    assert all(room.corpus.collections.may_leave(document_id) for document_id in room.corpus.shelf.documents())
    room.close()
