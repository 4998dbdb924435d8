"""Words, stems and highlights in many scripts, and questions of every kind."""

from __future__ import annotations

import importlib
import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge_desktop.corpus.retrieval import analyser, languages
from tests.retrieval.conftest import add


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("The Runner's dogs are running", ["runner", "s", "dog", "run"]),
        ("snake_case v2 3.5 km", ["snake_cas", "v2", "3", "5", "km"]),
        ("ﬁne naïve ＣＡＦÉ STRASSE Straße", ["fine", "naiv", "cafe", "strass", "strass"]),
        ("cafe\u0301 = café", ["cafe", "cafe"]),
        ("Красивые книги", ["красив", "книг"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("東京大学で学ぶ", ["東京", "京大", "大学", "学で", "で学", "学ぶ"]),
        ("犬", ["犬"]),
        ("한국어 문서", ["한국", "국어", "문서"]),
        ("ภาษาไทย", ["ภา", "าษ", "ษา", "าไ", "ไท", "ทย"]),
        ("GPT4は速い", ["gpt4", "は速", "速い"]),
        ("שלום עולם", ["שלום", "עולם"]),
        ("می\u200cخواهم", ["میخواهم"]),
        ("Mon\u00adday Eisen\u00adbahn\u00adbrücke", ["monday", "eisenbahnbruck"]),
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
        ("cafe\u0301", "Café, cafe\u0301, cafe", ["Café", "cafe\u0301", "cafe"]),
        ("книга", "Две книги, книжный", ["книги"]),
        ("monday", "On Mon\u00adday we open", ["Mon\u00adday"]),
        ("the", "the end", []),
        ("", "text", []),
        ("end", "", []),
    ],
)
def test_matches_mark_the_words_of_the_question(index, query, text, marked):
    spans = index.matches(query, text)
    assert [text[start:end] for start, end in spans] == marked


GERMAN = "Die alten Häuser an der Küste wurden nach dem Krieg von den Fischern wieder aufgebaut."
ENGLISH = "The old houses on the coast were built again by the fishermen after the war."


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (GERMAN, "de"),
        (ENGLISH, "en"),
        ("Les maisons de la côte ont été reconstruites par les pêcheurs après la guerre.", "fr"),
        ("Las casas de la costa fueron reconstruidas por los pescadores después de la guerra.", "es"),
        ("Le case della costa sono state ricostruite dai pescatori dopo la guerra.", "it"),
        ("De huizen aan de kust werden na de oorlog door de vissers weer opgebouwd.", "nl"),
        ("Domy na wybrzeżu zostały po wojnie odbudowane przez rybaków, którzy tam nie mieszkali.", "pl"),
        ("Старые дома на берегу были построены снова после войны.", "ru"),
        ("Старі будинки на березі були відбудовані після війни, але не всі з них.", "uk"),
        ("東京大学で学ぶ学生は多い。", "ja"),
        ("北京的大学有很多学生。", "zh"),
        ("서울의 대학교에는 학생이 많다.", "ko"),
        ("Οι παλιές κατοικίες της ακτής", "el"),
        ("harbour 17", ""),
        ("3.14 - 2.71", ""),
        ("", ""),
        ("\ud800\x00", ""),
    ],
)
def test_languages_are_told_by_function_words_or_script(text, language):
    assert analyser.language(text) == language


def test_a_passage_is_stemmed_and_freed_of_stop_words_by_its_own_language():
    assert analyser.analyse(GERMAN) == (
        "de",
        ["alt", "haus", "kust", "krieg", "fisch", "aufgebaut"],
    )
    assert analyser.terms("Häuser") == ["hauser"]  # too short to tell
    assert analyser.terms(f"{GERMAN} Running красивые книги")[-3:] == ["running", "красив", "книг"]


def test_a_question_meets_passages_of_every_language_in_the_index(db, index):
    add(db, index, {1: GERMAN, 2: ENGLISH, 3: "Haus 3", 4: "nothing", 5: "else"})
    assert index.query_terms("Häuser") == ["hauser", "haus"]
    for query, found in (("Häuser Fischer", 1), ("house fisherman war", 2), ("haus", 3)):
        assert found in {one.passage_id for one in index.search(query, 2) if one.bm25}
    assert index.query_terms("who was at the house with the boats") == ["hous", "boat"]
    assert index.query_terms("die cast") == ["die", "cast"]  # one function word tells no language


def test_a_word_without_a_stem_in_one_language_is_not_taken_for_misspelt(db, index):
    """The English stem of a German word stands in no passage; the ranking must not shift towards vectors for that."""
    add(db, index, dict.fromkeys(range(1, 90), GERMAN) | {90: ENGLISH})
    first = index.search("Häuser")[0]
    assert first.score > 0.95


def test_languages_seldom_met_are_asked_in_only_where_they_are_likely_meant(db, index):
    add(db, index, {1: GERMAN} | dict.fromkeys(range(2, 202), ENGLISH))
    assert index.query_terms("Häuser") == ["hauser", "haus"]  # a letter that English lacks
    assert index.query_terms("boots") == ["boot"]
    assert index.query_terms("kriege")[-1] == "krieg"  # English passages have no such word
    assert index.query_terms("houses") == ["hous"]  # they have this one


def test_function_words_are_written_as_the_analyser_sees_them():
    for code, text in languages.FUNCTION_WORDS.items():
        listed = text.split()
        assert len(set(listed)) == len(listed), code
        assert analyser.words(text) == listed, code


def test_both_stemmers_give_the_same_stems():
    """Where PyStemmer cannot be installed, the pure Python one stands in; an index must not depend on which."""
    quick = pytest.importorskip("Stemmer")
    source = random.Random(3)
    for code, name in analyser.ALGORITHMS.items():
        module = importlib.import_module(f"snowballstemmer.{name}_stemmer")
        slow = getattr(module, f"{name.capitalize()}Stemmer")()
        known = [word for word in languages.FUNCTION_WORDS.get(code, ENGLISH.lower()).split() if len(word) > 2]
        words = [source.choice(known) + source.choice(known) for _ in range(150)]
        assert quick.Stemmer(name).stemWords(words) == [slow.stemWord(word) for word in words], code


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
    terms = frozenset(analyser.query_terms(query))
    end_before = 0
    for start, end in analyser.matches(terms, text):
        assert end_before <= start < end <= len(text)
        assert analyser.language(text) or terms & set(analyser.terms(text[start:end]))
        end_before = end


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("Zoë Müller", "zoe muller"),
        ("Søren", "soren"),
        ("naïve café", "naive cafe"),
        ("Łódź", "lodz"),
        ("œuvre", "oeuvre"),
    ],
)
def test_accents_of_latin_letters_make_no_difference(written: str, asked: str) -> None:
    assert analyser.terms(written) == analyser.terms(asked)
    assert analyser.matches(analyser.query_terms(asked), written)[0][0] == 0


def test_letters_of_other_scripts_keep_their_marks() -> None:
    assert analyser.terms("йод") != analyser.terms("иод")
