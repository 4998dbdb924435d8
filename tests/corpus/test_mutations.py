"""Damaged files by the hundred: every parser ends with a text or with a sentence, never with a bug."""

from __future__ import annotations

import functools
import importlib
import io
import random
import zipfile
from pathlib import Path

import hypothesis
import pytest
from hypothesis import strategies as st

from forge_desktop.corpus.parsers import PARSERS, Parsed, Unreadable
from forge_desktop.corpus.splitting import split
from tests.corpus.conftest import Room, picture, saved
from tests.corpus.generators import STORY
from tests.corpus.office_generators import GENERATORS

SAMPLE = Path(__file__).resolve().parents[2] / "resources" / "sample"
EDITS = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 40), st.binary(max_size=40)), min_size=1, max_size=12
)
TEXTUAL = ["text", "markdown", "html", "csv", "json", "xml", "email", "latex", "rst", "asciidoc", "org", "code"]
Edits = list[tuple[float, int, bytes]]


def mutated(content: bytes, edits: Edits) -> bytes:
    """Replace some bytes at some places by others."""
    for place, length, instead in edits:
        at = int(place * len(content))
        content = content[:at] + instead + content[at + length :]
    return content


def parsed(format: str, content: bytes) -> Parsed | None:
    """Parse as the child does; what comes out holds together."""
    try:
        found: Parsed = importlib.import_module(f"forge_desktop.corpus.parsers.{format}").parse(content)
    except Unreadable as refusal:
        assert str(refusal).endswith(".")  # noqa: PT017 - a text is as right an end
        return None
    size = len(found.text)
    for offsets in (found.pages, [offset for offset, _, _ in found.headings], [offset for offset, _ in found.rows]):
        assert list(offsets) == sorted(offsets)
        assert all(0 <= offset <= size for offset in offsets)
    assert all(title for _, _, title in found.headings)
    assert all(0 <= start <= end <= size for start, end in found.whole)
    spans = split(
        found.text,
        limit=300,
        overlap=50,
        pages=found.pages,
        headings=found.headings,
        whole=found.whole,
        rows=found.rows,
    )
    for span in spans:
        assert found.text[span.start : span.end].strip()
    return found


@functools.cache
def samples(format: str) -> list[bytes]:
    """Sound files of a format: from the sample, and one made for it."""
    if format == "image":
        return [saved(picture("The kettle is blue."), kind) for kind in ("PNG", "JPEG", "TIFF", "WebP", "BMP", "GIF")]
    files = [path.read_bytes() for path in sorted(SAMPLE.iterdir()) if PARSERS.get(path.suffix) == format]
    return files + ([GENERATORS[format][1](STORY).data] if format in GENERATORS else [])


FORMATS = sorted(filter(samples, set(PARSERS.values())))


@pytest.mark.parametrize("format", FORMATS)
@hypothesis.given(edits=EDITS, which=st.integers(0, 100), cut=st.floats(0.1, 3))
def test_mutated_files(format: str, edits: Edits, which: int, cut: float) -> None:
    files = samples(format)
    content = mutated(files[which % len(files)], edits)
    parsed(format, content[: int(cut * len(content))])


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.full) for seed in range(2, 40))])
def test_mutated_files_in_the_real_reader(room: Room, folder: Path, seed: int) -> None:
    """Each ends in a row of its own, and the good file between them is found."""
    chance = random.Random(seed)
    room.settings.change(ocr=seed > 1)  # Tesseract takes its time
    suffixes = {name: suffix for suffix, name in reversed(PARSERS.items())}
    for name in FORMATS:
        for number in range(8):
            content = chance.choice(samples(name))
            edits = [(chance.random(), chance.randrange(40), chance.randbytes(chance.randrange(20))) for _ in range(4)]
            (folder / f"{name}-{number}{suffixes[name]}").write_bytes(mutated(content, edits))
    (folder / "mm-good.txt").write_text("The unmistakable zither.")
    report = room.index(folder)
    assert len(room.rows()) == 8 * len(FORMATS) + 1 == report.documents + len(report.failed)
    assert not [reason for _, reason in report.failed if "It cannot be read:" in reason or "reading process" in reason]
    assert room.corpus.search("zither")[0].passage.path == str(folder / "mm-good.txt")
    room.whole()


@hypothesis.given(edits=EDITS, part=st.sampled_from(["word/document.xml", "word/styles.xml", "_rels/.rels"]))
def test_mutated_parts_of_a_word_file(edits: Edits, part: str) -> None:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(SAMPLE / "member-handbook.docx") as old,
        zipfile.ZipFile(out, "w") as new,
    ):
        for name in old.namelist():
            new.writestr(name, mutated(old.read(name), edits) if name == part else old.read(name))
    parsed("docx", out.getvalue())


@pytest.mark.parametrize("format", TEXTUAL)
@hypothesis.given(content=st.text().map(str.encode) | st.binary())
def test_any_text(format: str, content: bytes) -> None:
    parsed(format, content)


def test_unmutated_files_are_read() -> None:
    for path in SAMPLE.iterdir():
        if path.suffix in PARSERS:
            assert parsed(PARSERS[path.suffix], path.read_bytes()) is not None
