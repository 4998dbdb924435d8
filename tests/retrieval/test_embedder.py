"""The hash embedding: the same bytes everywhere, for every batch, and near where texts are alike."""

from __future__ import annotations

import hashlib
import random

import numpy as np
import pytest

from forge_desktop.corpus.retrieval.embedder import DIMENSIONS, embed_query, features
from forge_desktop.corpus.retrieval.signs import rotated, sign_bits
from tests.retrieval.conftest import add, remove

TEXT = "The harbour master counts the ships at dawn; 東京 и книги, naïve cafés."


def vector(db, passage: int) -> bytes:
    return db.value("SELECT body FROM vector_rows WHERE id & 0xFFFFFFFFFF = ?", passage)


def test_a_text_has_the_same_bytes_on_every_platform(db, index):
    """If this fails, stored vectors no longer fit: change the embedder's identity with the change."""
    add(db, index, {1: TEXT})
    assert (
        hashlib.sha256(vector(db, 1)).hexdigest() == "43c9da0d83555b67d8e87f615a08cc6b8bffb6db5a14d7716c3246dc8b09d359"
    )
    assert (features(["ship", "x"])[0] % 1024).tolist() == [856, 350, 321, 309]
    assert (
        hashlib.sha256(embed_query({"ship": 2.5, "dawn": 1.0}).tobytes()).hexdigest()
        == "2fdb7f7c15239c62e974e3158f984498cd53a97e0e6da5d513d87627ffa51ec5"
    )
    signs = db.value("SELECT signs FROM vector_segments")
    assert hashlib.sha256(signs).hexdigest() == "d226a108287be79424849594795b0a8817000282f920a48730a31117b60e7c7d"


def test_a_vector_depends_on_its_passage_alone(db, index):
    add(db, index, {1: TEXT})
    add(db, index, {number: f"{TEXT} and number {number}" for number in range(2, 700)} | {700: TEXT})
    assert vector(db, 1) == vector(db, 700)
    assert vector(db, 1) != vector(db, 2)
    remove(db, index, *range(2, 600))
    assert vector(db, 1) == vector(db, 700)
    for passage in (1, 650):
        found = {one.passage_id: one.vector for one in index.search(f"{TEXT} and number {passage}", 200)}
        assert found[passage] > 0.5


def test_a_passage_without_words_has_a_zero_vector(db, index):
    add(db, index, {1: "the", 2: "harbour"})
    assert vector(db, 1) == bytes(DIMENSIONS)


@pytest.mark.parametrize(("dimensions", "block"), [(512, 512), (128, 128), (384, 128), (64, 64)])
def test_rotation_keeps_angles_and_signs_are_its_signs(dimensions, block):
    source = np.random.default_rng(4)
    vectors = source.integers(-127, 128, (300, dimensions)).astype(np.int8)
    turned = rotated(vectors).T.astype(np.int64)
    wide = vectors.astype(np.int64)
    assert np.array_equal(turned @ turned.T, block * (wide @ wide.T))
    unpacked = np.unpackbits(np.ascontiguousarray(sign_bits(vectors).T).view(np.uint8), axis=1, bitorder="little")
    assert np.array_equal(unpacked.astype(bool), turned > 0)


def test_the_nearest_of_many_are_found_through_sign_bits(db, index):
    """Beyond the few hundred that are rescored: the best ten by exact cosine, found among 3,000."""
    source = random.Random(9)
    words = ["".join(source.choices("abcdefghijklmnop", k=source.randrange(4, 10))) for _ in range(4000)]
    add(db, index, {number: " ".join(source.choices(words, k=30)) for number in range(3000)})
    rows = db.rows("SELECT body FROM vector_rows ORDER BY id")
    stored = np.frombuffer(b"".join(row[0] for row in rows), np.int8).reshape(-1, DIMENSIONS).astype(np.float64)
    stored /= np.linalg.norm(stored, axis=1, keepdims=True)
    held = 0
    for _ in range(20):
        misspelt = [word[:2] + "q" + word[2:] for word in source.sample(words, 4)]
        cosines = stored @ embed_query(dict.fromkeys(misspelt, 1.0)).astype(np.float64)
        true = set(np.argsort(-cosines, kind="stable")[:10].tolist())
        found = sorted(index.search(" ".join(misspelt), 100), key=lambda one: one.vector_rank or 10**9)
        held += len(true & {one.passage_id for one in found[:10]})
    assert held >= 180


@pytest.mark.parametrize(("misspelt", "meant"), [("harbuor", 1), ("lihgthouse keepr", 3), ("Grian prices", 2)])
def test_misspelt_questions_find_what_was_meant(db, index, misspelt, meant):
    add(db, index, {1: "The harbour master", 2: "Prices of grain in autumn", 3: "A lighthouse keeper", 4: "Letters"})
    assert index.search(misspelt)[0].passage_id == meant
