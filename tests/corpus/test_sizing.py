"""Passages are sized in tokens of the student, in any script; documents know their language."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from forge_desktop.base.events import Events
from forge_desktop.base.settings import SettingsFile
from forge_desktop.corpus.sizing import RATIOS, SAMPLES, characters_a_token, measured
from forge_desktop.engine import Engine, StudentSpec
from forge_desktop.storage import Database
from tests.corpus.conftest import Room, opened

ENGLISH = "The kettle stands in the kitchen and is blue. "
RUSSIAN = "Чайник стоит на кухне, и он синий. "
CHINESE = "水壶在厨房里，它是蓝色的。"


def longest(room: Room, name: str) -> int:
    return max(passage.end - passage.start for passage in room.corpus.shelf.passages(room.rows()[name].id))


def test_a_passage_has_fewer_characters_where_a_token_is_worth_fewer(room: Room, folder: Path) -> None:
    for name, text in (("en.txt", ENGLISH), ("ru.txt", RUSSIAN), ("zh.txt", CHINESE)):
        (folder / name).write_text(text * 400, encoding="utf-8")
    room.index(folder)
    tokens = room.settings.values.passage_tokens
    for name, script in (("en.txt", "latin"), ("ru.txt", "cyrillic"), ("zh.txt", "unspaced")):
        assert 0.7 * tokens * RATIOS[script] < longest(room, name) <= tokens * RATIOS[script]
    room.whole()


def test_a_mixed_text_lies_between() -> None:
    mixed = characters_a_token((ENGLISH + CHINESE) * 2000)
    assert characters_a_token(CHINESE) < mixed < characters_a_token(ENGLISH)
    assert characters_a_token("") == characters_a_token("12 + 3") == characters_a_token("– § –") == RATIOS["latin"]
    assert characters_a_token("पुस्तकालय") == RATIOS["other"]


def test_a_loaded_student_is_measured_once_and_re_splits_nothing(data_dir: Path, folder: Path) -> None:
    asked: list[Sequence[str]] = []

    def count(texts: Sequence[str], check: object) -> list[int]:
        asked.append(texts)
        return [len(text) for text in texts]  # a tokeniser of single characters

    loaded: list[tuple[str, object]] = []
    room = opened(data_dir, loaded=lambda: loaded[0] if loaded else None)
    (folder / "a.txt").write_text(ENGLISH * 200)
    room.index(folder)
    before = room.corpus.shelf.passages(room.rows()["a.txt"].id)
    loaded.append(("5" * 64, count))
    (folder / "b.txt").write_text(ENGLISH * 200)
    report = room.index(folder)
    assert (report.new, report.changed, report.unchanged) == (1, 0, 1)
    assert room.corpus.shelf.passages(room.rows()["a.txt"].id) == before
    assert longest(room, "b.txt") <= room.settings.values.passage_tokens < longest(room, "a.txt") / 3
    loaded.clear()
    (folder / "c.txt").write_text(ENGLISH * 200)
    room.index(folder)
    assert longest(room, "c.txt") == longest(room, "b.txt")
    assert asked == [list(SAMPLES.values())]
    room.close()


def test_the_defaults_are_the_starter_students(data_dir: Path, starter: Path) -> None:
    events = Events()
    db = Database(data_dir / "forge.db")
    engine = Engine(db, events, SettingsFile(data_dir / "settings.json", events))
    engine.use(StudentSpec("starter", str(starter), "0" * 64))
    assert engine.counter() is None
    engine.warm()
    found = engine.counter()
    assert found is not None
    assert measured(lambda texts: found[1](texts, lambda: None)) == pytest.approx(RATIOS, abs=0.01)
    engine.close()
    db.close()


def test_an_old_length_in_characters_is_converted_once(data_dir: Path) -> None:
    path = data_dir / "settings.json"
    path.write_text(json.dumps({"passage_characters": 2400, "passage_overlap": 0}))
    file = SettingsFile(path, Events())
    assert (file.values.passage_tokens, file.values.passage_overlap_tokens) == (530, 0)
    file.change(passage_tokens=100)
    again = SettingsFile(path, Events())
    assert (again.values.passage_tokens, again.values.passage_overlap_tokens) == (100, 0)
    path.write_text(json.dumps({"passage_characters": 10**30, "passage_overlap": "many"}))
    odd = SettingsFile(path, Events())
    assert (odd.values.passage_tokens, odd.values.passage_overlap_tokens, odd.problem) == (4096, 26, "")
