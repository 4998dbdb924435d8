"""Conversations in the list: titles, search with any string, rename, delete and undo."""

from __future__ import annotations

import pytest

from forge_desktop.base.errors import ForgeError

from .conftest import Room

NAUGHTY = [
    "%",
    "_",
    "\\",
    "'",
    '"',
    "'; DROP TABLE messages; --",
    "NEAR(a b)",
    "* OR 1",
    "\0",
    "\ud800",
    "a" * 100_000,
    " ".join(f"w{n}" for n in range(5_000)),
    "ﬁ",
    "İ",
    "😀👩‍👩‍👧",
    "\u202etxt",
    "C++",
    "file.txt:10",
]


def test_newest_first_with_title_and_snippet(quoting: Room) -> None:
    first = quoting.chat.create()
    second = quoting.chat.create("Prices")
    quoting.ask("How long are hand tools lent?", conversation=first)
    listed = quoting.chat.conversations()
    assert [c.id for c in listed] == [first, second]
    assert listed[0].title == "How long are hand tools lent?"
    assert listed[0].messages == 2
    assert "14 days" in quoting.chat.messages(first)[-1].text
    assert listed[0].snippet.startswith("There is no student.")
    assert listed[1].title == "Prices"
    assert listed[1].messages == 0


def test_a_title_is_cut_at_a_words_end(quoting: Room) -> None:
    for question, title in {
        "How long do we keep all invoices, and who approves a purge?": "How long do we keep all invoices, and who…",
        "   Two\n\nlines  ": "Two lines",
        "図書館は何時に開きますか"
        * 8: "図書館は何時に開きますか図書館は何時に開きますか図書館は何時に開きますか図書館は何時に開きます…",
        "x" * 300: "x" * 47 + "…",
    }.items():
        conversation = quoting.chat.create()
        quoting.ask(question, conversation=conversation)
        assert next(c.title for c in quoting.chat.conversations() if c.id == conversation) == title


def test_a_given_title_stays(quoting: Room) -> None:
    conversation = quoting.chat.create("Mine")
    quoting.ask("What does a membership cost?", conversation=conversation)
    quoting.chat.rename(conversation, "  Mine,\n renamed ")
    assert quoting.chat.conversations()[0].title == "Mine, renamed"
    with pytest.raises(ForgeError, match="needs a title"):
        quoting.chat.rename(conversation, " \n ")


def test_search_finds_titles_and_messages_in_any_case_and_script(quoting: Room) -> None:
    chat = quoting.chat
    german = chat.create("Straßenbahn ÜBUNG")
    asked = chat.create()
    quoting.ask("Where is the Workshop bench 100%_sure?", conversation=asked)
    assert [c.id for c in chat.conversations("strassenbahn übung")] == [german]
    assert [c.id for c in chat.conversations("BENCH where")] == [asked]
    assert [c.id for c in chat.conversations("100%_s")] == [asked]
    assert chat.conversations("100%s") == []
    assert "workshop bench" in chat.conversations("bench")[0].snippet
    assert [c.id for c in chat.conversations("  ")] == [c.id for c in chat.conversations()]


@pytest.mark.parametrize("text", NAUGHTY)
def test_search_takes_any_string(quoting: Room, text: str) -> None:
    conversation = quoting.chat.create()
    quoting.ask(f"About {text[:500]} and tools", conversation=conversation)
    quoting.chat.conversations(text)
    assert [c.id for c in quoting.chat.conversations(text[:500])] == [conversation]


def test_delete_is_undone_until_the_next_start(quoting: Room, open_room) -> None:
    chat = quoting.chat
    kept, first, second = chat.create("kept"), chat.create("first"), chat.create("second")
    quoting.ask("What does sharpening cost?", conversation=first)
    token = chat.delete([first, second])
    other = chat.delete([kept])
    assert token != other
    assert chat.conversations() == []
    assert chat.conversations("sharpening") == []
    with pytest.raises(ForgeError, match="no longer there"):
        chat.ask(first, "And now?")
    chat.restore(token)
    assert {c.id for c in chat.conversations()} == {first, second}
    assert len(chat.messages(first)) == 2
    reopened = open_room()
    assert {c.id for c in reopened.chat.conversations()} == {first, second}
    reopened.chat.restore(other)
    assert kept not in {c.id for c in reopened.chat.conversations()}


def test_the_export_names_everything_by_uid(quoting: Room) -> None:
    conversation = quoting.chat.create("Tools")
    quoting.ask("How long are hand tools lent?", conversation=conversation)
    (head,) = quoting.chat.export_conversations()
    question, answer = quoting.chat.export_messages()
    assert head["title"] == "Tools"
    assert question["conversation"] == answer["conversation"] == head["uid"]
    assert answer["parent"] == question["uid"]
    assert question["parent"] is None
    sources = answer["sources"]
    assert isinstance(sources, list)
    assert sources
    assert "passage_id" not in sources[0]
    assert {"document_sha256", "start", "end", "quote"} <= sources[0].keys()
