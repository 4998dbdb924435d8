"""The low-level llama.cpp binding: imported without its Python layer, its log captured."""

from __future__ import annotations

import collections
import contextlib
import ctypes
import hashlib
import importlib.util
import math
import platform
import re
import sys
import types
from collections.abc import Callable, Iterator
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

__all__ = ["NativeLog", "build_name", "finite", "llama", "processor_name", "steps"]


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
        self._listener: Callable[[str], None] | None = None
        self._callback = llama.llama_log_callback(self._take)  # kept alive: native code holds only the address
        llama.llama_log_set(self._callback, ctypes.c_void_p(0))

    def clear(self) -> None:
        """Forget the lines: a new load starts."""
        self._lines.clear()

    @contextlib.contextmanager
    def listening(self, take: Callable[[str], None]) -> Iterator[None]:
        """Within, every line goes to `take` as well, also those that are for looking closely."""
        self._listener = take
        try:
            yield
        finally:
            self._listener = None

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """What is logged within is forgotten afterwards: buffers of a trial are not those of what was loaded."""
        before = self._lines.copy()
        try:
            yield
        finally:
            self._lines = before

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

    def sizes(self) -> dict[str, dict[str, int]]:
        """Bytes of the buffers that were made, by buffer name and then "model", "KV", "RS", "compute", "output"."""
        found: dict[str, dict[str, int]] = {}
        for _, line in self._lines:
            if size := re.search(r"(\S+) +(model|KV|RS|compute|output) buffer size = +([\d.]+) MiB", line):
                kinds = found.setdefault(size[1], {})
                known = 0 if size[2] == "compute" else kinds.get(size[2], 0)  # buffers are said again when renewed
                kinds[size[2]] = known + round(float(size[3]) * 1024 * 1024)
        return found

    def _take(self, level: int, text: bytes | None, _data: object) -> None:
        line = (text or b"").decode("utf-8", "replace")
        if self._listener is not None:
            self._listener(line)
        if level == self._CONTINUED and self._lines:
            before_level, before = self._lines.pop()
            self._lines.append((before_level, before + line))
        elif level in (self._INFO, self._WARNING, self._ERROR):
            self._lines.append((level, line.rstrip("\n")))


def features() -> list[str]:
    """What the CPU part of this build uses of the processor ("AVX2"), by llama.cpp's own words."""
    told = llama.llama_print_system_info().decode("utf-8", "replace")
    return [name for name in re.findall(r"(\w+) = 1", told) if name not in ("OPENMP", "REPACK", "LLAMAFILE")]


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
