"""Computed citations, against sentences labelled by hand, and what is done with numbers the student writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge_desktop.chat import Source
from forge_desktop.chat.attribution import attribute, without_numbers
from forge_desktop.chat.support import Reader

LABELLED: dict[str, Any] = json.loads((Path(__file__).parent / "data" / "attribution.json").read_text())


def source(n: int, text: str, *, path: str = "/docs/a.txt", heading: tuple[str, ...] = (), start: int = 0) -> Source:
    return Source(
        n=n,
        path=path,
        document_sha256=f"{n:064x}",
        passage_id=n,
        start=start,
        end=start + len(text),
        page=None,
        heading=heading,
        first_line=10,
        last_line=10 + text.count("\n"),
        quote=text,
        score=1.0,
        bm25_rank=1,
        vector_rank=1,
        cited=False,
    )


@pytest.mark.parametrize(
    ("half", "precision", "recall", "exact"), [("tune", 0.95, 0.88, 0.92), ("held", 0.95, 0.88, 0.92)]
)
def test_labelled_sentences(half: str, precision: float, recall: float, exact: float) -> None:
    """Precision: of the sentences said to be supported, those that are, by a right passage. Exact: the same set."""
    said, right, supported, same, total = 0, 0, 0, 0, 0
    for group in LABELLED["groups"]:
        if group["set"] != half:
            continue
        passages = [
            source(n, p["text"], path=p["path"], heading=tuple(p["heading"])) for n, p in enumerate(group["passages"])
        ]
        reader = Reader(passages, group["question"])
        for sentence, wanted in group["cases"]:
            found = {support.source.n for support in reader.supports(sentence)}
            total += 1
            said += bool(found)
            supported += bool(wanted)
            right += bool(found & set(wanted))
            same += found == set(wanted)
    rates = right / said, right / supported, same / total
    print(f"{half}: {total} sentences, precision {rates[0]:.3f}, recall {rates[1]:.3f}, exact {rates[2]:.3f}")
    assert rates[0] >= precision
    assert rates[1] >= recall
    assert rates[2] >= exact


def test_a_citation_is_narrowed_to_the_supporting_sentences() -> None:
    text = "Bikes are free.\nA standard membership costs 36 crowns.\nA household membership costs 54 crowns.\nSee you."
    found = attribute("A household membership costs 54 crowns.", [source(3, text, start=100)])
    (cited,) = found.sources
    assert cited.cited
    assert cited.quote == "A household membership costs 54 crowns."
    assert text[cited.start - 100 : cited.end - 100] == cited.quote
    assert (cited.first_line, cited.last_line) == (12, 12)
    assert found.grounded == {"sentences": 1, "supported": 1}


def test_what_is_not_cited_stays_whole() -> None:
    passages = [source(1, "A household membership costs 54 crowns."), source(2, "The bench costs 4 crowns an hour.")]
    found = attribute("A household membership costs 54 crowns. It rains in Bergen nearly every day.", passages)
    assert [s.cited for s in found.sources] == [True, False]
    assert found.sources[1] == passages[1]
    assert [s.sources for s in found.sentences] == [(1,), ()]
    assert [s.needs_support for s in found.sentences] == [True, True]


def test_no_claim_needs_no_support() -> None:
    answer = (
        "Hello!\n\n# Fees\n\nHere are the fees:\n\n```python\nfee = 54\n```\n\nWould you like to know more?\n\n"
        "I could not find the other fees."
    )
    assert not any(s.needs_support for s in attribute(answer, [source(1, "The fee is 12 crowns.")]).sentences)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("Fees are low [1].", "Fees are low."),
        ("Fees are low [1][2], prices [3, 4] too [5-7].", "Fees are low, prices too."),
        ("Low [99] and [^2] and 【3†source】 [Document 4] [doc 5].", "Low and and."),
        ("See [1](http://evil.example/x) now.", "See now."),
        ("`a[1]` and\n```\nb[2]\n```\nend [3].", "`a[1]` and\n```\nb[2]\n```\nend."),
        ("In [2023] the year, [x] done.", "In [2023] the year, [x] done."),
        ("Low.\n\n[1]: policy.pdf\n[2]: other.pdf\n", "Low.\n\n"),
        ("[1] [2] [3]", ""),
        ("", ""),
    ],
)
def test_numbers_the_student_wrote_are_not_shown(raw: str, shown: str) -> None:
    assert without_numbers(raw) == shown


def test_a_wrong_number_of_the_student_does_not_count() -> None:
    passages = [source(1, "The bench costs 4 crowns an hour."), source(2, "A household membership costs 54 crowns.")]
    found = attribute("A household membership costs 54 crowns [1] [7].", passages)
    assert found.text == "A household membership costs 54 crowns."
    assert found.sentences[0].sources == (2,)


def test_a_bare_figure_is_held_against_the_question() -> None:
    table = "| Set | Period |\n|---|---|\n| Red tape | 3 days |\n| Garden | 10 days |"
    wrong = attribute("The answer is: 10 days.", [source(1, table)], "How long may I keep a tool with red tape?")
    right = attribute("The answer is: 3 days.", [source(1, table)], "How long may I keep a tool with red tape?")
    assert wrong.grounded == {"sentences": 1, "supported": 0}
    assert right.grounded == {"sentences": 1, "supported": 1}
    assert right.sources[0].quote == "| Red tape | 3 days |"


@given(
    st.text(max_size=300),
    st.lists(st.text(max_size=200), max_size=3),
    st.text(max_size=50),
)
def test_any_text_is_taken(raw: str, texts: list[str], question: str) -> None:
    found = attribute(raw, [source(n, text) for n, text in enumerate(texts, 1)], question)
    end = 0
    for sentence in found.sentences:
        assert end <= sentence.start < sentence.end <= len(found.text)
        end = sentence.end
    for before, after in zip(texts, found.sources, strict=True):
        assert before[after.start : after.end] == after.quote
