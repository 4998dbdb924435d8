"""Ranking quality on judged collections, where they lie beside the checkout, and the benchmark that measures it."""

from __future__ import annotations

import json

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.bench import quality, vectors
from forge_desktop.bench import retrieval as bench
from tests.retrieval.conftest import COLLECTIONS

FLOORS = {"scifact": 0.686, "xquad-en": 0.964, "xquad-de": 0.937, "xquad-ru": 0.948, "xquad-zh": 0.95, "vaswani": 0.426}
MISSPELT = {"cranfield": (0.367, 1.0), "chunkeval": (0.7585, 1.5)}  # BM25, points to gain on misspelt questions


@pytest.mark.parametrize("name", FLOORS)
def test_ranking_is_as_good_as_measured(name):
    if not (COLLECTIONS / name).is_dir():
        pytest.skip("the judged collections are not beside this checkout")
    found = bench.quality(bench.load(COLLECTIONS / name))
    assert found["bm25"]["exact_scores"] == 1.0
    assert found["bm25"]["ndcg@10"] >= FLOORS[name]
    assert found["hybrid"]["ndcg@10"] >= found["bm25"]["ndcg@10"] - 0.002


@pytest.mark.parametrize("name", MISSPELT)
def test_vectors_pay_on_misspelt_questions_and_cost_nothing_on_others(name):
    if not (COLLECTIONS / name).is_dir():
        pytest.skip("the judged collections are not beside this checkout")
    floor, gain = MISSPELT[name]
    found = quality.measure(bench.load(COLLECTIONS / name), [512])
    assert found["clean"]["bm25"] >= floor
    assert found["clean"]["points at 512"]["all"] >= -0.2
    assert found["typing errors"]["points at 512"]["all"] >= gain


def test_the_quality_of_a_folder_of_collections_is_printed(tmp_path, capsys):
    folder = tmp_path / "small"
    folder.mkdir()
    texts = ["grain prices", "ships and timber", "the lighthouse keeper", "letters by ship", "an autumn sea"]
    write(folder / "corpus.jsonl", [{"_id": f"d{n}", "title": "", "text": text} for n, text in enumerate(texts)])
    write(folder / "queries.jsonl", [{"_id": "q1", "text": "lihgthouse"}, {"_id": "q2", "text": "timber"}])
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td2\t1\nq2\td1\t1\n")
    assert quality.run(["--collections", str(tmp_path), "--dimensions", "128,512", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["clean"]["bm25"] == 0.5
    assert found["clean"]["points at 128"]["chosen on"] == 100
    assert quality.run(["--collections", str(tmp_path), "--only", "small"]) == 0
    assert "BM25 0.5000" in capsys.readouterr().out
    with pytest.raises(ForgeError, match="holds no such collection"):
        quality.run(["--collections", str(folder)])


def test_the_nearest_of_many_vectors_are_timed(capsys):
    assert vectors.run(["--passages", "500", "--queries", "5", "--dimensions", "128", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["bytes_a_passage"] == 144
    assert found["recall@10"] > 0.8


def test_the_benchmark_judges_a_small_collection(tmp_path, capsys):
    texts = ["grain prices", "ships and timber", "the lighthouse keeper", "letters by ship", "an autumn sea"]
    write(tmp_path / "corpus.jsonl", [{"_id": f"d{n}", "title": "", "text": text} for n, text in enumerate(texts)])
    write(
        tmp_path / "queries.jsonl",
        [{"_id": "q1", "text": "grain"}, {"_id": "q2", "text": "ship letter"}, {"_id": "q3", "text": "x"}],
    )
    (tmp_path / "qrels").mkdir()
    (tmp_path / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td0\t1\nq2\td1\t1\nq2\td3\t2\n")
    assert bench.run(["--collection", str(tmp_path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["documents"], found["queries"]) == (5, 2)
    assert found["bm25"] == {"ndcg@10": 1.0, "recall@10": 1.0, "mrr@10": 1.0, "exact_scores": 1.0}
    assert found["hybrid"]["ndcg@10"] == 1.0
    assert found["seconds"] > 0


def test_the_benchmark_sets_engines_side_by_side(tmp_path, capsys):
    arguments = ["--passages", "300", "--queries", "8", "--engines", "forge,rank_bm25", "--keep", str(tmp_path)]
    assert bench.run([*arguments, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["passages"] == 300
    assert found["exactness"] == {"questions": 8, "equal_scores": 8, "equal_best_ten": 8}
    assert found["forge"]["query_cpu_p50_ms"] > 0
    assert found["forge"]["delete_cpu_ms"] > 0
    assert found["ratios"]["rank_bm25"]["build_rate"] > 0


def test_a_folder_that_is_no_collection_is_named(tmp_path):
    with pytest.raises(ForgeError, match="missing"):
        bench.load(tmp_path)


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
