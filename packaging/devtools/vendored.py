"""The llama.cpp that llama-cpp-python's locked source vendors: packs and llama.cpp's programs are built from it."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tarfile
from pathlib import Path, PurePosixPath

from devtools import llama, locks
from devtools.compiling import make_tools, path_with, workplace
from devtools.machine import cache_dir, require_space
from devtools.steps import Problem, clean_environment, run, say

COMMIT = "forge-commit.txt"  # written last into the unpacked source: which llama.cpp it is

# What no target of ours needs: models' vocabularies, documentation, conversion scripts, the web page of the server.
_LEFT_OUT = {"docs", "models", "media", "gguf-py", "tests", "examples", "benches", "conversion", "pocs", "ci", "skills"}


def source_folder() -> Path:
    """Where this machine's unpacked source is, or will be."""
    requirement = locks.only(locks.read("runtime"), llama.NAME)
    return cache_dir() / "sources" / f"{requirement.version}-{locks.digest(requirement.text())[:20]}"


def source(python: str) -> Path:
    """llama.cpp's source tree, from the cache or fetched now with a Python that can make virtual environments.

    Raises Problem. Nothing may be written into the folder: all builds share it.
    """
    folder = source_folder()
    if (folder / COMMIT).is_file():
        return folder
    require_space(folder, 0.5)
    with workplace(folder.parent) as work:
        say("Fetching llama.cpp's source ...")
        programs = make_tools(python, work)
        unpacked = unpack(_download(programs, work), work / "source")
        shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):  # another set-up may have finished first; its source is as good
            os.replace(unpacked, folder)
    if not (folder / COMMIT).is_file():
        raise Problem(f"llama.cpp's source could not be kept in {folder}.")
    return folder


def _download(programs: Path, work: Path) -> Path:
    requirements = locks.write(work / "llama.txt", [locks.only(locks.read("runtime"), llama.NAME)])
    run(
        [programs / "python", "-m", "pip", "download", "--require-hashes", "--no-deps", "--no-build-isolation",
         "--no-cache-dir", "--no-binary", ":all:", "-r", requirements, "-d", work],
        failed="llama.cpp's source could not be downloaded.",
        env=clean_environment(PATH=path_with(programs)),
    )  # fmt: skip
    return next(work.glob("*.tar.gz"))


def unpack(archive: Path, target: Path) -> Path:
    """Take llama.cpp out of the package's archive and note its commit. Raises Problem when it is not laid out so."""
    commit = ""
    with tarfile.open(archive) as files:
        for member in files:
            parts = PurePosixPath(member.name).parts[1:]
            if not member.isfile() or ".." in parts or (content := files.extractfile(member)) is None:
                continue
            if parts[-3:] == ("vendor", "llama.cpp", "HEAD") and ".git" in parts:
                commit = content.read().decode("ascii", "replace").strip()
            elif parts[:2] == ("vendor", "llama.cpp") and len(parts) > 2 and parts[2] not in _LEFT_OUT | {".git"}:
                place = target.joinpath(*parts[2:])
                place.parent.mkdir(parents=True, exist_ok=True)
                with place.open("wb") as file:
                    shutil.copyfileobj(content, file)
    if not re.fullmatch(r"[0-9a-f]{40}", commit) or not (target / "ggml" / "CMakeLists.txt").is_file():
        raise Problem("The source of llama-cpp-python is not laid out as expected, so nothing can be built from it.")
    (target / COMMIT).write_text(f"{commit}\n", encoding="ascii")
    return target


def commit_of(tree: Path) -> str:
    """The llama.cpp commit an unpacked source is of."""
    return (tree / COMMIT).read_text(encoding="ascii").strip()


def build_key(tree: Path) -> str:
    """What the engine calls a llama.cpp built from this source; a pack fits it only when both say the same."""
    top = (tree / "CMakeLists.txt").read_text(encoding="utf-8")
    suffix = "-dev" if re.search(r"option\(LLAMA_BUILD_IS_DEV .* ON\)", top) else ""
    ggml = (tree / "ggml" / "CMakeLists.txt").read_text(encoding="utf-8")
    return f"{_version(top, 'LLAMA')}{suffix}-ggml{_version(ggml, 'GGML')}"


def _version(text: str, name: str) -> str:
    found = [re.search(rf"set\({name}_VERSION_{part} (\d+)\)", text) for part in ("MAJOR", "MINOR", "PATCH")]
    if not all(found):
        raise Problem(f"{name.lower()}'s version cannot be read from its source.")
    return ".".join(match[1] for match in found if match)
