"""Totals that triggers keep equal the sums over the rows, whatever happens; failures come in groups."""

from __future__ import annotations

import random
from pathlib import Path

from forge_desktop.corpus import CorpusStats
from tests.corpus.conftest import Room

GERMAN = "Der Kessel steht in der Küche und ist blau, aber er wird nicht mehr benutzt. "
ENGLISH = "The kettle stands in the kitchen and it is blue, but nobody has used it for years. "


def summed(room: Room) -> tuple[int, int, int, int, int, int]:
    row = room.db.row(
        "SELECT coalesce(sum(state = 'indexed'), 0), coalesce(sum(passages), 0), coalesce(sum(state = 'failed'), 0),"
        " coalesce(sum(size), 0), coalesce(sum(tokens), 0), coalesce(sum(text_bytes), 0)"
        " FROM documents WHERE removal IS NULL"
    )
    assert row is not None
    return tuple(row)


def told(stats: CorpusStats) -> tuple[int, int, int, int, int, int]:
    return stats.documents, stats.passages, stats.failed, stats.bytes, stats.tokens, stats.disk["texts"]


def test_totals_follow_every_change(room: Room, folder: Path) -> None:
    draw = random.Random(4)
    assert told(room.corpus.shelf.stats()) == (0, 0, 0, 0, 0, 0)
    for _ in range(12):
        path = folder / f"{draw.randrange(6)}.txt"
        match draw.randrange(5):
            case 0:
                path.unlink(missing_ok=True)
            case 1:
                path.write_bytes(b"")  # fails
            case 2 if room.rows():
                token = room.corpus.remove([draw.choice(list(room.rows().values())).id])
                assert told(room.corpus.shelf.stats()) == summed(room)
                if draw.random() < 0.5:
                    room.corpus.restore(token)
            case _:
                path.write_text(draw.choice((GERMAN, ENGLISH)) * draw.randint(1, 60))
        room.index(folder)
        assert told(room.corpus.shelf.stats()) == summed(room)
    assert room.corpus.shelf.stats().documents > 0


def test_what_is_told_about_a_corpus(room: Room, folder: Path) -> None:
    for number in range(3):
        (folder / f"{number}.txt").write_text(ENGLISH * 100)
    (folder / "de.txt").write_text(GERMAN * 100)
    (folder / "numbers.txt").write_text("1 2 3")
    room.index(folder)
    stats = room.corpus.shelf.stats()
    assert stats.languages == (("en", 3), ("", 1), ("de", 1))
    assert stats.disk["texts"] == sum(path.stat().st_size for path in folder.iterdir())
    assert stats.disk["index"] > 0
    assert stats.disk["vectors"] >= stats.passages * 64
    assert stats.tokens * 4 < stats.disk["texts"] < stats.tokens * 5
    assert stats.synced is not None


def test_failures_are_grouped_by_reason_and_retried(room: Room, folder: Path) -> None:
    room.settings.change(file_megabytes=1)
    for number in range(3):
        (folder / f"empty-{number}.txt").write_bytes(b"")
        (folder / f"large-{number}.txt").write_text("word " * (220_000 + 50_000 * number))
    room.index(folder)
    groups = room.corpus.shelf.failures()
    assert [group.count for group in groups] == [3, 3]
    empty = next(group for group in groups if "empty" in group.reason)
    large = next(group for group in groups if group is not empty)
    assert not any(letter.isdigit() for letter in large.reason)
    room.settings.change(file_megabytes=10)
    assert room.result(room.corpus.retry(large.documents)).new == 3
    assert room.corpus.shelf.failures() == [empty]
