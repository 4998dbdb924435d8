"""An export is complete, honest about itself, and never half there."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.forge import Forge

NAMES = [
    *("documents.jsonl", "passages.jsonl", "vectors.npy", "conversations.jsonl", "messages.jsonl", "options.jsonl"),
    *("tasks.jsonl", "pairs.jsonl", "suites.jsonl", "datasets.jsonl", "attempts.jsonl"),
    *("versions.jsonl", "version_history.jsonl", "training.jsonl", "gates.jsonl", "measurements.jsonl", "cards.jsonl"),
]


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().decode("utf-8").splitlines()]


def ask(forge: Forge, question: str) -> int:
    conversation = forge.chat.create()
    forge.jobs.wait(forge.chat.ask(conversation, question))
    return conversation


def test_every_row_is_there_and_the_manifest_says_so(forge: Forge, tmp_path: Path) -> None:
    ask(forge, "How long may I keep a hand tool?")
    out = tmp_path / "deep" / "out"
    files = forge.archive.export(out)
    assert [file.name for file in files] == NAMES
    assert sorted(path.name for path in out.iterdir()) == sorted([*NAMES, "manifest.json"])
    manifest = json.loads((out / "manifest.json").read_bytes())
    assert manifest["files"] == [{"name": f.name, "rows": f.rows, "sha256": f.sha256} for f in files]
    assert manifest["format"] == "forge-export"
    counts = {file.name: file.rows for file in files}
    for file in files:
        assert hashlib.sha256((out / file.name).read_bytes()).hexdigest() == file.sha256
        if file.name.endswith(".jsonl"):
            assert len(rows(out / file.name)) == file.rows
    stats = forge.corpus.shelf.stats()
    assert counts["documents.jsonl"] == stats.documents
    assert counts["passages.jsonl"] == counts["vectors.npy"] == stats.passages
    assert counts["conversations.jsonl"] == 1
    assert counts["versions.jsonl"] == len(forge.students.registry.versions()) > 0
    assert counts["messages.jsonl"] == 2


@pytest.mark.skipif(os.name != "posix", reason="file modes")
def test_only_the_user_can_read_an_export(forge: Forge, tmp_path: Path) -> None:
    forge.archive.export(tmp_path / "out")
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "out").iterdir()} == {0o600}


def test_passages_are_spans_of_their_documents(forge: Forge, tmp_path: Path) -> None:
    forge.archive.export(tmp_path / "out")
    texts = {row["sha256"]: row["text"] for row in rows(tmp_path / "out" / "documents.jsonl")}
    passages = rows(tmp_path / "out" / "passages.jsonl")
    assert passages
    for passage in passages:
        assert texts[passage["document_sha256"]][passage["start"] : passage["end"]] == passage["text"]


def test_vectors_open_with_numpy_alone(forge: Forge, tmp_path: Path) -> None:
    forge.archive.export(tmp_path / "out")
    vectors = np.load(tmp_path / "out" / "vectors.npy", allow_pickle=False)
    assert vectors.shape[0] == forge.corpus.shelf.stats().passages
    assert np.any(vectors, axis=1).all(), "each passage has a vector"


def test_messages_keep_branches_sources_and_provenance(forge: Forge, tmp_path: Path) -> None:
    conversation = ask(forge, "How long may I keep a hand tool?")
    answer = forge.chat.messages(conversation)[-1]
    forge.jobs.wait(forge.chat.regenerate(answer.id))
    forge.archive.export(tmp_path / "out")
    question, first, second = rows(tmp_path / "out" / "messages.jsonl")
    (kept,) = rows(tmp_path / "out" / "conversations.jsonl")
    assert first["parent"] == second["parent"] == question["uid"]
    assert question["conversation"] == kept["uid"]
    assert first["text"] == answer.text
    assert first["provenance"]["prompt_sha256"] == answer.provenance["prompt_sha256"]
    assert [source["quote"] for source in first["sources"]] == [source.quote for source in answer.sources]


def test_an_empty_corpus_exports_too(data_dir: Path, tmp_path: Path) -> None:
    forge = Forge(data_dir, holder="a test")
    try:
        found = {file.name: file.rows for file in forge.archive.export(tmp_path / "out")}
        starter = {
            "versions.jsonl": 1,
            "version_history.jsonl": 2,
            "cards.jsonl": 1,
        }  # there from the start, and promoted
        assert found == {**dict.fromkeys(NAMES, 0), **starter}
        version = rows(tmp_path / "out" / "versions.jsonl")[0]
        assert (version["label"], version["state"], version["adapter"]) == ("v1", "active", None)
        assert [row["what"] for row in rows(tmp_path / "out" / "version_history.jsonl")] == ["imported", "promoted"]
        assert np.load(tmp_path / "out" / "vectors.npy").shape[0] == 0
    finally:
        forge.close()


def test_a_directory_with_anything_in_it_is_refused(forge: Forge, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("keep me")
    with pytest.raises(ForgeError, match="not empty"):
        forge.archive.export(out)
    assert [path.name for path in out.iterdir()] == ["mine.txt"]
    with pytest.raises(ForgeError, match="is a file, not a directory"):
        forge.archive.export(out / "mine.txt")
    with pytest.raises(ForgeError, match="inside the data directory"):
        forge.archive.export(forge.data_dir / "export")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a small disk is made with mount")
@pytest.mark.skipif(getattr(os, "geteuid", lambda: 1)() != 0, reason="only root may mount a small disk")
def test_a_full_disk_leaves_nothing_half(forge: Forge, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40k", "tmpfs", small], capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"no mount here: {mounted.stderr.strip()}")
    try:
        with pytest.raises(ForgeError, match="No space left"):
            forge.archive.export(small / "out")
        assert list(small.iterdir()) == []
        (small / "empty").mkdir()
        with pytest.raises(ForgeError, match="No space left"):
            forge.archive.export(small / "empty")
        assert list((small / "empty").iterdir()) == []
    finally:
        subprocess.run(["umount", small], check=True)
    assert forge.archive.verify().ok
