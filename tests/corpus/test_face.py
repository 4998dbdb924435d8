"""The rest of the corpus's face: tables, removal with undo, checking, exports, reading beside the owner."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import hypothesis
import pytest
from hypothesis import strategies as st

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import DataChanged
from forge_desktop.corpus import Corpus
from forge_desktop.storage import Database
from tests.corpus.conftest import Room, opened, pdf_bytes


@pytest.fixture
def filled(room: Room, folder: Path) -> Room:
    """Three documents, one of which failed."""
    (folder / "Apple.txt").write_text("The kettle is blue. " * 100)
    (folder / "banana.md").write_text("# Tools\n\nThe hammer hangs on the wall.\n")
    (folder / "cherry.pdf").write_bytes(b"broken")
    room.index(folder)
    return room


def names(room: Room, **options: object) -> list[str]:
    return [row.name for row in room.corpus.shelf.document_rows(room.corpus.shelf.documents(**options))]  # type: ignore[arg-type]


def test_documents_are_listed_sorted_and_filtered(filled: Room, folder: Path) -> None:
    assert names(filled) == ["Apple.txt", "banana.md", "cherry.pdf"]
    assert names(filled, descending=True) == ["cherry.pdf", "banana.md", "Apple.txt"]
    assert names(filled, sort="size") == ["cherry.pdf", "banana.md", "Apple.txt"]
    assert names(filled, sort="passages", descending=True)[0] == "Apple.txt"
    assert names(filled, state="failed") == ["cherry.pdf"]
    assert names(filled, text="APPLE") == ["Apple.txt"]
    assert names(filled, text="documents") == names(filled)  # the folder's name
    assert names(filled, text="%") == []
    assert names(filled, text="a", state="indexed", sort="changed") == ["Apple.txt", "banana.md"]
    with pytest.raises(ForgeError, match="cannot be sorted by"):
        filled.corpus.shelf.documents(sort="id; DROP TABLE documents")


def test_a_document_and_its_passages(filled: Room, folder: Path) -> None:
    row = filled.rows()["Apple.txt"]
    assert filled.corpus.shelf.document(row.id) == row
    assert (row.format, row.state, row.size, row.path) == ("text", "indexed", 2000, str(folder / "Apple.txt"))
    assert row.changed == pytest.approx(os.stat(folder / "Apple.txt").st_mtime)
    passages = filled.corpus.shelf.passages(row.id)
    assert len(passages) == row.passages == 2
    assert filled.corpus.shelf.passage(passages[1].id) == passages[1]
    assert filled.corpus.shelf.passage(10**9) is None
    with pytest.raises(ForgeError, match="not in the index"):
        filled.corpus.shelf.document(10**9)
    stats = filled.corpus.shelf.stats()
    assert (stats.documents, stats.passages, stats.failed) == (2, 3, 1)
    assert stats.last_indexed == max(row.indexed or 0 for row in filled.rows().values())


def test_a_run_says_how_fast_it_was_and_one_that_read_nothing_does_not(filled: Room) -> None:
    speed = filled.corpus.shelf.stats().speed
    assert speed is not None
    assert (speed.passages, speed.bytes > 0, speed.seconds > 0) == (filled.corpus.shelf.stats().passages, True, True)
    filled.jobs.wait(filled.corpus.rescan(), timeout=60)
    assert filled.corpus.shelf.stats().speed == speed


def test_removal_and_undo(filled: Room, folder: Path) -> None:
    before = filled.corpus.search("kettle hammer", 10)
    ids = [filled.rows()["Apple.txt"].id, filled.rows()["cherry.pdf"].id, 10**9]
    assert filled.corpus.shelf.removal_effect(ids) == (2, 2)
    filled.seen.clear()
    token = filled.corpus.remove(ids)
    assert DataChanged(frozenset({"documents"})) in filled.seen
    assert names(filled) == ["banana.md"]
    assert filled.corpus.shelf.stats().passages == 1
    assert {hit.passage.path for hit in filled.corpus.search("kettle hammer", 10)} == {str(folder / "banana.md")}
    assert filled.corpus.shelf.passage(before[0].passage.id) is None or "hammer" in before[0].passage.text
    assert (folder / "Apple.txt").exists()
    filled.whole()
    filled.corpus.restore(token)
    assert names(filled) == ["Apple.txt", "banana.md", "cherry.pdf"]
    assert filled.corpus.search("kettle hammer", 10) == before
    filled.whole()
    with pytest.raises(ForgeError, match="final"):
        filled.corpus.restore(token)


def test_a_second_removal_makes_the_first_final(filled: Room) -> None:
    first = filled.corpus.remove([filled.rows()["Apple.txt"].id])
    second = filled.corpus.remove([filled.rows()["banana.md"].id])
    with pytest.raises(ForgeError, match="final"):
        filled.corpus.restore(first)
    filled.corpus.restore(second)
    assert names(filled) == ["banana.md", "cherry.pdf"]
    filled.whole()


def test_what_was_removed_stays_out_until_it_is_added_again(filled: Room, folder: Path, data_dir: Path) -> None:
    filled.corpus.remove([filled.rows()["Apple.txt"].id])
    (folder / "new.txt").write_text("new")
    filled.result(filled.corpus.rescan())
    assert names(filled) == ["banana.md", "cherry.pdf", "new.txt"]
    again = opened(data_dir)  # closing makes removals final
    try:
        again.result(again.corpus.rescan())
        assert names(again) == ["banana.md", "cherry.pdf", "new.txt"]
        assert again.index(folder).new == 1
        assert names(again)[0] == "Apple.txt"
        again.whole()
    finally:
        again.close()


def test_undo_after_the_file_was_added_again(filled: Room, folder: Path) -> None:
    token = filled.corpus.remove([filled.rows()["Apple.txt"].id, filled.rows()["banana.md"].id])
    filled.index(folder / "Apple.txt")
    filled.corpus.restore(token)
    assert names(filled) == ["Apple.txt", "banana.md", "cherry.pdf"]
    filled.whole()


def test_source_status(filled: Room, folder: Path) -> None:
    row = filled.rows()["Apple.txt"]
    assert filled.corpus.shelf.source_status(row.path, row.sha256) == "same"
    (folder / "Apple.txt").touch()
    assert filled.corpus.shelf.source_status(row.path, row.sha256) == "same"
    (folder / "Apple.txt").write_text("other")
    assert filled.corpus.shelf.source_status(row.path, row.sha256) == "changed"
    (folder / "Apple.txt").unlink()
    assert filled.corpus.shelf.source_status(row.path, row.sha256) == "missing"
    assert filled.corpus.shelf.source_status("", "") == "missing"
    assert filled.corpus.shelf.source_status("a\0b", "") == "missing"
    assert filled.corpus.shelf.source_status(str(folder), "") == "changed"


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("UPDATE texts SET text = replace(text, 'hammer', 'Hammer')", "its stored text is damaged"),
        ("DELETE FROM texts", "its stored text is incomplete"),
        ("UPDATE passages SET start = start + 1 WHERE end < 100", "the places of its passages are damaged"),
        ("UPDATE passages SET heading = '[]' WHERE end < 100", "the places of its passages are damaged"),
        ("DELETE FROM passages WHERE end < 100", "it has 0 of its 1 passages"),
        ("DELETE FROM vector_rows", "Search index"),
        ("UPDATE postings SET heads = zeroblob(length(heads))", "Search index"),
    ],
)
def test_verify_finds_damage(filled: Room, data_dir: Path, statement: str, sentence: str) -> None:
    assert filled.corpus.verify() == []
    with sqlite3.connect(data_dir / "forge.db") as connection:
        connection.execute(statement)
    connection.close()
    found = filled.corpus.verify()
    assert any(sentence in line for line in found)
    if "Search" not in sentence:
        assert any("banana.md: " in line for line in found)


def test_exports(filled: Room, folder: Path) -> None:
    documents = list(filled.corpus.transfer.iterate_documents())
    assert [document["state"] for document in documents] == ["indexed", "indexed", "failed"]
    assert documents[1]["text"] == (folder / "banana.md").read_text()
    passages = list(filled.corpus.transfer.iterate_passages())
    texts = {document["path"]: str(document["text"]) for document in documents}
    for passage in passages:
        assert texts[passage["path"]][passage["start"] : passage["end"]] == passage["text"]  # type: ignore[misc,index]
    vectors = list(filled.corpus.transfer.iterate_vectors())
    assert [number for number, _ in vectors] == [passage["passage_id"] for passage in passages]
    assert {len(body) for _, body in vectors} == {512}
    assert set(filled.corpus.versions()) == {"index", "analyser", "embedder"}


@hypothesis.given(query=st.text() | st.text(alphabet='"*^(){}[]:-+~ANDOR NEAR\0\ud800kettle '), k=st.integers(-1, 50))
@hypothesis.settings(suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
def test_search_takes_any_string(filled: Room, query: str, k: int) -> None:
    hits = filled.corpus.search(query, k)
    assert len(hits) <= max(k, 0)
    assert all(0 <= hit.score <= 1 for hit in hits)


def test_reading_beside_the_owner(filled: Room, data_dir: Path, folder: Path) -> None:
    beside = Database(data_dir / "forge.db", read_only=True)
    reader = Corpus(beside, filled.jobs, filled.events, filled.settings)
    assert reader.search("kettle") == filled.corpus.search("kettle")
    assert reader.verify() == []
    assert reader.shelf.stats() == filled.corpus.shelf.stats()
    with pytest.raises(ForgeError, match="can only be read"):
        filled.jobs.wait(reader.index([folder]))
    with pytest.raises(ForgeError, match="can only be read"):
        reader.remove([1])
    beside.close()


def test_a_stale_search_index_is_made_anew(filled: Room, data_dir: Path) -> None:
    before = filled.corpus.search("kettle hammer", 10)
    with sqlite3.connect(data_dir / "forge.db") as connection:
        connection.execute("UPDATE index_state SET analyser = 'older'")
    connection.close()
    filled.result(filled.corpus.resume_pending())
    assert filled.corpus.search("kettle hammer", 10) == before
    assert filled.corpus.resume_pending() is None
    filled.whole()


def test_ten_thousand_rows(room: Room, folder: Path) -> None:
    """The table asks for ids once and for the rows it shows."""
    with room.db.write() as connection:
        connection.executemany(
            "INSERT INTO documents (path, name, folded, format, state, added) VALUES (?, ?, ?, 'text', 'failed', 0)",
            ((b"/x/%d.txt" % n, f"{n}.txt", f"{n}.txt\n/x/{n}.txt") for n in range(10_000)),
        )
    ids = room.corpus.shelf.documents()
    assert (len(ids), ids.itemsize) == (10_000, 8)
    expected = sorted(f"{number}.txt" for number in range(10_000))
    assert [row.name for row in room.corpus.shelf.document_rows(ids[5000:5050])] == expected[5000:5050]


def test_viewing_a_page_leaves_no_child_behind(room: Room, folder: Path) -> None:
    (folder / "a.pdf").write_bytes(pdf_bytes([["one"]]))
    room.index(folder)
    room.corpus.shelf.page(1, 1, 100, 0, 3)
    room.corpus.close()
    room.corpus.shelf.page(1, 1, 100, 0, 3)  # usable again: closing ended the process only
