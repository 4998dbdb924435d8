"""Makes an environment with torch for the trainer: looked at first, installed whole or not at all."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
import urllib.parse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.jobs import JobContext
from forge_desktop.base.redacting import without_secrets
from forge_desktop.students.install_words import could_not
from forge_desktop.students.records_training import Delivery

PACKAGES = ("torch==2.13.0", "gguf>=0.17,<1", "numpy>=2.2,<3")
_RAY = "ray[client]>=2.50,<3"  # with what ray://HOST:PORT needs
_log = logging.getLogger(__name__)
_GPU_NAMES = ("nvidia-", "triton", "pytorch-triton", "cuda-", "rocm")
_GPU_BUILDS = ("+cu", "+rocm", "+xpu")
_UNPACKED = 4  # times the size of what is fetched that the disk must hold
_LEAST_DISK = 2_500_000_000  # bytes, where no sizes are told
_GLANCE = 0.2
_OWN_HOSTS = ("127.0.0.1", "localhost", "::1")  # nobody is on the way there
_SHOWN = 100  # characters of what is said meanwhile
_SECRET = ("KEY", "TOKEN", "SECRET", "PASSWORD", "CREDENTIAL")
_UNWANTED = (
    "PYTHONPATH",
    "PYTHONHOME",
    "VIRTUAL_ENV",
    "PIP_TARGET",
    "PIP_PREFIX",
    "PIP_USER",
    "PIP_REQUIRE_VIRTUALENV",
)


@dataclass(frozen=True)
class Wanted:
    """What is to be made: by which Python, from where ("" where its pip takes packages from), and what."""

    python: str
    index: str
    packages: tuple[str, ...]
    gpu: bool


SizeOf = Callable[[str, Callable[[], None]], int | None]


class EnvironmentMaker:
    """Keeps the environment in `folder`/env. `may_connect` raises where the network may not be used; `size_of` tells
    how large a file at an address is, None where nobody says.
    """

    def __init__(
        self, folder: Path, may_connect: Callable[[str], None], size_of: SizeOf = lambda _url, _check: None
    ) -> None:
        self._folder, self._may_connect, self._size_of = folder, may_connect, size_of

    def wanted(self, *, index: str, ray: bool, gpu: bool, python: str) -> Wanted:
        """What is to be made. Raises ForgeError where the network may not be used, or no Python is found."""
        index = _address(index)
        host = urllib.parse.urlsplit(index or os.environ.get("PIP_INDEX_URL", "")).hostname
        self._may_connect(host or "the package index")
        return Wanted(python or maker_python(), index, (*PACKAGES, *((_RAY,) if ray else ())), gpu)

    def look(self, ctx: JobContext, wanted: Wanted) -> Delivery:
        """What would come; nothing is kept."""
        with self._workplace() as work:
            return self._looked(ctx, wanted, self._bare(ctx, wanted, work))

    def make(self, ctx: JobContext, wanted: Wanted, refused: Callable[[Path], str]) -> Path:
        """Make it; returns its Python, which takes the place of the one before. `refused` looks at it first and says
        why it will not do. Cancelled or failed, nothing of it is left.
        """
        with self._workplace() as work:
            python = self._bare(ctx, wanted, work)
            found = self._looked(ctx, wanted, python)
            if found.gpu and not wanted.gpu:
                raise for_gpus(found)
            self._room(found)
            size = f" ({_gb(found.bytes)})" if found.bytes else ""
            self._pip(ctx, python, wanted, (), f"Fetching {len(found.packages)} packages{size}")
            if why := refused(python):
                raise ForgeError(f"The environment was made, but will not do: {why}", hint="Try another index.")
            place = self._folder / "env"
            shutil.rmtree(place, ignore_errors=True)
            os.replace(work, place)
        return place / python.relative_to(work)

    @contextlib.contextmanager
    def _workplace(self) -> Iterator[Path]:
        """A folder that is gone afterwards, unless it was moved to its place."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for left in self._folder.glob("making-*"):
            shutil.rmtree(left, ignore_errors=True)  # of a kill
        work = Path(tempfile.mkdtemp(prefix="making-", dir=self._folder))
        try:
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def _bare(self, ctx: JobContext, wanted: Wanted, work: Path) -> Path:
        """An environment without any package: that is quick, where the Python that makes it has a pip that can fill
        another one. Else with a pip of its own.
        """
        note, python = f"Making an environment with {wanted.python}", python_of(work)
        self._run(ctx, [wanted.python, "-m", "venv", "--without-pip", str(work)], note, work)
        try:
            self._run(ctx, [wanted.python, "-m", "pip", "--python", str(python), "--version"], note, work)
        except ForgeError:
            self._run(ctx, [wanted.python, "-m", "venv", str(work)], note, work)
        return python

    def _looked(self, ctx: JobContext, wanted: Wanted, python: Path) -> Delivery:
        report = python.parents[1] / "report.json"
        self._pip(ctx, python, wanted, ("--dry-run", "--report", str(report)), "Asking what would come")
        found = json.loads(report.read_text(encoding="utf-8"))["install"]
        names = [(str(one["metadata"]["name"]), str(one["metadata"]["version"])) for one in found]
        sizes = [self._bytes(str(one["download_info"]["url"]), ctx) for one in found]
        gpu = any(name.lower().startswith(_GPU_NAMES) for name, _ in names)
        gpu = gpu or any(name == "torch" and any(mark in version for mark in _GPU_BUILDS) for name, version in names)
        known = None if any(size is None for size in sizes) else sum(size or 0 for size in sizes)
        return Delivery(tuple(sorted(names)), known, gpu, wanted.python)

    def _bytes(self, url: str, ctx: JobContext) -> int | None:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme == "file":
            with contextlib.suppress(OSError):
                return Path(urllib.parse.unquote(parts.path)).stat().st_size
            return None
        return self._size_of(url, ctx.check)

    def _room(self, found: Delivery) -> None:
        needed = _UNPACKED * found.bytes if found.bytes else _LEAST_DISK
        free = shutil.disk_usage(self._folder).free
        if needed > free:
            raise ForgeError(
                f"The environment takes about {_gb(needed)}, and {_gb(free)} are free on the disk.",
                hint="Free some space, or name a Python that has torch already.",
            )

    def _pip(self, ctx: JobContext, python: Path, wanted: Wanted, more: Sequence[str], note: str) -> None:
        index = ["--index-url", wanted.index] if wanted.index else []
        common = ["--disable-pip-version-check", "--no-input", "--no-cache-dir", "--progress-bar", "off"]
        own = python.parent.glob("pip*")
        by = [str(python), "-m", "pip"] if any(own) else [wanted.python, "-m", "pip", "--python", str(python)]
        command = [*by, "install", *common, "--only-binary", ":all:"]
        self._run(ctx, [*command, *index, *more, *wanted.packages], note, python.parents[1], wanted.index)

    def _run(self, ctx: JobContext, command: Sequence[str], note: str, work: Path, index: str = "") -> None:
        """One program to its end. Raises ForgeError with what it said last, and Cancelled."""
        told = work / "output.txt"
        try:
            with open(told, "wb") as output:
                process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env=_environment(os.environ),
                    start_new_session=sys.platform != "win32",
                )
        except OSError as error:
            raise ForgeError(f"{command[0]} cannot be started: {error.strerror or error}.") from error
        try:
            while process.poll() is None:
                ctx.progress(0, None, f"{note}. {_last_line(told)}".strip())
                ctx.wait(_GLANCE)
        finally:
            _end(process)
        if process.returncode:
            lines = _lines(told)
            _log.info("%s ended with status %d and said: %s", command[0], process.returncode, "\n".join(lines))
            raise could_not(lines, process.returncode, urllib.parse.urlsplit(index).hostname or "")


def maker_python() -> str:
    """A Python that can make environments: that of the program itself, else one on the path. Raises ForgeError."""
    if not getattr(sys, "frozen", False):
        return sys.executable
    for name in ("python3", "python", "py"):
        if found := shutil.which(name):
            return found
    raise ForgeError(
        "There is no Python on this computer to make an environment with.",
        hint="Install Python 3.11 or newer, or name one (--python PATH).",
    )


def _address(index: str) -> str:
    """An index as an address. Raises ForgeError for one that is none, or that anybody on the way could change."""
    parts = urllib.parse.urlsplit(index)
    if not index or (parts.scheme == "https" and parts.hostname) or (parts.scheme == "file" and parts.path):
        return index
    if parts.scheme == "http" and parts.hostname in _OWN_HOSTS:
        return index
    if Path(index).expanduser().is_dir():
        return Path(index).expanduser().absolute().as_uri()
    raise ForgeError(
        f"{without_secrets(index)} is no address of a package index.",
        hint="Give one that begins with https://, or a folder of your own.",
    )


def python_of(environment: Path) -> Path:
    """The interpreter of an environment."""
    return environment / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it and what it started, where it still runs, and wait for it."""
    import psutil

    if process.poll() is None:
        below: list[psutil.Process] = []
        with contextlib.suppress(psutil.Error):
            below = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        for each in below:
            with contextlib.suppress(psutil.Error):
                each.kill()
        psutil.wait_procs(below, timeout=5)
    process.wait()


def for_gpus(found: Delivery) -> ForgeError:
    """The error for a build for GPUs that nobody asked for."""
    size = f", {_gb(found.bytes)} to fetch" if found.bytes else ", several GB to fetch"
    return ForgeError(
        f"From this index torch comes as a build for GPUs: {len(found.packages)} packages{size}. Nothing was fetched.",
        hint="Name an index with CPU builds (--index URL), or say that this is meant (--with-gpu).",
    )


def _environment(given: Mapping[str, str]) -> dict[str, str]:
    """What pip may know: where a person told it to take packages from, but no key of anything else."""
    return {
        name: value
        for name, value in given.items()
        if name not in _UNWANTED and (name.startswith("PIP_") or not any(word in name.upper() for word in _SECRET))
    }


def _lines(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8", errors="replace")
    return [line.strip() for line in text.splitlines() if line.strip()]


def _last_line(path: Path) -> str:
    last = next(reversed(_lines(path)[-1:]), "")
    return textwrap.shorten(last, _SHOWN, placeholder="…")


def _gb(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.0f} MB"
