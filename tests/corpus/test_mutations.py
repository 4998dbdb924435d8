"""Damaged files by the hundred: every parser ends with a text or with a sentence, never with a bug."""

from __future__ import annotations

import importlib
import io
import zipfile
from pathlib import Path

import hypothesis
import pytest
from hypothesis import strategies as st

from forge_desktop.corpus.parsers import PARSERS, Parsed, Unreadable
from forge_desktop.corpus.splitting import split

SAMPLE = Path(__file__).resolve().parents[2] / "resources" / "sample"
EDITS = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 40), st.binary(max_size=40)), min_size=1, max_size=12
)
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
    assert list(found.headings) == sorted(found.headings)
    assert list(found.pages) == sorted(found.pages)
    assert all(0 <= offset <= len(found.text) and title for offset, _, title in found.headings)
    for span in split(found.text, limit=300, overlap=50, pages=found.pages, headings=found.headings):
        assert found.text[span.start : span.end].strip()
    return found


@pytest.mark.parametrize("format", sorted(set(PARSERS.values())))
@hypothesis.given(edits=EDITS, which=st.integers(0, 100), cut=st.floats(0.1, 3))
def test_mutated_files(format: str, edits: Edits, which: int, cut: float) -> None:
    files = sorted(path for path in SAMPLE.iterdir() if PARSERS.get(path.suffix) == format)
    content = mutated(files[which % len(files)].read_bytes(), edits)
    parsed(format, content[: int(cut * len(content))])


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


@pytest.mark.parametrize("format", ["text", "markdown", "html"])
@hypothesis.given(content=st.text().map(str.encode) | st.binary())
def test_any_text(format: str, content: bytes) -> None:
    parsed(format, content)


def test_unmutated_files_are_read() -> None:
    for path in SAMPLE.iterdir():
        if path.suffix in PARSERS:
            assert parsed(PARSERS[path.suffix], path.read_bytes()) is not None
