"""What the command line prints: results on stdout, progress and errors on stderr, or exactly one JSON object."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import sys
import time
import traceback
from collections.abc import Mapping
from types import TracebackType

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.paths import shown_path, shown_paths
from forge_desktop.base.redacting import without_secrets

# Everything a terminal may act on, and the marks that turn the direction of text around; not newline, not tab.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_SPARSE_SECONDS = 10.0


def printable(text: str) -> str:
    """The text as it may be shown in a terminal: nothing in it can move the cursor or turn the reading direction."""
    return _UNSAFE.sub(_escape, shown_path(text.replace("\r\n", "\n")))


def _cut(text: str, width: int) -> str:
    """The text within so many columns, ended at a word where it is longer."""
    if len(text) <= width:
        return text
    kept = text[: max(0, width - 1)]
    at_word = kept.rfind(" ")
    return f"{kept[:at_word] if at_word > width // 2 else kept}…"


def one_line(text: str) -> str:
    """The same on one line: what comes from elsewhere (a name, a reason, a path) never makes a line of its own."""
    return printable(text).replace("\n", "\\n").replace("\t", "\\t")


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def as_json(value: object) -> str:
    """One line of JSON in ASCII, so that no terminal encoding and no odd file name can break it."""
    return json.dumps(shown_paths(value), allow_nan=False)


class Output:
    """Where a verb's words go. With `json`, `line` and `write` say nothing and `result` prints the one object."""

    def __init__(self, *, json: bool) -> None:
        self.json = json
        self._live = not json and sys.stderr is not None and sys.stderr.isatty()
        self._shown = ""  # the progress line that stands on the terminal now
        self._last = 0.0
        self._said = ""

    def line(self, text: str = "") -> None:
        """One line for people on stdout, a newline in it escaped; nothing with --json."""
        self.write(one_line(text) + "\n")

    def text(self, text: str, *, under: int = 0) -> None:
        """A text of several lines for people; those after the first stand `under` blanks to the right."""
        self.write(text.replace("\r\n", "\n").replace("\n", f"\n{' ' * under}") + "\n")

    def write(self, text: str) -> None:
        """A piece of text for people on stdout, shown at once; nothing with --json."""
        if not self.json:
            self.clear()
            self._put(printable(text))

    def file(self, content: bytes) -> None:
        """A file's content on stdout, byte for byte; on a terminal as text, as that may be shown there."""
        if self.json:
            return
        self.clear()
        on_terminal = sys.stdout is None or sys.stdout.isatty()
        self._put(printable(content.decode("utf-8", "replace")) if on_terminal else content)

    def result(self, value: Mapping[str, object]) -> None:
        """The one JSON object; nothing without --json."""
        if self.json:
            self._put(as_json(value) + "\n")

    def error(self, message: str, hint: str = "") -> None:
        """What went wrong: one line on stderr, or the error object."""
        self.result({"error": {"message": message, "hint": hint}})
        self.note(f"forge-desktop: {message} {hint}".rstrip())

    def note(self, text: str) -> None:
        """A line beside the results, on stderr; nothing with --json."""
        if not self.json and sys.stderr is not None:
            self.clear()
            _remark(one_line(text) + "\n")

    def progress(self, text: str) -> None:
        """What is going on: one line that rewrites itself on a terminal, else a line every ten seconds."""
        if self._live:
            width = shutil.get_terminal_size().columns - 1
            shown = _cut(printable(text).replace("\n", " "), width)
            _remark("\r" + shown.ljust(len(self._shown)))
            self._shown = shown
        elif time.monotonic() - self._last >= _SPARSE_SECONDS:
            if self._last and text != self._said:  # short work stays silent, and nothing is said twice
                self.note(text)
                self._said = text
            self._last = time.monotonic()

    def clear(self) -> None:
        """Take the progress line away."""
        if self._shown:
            _remark("\r" + " " * len(self._shown) + "\r")
            self._shown = ""

    def _put(self, said: str | bytes) -> None:
        if sys.stdout is None:  # closed by whoever started us
            return
        try:
            if isinstance(said, bytes):
                sys.stdout.flush()
                sys.stdout.buffer.write(said)
            else:
                sys.stdout.write(said)
            sys.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            give_up_stdout()
            self.json = False  # the sentence can only stand on stderr now
            raise ForgeError(
                f"The results could not be written to standard output: {error.strerror or error}.",
                hint="Nothing that was stored is lost.",
            ) from error

    def report_bug(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """The exception hook: stdout still holds one JSON object, stderr has the trace that a report needs."""
        self.error(
            without_secrets(f"Something unexpected happened: {kind.__name__}: {error}"),
            "This is a fault in Forge Desktop; the lines on stderr describe it.",
        )
        _remark(without_secrets("".join(traceback.format_exception(kind, error, trace))))


def _remark(text: str) -> None:
    with contextlib.suppress(OSError):  # nobody listens; the results are what counts
        sys.stderr.write(text)
        sys.stderr.flush()


def prepare_streams() -> None:
    """Let any character be printed on any terminal, escaped where its encoding has no place for it."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def give_up_stdout() -> None:
    """The reader of our output has gone: make sure that nothing is written to it again, also at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def hint_of(error: ForgeError) -> str:
    """What to do next, with the commands that do it."""
    named = ", ".join(f"`forge-desktop {command}`" for command in error.commands)
    said = f"The command{'s' if len(error.commands) > 1 else ''}: {named}." if named else ""
    return f"{error.hint} {said}".strip()


def worded(error: OSError) -> ForgeError:
    """An error of the operating system that no room put into words, as a sentence."""
    name = f" ({os.fsdecode(error.filename)})" if error.filename is not None else ""
    return ForgeError(f"{error.strerror or error}{name}.", hint="Nothing that was stored before is lost.")


def bytes_in_words(count: float) -> str:
    """1,234,567 as "1.2 MB"."""
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def counted(count: int, noun: str) -> str:
    """1 document, 2,317 documents."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
