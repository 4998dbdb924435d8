"""Tells what somebody lays on the window: bundles of versions, adapters, or what may be bases."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from forge_desktop.students.gguf_file import BadGguf, GgufFile, read_gguf
from forge_desktop.students.peft_file import CONFIG
from forge_desktop.students.records import Student

BUNDLES = (".forgeversion", ".zip")
TAKEN = (*BUNDLES, ".gguf", ".safetensors")


@dataclass(frozen=True)
class Laid:
    """Files by what they are; `rest` are folders, and GGUF files that are no adapters."""

    bundles: tuple[Path, ...]
    adapters: tuple[Path, ...]
    rest: tuple[Path, ...]


def sort_out(paths: Iterable[Path]) -> Laid:
    """Looks into headers, no further; what cannot be read is left to whoever imports it to say why."""
    found: dict[str, list[Path]] = {"bundles": [], "adapters": [], "rest": []}
    for path in paths:
        suffix = path.suffix.lower()
        if suffix in BUNDLES and not path.is_dir():
            found["bundles"].append(path)
        elif suffix == ".safetensors" or (path / CONFIG).is_file() or _is_adapter(path):
            found["adapters"].append(path)
        else:
            found["rest"].append(path)
    return Laid(tuple(found["bundles"]), tuple(found["adapters"]), tuple(found["rest"]))


def likely_base(path: Path, students: Sequence[Student]) -> str:
    """The sha256 of the student that an adapter names, else of one whose tensors it fits, the one in use before others;
    "" where nothing tells.
    """
    file = _read(path)
    if file is None:
        return ""
    named = [one for one in students if one.sha256 == file.meta.get("forge.base_sha256")]
    alike = [one for one in students if one.architecture == file.architecture and _fits(file, _read(Path(one.path)))]
    return next((one.sha256 for one in (*named, *sorted(alike, key=lambda one: not one.active))), "")


def _fits(adapter: GgufFile, base: GgufFile | None) -> bool:
    """Whether the widths that it has are the base's; of the embedding, whose halves are turned, nothing is asked."""
    if base is None:
        return False
    for name, half in adapter.tensors.items():
        target = base.tensors.get(name.removesuffix(".lora_a").removesuffix(".lora_b"))
        place = -1 if name.endswith(".lora_a") else 0
        if target is None or (not name.startswith("token_embd") and target.shape[place] != half.shape[place]):
            return False
    return True


def _is_adapter(path: Path) -> bool:
    file = _read(path)
    return file is not None and file.meta.get("general.type") == "adapter"


def _read(path: Path) -> GgufFile | None:
    if path.suffix.lower() != ".gguf" or path.is_dir():
        return None
    try:
        return read_gguf(path)
    except (BadGguf, OSError):
        return None
