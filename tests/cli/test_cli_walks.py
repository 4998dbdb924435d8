"""The walks without a window: the real parser child, the real engine child, the starter student, the sample."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Cli = Callable[..., subprocess.CompletedProcess[str]]
CliJson = Callable[..., dict[str, Any]]
Check = Callable[..., None]

SAMPLE_FILES = 14
EASY = "How many deliveries did the cargo bicycle make?"  # even the starter student finds this one


@pytest.fixture
def indexed(cli_json: CliJson, sample_dir: Path) -> dict[str, Any]:
    """The sample, read into a fresh data directory."""
    return cli_json("index", sample_dir)


def test_index_counts_and_skips_what_is_unchanged(
    cli_json: CliJson, check_fields: Check, sample_dir: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "documents"
    shutil.copytree(sample_dir, folder)
    first = cli_json("index", folder)
    check_fields(first, documents=int, passages=int, new=int, changed=int, unchanged=int, failed=list, seconds=float)
    assert (first["documents"], first["new"], first["unchanged"], first["failed"]) == (
        SAMPLE_FILES,
        SAMPLE_FILES,
        0,
        [],
    )
    assert first["passages"] > SAMPLE_FILES
    with open(folder / "history.txt", "a", encoding="utf-8") as file:
        file.write("\nIn 2027 the crane was painted blue.\n")
    (folder / "faq.html").unlink()
    second = cli_json("index", folder)
    assert (second["new"], second["changed"], second["unchanged"]) == (0, 1, SAMPLE_FILES - 2)
    assert second["documents"] == SAMPLE_FILES - 1
    assert cli_json("search", "the crane was painted blue")["results"][0]["path"] == str(folder / "history.txt")


def test_documents_counts_only_what_lies_under_the_paths(cli_json: CliJson, sample_dir: Path, tmp_path: Path) -> None:
    cli_json("index", sample_dir)
    other = tmp_path / "other"
    other.mkdir()
    (other / "note.txt").write_text("One more note.", encoding="utf-8")
    report = cli_json("index", "other", cwd=tmp_path)
    assert (report["documents"], report["passages"], report["new"]) == (1, 1, 1)
    assert cli_json("status")["documents"] == SAMPLE_FILES + 1


def test_a_bad_file_is_listed_and_stops_nothing(cli_json: CliJson, check_fields: Check, tmp_path: Path) -> None:
    folder = tmp_path / "mixed"
    folder.mkdir()
    (folder / "good.txt").write_text("The good file has words.", encoding="utf-8")
    (folder / "bad.pdf").write_bytes(b"%PDF-1.7 and then nothing")
    report = cli_json("index", folder)
    assert report["new"] == 1 or report["documents"] >= 1
    (failure,) = report["failed"]
    check_fields(failure, path=str, reason=str)
    assert failure["path"] == str(folder / "bad.pdf")
    assert failure["reason"]


def test_search_results_are_the_files_own_words(
    cli_json: CliJson, check_fields: Check, indexed: dict[str, Any], sample_dir: Path
) -> None:
    results = cli_json("search", "deposit for", "power tools", "-k", "30")["results"]
    assert 1 < len(results) <= 30
    for result in results:
        check_fields(
            result,
            path=str,
            document_sha256=str,
            passage_id=int,
            start=int,
            end=int,
            page=(int, None),
            heading=list,
            text=str,
            score=float,
            ranks=(dict, None),
        )
        assert Path(result["path"]).is_absolute()
        assert len(result["document_sha256"]) == 64
        assert result["end"] - result["start"] == len(result["text"])
        if result["ranks"] is not None:
            assert set(result["ranks"]) == {"bm25", "vector"}
            check_fields(result["ranks"], bm25=(int, None), vector=(int, None))
        if result["path"].endswith((".txt", ".md")):
            stored = Path(result["path"]).read_bytes().decode("utf-8")
            assert stored[result["start"] : result["end"]] == result["text"]
    scores = [result["score"] for result in results]
    assert scores == sorted(scores, reverse=True)
    assert results[0]["path"] == str(sample_dir / "price-list.md")


def test_search_knows_pages_and_headings(cli_json: CliJson, indexed: dict[str, Any], sample_dir: Path) -> None:
    pdf = cli_json("search", "auditors examined the books", "-k", "1")["results"][0]
    assert (pdf["path"], pdf["page"]) == (str(sample_dir / "annual-report-2025.pdf"), 3)
    markdown = cli_json("search", "chainsaw induction repeated every year", "-k", "5")["results"]
    found = {Path(result["path"]).name: result for result in markdown}
    assert found["lending-policy.md"]["page"] is None
    assert found["lending-policy.md"]["heading"][-1] == "Inductions"


def test_search_finds_the_second_language(cli_json: CliJson, indexed: dict[str, Any], sample_dir: Path) -> None:
    found = cli_json("search", "Wer leitet die Sprechstunde auf Deutsch?", "-k", "2")["results"]
    assert found[0]["path"] == str(sample_dir / "willkommen-welcome.md")
    assert any("Annegret Löwitz" in result["text"] for result in found)


@pytest.mark.parametrize("query", ["", "   ", '"', "C++ AND (", "-- '; DROP TABLE", "\U0001f600", "a" * 20_000])
def test_any_query_is_answered(
    cli: Cli, one_object: Callable[[str], dict[str, Any]], indexed: dict[str, Any], query: str
) -> None:
    assert isinstance(one_object(cli("search", "--json", "--", query).stdout)["results"], list)


def test_search_as_text(cli: Cli, indexed: dict[str, Any], sample_dir: Path) -> None:
    text = cli("search", "return hatch", "-k", "1").stdout
    assert text.startswith(f"1. {sample_dir}/opening-hours.txt:")
    assert cli("search", "xylophonist").stdout.strip() != ""


def test_ask_answers_with_citations_that_hold(
    cli_json: CliJson, check_fields: Check, indexed: dict[str, Any], tmp_path: Path
) -> None:
    answer = cli_json("ask", "--grounding", "documents_first", EASY)
    check_fields(
        answer,
        answer=str,
        citations=list,
        model=str,
        device=str,
        prompt_tokens=int,
        answer_tokens=int,
        ttft_ms=(int, float),
        tokens_per_second=(int, float),
        grounded=dict,
    )
    assert answer["answer"].strip()
    assert answer["model"].startswith("SmolLM2")
    assert answer["citations"]
    check_fields(answer["grounded"], sentences=int, supported=int)
    assert 0 <= answer["grounded"]["supported"] <= answer["grounded"]["sentences"]
    cli_json("export", tmp_path / "out")
    texts = {row["path"]: row["text"] for row in _rows(tmp_path / "out" / "documents.jsonl")}
    for citation in answer["citations"]:
        check_fields(citation, n=int, path=str, passage_id=int, start=int, end=int, page=(int, None), quote=str)
        assert texts[citation["path"]][citation["start"] : citation["end"]] == citation["quote"]


def test_ask_streams_and_lists_sources(cli: Cli, indexed: dict[str, Any], sample_dir: Path) -> None:
    text = cli("ask", input=f"{EASY}\n".encode()).stdout
    answer, _, sources = text.partition("Sources")
    assert answer.strip()
    assert f"] {sample_dir}/" in sources
    assert re.search(r"^Answered by SmolLM2.* · v1$", sources, re.MULTILINE)


def test_ask_documents_only_says_what_is_not_there(cli_json: CliJson, indexed: dict[str, Any]) -> None:
    answer = cli_json("ask", "--grounding", "documents_only", "Who won the chess world championship in 1972?")
    assert "not in your documents" in answer["answer"].lower()
    assert answer["citations"] == []


def test_ask_without_a_student_quotes_passages(cli_json: CliJson, indexed: dict[str, Any], data_dir: Path) -> None:
    with contextlib.closing(sqlite3.connect(data_dir / "forge.db")) as db:
        db.execute("UPDATE bases SET active = 0")
        db.execute("UPDATE versions SET state = 'candidate' WHERE state = 'active'")
        db.commit()
    answer = cli_json("ask", EASY)
    assert [answer[name] for name in ("model", "device", "ttft_ms", "tokens_per_second")] == [None] * 4
    assert answer["problem"]
    assert answer["citations"][0]["quote"] in answer["answer"].replace("> ", "")
    assert cli_json("status")["model"] is None


def test_models_lists_the_starter_as_active(cli_json: CliJson, check_fields: Check, starter: Path) -> None:
    (model,) = cli_json("models")["models"]
    check_fields(model, name=str, sha256=str, active=bool)
    assert model["active"] is True
    assert model["sha256"] == "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
    assert cli_json("models", "--use", model["sha256"][:8])["models"] == [model]


def test_status_of_a_fresh_data_directory(cli_json: CliJson, check_fields: Check, data_dir: Path) -> None:
    status = cli_json("status")
    check_fields(
        status,
        version=str,
        data_dir=str,
        documents=int,
        passages=int,
        model=(str, None),
        device=(str, None),
        offline=bool,
    )
    assert status["data_dir"] == str(data_dir)
    assert (status["documents"], status["passages"], status["offline"]) == (0, 0, True)
    assert status["model"].startswith("SmolLM2")


def test_data_dir_stands_before_the_verb(cli_json: CliJson, sample_dir: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "else where"
    cli_json("--data-dir", elsewhere, "index", sample_dir / "faq.html")
    assert cli_json("--data-dir", elsewhere, "status")["documents"] == 1
    assert cli_json("status")["documents"] == 0


def test_tour(cli: Cli) -> None:
    text = cli("tour").stdout
    assert f"{SAMPLE_FILES} documents" in text
    assert "Sources" in text
    assert "tokens a second" in text
    directory = text.split("Data directory: ")[1].split(" (removed")[0]
    assert not Path(directory).exists()


def test_tour_json(cli_json: CliJson, check_fields: Check, data_dir: Path) -> None:
    tour = cli_json("--data-dir", data_dir, "tour")
    check_fields(tour, data_dir=str, documents=int, passages=int, answers=list, search_ms=float)
    assert len(tour["answers"]) == 3
    assert any(answer["citations"] for answer in tour["answers"])


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().decode("utf-8").splitlines()]
