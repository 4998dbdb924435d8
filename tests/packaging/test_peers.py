"""What the engine's benchmark compares with: built with the flags of our own wheel, kept outside the clone."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from devtools import llama, peers, steps


def test_the_others_compute_with_the_flags_of_our_own_wheel() -> None:
    assert set(llama.flags()) <= set(peers.flags())
    assert not any("AMX" in flag or "NATIVE=ON" in flag for flag in peers.flags())


def test_they_are_kept_outside_the_clone_by_what_made_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = peers.program_folder({"FORGE_CACHE_DIR": str(tmp_path)})
    assert folder.parent == tmp_path / "peers"
    assert not peers.program_folder({"HOME": str(tmp_path)}).is_relative_to(steps.ROOT)
    monkeypatch.setattr(peers, "_FLAGS", (*peers._FLAGS, "-DGGML_LTO=ON"))
    assert peers.program_folder({"FORGE_CACHE_DIR": str(tmp_path)}) != folder


def test_what_is_not_there_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORGE_CACHE_DIR", str(tmp_path))
    assert peers.show(only_cached=True) == 0
    assert capsys.readouterr().out == "{}\n"


def test_a_second_student_that_is_not_the_pinned_one_is_refused(tmp_path: Path) -> None:
    package = tmp_path / "part1.whl"
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("part1/data/model.gguf.part00", b"GGUF")
    with pytest.raises(steps.Problem, match="not the expected one"):
        peers._join([package], tmp_path / "model.gguf")
