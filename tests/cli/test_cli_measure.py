"""`measure` from a script: figures as one object, the list, refusals by status and sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.students.gate_rooms import opened, tiny

Json = Callable[..., dict[str, Any]]
_QUICK = ("--prompts", 2, "--prompt-tokens", 200, "--answer-tokens", 12, "--context", 512)


@pytest.fixture
def cli(in_process: Callable[..., Any]) -> Callable[..., Any]:
    return in_process


def test_a_version_is_measured_from_a_script(
    data_dir: Path, tmp_path: Path, cli_json: Json, cli: Callable[..., Any], check_fields: Any
) -> None:
    with opened(data_dir, tiny(tmp_path / "base.gguf")) as room:
        label = room.base.label
    assert cli("measure", "--list").stdout == "Nothing was measured yet.\n"
    found = cli_json("measure", label, *_QUICK, "--seed", 3)
    check_fields(
        found, uid=str, version=str, label=str, build=str, device=str, machine=dict, figures=dict, created=float
    )
    assert (found["label"], found["wish"]["seed"], found["figures"]["latency"]["n"]) == (label, 3, 2)
    assert cli_json("measure", "--list")["measurements"] == [found]
    assert cli_json("measure", label, "--list")["measurements"] == [found]
    said = cli("measure", label, *_QUICK).stdout
    assert "tokens/s" in said
    assert "Not measured, memory of a GPU: no part of it was on a GPU." in said
    assert cli("measure", "--list").stdout.count("tokens/s") == 2
    refused = cli_json("measure", label, "--context", 8192, expect=1)
    assert "made for 4,096 tokens" in refused["error"]["message"]
    cli("measure", label, "--prompts", 0, expect=2)
