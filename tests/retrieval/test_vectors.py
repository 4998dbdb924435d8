"""Vectors in storage of their own: tombstones, merges, damage, dimensions that change, embedders from outside."""

from __future__ import annotations

import random
import threading
import zlib

import numpy as np
import pytest

from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.corpus.retrieval import Index, embedder, signs, vectors
from forge_desktop.corpus.retrieval.scope import Scope
from tests.retrieval.conftest import add, remove

TEXTS = {
    1: "The harbour master counts the ships at dawn.",
    2: "Ships carry timber and grain.",
    3: "A lighthouse keeper writes letters.",
    4: "Grain prices fell in the autumn.",
    5: "Letters arrive by ship.",
}


CHECKSUMS = {1: 3357728533, 2: 4189557286, 3: 3805992550, 4: 2463243801, 5: 1262930444}


class Topics:
    """An embedder that knows two topics by their words; `fault` says how the next call goes wrong."""

    def __init__(self, identity="topics-1", dimensions=3):
        self.identity, self.dimensions = identity, dimensions
        self.fault, self.texts, self.release = "", [], threading.Event()

    def embed(self, texts):
        self.texts += texts
        if self.fault == "raises":
            raise RuntimeError("the model is gone")
        if self.fault == "aside":
            raise Cancelled
        if self.fault == "slow":
            self.release.wait(60)
        rows = np.zeros((len(texts), self.dimensions + (self.fault == "shape")), np.float32)
        for row, text in zip(rows, texts, strict=True):
            row[0] = sum(word in text.lower() for word in ("ship", "harbour", "vessel", "boat"))
            row[1] = sum(word in text.lower() for word in ("grain", "wheat", "cereal"))
            row[2] = 0.1
        if self.fault == "nan":
            rows[0, 0] = np.nan
        return rows


def bring_in(db, index, texts):
    """What the background job does."""
    built_in, by_model = index.embedding.missing(np.array(index.ids(), np.int64))
    with db.write() as connection:
        index.embedding.make_built_in(connection, {passage: texts[passage] for passage in built_in})
    index.embedding.make_by_model({passage: texts[passage] for passage in by_model})
    with db.write() as connection:
        index.embedding.settle(connection)
    index.tidy()


def complete(index):
    return index.embedding.is_complete(len(index.ids()))


# ---- storage ----


def test_removed_passages_are_never_near_and_their_rows_are_gone(db, index):
    add(db, index, TEXTS)
    remove(db, index, 3)
    assert 3 not in {one.passage_id for one in index.search("lighthuose keepr")}
    assert db.value("SELECT count(*) FROM vector_rows") == 4
    assert db.value("SELECT passages FROM embedders") == 4
    assert index.check({1, 2, 4, 5}) == []
    add(db, index, {3: TEXTS[3]})
    assert index.search("lighthuose keepr")[0].passage_id == 3


def test_many_small_segments_are_merged_and_nothing_is_lost(db, index):
    source = random.Random(3)
    words = ["".join(source.choices("abcdefghijklmnop", k=7)) for _ in range(300)]
    texts = {number: " ".join(source.choices(words, k=12)) for number in range(1, 201)}
    for number in source.sample(sorted(texts), len(texts)):
        add(db, index, {number: texts[number]})
    for number in range(1, 200, 3):
        remove(db, index, number)
        del texts[number]
    assert db.value("SELECT count(*) FROM vector_segments") < 25
    assert index.embedding.side.ids(db.connection, "hash-512-2").tolist() == sorted(texts)
    assert index.check(texts) == []
    for passage in (2, 99, 200):
        assert max(index.search(texts[passage], 5), key=lambda one: one.vector or 0).passage_id == passage


def test_a_vector_takes_no_more_than_576_bytes(db, index):
    source = random.Random(1)
    words = ["".join(source.choices("abcdefgh", k=6)) for _ in range(500)]
    add(db, index, {number: " ".join(source.choices(words, k=40)) for number in range(1000)})
    rows = db.value("SELECT sum(length(body)) FROM vector_rows")
    assert rows + db.value("SELECT sum(length(signs)) FROM vector_segments") == 576 * 1000
    assert db.value("SELECT sum(length(passage_ids)) FROM vector_segments") < 200


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("UPDATE vector_rows SET body = zeroblob(512) WHERE id & 0xFF = 3", "vector of passage 3 is damaged"),
        ("UPDATE vector_rows SET body = 'text' || body WHERE id & 0xFF = 3", "vector of passage 3 is damaged"),
        ("UPDATE vector_segments SET signs = zeroblob(length(signs))", "vector segment 1 is damaged"),
        ("DELETE FROM vector_rows WHERE id & 0xFF = 3", "holds 4 for 5 passages"),
        ("UPDATE embedders SET passages = 7", "counts 7 vectors"),
    ],
)
def test_damage_is_found(db, index, statement, sentence):
    add(db, index, TEXTS)
    assert index.check(TEXTS) == []
    with db.write() as connection:
        connection.execute(statement)
    (found,) = index.check(TEXTS)
    assert sentence in found


def test_what_is_rolled_back_is_not_found(db, index):
    add(db, index, TEXTS)

    def crash():
        with db.write() as connection:
            index.remove(connection, [3])
            index.add(connection, [(6, "lighthouse")])
            assert index.search("lighthuose")[0].passage_id == 6
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        crash()
    assert index.search("lighthuose")[0].passage_id == 3


def test_signs_find_nearly_all_of_the_true_nearest(db, index, monkeypatch):
    """Of more passages than are looked at closely; the limit is lowered here, as its real size takes long to fill."""
    monkeypatch.setattr(vectors, "_NEAR", 1500)
    source = random.Random(11)
    words = ["".join(source.choices("abcdefghijklmnop", k=source.randrange(4, 10))) for _ in range(4000)]
    add(db, index, {number: " ".join(source.choices(words, k=30)) for number in range(5000)})
    side = index.embedding.side
    view = side.view(db.connection, remember=True)
    (row,) = view.embedders
    stored = np.frombuffer(b"".join(side.bodies(db.connection, range(5000)).values()), np.int8).reshape(5000, -1)
    held = 0
    for _ in range(20):
        query = embedder.embed_query(dict.fromkeys(source.sample(words, 4), 1.0))
        true = set(np.argsort(-signs.cosines(stored, query), kind="stable")[:10].tolist())
        held += len(true & set(vectors.nearest(db.connection, view, row, query, vectors.Limits())))
    assert held >= 190


def test_a_scope_and_words_to_leave_out_hold_for_likeness_too(db, index):
    add(db, index, {1: "lighthouse", 2: "lighthouse keeper", 3: "lighthouse", 5: "lighthouse", 6: "grain"})
    remove(db, index, 5)
    scope = Scope.of_ids([2, 3, 4, 5, 6], "some")
    assert {one.passage_id for one in index.search("lighthuose", scope=scope)} == {2, 3}
    found = index.search("lighthuose", scope=scope, excluded=index.query_terms("keepers"))
    assert {one.passage_id for one in found} == {3}


# ---- other dimensions ----


def test_other_dimensions_come_in_while_the_old_vectors_answer(db, index):
    add(db, index, TEXTS)
    index.embedding.side.dimensions = 128
    assert not complete(index)
    assert index.search("lighthuose keepr")[0].passage_id == 3
    add(db, index, {6: "A miller grinds wheat."})
    assert index.search("millre")[0].passage_id == 6
    assert index.search("lighthuose keepr")[0].passage_id == 3
    texts = TEXTS | {6: "A miller grinds wheat."}
    bring_in(db, index, texts)
    assert complete(index)
    assert db.rows("SELECT identity, passages FROM embedders")[0][:] == ("hash-128-2", 6)
    assert db.value("SELECT max(length(body)) FROM vector_rows") == 128
    assert index.search("lighthuose keepr")[0].passage_id == 3
    assert index.check(texts) == []


def test_vectors_that_are_missing_are_made_anew(db, index):
    """As after an update that dropped them: words alone answer meanwhile."""
    add(db, index, TEXTS)
    with db.write() as connection:
        index.embedding.side.clear(connection)
    assert [one.passage_id for one in index.search("lighthouse")] == [3]
    assert not complete(index)
    remove(db, index, 5)
    bring_in(db, index, TEXTS)
    assert complete(index)
    assert index.search("lighthuose")[0].passage_id == 3


# ---- embedders from outside ----


def test_a_model_answers_when_it_has_embedded_all_and_spelling_does_before(db, index):
    add(db, index, TEXTS)
    model = Topics()
    index.embedding.use(model)
    assert "not embedded all passages yet" in index.embedding.note
    assert {one.passage_id for one in index.search("vessel")} == set()
    bring_in(db, index, TEXTS)
    assert complete(index)
    assert index.embedding.note == ""
    found = index.search("vessel")
    assert {one.passage_id for one in found[:3]} == {1, 2, 5}
    assert all(one.bm25 is None and one.vector > 0.6 for one in found[:3])
    assert sorted(row[0] for row in db.rows("SELECT identity FROM embedders")) == ["hash-512-2", "topics-1"]
    assert index.check(TEXTS) == []


def test_new_passages_are_found_before_the_model_has_seen_them(db, index):
    add(db, index, TEXTS)
    index.embedding.use(Topics())
    bring_in(db, index, TEXTS)
    add(db, index, {6: "A submarine dives."})
    assert not complete(index)
    assert 6 in {one.passage_id for one in index.search("submarnie", 2)}
    assert index.search("vessel")[0].passage_id in (1, 2, 5)
    bring_in(db, index, TEXTS | {6: "A submarine dives."})
    assert complete(index)


def test_passages_removed_while_the_model_worked_stay_removed(db, index):
    add(db, index, TEXTS)
    index.embedding.use(Topics())
    _, lacking = index.embedding.missing(np.array(index.ids(), np.int64))
    remove(db, index, 2)
    index.embedding.make_by_model({passage: TEXTS[passage] for passage in lacking})
    assert index.embedding.side.ids(db.connection, "topics-1").tolist() == [1, 3, 4, 5]
    assert index.check(TEXTS.keys() - {2}) == []


@pytest.mark.parametrize(
    ("fault", "reason"), [("raises", "the model is gone"), ("shape", "array of"), ("nan", "numbers that are none")]
)
def test_a_failing_model_is_a_note_and_never_an_error(db, index, fault, reason):
    add(db, index, TEXTS)
    model = Topics()
    index.embedding.use(model)
    bring_in(db, index, TEXTS)
    model.fault = fault
    assert index.search("lighthuose keepr")[0].passage_id == 3
    assert reason in index.embedding.note
    with pytest.raises(ForgeError, match="does not answer"):
        index.embedding.make_by_model({1: TEXTS[1]})
    model.fault = ""
    assert index.search("vessel")[0].passage_id in (1, 2, 5)
    assert index.embedding.note == ""


def test_a_model_that_was_put_aside_is_no_failure(db, index):
    add(db, index, TEXTS)
    model = Topics()
    index.embedding.use(model)
    bring_in(db, index, TEXTS)
    model.fault = "aside"
    with pytest.raises(Cancelled):
        index.embedding.make_by_model({1: TEXTS[1]})
    assert index.search("lighthuose keepr")[0].passage_id == 3
    assert index.embedding.note == ""


def test_a_slow_model_is_not_waited_for(db, index):
    add(db, index, TEXTS)
    model = Topics()
    index.embedding.use(model, seconds=0.01)
    bring_in(db, index, TEXTS)
    model.fault = "slow"
    for _ in range(2):  # the second question finds it busy with the first
        assert index.search("lighthuose keepr")[0].passage_id == 3
        assert "does not answer" in index.embedding.note
    model.release.set()
    for thread in threading.enumerate():
        if thread.name == "embed a question":
            thread.join()


def test_another_model_replaces_the_first_and_none_keeps_its_vectors(db, index):
    add(db, index, TEXTS)
    index.embedding.use(Topics())
    bring_in(db, index, TEXTS)
    index.embedding.use(None)
    bring_in(db, index, TEXTS)
    assert complete(index)
    assert index.search("vessel") == []
    index.embedding.use(Topics())
    assert complete(index)
    assert index.search("vessel")[0].passage_id in (1, 2, 5)
    index.embedding.use(Topics("topics-2", 70))
    bring_in(db, index, TEXTS)
    assert sorted(row[0] for row in db.rows("SELECT identity FROM embedders")) == ["hash-512-2", "topics-2"]
    assert db.value("SELECT dimensions FROM embedders WHERE identity = 'topics-2'") == 128


def test_a_text_has_the_same_vector_in_every_segment_and_order(db, index):
    add(db, index, TEXTS)
    bodies = index.embedding.side.bodies(db.connection, sorted(TEXTS))
    assert {passage: zlib.crc32(body) for passage, body in bodies.items()} == CHECKSUMS
    other = Index(db)
    with db.write() as connection:
        other.clear(connection)
    for passage in sorted(TEXTS, reverse=True):
        add(db, other, {passage: TEXTS[passage]})
    assert other.embedding.side.bodies(db.connection, sorted(TEXTS)) == bodies
