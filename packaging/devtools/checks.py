"""`dev.py test` and `dev.py build`: every check to its end, then one summary."""

from __future__ import annotations

import codecs
import os
import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from devtools import environment, packs, trainer, vulkan
from devtools.machine import QT_LIBRARIES, missing_libraries
from devtools.steps import ROOT, Problem, clean_environment, say

SPEC = ROOT / "packaging" / "forge-desktop.spec"
FROZEN = ROOT / "dist" / "forge-desktop"


_CLOSING = re.compile(r"^=+ (.*\b(?:passed|failed|errors?|no tests ran)\b.* in [\d.]+s)", re.MULTILINE)


@dataclass(frozen=True)
class Outcome:
    """How one check ended."""

    name: str
    status: int
    seconds: float
    closing: str = ""  # pytest's last line, repeated in the summary

    def line(self) -> str:
        """One line of the summary."""
        word = "ok" if self.status == 0 else f"FAILED ({self.status})"
        return f"  {self.name:<20} {word:<12} {self.seconds:6.1f} s  {self.closing}".rstrip()


def test(*, full: bool) -> int:
    """Run every check, even after one failed; 0 when all are green."""
    python = environment.set_up("dev")
    if missing := missing_libraries(QT_LIBRARIES):
        raise Problem(f"The window's tests need these system libraries: {', '.join(missing)}.")
    env = checking_environment(full=full) | software_gpu() | trainer.for_tests()
    outcomes = [check(name, argv, env) for name, argv in plan(python, full=full, frozen=env.get("CI") == "true")]
    say("\nSummary")
    for outcome in outcomes:
        say(outcome.line())
    failed = [outcome.name for outcome in outcomes if outcome.status]
    say(f"{len(failed)} of {len(outcomes)} checks failed: {', '.join(failed)}." if failed else "Every check passed.")
    return 1 if failed else 0


def plan(python: Path, *, full: bool, frozen: bool) -> list[tuple[str, list[str]]]:
    """The checks in order, cheapest first; the frozen application last, where it is asked for (CI=true)."""
    tool = str(python.parent / "lint-imports")
    found = [
        ("ruff format", [str(python), "-m", "ruff", "format", "--check", "."]),
        ("ruff check", [str(python), "-m", "ruff", "check", "."]),
        ("mypy", [str(python), "-m", "mypy"]),
        ("mypy packaging", [str(python), "-m", "mypy", *PACKAGING_SOURCES]),
        ("lint-imports", [tool]),
        ("pytest", [str(python), "-m", "pytest", "--durations=10", *([] if full else ["-m", "not full"])]),
    ]
    if frozen:
        found.append(("frozen build", _pyinstaller(python)))
        found.append(("frozen smoke test", [str(python), "packaging/smoke_test.py"]))
    return found


def software_gpu() -> dict[str, str]:
    """Make the Vulkan pack and the driver that computes on the processor ready for the tests, or say why not."""
    try:
        vulkan.require_driver()
    except Problem as problem:
        say(f"The tests of the Vulkan pack are skipped. {problem}")
        return {"FORGE_PACK_MISSING": str(problem)}
    reason = with_pack("The tests of the Vulkan pack are skipped.")
    return {"FORGE_PACK_MISSING": reason} if reason else {}


def with_pack(otherwise: str) -> str:
    """Make the Vulkan pack; where that cannot be, say what happens `otherwise` and return the reason."""
    try:
        packs.pack("vulkan", python=environment.base_python())
    except Problem as problem:
        say(f"{otherwise} {problem}")
        return str(problem)
    return ""


PACKAGING_SOURCES = [
    "packaging/dev.py",
    "packaging/devtools",
    "packaging/smoke_test.py",
    "packaging/gpu_check.py",
    "packaging/gpucheck",
    "packaging/synthetic_gguf.py",
]


def checking_environment(*, full: bool) -> dict[str, str]:
    """What the checks run in: no window, no scaling, the same results everywhere."""
    env = clean_environment(
        QT_QPA_PLATFORM="offscreen", QT_SCALE_FACTOR="1", MYPYPATH=str(ROOT / "packaging"), PYTHONUNBUFFERED="1"
    )
    return env | {"FORGE_FULL_TESTS": "1"} if full else env


def check(name: str, argv: Sequence[str], env: Mapping[str, str]) -> Outcome:
    """Run one check, its output passed on as it comes."""
    say(f"\n── {name}")
    started = time.monotonic()
    end = ""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    try:
        with subprocess.Popen(
            argv, cwd=ROOT, env=dict(env), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0
        ) as process:
            assert process.stdout is not None
            while chunk := process.stdout.read(65_536):
                text = decoder.decode(chunk)
                print(text, end="", flush=True)
                end = (end + text)[-4_000:]
        status = process.returncode
    except OSError as error:
        say(f"{argv[0]} cannot be started: {error.strerror}.")
        status = 127
    closing = _CLOSING.findall(end)
    return Outcome(name, status, time.monotonic() - started, closing[-1].strip("= ") if closing else "")


def build() -> int:
    """Make the frozen application in dist/forge-desktop."""
    python = environment.set_up("dev")
    with_pack("The application is made without the Vulkan pack.")
    outcome = check("frozen build", _pyinstaller(python), clean_environment())
    if outcome.status == 0:
        say(f"\nThe application is in {FROZEN.relative_to(ROOT)}{os.sep} ({outcome.seconds:.0f} s).")
        say("Try it with: python3 packaging/smoke_test.py")
    return outcome.status


def _pyinstaller(python: Path) -> list[str]:
    work = ROOT / "build" / "pyinstaller"
    options = [
        "--noconfirm",
        "--clean",
        "--log-level",
        "WARN",
        "--distpath",
        str(ROOT / "dist"),
        "--workpath",
        str(work),
    ]
    return [str(python), "-m", "PyInstaller", *options, str(SPEC)]
