"""What a benchmark takes of the machine meanwhile: memory of a process, memory and power of GPUs, energy."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

_POWERCAP = Path("/sys/class/powercap")
_EVERY_MS = 100
_POWER = ("power.draw.instant", "power.draw")  # older drivers know the second alone, on some the mean of a second
_GROWN = 48 << 20  # bytes: a GPU whose use grew by so much is one that the student is on
_PATIENCE = 10.0


class PeakMemory:
    """The most memory that a process held: as the system counts it, else the most that `look` saw."""

    def __init__(self, pid: int) -> None:
        import psutil

        self._process, self._seen = psutil.Process(pid), 0

    def look(self) -> None:
        """Where the system keeps no count of its own, look now and then; it is called often."""
        if sys.platform == "darwin":
            self._now()

    def bytes(self) -> int:
        """The peak up to now; 0 when the process is gone."""
        if sys.platform.startswith("linux"):
            with contextlib.suppress(OSError, ValueError):
                for line in Path(f"/proc/{self._process.pid}/status").read_text(encoding="utf-8").splitlines():
                    if line.startswith("VmHWM:"):
                        return int(line.split()[1]) * 1024
        self._now()
        return self._seen

    def _now(self) -> None:
        import psutil

        with contextlib.suppress(psutil.Error):
            told = self._process.memory_info()
            self._seen = max(self._seen, told.rss, getattr(told, "peak_wset", 0))


class Reading(NamedTuple):
    """What the driver told of one GPU at a moment of the monotonic clock: bytes in use, watts."""

    at: float
    gpu: int
    used: int
    watts: float | None


class NvidiaWatch:
    """The driver's own tool, asked ten times a second in a process of its own, so that a driver that hangs holds up
    nobody. Between `start` and `stop`; figures afterwards.
    """

    def __init__(self) -> None:
        self._program = shutil.which("nvidia-smi")
        self._before: dict[int, int] = {}
        for self._power in _POWER:
            if found := self._once():
                self._before = {gpu: used for _, gpu, used, _ in found}
                break
        self.readings: list[Reading] = []
        self.condition = threading.Condition()  # notified of each reading
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    @property
    def there(self) -> bool:
        """Whether it can be asked at all."""
        return bool(self._before)

    def start(self) -> None:
        """Watch from now on."""
        if not self.there:
            return
        self._process = subprocess.Popen(
            [*self._query(), f"-lms={_EVERY_MS}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        self._reader = threading.Thread(target=self._read, args=(self._process,), name="forge-nvidia", daemon=True)
        self._reader.start()

    def stop(self) -> None:
        """Watch no longer. Twice does no harm."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        if self._reader is not None:
            self._reader.join(_PATIENCE)
        if process.stdout is not None:
            process.stdout.close()

    def memory(self, pid: int) -> tuple[int, str] | None:
        """Bytes that the process holds of GPUs, and how that is known; None when the driver does not say. Asked while
        the process lives.
        """
        if not self.there:
            return None
        told = self._run(["--query-compute-apps=pid,used_memory", "--format=csv,noheader,nounits"])
        fields = [line.split(",") for line in told.splitlines()]
        own = [int(row[1]) << 20 for row in fields if len(row) == 2 and row[0].strip() == str(pid) and _whole(row[1])]
        if own:
            return sum(own), "by the driver, of this process"
        grown = self._peak_growth()
        return (sum(grown.values()), "by the driver, more than before it was loaded") if grown else None

    def joules(self, start: float, end: float) -> float | None:
        """Energy of the GPUs that the student is on between two moments of the monotonic clock; None where the driver
        tells no power.
        """
        gpus = set(self._peak_growth()) or set(self._before)
        total, known = 0.0, False
        for gpu in gpus:
            power = [(one.at, one.watts) for one in self.readings if one.gpu == gpu and one.watts is not None]
            if spent := integrated(power, start, end):
                total, known = total + spent, True
        return total if known else None

    def _peak_growth(self) -> dict[int, int]:
        peaks: dict[int, int] = {}
        for one in [*self.readings, *self._once()]:
            peaks[one.gpu] = max(peaks.get(one.gpu, 0), one.used)
        grown = {gpu: used - self._before.get(gpu, 0) for gpu, used in peaks.items()}
        return {gpu: more for gpu, more in grown.items() if more >= _GROWN}

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with contextlib.suppress(ValueError, OSError):  # closed while reading
            for line in process.stdout:
                if (reading := _parsed(line)) is not None:
                    with self.condition:
                        self.readings.append(reading)
                        self.condition.notify_all()

    def _once(self) -> list[Reading]:
        told = self._run(self._query()[1:]) if self._program else ""
        return [reading for line in told.splitlines() if (reading := _parsed(line)) is not None]

    def _query(self) -> list[str]:
        return [str(self._program), f"--query-gpu=index,memory.used,{self._power}", "--format=csv,noheader,nounits"]

    def _run(self, arguments: Sequence[str]) -> str:
        try:
            return subprocess.run(
                [str(self._program), *arguments],
                capture_output=True,
                text=True,
                timeout=_PATIENCE,
                check=False,
                stdin=subprocess.DEVNULL,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            ).stdout
        except (OSError, subprocess.TimeoutExpired):
            return ""


class ProcessorEnergy:
    """The processor's own energy counters (RAPL), where this user may read them: of everything that runs on it."""

    def __init__(self, folder: Path = _POWERCAP) -> None:
        self.problem = ""
        self._zones = [zone for zone in sorted(folder.glob("intel-rapl:*")) if zone.name.count(":") == 1]
        try:
            self._start = [_number(zone / "energy_uj") for zone in self._zones]
            self._wraps = [_number(zone / "max_energy_range_uj") for zone in self._zones]
        except PermissionError:
            self._zones, self.problem = [], "the processor's energy counters may only be read by the administrator"
        except (OSError, ValueError):
            self._zones, self.problem = [], "the processor's energy counters cannot be read"
        if not self._zones and not self.problem:
            self.problem = "this computer shows no energy counters of its processor"

    def joules(self) -> float | None:
        """Since it was made; None where it cannot be read. A counter begins anew at its end."""
        if not self._zones:
            return None
        try:
            now = [_number(zone / "energy_uj") for zone in self._zones]
        except (OSError, ValueError):
            self.problem = "the processor's energy counters could no longer be read"
            return None
        triples = zip(self._start, now, self._wraps, strict=True)
        return sum((end - start) % (wrap + 1) for start, end, wrap in triples) / 1e6


@contextlib.contextmanager
def watching(watch: NvidiaWatch) -> Iterator[NvidiaWatch]:
    """Watch meanwhile, and end the process that does, whatever happens."""
    watch.start()
    try:
        yield watch
    finally:
        watch.stop()


def integrated(power: Sequence[tuple[float, float]], start: float, end: float) -> float:
    """Joules of readings (moment, watts) between two moments: each counts until the next; 0 without any."""
    total = 0.0
    for number, (at, watts) in enumerate(power):
        begins = start if number == 0 else max(at, start)
        until = power[number + 1][0] if number + 1 < len(power) else end
        total += watts * max(0.0, min(until, end) - max(begins, start))
    return total


def load() -> float | None:
    """How many processes waited for a processor in the last minute; None where the system does not say."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def _parsed(line: str) -> Reading | None:
    fields = [field.strip() for field in line.split(",")]
    if len(fields) != 3 or not _whole(fields[0]) or not _whole(fields[1]):
        return None
    try:
        watts: float | None = float(fields[2])
    except ValueError:
        watts = None  # "[N/A]"
    return Reading(time.monotonic(), int(fields[0]), int(fields[1]) << 20, watts)


def _whole(text: str) -> bool:
    return text.strip().isdigit()


def _number(file: Path) -> int:
    return int(file.read_text(encoding="ascii"))
