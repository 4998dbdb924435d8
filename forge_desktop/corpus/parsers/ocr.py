"""Text in pictures, through Tesseract where it is installed: a program of its own, one picture at a time."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

from forge_desktop.base.settings import Settings
from forge_desktop.corpus.parsers import Unreadable

_PLACES = (  # where its installers put it without telling PATH, or a desktop's PATH does not reach
    "/opt/homebrew/bin/tesseract",
    "/usr/local/bin/tesseract",
    r"C:\Program Files\Tesseract-OCR\tesseract.exe",
)
_LANGUAGES = 4  # of those installed, when none are chosen: each one takes its share of the time
ONLY_PICTURES = "It holds no text, only pictures; "
_request: Mapping[str, Any] | None = None
_on_page: Callable[[], None] = lambda: None  # noqa: E731 - nothing to tell anybody


def program() -> str:
    """Tesseract's path, or nothing when it is not installed."""
    return shutil.which("tesseract") or next((place for place in _PLACES if os.path.isfile(place)), "")


def request_of(settings: Settings) -> dict[str, Any] | None:
    """What the parser child is told about OCR with each file: None when it is off."""
    if not settings.ocr:
        return None
    return {"languages": settings.ocr_languages, "seconds": settings.parser_seconds}


def state(settings: Settings) -> str:
    """All that decides whether a picture can be read; when it changes, documents that failed are tried again."""
    return f"{settings.ocr_languages.strip()}@{program()}" if settings.ocr else "off"


def begin(request: Mapping[str, Any] | None, on_page: Callable[[], None]) -> None:
    """Set what holds for the next file; `on_page` is called after each picture that was read."""
    global _request, _on_page
    _request, _on_page = request, on_page


def hindrance() -> Unreadable | None:
    """Why pictures cannot be read now, to be raised for a file that holds nothing else."""
    if _request is None:
        return Unreadable(ONLY_PICTURES + "OCR is off: turn it on in the settings to have them read.")
    if not program():
        return Unreadable(ONLY_PICTURES + "Tesseract is not installed: install it to have them read.")
    languages = _languages()
    if not languages:
        return Unreadable(ONLY_PICTURES + "Tesseract is installed without any language.", again=True)
    if missing := [language for language in languages if language not in _installed(program())]:
        what = f"Tesseract has no language called {missing[0]}: install it or choose another."
        return Unreadable(ONLY_PICTURES + what, again=True)
    return None


def read(picture: bytes, *, page: int = 0, dpi: int = 0) -> str:
    """The text in a picture file's bytes (page from 0, for formats with several). Raises Unreadable.

    To be called only when there is no `hindrance`.
    """
    assert _request is not None
    seconds = max(1, int(_request["seconds"] * 0.9))  # before the parent loses its patience
    try:
        done = subprocess.run(
            [*_within(seconds), program(), "stdin", "stdout", *_arguments(page, dpi)],
            input=picture,
            capture_output=True,
            timeout=seconds,
            check=False,
            env=_environment(),
            **_quietly(),
        )
    except subprocess.TimeoutExpired as error:
        raise Unreadable(f"Reading a picture in it took more than {seconds} seconds and was given up.") from error
    if done.returncode:
        raise Unreadable("A picture in it cannot be read: it is damaged, or reading it needs too much memory or time.")
    _on_page()
    lines = done.stdout.decode("utf-8", "replace").replace("\f", "").replace("\r\n", "\n")
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]+\n", "\n", lines)).strip()


def _arguments(page: int, dpi: int) -> list[str]:
    # mode 1 turns pages that lie on their side upright, and needs the data called "osd" for it
    mode = "1" if "osd" in _installed(program()) else "3"
    arguments = ["-l", "+".join(_languages()), "--psm", mode, "-c", f"tessedit_page_number={page}"]
    return [*arguments, "--dpi", str(dpi)] if dpi else arguments


def _languages() -> list[str]:
    """Those that were chosen, else what is installed, English first."""
    assert _request is not None
    if chosen := re.findall(r"[\w/-]+", str(_request["languages"])):
        return chosen
    installed = _installed(program()) - {"osd", "equ", "snum"}
    return sorted(installed, key=lambda name: (name != "eng", name))[:_LANGUAGES]


@functools.lru_cache(maxsize=1)
def _installed(path: str) -> frozenset[str]:
    """The languages Tesseract has data for."""
    try:
        done = subprocess.run(
            [path, "--list-langs"], capture_output=True, timeout=30, check=False, env=_environment(), **_quietly()
        )
    except subprocess.TimeoutExpired:
        return frozenset()
    return frozenset(done.stdout.decode("utf-8", "replace").split("\n")[1:]) - {""}


def _within(seconds: int) -> list[str]:
    """Let the system end it after so much processor time, also when the parser that waits for it is killed."""
    if os.name != "posix":
        return []
    return ["/bin/sh", "-c", 'ulimit -t "$0"; exec "$@"', str(seconds + 1)]


def _environment() -> dict[str, str]:
    """Ours, without the libraries of a frozen application, and one thread: other parsers use the other cores."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LD_LIBRARY", "DYLD_"))}
    if before := os.environ.get("LD_LIBRARY_PATH_ORIG"):
        kept["LD_LIBRARY_PATH"] = before
    return {**kept, "OMP_THREAD_LIMIT": "1"}


def _quietly() -> dict[str, Any]:
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NO_WINDOW}
    return {}
