"""The low-level llama.cpp binding: imported without its Python layer, its log captured, its devices listed."""

from __future__ import annotations

import collections
import ctypes
import hashlib
import importlib.util
import math
import platform
import re
import sys
import types
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forge_desktop.base.errors import ForgeError


def _install_bare_package() -> None:
    # WORKAROUND llama-cpp-python's package imports its high-level layer at once: numpy, a disk cache built on pickle
    # (CVE-2025-69872), and 0.1 s. Only the ctypes module is wanted, so the package is entered without running it.
    spec = importlib.util.find_spec("llama_cpp")
    if spec is None or not spec.submodule_search_locations:
        raise ForgeError(
            "llama-cpp-python is not installed.", hint="Run the set-up again: python3 packaging/dev.py run"
        )
    package = types.ModuleType("llama_cpp")
    package.__path__ = list(spec.submodule_search_locations)
    package.__spec__ = spec
    sys.modules.setdefault("llama_cpp", package)


_install_bare_package()

from llama_cpp import llama_cpp as llama  # noqa: E402 - after the package was entered

__all__ = ["Device", "NativeLog", "build_name", "devices", "finite", "llama", "processor_name", "steps"]


class _Steps:
    """llama_decode, and how often it came back: the measure of work that the heartbeat tells."""

    def __init__(self, decode: Any) -> None:
        self._decode = decode
        self.calls = 0

    def __call__(self, context: Any, batch: Any) -> Any:
        code = self._decode(context, batch)
        self.calls += 1
        return code


steps = llama.llama_decode = _Steps(llama.llama_decode)


class NativeLog:
    """The last lines llama.cpp and ggml logged: where reasons and layer counts are read from."""

    _INFO, _WARNING, _ERROR, _CONTINUED = 2, 3, 4, 5  # enum ggml_log_level

    def __init__(self) -> None:
        self._lines: collections.deque[tuple[int, str]] = collections.deque(maxlen=1000)
        self._callback = llama.llama_log_callback(self._take)  # kept alive: native code holds only the address
        llama.llama_log_set(self._callback, ctypes.c_void_p(0))

    def clear(self) -> None:
        """Forget the lines: a new load starts."""
        self._lines.clear()

    def reason(self) -> str:
        """The first error line of the last load, without its function name; empty when there was none."""
        for wanted in (self._ERROR, self._WARNING):
            for level, line in self._lines:
                if level == wanted and line.strip():
                    return re.sub(r"^(?:[\w:~]+: |error loading model: )+", "", line.strip())[:300].rstrip(".")
        return ""

    def newest_error(self) -> str:
        """The last error line, without its function name; empty when there was none."""
        lines = (line for level, line in reversed(self._lines) if level == self._ERROR and line.strip())
        return re.sub(r"^[\w:~]+: ", "", next(lines, "").strip())[:300].rstrip(".")

    def offloaded(self) -> tuple[int, int]:
        """(layers on GPU devices, layers in all) as counted by the loader; (0, 0) when it said nothing."""
        for _, line in reversed(self._lines):
            if found := re.search(r"offloaded (\d+)/(\d+) layers to GPU", line):
                return int(found[1]), int(found[2])
        return 0, 0

    def buffers(self) -> list[str]:
        """Names of the devices that hold weights, in order, without the CPU's own."""
        names = []
        for _, line in self._lines:
            found = re.search(r"load_tensors:\s+(\S+) model buffer size", line)
            if found and not found[1].startswith("CPU") and found[1] not in names and "Host" not in found[1]:
                names.append(found[1])
        return names

    def _take(self, level: int, text: bytes | None, _data: object) -> None:
        line = (text or b"").decode("utf-8", "replace")
        if level == self._CONTINUED and self._lines:
            before_level, before = self._lines.pop()
            self._lines.append((before_level, before + line))
        elif level in (self._INFO, self._WARNING, self._ERROR):
            self._lines.append((level, line.rstrip("\n")))


@dataclass(frozen=True)
class Device:
    """A ggml device. Memory in bytes, 0 when the backend does not say."""

    name: str
    description: str
    gpu: bool
    free: int
    total: int


_CPU, _GPU, _INTEGRATED = 0, 1, 2  # enum ggml_backend_dev_type


def devices() -> list[Device]:
    """Every device ggml has registered in this process."""
    # WORKAROUND the wheel holds copies (libggml.so, .so.0, .so.0.x): only the one libllama itself is linked with has
    # the live registry; the others are second registries without devices.
    folder = Path(str(llama._base_path))
    names = {"win32": ("ggml.dll",), "darwin": ("libggml.0.dylib", "libggml.dylib")}.get(
        sys.platform, ("libggml.so.0", "libggml.so")
    )
    path = next((folder / name for name in names if (folder / name).exists()), None)
    if path is None:
        return []
    registry = ctypes.CDLL(str(path))
    base = ctypes.CDLL(str(folder / "ggml-base.dll")) if sys.platform == "win32" else registry
    registry.ggml_backend_dev_count.restype = ctypes.c_size_t
    registry.ggml_backend_dev_get.restype = ctypes.c_void_p
    registry.ggml_backend_dev_get.argtypes = [ctypes.c_size_t]
    for name in ("ggml_backend_dev_name", "ggml_backend_dev_description"):
        getattr(base, name).restype = ctypes.c_char_p
        getattr(base, name).argtypes = [ctypes.c_void_p]
    base.ggml_backend_dev_type.argtypes = [ctypes.c_void_p]
    base.ggml_backend_dev_memory.argtypes = [ctypes.c_void_p] + [ctypes.POINTER(ctypes.c_size_t)] * 2
    found = []
    for index in range(registry.ggml_backend_dev_count()):
        device = registry.ggml_backend_dev_get(index)
        free, total = ctypes.c_size_t(), ctypes.c_size_t()
        base.ggml_backend_dev_memory(device, ctypes.byref(free), ctypes.byref(total))
        found.append(
            Device(
                name=(base.ggml_backend_dev_name(device) or b"").decode("utf-8", "replace"),
                description=(base.ggml_backend_dev_description(device) or b"").decode("utf-8", "replace"),
                gpu=base.ggml_backend_dev_type(device) in (_GPU, _INTEGRATED),
                free=free.value,
                total=total.value,
            )
        )
    return found


def build_name() -> str:
    """The llama.cpp build in this process: its version and a digest of the CPU features it was compiled for."""
    features = llama.llama_print_system_info()
    return f"{llama.llama_version().decode()}-{hashlib.sha256(features).hexdigest()[:8]}"


def processor_name() -> str:
    """The CPU by model and feature digest: a verdict found on one must not be used on another."""
    model, flags = platform.processor() or platform.machine(), ""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                model = value.strip()
            elif key.strip() in ("flags", "Features"):
                flags = value
                break
    except OSError:
        pass
    return f"{model} {hashlib.sha256(flags.encode()).hexdigest()[:8]}"


def finite(logits: Any, count: int) -> bool:
    """Whether the first `count` logits are numbers: a broken file or driver gives NaN without any error."""
    return all(math.isfinite(logits[index]) for index in range(count))
