"""Every way in which a model, a prompt or the process was seen to fail, and the test that shows what becomes of it.

| what happens | shown by |
|---|---|
| truncated file; header alone; magic and noise | here, test_engine_loading (truncated), test_gguf_header |
| memory runs out | here |
| random bytes inside the weights | here; students: test_students (sha256) |
| counts in the header that llama.cpp aborts on | here (fuzz), test_engine_loading (layer count, damaged header) |
| context of 1 million tokens | here, within bounded memory; test_engine_loading (refused with numbers) |
| prompt longer than the context; context full in mid-answer | test_engine_answers, here (a very long one) |
| bytes that are no UTF-8 in mid-answer | here, test_stream |
| bad grammar | test_sampling |
| missing, damaged, foreign adapter | test_adapter |
| template that escapes, loops, grows, is broken, is missing | test_templates |
| document with turn markers; lone surrogates | test_engine_answers, test_templates |
| eight times loaded and ejected | here |
| embedding model as a student | test_engine_loading |
| several threads at once; everything at once | test_engine_answers; test_chaos |
| file cut off while it is in use | here |
| SIGKILL, SIGSEGV, SIGABRT, SIGILL, SIGTERM, ggml_abort, exit | test_engine_deaths, test_hostile_child |
| SIGSTOP, a native call that sleeps, holds the interpreter, or spins | test_hostile_child, test_vigil |
| stop that is not obeyed | test_hostile_child, test_engine_deaths |
| native output; frames that are none | test_hostile_child, tests/base/test_child |
| fourth death; load that ends the application | test_crash_loop |
| parent killed | tests/ui/test_orphans, tests/base/test_child, test_engine_deaths |
"""

from __future__ import annotations

import os
import random
import shutil
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import gguf
import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forge_desktop.base.errors import ForgeError
from forge_desktop.engine import Engine, Sampling
from forge_desktop.engine.vigil import Limits
from tests.data import tiny_gguf
from tests.engine.conftest import EngineMaker, say, spec_of

HELLO = [say("Hello")]
FULL = bool(os.environ.get("FORGE_FULL_TESTS"))
# The real child, which may use four gigabytes of address space: what asks for more must fail in it alone.
BOUNDED = ["bash", "-c", 'ulimit -v 4000000; exec "$0" -m forge_desktop --child engine', sys.executable]
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="ulimit and /proc")


def ends_in_words(engine: Engine, path: Path) -> str:
    """Ask the student in this file; the sentence of the refusal, or "" when it answered."""
    engine.use(spec_of(path))
    return in_words(lambda: engine.generate(HELLO, Sampling(max_tokens=3), lambda _: None))


def in_words(do: Callable[[], object]) -> str:
    """Do it; the sentence, complete with hint and code, with which it is refused, or ""."""
    refused: list[ForgeError] = []
    try:
        do()
    except ForgeError as error:
        refused.append(error)
    assert all(error.message.endswith(".") and error.hint and error.code for error in refused)
    return refused[0].message if refused else ""


@pytest.mark.parametrize("kind", ["header alone", "magic and noise", "magic and zeros", "noise"])
def test_what_only_begins_like_a_model(make_engine: EngineMaker, tiny: Path, tmp_path: Path, kind: str) -> None:
    noise = random.Random(1).randbytes(50_000)
    content = {
        "header alone": tiny.read_bytes()[: gguf.GGUFReader(tiny).data_offset],
        "magic and noise": b"GGUF\x03\0\0\0" + noise,
        "magic and zeros": b"GGUF\x03\0\0\0" + bytes(50_000),
        "noise": noise,
    }
    path = tmp_path / "odd.gguf"
    path.write_bytes(content[kind])
    engine = make_engine()
    assert ends_in_words(engine, path).startswith(f"The student {path.name} could not be loaded: ")
    with pytest.raises(ForgeError):
        engine.probe(path)
    assert ends_in_words(engine, tiny) == ""


@pytest.mark.parametrize("seed", range(3))
def test_random_bytes_inside_the_weights_are_told_or_answer_nonsense(
    make_engine: EngineMaker, tiny: Path, tmp_path: Path, seed: int
) -> None:
    raw = bytearray(tiny.read_bytes())
    start = gguf.GGUFReader(tiny).data_offset
    size = (4000, 40_000, len(raw) - start)[seed]
    raw[start : start + size] = random.Random(seed).randbytes(size)
    path = tmp_path / "weights.gguf"
    path.write_bytes(raw)
    engine = make_engine()
    told = ends_in_words(engine, path)
    assert told in ("", "The student computes no usable numbers; its file is probably damaged.")
    assert told or size < 40_000
    assert ends_in_words(engine, tiny) == ""


@linux
@pytest.mark.parametrize("cache", [16, pytest.param(10, marks=pytest.mark.full)])
def test_a_million_tokens_of_context_cost_at_most_the_child(
    make_engine: EngineMaker, tiny: Path, tmp_path: Path, cache: int, expect_log: Callable[[str], None]
) -> None:
    expect_log("the engine child")
    vast = tiny_gguf.write(
        tmp_path / "vast.gguf", context=2**30, head=8 * cache
    )  # 2.7 or 4.3 GB of cache, and more to compute
    engine = make_engine(settings={"context_tokens": 1_048_576}, command=BOUNDED)
    assert ends_in_words(engine, vast)
    engine.settings.change(context_tokens=512)  # type: ignore[attr-defined]
    assert ends_in_words(engine, vast) == ""


def test_a_very_long_text_is_too_long_and_not_the_templates_fault(make_engine: EngineMaker, tiny: Path) -> None:
    engine = make_engine(tiny, limits=Limits(template=1.0))
    engine.warm()
    child = engine.pid
    with pytest.raises(ForgeError, match=r"The prompt has [\d,]+ tokens") as error:
        engine.generate([say(" " * 300_000)], Sampling(), lambda _: None)
    assert error.value.code == "CTX_FULL"
    assert engine.pid == child


def test_bytes_that_are_no_text_in_the_middle_hold_nothing_up(make_engine: EngineMaker, tiny: Path) -> None:
    pieces: list[str] = []
    engine = make_engine(tiny)
    answer = engine.generate(HELLO, Sampling(max_tokens=400, temperature=1.5), pieces.append)
    assert answer.answer_tokens == 400
    assert "\ufffd" in pieces[0] + pieces[1]
    assert len(pieces) > 1  # it came while it was written
    assert answer.text == "".join(pieces)


@linux
def test_a_file_that_is_cut_off_while_it_is_in_use(
    make_engine: EngineMaker, tiny: Path, tmp_path: Path, expect_log: Callable[[str], None]
) -> None:
    expect_log("the engine child")
    path = tmp_path / "cut.gguf"
    shutil.copyfile(tiny, path)
    engine = make_engine(path)
    answer = engine.generate(HELLO, Sampling(max_tokens=400), lambda _: os.truncate(path, 100))
    assert (answer.stop, answer.text != "") == ("died", True)
    assert "crashed (signal 7)" in answer.problem
    assert ends_in_words(engine, path).startswith(f"The student {path.name} could not be loaded")
    assert ends_in_words(engine, tiny) == ""


@linux
def test_loading_and_ejecting_leaves_nothing_behind(make_engine: EngineMaker, tiny: Path) -> None:
    engine = make_engine(tiny)
    process = psutil.Process()
    found: list[tuple[int, int]] = []
    memory: list[int] = []
    for _ in range(10):
        engine.generate(HELLO, Sampling(max_tokens=2), lambda _: None)
        engine.eject()
        found.append((threading.active_count(), process.num_fds()))
        memory.append(process.memory_info().rss)
    assert found[1:] == [found[1]] * 9
    assert memory[-1] - memory[1] < 4_000_000
    assert process.children() == []


MEMORY = Path("/sys/fs/cgroup/memory")  # cgroups of the first version: there a test can be given little memory
LITTLE = 'echo $$ > "$1/tasks"; exec "$0" -m forge_desktop --child engine'


@pytest.fixture
def little_memory() -> Iterator[Path]:
    """A group of processes that may use 48 MB together."""
    group = MEMORY / f"forge-{os.getpid()}"
    try:
        group.mkdir()
        (group / "memory.limit_in_bytes").write_text("48M")
    except OSError:
        pytest.skip("no memory group can be made here")
    yield group
    group.rmdir()


@linux
def test_the_system_ends_the_child_when_memory_runs_out(
    little_memory: Path, make_engine: EngineMaker, starter: Path, tiny: Path, expect_log: Callable[[str], None]
) -> None:
    expect_log("the engine child was ended by the system, because memory ran out")
    command = ["bash", "-c", LITTLE, sys.executable, str(little_memory)]
    engine = make_engine(command=command)
    sentence = (
        f"The student {starter.name} was not loaded: its process was ended by the system, because memory ran out."
    )
    assert ends_in_words(engine, starter) == sentence
    assert ends_in_words(engine, tiny) == ""


NUMBERS = [0, 1, 2, 3, 7, 255, 65_536, 2**31 - 1, 2**31, 2**32 - 1]


def _number_places(path: Path) -> list[int]:
    """Where the header's 32-bit numbers stand."""
    fields = gguf.GGUFReader(path).fields.values()
    return [
        field.offset + 8 + len(field.name) + 4
        for field in fields
        if field.types and field.types[0] == gguf.GGUFValueType.UINT32 and not field.name.startswith("GGUF.")
    ]


@linux
@pytest.mark.timeout(1800)
def test_whatever_a_header_says_it_ends_in_words_or_an_answer(
    make_engine: EngineMaker, tiny: Path, tmp_path: Path, expect_log: Callable[[str], None]
) -> None:
    """The child is the real one; it may die, and must not hang; the parent says a sentence."""
    expect_log("the engine child")
    engine = make_engine(command=BOUNDED, limits=Limits(load=20, silence=10, step=10), settings={"context_tokens": 512})
    raw, path = tiny.read_bytes(), tmp_path / "fuzzed.gguf"
    header = gguf.GGUFReader(tiny).data_offset
    words = st.sampled_from([struct.pack("<I", number) for number in NUMBERS])
    number = st.tuples(st.sampled_from(_number_places(tiny)), words)
    noise = st.tuples(st.integers(4, header), st.binary(min_size=1, max_size=9))

    @settings(max_examples=400 if FULL else 8)
    @given(st.lists(number | noise, min_size=1, max_size=3))
    def load(changes: list[tuple[int, bytes]]) -> None:
        changed = bytearray(raw)
        for place, content in changes:
            changed[place : place + len(content)] = content
        path.write_bytes(changed)
        for sentence in (in_words(lambda: engine.plan(spec_of(path))), ends_in_words(engine, path)):
            assert "did nothing" not in sentence
            assert "no sign of life" not in sentence

    load()
    assert ends_in_words(engine, tiny) == ""
