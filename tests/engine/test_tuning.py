"""The measurement at a student's first load: made once, remembered, used, and never in the way of an answer."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from forge_desktop.base.errors import Cancelled
from forge_desktop.engine import Engine, Sampling
from tests.data import tiny_gguf
from tests.engine.conftest import EngineMaker, say, spec_of

HELLO = [say("Hello")]
THREADS = min(2, os.cpu_count() or 1)  # no more are used than there are processors


@pytest.fixture
def measuring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORGE_MEASURE", "1")


def facts(engine: Engine) -> dict[str, Any]:
    child = engine._keeper.child
    assert child is not None
    return child.facts


def rows(engine: Any) -> list[sqlite3.Row]:
    found: list[sqlite3.Row] = engine.database.rows("SELECT * FROM engine_timings")
    return found


def test_the_first_load_measures_and_later_ones_use_it(make_engine: EngineMaker, tiny: Path, measuring: None) -> None:
    engine = make_engine(tiny, settings={"threads": 0})
    engine.warm()
    first = facts(engine)
    (row,) = rows(engine)
    assert (row["model_sha256"], row["gpu_layers"]) == (spec_of(tiny).sha256, 0)
    assert (bool(row["flash"]), row["threads"]) == (first["flash"], first["threads"])
    assert row["rate"] > 0
    assert row["prompt_rate"] > 0
    engine.eject()
    engine.warm()
    assert facts(engine)["tuned"] == {}
    assert (facts(engine)["flash"], facts(engine)["threads"]) == (first["flash"], first["threads"])
    assert rows(engine)[0]["measured"] == row["measured"]
    assert engine.generate(HELLO, Sampling(max_tokens=4), lambda _: None).stop in ("length", "end")


def test_what_was_measured_is_shown_with_the_hardware(make_engine: EngineMaker, tiny: Path, measuring: None) -> None:
    engine = make_engine(tiny)
    engine.warm()
    found = engine.hardware()
    (timing,) = found.timings
    assert (timing.model, timing.device, timing.gpu_layers) == ("tiny", found.cpu, 0)
    assert timing.tokens_per_second > 0


def test_threads_that_are_set_stay_as_they_are(make_engine: EngineMaker, tiny: Path, measuring: None) -> None:
    engine = make_engine(tiny, settings={"threads": 2})
    engine.warm()
    assert facts(engine)["threads"] == 2
    assert rows(engine)[0]["threads"] == 0  # nothing was chosen
    engine.settings.change(threads=0)  # type: ignore[attr-defined]
    engine.warm()
    assert facts(engine)["threads"] >= 1


def test_the_fastest_that_is_remembered_is_used(make_engine: EngineMaker, tiny: Path, measuring: None) -> None:
    engine = make_engine(tiny, settings={"threads": 0})
    engine.warm()
    with engine.database.write() as connection:  # type: ignore[attr-defined]
        connection.execute("UPDATE engine_timings SET flash = 1, threads = ?", (THREADS,))
    engine.eject()
    engine.warm()
    assert (facts(engine)["flash"], facts(engine)["threads"]) == (True, THREADS)


def test_measuring_again_renews_what_is_remembered(make_engine: EngineMaker, tiny: Path) -> None:
    engine = make_engine(tiny)
    engine.warm()
    assert rows(engine) == []
    first = engine.measure()
    again = engine.measure()
    assert again.measured > first.measured
    assert [row["measured"] for row in rows(engine)] == [again.measured]
    assert engine.generate(HELLO, Sampling(max_tokens=4), lambda _: None).stop in ("length", "end")


def test_a_measurement_can_be_stopped_and_is_then_not_kept(make_engine: EngineMaker, starter: Path) -> None:
    engine = make_engine(starter)
    engine.warm()

    def stop() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        engine.measure(stop)
    assert rows(engine) == []


def test_a_model_that_was_trained_for_less_than_the_depth_is_measured_too(
    make_engine: EngineMaker, tmp_path: Path, measuring: None
) -> None:
    short = tiny_gguf.write(tmp_path / "short.gguf", context=256, head=64)
    engine = make_engine(short, settings={"kv_type": "q8_0"})
    assert engine.warm().status == "ready"
    assert len(rows(engine)) == 1
