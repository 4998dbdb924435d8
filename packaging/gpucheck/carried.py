"""What a bare machine must be brought: Python packages, llama.cpp or a module of it, the starter in parts."""

from __future__ import annotations

import hashlib
import lzma
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from devtools import llama, locks, packs, starter, vendored
from devtools.recipes import RECIPES
from devtools.steps import ROOT, Problem, clean_environment, run, say

from gpucheck.place import Place, Skipped

# What the engine's room and the database import, beyond the Python of such a machine.
PACKAGES = (
    "sqlite-utils", "sqlite-fts4", "click", "click-default-group", "tabulate", "python-dateutil", "six", "pluggy",
    "platformdirs", "jinja2", "markupsafe", "psutil", "typing-extensions", "langcodes", "license-expression",
    "boolean-py",
)  # fmt: skip
TRAINER_PACKAGES = ("gguf",)  # what the trainer's Python needs beside torch and numpy
_OTHER_BACKENDS = (
    "blas", "cann", "et", "hexagon", "hip", "metal", "musa", "opencl", "openvino", "rpc", "sycl", "virtgpu", "vulkan",
    "webgpu", "zdnn", "zendnn",
)  # fmt: skip
_OTHER_TOOLS = ("ui", "server", "cli")
SOURCE, PACK, WHEELS, TRAINER = "llama.cpp.tar.xz", "pack.tar.xz", "wheels", "trainer"
_ROOM = 64 << 20  # of one folder with the repository itself, which travels too
_SPARE = 3 << 20


def prepare(folder: Path, python: str, version: str, module: Path | None = None) -> None:
    """Fill `folder`/one, two … for a machine with this Python version; a `module` compiled on such a machine before
    spares it llama.cpp's source and the compiling. Raises Problem.
    """
    shutil.rmtree(folder, ignore_errors=True)
    one = _made(folder / NAMES[0])
    shutil.copy2(llama.wheel(python), _made(one / WHEELS))
    _download(one / WHEELS, python, version, [each for each in locks.read("runtime") if each.name in PACKAGES])
    _download(
        _made(one / TRAINER), python, version, [locks.only(locks.read("trainer"), name) for name in TRAINER_PACKAGES]
    )
    source = vendored.source(python)
    if module is None:
        say("Packing the trimmed llama.cpp ...")
        _pack(source, one / SOURCE)
    else:
        say("Packing the module ...")
        _pack_module(source, module, _made(folder / NAMES[1]) / PACK)
    say("Packing the starter student in parts ...")
    _cut(lzma.compress(starter.PLACE.read_bytes(), preset=2), folder)
    for part in sorted(folder.iterdir(), key=lambda part: NAMES.index(part.name)):
        say(f"{part}: {_size(part) / (1 << 20):.1f} MiB")


NAMES = ("one", "two", "three", "four", "five", "six")


def _cut(data: bytes, folder: Path) -> None:
    """Share it out over folders, each no larger than what may travel at once."""
    room = _ROOM - _SPARE - _repository()
    pieces, start = [], 0
    for name in NAMES:
        if start >= len(data):
            break
        part = _made(folder / name)
        size = max(0, room - _size(part))
        pieces.append((part, data[start : start + size]))
        start += size
    if start < len(data):
        raise Problem(f"The starter student does not fit into {len(NAMES)} parts of {room / (1 << 20):.0f} MiB.")
    pieces = [(part, piece) for part, piece in pieces if piece]
    for number, (part, piece) in enumerate(pieces, 1):
        (part / f"starter.{number}of{len(pieces)}").write_bytes(piece)


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _repository() -> int:
    """Bytes of the files that git knows here."""
    told = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False).stdout
    return sum((ROOT / name).stat().st_size for name in map(os.fsdecode, told.split(b"\0")) if (ROOT / name).is_file())


def _pack_module(source: Path, module: Path, target: Path) -> None:
    """A module compiled earlier, as the pack that the engine finds."""
    recipe = RECIPES["cuda"]
    with tempfile.TemporaryDirectory() as work:
        named = Path(work, f"lib{recipe.target}.so")
        shutil.copyfile(module, named)
        folder = packs.describe(packs.Build(recipe, source, Path(work)), named)
        with tarfile.open(target, "w:xz", preset=6) as archive:
            archive.add(folder, arcname=f"{recipe.name}-{packs.note_of(folder)['build']}")


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _download(target: Path, python: str, version: str, wanted: list[locks.Requirement]) -> None:
    listed = target.parent / "wheels.txt"
    run(
        [python, "-m", "pip", "download", "--no-deps", "--require-hashes", "--only-binary", ":all:",
         "--python-version", version, "--implementation", "cp",
         *(f"--platform=manylinux_2_{minor}_x86_64" for minor in (39, 28, 27, 17, 12, 5)),
         "--platform=manylinux2014_x86_64", "--platform=any", "-r", locks.write(listed, wanted), "-d", target],
        failed="The packages to carry could not be downloaded.",
    )  # fmt: skip
    listed.unlink()


def _pack(source: Path, target: Path) -> None:
    left_out = {f"ggml/src/ggml-{name}" for name in _OTHER_BACKENDS} | {f"tools/{name}" for name in _OTHER_TOOLS}

    def wanted(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
        inside = member.name.partition("/")[2]
        return None if any(inside == name or inside.startswith(f"{name}/") for name in left_out) else member

    with tarfile.open(target, "w:xz", preset=6) as archive:
        archive.add(source, arcname="llama.cpp", filter=wanted)


def unpack(carried: Path, place: Place) -> None:
    """Bring what was carried into the working folder, the starter's parts joined once both are there."""
    place.work.mkdir(parents=True, exist_ok=True)
    if (archive := carried / SOURCE).is_file() and not place.source.is_dir():
        with tarfile.open(archive) as files:
            files.extractall(place.work, filter="data")
    if (archive := carried / PACK).is_file() and not place.packs.is_dir():
        with tarfile.open(archive) as files:
            files.extractall(place.packs, filter="data")
    for wheels, site in ((carried / WHEELS, place.site), (carried / TRAINER, place.trainer_site)):
        if wheels.is_dir() and not site.is_dir():
            _install(wheels, site)
    for part in carried.glob("starter.*of*"):
        shutil.copyfile(part, place.work / part.name)
    parts = sorted(place.work.glob("starter.*of*"), key=lambda part: int(part.name.split(".")[1].split("of")[0]))
    if parts and parts[0].name.endswith(f"of{len(parts)}"):
        (place.work / "starter.gguf").write_bytes(lzma.decompress(b"".join(part.read_bytes() for part in parts)))


def _install(wheels: Path, site: Path) -> None:
    part = site.with_name(f"{site.name}.part")
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--no-deps", "--no-compile", "--no-cache-dir",
         "--target", part, *sorted(wheels.glob("*.whl"))],
        capture_output=True, text=True, timeout=300, env=clean_environment(), check=False,
    )  # fmt: skip
    if done.returncode:
        raise Problem(f"The carried packages could not be installed: {done.stderr.strip()[-500:]}")
    os.replace(part, site)


def starter_here(place: Place) -> Path:
    """The starter student, whole; on a developer's machine the one among the resources."""
    path = place.work / "starter.gguf"
    if not path.is_file() and starter.PLACE.is_file():
        return starter.PLACE
    if not path.is_file():
        raise Skipped("the starter student was not carried, or only a part of it")
    if hashlib.sha256(path.read_bytes()).hexdigest() != starter.SHA256:
        raise Problem("The carried starter student is damaged.")
    return path
