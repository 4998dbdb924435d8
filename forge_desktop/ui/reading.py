"""What the viewer shows for a place in a document: the page, the text, or the kept quote when the document is gone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QUrl, Slot
from PySide6.QtGui import QDesktopServices

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.paths import shown_path
from forge_desktop.corpus.records import Document, PageImage
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.widgets.source_viewer import SourceViewer
from forge_desktop.ui.widgets.words import file_name

if TYPE_CHECKING:
    from forge_desktop.corpus import Corpus

_PART = 60_000  # characters shown at once: what Qt lays out in a few milliseconds
_KEY = "reading"
_BADGES = {"changed": "changed since indexing", "missing": "file is missing"}


@dataclass(frozen=True)
class Place:
    """A span of a document: `quote` is the stored text at `start:end`, `where` says in words where that is."""

    path: str
    document_sha256: str
    start: int
    end: int
    page: int | None
    first_line: int
    quote: str
    where: str


@dataclass(frozen=True)
class Reading:
    """Everything needed to show a place. `text` is the stored text, or only the quote when there is no document."""

    place: Place
    status: str
    document: Document | None
    text: str
    start: int
    end: int
    first_line: int
    image: PageImage | None
    problem: ForgeError | None


def look_up(corpus: Corpus, place: Place, width: int) -> Reading:
    """Read what there is, best first: the page as it looks, the stored text, the quote kept with the answer."""
    status = corpus.shelf.source_status(place.path, place.document_sha256)
    document = corpus.shelf.find_document(place.document_sha256, place.path)
    if document is None:  # removed, or indexed again with other content: the answer kept its own words
        return Reading(place, status, None, place.quote, 0, len(place.quote), place.first_line, None, None)
    image, problem = None, None
    if place.page is not None and document.format == "pdf" and status == "same":  # slides have numbers, but no picture
        try:
            image = corpus.shelf.page(document.id, place.page, width, place.start, place.end)
        except ForgeError as error:
            problem = error
    text = "" if image else corpus.shelf.stored_text(document.id)
    return Reading(place, status, document, text, place.start, place.end, 1, image, problem)


class SourceReader(QObject):
    """Fills the viewer, from jobs, and does what its buttons ask."""

    def __init__(self, corpus: Corpus, errands: Errands, viewer: SourceViewer) -> None:
        super().__init__(viewer)
        self._corpus, self._errands, self._viewer = corpus, errands, viewer
        self._reading: Reading | None = None
        self._from = 0
        viewer.page_wanted.connect(self._on_page_wanted)
        viewer.part_wanted.connect(self._on_part_wanted)
        viewer.open_pressed.connect(self._on_open)
        viewer.folder_pressed.connect(self._on_folder)

    def open(self, place: Place) -> None:
        """Show a document at this place."""
        self._reading = None
        self._viewer.show_loading(file_name(place.path), shown_path(place.path), place.where)
        width = self._viewer.page_width()
        self._start(lambda: look_up(self._corpus, place, width), self._show)

    def forget(self) -> None:
        """The viewer was closed: drop what is still on its way, and the text."""
        self._errands.outdate(_KEY)
        self._reading = None

    def _start(self, work: Callable[[], Reading], then: Callable[[Reading], None]) -> None:
        self._errands.run(work, then, self._viewer.banner.show_error, key=_KEY, lane="reading")

    def _show(self, reading: Reading) -> None:
        self._reading = reading
        viewer, place = self._viewer, reading.place
        badge = _BADGES.get(reading.status, "")
        if reading.document is None:
            badge = badge or "no longer indexed"
        viewer.show_badge(badge)
        viewer.set_file_there(reading.status != "missing")
        if reading.problem:
            viewer.banner.show_message(
                reading.problem.message, "The stored text is shown instead.", kind="warn", action=""
            )
        if reading.image and place.page is not None:
            image = reading.image
            viewer.show_page(image.png, image.rectangles, place.page, image.pages, place.quote)
        else:
            self._show_part(max(0, (reading.start + reading.end) // 2 - _PART // 2))

    def _show_part(self, begin: int) -> None:
        """Show a part of the text from about `begin` on, cut at line ends where there are any near."""
        reading = self._reading
        assert reading is not None
        text = reading.text
        begin = max(0, min(begin, len(text) - _PART))
        if begin:
            line = text.rfind("\n", max(0, begin - 2_000), begin) + 1
            begin = line or begin
        end = min(len(text), begin + _PART)
        if end < len(text):
            line = text.find("\n", end, end + 2_000) + 1
            end = line or end
        self._from = begin
        first_line = reading.first_line + text.count("\n", 0, begin)
        start, stop = (min(max(at, begin), end) - begin for at in (reading.start, reading.end))
        self._viewer.show_text(text[begin:end], first_line, start, stop, before=begin > 0, after=end < len(text))

    @Slot(int, int)
    def _on_page_wanted(self, page: int, width: int) -> None:
        reading = self._reading
        if reading is None or reading.document is None:
            return
        document, place = reading.document, reading.place
        here = page == place.page
        span = (place.start, place.end) if here else (0, 0)
        self._errands.run(
            lambda: self._corpus.shelf.page(document.id, page, width, *span),
            lambda image: self._viewer.show_page(
                image.png, image.rectangles if here else (), page, image.pages, place.quote if here else ""
            ),
            self._viewer.banner.show_error,
            key=_KEY,
            lane="reading",
        )

    @Slot(int)
    def _on_part_wanted(self, step: int) -> None:
        if self._reading is not None:
            self._show_part(self._from + step * (_PART - 2_000))

    @Slot()
    def _on_open(self) -> None:
        if self._reading is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(self._reading.place.path))

    @Slot()
    def _on_folder(self) -> None:
        if self._reading is not None:
            folder = self._reading.place.path.replace("\\", "/").rpartition("/")[0]
            QDesktopServices.openUrl(QUrl.fromLocalFile(folder or "/"))
