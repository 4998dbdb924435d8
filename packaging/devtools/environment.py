"""The set-up: .venv with exactly the locked packages, the compiled engine, the starter student, and a stamp."""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from devtools import llama, locks, starter
from devtools.machine import prepare_system, require_space
from devtools.steps import ROOT, Problem, clean_environment, run, say

Kind = Literal["runtime", "dev"]  # what `run` needs, and what `test` and `build` need on top

VENV = ROOT / ".venv"
STAMP = VENV / "forge-setup.json"
_SCHEME = "1"  # raise it when the set-up does something new that an existing .venv lacks


def venv_python(venv: Path = VENV) -> Path:
    """The interpreter of a virtual environment."""
    return venv / "Scripts" / "python.exe" if sys.platform == "win32" else venv / "bin" / "python"


def base_python() -> str:
    """The interpreter that makes environments: ours, or the one behind it when we run inside an environment."""
    return str(getattr(sys, "_base_executable", None) or sys.executable)


def stamp_key(kind: Kind) -> str:
    """What an up-to-date environment was made from; another lock, flag, Python or place of the clone changes it."""
    files = [locks.LOCKS / f"{name}.txt" for name in (kind, "build", "starter")]
    project = [ROOT / "pyproject.toml", ROOT / "forge_desktop" / "__init__.py"]
    return locks.digest(_SCHEME, str(ROOT), llama.this_target(), *llama.flags(), *files, *project)


def stamped(kind: Kind, stamp: Path = STAMP) -> bool:
    """Whether .venv is complete for `kind`; what `test` installs contains what `run` needs."""
    try:
        keys = json.loads(stamp.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    if not isinstance(keys, dict):
        return False
    return bool(keys.get(kind) == stamp_key(kind) or keys.get("dev") == stamp_key("dev"))


def set_up(kind: Kind) -> Path:
    """Make .venv ready for `kind` and return its Python; a second or two when nothing changed.

    Raises Problem with one sentence. Interrupted anywhere, the next call goes on.
    """
    started = time.monotonic()
    python = venv_python()
    ready = stamped(kind) and works(python)
    prepare_system(compiler=not ready and llama.cached_wheel(llama.wheel_folder()) is None, tests=kind == "dev")
    if ready and starter.in_place():
        return python
    if not ready:
        STAMP.unlink(missing_ok=True)
        make_venv(VENV)
        _install_locked(kind, python)
        _install_engine(python)
    starter.bring(python)
    if not ready:
        _install_ourselves(python)
        STAMP.write_text(json.dumps({kind: stamp_key(kind)}), encoding="utf-8")
    say(f"Forge Desktop is set up ({time.monotonic() - started:.0f} s).")
    return python


def works(python: Path) -> bool:
    """Whether the environment's interpreter is this version, still starts, and has pip."""
    code = "import sys, pip; print(*sys.version_info[:2])"
    try:
        done = subprocess.run(
            [python, "-c", code], capture_output=True, text=True, timeout=60, env=clean_environment(), check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.stdout.split() == [str(part) for part in sys.version_info[:2]]


def make_venv(venv: Path) -> None:
    """Make an environment, or leave it when it is whole and was made here. Raises Problem."""
    if works(venv_python(venv)) and _made_here(venv):
        return
    say(f"Making the environment {venv.name} with Python {sys.version_info[0]}.{sys.version_info[1]} ...")
    require_space(ROOT, 2.0)
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(venv)
    run([base_python(), "-m", "venv", venv], failed="The environment could not be made.")


def _made_here(venv: Path) -> bool:
    """Whether the environment's scripts point here; a clone that was moved needs a new one."""
    script = "activate.bat" if sys.platform == "win32" else "activate"
    try:
        lines = (venv_python(venv).parent / script).read_text("utf-8")
    except OSError:
        return False
    return str(venv) in lines


def _install_locked(kind: Kind, python: Path) -> None:
    """Install the lock's packages and nothing else; each file's sha256 must be in the lock."""
    requirements = locks.without(locks.read(kind), llama.NAME)
    say(f"Installing {len(requirements)} locked packages ...")
    started = time.monotonic()
    path = locks.write(ROOT / "build" / f"{kind}-without-llama.txt", requirements)
    run(
        [python, "-m", "pip", "install", "--require-hashes", "--no-deps", "--only-binary", ":all:", "-r", path],
        failed="The packages could not be installed.",
    )
    say(f"  installed in {time.monotonic() - started:.0f} s")


def _install_engine(python: Path) -> None:
    wheel = llama.wheel(base_python())
    run(
        [python, "-m", "pip", "install", "--no-index", "--no-deps", "--force-reinstall", "--no-cache-dir", wheel],
        failed="The compiled llama.cpp could not be installed.",
    )


def _install_ourselves(python: Path) -> None:
    run(
        [python, "-m", "pip", "install", "--no-deps", "--no-build-isolation", "--no-index", "-e", ROOT],
        failed="Forge Desktop could not be installed into its environment.",
    )


@contextlib.contextmanager
def _ctrl_c_later() -> Iterator[None]:
    """Ctrl+C in this block is the started program's alone: it may hear it before we know that it was started."""
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def start(python: Path, *arguments: str) -> int:
    """Run Forge Desktop in the foreground, in the caller's own directory, and return its status."""
    try:
        with _ctrl_c_later():
            running = subprocess.Popen([python, "-m", "forge_desktop", *arguments], env=clean_environment())
    except OSError as error:
        raise Problem(f"{python} cannot be started: {error.strerror}.") from error
    while True:
        try:
            return running.wait()
        except KeyboardInterrupt:
            continue  # Forge Desktop heard it too, keeps what it has, and says how it ends
