"""A real embedding model through the seam: the static word vectors that the package wordllama brings, MIT licensed."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from forge_desktop.bench import quality
from forge_desktop.bench.retrieval import load
from tests.retrieval.conftest import COLLECTIONS, add

PASSAGES = {
    1: "The physician examined the patient's lungs.",
    2: "The orchestra played a symphony by Mahler.",
    3: "Share prices fell on the stock exchange.",
    4: "The captain steered the vessel into the bay.",
    5: "Bake the bread in a hot oven for an hour.",
}


class StaticModel:
    """The mean of the vectors of a text's tokens."""

    identity, dimensions = "wordllama-l2-supercat-256", 256

    def __init__(self) -> None:
        from safetensors.numpy import load_file
        from tokenizers import Tokenizer

        spec = importlib.util.find_spec("wordllama")
        assert spec is not None
        assert spec.origin is not None
        folder = Path(spec.origin).parent
        (self._rows,) = load_file(folder / "weights" / "l2_supercat_256.safetensors").values()
        self._tokens = Tokenizer.from_file(str(folder / "tokenizers" / "l2_supercat_tokenizer_config.json"))
        self._tokens.no_padding()
        self._tokens.no_truncation()

    def embed(self, texts):
        found = np.zeros((len(texts), self.dimensions), np.float32)
        for row, coded in zip(found, self._tokens.encode_batch(list(texts), add_special_tokens=False), strict=True):
            if coded.ids:
                row[:] = self._rows[coded.ids].astype(np.float32).mean(axis=0)
        return found


@pytest.fixture(scope="module")
def model():
    return StaticModel()


def test_a_model_finds_what_is_said_in_other_words(db, index, model):
    index.embedding.use(model)
    add(db, index, PASSAGES)
    index.embedding.make_by_model(PASSAGES)
    with db.write() as connection:
        index.embedding.settle(connection)
    assert index.embedding.note == ""
    for query, meant in [
        ("doctor and hospital", 1),
        ("classical music concert", 2),
        ("financial market crash", 3),
        ("boats and sailing", 4),
    ]:
        (first,) = [one for one in index.search(query) if one.vector_rank == 1]
        assert (first.passage_id, first.bm25) == (meant, None), query
    assert index.check(PASSAGES) == []


@pytest.mark.full
@pytest.mark.parametrize("name", ["cranfield", "chunkeval"])
def test_a_model_ranks_better_than_spelling_alone(name, model):
    if not (COLLECTIONS / name).is_dir():
        pytest.skip("the judged collections are not beside this checkout")
    collection = load(COLLECTIONS / name)
    alone, beside = quality.measure(collection, [512]), quality.measure(collection, [512], model)
    print(name, alone, beside)
    for kind in ("clean", "typing errors"):
        assert beside[kind]["points at 512"]["all"] > alone[kind]["points at 512"]["all"]
