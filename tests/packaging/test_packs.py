"""Backend packs: what they are kept under, the patch that fits or refuses, and how a finished one is placed."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from devtools import packs, patching, steps, vendored
from devtools.recipes import CUDA, RECIPES, VULKAN

COMMIT = "0c1e57098bba43ac29e6e3b677cdceebdd22334f"
TOP = """set(LLAMA_VERSION_MAJOR 0)
set(LLAMA_VERSION_MINOR 5)
set(LLAMA_VERSION_PATCH 0)
option(LLAMA_BUILD_IS_DEV "llama: dev build" ON)
"""
GGML = "set(GGML_VERSION_MAJOR 0)\nset(GGML_VERSION_MINOR 25)\nset(GGML_VERSION_PATCH 3)\n"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A source tree with what a pack's description is read from."""
    folder = tmp_path / "llama.cpp"
    (folder / "ggml").mkdir(parents=True)
    (folder / "CMakeLists.txt").write_text(TOP)
    (folder / "ggml" / "CMakeLists.txt").write_text(GGML)
    (folder / "LICENSE").write_text("MIT License")
    (folder / vendored.COMMIT).write_text(COMMIT)
    return folder


@pytest.fixture
def finished(tree: Path, tmp_path: Path) -> Path:
    """A described pack whose module is made up."""
    module = tmp_path / "libggml-vulkan.so"
    module.write_bytes(b"a module")
    work = tmp_path / "work"
    work.mkdir()
    return packs.describe(packs.Build(VULKAN, tree, work), module)


def test_whatever_changes_a_pack_changes_its_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    keys = {packs.pack_key(recipe, "") for recipe in RECIPES.values()}
    keys.add(packs.pack_key(CUDA, "90"))
    usual = packs.pack_key(VULKAN, "")
    assert usual in keys
    (tmp_path / VULKAN.patch).write_text("another patch")
    monkeypatch.setattr(patching, "PATCHES", tmp_path)
    keys.add(packs.pack_key(VULKAN, ""))
    monkeypatch.setattr(packs, "this_target", lambda: "another machine")
    keys.add(packs.pack_key(VULKAN, ""))
    assert len(keys) == len(RECIPES) + 3


def test_a_module_is_compiled_alone_and_for_no_single_processor() -> None:
    flags = packs.flags(CUDA, "90")
    assert {"-DGGML_BACKEND_DL=ON", "-DGGML_CPU=OFF", "-DGGML_NATIVE=OFF", "-DLLAMA_BUILD_TOOLS=OFF"} <= set(flags)
    assert {"-DGGML_CUDA_NO_VMM=ON", "-DGGML_CUDA_NCCL=OFF", "-DCMAKE_CUDA_ARCHITECTURES=90"} <= set(flags)
    for recipe in RECIPES.values():
        names = [flag.partition("=")[0] for flag in packs.flags(recipe, "")]
        assert len(names) == len(set(names)), recipe.name


def test_a_pack_says_what_it_is(finished: Path, tree: Path) -> None:
    note = json.loads((finished / packs.NOTE).read_text())
    assert note["build"] == vendored.build_key(tree) == "0.5.0-dev-ggml0.25.3"
    assert (note["backend"], note["file"], note["size"]) == ("Vulkan", "libggml-vulkan.so", 8)
    assert note["commit"] == COMMIT
    assert note["licences"]
    assert (finished / "LICENSE").read_text() == "MIT License"
    assert packs.whole(finished)


def test_a_damaged_pack_is_not_whole(finished: Path, tmp_path: Path) -> None:
    (finished / "libggml-vulkan.so").write_bytes(b"a medule")
    assert not packs.whole(finished)
    (finished / packs.NOTE).write_text("[]")
    assert not packs.whole(finished)
    assert not packs.whole(tmp_path / "missing")


def test_a_placed_pack_replaces_the_older_one(finished: Path, tmp_path: Path) -> None:
    place = tmp_path / "packs"
    older = place / "vulkan-0.4.0"
    other = place / "cuda-0.5.0"
    for folder in (older, other):
        folder.mkdir(parents=True)
    placed = packs.place(finished, place)
    assert placed == packs.place(finished, place) == place / "vulkan-0.5.0-dev-ggml0.25.3"
    assert packs.whole(placed)
    assert sorted(folder.name for folder in place.iterdir()) == [other.name, placed.name]
    (placed / "libggml-vulkan.so").unlink()
    assert packs.whole(packs.place(finished, place))


def test_the_source_is_taken_out_of_the_package_without_what_nothing_needs(tmp_path: Path) -> None:
    archive = tmp_path / "llama_cpp_python-0.3.36.tar.gz"
    contents = {
        ".git/modules/vendor/llama.cpp/HEAD": COMMIT,
        "vendor/llama.cpp/CMakeLists.txt": TOP,
        "vendor/llama.cpp/ggml/CMakeLists.txt": GGML,
        "vendor/llama.cpp/models/large.gguf": "x",
        "vendor/llama.cpp/../../outside.txt": "x",
        "llama_cpp/__init__.py": "x",
    }
    with tarfile.open(archive, "w:gz") as file:
        for name, text in contents.items():
            entry = tarfile.TarInfo(f"llama_cpp_python-0.3.36/{name}")
            entry.size = len(text)
            file.addfile(entry, io.BytesIO(text.encode()))
    folder = vendored.unpack(archive, tmp_path / "source")
    assert vendored.commit_of(folder) == COMMIT
    assert vendored.build_key(folder) == "0.5.0-dev-ggml0.25.3"
    found = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    assert found == ["CMakeLists.txt", vendored.COMMIT, "ggml/CMakeLists.txt"]
    assert not (tmp_path / "outside.txt").exists()


def test_a_package_laid_out_otherwise_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "other.tar.gz"
    with tarfile.open(archive, "w:gz"):
        pass
    with pytest.raises(steps.Problem, match="not laid out as expected"):
        vendored.unpack(archive, tmp_path / "source")


def test_a_patch_changes_its_lines_and_no_others(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("".join(f"line {number}\n" for number in range(1, 10)))
    patch = tmp_path / "some.patch"
    patch.write_text("why\n\n--- a/a.txt\n+++ b/a.txt\n@@ -2,3 +2,3 @@\n line 2\n-line 3\n+three\n line 4\n"
                     "@@ -8,1 +8,2 @@\n line 8\n+eight and a half\n")  # fmt: skip
    patching.apply(patch, tmp_path)
    wanted = ["line 1", "line 2", "three", *(f"line {number}" for number in range(4, 9)), "eight and a half", "line 9"]
    assert (tmp_path / "a.txt").read_text().splitlines() == wanted
    with pytest.raises(steps.Problem, match="does not fit this source"):
        patching.apply(patch, tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="the Vulkan pack is compiled on Linux")
def test_missing_tools_are_installed_where_that_is_allowed_and_else_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from devtools import vulkan

    installed: list[str] = []
    table = {"glslc": lambda: "glslc" in installed, "libc6": lambda: True}
    monkeypatch.setattr(vulkan, "may_install", lambda: False)
    with pytest.raises(steps.Problem, match="glslc"):
        vulkan._require(table)
    monkeypatch.setattr(vulkan, "may_install", lambda: True)
    monkeypatch.setattr(vulkan, "install_packages", installed.extend)
    vulkan._require(table)
    assert installed == ["glslc"]


def test_the_patch_for_older_headers_fits_the_locked_source() -> None:
    folder = vendored.source_folder()
    if not (folder / vendored.COMMIT).is_file():
        pytest.skip("llama.cpp's source is not unpacked here: no pack was compiled")
    patch = patching.PATCHES / VULKAN.patch
    name = re.search(r"(?m)^--- a/(.+)$", patch.read_text(encoding="utf-8"))
    assert name
    text = (folder / name[1]).read_text(encoding="utf-8")
    lines = patching._patched(text.splitlines(keepends=True), patch.read_text(encoding="utf-8"), patch.name)
    assert "#ifdef VK_EXT_layer_settings\n" in lines
    assert len(lines) == len(text.splitlines()) + 5


def test_the_source_and_the_running_engine_say_the_same_build() -> None:
    folder = vendored.source_folder()
    if not (folder / vendored.COMMIT).is_file():
        pytest.skip("llama.cpp's source is not unpacked here: no pack was compiled")
    code = "from forge_desktop.engine.child import devices; print(devices.build_key())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == vendored.build_key(folder)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems resolve modules otherwise")
def test_the_placed_module_needs_nothing_that_the_engine_lacks() -> None:
    from devtools import machine

    found = sorted(packs.PLACE.glob("vulkan-*/libggml-vulkan.so"))
    if not found:
        pytest.skip(os.environ.get("FORGE_PACK_MISSING") or "no Vulkan pack: python3 packaging/dev.py pack vulkan")
    if not shutil.which("readelf"):
        pytest.skip("readelf is not installed")
    assert not machine.missing_libraries({"libvulkan.so.1": "libvulkan1"})
    done = subprocess.run(["readelf", "-d", found[0]], capture_output=True, text=True, timeout=60, check=False)
    needed = re.findall(r"NEEDED.*\[(.+)\]", done.stdout)
    assert {"libggml-base.so.0", "libvulkan.so.1"} <= set(needed)
    assert not [name for name in needed if name.startswith(("libggml-cpu", "libllama", "libgomp"))]
    assert "[$ORIGIN]" in done.stdout
