"""Where this machine's CUDA runtime and cuBLAS are: in NVIDIA's toolkit, or in Python packages beside it."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from devtools.steps import Problem, clean_environment

_CUBLAS = ("cublas", "cublasLt")


def toolkit() -> Path:
    """The toolkit that nvcc belongs to. Raises Problem when there is none."""
    if not (nvcc := shutil.which("nvcc")):
        raise Problem("A CUDA pack needs NVIDIA's compiler nvcc, and there is none here.")
    done = subprocess.run(
        [nvcc, "--dryrun", "-x", "cu", os.devnull], capture_output=True, text=True, timeout=60, check=False
    )
    for line in done.stderr.splitlines():  # nvcc may be a script that starts the real one elsewhere
        if (found := line.partition("TOP=")[2].strip()) and Path(found).is_dir():
            return Path(found).resolve()
    return Path(nvcc).resolve().parents[1]


def runtime() -> Path | None:
    """The CUDA runtime's library, if it is anywhere here. Raises Problem when there is no toolkit."""
    return _first([*_toolkit_folders(), *_package_folders()], "libcudart.so*")


def flags(work: Path) -> list[str]:
    """CMake's flags to find the libraries, and to find them again when the module is loaded. Raises Problem."""
    folders, found_runtime = _toolkit_folders(), runtime()
    beside = [found_runtime.parent] if found_runtime else []
    if (found := _first(folders, "libcublas.so")) is not None:
        return [_rpath([*beside, found.parent])]
    library = _first(_package_folders(), "libcublas.so*")
    if library is None:
        raise Problem("A CUDA pack needs cuBLAS, which is neither in the toolkit nor among Python's packages.")
    links = work / "cublas"
    links.mkdir(parents=True, exist_ok=True)
    result = [_rpath([*beside, library.parent])]
    for name in _CUBLAS:  # the packages lack the names that a linker looks for
        if (real := _first([library.parent], f"lib{name}.so*")) is not None:
            link = links / f"lib{name}.so"
            with contextlib.suppress(FileExistsError):
                link.symlink_to(real)
            result.append(f"-DCUDA_{name}_LIBRARY={link}")
    headers = links / "include"  # cuBLAS's alone: other headers beside them may be another version than nvcc's own
    headers.mkdir(exist_ok=True)
    for header in (library.parent.parent / "include").glob("cublas*.h"):
        with contextlib.suppress(FileExistsError):
            (headers / header.name).symlink_to(header)
    return [*result, f"-DCMAKE_CUDA_FLAGS=-I{headers}", f"-DCMAKE_CXX_FLAGS=-I{headers}"]


def _toolkit_folders() -> list[Path]:
    top = toolkit()
    return [top / "lib64", *sorted(top.glob("targets/*/lib"))]


def _rpath(folders: Iterable[Path]) -> str:
    return "-DCMAKE_INSTALL_RPATH=" + ";".join(["$ORIGIN", *dict.fromkeys(str(folder) for folder in folders)])


def _first(folders: Iterable[Path], pattern: str) -> Path | None:
    return next((found for folder in folders for found in sorted(folder.glob(pattern))), None)


def _package_folders() -> list[Path]:
    """The library folders of NVIDIA's Python packages, here and in the Python that PATH names first."""
    places = [Path(place) for place in sys.path if place]
    if python := shutil.which("python3"):
        code = "import sys; print(*sys.path, sep='\\n')"
        done = subprocess.run(
            [python, "-c", code], capture_output=True, text=True, timeout=60, env=clean_environment(), check=False
        )
        places += [Path(place) for place in done.stdout.splitlines() if place]
    return [folder for place in places for folder in sorted(place.glob("nvidia/c*/lib"), reverse=True)]
