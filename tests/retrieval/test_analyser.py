"""Words, stems and highlights in many scripts, and questions of every kind."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge_desktop.corpus.retrieval import analyser
from tests.retrieval.conftest import add


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("The Runner's dogs are running", ["runner", "s", "dog", "run"]),
        ("snake_case v2 3.5 km", ["snake_cas", "v2", "3", "5", "km"]),
        ("ﬁne naïve ＣＡＦÉ STRASSE Straße", ["fine", "naïv", "café", "strass", "strass"]),
        ("cafe\u0301 = café", ["café", "café"]),
        ("Красивые книги", ["красив", "книг"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("東京大学で学ぶ", ["東京", "京大", "大学", "学で", "で学", "学ぶ"]),
        ("犬", ["犬"]),
        ("한국어 문서", ["한국", "국어", "문서"]),
        ("ภาษาไทย", ["ภา", "าษ", "ษา", "าไ", "ไท", "ทย"]),
        ("GPT4は速い", ["gpt4", "は速", "速い"]),
        ("שלום עולם", ["שלום", "עולם"]),
        ("می\u200cخواهم", ["میخواهم"]),
        ("x" * 150, ["x" * 64, "x" * 64, "x" * 22]),
        ("ж" * 65, ["ж" * 64, "ж"]),
        ("the of and", []),
        ("", []),
    ],
)
def test_terms_of_many_scripts(text, terms):
    assert analyser.terms(text) == terms


@pytest.mark.parametrize(
    ("query", "text", "marked"),
    [
        ("running dogs", "A dog runs; the Dogs ran.", ["dog", "runs", "Dogs"]),
        ("ﬁne", "Fine, ﬁne, define", ["Fine", "ﬁne"]),
        ("大学", "東京大学で", ["大学"]),
        ("京大学", "東京大学で", ["京大学"]),
        ("cafe\u0301", "Café, cafe\u0301, cafe", ["Café", "cafe\u0301"]),
        ("книга", "Две книги, книжный", ["книги"]),
        ("the", "the end", []),
        ("", "text", []),
        ("end", "", []),
    ],
)
def test_matches_mark_the_words_of_the_question(index, query, text, marked):
    spans = index.matches(query, text)
    assert [text[start:end] for start, end in spans] == marked


ODD = [
    *("", " ", "\x00", "\ud800", "\udfff\ud800", "\ufffe", "\u202e", "\u200d", "\u0301", "\U0010ffff", "'", '"', "--"),
    *(
        ";",
        "*",
        "NEAR",
        "AND",
        "NOT (",
        '"unbalanced',
        "a* OR",
        "%s%n",
        "${HOME}",
        "../..",
        "<b>",
        "\\",
        "\r\n\t",
        "İıŞ",
    ),
    *(
        "ﷺ",
        "👩‍👩‍👧",
        "Ω≈ç√",
        "田中さんにあげて下さい",
        "社會科學院",
        "ⅣⅧ①½",
        "null",
        "NaN",
        "1e309",
        "-0",
        "0x7fffffff",
    ),
    *("x" * 3000, "🏳️‍🌈" * 50),
]


def test_odd_questions_never_raise(db, index):
    add(db, index, {number: f"passage {number} {text[:60]} grain" for number, text in enumerate(ODD, 1)})
    questions = [*ODD, *(a + b for a, b in itertools.product(ODD[:23], ODD))]
    for question in questions:
        assert len(index.search(question)) <= 10
        index.scores(question)
        index.terms(question)
        index.matches(question, question)
    assert len(questions) > 900
    assert index.check(range(1, len(ODD) + 1)) == []


@given(st.text(st.characters(), max_size=60), st.text(st.characters(), max_size=60))
def test_matches_are_ordered_spans_of_words_that_share_a_term(query, text):
    terms = frozenset(analyser.terms(query))
    end_before = 0
    for start, end in analyser.matches(terms, text):
        assert end_before <= start < end <= len(text)
        assert terms & set(analyser.terms(text[start:end]))
        end_before = end
