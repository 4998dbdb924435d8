"""The pack and llama-bench, from one build: the bench then measures the very module that the engine loads."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

from devtools import llama, packs
from devtools.recipes import ALONE_FLAGS, MODULE_FLAGS, RECIPES, Recipe
from devtools.steps import Problem

from gpucheck import machine
from gpucheck.place import Place

_PROGRAMS = ("-DLLAMA_BUILD_COMMON=ON", "-DLLAMA_BUILD_TOOLS=ON", "-DLLAMA_CURL=OFF", "-DLLAMA_OPENSSL=OFF")


def kept(place: Place) -> dict[str, Any]:
    """The pack that was brought along, compiled on such a machine before; empty where there is none."""
    note = next((packs.note_of(folder) for folder in place.packs.glob("*") if packs.whole(folder)), {})
    told = ("build", "commit", "size", "sha256", "file")
    return {"brought": True} | {name: note[name] for name in told} if note and not place.source.is_dir() else {}


def build(place: Place) -> dict[str, Any]:
    """Compile llama-bench with its backends as modules, and make the GPU's module a pack. Raises Problem."""
    recipe = RECIPES.get(place.backend)  # none for the CPU alone
    architecture = machine.gpu().get("compute_cap", "").replace(".", "") if place.backend == "cuda" else ""
    work = place.work / "pack"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    one = packs.Build(recipe, place.source, work, architecture) if recipe else None
    tree = packs.patched(one) if one else place.source
    targets = [*([recipe.target] if recipe else []), "ggml-cpu", "llama-bench"]
    started = time.monotonic()
    chosen = _flags(recipe, architecture) + (packs.library_flags(recipe, place.work) if recipe else [])
    packs.compile_target(tree, place.build, chosen, *targets, what="The pack with llama-bench")
    result: dict[str, Any] = {"seconds": round(time.monotonic() - started, 1), "architecture": architecture}
    if one:
        module = _stripped(packs.module_in(place.build, one.recipe), work)
        note = packs.note_of(packs.place(packs.describe(one, module), place.packs))
        result |= {name: note[name] for name in ("build", "commit", "size", "sha256", "file")}
    if not place.bench.is_file():
        raise Problem("llama-bench was not made.")
    return result


def _flags(recipe: Recipe | None, architecture: str) -> list[str]:
    """The pack's own flags, but with the CPU backend of the engine's wheel and with llama.cpp's programs."""
    own = packs.flags(recipe, architecture) if recipe else list(MODULE_FLAGS)
    dropped = {flag.partition("=")[0] for flag in (*ALONE_FLAGS, "-DCMAKE_MODULE_LINKER_FLAGS=")}
    wheels = [flag for flag in llama.flags() if not flag.startswith("-DLLAVA")]
    return [*(flag for flag in own if flag.partition("=")[0] not in dropped), *wheels, *_PROGRAMS]


def _stripped(module: Path, work: Path) -> Path:
    copy = work / module.name
    shutil.copyfile(module, copy)
    if strip := shutil.which("strip"):
        subprocess.run([strip, "--strip-unneeded", copy], timeout=120, check=False)
    return copy
