"""Conversations kept in files: taken up after a restart without reading them again, and only what is ours."""

from __future__ import annotations

import dataclasses
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from forge_desktop.base.events import Events
from forge_desktop.base.settings import SettingsFile
from forge_desktop.engine import Engine, Generation, PromptMessage, PromptPart, Sampling
from forge_desktop.engine.store_kv import KvStore
from forge_desktop.storage import Database
from tests.data import tiny_gguf
from tests.engine.conftest import say, spec_of

SAMPLING = Sampling(max_tokens=12)
QUESTION = say("Rivers carry water to the sea. " * 12 + "What do rivers carry?")


class Place:
    """A data directory in which engines are opened one after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.kv = folder, folder / "kv"
        self._open: tuple[Engine, Database] | None = None

    def engine(self, student: Path, *, idle: float = 60.0, **settings: Any) -> Engine:
        """A new engine on the same data; the one before it is closed."""
        self.close()
        events = Events()
        file = SettingsFile(self.folder / "settings.json", events)
        file.change(threads=1, **settings)
        database = Database(self.folder / "forge.db")
        engine = Engine(database, events, file, idle=idle)
        engine.use(spec_of(student))
        self.settings, self.database = file, database
        self._open = (engine, database)
        return engine

    def close(self) -> None:
        if self._open is not None:
            engine, database = self._open
            engine.close()
            database.close()
            self._open = None

    def files(self) -> list[Path]:
        return sorted(self.kv.iterdir()) if self.kv.exists() else []

    def rows(self) -> int:
        return int(self.database.value("SELECT count(*) FROM engine_kv_files"))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="module")
def student(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_gguf.write(tmp_path_factory.mktemp("kv") / "tiny.gguf", context=2048)


def ask(engine: Engine, messages: list[PromptMessage], conversation: str = "c") -> Generation:
    return engine.generate(messages, SAMPLING, lambda _: None, conversation=conversation)


def follow(first: Generation) -> list[PromptMessage]:
    said = PromptMessage("assistant", (PromptPart(first.text, tokens=first.tokens),))
    return [QUESTION, said, say("And then?")]


def told(answer: Generation) -> tuple[str, int, str]:
    return answer.text, answer.answer_tokens, answer.stop


def test_a_conversation_goes_on_after_a_restart(place: Place, starter: Path) -> None:
    engine = place.engine(starter)
    first = ask(engine, [QUESTION])
    second = ask(engine, follow(first))
    engine.eject()
    [file] = place.files()
    if sys.platform != "win32":
        assert (stat.S_IMODE(file.stat().st_mode), stat.S_IMODE(place.kv.stat().st_mode)) == (0o600, 0o700)
    again = place.engine(starter)
    restored = ask(again, follow(first))
    assert told(restored) == told(second)
    assert restored.restored_tokens == restored.reused_tokens >= first.prompt_tokens
    other = [*follow(first)[:2], say("Tell it differently.")]
    assert ask(again, other).restored_tokens == 0  # it is in memory now


def test_what_was_saved_continues_the_same(place: Place, student: Path) -> None:
    first = ask(place.engine(student, kv_files=False), [QUESTION])
    assert place._open is not None
    in_memory = ask(place._open[0], follow(first))
    ask(place.engine(student, kv_files=True), [QUESTION])
    restored = ask(place.engine(student), follow(first))
    assert restored.restored_tokens >= first.prompt_tokens
    assert told(restored) == told(in_memory)


def damage_end(place: Place, file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-7] ^= 1
    file.write_bytes(content)


def cut(place: Place, file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])


def empty(place: Place, file: Path) -> None:
    file.write_bytes(b"")


def remove(place: Place, file: Path) -> None:
    file.unlink()


def foreign_bytes(place: Place, file: Path) -> None:
    file.write_bytes(b"ggsq" * 1000)


@pytest.mark.parametrize("harm", [damage_end, cut, empty, remove, foreign_bytes])
def test_a_file_that_is_not_ours_any_more_is_not_read(
    place: Place, student: Path, harm: Callable[[Place, Path], None]
) -> None:
    first = ask(place.engine(student), [QUESTION])
    place.close()
    [file] = place.files()
    harm(place, file)
    engine = place.engine(student)
    again = ask(engine, [QUESTION])
    assert (again.restored_tokens, again.reused_tokens) == (0, 0)
    assert told(again) == told(first)
    assert place.files() == []
    assert place.rows() == 0
    assert "crash" not in engine.state().note


def test_another_file_with_a_right_hash_of_its_own_is_not_taken_for_this_one(place: Place, student: Path) -> None:
    engine = place.engine(student)
    ask(engine, [QUESTION], "one")
    ask(engine, [say("Something else altogether, long enough to be kept. " * 4)], "two")
    engine.eject()
    one, two = place.files()
    keep, other = one.read_bytes(), two.read_bytes()
    one.write_bytes(other)
    two.write_bytes(keep)
    again = place.engine(student)
    assert ask(again, [QUESTION], "one").restored_tokens == 0
    assert ask(again, [QUESTION], "two").restored_tokens == 0


def test_a_file_of_other_settings_is_not_read(place: Place, student: Path) -> None:
    ask(place.engine(student), [QUESTION])
    assert ask(place.engine(student, context_tokens=1024), [QUESTION]).restored_tokens == 0
    assert ask(place.engine(student, context_tokens=4096), [QUESTION]).restored_tokens > 0


def test_a_file_of_another_student_is_not_read(place: Place, student: Path, tmp_path: Path) -> None:
    ask(place.engine(student), [QUESTION])
    twin = tiny_gguf.write(tmp_path / "twin.gguf", context=2048, values={"general.description": "another"})
    assert ask(place.engine(twin), [QUESTION]).restored_tokens == 0


def test_the_oldest_files_go_first_when_there_are_too_many(place: Place, student: Path) -> None:
    place.engine(student)
    store = KvStore(place.database)
    gone = [store.put(kept_frame(name, megabytes=6), most=16 * 1024 * 1024) for name in "abcd"]
    assert gone == [[], [], ["a.kv"], ["b.kv"]]
    assert store.all() == ["c.kv", "d.kv"]
    assert store.put(kept_frame("e", megabytes=20), most=16 * 1024 * 1024) == ["c.kv", "d.kv", "e.kv"]


def kept_frame(name: str, *, megabytes: int) -> dict[str, Any]:
    size = megabytes * 1024 * 1024
    return {"key": "k", "conversation": name, "file": f"{name}.kv", "sha256": name, "bytes": size, "tokens": 1}


def test_switching_it_off_removes_everything(place: Place, student: Path) -> None:
    engine = place.engine(student)
    ask(engine, [QUESTION])
    engine.eject()
    assert len(place.files()) == 1
    place.settings.change(kv_files=False)
    assert (place.files(), place.rows()) == ([], 0)
    ask(engine, [QUESTION])
    engine.eject()
    assert place.files() == []


def test_a_forgotten_conversation_leaves_nothing(place: Place, student: Path) -> None:
    engine = place.engine(student)
    ask(engine, [QUESTION], "gone")
    ask(engine, [QUESTION], "stays")
    engine.eject()
    assert len(place.files()) == 2
    again = place.engine(student)
    ask(again, follow(ask(again, [QUESTION], "gone")), "gone")
    again.forget(["gone"])
    again.eject()
    assert place.rows() == len(place.files()) == 1
    assert ask(again, [QUESTION], "gone").reused_tokens == 0


def test_conversations_are_saved_when_nothing_happens(place: Place, student: Path) -> None:
    engine = place.engine(student, idle=0.05)
    ask(engine, [QUESTION])
    place._open[0]._talk._idle._timer.join()  # type: ignore[index, union-attr]
    assert place.rows() == len(place.files()) == 1


def test_files_nobody_knows_are_tidied_away(place: Place, student: Path) -> None:
    ask(place.engine(student), [QUESTION])
    place.close()
    (place.kv / "left.kv").write_bytes(b"x")
    (place.kv / ".half.part").write_bytes(b"x")
    place.engine(student)
    assert len(place.files()) == 1


def test_a_sliding_window_is_restored_whole(place: Place, tmp_path: Path) -> None:
    sliding = tiny_gguf.sliding(tmp_path / "sliding.gguf")
    question = [say("The wind blows over the hills and the sea. " * 20)]
    engine = place.engine(sliding, context_tokens=16_384)
    first = ask(engine, question)
    second = [*question, say(first.text, role="assistant"), say("More?")]
    live = ask(engine, second)
    restored = ask(place.engine(sliding), second)
    assert told(restored) == told(live)


def test_a_recurrent_student_is_restored_where_it_goes_on(place: Place, tmp_path: Path) -> None:
    recurrent = tiny_gguf.recurrent(tmp_path / "recurrent.gguf")
    first = ask(place.engine(recurrent), [QUESTION])
    fresh = ask(place.engine(recurrent, kv_files=False), follow(first), "fresh")
    place.settings.change(kv_files=True)
    again = place.engine(recurrent)
    assert told(ask(again, [QUESTION])) == told(first)
    assert told(ask(again, follow(first))) == told(fresh)


def test_sampling_is_not_part_of_what_is_kept(place: Place, student: Path) -> None:
    ask(place.engine(student), [QUESTION])
    hot = dataclasses.replace(SAMPLING, temperature=1.0)
    engine = place.engine(student)
    assert engine.generate([QUESTION], hot, lambda _: None, conversation="c").restored_tokens > 0
