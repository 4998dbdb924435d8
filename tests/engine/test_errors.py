"""The table of what can go wrong: every case is worded whole, every code is documented, every use exists."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.engine.errors import TABLE, loading_case, of_embedder, trouble

ROOT = Path(__file__).resolve().parents[2]
USED = re.compile(r"trouble\(\s*\"([A-Z_]+(?:\.[a-z]+)?)\"")


@pytest.mark.parametrize("case", TABLE)
def test_each_case_is_a_whole_sentence_with_a_hint(case: str) -> None:
    row = TABLE[case]
    fields = {name for _, name, _, _ in string.Formatter().parse(row.sentence) if name}
    error = trouble(case, **dict.fromkeys(fields, 7))
    assert error.message.endswith(".")
    assert error.hint.endswith((".", "dev.py run"))
    assert error.code == case.split(".")[0]
    assert error.action == row.action


def test_every_code_is_documented_and_no_other() -> None:
    text = (ROOT / "docs" / "engine-errors.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `([A-Z_]+)`", text, re.MULTILINE))
    assert documented == {case.split(".")[0] for case in TABLE} | {"CANCELLED"}


def test_every_case_that_is_raised_is_in_the_table() -> None:
    sources = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "forge_desktop").rglob("*.py"))
    assert set(USED.findall(sources)) <= set(TABLE)


def test_llama_cpps_words_for_a_failed_load_are_told_apart() -> None:
    assert loading_case("failed to open GGUF file 'x' (No such file or directory)") == "MODEL_MISSING"
    assert loading_case("unknown model architecture: 'warp'") == "MODEL_UNSUPPORTED"
    assert loading_case("tensor 'x' data is not within the file bounds") == "MODEL_CORRUPT"


def test_a_sentence_names_the_file_and_the_hint_says_where_it_is() -> None:
    path = "/home/ada/models/tiny.gguf"
    error = trouble("MODEL_CORRUPT", path=path, reason=f"'{path}' has expected    576,      0, got 7")
    assert error.message == "The student tiny.gguf could not be loaded: 'tiny.gguf' has expected 576, 0, got 7."
    assert error.hint.count(path) == 1


def test_an_embedding_model_is_not_called_a_student() -> None:
    error = of_embedder(trouble("ENGINE_CRASH.loading", path="/models/bert.gguf", what="crashed (signal 11)"))
    assert error.message.startswith("The embedding model bert.gguf cannot be loaded")
    assert error.hint == "Choose another embedding model in Settings."
    assert of_embedder(trouble("ENGINE_CRASH", what="hung")).message == "The embedding model's process hung."


def test_an_error_from_elsewhere_has_no_code() -> None:
    assert (ForgeError("No.").code, ForgeError("No.").action) == ("", "")
