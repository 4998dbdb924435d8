"""What the trainer tells its parent and hears from it: frames on its two pipes, and every event in progress.jsonl."""

from __future__ import annotations

import json
import struct
import threading
import time
from pathlib import Path
from typing import IO, Any

from .job import PROGRESS

_HEADER = struct.Struct(">I")
_MOST = 1 << 20  # bytes of a request


class Talk:
    """Both directions. `wanted` is "", "stop" or "cancel"; `gone` says that the parent is no more."""

    def __init__(self, folder: Path | None, sink: IO[bytes] | None = None) -> None:
        self._log = None if folder is None else (folder / PROGRESS).open("ab", buffering=0)
        self._sink = sink
        self._heard = threading.Condition()
        self._wanted, self._paused, self._gone = "", False, False

    def listen(self, source: IO[bytes]) -> None:
        """Hear the parent's requests from now on, on a thread of its own. The source has no buffer: its lock would be
        held for ever by a thread that waits, and Python could not end."""
        threading.Thread(target=self._listen, args=(source,), name="forge-trainer-requests", daemon=True).start()

    def say(self, event: str, **fields: Any) -> None:
        """Tell one event. Raises OSError when it cannot be kept (a full disk); a parent that is gone is no error."""
        frame = {"event": event, "time": round(time.time(), 3), **fields}
        body = json.dumps(frame, separators=(",", ":")).encode("ascii")
        if self._sink is not None:
            try:
                self._sink.write(_HEADER.pack(len(body)) + body)
                self._sink.flush()
            except (OSError, ValueError):
                self._sink = None
                self._leave()
        if self._log is not None:
            self._log.write(body + b"\n")

    @property
    def wanted(self) -> str:
        """How the parent wants the run to end."""
        with self._heard:
            return self._wanted

    @property
    def paused(self) -> bool:
        """Whether the parent wants the run to wait."""
        with self._heard:
            return self._paused and not self._wanted

    @property
    def gone(self) -> bool:
        """Whether the parent is no more."""
        with self._heard:
            return self._gone

    def wait(self) -> None:
        """Wait while paused."""
        with self._heard:
            self._heard.wait_for(lambda: not self._paused or bool(self._wanted))

    def ask(self, op: str) -> None:
        """Take in a request: "pause", "go", "stop", "cancel"; anything else is ignored."""
        with self._heard:
            if op in ("pause", "go"):
                self._paused = op == "pause"
            elif op in ("stop", "cancel") and self._wanted != "cancel":
                self._wanted = op
            self._heard.notify_all()

    def _listen(self, source: IO[bytes]) -> None:
        while (request := _read(source)) is not None:
            self.ask(str(request.get("op", "")))
        self._leave()

    def _leave(self) -> None:
        with self._heard:
            self._gone, self._wanted = True, "cancel"
            self._heard.notify_all()


def _read(source: IO[bytes]) -> dict[str, Any] | None:
    """The next request, or None at the end of the input or of sense."""
    header = _exactly(source, _HEADER.size)
    if len(header) < _HEADER.size:
        return None
    (length,) = _HEADER.unpack(header)
    body = _exactly(source, length) if length <= _MOST else b""
    try:
        found = json.loads(body)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _exactly(source: IO[bytes], length: int) -> bytes:
    """So many bytes; fewer at the end of the input."""
    found = b""
    while len(found) < length and (piece := source.read(length - len(found))):
        found += piece
    return found
