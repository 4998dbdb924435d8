"""Benchmarks of versions with a tiny student: figures, prompts, refusals, a cancel, the chat's child left alone."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.base.events import DataChanged, Event, JobChanged
from forge_desktop.engine import Sampling
from forge_desktop.students.measure_prompts import Prompts
from forge_desktop.students.measure_watch import NvidiaWatch, PeakMemory, ProcessorEnergy, integrated, watching
from forge_desktop.students.records_measure import Measurement, MeasureProgress, MeasureWish
from tests.students.gate_rooms import GateRoom, adapter, opened, tiny

pytestmark = pytest.mark.shared_child

_QUICK = MeasureWish(prompts=4, prompt_tokens=220, answer_tokens=12, context=512)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GateRoom]:
    """One application with a tiny base and an adapter for it."""
    folder = tmp_path_factory.mktemp("data")
    folder.chmod(0o700)
    base = tiny(tmp_path_factory.mktemp("measure") / "base.gguf")
    with opened(folder, base) as found:
        found.version(adapter(base.with_name("good.gguf"), base, strength=-0.05, seed=5), name="good")
        yield found


def _measured(room: GateRoom, version: str, wish: MeasureWish) -> Measurement:
    found = room.wait(room.forge.students.measures.start(version, wish))
    assert isinstance(found, Measurement)
    return found


def test_a_version_is_measured_with_its_adapter_and_kept(room: GateRoom) -> None:
    version = room.forge.students.registry.version("good")
    seen: list[Event] = []
    stop = room.forge.events.subscribe(seen.append)
    found = _measured(room, "good", _QUICK)
    stop()
    figures: Any = found.figures
    assert (found.version, found.label, found.wish) == (version.uid, version.label, _QUICK)
    assert (found.base_sha256, found.adapter_sha256, found.device) == (room.sha256, version.adapter_sha256, "CPU")
    assert found.build
    for name in ("prompt_speed", "generation_speed", "first_token", "latency"):
        assert 0 < figures[name]["p50"] <= figures[name]["p95"]
    assert figures["prompt_speed"]["p5"] <= figures["prompt_speed"]["p50"]
    assert figures["latency"]["p50"] >= figures["first_token"]["p50"]
    assert [figures[name]["n"] for name in ("prompt_speed", "first_token", "latency")] == [4, 4, 4]
    assert figures["prompt_tokens"]["p50"] == pytest.approx(220, abs=12)
    assert (figures["reused_tokens"], figures["warm_up"], figures["context"]) == (0, 1, 512)
    assert figures["ram_bytes"] > 10 << 20
    assert (figures["vram_bytes"], figures["gpu_layers"]) == (None, 0)
    assert "vram" in figures["skipped"]
    assert (figures["energy_joules"] is None) == (figures["energy"] is None)
    assert found.machine["cpu"]
    assert any(isinstance(event, DataChanged) and "measurements" in event.what for event in seen)
    told = [event.detail for event in seen if isinstance(event, JobChanged) and event.kind == "measure"]
    assert any(isinstance(each, MeasureProgress) and each.total == 4 for each in told)
    measures = room.forge.students.measures
    assert measures.latest("good") == found
    assert measures.all("good")[0] == found
    assert measures.latest(room.base.label) is None or measures.latest(room.base.label) != found
    rows = [row["uid"] for row in room.forge.students.export_rows()["measurements.jsonl"]()]
    assert rows[-1] == found.uid


def test_a_budget_ends_it_with_the_prompts_that_it_has_five_at_least(room: GateRoom) -> None:
    wish = dataclasses.replace(_QUICK, prompts=9, prompt_tokens=64, answer_tokens=8)
    measures = room.forge.students.measures
    jobs = room.forge.jobs
    found = room.wait(jobs.start("train", "measure", lambda ctx: measures.run(ctx, "good", wish, budget=0.0)))
    assert found.wish == dataclasses.replace(wish, prompts=5)
    assert found.figures["latency"]["n"] == 5
    assert measures.latest("good") == found


def test_the_chats_child_is_left_as_it_is(room: GateRoom) -> None:
    engine = room.forge.engine
    room.forge.students.registry.promote(room.base.uid)
    engine.warm()
    before = engine.pid
    _measured(room, "good", dataclasses.replace(_QUICK, prompts=1))
    assert engine.pid == before
    assert engine.state().adapter_sha256 == ""
    loaded = engine.loaded()
    assert loaded is not None
    assert loaded.pid == before
    assert loaded.context != 512  # what was wished for the measurement is wished nowhere else
    engine.eject()
    assert engine.loaded() is None


def test_a_cancel_ends_it_at_once_and_leaves_nothing(room: GateRoom) -> None:
    measures = room.forge.students.measures
    before = len(measures.all())
    began = threading.Event()

    def hear(event: Event) -> None:
        if isinstance(event, JobChanged) and event.kind == "measure" and event.done >= 1:
            began.set()

    stop = room.forge.events.subscribe(hear)
    job = measures.start("good", dataclasses.replace(_QUICK, prompts=10_000))
    assert began.wait(60)
    room.forge.jobs.cancel(job)
    with pytest.raises(Cancelled):
        room.wait(job)
    stop()
    assert len(measures.all()) == before


def test_what_cannot_be_measured_is_refused_in_words(room: GateRoom) -> None:
    measures = room.forge.students.measures

    def why(version: str, **wish: Any) -> str:
        with pytest.raises(ForgeError) as caught:
            room.wait(measures.start(version, dataclasses.replace(_QUICK, **wish)))
        return caught.value.message

    assert "No version is called" in why("v99")
    assert "made for 4,096 tokens of context, not for 8,192" in why("good", context=8192)
    assert "do not fit into a context of 512" in why("good", prompt_tokens=600)
    assert "do not fit into the context of" in why("good", context=0, prompt_tokens=60_000)
    assert "no number of prompts" in why("good", prompts=0)
    version = room.forge.students.registry.version("good")
    adapters = room.forge.students.registry.adapters()
    file = Path(next(one.path for one in adapters if one.sha256 == version.adapter_sha256))
    kept = file.with_suffix(".kept")
    file.rename(kept)
    try:
        assert file.name in why("good") or "missing" in why("good")
    finally:
        kept.rename(file)


def test_prompts_repeat_by_seed_have_the_length_and_begin_each_for_itself(room: GateRoom) -> None:
    engine, sampling = room.forge.engine, Sampling(max_tokens=8)
    engine.warm()

    def made(seed: int) -> list[str]:
        prompts = Prompts(engine, tokens=400, seed=seed, sampling=sampling, template="", check=lambda: None)
        rows = [prompts.make(number) for number in range(6)]
        assert all(390 <= engine.render(row, sampling=sampling).tokens <= 410 for row in rows)
        return [row[0].parts[0].text for row in rows]

    first = made(1)
    assert first == made(1)
    assert set(first).isdisjoint(made(2))
    assert len({text[:40] for text in first}) == 6
    engine.eject()


def test_counters_of_the_processor_wrap_and_may_be_closed(tmp_path: Path) -> None:
    for number, at in (("0", 990_000_000), ("1", 10)):
        zone = tmp_path / f"intel-rapl:{number}"
        zone.mkdir()
        (zone / "energy_uj").write_text(str(at))
        (zone / "max_energy_range_uj").write_text("999999999")
    (tmp_path / "intel-rapl:0:0").mkdir()  # a part of the first, counted in it
    energy = ProcessorEnergy(tmp_path)
    (tmp_path / "intel-rapl:0" / "energy_uj").write_text("5000000")  # it began anew
    (tmp_path / "intel-rapl:1" / "energy_uj").write_text("2000010")
    assert energy.joules() == pytest.approx(15.0 + 2.0)
    assert ProcessorEnergy(tmp_path / "nothing").joules() is None
    assert "no energy counters" in ProcessorEnergy(tmp_path / "nothing").problem
    (tmp_path / "intel-rapl:1" / "energy_uj").write_text("?")
    assert "cannot be read" in ProcessorEnergy(tmp_path).problem


def test_power_is_summed_over_the_time_asked_for() -> None:
    readings = [(1.0, 100.0), (2.0, 200.0), (3.0, 50.0)]
    assert integrated(readings, 0.0, 4.0) == pytest.approx(100 * 2 + 200 + 50)
    assert integrated(readings, 1.5, 2.5) == pytest.approx(50 + 100)
    assert integrated([], 0.0, 4.0) == 0


_SMI = """#!{python}
import sys, time
if any("compute-apps" in each for each in sys.argv):
    print("77, 1200")
elif any("instant" in each for each in sys.argv):
    print('Field "power.draw.instant" is not a valid field to query.')
elif any(each.startswith("-lms") for each in sys.argv):
    while True:
        print("0, 1500, 250.00", flush=True)
        time.sleep(0.01)
else:
    print("0, 300, 60.00")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the pretended program is a script")
def test_the_drivers_program_is_asked_and_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "nvidia-smi"
    script.write_text(_SMI.format(python=sys.executable))
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    watch = NvidiaWatch()
    assert watch.there
    with watching(watch):
        with watch.condition:
            assert watch.condition.wait_for(lambda: len(watch.readings) >= 5, timeout=30)
        assert watch.memory(77) == (1200 << 20, "by the driver, of this process")
        assert watch.memory(78) == (1200 << 20, "by the driver, more than before it was loaded")
    first, last = watch.readings[0].at, watch.readings[-1].at
    assert watch.joules(first, last) == pytest.approx(250 * (last - first))
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    absent = NvidiaWatch()
    with watching(absent):
        assert absent.memory(77) is None
    assert absent.joules(0, 1) is None


def test_the_peak_is_that_of_the_process() -> None:
    code = "x = bytearray(60 << 20); del x; print('done', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "done"
        if sys.platform != "darwin":  # which keeps no peak of another process
            assert PeakMemory(process.pid).bytes() > 60 << 20
        process.communicate("\n")
