"""Words found in a text however they are spaced, and numbers however they are written."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from forge_desktop.distill.spans import find, missing_numbers, numbers


@given(st.text(min_size=1), st.data())
def test_every_piece_of_a_text_is_found_in_it(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    found = find(text[start:end], text)
    if found is not None:
        assert 0 <= found[0] < found[1] <= len(text)
    else:
        assert not any(letter.isalnum() for letter in text[start:end])


def test_hyphens_at_the_end_of_a_line_are_no_part_of_a_word() -> None:
    text = "the inter-\nnational court"
    assert find("international court", text) == (4, len(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,234.50 and 1.234,50", ["1,234.50", "1.234,50"]),
        ("in 2010 300 people", ["2010", "300"]),
        ("1\u202f234 or 1'234", ["1234", "1234"]),
        ("\u0661\u0662\u0663 and \uff14\uff12", ["123", "42"]),
    ],
)
def test_numbers_are_read(text: str, expected: list[str]) -> None:
    assert numbers(text) == expected


def test_numbers_are_the_same_in_every_country() -> None:
    assert missing_numbers("1234, 3.5", ["1,234 of 3,50"]) == []
    assert missing_numbers("1.234", ["1234"]) == []
    assert missing_numbers("3,5", ["3.50"]) == []
    assert missing_numbers("218 and 219", ["218"]) == ["219"]
