"""The files behind the documents: pages drawn in a parser child, and whether a file is still what was indexed."""

from __future__ import annotations

import base64
import hashlib
import os
import stat
import threading
import time
from typing import Literal

from forge_desktop.base.child import ChildDied, ChildProcess, Frame
from forge_desktop.base.errors import ForgeError
from forge_desktop.base.paths import shown_path
from forge_desktop.base.settings import SettingsFile
from forge_desktop.corpus.reading import parser_child
from forge_desktop.corpus.records import Document, PageImage
from forge_desktop.corpus.store import Store

SourceStatus = Literal["same", "changed", "missing"]

_HASHED_AT_ONCE = 16_000_000  # bytes; larger files whose date differs count as changed
_WIDTHS = (64, 4096)
_READ_THE_TEXT = "The stored text can still be read."


class PageViewer:
    """Draws pages one at a time in a parser child that is started at first use and kept. `close` ends it."""

    def __init__(self, store: Store, settings: SettingsFile) -> None:
        self._store, self._settings = store, settings
        self._lock = threading.Lock()
        self._child: ChildProcess | None = None

    def page(self, document: Document, *, page: int, width: int, start: int, end: int) -> PageImage:
        """See Corpus.page."""
        pages = self._store.pages(document.id)
        if not pages:
            raise ForgeError(f"{document.name} has no pages that could be drawn.", hint=_READ_THE_TEXT)
        if not 1 <= page <= len(pages):
            raise ForgeError(f"{document.name} has {len(pages)} pages; there is no page {page}.")
        first = pages[page - 1]
        last = pages[page] if page < len(pages) else None
        text = self._store.text(document.id, first, last)
        request = {
            "do": "page",
            "path": os.path.realpath(document.path),  # may be a link that its collection follows
            "sha256": document.sha256,
            "page": page,
            "width": min(max(width, _WIDTHS[0]), _WIDTHS[1]),
            "text": text,
            "start": min(max(start - first, 0), len(text)),
            "end": min(max(end - first, 0), len(text)),
            "limit_bytes": self._settings.values.file_megabytes * 1_000_000,
        }
        with self._lock:
            answer = self._ask(request, document)
        return PageImage(
            png=base64.b64decode(answer["png"]),
            width=int(answer["width"]),
            height=int(answer["height"]),
            rectangles=tuple((float(x), float(y), float(w), float(h)) for x, y, w, h in answer["rectangles"]),
            pages=len(pages),
        )

    def close(self) -> None:
        """End the child, also in the middle of a page."""
        child = self._child
        if child is not None:
            child.kill()  # whoever waits for it holds the lock and learns of it now
        with self._lock:
            self._end()

    def _ask(self, request: Frame, document: Document) -> Frame:
        seconds = self._settings.values.parser_seconds
        deadline = time.monotonic() + seconds
        try:
            if self._child is None or not self._child.alive:
                self._end()
                self._child = parser_child(self._settings.values.parser_megabytes)
            self._child.send(request)
            while (frame := self._child.receive(max(0.0, deadline - time.monotonic()))) is not None:
                if frame.get("is") == "page":
                    return frame
                if frame.get("is") == "refused":
                    raise ForgeError(f"{shown_path(document.path)}: {frame['reason']}", hint=_READ_THE_TEXT)
        except ChildDied as death:
            self._end()
            raise ForgeError(f"Drawing the page failed: the process {death}.", hint=_READ_THE_TEXT) from death
        self._end()
        raise ForgeError(f"Drawing the page took more than {seconds} seconds.", hint=_READ_THE_TEXT)

    def _end(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child = None


def source_status(store: Store, path: str, sha256: str) -> SourceStatus:
    """See Corpus.source_status."""
    document = store.find(sha256, os.fsencode(path))
    if document is not None and path in (document.path, shown_path(document.path)):
        path = document.path
    else:
        document = None
    try:
        if document is not None:  # a document may be a link that its collection follows
            path = os.path.realpath(path)
        info = os.lstat(os.fsencode(path))
    except (OSError, ValueError):
        return "missing"
    if not stat.S_ISREG(info.st_mode):
        return "changed"
    if document is not None:
        if info.st_size != document.size:
            return "changed"
        if store.mtime_ns(document.id) == info.st_mtime_ns:
            return "same"
    return "same" if info.st_size <= _HASHED_AT_ONCE and hash_of_file(path) == sha256 else "changed"


def hash_of_file(path: str) -> str:
    """The sha256 of a file's bytes, empty when it cannot be read."""
    try:
        with open(os.fsencode(path), "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError):
        return ""
