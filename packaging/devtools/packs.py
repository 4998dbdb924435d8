"""Backend packs: a GPU module of the very llama.cpp that the engine's wheel was compiled from, described and kept."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import platform
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from devtools import cuda, llama, locks, patching, vendored, vulkan
from devtools.compiling import cores, make_tools, path_with, workplace
from devtools.machine import cache_dir, require_space
from devtools.recipes import ALONE_FLAGS, MODULE_FLAGS, RECIPES, Recipe
from devtools.steps import ROOT, Problem, clean_environment, run, say

PLACE = ROOT / "resources" / "packs"
NOTE = "pack.json"


@dataclasses.dataclass(frozen=True)
class Build:
    """One compilation: what, for which GPUs, from which source. `programs` holds CMake and ninja, else PATH does."""

    recipe: Recipe
    tree: Path
    work: Path
    architectures: str = ""
    programs: Path | None = None


def pack(name: str, *, python: str, architectures: str = "", tree: Path | None = None) -> Path:
    """Make one backend's pack, or take it from the cache, and place it among the resources; returns its folder there.

    `tree` is llama.cpp's source where it is not to be fetched; CMake and ninja then are the machine's own.
    Raises Problem.
    """
    recipe = RECIPES[name]
    kept = cache_dir() / "packs" / pack_key(recipe, architectures)
    if whole(kept):
        say(f"Using the {recipe.backend} pack compiled earlier.")
        return place(kept)
    if recipe is RECIPES["vulkan"]:
        vulkan.require_headers()
    if not recipe.tried:
        say(f"The {recipe.backend} pack is untested: nobody has run it for Forge Desktop yet.")
    fetched = tree or vendored.source(python)
    require_space(kept, 1.0)
    with workplace(kept.parent) as work:
        started = time.monotonic()
        say(f"Compiling the {recipe.backend} pack, once ...")
        programs = None if tree else make_tools(python, work)
        finished = make(Build(recipe, fetched, work, architectures, programs))
        shutil.rmtree(kept, ignore_errors=True)
        with contextlib.suppress(OSError):  # another set-up may have finished first; its pack is as good
            os.replace(finished, kept)
        say(f"  compiled in {time.monotonic() - started:.0f} s")
    if not whole(kept):
        raise Problem(f"The {recipe.backend} pack could not be kept in {kept}.")
    return place(kept)


def pack_key(recipe: Recipe, architectures: str) -> str:
    """What a pack is kept under: everything that decides what comes out of the compiler."""
    requirement = locks.only(locks.read("runtime"), llama.NAME)
    patches = [patching.PATCHES / recipe.patch] if recipe.patch else []
    parts = locks.digest(
        requirement.text(), *flags(recipe, architectures), this_target(), locks.LOCKS / "build.txt", *patches
    )
    return f"{recipe.name}-{requirement.version}-{parts[:20]}"


def this_target() -> str:
    """Operating system, processor and C library, as they matter to a module."""
    return "-".join([sys.platform, platform.machine().lower(), *filter(None, platform.libc_ver())])


def flags(recipe: Recipe, architectures: str) -> list[str]:
    """CMake's flags for one module and nothing else."""
    chosen = [f"-D{recipe.architecture}={architectures}"] if recipe.architecture and architectures else []
    strip = ["-DCMAKE_MODULE_LINKER_FLAGS=-s"] if sys.platform.startswith("linux") else []
    others = [
        flag for flag in MODULE_FLAGS if flag.partition("=")[0] not in {f.partition("=")[0] for f in recipe.flags}
    ]
    return [*others, *ALONE_FLAGS, *strip, *recipe.flags, *chosen]


def library_flags(recipe: Recipe, work: Path) -> list[str]:
    """What CMake must be told of where this machine keeps the libraries of a GPU's maker. Raises Problem."""
    return cuda.flags(work) if recipe is RECIPES["cuda"] else []


def make(build: Build) -> Path:
    """Compile the module and describe it; returns the finished folder. Raises Problem."""
    recipe, folder = build.recipe, build.work / "build"
    chosen = flags(recipe, build.architectures) + library_flags(recipe, build.work)
    what = f"The {recipe.backend} pack"
    compile_target(patched(build), folder, chosen, recipe.target, what=what, programs=build.programs)
    return describe(build, module_in(folder, recipe))


def compile_target(
    tree: Path, folder: Path, chosen: list[str], *targets: str, what: str, programs: Path | None = None
) -> None:
    """Configure `folder` for a source tree and build these targets alone, on all cores. Raises Problem."""
    failed = f"{what} could not be compiled."
    env = clean_environment(**({"PATH": path_with(programs)} if programs else {}))
    # The unpacked source is no git checkout; without these two, an enclosing one would lend it a false name.
    told = [f"-DLLAMA_BUILD_COMMIT={vendored.commit_of(tree)[:7]}", "-DLLAMA_BUILD_NUMBER=0"]
    cmake = shutil.which("cmake", path=env.get("PATH")) or "cmake"
    run([cmake, "-S", tree, "-B", folder, "-G", "Ninja", *told, *chosen], failed=failed, env=env)
    run([cmake, "--build", folder, "--parallel", str(cores()), "--target", *targets], failed=failed, env=env)


def patched(build: Build) -> Path:
    """The source, or a patched copy of it where this machine's headers make one necessary."""
    if not build.recipe.patch or vulkan.has_layer_settings():
        return build.tree
    copy = build.work / "source"
    shutil.copytree(build.tree, copy)
    patching.apply(patching.PATCHES / build.recipe.patch, copy)
    return copy


def module_in(folder: Path, recipe: Recipe) -> Path:
    """The compiled module. Raises Problem."""
    for pattern in (f"lib{recipe.target}.so", f"lib{recipe.target}.dylib", f"{recipe.target}.dll"):
        if found := next(iter(sorted(folder.rglob(pattern))), None):
            return found
    raise Problem(f"The {recipe.backend} pack could not be compiled. The compiler made no module.")


def describe(build: Build, module: Path) -> Path:
    """Put module, licence and pack.json into a folder of their own and return it."""
    recipe, key = build.recipe, vendored.build_key(build.tree)
    folder = build.work / f"{recipe.name}-{key}"
    folder.mkdir()
    file = folder / module.name
    shutil.copyfile(module, file)
    file.chmod(0o755)
    shutil.copyfile(build.tree / "LICENSE", folder / "LICENSE")
    note = {
        "name": f"{recipe.backend} for {this_target()}",
        "backend": recipe.backend,
        "build": key,
        "file": file.name,
        "sha256": _sha256(file),
        "size": file.stat().st_size,
        "target": this_target(),
        "commit": vendored.commit_of(build.tree),
        "flags": flags(recipe, build.architectures),
        "licences": list(recipe.licences),
        "runs_with": recipe.runs_with,
        "tested": recipe.tried,
    }
    (folder / NOTE).write_text(json.dumps(note, indent=2) + "\n", encoding="utf-8")
    return folder


def note_of(folder: Path) -> dict[str, Any]:
    """What a pack's pack.json says; empty when it cannot be read."""
    try:
        told = json.loads((folder / NOTE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def whole(folder: Path) -> bool:
    """Whether a kept pack is complete, byte for byte."""
    note = note_of(folder)
    try:
        return bool(note) and _sha256(folder / str(note["file"])) == note["sha256"]
    except (OSError, KeyError):
        return False


def place(kept: Path, target: Path = PLACE) -> Path:
    """Link or copy a kept pack among the resources, in place of an older one of the same backend."""
    note = note_of(kept)
    name = f"{str(note['backend']).lower()}-{note['build']}"
    folder = target / name
    if not (whole(folder) and note_of(folder) == note):
        target.mkdir(parents=True, exist_ok=True)
        fresh = target / f".{name}.{os.getpid()}"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir()
        for file in kept.iterdir():
            _link(file, fresh / file.name)
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(fresh, folder)
    for older in target.glob(f"{str(note['backend']).lower()}-*"):
        if older != folder:
            shutil.rmtree(older, ignore_errors=True)
    return folder


def _link(source: Path, target: Path) -> None:
    """A hard link where the file systems allow it, so that clones share the bytes; else a copy."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
