"""`measure` of a version on the GPU, held against what nvidia-smi and the driver's own energy counter say meanwhile."""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from forge_desktop.base.events import Event, JobChanged
from forge_desktop.forge import Forge
from forge_desktop.students.measure_watch import integrated
from forge_desktop.students.records_measure import Measurement, MeasureWish
from gpucheck.place import Place

_EVERY = 0.05


def measure(place: Place, student: Path) -> dict[str, Any]:
    """A benchmark at the usual context and one at the whole of it, each with the driver's own figures."""
    if place.quick:
        wishes = [MeasureWish(prompts=2, prompt_tokens=128, answer_tokens=8, context=512)]
    else:
        whole = 8192 if student.name == "starter.gguf" else 32768
        wishes = [MeasureWish(), MeasureWish(prompts=5, prompt_tokens=2048, context=whole)]
    with tempfile.TemporaryDirectory(prefix="forge-gpu-") as folder:
        forge = Forge(Path(folder), holder="gpu check")
        try:
            number = forge.jobs.wait(forge.students.import_gguf(student))
            sha256 = next(one.sha256 for one in forge.students.list() if one.id == number)
            versions = forge.students.registry.versions()
            uid = next(one.uid for one in versions if one.base_sha256 == sha256)
            return {"rows": [_one(forge, uid, wish) for wish in wishes]}
        finally:
            forge.close()


def _one(forge: Forge, uid: str, wish: MeasureWish) -> dict[str, Any]:
    began: list[float] = []

    def hear(event: Event) -> None:
        if isinstance(event, JobChanged) and event.kind == "measure" and event.note == "Measuring" and not began:
            began.append(time.monotonic())

    stop = forge.events.subscribe(hear)
    started = time.monotonic()
    with _counter() as counter:
        found = forge.jobs.wait(forge.students.measures.start(uid, wish))
        ended = time.monotonic()
    stop()
    assert isinstance(found, Measurement)
    figures: dict[str, Any] = dict(found.figures)
    result: dict[str, Any] = {"measurement": dataclasses.asdict(found), "job_seconds": round(ended - started, 2)}
    if figures.get("vram_bytes") and counter.used:
        result["vram"] = {
            "buffers": figures["vram_bytes"],
            "measured": figures.get("vram_measured_bytes"),
            "how": figures.get("vram_measured"),
            "more_than_before": max(counter.used) - counter.used[0],
        }
    told = figures["energy"]["sources"].get("gpu") if figures.get("energy") else None
    if told and began and (counted := counter.joules(began[0], began[0] + figures["seconds"])):
        result["energy"] = {"measured": told, "counter": round(counted, 1), "share": round(told / counted, 3)}
    return result


class _Counter:
    """The driver's energy counter and memory in use, read by itself while something else runs."""

    def __init__(self) -> None:
        self._library: ctypes.CDLL | None = None
        self._device = ctypes.c_void_p()
        self._readings: list[tuple[float, float]] = []  # (moment, joules since the driver was loaded)
        self.used: list[int] = []  # bytes of the GPU, by everybody
        with contextlib.suppress(OSError):
            library = ctypes.CDLL("libnvidia-ml.so.1")
            if not library.nvmlInit_v2() and not library.nvmlDeviceGetHandleByIndex_v2(0, ctypes.byref(self._device)):
                self._library = library

    def look(self, stop: threading.Event) -> None:
        """Read until it is time to stop."""
        while self._library is not None and not stop.wait(_EVERY):
            energy, memory = ctypes.c_ulonglong(), (ctypes.c_ulonglong * 3)()
            if not self._library.nvmlDeviceGetTotalEnergyConsumption(self._device, ctypes.byref(energy)):
                self._readings.append((time.monotonic(), energy.value / 1000))
            if not self._library.nvmlDeviceGetMemoryInfo(self._device, memory):
                self.used.append(memory[2])

    def joules(self, start: float, end: float) -> float:
        """Between two moments: each step of the counter as power until the next."""
        pairs = list(zip(self._readings, self._readings[1:], strict=False))
        power = [(one, (more - joules) / (other - one)) for (one, joules), (other, more) in pairs if other > one]
        return integrated(power, start, end)


@contextlib.contextmanager
def _counter() -> Iterator[_Counter]:
    counter, stop = _Counter(), threading.Event()
    reader = threading.Thread(target=counter.look, args=(stop,))
    reader.start()
    try:
        yield counter
    finally:
        stop.set()
        reader.join()
