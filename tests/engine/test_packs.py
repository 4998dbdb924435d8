"""Backend packs: only one that is what it says it is gets near the child, and one that kills it only once."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from forge_desktop.engine.packs import Packs, pack_folders
from forge_desktop.engine.records_plan import Pack
from tests.engine.conftest import EngineMaker

CRASHING = str(Path(__file__).with_name("crashing_child.py"))
BUILD = "1.2-ggml3.4"


def write_pack(folder: Path, backend: str = "vulkan", *, content: bytes = b"no module", **changes: Any) -> Path:
    """A pack as packaging writes it; `changes` replace entries of its note, None takes them out."""
    place = folder / f"{backend}-{changes.get('build', BUILD)}"
    place.mkdir(parents=True)
    (place / "module.so").write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    note = {"name": "Vulkan", "backend": backend, "build": BUILD, "file": "module.so", "sha256": sha256}
    note |= {"size": len(content)} | changes
    (place / "pack.json").write_text(json.dumps({key: value for key, value in note.items() if value is not None}))
    return place


def only(folder: Path) -> Pack:
    """The one pack in the folder."""
    (found,) = Packs([folder]).find(BUILD)
    assert bool(found.module) != bool(found.pack.problem)  # what has a problem names nothing to load
    return found.pack


def test_a_good_pack_is_found_with_what_its_note_says(tmp_path: Path) -> None:
    place = write_pack(tmp_path)
    assert only(tmp_path) == Pack(
        "Vulkan", str(place), "vulkan", BUILD, hashlib.sha256(b"no module").hexdigest(), problem=""
    )


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"build": "0.1-ggml2.0"}, "It was made for llama.cpp 0.1-ggml2.0, and this is 1.2-ggml3.4."),
        ({"sha256": "0" * 64}, "module.so is not the file it is said to be."),
        ({"size": 3}, "module.so has 9 bytes instead of 3."),
        ({"file": "other.so"}, "other.so cannot be read: No such file or directory."),
        ({"file": "../vulkan-1.2-ggml3.4/module.so"}, "Its pack.json cannot be read."),
        ({"file": ""}, "Its pack.json cannot be read."),
        ({"sha256": None}, "Its pack.json cannot be read."),
        (
            {"libraries": [{"file": "module.so", "sha256": "0", "size": 9}]},
            "module.so is not the file it is said to be.",
        ),
        ({"libraries": "none"}, "Its pack.json cannot be read."),
    ],
)
def test_a_pack_that_does_not_fit_says_why(tmp_path: Path, changes: dict[str, Any], problem: str) -> None:
    write_pack(tmp_path, **changes)
    assert only(tmp_path).problem == problem


@pytest.mark.parametrize("note", ["", "[]", "nonsense", '{"name": 1}', "\x00"])
def test_a_note_that_is_none_is_told(tmp_path: Path, note: str) -> None:
    (write_pack(tmp_path) / "pack.json").write_text(note)
    assert only(tmp_path).problem == "Its pack.json cannot be read."


def test_a_module_that_is_changed_after_it_was_verified_is_seen(tmp_path: Path) -> None:
    place = write_pack(tmp_path)
    packs = Packs([tmp_path])
    assert not packs.find(BUILD)[0].pack.problem
    (place / "module.so").write_bytes(b"bad model")
    os.utime(place / "module.so", ns=(1, 1))
    assert packs.find(BUILD)[0].pack.problem == "module.so is not the file it is said to be."


def test_of_one_backend_the_first_folders_good_pack_is_used(tmp_path: Path) -> None:
    write_pack(tmp_path / "a", build="old")
    write_pack(tmp_path / "b")
    write_pack(tmp_path / "c")
    write_pack(tmp_path / "c", "cuda")
    found = Packs([tmp_path / name for name in "abc"]).find(BUILD)
    assert [(pack.pack.backend, bool(pack.pack.problem)) for pack in found] == [
        ("vulkan", True),
        ("vulkan", False),
        ("cuda", False),
        ("vulkan", True),
    ]
    assert found[-1].pack.problem == "Another pack of the same backend is used."


def test_packs_are_looked_for_in_the_data_directory_and_among_the_resources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORGE_PACKS", os.pathsep.join(["/one", "/two"]))
    assert pack_folders(tmp_path) == [Path("/one"), Path("/two"), tmp_path / "packs"]
    monkeypatch.setenv("FORGE_PACKS", "")
    assert pack_folders(tmp_path) == [tmp_path / "packs"]
    monkeypatch.delenv("FORGE_PACKS")
    own, shipped = pack_folders(tmp_path)
    assert own == tmp_path / "packs"
    assert shipped.parts[-2:] == ("resources", "packs")


def own_pack(engine: Any, **changes: Any) -> None:
    """Put a pack for the running llama.cpp into the engine's data directory."""
    with engine.layout.surveyor() as child:
        build = child.hello["key"]
    write_pack(engine.database.path.parent / "packs", build=build, **changes)


def listed(engine: Any) -> Pack:
    """That pack as the hardware lists it, beside those that this clone may have."""
    (found,) = [pack for pack in engine.hardware().packs if Path(pack.path).is_relative_to(engine.database.path.parent)]
    return found


def test_a_module_that_llama_cpp_cannot_load_is_told_and_the_cpu_computes(make_engine: EngineMaker, tiny: Path) -> None:
    engine = make_engine(tiny)
    own_pack(engine)
    pack = listed(engine)
    assert pack.problem.startswith("It could not be loaded: ")
    assert engine.warm().device == "CPU"


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_pack_that_kills_the_child_is_left_out_from_then_on(
    make_engine: EngineMaker, tiny: Path, expect_log: Callable[[str], None], quiet_log: Any
) -> None:
    expect_log(r"the pack .* killed the engine child, which crashed \(signal 11\)")
    engine = make_engine(tiny, command=[sys.executable, CRASHING, "pack"])
    own_pack(engine)
    assert engine.warm().status == "ready"
    assert len(quiet_log.lines) == 1
    pack = listed(engine)
    assert pack.problem.startswith("It ended the engine's process when it was loaded")
    engine.eject()
    assert engine.warm().device == "CPU"
    assert len(quiet_log.lines) == 1  # it was not tried again
