"""Splitting: exact offsets, nothing lost, breaks where a reader would make them."""

from __future__ import annotations

import itertools

import hypothesis
import pytest
from hypothesis import strategies as st

from forge_desktop.corpus.splitting import Span, split

PIECES = st.sampled_from(
    [
        " ",
        "\n",
        "\n\n",
        "\r\n",
        "\r\n\r\n",
        "\t",
        ". ",
        "! ",
        "。",
        "a",
        "word",
        "Ünï",
        "日本語",
        "e\u0301\u0302",
        "\U0001f600",
        "x" * 90,
        "\0",
        "\u2028",
    ]
)
TEXTS = st.lists(PIECES | st.text(max_size=12), max_size=120).map("".join)


Document = tuple[str, list[int], list[tuple[int, int, str]], list[tuple[int, int]]]


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """A text with page starts, headings and whole spans, also one inside another, anywhere in it."""
    text = draw(TEXTS)
    places = st.integers(0, len(text))
    pages = [0, *sorted(draw(st.lists(places, max_size=4)))] if draw(st.booleans()) else []
    headings = sorted(draw(st.lists(st.tuples(places, st.integers(1, 6), st.text(max_size=5)), max_size=6)))
    bounds = sorted(draw(st.lists(places, max_size=16)))
    whole = list(itertools.pairwise(bounds))[:: draw(st.integers(1, 2))]
    outer = [(whole[0][0], whole[-1][1])] if whole and draw(st.booleans()) else []
    return text, pages, headings, draw(st.permutations(whole + outer))


@hypothesis.given(documents(), st.integers(20, 200), st.integers(0, 60))
def test_every_split_is_exact(document: Document, limit: int, overlap: int) -> None:
    text, pages, headings, whole = document
    spans = list(split(text, limit=limit, overlap=overlap, pages=pages, headings=headings, whole=whole))
    covered: set[int] = set()
    for span in spans:
        passage = text[span.start : span.end]
        assert passage == passage.strip() != ""
        assert len(passage) <= limit
        line_end = "\n" if "\n" in text else "\r"
        assert span.first_line == text.count(line_end, 0, span.start) + 1
        assert span.last_line == text.count(line_end, 0, span.end - 1) + 1
        if pages:
            assert span.page is not None
            assert pages[span.page - 1] <= span.start
            assert span.page == len(pages) or span.end <= pages[span.page]
        else:
            assert span.page is None
        covered.update(range(span.start, span.end))
    assert [span.start for span in spans] == sorted({span.start for span in spans})
    assert all(character.isspace() for offset, character in enumerate(text) if offset not in covered)
    for first, second in itertools.pairwise(spans):
        assert second.end > first.end
        assert first.end - second.start <= min(overlap, limit // 3)
    cuts = {offset for span in spans for offset in (span.start, span.end)}
    borders = {*pages, *(offset for offset, _, _ in headings)}
    for start, end in whole:
        inner = set(
            range(
                start + 1 + len(text[start:end]) - len(text[start:end].lstrip()), start + len(text[start:end].rstrip())
            )
        )
        if len(inner) < limit and not inner & borders:
            assert not inner & cuts


def test_rows_take_the_place_of_lines() -> None:
    rows = [f"Row {number}. It has words; more words." for number in range(7, 27)]
    text = "\n".join(rows)
    offsets = [text.index(row) for row in rows]
    whole = [(offset, offset + len(row)) for offset, row in zip(offsets, rows, strict=True)]
    spans = list(split(text, limit=100, overlap=33, whole=whole, rows=list(zip(offsets, range(7, 27), strict=True))))
    assert len(spans) > 8
    for span in spans:
        passage = text[span.start : span.end].split("\n")
        assert passage == rows[span.first_line - 7 : span.last_line - 6]


def test_a_whole_span_that_leaves_no_room_for_what_is_shared() -> None:
    text = "One two. Three.\n" + "x " * 49 + "x\nEnd. " + "y" * 60
    block = (16, 16 + 99)
    spans = [(span.start, span.end) for span in split(text, limit=100, overlap=30, whole=[block])]
    assert spans[:2] == [(0, 15), block]


def test_a_span_too_long_is_cut_but_what_lies_inside_it_is_not() -> None:
    items = [f"- item number {number}. Its text goes on. And on." for number in range(10)]
    text = "\n".join(items)
    offsets = [text.index(item) for item in items]
    whole = [(0, len(text)), *((offset, offset + len(items[0])) for offset in offsets)]
    passages = [text[span.start : span.end] for span in split(text, limit=120, overlap=20, whole=whole)]
    assert all(line in items for passage in passages for line in passage.split("\n"))


def texts(text: str, **options: int) -> list[str]:
    return [text[span.start : span.end] for span in split(text, **options)]


def test_paragraphs_then_sentences_then_words() -> None:
    paragraphs = "First paragraph here.\n\nSecond paragraph there.\n\nThird one."
    assert texts(paragraphs, limit=50) == ["First paragraph here.", "Second paragraph there.\n\nThird one."]
    sentences = "One sentence is here. Another sentence is there. And a third one follows."
    assert texts(sentences, limit=50) == [
        "One sentence is here. Another sentence is there.",
        "And a third one follows.",
    ]
    words = texts("wordy " * 20, limit=50)
    assert [len(passage.split()) for passage in words] == [8, 6, 6]
    assert texts("日本語の文。" * 20, limit=50)[0].endswith("。")


def test_a_letter_keeps_its_marks() -> None:
    text = ("e\u0301" * 200)[:-1] + "\u0301"
    assert not any(passage.startswith("\u0301") for passage in texts(text, limit=51))


def test_neighbours_share_whole_words() -> None:
    text = "The kettle is blue. The saw is on the bench. The hammer hangs on the wall. The lamp is broken again."
    passages = texts(text, limit=60, overlap=20)
    for first, second in itertools.pairwise(passages):
        shared = next(second[:length] for length in range(20, 0, -1) if first.endswith(second[:length]))
        assert shared[0].isalpha()
        assert text[text.index(second) - 1] == " "


def test_headings_begin_passages_and_name_them() -> None:
    text = "# Top\n\n## First\n\nBody one.\n\n## Second\n\nBody two.\n\n# Next\n\nBody three."
    headings = [(text.index(line), len(line.split()[0]), line.split()[1]) for line in text.split("\n\n") if "#" in line]
    spans: list[Span] = list(split(text, limit=500, headings=headings))
    assert [(text[span.start : span.end], span.heading) for span in spans] == [
        ("# Top\n\n## First\n\nBody one.", ("Top", "First")),
        ("## Second\n\nBody two.", ("Top", "Second")),
        ("# Next\n\nBody three.", ("Next",)),
    ]


@pytest.mark.parametrize("text", ["", " \n\t ", "\n" * 5000])
def test_nothing_to_split(text: str) -> None:
    assert list(split(text, limit=200)) == []


def test_a_long_run_of_blanks_is_no_passage() -> None:
    assert texts("a" + " " * 5000 + "b", limit=200, overlap=20) == ["a", "b"]
