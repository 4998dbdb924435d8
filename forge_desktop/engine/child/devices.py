"""The devices llama.cpp can compute on, from the one ggml registry that it itself looks at."""

from __future__ import annotations

import ctypes
import functools
import platform
import re
import sys
from pathlib import Path
from typing import Any

from forge_desktop.engine.child import machine
from forge_desktop.engine.child.native import llama
from forge_desktop.engine.records_plan import Device, DeviceKind

_KINDS: dict[int, DeviceKind] = {0: "cpu", 1: "gpu", 2: "integrated"}  # enum ggml_backend_dev_type


class _Props(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("description", ctypes.c_char_p),
        ("free", ctypes.c_size_t),
        ("total", ctypes.c_size_t),
        ("type", ctypes.c_int),
        ("id", ctypes.c_char_p),
        ("capabilities", ctypes.c_bool * 16),  # four today; room for those that come
    )


@functools.cache
def libraries() -> tuple[ctypes.CDLL, ctypes.CDLL] | None:
    """(registry, base) of ggml with their signatures, or None where the wheel is laid out unlike any known one."""
    # WORKAROUND the wheel holds copies (libggml.so, .so.0, .so.0.x): only the one libllama itself is linked with has
    # the live registry; the others are second registries without devices.
    folder = Path(str(llama._base_path))
    names = {"win32": ("ggml.dll",), "darwin": ("libggml.0.dylib", "libggml.dylib")}.get(
        sys.platform, ("libggml.so.0", "libggml.so")
    )
    path = next((folder / name for name in names if (folder / name).exists()), None)
    if path is None:
        return None
    registry = ctypes.CDLL(str(path))
    base = ctypes.CDLL(str(folder / "ggml-base.dll")) if sys.platform == "win32" else registry
    registry.ggml_backend_dev_count.restype = ctypes.c_size_t
    registry.ggml_backend_dev_get.restype = ctypes.c_void_p
    registry.ggml_backend_dev_get.argtypes = [ctypes.c_size_t]
    registry.ggml_backend_dev_by_name.restype = ctypes.c_void_p
    registry.ggml_backend_dev_by_name.argtypes = [ctypes.c_char_p]
    registry.ggml_backend_load.restype = ctypes.c_void_p
    registry.ggml_backend_load.argtypes = [ctypes.c_char_p]
    base.ggml_backend_dev_get_props.restype = None
    base.ggml_backend_dev_get_props.argtypes = [ctypes.c_void_p, ctypes.POINTER(_Props)]
    base.ggml_version.restype = ctypes.c_char_p
    return registry, base


def devices() -> list[Device]:
    """Every CPU and GPU in ggml's order; a GPU that a second backend shows again is left out, as llama.cpp does."""
    found: list[Device] = []
    seen: set[bytes] = set()
    if (both := libraries()) is None:
        return found
    registry, base = both
    for index in range(registry.ggml_backend_dev_count()):
        props = _Props()
        base.ggml_backend_dev_get_props(registry.ggml_backend_dev_get(index), ctypes.byref(props))
        kind = _KINDS.get(props.type)
        if kind == "gpu" and _shares_memory(props):
            kind = "integrated"
        if kind is None or (props.id and props.id in seen):
            continue  # an accelerator of the CPU has no memory of its own
        seen.add(props.id or b"")
        name = _text(props.name)
        found.append(
            Device(
                name=name,
                description=_text(props.description).strip(),
                backend=re.sub(r"\d+$", "", name),
                kind=kind,
                free=(machine.free_memory() if kind == "cpu" else None) or props.free,  # ggml says all of it
                total=machine.total_memory() if kind == "cpu" else props.total,
            )
        )
    return found


def handles(names: list[str]) -> Any:
    """llama.cpp's list of devices to put layers on: these, and no other; an empty list is the CPU alone."""
    pointers: list[int | None] = []
    if (both := libraries()) is not None:
        pointers = [both[0].ggml_backend_dev_by_name(name.encode()) for name in names]
    return (ctypes.c_void_p * (len(pointers) + 1))(*[pointer for pointer in pointers if pointer], None)


def build_key() -> str:
    """What a backend pack must be built from to fit this process: the versions of llama.cpp and of ggml.

    Made of letters, digits, dots and hyphens, so that it can name a folder.
    """
    both = libraries()
    ggml = (both[1].ggml_version() or b"unknown").decode() if both else "unknown"
    return re.sub(r"[^A-Za-z0-9.-]", "-", f"{llama.llama_version().decode()}-ggml{ggml}")


def _shares_memory(props: _Props) -> bool:
    """Whether a device that calls itself a GPU computes in the computer's own memory, as Apple's processors do."""
    return sys.platform == "darwin" and platform.machine() == "arm64" and _text(props.name).startswith(("Metal", "MTL"))


def _text(raw: bytes | None) -> str:
    return (raw or b"").decode("utf-8", "replace")
