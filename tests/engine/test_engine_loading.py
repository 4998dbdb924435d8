"""Loading: the ladder of safer ways, bad files, and files that are not what they were."""

from __future__ import annotations

import random
import re
import shutil
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from forge_desktop.base.child import RestartBudget
from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import EngineChanged
from forge_desktop.engine import Engine, Sampling, StudentSpec
from tests.data import tiny_gguf
from tests.engine.conftest import EngineMaker, say, spec_of

CRASHING = str(Path(__file__).with_name("crashing_child.py"))
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals")
HELLO = [say("Hello")]


def flags(engine: Engine) -> list[tuple[str, int, int]]:
    rows = engine.database.rows("SELECT model_sha256, extra_bufts, gpu FROM engine_flags")  # type: ignore[attr-defined]
    return [(row[0], row[1], row[2]) for row in rows]


@posix
def test_a_build_that_crashes_is_loaded_more_carefully_and_that_is_remembered(
    make_engine: EngineMaker, tiny: Path, expect_log: Callable[[str], None]
) -> None:
    expect_log(r"crashed \(signal 4\) while loading")
    engine = make_engine(tiny, command=[sys.executable, CRASHING, "repacked"])
    assert engine.warm().status == "ready"
    assert flags(engine) == [(spec_of(tiny).sha256, 0, 0)]
    assert engine.generate(HELLO, Sampling(max_tokens=4), lambda _: None).stop in ("length", "end")


@posix
def test_weights_are_checked_after_a_crash(
    make_engine: EngineMaker, tiny: Path, tmp_path: Path, expect_log: Callable[[str], None]
) -> None:
    expect_log("while loading")
    raw = bytearray(tiny.read_bytes())
    raw[-64:] = b"\xff" * 64  # no numbers, in a corner that the self-test does not reach
    damaged = tmp_path / "damaged.gguf"
    damaged.write_bytes(raw)
    engine = make_engine(damaged, command=[sys.executable, CRASHING, "repacked"])
    with pytest.raises(ForgeError, match=r"damaged.gguf could not be loaded: .*invalid data") as error:
        engine.warm()
    assert error.value.code == "MODEL_CORRUPT"


@posix
def test_what_is_remembered_is_used_at_once(
    make_engine: EngineMaker, tiny: Path, expect_log: Callable[[str], None]
) -> None:
    expect_log("while loading")
    engine = make_engine(tiny, command=[sys.executable, CRASHING, "repacked"])
    engine.warm()
    engine.eject()
    seen: list[object] = []
    engine.events.subscribe(seen.append)  # type: ignore[attr-defined]
    engine.warm()
    assert [event.status for event in seen].count("ready") == 1  # type: ignore[attr-defined]
    assert len(flags(engine)) == 1


@posix
def test_a_file_that_crashes_every_time_stops_the_engine_with_its_name(
    make_engine: EngineMaker, tiny: Path, expect_log: Callable[[str], None]
) -> None:
    expect_log("while loading")
    engine = make_engine(tiny, command=[sys.executable, CRASHING, "always"])
    with pytest.raises(ForgeError, match="cannot be loaded") as refused:
        engine.warm()
    assert f"The student {tiny.name} cannot be loaded" in refused.value.message
    assert refused.value.hint.endswith(f"The file is {tiny}.")
    assert "crashed (signal 4)" in refused.value.message
    assert engine.state().status == "stopped"
    assert flags(engine) == []
    with pytest.raises(ForgeError, match="cannot be loaded"):
        engine.generate(HELLO, Sampling(), lambda _: None)


@posix
def test_a_child_that_is_killed_while_loading_is_tried_again_a_few_times(
    make_engine: EngineMaker, tiny: Path, expect_log: Callable[[str], None]
) -> None:
    expect_log(r"was killed \(signal 9\) while loading")
    engine = make_engine(tiny, command=[sys.executable, CRASHING, "killed"], budget=RestartBudget(deaths=1))
    with pytest.raises(ForgeError, match=r"was killed \(signal 9\) each time"):
        engine.warm()


def test_an_engine_that_cannot_start_says_why(
    make_engine: EngineMaker, tiny: Path, expect_log: Callable[[str], None]
) -> None:
    expect_log("while loading")
    engine = make_engine(tiny, command=[sys.executable, CRASHING, "broken"])
    with pytest.raises(ForgeError, match="The engine could not be started: no engine here"):
        engine.warm()


def test_the_last_news_is_the_state_however_fast_a_load_fails(make_engine: EngineMaker, tiny: Path) -> None:
    def refuse() -> None:
        raise ForgeError("The file has changed.")

    engine = make_engine()
    engine.use(spec_of(tiny), check=refuse)
    failed, seen = threading.Event(), []

    def slow(event: EngineChanged) -> None:
        if event.status == "loading":
            failed.wait(0.2)  # while this thread tells of the loading, the loading fails
        else:
            failed.set()

    engine.events.subscribe(slow)  # type: ignore[attr-defined]
    engine.events.subscribe(seen.append)  # type: ignore[attr-defined]
    with pytest.raises(ForgeError, match="has changed"):
        engine.warm()
    assert [event.status for event in seen] == ["loading", "empty"]


def test_a_program_that_is_not_there_is_worded(make_engine: EngineMaker, tiny: Path) -> None:
    engine = make_engine(tiny, command=["/nowhere/forge-desktop"])
    with pytest.raises(ForgeError, match="could not be started: No such file"):
        engine.warm()


def test_a_missing_file_is_worded_by_llama_cpp_too(make_engine: EngineMaker, tmp_path: Path) -> None:
    engine = make_engine()
    engine.use(StudentSpec("gone", str(tmp_path / "gone.gguf"), "0" * 64))
    with pytest.raises(ForgeError, match="could not be loaded: failed to open") as refused:
        engine.warm()
    assert str(tmp_path) not in refused.value.message
    assert refused.value.hint.count(str(tmp_path)) == 1
    assert engine.state().status == "empty"
    assert "could not be loaded" in engine.state().note


@pytest.mark.parametrize("share", [0.2, 0.5, 0.99])
def test_a_truncated_file_is_worded_and_the_engine_goes_on(
    make_engine: EngineMaker, tiny: Path, tmp_path: Path, share: float
) -> None:
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(tiny.read_bytes()[: int(tiny.stat().st_size * share)])
    engine = make_engine(cut)
    with pytest.raises(ForgeError, match=r"cut.gguf could not be loaded: .+"):
        engine.warm()
    engine.use(spec_of(tiny))
    assert engine.warm().status == "ready"


def test_the_check_is_asked_before_each_load(make_engine: EngineMaker, tiny: Path) -> None:
    engine = make_engine()
    asked: list[int] = []

    def check() -> None:
        asked.append(1)
        if len(asked) > 1:
            raise ForgeError("The file of tiny has changed.", hint="Import it again.")

    engine.use(spec_of(tiny), check=check)
    engine.warm()
    engine.generate(HELLO, Sampling(max_tokens=2), lambda _: None)
    assert len(asked) == 1
    engine.eject()
    with pytest.raises(ForgeError, match="has changed"):
        engine.generate(HELLO, Sampling(max_tokens=2), lambda _: None)


def test_the_context_is_no_larger_than_the_student_was_trained_for(make_engine: EngineMaker, tiny: Path) -> None:
    assert make_engine(tiny, settings={"context_tokens": 100_000}).warm().context == 512


def test_a_context_that_does_not_fit_into_memory_is_refused_with_numbers(
    make_engine: EngineMaker, tmp_path: Path
) -> None:
    vast = tiny_gguf.write(tmp_path / "vast.gguf", context=2**30, head=4096, layers=4)  # 275 GB at this length
    engine = make_engine(vast, settings={"context_tokens": 1_048_576})
    with pytest.raises(
        ForgeError, match=r"A context of 1,048,576 tokens needs about 27\d.\d GB of memory, but .* free"
    ) as refused:
        engine.warm()
    assert refused.value.code == "MEM_PLAN"
    assert re.search(r"A context of [\d,]+ tokens would fit", refused.value.hint)
    engine.settings.change(context_tokens=512)  # type: ignore[attr-defined]
    assert engine.warm().status == "ready"


def test_an_absurd_layer_count_does_not_reach_the_parent(
    make_engine: EngineMaker, tmp_path: Path, expect_log: Callable[[str], None]
) -> None:
    expect_log("while loading")
    absurd = tiny_gguf.write(tmp_path / "absurd.gguf", claimed_layers=600)
    engine = make_engine(absurd)
    with pytest.raises(ForgeError):
        engine.warm()


def test_an_embedding_model_is_refused_when_it_is_loaded(make_engine: EngineMaker, tmp_path: Path) -> None:
    embedder = tiny_gguf.write(tmp_path / "embedder.gguf", values={"llama.attention.causal": False})
    engine = make_engine(embedder)
    with pytest.raises(ForgeError, match="embedding model"):
        engine.warm()


def test_a_name_that_is_not_ascii_is_loaded(make_engine: EngineMaker, tiny: Path, tmp_path: Path) -> None:
    odd = tmp_path / "mañana 学生 🙂.gguf"
    shutil.copyfile(tiny, odd)
    assert make_engine(odd).warm().status == "ready"


@pytest.mark.parametrize("seed", [*range(6), *(pytest.param(seed, marks=pytest.mark.full) for seed in range(6, 200))])
def test_a_damaged_header_ends_in_an_answer_or_a_sentence(
    make_engine: EngineMaker, tiny: Path, tmp_path: Path, expect_log: Callable[[str], None], seed: int
) -> None:
    expect_log("the engine child")
    draw = random.Random(seed)
    raw = bytearray(tiny.read_bytes())
    for _ in range(3):
        raw[draw.randrange(8, 12_000)] ^= 1 << draw.randrange(8)
    damaged = tmp_path / "damaged.gguf"
    damaged.write_bytes(raw)
    engine = make_engine(damaged)
    refused: list[ForgeError] = []
    try:
        engine.generate(HELLO, Sampling(max_tokens=3), lambda _: None)
    except ForgeError as error:
        refused.append(error)
    assert all(error.message.endswith(".") and error.hint for error in refused)
    engine.use(spec_of(tiny))
    assert engine.warm().status == "ready"
