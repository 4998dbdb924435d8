"""One step of the set-up: a line for the person, a process whose output goes to a log, one sentence when it fails."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOG = ROOT / "build" / "setup.log"

# pip settings that say how packages are reached stay the person's own; every other one could change what is installed.
_PIP_KEPT = {
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "PIP_FIND_LINKS",
    "PIP_NO_INDEX",
    "PIP_CONFIG_FILE",
    "PIP_CERT",
    "PIP_CLIENT_CERT",
    "PIP_TRUSTED_HOST",
    "PIP_PROXY",
    "PIP_TIMEOUT",
    "PIP_DEFAULT_TIMEOUT",
    "PIP_RETRIES",
    "PIP_CACHE_DIR",
    "PIP_KEYRING_PROVIDER",
}
# Would redirect Python's imports or smuggle compiler flags (such as -march=native) into the portable build.
_DROPPED = {
    "PYTHONPATH",
    "PYTHONHOME",
    "PYTHONSTARTUP",
    "PYTHONPLATLIBDIR",
    "__PYVENV_LAUNCHER__",
    "VIRTUAL_ENV",
    "CMAKE_ARGS",
    "CMAKE_GENERATOR",
    "FORCE_CMAKE",
    "CFLAGS",
    "CXXFLAGS",
    "CPPFLAGS",
    "LDFLAGS",
}

_SENTENCES = (
    (r"No space left on device|not enough space on the disk|Disk quota exceeded", "The disk is full."),
    (
        r"DO NOT MATCH THE HASHES|In --require-hashes mode",
        "A downloaded package is not the one the lock names (its sha256 differs), so nothing was installed from it.",
    ),
    (
        r"No CMAKE_CX?X?_COMPILER could be found|CMAKE_CX?X?_COMPILER.* not (set|a full path)"
        r"|is not able to compile a simple test program|command 'g?cc' failed",
        "There is no working C++ compiler.",
    ),
    (r"Killed signal terminated program|out of memory|cc1plus.*Killed", "The compiler ran out of memory."),
    (
        r"name resolution|NewConnectionError|ConnectionError|Connection refused|Connection reset|Network is unreachable"
        r"|timed out|ProxyError|SSLError|Max retries exceeded|IncompleteRead|ProtocolError|getaddrinfo failed",
        "The packages could not be downloaded: the package index cannot be reached.",
    ),
    (
        r"requirement (?P<what>\S+) \(from versions: none\)",  # all that pip says when it is told not to retry
        "The packages could not be downloaded: the package index cannot be reached, or has no {what}.",
    ),
    (
        r"No matching distribution found for (?P<what>\S+)",
        "The package index has no {what} for this Python and system.",
    ),
)


class Problem(Exception):  # noqa: N818 - what the person reads, not only a programming error
    """Stops the command. Its text is one sentence a person understands."""


def say(text: str) -> None:
    """One line for the person, at once."""
    print(text, flush=True)


def clean_environment(**more: str) -> dict[str, str]:
    """The environment for the tools we start: without what could change the outcome, and with `more`."""
    env = {
        name: value
        for name, value in os.environ.items()
        if name not in _DROPPED
        and not name.startswith("SKBUILD_")
        and (name in _PIP_KEPT or not name.startswith("PIP_"))
    }
    if not env.get("HOME"):
        env.pop("HOME", None)  # set but empty means "/" to some tools; unset means the account's own
    env |= {
        "PIP_USER": "0",
        "PIP_REQUIRE_VIRTUALENV": "0",
        "PIP_NO_INPUT": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_ROOT_USER_ACTION": "ignore",
        "PYTHONNOUSERSITE": "1",
        "PYTHONIOENCODING": "utf-8",
    }
    return env | more


def explain(output: str) -> str | None:
    """The sentence for a failed tool's output, or None when it is none of the usual reasons."""
    for pattern, sentence in _SENTENCES:
        if match := re.search(pattern, output):
            return sentence.format(**match.groupdict())
    return None


def run(argv: Sequence[str | Path], *, failed: str, env: Mapping[str, str] | None = None, cwd: Path = ROOT) -> None:
    """Run one tool, its output kept in build/setup.log.

    Shows how far a compilation is. Raises Problem with the reason in a sentence, or `failed` and the log's place.
    """
    LOG.parent.mkdir(parents=True, exist_ok=True)
    lines: list[str] = []
    pace = _Pace()
    with LOG.open("a", encoding="utf-8") as log:
        log.write(f"\n$ {' '.join(map(str, argv))}\n")
        try:
            process = subprocess.Popen(
                [str(part) for part in argv],
                cwd=cwd,
                env=dict(env) if env is not None else clean_environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
            )
        except OSError as error:
            raise Problem(f"{failed} {argv[0]} cannot be started: {error.strerror}.") from error
        assert process.stdout is not None
        with process:
            for line in process.stdout:
                log.write(line)
                lines.append(line)
                pace.heard(line)
        pace.end()
    if process.returncode:
        reason = explain("".join(lines)) or f"It ended with status {process.returncode}."
        raise Problem(f"{failed} {reason} The details are in {LOG}.")


class _Pace:
    """Shows "123 of 240" while ninja compiles: rewritten in a terminal, every half minute in a log."""

    def __init__(self) -> None:
        self._terminal = sys.stdout.isatty()
        self._started = self._last = time.monotonic()
        self._drawn = False

    def heard(self, line: str) -> None:
        match = re.match(r"\s*\[(\d+)/(\d+)\]", line)
        now = time.monotonic()
        if not match or now - self._last < (0.5 if self._terminal else 30):
            return
        self._last = now
        text = f"  {match[1]} of {match[2]}, {now - self._started:.0f} s"
        print(f"\r{text}   " if self._terminal else text, end="" if self._terminal else "\n", flush=True)
        self._drawn = self._terminal

    def end(self) -> None:
        if self._drawn:
            print("\r" + " " * 40 + "\r", end="", flush=True)
