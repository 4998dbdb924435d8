"""What a person asks of search: phrases, words to leave out, filters, and passages that say the same shown once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from hypothesis import strategies as st

from forge_desktop.base.errors import ForgeError
from forge_desktop.corpus import Explanation, SearchFilter
from tests.corpus.conftest import Room, opened

LETTER = (
    "The committee met on Tuesday in the old boathouse and agreed on the plan for the coming season. Members of the "
    "rowing club will repaint both jetties before the end of April, and the secretary writes to the harbour office "
    "about the broken crane. The treasurer reported that the winter storage had cost {sum} crowns so far."
)


def _fill(room: Room, folder: Path) -> None:
    """Short documents in two folders and several formats."""
    (folder / "house").mkdir()
    (folder / "house" / "kettle.txt").write_text("The blue kettle stands on the old\nstove. Kettles boil water.\n")
    (folder / "house" / "stove.md").write_text("# Stove\n\nThe old blue stove has no kettle; it is running hot.\n")
    (folder / "boat.txt").write_text("A boat ran aground. “To be, or not to be”, said the kettle maker.\n")
    (folder / "houses.html").write_text("<p>State-of-the-art kettle design in E-Mail form.</p>")
    (folder / "cn.txt").write_text("自然語言處理研究所在北京。水壺是藍色的。\n")
    os.utime(folder / "boat.txt", (1_000_000_000, 1_000_000_000))
    room.index(folder)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """An index that no test changes; `folder_of` finds its folder."""
    home = tmp_path_factory.mktemp("shelf")
    (home / "documents").mkdir()
    (home / "data").mkdir()
    room = opened(home / "data")
    _fill(room, home / "documents")
    yield room
    room.close()


@pytest.fixture
def changing(room: Room, folder: Path) -> Room:
    """The same, for one test."""
    _fill(room, folder)
    return room


def folder_of(room: Room) -> Path:
    """Where its documents lie."""
    return Path(room.rows()["boat.txt"].path).parent


def names(room: Room, query: str, **options: object) -> set[str]:
    return {Path(hit.passage.path).name for hit in room.corpus.search(query, **options)}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ('"blue kettle"', {"kettle.txt"}),
        ('"BLUE   Kettle"', {"kettle.txt"}),
        ('"old stove" kettle', {"kettle.txt"}),  # over a line break
        ("„blue kettle“", {"kettle.txt"}),
        ("kettle “old blue stove”", {"stove.md"}),
        ('kettle "no kettles"', set()),  # a phrase keeps its endings
        ('"state of the art"', {"houses.html"}),  # punctuation is no word
        ('"to be or not to be" kettle', {"boat.txt"}),
        ('"blue kettle" "old stove"', {"kettle.txt"}),
        ('"blue kettle" "aground"', set()),
        ('"研究所"', {"cn.txt"}),
        ('"所"', {"cn.txt"}),
        ('"北京水壺"', set()),
        ('"or not to be"', {"boat.txt"}),  # of words that nothing is indexed under
        ('"not of that"', set()),
        ('"or not to be" -kettle', set()),
        ('"or not to be" -stove', {"boat.txt"}),
    ],
)
def test_a_phrase_must_stand_there(shelf: Room, query: str, found: set[str]) -> None:
    assert names(shelf, query) == found


@pytest.mark.parametrize(
    ("query", "found"), [("壺", {"cn.txt"}), ("壺 藍", {"cn.txt"}), ("油", set()), ("壺 -京", set())]
)
def test_a_character_alone_is_found_where_it_stands_in_a_word(shelf: Room, query: str, found: set[str]) -> None:
    assert names(shelf, query) == found


def test_phrases_in_several_languages(room: Room, folder: Path) -> None:
    """A stop word of one language is a word of another one, and each passage is indexed by its own."""
    (folder / "fr.txt").write_text(
        "Il était une fois le petit prince qui habitait une planète à peine plus grande que lui, et qui avait besoin "
        "d’un ami. Les grandes personnes aiment les chiffres et ne vous posent jamais les bonnes questions."
    )
    (folder / "de.txt").write_text(
        "Die hard ist ein Film, den man in der Schule nicht zeigt, weil er für die jüngeren Schüler nicht gedacht ist."
        " Der Hut, den der Mann hat, ist nicht von hier, und man sieht es ihm an."
    )
    (folder / "en.txt").write_text(
        "Old habits die hard, and the hat that the man had on his head was the last thing that anybody would expect."
    )
    room.index(folder)
    assert names(room, '"le petit prince"') == {"fr.txt"}
    assert names(room, '"die hard"') == {"de.txt", "en.txt"}
    assert names(room, '"der Mann hat"') == {"de.txt"}
    assert names(room, '"the man had"') == {"en.txt"}
    assert names(room, "hard -die") == set()
    assert names(room, "hard Film -Schulen") == {"en.txt"}
    assert names(room, "hard -habits") == {"de.txt"}


@pytest.mark.parametrize(
    ("query", "gone"),
    [
        ("kettle -boat", {"boat.txt"}),
        ("kettle -BOATS", {"boat.txt"}),  # with its other endings, as boats finds boat
        ('kettle -"blue kettle"', {"kettle.txt"}),
        ("kettle -e-mail", {"houses.html"}),
        ("kettle -stove -aground", {"kettle.txt", "stove.md", "boat.txt"}),
        ("kettle -or", {"boat.txt"}),  # also a word that is never looked for
        ("kettle -", set()),
        ("kettle --boat", set()),
        ("kettle well-boat", set()),
    ],
)
def test_words_and_phrases_are_left_out(shelf: Room, query: str, gone: set[str]) -> None:
    everything = names(shelf, "kettle")
    assert everything - names(shelf, query) == gone


def test_what_was_understood_is_said(shelf: Room) -> None:
    found = shelf.corpus.find('old "blue  kettle" -boat -"on the" - "" rest "unbalanced')
    assert found.understood.words == ("old", "rest", '"unbalanced')
    assert found.understood.phrases == ("blue kettle",)
    assert found.understood.excluded == ("boat", "“on the”")
    assert len(found.understood.ignored) == 3
    assert found.documents is None
    assert shelf.corpus.find("old kettle").understood.ignored == ()
    assert shelf.corpus.find("-kettle").note == shelf.corpus.find("?!").note != ""
    assert shelf.corpus.find("kettle").note == ""
    assert "too common" in shelf.corpus.find("the").note
    assert shelf.corpus.find("kettel boiller").hits
    assert "only alike" in shelf.corpus.find("kettel boiller").note
    assert shelf.corpus.find('"to be or not to be"').note == ""
    assert shelf.corpus.find("kettel boiller", operators=False).note == ""  # a question; the answer says enough


def test_a_filter_typed_as_a_word_is_said_to_be_none(shelf: Room) -> None:
    told = shelf.corpus.find("kettle after:2020-01-01").understood.ignored
    assert told == ("“after:2020-01-01” was read as words: filters are chosen beside the field or by options.",)
    assert shelf.corpus.find("10:30 kettle").understood.ignored == ()


def test_a_question_has_no_operators(shelf: Room) -> None:
    asked = "kettle -boat “boat” -"
    assert "boat.txt" in names(shelf, asked, operators=False)
    assert shelf.corpus.find(asked, operators=False).understood.excluded == ()


@pytest.mark.parametrize(
    "query",
    [
        *("", " ", '"', '""', "-", "- -", '-"', "-\"\" -''", "\0", "\ud800 kettle", '"\udfff"', "\u202ekettle\u202c"),
        *("kettle " * 1_500_000, '"a ' * 200_000, "-a " * 300_000, '"' * 100_000, "-" * 100_000),
    ],
    ids=lambda query: f"{query[:8]!a}*{len(query)}",
)
def test_any_query_is_answered(shelf: Room, query: str) -> None:
    shelf.corpus.find(query)
    shelf.corpus.find(query, where=SearchFilter(formats=("text",)))


@hypothesis.given(st.text(alphabet='ab "-“”\n\0\ud800é水', max_size=40))
@hypothesis.settings(suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
def test_every_string_is_a_query(shelf: Room, query: str) -> None:
    understood = shelf.corpus.find(query).understood
    assert all(phrase.strip() for phrase in understood.phrases)


@pytest.mark.parametrize(
    ("where", "found"),
    [
        (SearchFilter(), {"kettle.txt", "stove.md", "boat.txt", "houses.html"}),
        (SearchFilter(folder="house"), {"kettle.txt", "stove.md"}),  # not houses.html
        (SearchFilter(folder="boat.txt"), {"boat.txt"}),
        (SearchFilter(formats=("md", ".HTM")), {"stove.md", "houses.html"}),
        (SearchFilter(formats=("text",)), {"kettle.txt", "boat.txt"}),
        (SearchFilter(changed_to=1_000_000_000.0), {"boat.txt"}),
        (SearchFilter(changed_from=1_000_000_001.0, formats=("txt",)), {"kettle.txt"}),
        (SearchFilter(folder="house", formats=("html",)), set()),
        (SearchFilter(folder="nowhere"), set()),
        (SearchFilter(collections=("Documents",), folder="house"), {"kettle.txt", "stove.md"}),
    ],
)
def test_filters(shelf: Room, where: SearchFilter, found: set[str]) -> None:
    if where.folder:
        where = SearchFilter(
            where.collections, str(folder_of(shelf) / where.folder), where.formats, where.changed_from, where.changed_to
        )
    assert names(shelf, "kettle", where=where) == found
    if not found:
        finding = shelf.corpus.find("kettle", where=where)
        assert (finding.documents, finding.note) == (0, "No document fits the filter.")


def test_a_filter_follows_the_index(changing: Room, folder: Path) -> None:
    where = SearchFilter(folder=str(folder / "house"))
    assert names(changing, "kettle", where=where) == {"kettle.txt", "stove.md"}
    (folder / "house" / "third.txt").write_text("A third kettle.")
    changing.index(folder)
    assert names(changing, "kettle", where=where) == {"kettle.txt", "stove.md", "third.txt"}
    changing.corpus.remove([changing.rows()["stove.md"].id])
    assert names(changing, "kettle", where=where) == {"kettle.txt", "third.txt"}


def test_what_a_filter_names_must_be_there(shelf: Room) -> None:
    with pytest.raises(ForgeError, match="no collection called Nowhere") as caught:
        shelf.corpus.search("kettle", where=SearchFilter(collections=("Nowhere",)))
    assert "Documents" in caught.value.hint
    with pytest.raises(ForgeError, match="type exe are not read") as caught:
        shelf.corpus.search("kettle", where=SearchFilter(formats=("exe",)))
    assert "markdown" in caught.value.hint


def test_collections(changing: Room, folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "far.txt").write_text("A kettle far away.")
    (other / "both.txt").write_text("Both have this kettle.")
    changing.corpus.collections.create("Élsewhere")
    changing.result(changing.corpus.index([other, folder / "house"], "Élsewhere"))
    here, there = SearchFilter(collections=("Documents",)), SearchFilter(collections=("ÉLSEWHERE",))
    assert names(changing, "kettle", where=there) == {"far.txt", "both.txt", "kettle.txt", "stove.md"}
    assert names(changing, "kettle", where=here) == {"kettle.txt", "stove.md", "boat.txt", "houses.html"}
    uids = tuple(changing.corpus.collections.names())
    assert len(names(changing, "kettle", where=SearchFilter(collections=uids))) == 6
    changing.corpus.collections.remove_root("Élsewhere", other)
    assert names(changing, "kettle", where=there) == {"kettle.txt", "stove.md"}


def test_scores_do_not_depend_on_a_filter(shelf: Room) -> None:
    bm25 = {hit.passage.id: hit.bm25 for hit in shelf.corpus.search("blue kettle")}
    for hit in shelf.corpus.search("blue kettle", where=SearchFilter(folder=str(folder_of(shelf) / "house"))):
        assert hit.bm25 == bm25[hit.passage.id]


def _explained(room: Room, query: str, name: str, where: SearchFilter | None = None) -> Explanation:
    passage = room.corpus.shelf.passages(room.rows()[name].id)[0]
    return room.corpus.explainer.explain(query, passage.id, where=where)


def test_why_a_passage_is_found(shelf: Room) -> None:
    query = "blue kettle nowhere"
    for rank, hit in enumerate(shelf.corpus.search(query), 1):
        told = shelf.corpus.explainer.explain(query, hit.passage.id)
        assert (told.rank, told.score, told.shown_by) == (rank, hit.score, None)
        assert (told.bm25, told.vector, told.vector_rank) == (hit.bm25, hit.vector, hit.vector_rank)
        assert told.note == f"It is found, at rank {rank}."
        assert sum(term.impact for term in told.terms) == pytest.approx(told.bm25)
        assert [term.term for term in told.terms] == ["blue", "kettl", "nowher"]
        assert [term.passages_with for term in told.terms] == [2, 4, 0]
        assert told.length > 0 < told.average_length
    assert _explained(shelf, query, "kettle.txt").terms[1].frequency == 2


@pytest.mark.parametrize(
    ("query", "name", "note"),
    [
        ("aground", "stove.md", "None of the words looked for stands in it, and"),
        ('"kettle maker"', "kettle.txt", "The phrase “kettle maker” does not stand in it."),
        ("kettle -stoves", "kettle.txt", "It has a word that the query leaves out: stove."),
        ('kettle -"old stove"', "kettle.txt", "“old stove” stands in it, which the query leaves out."),
        ("", "kettle.txt", "None of the words looked for stands in it, and"),
    ],
)
def test_why_a_passage_is_not_found(shelf: Room, query: str, name: str, note: str) -> None:
    told = _explained(shelf, query, name)
    assert told.rank is None
    assert told.note.startswith(note)


def test_why_a_filter_or_another_passage_hides_one(changing: Room, folder: Path) -> None:
    told = _explained(changing, "kettle", "kettle.txt", SearchFilter(formats=("md",)))
    assert told.note == "Its document is not among those the filter leaves."
    assert told.rank is None
    assert told.bm25 is not None
    (folder / "second.txt").write_text((folder / "boat.txt").read_text())
    changing.index(folder)
    (hit,) = (hit for hit in changing.corpus.search("aground") if hit.alike)
    told = changing.corpus.explainer.explain("aground", hit.alike[0])
    assert (told.rank, told.shown_by) == (None, hit.passage.id)
    assert str(hit.passage.id) in told.note
    with pytest.raises(ForgeError, match="no passage 999999"):
        changing.corpus.explainer.explain("kettle", 999_999)


def test_the_ranking_is_that_of_rank_bm25(shelf: Room) -> None:
    checked = shelf.corpus.explainer.check_ranking("old blue kettle")
    assert (checked.passages, checked.same_scores, checked.same_order) == (5, True, True)
    assert checked.compared == 4
    with pytest.raises(ForgeError, match="nothing to compare"):
        shelf.corpus.explainer.check_ranking("the")


def test_passages_that_say_the_same_are_one_hit(room: Room, folder: Path) -> None:
    letter = LETTER.format(sum=840)
    (folder / "1 letter.txt").write_text(letter)
    (folder / "2 copy.txt").write_text(letter)
    (folder / "3 reply.txt").write_text("> " + letter.replace(". ", ".\n> "))  # quoted in a mail
    (folder / "4 version.txt").write_text(letter.replace("Members", "All members"))
    (folder / "5 other sum.txt").write_text(LETTER.format(sum=940))
    (folder / "6 answer.txt").write_text(
        letter + " I do not agree with the date: in April the river is too high, "
        "the paint will not dry, and nobody has asked the youth group."
    )
    room.index(folder)
    found = room.corpus.find("jetties harbour crane")
    shown = {Path(hit.passage.path).name[0]: len(hit.alike) for hit in found.hits}
    assert shown["5"] == 0  # another sum
    assert "6" in shown  # says more than the others; they may say nothing that it does not say
    assert len(shown) + sum(shown.values()) == 6
    assert len(shown) <= 3
    for hit in found.hits:
        for passage_id in hit.alike:
            assert room.corpus.shelf.passage(passage_id) is not None
    every = room.corpus.find("jetties harbour crane", every=True)
    assert len(every.hits) == 6
    assert [hit.alike for hit in every.hits] == [()] * 6


def test_what_was_asked_for_is_never_folded_away(room: Room, folder: Path) -> None:
    (folder / "a.txt").write_text(LETTER.format(sum=840))
    (folder / "b.txt").write_text(LETTER.format(sum=840).replace("boathouse", "pavilion"))
    room.index(folder)
    assert len(room.corpus.search("jetties crane")) == 1
    assert len(room.corpus.search("jetties crane pavilion boathouse")) == 2


def test_as_many_hits_as_wanted_come_however_many_are_alike(room: Room, folder: Path) -> None:
    for number in range(120):
        (folder / f"copy {number:03}.txt").write_text(LETTER.format(sum=840))
    for word in ("alpha", "beta", "gamma"):
        (folder / f"{word}.txt").write_text(f"The {word} jetties. " * 30)
    room.index(folder)
    assert len(room.corpus.search("jetties harbour crane", 3)) == 3
    assert len(room.corpus.find("jetties harbour crane", 100, every=True).hits) == 100
