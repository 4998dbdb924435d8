"""Structure in every format: headings, pages, rows, whole blocks and exact places, for documents made at random."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import hypothesis
import pytest
from hypothesis import strategies as st

from forge_desktop.corpus.parsers import PARSERS, Parsed
from forge_desktop.corpus.splitting import Span, split
from tests.corpus.conftest import Room
from tests.corpus.generators import ASCII_ONLY, STORY, Made, stories
from tests.corpus.office_generators import GENERATORS

MARKS = re.compile(r"mk\d+")


@pytest.mark.parametrize("format", sorted(GENERATORS))
@hypothesis.settings(max_examples=hypothesis.settings.default.max_examples // 4)
@hypothesis.given(data=st.data(), limit=st.integers(200, 900), overlap=st.integers(0, 200))
def test_structure(format: str, data: st.DataObject, limit: int, overlap: int) -> None:
    made = GENERATORS[format][1](data.draw(stories(ascii_only=format in ASCII_ONLY)))
    parsed: Parsed = importlib.import_module(f"forge_desktop.corpus.parsers.{format}").parse(made.data)
    spans = list(
        split(
            parsed.text,
            limit=limit,
            overlap=overlap,
            pages=parsed.pages,
            headings=parsed.headings,
            whole=parsed.whole,
            rows=parsed.rows,
        )
    )
    holds(made, parsed.text, spans, limit)


def holds(made: Made, text: str, spans: list[Span], limit: int) -> None:
    """Everything that is to be found is found where it belongs."""
    done = 0
    for span in [*spans, Span(len(text), len(text), None, (), 0, 0)]:
        assert not text[done : span.start].strip()
        done = max(done, span.end)
    assert made.text is None or text == made.text
    passages = [(text[span.start : span.end], span) for span in spans]
    for whole in filter(None, map(str.strip, made.whole)):
        assert len(whole) > limit or any(whole in passage for passage, _ in passages), whole
    for piece, heading in made.headings.items():
        found = [span for passage, span in passages if mark(piece) in MARKS.findall(passage)]
        assert found, piece
        assert {span.heading for span in found} == {heading}
    for piece, page in made.pages.items():
        assert {span.page for passage, span in passages if mark(piece) in MARKS.findall(passage)} == {page}
    for piece, row in made.rows.items():
        found = [span for passage, span in passages if mark(piece) in MARKS.findall(passage)]
        assert found, piece
        assert all(span.first_line <= row <= span.last_line for span in found)
    if made.rows:
        assert {line for span in spans for line in (span.first_line, span.last_line)} <= {1, *made.rows.values()}


def mark(piece: str) -> str:
    """The word that only this piece has."""
    found = MARKS.search(piece)
    assert found is not None
    return found[0]


def test_every_format_through_the_real_reader(room: Room, folder: Path) -> None:
    made = {}
    for name, (suffix, make) in GENERATORS.items():
        made[name + suffix] = make(STORY)
        (folder / (name + suffix)).write_bytes(made[name + suffix].data)
    assert room.index(folder).failed == ()
    room.whole()
    rows = room.rows()
    assert sorted(rows) == sorted(made)
    for name, expected in made.items():
        passages = room.corpus.shelf.passages(rows[name].id)
        spans = [Span(p.start, p.end, p.page, p.heading, p.first_line, p.last_line) for p in passages]
        holds(expected, room.corpus.shelf.stored_text(rows[name].id), spans, 1200)


def test_every_format_has_a_generator() -> None:
    assert set(PARSERS.values()) - set(GENERATORS) <= {"image"}
