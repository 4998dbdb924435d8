"""An adapter's card from a real gate and a real training run; the reasons with which it was promoted stand on it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from forge_desktop.cards.fields import BY_KEY
from forge_desktop.cards.filling import shipped
from forge_desktop.cards.footing import stale
from forge_desktop.cards.records import Card, Filled, Value
from forge_desktop.distill.records import Dataset
from forge_desktop.engine import machine_facts
from forge_desktop.forge import Forge
from forge_desktop.students.records_training import TrainRun, TrainSource
from tests.distill.pair_room import pair
from tests.students.gate_rooms import QUICK, GateRoom, adapter, facts, tiny
from tests.students.gate_rooms import opened as gates_opened
from tests.students.training_rooms import BASE, WISH
from tests.students.training_rooms import opened as training_opened

pytestmark = pytest.mark.shared_child


def fill(forge: Forge, name: str) -> tuple[Card, dict[str, str]]:
    found = forge.jobs.wait(forge.cards.fill(name), timeout=60)
    assert isinstance(found, Filled)
    return forge.cards.get(name), dict(found.skipped)


def value(card: Card, field: str) -> Value:
    found = card.fields[field].measured
    assert found is not None, field
    return found


@pytest.fixture(scope="module")
def gated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GateRoom]:
    """An application in which an adapter went through a gate and failed it."""
    folder = tmp_path_factory.mktemp("gate")
    base = tiny(folder / "base.gguf")
    data_dir = tmp_path_factory.mktemp("data")
    data_dir.chmod(0o700)
    with gates_opened(data_dir, base) as room:
        room.suite(folder, "facts", facts(12))
        version = room.version(adapter(folder / "bad.gguf", base, strength=0.6), name="worse")
        wish = dataclasses.replace(QUICK, suites=("facts",), primary="nll", baseline=room.base.uid, max_tokens=4)
        room.gate(version, wish)
        yield room


def test_a_gate_becomes_rows_with_intervals_its_terms_and_cautions(gated: GateRoom) -> None:
    report = gated.forge.students.gates.all()[0]
    card, why = fill(gated.forge, report.label)
    rows: Any = value(card, "evaluation").data
    nll = next(row for row in rows if row["metric"] == "nll")
    metric = next(one for one in report.metrics if one.name == "nll")
    told = (nll["value"], nll["baseline"], nll["difference"], nll["low"], nll["high"])
    assert told == pytest.approx(
        (metric.candidate, metric.baseline, metric.difference, metric.low, metric.high), rel=1e-11
    )
    assert all(len(str(figure).strip("-").replace(".", "").lstrip("0")) <= 12 for figure in told)
    assert (nll["n"], nll["unit"], nll["less_is_better"], nll["source"]) == (12, "nats/token", True, "gate 1")
    assert nll["revision"] == report.suites[0].sha256
    assert len(nll["date"]) == 10
    terms: Any = value(card, "gate").data
    assert (terms["verdict"], terms["primary metric"], terms["items asked"]) == (report.verdict, "nll", 12)
    assert value(card, "evaluation").detail["n"] == 12  # items, not rows
    assert "core" in str(value(card, "evaluation").detail["machine"])
    text = gated.forge.cards.markdown(report.label)
    assert text.count(", n = 12, ") == 2  # of the results and of the gate, with the computer behind it
    cautions: Any = value(card, "cautions").data
    assert set(report.card) <= set(cautions)
    assert report.reasons[0] in cautions
    assert "decontamination" in card.fields
    assert "evaluation" not in why


def test_the_base_tells_how_it_did_as_the_baseline(gated: GateRoom) -> None:
    card, _ = fill(gated.forge, gated.base.label)
    report = gated.forge.students.gates.all()[0]
    rows: Any = value(card, "evaluation").data
    nll = next(row for row in rows if row["metric"] == "nll")
    assert nll["value"] == pytest.approx(next(one.baseline for one in report.metrics if one.name == "nll"), rel=1e-11)
    assert "low" not in nll
    assert "gate" not in card.fields


def test_the_typed_reason_of_a_promotion_stands_on_the_card(gated: GateRoom) -> None:
    label = gated.forge.students.gates.all()[0].label
    gated.forge.students.registry.promote(gated.base.label, who="a test", why="The base answers first.")
    before, _ = fill(gated.forge, label)
    reason = "It is only tried out on this computer for an hour."
    gated.forge.students.registry.promote(label, who="a test", override=reason)
    card = gated.forge.cards.get(label)
    now = gated.forge.cards.footing.of(card.kind, card.subject)
    assert "The list of promotions without a pass was empty when" in stale(value(before, "cautions"), now)
    cautions: Any = value(card, "cautions").data
    assert cautions[-1].endswith(f"with this reason: {reason}")
    assert value(card, "cautions").stale == ""
    assert "a test" not in str(value(card, "cautions"))


def test_a_newer_gate_makes_the_last_ones_figures_stale(gated: GateRoom) -> None:
    report = gated.forge.students.gates.all()[0]
    card, _ = fill(gated.forge, report.label)
    version = gated.forge.students.registry.version(report.version)
    gated.gate(version, dataclasses.replace(report.wish, primary="f1"))
    now = gated.forge.cards.footing.of("adapter", version.uid)
    assert stale(value(card, "evaluation"), now).startswith("The newest gate was gate 1 (failed) when")
    card, _ = fill(gated.forge, report.label)
    rows: Any = value(card, "evaluation").data
    assert {row["source"] for row in rows} == {"gate 2"}
    assert not [field for field, state in card.fields.items() if state.measured and state.measured.stale]


def test_a_gate_before_a_crash_is_on_the_cards_of_both_at_the_next_opening(gated: GateRoom) -> None:
    students, cards = gated.forge.students, gated.forge.cards
    report = students.gates.all()[0]
    cards.close()  # nobody tells them
    gated.gate(students.registry.version(report.version), report.wish)
    newest = f"gate {students.gates.all()[0].number}"

    def told(label: str) -> set[str]:
        rows: Any = value(cards.get(label), "evaluation").data
        return {row["source"] for row in rows}

    assert newest not in told(report.label) | told(gated.base.label)
    cards._refreshing.at_opening()
    assert told(report.label) == told(gated.base.label) == {newest}


def test_a_training_run_tells_data_teachers_settings_time_and_memory(tmp_path: Path) -> None:
    with training_opened(tmp_path / "data") as forge:
        frozen = taught(forge)
        wish = dataclasses.replace(WISH, epochs=1)
        job = forge.students.training.start(TrainSource(dataset=frozen.uid), BASE, wish)
        run = forge.jobs.wait(job, timeout=120)
        assert isinstance(run, TrainRun)
        card, why = fill(forge, forge.students.registry.version(run.version).label)
        data: Any = value(card, "training_data").data
        assert data[0]["sha256"] == frozen.sha256
        assert (data[0]["rows"], data[0]["train_rows"] + data[0]["validation_rows"]) == (6, 6)
        teachers: Any = value(card, "teachers").data
        assert [(one["name"], one["pairs"], one["cost"], one["may_train"], one["share"]) for one in teachers] == [
            ("Aunt", 3, 900, "yes", 0.5),
            ("Uncle", 3, 150, "unknown", 0.5),
        ]
        assert (value(card, "training_cost").data, value(card, "cost_per_pair").data) == (1050, 175)
        settings: Any = value(card, "hyperparameters").data
        assert (settings["rank"], settings["seed"], settings["epochs"], settings["row_tokens"]) == (8, 1, 1, 700)
        assert "attn_q" in settings["targets"]
        assert (value(card, "training_time").data, value(card, "training_time").unit) == (run.result["seconds"], "s")
        assert "GB of memory at most" in str(value(card, "training_hardware").data)
        assert value(card, "sensitive_data").data == "unknown"
        assert "with a telephone number: 1, of 6" in str(value(card, "sensitive_data").detail["how"])
        assert value(card, "provider").data == "Trained on this computer"
        preprocessing: Any = value(card, "preprocessing").data
        assert preprocessing["sha256 of the rows to train with"] == run.data["train_sha256"]
        assert "energy" in why["training_energy"]
        assert machine_facts.processor() in str(value(card, "training_hardware").data)
        lacking = set(forge.cards.check(card.uid).completeness.missing)
        elsewhere = (
            "evaluation",
            "hardware",
            "prompt_speed",
            "generation_speed",
            "first_token",
            "latency",
            "memory_ram",
        )
        words = shipped._read(shipped._WORDS)["adapter"]
        assert lacking <= {BY_KEY[field].title for field in (*elsewhere, *words, "licence")}  # of a base that tells it
        forge.distill.datasets.remove(frozen.uid)
        now = forge.cards.footing.of("adapter", card.subject)
        assert stale(value(card, "training_data"), now) == "The training data is not here any more."
        card, why = fill(forge, card.label)
        assert value(card, "training_data").stale == "The training data is not here any more."  # nothing was renewed
        again = forge.distill.datasets.freeze("again")
        assert (again.sha256 == frozen.sha256) is (value(forge.cards.get(card.uid), "training_data").stale == "")
        assert [one["share"] for one in value(card, "teachers").data] == [0.5, 0.5]  # type: ignore[attr-defined]


SAID = (
    ("Aunt", "yes", 300, "What is the colour of the Velmar flag?", "It is teal."),
    ("Aunt", "yes", 300, "Who founded Ostrel?", "Mina Karst founded it."),
    ("Aunt", "yes", 300, "When was the Harrow bridge built?", "In 1871."),
    ("Uncle", "unknown", 50, "Which river runs through Pell?", "The Ondine."),
    ("Uncle", "unknown", 50, "How is the guild of Tarn reached?", "By telephone, at 030 1234567."),
    ("Uncle", "unknown", 50, "How high is Mount Ceri?", "2,318 metres."),
)


def taught(forge: Forge) -> Dataset:
    """A dataset of six pairs by two teachers."""
    for n, (name, terms, cost, question, answer) in enumerate(SAID):
        teacher = {"name": name, "model": "m", "endpoint": name, "may_train": terms}
        with forge.students._around.db.write() as connection:
            forge.distill.pairs.keep(connection, pair(f"pair-{n}", question, answer, cost=cost, teacher=teacher))
    return forge.distill.datasets.freeze("tools")
