"""An answer that nothing supports is followed by what the best passages say, each quotation exactly where it stands."""

from __future__ import annotations

from forge_desktop.chat import extract
from forge_desktop.chat.attribution import attribute
from forge_desktop.chat.records import Source

STORED = (
    "4. Repair fair\nThe repair fair takes place on Saturday 12 September 2026 on the quay.\n"
    "The budget is 1,150 crowns."
)


def source(n: int, quote: str, start: int) -> Source:
    return Source(
        n=n,
        path="/papers/minutes.txt",
        document_sha256="0" * 64,
        passage_id=n,
        start=start,
        end=start + len(quote),
        page=None,
        heading=(),
        first_line=10,
        last_line=10 + quote.count("\n"),
        quote=quote,
        score=1.0 / n,
        bm25_rank=n,
        vector_rank=n,
        cited=False,
    )


def test_quotations_follow_with_exact_places() -> None:
    offered = [source(1, STORED, 100), source(2, "Bring your broken toaster.", 900), source(3, "Unrelated.", 1500)]
    answer = "The repair fair takes place on 20 September 2026."
    found = attribute(answer, offered, "When is the repair fair?")
    assert found.grounded == {"sentences": 1, "supported": 0}
    shown = extract.beside(found, "When is the repair fair?")
    assert shown.text.startswith(answer)
    cited = [source for source in shown.sources if source.cited]
    assert [source.n for source in cited] == [1, 2]
    assert "Saturday 12 September 2026" in cited[0].quote
    assert STORED[cited[0].start - 100 : cited[0].end - 100] == cited[0].quote
    quoted = [sentence for sentence in shown.sentences if sentence.sources]
    assert [sentence.sources for sentence in quoted] == [(1,), (2,)]
    assert all(shown.text[sentence.start : sentence.end].startswith("> ") for sentence in quoted)
    assert shown.sentences[0].sources == ()  # the student's own sentence stays marked


def test_a_number_in_the_question_decides_which_sentence_is_quoted() -> None:
    pages = "\n".join(f"On page {page} we discuss revenue of {page},000 dollars." for page in range(5, 10))
    offered = [source(1, pages, 0)]
    question = "What revenue is discussed on page 7?"
    (cited,) = [source for source in extract.quotation(question, offered, "No student.").sources if source.cited]
    assert cited.quote == "On page 7 we discuss revenue of 7,000 dollars."
    assert pages[cited.start : cited.end] == cited.quote


def test_nothing_offered_adds_no_quotation() -> None:
    shown = extract.beside(attribute("It is blue.", [], "What colour is it?"), "What colour is it?")
    assert not any(sentence.sources for sentence in shown.sentences)


def test_spelling_of_a_unit_is_no_contradiction() -> None:
    offered = [source(1, "The ibex climbs to 3000 metres.", 0)]
    assert attribute("The ibex climbs to 3000 meters.", offered).grounded == {"sentences": 1, "supported": 1}
    assert attribute("The ibex climbs to 3000 litres.", offered).grounded == {"sentences": 1, "supported": 0}
