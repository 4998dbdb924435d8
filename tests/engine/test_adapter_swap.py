"""Changing the adapter of a living child: nothing of the old one comes back, nothing is loaded anew, bad ones do no
harm.
"""

from __future__ import annotations

import dataclasses
import os
import random
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.engine import AdapterSpec, Continuation, Engine, Generation, Sampling, StudentSpec
from tests.data import tiny_adapter, tiny_gguf
from tests.engine.conftest import EngineMaker, say, spec_of
from tests.engine.test_kv_files import Place, place  # noqa: F401 - the fixture

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals")
SAMPLING = Sampling(max_tokens=24, lookup=False)
QUESTION = [say("Rivers carry water to the sea. " * 5 + "What do rivers carry?")]
OTHER = [say("Something else altogether, which is long enough to be kept as well. " * 2)]


@pytest.fixture(scope="module")
def student(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_gguf.write(tmp_path_factory.mktemp("swap") / "tiny.gguf", context=2048)


@pytest.fixture(scope="module")
def adapters(tmp_path_factory: pytest.TempPathFactory) -> list[AdapterSpec]:
    folder = tmp_path_factory.mktemp("adapters")
    return [adapter_of(tiny_adapter.write(folder / f"{seed}.gguf", seed=seed)) for seed in range(1, 7)]


def adapter_of(path: Path, scale: float = 1.0) -> AdapterSpec:
    return AdapterSpec(str(path), spec_of(path).sha256, scale)


def version(student: Path, adapter: AdapterSpec | None) -> StudentSpec:
    return dataclasses.replace(spec_of(student), adapter=adapter, label=f"v {adapter is not None}")


def ask(engine: Engine, conversation: str = "", messages: list = QUESTION) -> Generation:
    return engine.generate(messages, SAMPLING, lambda _: None, conversation=conversation)


def told(answer: Generation) -> tuple[str, tuple[int, ...], int, str, str, float]:
    return (
        answer.text, answer.tokens, answer.answer_tokens, answer.prompt_sha256, answer.adapter_sha256, answer.scale,
    )  # fmt: skip


def test_no_answer_is_another_adapters(make_engine: EngineMaker, student: Path, adapters: list[AdapterSpec]) -> None:
    first, second = adapters[:2]
    ways = [None, first, second, dataclasses.replace(first, scale=0.5)]
    alone = {}
    for way in ways:  # each in a child that never knew another
        engine = make_engine()
        engine.use(version(student, way))
        alone[way] = told(ask(engine)), engine.score([Continuation(tuple(QUESTION), "Water and stones.")]).items
        engine.close()
    assert len({answer[:2] for answer, _ in alone.values()}) == len(ways)
    engine = make_engine(student)
    engine.warm()
    pid, draw = engine.pid, random.Random(1)
    seen: set[tuple[AdapterSpec | None, str]] = set()
    for _ in range(40):
        way, conversation = draw.choice(ways), draw.choice(["", "one", "two"])
        engine.use(version(student, way))
        answer = ask(engine, conversation)
        assert told(answer) == alone[way][0]
        assert answer.label == engine.state().label == f"v {way is not None}"
        if (way, conversation) not in seen and conversation:
            assert answer.reused_tokens < answer.prompt_tokens
        seen.add((way, conversation))
        assert engine.score([Continuation(tuple(QUESTION), "Water and stones.")]).items == alone[way][1]
    assert engine.pid == pid


def test_a_conversation_is_taken_up_where_its_adapter_left_it(
    make_engine: EngineMaker, student: Path, adapters: list[AdapterSpec]
) -> None:
    engine = make_engine()
    engine.use(version(student, adapters[0]))
    before = ask(engine, "c")
    engine.use(version(student, None))
    assert ask(engine, "c").reused_tokens == 0
    engine.use(version(student, adapters[0]))
    again = ask(engine, "c")
    assert (told(again), again.reused_tokens) == (told(before), before.prompt_tokens)


def test_kept_files_belong_to_their_adapter(place: Place, student: Path, adapters: list[AdapterSpec]) -> None:  # noqa: F811
    first, half = adapters[0], dataclasses.replace(adapters[0], scale=0.5)
    engine = place.engine(student)
    answers = {}
    for way in (first, None):
        engine.use(version(student, way))
        answers[way] = told(ask(engine, "c"))
    engine.use(version(student, half))  # while the others' streams are in memory
    ask(engine, "d", OTHER)
    engine.eject()
    assert len(place.files()) == place.rows() == 3
    for way, restored in ((first, True), (half, False), (None, True), (adapters[1], False)):
        engine = place.engine(student)
        engine.use(version(student, way))
        answer = ask(engine, "c")
        assert (answer.restored_tokens > 0) is restored
        assert told(answer) == answers.get(way, told(answer))


def test_what_leaves_its_stream_while_another_adapter_is_on_is_kept_as_its_own(
    place: Place,  # noqa: F811
    student: Path,
    adapters: list[AdapterSpec],
) -> None:
    engine = place.engine(student)
    engine.use(version(student, adapters[0]))
    before = ask(engine, "c")
    for number, way in enumerate([None, adapters[1]] * 6):
        engine.use(version(student, way))
        ask(engine, f"other {number}", OTHER)
    engine.use(version(student, adapters[0]))
    again = ask(engine, "c")
    assert told(again) == told(before)
    assert again.restored_tokens > 0


def _bad(tiny: Path, folder: Path) -> dict[str, Path]:
    good = tiny_adapter.write(folder / "good.gguf")
    raw = good.read_bytes()
    (folder / "cut.gguf").write_bytes(raw[:-8])
    (folder / "short.gguf").write_bytes(raw[:90])
    (folder / "noise.gguf").write_bytes(b"GGUF" + random.Random(1).randbytes(4000))
    (folder / "empty.gguf").write_bytes(b"")
    shape = {"attn_q": (48, 32)}
    return {
        "cannot be read": folder / "gone.gguf",
        "not complete": folder / "cut.gguf",
        "in the middle of its header": folder / "short.gguf",
        "it is GGUF version": folder / "noise.gguf",
        "it is empty": folder / "empty.gguf",
        "no numbers": tiny_adapter.write(folder / "nan.gguf", spoil=float("nan")),
        "holds values": tiny_adapter.write(folder / "inf.gguf", spoil=float("-inf")),
        "its alpha": tiny_adapter.write(folder / "alpha.gguf", alpha=float("nan")),
        "model arch": tiny_adapter.write(folder / "other.gguf", architecture="qwen2"),
        "incorrect shape": tiny_adapter.write(folder / "wide.gguf", shapes=shape),
        "does not exist|not found|missing": tiny_adapter.write(folder / "deep.gguf", layers=5),
        "expect": tiny_adapter.write(folder / "model.gguf", kind="model"),
        "": tiny,
    }


def test_a_bad_adapter_is_refused_in_words_and_the_child_goes_on(
    make_engine: EngineMaker, student: Path, tmp_path: Path, adapters: list[AdapterSpec]
) -> None:
    engine = make_engine()
    engine.use(version(student, adapters[0]))
    before = ask(engine, "c")
    pid = engine.pid
    for words, path in _bad(student, tmp_path).items():
        bad = AdapterSpec(str(path), spec_of(path).sha256 if path.exists() else "0" * 64)
        engine.use(version(student, bad))
        for attempt in (engine.warm, lambda: ask(engine)):
            with pytest.raises(ForgeError, match=rf"The adapter {path.name} could not be loaded: .*({words})") as error:
                attempt()
            assert (error.value.code, str(tmp_path) in error.value.message) == ("ADAPTER_BAD", False)
        assert (engine.state().status, engine.state().note) == ("empty", error.value.message)
        with pytest.raises(ForgeError, match=f"The adapter {path.name}"):
            engine.score([Continuation(tuple(QUESTION), "Water.")], adapter=bad)
        engine.use(version(student, adapters[0]))
        assert engine.state().status == "ready"
        assert told(ask(engine, "c")) == told(before)
    engine.use(version(student, dataclasses.replace(adapters[0], scale=float("nan"))))
    with pytest.raises(ForgeError, match="its scale is no number"):
        engine.warm()
    assert engine.pid == pid


def test_a_file_that_changed_is_found_before_it_is_used(
    make_engine: EngineMaker, student: Path, tmp_path: Path, adapters: list[AdapterSpec]
) -> None:
    path = tiny_adapter.write(tmp_path / "mine.gguf", seed=7)
    mine = adapter_of(path)
    tiny_adapter.write(path, seed=8)
    engine = make_engine(student)
    before = told(ask(engine))
    engine.use(version(student, mine))
    with pytest.raises(ForgeError, match=r"mine.gguf could not be loaded: it is not the file that it was"):
        engine.warm()

    def check() -> None:
        raise ForgeError("The base has changed.")

    engine.use(version(student, adapters[0]), check=check)
    with pytest.raises(ForgeError, match="The base has changed"):
        ask(engine)
    engine.use(spec_of(student))
    assert told(ask(engine)) == before


@posix
def test_a_killed_child_comes_back_with_its_adapter(
    make_engine: EngineMaker, student: Path, adapters: list[AdapterSpec], expect_log: Callable[[str], None]
) -> None:
    expect_log("the engine child")
    engine = make_engine()
    engine.use(version(student, adapters[0]))
    before = ask(engine)
    pid = engine.pid
    assert pid is not None
    long = Sampling(max_tokens=1500, lookup=False)
    assert engine.generate(QUESTION, long, lambda _: os.kill(pid, signal.SIGKILL)).stop == "died"
    assert told(ask(engine)) == told(before)
    assert engine.pid not in (None, pid)
    engine.eject()
    assert told(ask(engine)) == told(before)


def test_a_bad_adapter_at_the_first_load_leaves_a_child_for_the_next(
    make_engine: EngineMaker, student: Path, tmp_path: Path
) -> None:
    engine = make_engine()
    bad = tiny_adapter.write(tmp_path / "nan.gguf", spoil=float("nan"))
    engine.use(version(student, adapter_of(bad)))
    with pytest.raises(ForgeError, match="holds values that are no numbers"):
        engine.warm()
    pid = engine.pid
    assert pid is not None
    engine.use(spec_of(student))
    assert (ask(engine).adapter_sha256, engine.pid) == ("", pid)


def test_an_answer_that_is_being_written_ends_when_another_version_is_used(
    make_engine: EngineMaker, starter: Path, tmp_path: Path
) -> None:
    engine = make_engine(starter)
    shapes = {"attn_q": (576, 576)}
    other = adapter_of(tiny_adapter.write(tmp_path / "starter.gguf", shapes=shapes, layers=30, strength=0.05))
    writing, paused = threading.Event(), threading.Event()
    found: list[Generation] = []

    def work(background: bool) -> None:
        def note(_: str) -> None:
            writing.set()

        long = Sampling(max_tokens=400, lookup=False)
        found.append(engine.generate([say("Tell a long story.")], long, note, background=background))
        paused.set()

    for background in (False, True):
        writing.clear()
        thread = threading.Thread(target=work, args=(background,))
        thread.start()
        assert writing.wait(60)
        engine.use(version(starter, None if background else other))
        answer = engine.generate([say("Say hello.")], SAMPLING, lambda _: None)
        assert answer.adapter_sha256 == ("" if background else other.sha256)
        thread.join()
        assert (found[-1].stop, found[-1].adapter_sha256) == ("cancelled", other.sha256 if background else "")
        assert found[-1].text
    fresh = make_engine(starter).generate([say("Say hello.")], SAMPLING, lambda _: None)
    assert answer.text == fresh.text


def test_more_adapters_than_are_kept_loaded(
    make_engine: EngineMaker, student: Path, adapters: list[AdapterSpec]
) -> None:
    engine = make_engine()
    items = [Continuation(tuple(QUESTION), "Water and stones.")]
    first = {}
    for number, adapter in enumerate([*adapters, *adapters[::-1]]):
        engine.use(version(student, adapter))
        answer = told(ask(engine)), engine.score(items, adapter=adapters[number % 6]).items
        assert first.setdefault(adapter, answer[0]) == answer[0]
    assert len(set(first.values())) == len(adapters)


@pytest.mark.parametrize("count", [40, pytest.param(2000, marks=pytest.mark.full)])
def test_a_damaged_file_ends_in_a_sentence_or_an_answer(
    make_engine: EngineMaker, student: Path, tmp_path: Path, count: int
) -> None:
    engine = make_engine(student)
    before = told(ask(engine))
    pid, draw = engine.pid, random.Random(3)
    refused: list[ForgeError] = []
    raw = tiny_adapter.write(tmp_path / "good.gguf").read_bytes()
    for number in range(count):
        damaged = bytearray(raw)
        for _ in range(draw.randint(1, 4)):
            damaged[draw.randrange(4, 1800)] ^= 1 << draw.randrange(8)
        path = tmp_path / f"{number}.gguf"
        path.write_bytes(damaged)
        engine.use(version(student, adapter_of(path)))
        try:
            engine.warm()
        except ForgeError as error:
            refused.append(error)
        path.unlink()
    assert {error.code for error in refused} == {"ADAPTER_BAD"}
    engine.use(spec_of(student))
    assert told(ask(engine)) == before
    assert engine.pid == pid
