"""GGUF files on this computer: looked for in a folder, without ever following a link out of it."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from forge_desktop.students.records_library import Place

_MAGIC = b"GGUF"
_MOST_NAMES = 20_000  # of manifests that are read for names


def walk(folder: Path, check: Callable[[], object]) -> Iterator[Path]:
    """Every file in it that is named like a GGUF or begins like one under a name made of its hash, each once."""
    root = os.path.realpath(folder)
    seen: set[tuple[int, int]] = set()
    waiting = [root]
    while waiting:
        check()
        try:
            entries = sorted(os.scandir(waiting.pop()), key=lambda entry: entry.name)
        except OSError:
            continue  # a folder that may not be read
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                waiting.append(entry.path)
            elif _may_be_gguf(entry.name) and (status := _inside(entry.path, root)) is not None:
                mark = (status.st_dev, status.st_ino)
                if mark not in seen and (entry.name.lower().endswith(".gguf") or _begins_like_one(entry.path)):
                    seen.add(mark)
                    yield Path(entry.path)


def _may_be_gguf(name: str) -> bool:
    return name.lower().endswith(".gguf") or name.startswith("sha256-")


def _inside(path: str, root: str) -> os.stat_result | None:
    """What it leads to, None where that is no file, or lies elsewhere."""
    try:
        real = os.path.realpath(path, strict=True)
        status = os.stat(real)
    except OSError:
        return None
    return status if stat.S_ISREG(status.st_mode) and os.path.commonpath([root, real]) == root else None


def _begins_like_one(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read(4) == _MAGIC
    except OSError:
        return False


def names_by_hash(folder: Path) -> dict[str, str]:
    """Ollama's own names of its files, "llama3.2:3b" by sha256, where this folder has its manifests."""
    found: dict[str, str] = {}
    for count, path in enumerate(sorted((folder / "manifests").rglob("*")) if (folder / "manifests").is_dir() else ()):
        if count > _MOST_NAMES or not path.is_file() or path.is_symlink():
            continue
        try:
            layers = json.loads(path.read_bytes())["layers"]
            for layer in layers:
                if layer["mediaType"] == "application/vnd.ollama.image.model":
                    found[str(layer["digest"]).removeprefix("sha256:")] = f"{path.parent.name}:{path.name}"
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return found


def programs() -> frozenset[str]:
    """The programs whose folders are known."""
    return frozenset(program for program, _ in _known(Path()))


def places(home: Path) -> tuple[Place, ...]:
    """Where other programs keep their models, as far as these folders exist."""
    return tuple(Place(program, str(path)) for program, path in _known(home) if path.is_dir())


def _known(home: Path) -> tuple[tuple[str, Path], ...]:
    cache = home / "Library" / "Caches" if sys.platform == "darwin" else home / ".cache"
    return (
        ("LM Studio", home / ".lmstudio" / "models"),
        ("LM Studio", home / ".cache" / "lm-studio" / "models"),
        ("Ollama", home / ".ollama" / "models"),
        ("Ollama", Path("/usr/share/ollama/.ollama/models")),
        ("llama.cpp", cache / "llama.cpp"),
        ("Hugging Face", home / ".cache" / "huggingface" / "hub"),
    )
