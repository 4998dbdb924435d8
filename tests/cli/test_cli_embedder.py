"""The verb `embedder`: a GGUF embedding model chosen, used in searches, said in `status`, gone again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.data import tiny_bert


def test_a_model_is_chosen_used_and_given_up(
    cli_json: Callable[..., dict[str, Any]], cli: Callable[..., Any], tmp_path: Path
) -> None:
    folder = tmp_path / "texts"
    folder.mkdir()
    for name in ("sea", "mountain", "forest"):
        (folder / f"{name}.txt").write_text(f"Here is a text about the {name}, and what lives there.")
    cli_json("index", str(folder))
    assert cli_json("embedder")["embedder"] is None
    model = tiny_bert.write(tmp_path / "bert.gguf")
    chosen = cli_json("embedder", "--use", str(model))["embedder"]
    assert (chosen["name"], chosen["pooling"], chosen["dimensions"], chosen["note"]) == ("Tiny BERT", "mean", 32, "")
    found = cli_json("search", "what lives in the sea")
    assert found["note"] == ""
    assert found["results"]
    assert cli_json("status")["embedder"]["sha256"] == chosen["sha256"]
    model.unlink()
    missing = cli_json("search", "what lives in the sea")
    assert "cannot be read" in missing["note"]
    assert missing["results"]
    assert cli_json("embedder", "--none")["embedder"] is None
    assert cli_json("search", "sea")["note"] == ""


def test_a_file_that_cannot_embed_is_refused(cli: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "bad.gguf").write_bytes(b"no model")
    refused = cli("embedder", "--use", str(tmp_path / "bad.gguf"), expect=1)
    assert "is not a GGUF file" in refused.stderr
