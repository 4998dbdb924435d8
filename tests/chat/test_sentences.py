"""Sentences with exact offsets, in Markdown and in several languages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge_desktop.chat.sentences import split

CASES = {
    "Dr. Smith paid $3.50 on 5 Jan. 2024 at 10 a.m. to J. R. Lee, e.g. in London. It is so… Then (see Fig. 3.) No!": [
        "Dr. Smith paid $3.50 on 5 Jan. 2024 at 10 a.m. to J. R. Lee, e.g. in London.",
        "It is so…",
        "Then (see Fig. 3.)",
        "No!",
    ],
    '"Really?" he asked. Yes.': ['"Really?" he asked.', "Yes."],
    "U.S. law applies. See policy.pdf. Use v1.2.3 now.": ["U.S. law applies.", "See policy.pdf.", "Use v1.2.3 now."],
    "Das war z. B. am 3. Mai 2024. Es gilt Nr. 5 usw. Danach kam er.": [
        "Das war z. B. am 3. Mai 2024.",
        "Es gilt Nr. 5 usw.",
        "Danach kam er.",
    ],
    "M. Dupont arrive en 1999. Ça va ? Oui.": ["M. Dupont arrive en 1999.", "Ça va ?", "Oui."],
    "这是第一句。这是第二句！第三句？": ["这是第一句。", "这是第二句！", "第三句？"],
    "هذا أول. هل هذا ثان؟ نعم.": ["هذا أول.", "هل هذا ثان؟", "نعم."],
    "यह पहला है। यह दूसरा है।": ["यह पहला है।", "यह दूसरा है।"],
    "Это т.е. пример. См. рис. 3. Конец.": ["Это т.е. пример.", "См. рис. 3.", "Конец."],
    "1. First. Second.\n2. **Bold**: text\n   goes on\n- a\n  - b. And c.": [
        "First.",
        "Second.",
        "**Bold**: text\n   goes on",
        "a",
        "b.",
        "And c.",
    ],
    "# Title\nText here\nwraps on. New.\n\n**Note**\n> Quoted. Twice.": [
        "# Title",
        "Text here\nwraps on.",
        "New.",
        "**Note**",
        "Quoted.",
        "Twice.",
    ],
    "| a | b |\n|---|---|\n| 1 | 2. 3 |\n| x | y |\nAfter.": ["| a | b |", "| 1 | 2. 3 |", "| x | y |", "After."],
    "Run:\n```sh\nls -l. \ncat x\n```\nDone.": ["Run:", "```sh\nls -l. \ncat x\n```", "Done."],
    "Invoice: 7 years\nPayroll: 10 years": ["Invoice: 7 years", "Payroll: 10 years"],
    "One\r\nline.\r\n\r\nTwo.": ["One\r\nline.", "Two."],
    "": [],
    " \n\t": [],
}


@pytest.mark.parametrize("text", CASES)
def test_sentences(text: str) -> None:
    assert [text[span.start : span.end] for span in split(text)] == CASES[text]


def test_kinds() -> None:
    text = "# T\n\n| a | b |\n|--|--|\n| c | d |\n\n```\nx\n```\nProse."
    assert [span.kind for span in split(text)] == ["heading", "heading", "row", "code", "prose"]


@given(st.text(alphabet=st.sampled_from("aB1.!?。 \n\r|-#`*>[]()\"'é中\u0301"), max_size=200))
def test_spans_are_in_order_and_lose_no_word(text: str) -> None:
    end = 0
    spans = split(text)
    for span in spans:
        assert end <= span.start < span.end <= len(text)
        assert text[span.start : span.end].strip() == text[span.start : span.end]
        end = span.end
    letters = [i for i, c in enumerate(text) if c in "aBé中"]
    covered = {i for span in spans for i in range(span.start, span.end)}
    assert covered.issuperset(letters)


@pytest.mark.parametrize(
    "line", ["-" * 50_000, "| " * 20_000, "a. " * 20_000, "(" * 20_000, "`" * 20_000, "** " * 20_000]
)
def test_no_text_takes_long(line: str) -> None:
    split(f"x\n{line}x\n{line}")  # the suite's time limit is the test: a pattern that backtracks takes hours
