#!/usr/bin/env python3
"""Starts the frozen application as a stranger would, in an empty home, and fails on anything unexpected it prints."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FROZEN = ROOT / "dist" / "forge-desktop"
QUESTION = "How many days may I keep a mains power tool?"
PANES = ("corpus", "chat", "distill", "students", "cards", "settings")

# What may appear on stderr although nothing is wrong; anything else fails the test.
HARMLESS = (
    r"This plugin does not support propagateSizeHints\(\)",  # Qt's offscreen platform, at every window
    r"QStandardPaths: (XDG_RUNTIME_DIR not set|runtime directory .* is not owned|wrong permissions)",
    r"libEGL warning|MESA",  # a virtual display without a GPU
)


class Failed(Exception):  # noqa: N818 - the sentence that ends the test
    """One thing that was not as it must be."""


class Home:
    """An empty home directory and an environment with next to nothing in it."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.environment = {
            "HOME": str(place),
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "TMPDIR": str(place / "tmp"),
            "XDG_RUNTIME_DIR": str(place / "run"),
        }
        for name in ("tmp", "run"):
            (place / name).mkdir(mode=0o700)
        if sys.platform == "win32":
            self.environment |= {name: os.environ[name] for name in ("SYSTEMROOT", "PATH") if name in os.environ}
            self.environment |= {"USERPROFILE": str(place), "LOCALAPPDATA": str(place), "APPDATA": str(place)}


def main() -> int:
    """Run every step; 0 when all went as they must."""
    program = FROZEN / ("forge-desktop.exe" if sys.platform == "win32" else "forge-desktop")
    if not program.is_file():
        print(f"There is no frozen application in {FROZEN}; make it with: python3 packaging/dev.py build")
        return 1
    try:
        with tempfile.TemporaryDirectory(prefix="forge-smoke-", ignore_cleanup_errors=True) as place:
            home = Home(Path(place))
            command_line(program, home)
            windows(program, home)
    except Failed as failure:
        print(f"FAILED: {failure}")
        return 1
    sizes()
    return 0


def command_line(program: Path, home: Home) -> None:
    """The main job without a window, from nothing to a cited answer."""
    version = start(program, home, "--version")
    require(re.fullmatch(r"Forge Desktop \d+\.\d+\.\d+\S*\s*", version), f"--version printed {version!r}")
    sample = next(FROZEN.rglob("resources/sample"))
    indexed = answer_of(program, home, "index", str(sample))
    require(indexed["documents"] >= 10 and indexed["passages"] > 0, f"index found {indexed}")
    require(not indexed["failed"], f"index failed on {indexed['failed']}")
    asked = answer_of(program, home, "ask", QUESTION)
    require(asked["answer"].strip(), "the answer is empty")
    require(asked["citations"], "the answer cites nothing")
    require(asked["model"], "no student answered")
    require(asked["answer_tokens"] > 0, "the student wrote no token")
    status = answer_of(program, home, "status")
    require(status["documents"] == indexed["documents"], f"status counts {status['documents']} documents")
    doctor = answer_of(program, home, "doctor")
    require(doctor["ok"], f"doctor found {doctor['findings']}")
    require(doctor["student"]["plan"]["fits"], "the student does not fit")
    card(program, home)
    verified = answer_of(program, home, "verify")
    require(verified["ok"], f"verify found {verified['damaged']}")
    print(f"      {indexed['documents']} documents, {asked['answer_tokens']} tokens of answer by {asked['model']}")


def card(program: Path, home: Home) -> None:
    """The student's card, with what needs the data of libraries: licence expressions, language tags, YAML."""
    start(program, home, "card", "set", "v1", "licence", "Apache-2.0 OR MIT")
    start(program, home, "card", "set", "v1", "languages", "en, zh-Hant")
    written = answer_of(program, home, "card", "export", "v1", "--to", str(home.place / "card"))
    formats = {file["format"] for file in written["files"]}
    require(formats == {"markdown", "cyclonedx", "spdx", "json", "html"}, f"the card left as {formats}")


def windows(program: Path, home: Home) -> None:
    """The window opens every pane and closes: offscreen, and on a virtual X display where there is one."""
    environment = {"QT_QPA_PLATFORM": "offscreen"}
    window(program, home, "offscreen", environment, [])
    if shutil.which("xvfb-run") and shutil.which("xauth"):
        window(program, home, "xcb", {"QT_QPA_PLATFORM": "xcb"}, ["xvfb-run", "-a", "-s", "-screen 0 1280x800x24"])


def window(program: Path, home: Home, name: str, environment: dict[str, str], wrapper: list[str]) -> None:
    """One window with FORGE_SMOKE set: it visits each pane, says so, and quits by itself."""
    said = start(
        program, home, environment={**environment, "FORGE_SMOKE": "1"}, wrapper=wrapper, label=f"window {name}"
    )
    require(said.splitlines() == [f"pane {key}" for key in PANES], f"the window ({name}) said {said!r}")


def answer_of(program: Path, home: Home, *arguments: str) -> dict[str, Any]:
    """The one JSON object a verb prints."""
    text = start(program, home, *arguments, "--json")
    try:
        value = json.loads(text)
    except ValueError as error:
        raise Failed(f"{arguments[0]} --json printed {text[:500]!r}") from error
    require(isinstance(value, dict), f"{arguments[0]} --json printed no object")
    return dict(value)


def start(
    program: Path,
    home: Home,
    *arguments: str,
    environment: dict[str, str] | None = None,
    wrapper: list[str] | None = None,
    label: str = "",
) -> str:
    """Start the application, wait for its end, and return what it wrote to stdout.

    Raises Failed when it ends badly, hangs, or writes anything unexpected to stderr.
    """
    label = label or " ".join(arguments[:1])
    began = time.monotonic()
    try:
        done = subprocess.run(
            [*(wrapper or []), str(program), *arguments],
            cwd=home.place,
            env=home.environment | (environment or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=180,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Failed(f"{label} did not end; stderr: {(error.stderr or b'').decode(errors='replace')[-800:]}") from error
    stdout, stderr = done.stdout.decode("utf-8"), done.stderr.decode("utf-8", "replace")
    require(done.returncode == 0, f"{label} ended with status {done.returncode}: {stderr[-1500:] or stdout[-1500:]}")
    lines = [line for line in stderr.splitlines() if line.strip()]
    odd = [line for line in lines if not any(re.search(pattern, line) for pattern in HARMLESS)]
    require(not odd, f"{label} wrote to stderr: " + " | ".join(odd[:10]))
    print(f"ok    {label:<20} {time.monotonic() - began:6.1f} s", flush=True)
    return stdout


def require(condition: object, sentence: str) -> None:
    """Raise Failed with the sentence unless the condition holds."""
    if not condition:
        raise Failed(sentence)


def sizes() -> None:
    """What the folder weighs, and its largest parts."""
    files = [path for path in FROZEN.rglob("*") if path.is_file() and not path.is_symlink()]
    weights = {path: path.stat().st_size for path in files}
    print(f"size  {sum(weights.values()) / 1e6:.0f} MB in {len(weights)} files")
    parts: dict[str, int] = {}
    for path, weight in weights.items():
        inside = path.relative_to(FROZEN).parts
        part = "/".join(inside[:2]) if len(inside) > 2 else inside[-1]
        parts[part] = parts.get(part, 0) + weight
    for part, weight in sorted(parts.items(), key=lambda item: -item[1])[:10]:
        print(f"      {weight / 1e6:6.1f} MB  {part}")


if __name__ == "__main__":
    sys.exit(main())
