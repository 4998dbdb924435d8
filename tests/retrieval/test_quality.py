"""Ranking quality on judged collections, where they lie beside the checkout, and the benchmark that measures it."""

from __future__ import annotations

import json

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.bench import retrieval as bench
from tests.retrieval.conftest import COLLECTIONS

FLOORS = {"scifact": 0.685, "cranfield": 0.367, "xquad-en": 0.964, "xquad-zh": 0.95, "xquad-ru": 0.948}


@pytest.mark.parametrize("name", FLOORS)
def test_ranking_is_as_good_as_measured(name):
    if not (COLLECTIONS / name).is_dir():
        pytest.skip("the judged collections are not beside this checkout")
    found = bench.quality(bench.load(COLLECTIONS / name))
    assert found["bm25"]["exact_scores"] == 1.0
    assert found["bm25"]["ndcg@10"] >= FLOORS[name]
    assert found["hybrid"]["ndcg@10"] >= found["bm25"]["ndcg@10"] - 0.003


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
