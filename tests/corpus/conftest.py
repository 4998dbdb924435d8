"""A corpus on a fresh data directory, with the real parser child, and files to feed it."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen import canvas

from forge_desktop.base.events import Event, Events, JobChanged
from forge_desktop.base.jobs import Jobs
from forge_desktop.base.settings import SettingsFile
from forge_desktop.corpus import Corpus, Document, IndexReport, Survey
from forge_desktop.corpus.token_sizes import Loaded
from forge_desktop.storage import Database


@dataclass
class Room:
    """The corpus with what it stands on; `seen` collects every event."""

    corpus: Corpus
    jobs: Jobs
    events: Events
    settings: SettingsFile
    db: Database
    seen: list[Event]

    def index(self, *paths: Path | str | bytes) -> IndexReport:
        return self.result(self.corpus.index(paths))

    def survey(self, *paths: Path | str) -> Survey:
        result = self.jobs.wait(self.corpus.survey(paths), 60)
        assert isinstance(result, Survey)
        return result

    def result(self, job_id: int | None, patience: float = 120) -> IndexReport:
        assert job_id is not None
        result = self.jobs.wait(job_id, patience)
        assert isinstance(result, IndexReport)
        return result

    def rows(self) -> dict[str, Document]:
        """Every document by its name."""
        return {row.name: row for row in self.corpus.shelf.document_rows(self.corpus.shelf.documents())}

    def whole(self) -> None:
        """What must hold at any time: every passage is its span of the stored text, sums agree, nothing is damaged."""
        assert self.corpus.verify() == []
        sums = "state, language, sum(passages), sum(tokens), sum(size), sum(text_bytes)"
        kept = self.db.rows(f"SELECT {sums}, sum(documents) FROM document_totals WHERE documents > 0 GROUP BY 1, 2")
        counted = self.db.rows(f"SELECT {sums}, count(*) FROM documents WHERE removal IS NULL GROUP BY 1, 2")
        assert list(map(tuple, kept)) == list(map(tuple, counted))
        for document_id in self.corpus.shelf.documents():
            text = self.corpus.shelf.stored_text(document_id)
            for passage in self.corpus.shelf.passages(document_id):
                assert passage.text == text[passage.start : passage.end]
                assert passage.text.strip() == passage.text != ""

    def close(self) -> None:
        self.corpus.close()
        self.jobs.close()
        self.db.close()


def opened(
    directory: Path,
    *,
    on_battery: Callable[[], bool] = lambda: False,
    loaded: Loaded = lambda: None,
    **settings: object,
) -> Room:
    """A room on a data directory; `settings` are in force from the start."""
    events = Events()
    seen: list[Event] = []
    events.subscribe(seen.append)
    file = SettingsFile(directory / "settings.json", events)
    if settings:
        file.change(**settings)
    db, jobs = Database(directory / "forge.db"), Jobs(events)
    return Room(Corpus(db, jobs, events, file, loaded=loaded, on_battery=on_battery), jobs, events, file, db, seen)


@pytest.fixture
def room(data_dir: Path) -> Iterator[Room]:
    """A corpus without documents."""
    made = opened(data_dir)
    yield made
    made.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder to fill and index."""
    path = tmp_path / "documents"
    path.mkdir()
    return path


def pdf_bytes(pages: Sequence[Sequence[str]], **options: object) -> bytes:
    """A PDF with these lines on its pages."""
    out = io.BytesIO()
    drawing = canvas.Canvas(out, pagesize=A4, **options)
    for lines in pages:
        for number, line in enumerate(lines):
            drawing.drawString(72, 760 - 16 * number, line)
        drawing.showPage()
    drawing.save()
    return out.getvalue()


def picture(*lines: str) -> Image.Image:
    """A picture of some lines of text."""
    image = Image.new("L", (1000, 120 + 60 * len(lines)), 255)
    font = ImageFont.load_default(36)
    for number, line in enumerate(lines):
        ImageDraw.Draw(image).text((60, 50 + 60 * number), line, font=font, fill=0)
    return image


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    """The picture as a file of this kind."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def notes(events: Sequence[Event]) -> list[str]:
    """The notes of all progress, in order."""
    return [event.note for event in events if isinstance(event, JobChanged) and event.note]


needs_posix = pytest.mark.skipif(os.name != "posix", reason="POSIX files")
Bytes = Callable[[], bytes]
