"""What this machine offers: system packages, disk space, a display, the place for our cache."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from devtools.steps import ROOT, Problem, clean_environment, run, say

GIB = 1 << 30

# Library file -> Debian package. Without the first group PySide6 cannot even be imported (measured on a bare Debian).
QT_LIBRARIES = {
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libfontconfig.so.1": "libfontconfig1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libdbus-1.so.3": "libdbus-1-3",
}
# Needed on top of those to show a window on X11.
XCB_LIBRARIES = {
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
}

# Debian package -> program that only the tests need.
TEST_TOOLS = {"xvfb": "Xvfb", "xauth": "xauth", "tesseract-ocr": "tesseract", "tesseract-ocr-eng": "tesseract"}


def cache_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """Where built wheels and the starter student are kept between clones: $FORGE_CACHE_DIR or the system's place.

    Falls back to the clone's own build directory when there is no home to write to.
    """
    if chosen := environ.get("FORGE_CACHE_DIR"):
        return Path(chosen).expanduser().absolute()
    if sys.platform == "win32":
        base = environ.get("LOCALAPPDATA")
    elif sys.platform == "darwin":
        base = environ.get("HOME") and f"{environ['HOME']}/Library/Caches"
    else:
        base = environ.get("XDG_CACHE_HOME") or (environ.get("HOME") and f"{environ['HOME']}/.cache")
    place = Path(base, "forge-desktop") if base and Path(base).is_absolute() else ROOT / "build" / "cache"
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError:
        place = ROOT / "build" / "cache"
    return place


def has_display(environ: Mapping[str, str] = os.environ, platform: str = sys.platform) -> bool:
    """Whether a window can appear; only Linux runs without a screen as a matter of course."""
    return not platform.startswith("linux") or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))


def missing_libraries(table: Mapping[str, str]) -> list[str]:
    """The libraries of `table` that this Linux machine cannot load; none elsewhere, where Qt brings its own."""
    if not sys.platform.startswith("linux"):
        return []
    return [name for name in table if not _loads(name)]


def _loads(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def has_avx2(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether an x86-64 processor has AVX2 and what comes with it; yes where the system does not say."""
    try:
        text = cpuinfo.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return True
    found = next((line.split(":", 1)[1].split() for line in text.splitlines() if line.startswith("flags")), None)
    return found is None or {"avx2", "fma", "f16c", "bmi2"} <= set(found)


def has_compiler() -> bool:
    """Whether a C++ compiler seems to be there. On Windows CMake looks for Visual Studio itself."""
    if sys.platform == "win32":
        return True
    return any(shutil.which(name) for name in (os.environ.get("CXX") or "c++", "g++", "clang++"))


def has_venv() -> bool:
    """Whether this Python can make virtual environments; Debian splits that off."""
    return all(importlib.util.find_spec(name) for name in ("venv", "ensurepip"))


def prepare_system(*, compiler: bool, tests: bool) -> None:
    """Install missing system packages when that is allowed, else name them in one line to paste.

    Raises Problem when the set-up cannot go on without them; Qt's libraries only matter once there is a window.
    """
    needed = [] if has_venv() else [_venv_package()]
    if compiler and not has_compiler():
        needed.append("build-essential")
    libraries = missing_libraries(QT_LIBRARIES | XCB_LIBRARIES)
    wanted = [*needed, *((QT_LIBRARIES | XCB_LIBRARIES)[name] for name in libraries)]
    if tests and sys.platform.startswith("linux"):
        wanted += [name for name, tool in TEST_TOOLS.items() if not shutil.which(tool)]
    if not wanted:
        return
    if may_install():
        try:
            install_packages(wanted)
        except Problem as problem:
            if needed:
                raise
            say(str(problem))  # an unreachable mirror need not stop what works without these
        else:
            return
    if needed or libraries:
        line = advice(wanted, libraries)
        if needed:
            raise Problem(line)
        say(line)


def advice(packages: Iterable[str], libraries: Iterable[str]) -> str:
    """One line that names what is missing, to be pasted where that is possible."""
    if shutil.which("apt-get"):
        return f"System packages are missing; install them with: sudo apt-get install -y {' '.join(packages)}"
    if sys.platform == "darwin":
        return "A compiler is missing; install it with: xcode-select --install"
    names = [*(p for p in packages if "venv" in p or p == "build-essential"), *libraries]
    return f"Please install what is missing with this system's package manager: {', '.join(names)}"


def _venv_package() -> str:
    return f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"


def may_install() -> bool:
    """Whether system packages can be installed here without asking anybody: Debian or Ubuntu, as root."""
    return bool(shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0)


def install_packages(packages: list[str]) -> None:
    """Install Debian packages. Raises Problem."""
    say(f"Installing system packages: {' '.join(packages)}")
    env = clean_environment(DEBIAN_FRONTEND="noninteractive")
    failed = "The system packages could not be installed."
    run(["apt-get", "update", "-q"], env=env, failed=failed)
    run(["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages], env=env, failed=failed)


def require_space(place: Path, gigabytes: float) -> None:
    """Raise Problem unless `place`'s disk has that much free."""
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free / GIB
    if free < gigabytes:
        raise Problem(f"The set-up needs {gigabytes:.1f} GB of disk space, and {place} has {free:.1f} GB left.")
