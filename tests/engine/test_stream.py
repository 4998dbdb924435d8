"""Text out of token bytes: whole characters, stop strings, batches."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from forge_desktop.engine.child.stream import Coalesced, TextStream


def _cut(raw: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(raw), *(cut % (len(raw) + 1) for cut in cuts)})
    return [raw[a:b] for a, b in itertools.pairwise(places)]


@given(st.text(max_size=60), st.lists(st.integers(0, 300), max_size=20))
def test_any_cut_of_the_bytes_gives_the_same_text(text: str, cuts: list[int]) -> None:
    text = text.encode("utf-8", "replace").decode()
    stream = TextStream([])
    pieces = [stream.feed(piece) for piece in _cut(text.encode(), cuts)]
    assert "".join(pieces) + stream.finish() == text
    assert not any("\ufffd" in piece for piece in pieces) or "\ufffd" in text


@given(
    st.text("ab<|x", max_size=40),
    st.lists(st.text("ab<|x", min_size=1, max_size=4), max_size=3),
    st.lists(st.integers(0, 300), max_size=20),
)
def test_a_stop_string_is_found_wherever_the_pieces_are_cut(text: str, stops: list[str], cuts: list[int]) -> None:
    stream = TextStream(stops)
    out = ""
    for piece in _cut(text.encode(), cuts):
        out += stream.feed(piece)
        if stream.stopped:
            break
    if not stream.stopped:
        out += stream.finish()
    found = [place for stop in stops if (place := text.find(stop)) >= 0]
    assert stream.stopped == bool(found)
    if not found:
        assert out == text
    else:
        # Of two stop strings that overlap, the one that is complete first wins.
        assert text.startswith(out)
        assert any(text.startswith(stop, len(out)) for stop in stops)


def test_one_invalid_byte_does_not_stall_what_follows() -> None:
    stream = TextStream([])
    assert stream.feed(b"ok \xff") == "ok \ufffd"
    assert stream.feed(b" and on") == " and on"


def test_an_unfinished_character_comes_out_marked_at_the_end() -> None:
    stream = TextStream(["stop"])
    assert stream.feed("é".encode()[:1]) == ""
    assert stream.finish() == "\ufffd"


def test_pieces_within_the_gap_are_sent_together() -> None:
    sent: list[str] = []
    now = [0.0]
    out = Coalesced(lambda text, _: sent.append(text), lambda: now[0], gap=0.02)
    for moment, piece in ((0.0, "a"), (0.005, "b"), (0.01, "c"), (0.021, "d"), (0.03, "e")):
        now[0] = moment
        out.put(piece)
    out.flush()
    out.flush()
    assert sent == ["a", "bcd", "e"]


def test_a_batch_is_of_one_part() -> None:
    sent: list[tuple[str, str]] = []
    out = Coalesced(lambda text, part: sent.append((part, text)), lambda: 0.0)
    for text, part in (("a", "thinking"), ("b", "thinking"), ("c", "answer"), ("", "thinking"), ("d", "answer")):
        out.put(text, part)
    out.flush()
    assert sent == [("thinking", "a"), ("thinking", "b"), ("answer", "cd")]
