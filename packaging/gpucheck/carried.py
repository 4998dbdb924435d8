"""What a bare machine must be brought: Python packages, the trimmed llama.cpp, the starter student in two parts."""

from __future__ import annotations

import hashlib
import lzma
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from devtools import llama, locks, starter, vendored
from devtools.steps import Problem, clean_environment, run, say

from gpucheck.place import Place, Skipped

# What the engine's room and the database import, beyond the Python of such a machine.
PACKAGES = (
    "sqlite-utils", "sqlite-fts4", "click", "click-default-group", "tabulate", "python-dateutil", "six", "pluggy",
    "platformdirs", "jinja2", "markupsafe", "psutil", "typing-extensions",
)  # fmt: skip
_OTHER_BACKENDS = (
    "blas", "cann", "et", "hexagon", "hip", "metal", "musa", "opencl", "openvino", "rpc", "sycl", "virtgpu", "vulkan",
    "webgpu", "zdnn", "zendnn",
)  # fmt: skip
_OTHER_TOOLS = ("ui", "server", "cli")
SOURCE, WHEELS = "llama.cpp.tar.xz", "wheels"
_FIRST_SHARE = 0.43  # of the starter goes with the source and the packages, so that neither folder exceeds 64 MiB


def prepare(folder: Path, python: str, version: str) -> None:
    """Fill `folder`/one and `folder`/two for a machine with this Python version. Raises Problem."""
    one, two = folder / "one", folder / "two"
    for part in (one, two):
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
    shutil.copy2(llama.wheel(python), _made(one / WHEELS))
    _download(one / WHEELS, python, version)
    say("Packing the trimmed llama.cpp ...")
    _pack(vendored.source(python), one / SOURCE)
    say("Packing the starter student in two parts ...")
    data = lzma.compress(starter.PLACE.read_bytes(), preset=2)
    cut = int(len(data) * _FIRST_SHARE)
    (one / "starter.1").write_bytes(data[:cut])
    (two / "starter.2").write_bytes(data[cut:])
    for part in (one, two):
        size = sum(file.stat().st_size for file in part.rglob("*") if file.is_file())
        say(f"{part}: {size / (1 << 20):.1f} MiB")


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _download(target: Path, python: str, version: str) -> None:
    wanted = [requirement for requirement in locks.read("runtime") if requirement.name in PACKAGES]
    wheels = target.parent / "wheels.txt"
    run(
        [python, "-m", "pip", "download", "--no-deps", "--require-hashes", "--only-binary", ":all:",
         "--python-version", version, "--implementation", "cp",
         *(f"--platform=manylinux_2_{minor}_x86_64" for minor in (39, 28, 27, 17, 12, 5)),
         "--platform=manylinux2014_x86_64", "--platform=any", "-r", locks.write(wheels, wanted), "-d", target],
        failed="The packages to carry could not be downloaded.",
    )  # fmt: skip
    wheels.unlink()


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
    if (wheels := carried / WHEELS).is_dir() and not place.site.is_dir():
        done = subprocess.run(
            [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--no-deps", "--no-compile", "--no-cache-dir",
             "--target", place.work / "site.part", *sorted(wheels.glob("*.whl"))],
            capture_output=True, text=True, timeout=300, env=clean_environment(), check=False,
        )  # fmt: skip
        if done.returncode:
            raise Problem(f"The carried packages could not be installed: {done.stderr.strip()[-500:]}")
        os.replace(place.work / "site.part", place.site)
    for part in sorted(carried.glob("starter.[12]")):
        shutil.copyfile(part, place.work / part.name)
    parts = [place.work / "starter.1", place.work / "starter.2"]
    if all(part.is_file() for part in parts):
        (place.work / "starter.gguf").write_bytes(lzma.decompress(b"".join(part.read_bytes() for part in parts)))


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
