"""Cards filled from what there is: the starter in one go, adapters with their gate, embedding models; and why not."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.cards import fields, markdown
from forge_desktop.cards.filling import Filler, shipped
from forge_desktop.cards.filling.measured import to_show
from forge_desktop.cards.filling.measured import told as measured_fields
from forge_desktop.cards.filling.taken import Taker
from forge_desktop.cards.footing import stale
from forge_desktop.cards.records import Card, Filled, Value
from forge_desktop.cards.taking import origin
from forge_desktop.engine import machine_facts as of_machine
from forge_desktop.students.records_measure import Measurement, MeasureWish
from forge_desktop.students.records_versions import AdapterOrigin
from tests.cards.blank import card as blank
from tests.cards.conftest import CardRoom
from tests.data import tiny_bert, tiny_gguf

SMALL = MeasureWish(prompts=2, prompt_tokens=32, answer_tokens=8)


def fill(room: CardRoom, name: str) -> tuple[Card, Filled]:
    """One fill, to its end."""
    found = room.forge.jobs.wait(room.cards.fill(name), timeout=60)
    assert isinstance(found, Filled)
    return room.cards.get(name), found


def measured(card: Card, field: str) -> Value:
    value = card.fields[field].measured
    assert value is not None, field
    return value


def machine_facts() -> tuple[str, int, int]:
    return of_machine.processor(), of_machine.cores(), of_machine.memory()[1]


def test_the_starter_is_complete_with_one_fill(room: CardRoom) -> None:
    room.forge.jobs.wait(room.forge.students.measures.start("v1", SMALL), timeout=100)
    card, done = fill(room, "v1")
    report = room.cards.check("v1")
    assert report.completeness.missing == ()
    assert report.stale == ()
    assert [leak.text for leak in report.leaks] == []
    assert report.ok, report.problems
    for field, state in card.fields.items():
        value = state.measured
        assert value is not None
        assert value.source != "hand", field
        assert value.detail["date"], field
    speed = measured(card, "generation_speed")
    assert (speed.unit, speed.detail["n"]) == ("tokens/s", 2)
    assert "core" in str(speed.detail["machine"])
    assert str(speed.detail["command"]).startswith("forge-desktop measure v1 --prompts 2 ")
    assert set(speed.rests_on) == {"file", "build", "machine"}
    assert measured(card, "licence").data == "Apache-2.0"
    assert measured(card, "provider").data == "HuggingFaceTB"
    assert measured(card, "languages").data == ["en"]
    assert measured(card, "bits_per_weight").data == pytest.approx(5.744)
    assert measured(card, "file_bytes").unit == "B"
    rows: Any = measured(card, "evaluation").data
    assert {(row["dataset"], row["metric"]) for row in rows} == {
        ("regression", "nll"),
        ("regression", "exact_match"),
        ("regression", "citation_validity"),
        ("safety", "refusal"),
    }
    why = dict(done.skipped)
    assert why["tags"] == "The file has no tags."
    assert why["memory_vram"] == "No part of it was on a GPU."
    assert all(said.endswith(".") and said[0].isupper() for said in why.values())
    _, again = fill(room, "v1")
    assert again.changes == ()


def test_what_ships_is_of_the_starter_and_the_suites_that_ship(room: CardRoom) -> None:
    figures = shipped._read(shipped._FIGURES)
    starter = room.forge.students.list()[0]
    assert figures["file_sha256"] == starter.sha256
    footing = room.cards.footing.of("student", room.cards.get("v1").subject)
    assert footing["template"] == figures["template_sha256"]
    for name, sha256 in figures["suites"].items():
        assert footing[f"suite:{name}"] == sha256, "run packaging/make_starter_card.py"
    by_metric = {row["metric"]: row for row in figures["rows"]}
    words = str(shipped._read(shipped._WORDS))
    exact = by_metric["exact_match"]
    assert f"{round(exact['value'] * exact['n'])} of {exact['n']}" in words
    refusal = by_metric["refusal"]
    assert f"{round(refusal['value'] * refusal['n'])} of {refusal['n']}" in words
    assert (by_metric["citation_validity"]["value"], by_metric["citation_validity"]["n"]) == (0.0, 36)


def test_another_base_has_no_words_of_the_starter_and_says_what_it_lacks(room: CardRoom) -> None:
    room.adapter()
    card, done = fill(room, "v2")
    assert "intended_use" not in card.fields
    why = dict(done.skipped)
    assert why["intended_use"] == "This is nothing that can be read or measured: a person writes it."
    assert why["licence"] == "The file does not say under which licence it is."
    assert "measure" in why["prompt_speed"]
    assert why["evaluation"] == "No gate has measured this version: run one."
    assert measured(card, "architecture").data == "llama"
    assert measured(card, "cost_per_1k").data == 0
    adapter, done = fill(room, "v3")
    assert measured(adapter, "base_relation").data == "adapter"
    assert measured(adapter, "adapter_sha256").rests_on["adapter"]
    why = dict(done.skipped)
    for key in ("training_data", "hyperparameters", "training_time", "training_cost"):
        assert why[key].startswith("This adapter was not trained here"), key
    assert adapter.fields["training_cost"].not_applicable.startswith("Not known: This adapter was not trained here")
    filled = {field.key for field in fields.of_kind("adapter") if field.filled}
    assert not [key for key in filled if why.get(key, "").startswith("This is nothing that can be read")]


@pytest.mark.parametrize("origin", ["trained", "imported"])
def test_only_an_adapter_that_was_trained_here_has_words_that_ship(
    room: CardRoom, starter: Path, origin: AdapterOrigin
) -> None:
    from tests.data import adapter_for

    file = adapter_for.write(room.place / "for-starter.gguf", starter)
    base = room.forge.students.registry.version("v1").base_sha256
    room.forge.students.registry.add(file, base, origin=origin, name="ours")
    card = room.cards.get("v2")
    if origin == "trained":
        assert "exactly one base file" in str(measured(card, "limitations").data)
        assert measured(card, "limitations").source == "shipped"
        return
    card, done = fill(room, "v2")
    assert {state.measured.source for state in card.fields.values() if state.measured} & {"shipped"} == set()
    assert not {"summary", "intended_use", "limitations", "safety"} & set(card.fields)
    why = dict(done.skipped)
    assert why["limitations"] == "This is nothing that can be read or measured: a person writes it."
    assert measured(card, "licence").detail["how"] == "That of its base, without which it cannot be used."
    assert why["provider"] == "Who made this adapter is not told by its file."


def test_every_row_of_a_filled_card_says_where_it_is_from_and_of_which_day(room: CardRoom) -> None:
    fill(room, "v1")
    text = room.cards.markdown("v1")
    tables = [part for part in text.split("\n\n") if part.startswith("| What | Value | Source |")]
    rows = [line.split(" | ") for table in tables for line in table.splitlines()[2:]]
    assert {"| Base model", "| Domain", "| Parameters"} <= {row[0] for row in rows}
    for row in rows:
        assert re.search(r"\d{4}-\d\d-\d\d", row[2]), row
    assert "came with the application 2026-11-26" in next(row[2] for row in rows if row[0] == "| Domain")
    assert "*Source: came with the application 2026-11-26, " in text
    assert "n = 4" not in text, "a table shows how many rows it has"
    before = room.cards.get("v1").changed
    room.cards.set_text("v1", text)
    assert room.cards.get("v1").changed == before


def test_a_word_by_hand_stays_beside_what_was_filled(room: CardRoom) -> None:
    room.cards.set("v1", "bits_per_weight", 6)
    card, _ = fill(room, "v1")
    state = card.fields["bits_per_weight"]
    assert state.hand is not None
    assert (state.hand.data, measured(card, "bits_per_weight").data) == (6, pytest.approx(5.744))
    assert state.shown is state.hand


def test_a_header_with_everything_is_read(room: CardRoom) -> None:
    file = tiny_gguf.write(
        room.place / "Full.F32.gguf",
        values={
            "general.organization": "The  Tool\nLibrary",
            "general.license": "made-up-1.0",
            "general.license.link": "https://example.org/licence",
            "general.languages": ["en", "de", "no language"],
            "general.tags": ["text-generation", "tools"],
            "general.base_model.0.repo_url": "https://huggingface.co/library/big",
            "general.description": "Answers about tools.",
        },
    )
    room.forge.jobs.wait(room.forge.students.import_gguf(file), timeout=60)
    card, _ = fill(room, "v2")
    assert {field: measured(card, field).data for field in ("licence", "licence_name", "licence_link", "provider")} == {
        "licence": "other",
        "licence_name": "made-up-1.0",
        "licence_link": "https://example.org/licence",
        "provider": "The Tool Library",
    }
    assert measured(card, "languages").data == ["en", "de"]
    assert measured(card, "tags").data == ["text-generation", "tools"]
    assert (measured(card, "base_model").data, measured(card, "base_relation").data) == ("library/big", "finetune")


def test_the_embedding_model_in_use_has_a_card(open_cards: Callable[[], CardRoom], tmp_path: Path) -> None:
    room = open_cards()
    file = tiny_bert.write(tmp_path / "bert.gguf")
    room.forge.jobs.wait(room.forge.embedding.choose(file) or 0, timeout=60)
    name = room.cards.get("bert").uid
    card, done = fill(room, name)
    assert card.kind == "embedder"
    assert (measured(card, "name").data, measured(card, "dimensions").data) == ("Tiny BERT", 32)
    assert measured(card, "latency").detail["n"] == 20
    latency: Any = measured(card, "latency").data
    assert 0 < latency["p50"] <= latency["p95"]
    assert "a gate of retrieval" in dict(done.skipped)["evaluation"]
    room.forge.embedding.choose(None)
    assert room.cards.get(name).orphan


def test_what_is_gone_is_said(room: CardRoom) -> None:
    filler = Filler(room.forge.students._around, room.forge.students)
    for kind in ("student", "teacher", "embedder"):
        values, skipped = filler.fill(blank(kind, "gone"), lambda: None)  # type: ignore[arg-type]
        assert values == {}
        assert skipped == [("subject", "What this card is about is not on this computer, so nothing can be filled in.")]


def test_a_fill_ends_when_it_is_told_to(room: CardRoom) -> None:
    def stop() -> None:
        raise ForgeError("Enough.")

    with pytest.raises(ForgeError, match="Enough"):
        Filler(room.forge.students._around, room.forge.students).fill(room.cards.get("v1"), stop)


def test_a_small_benchmark_does_not_take_the_place_of_a_full_one_that_is_true(room: CardRoom) -> None:
    facts = machine_facts()
    about = {"cpu": facts[0], "cores": facts[1], "memory_bytes": facts[2]}

    def one(uid: str, wish: MeasureWish, build: str = "b2") -> Measurement:
        figures = {"generation_speed": {"p50": 9.0, "p95": 9.5, "n": wish.prompts}, "context": 2048}
        return Measurement(uid, "v", "v1", "ab" * 32, "", 1.0, build, "CPU", about, wish, figures, 1.79e9)

    full, small = one("full", MeasureWish(prompts=6)), one("small", SMALL)
    assert to_show([small, full], "b2") is full
    assert to_show([small, full], "") is full
    assert to_show([small, one("old", MeasureWish(), "b1")], "b2") is small
    assert to_show([one("old", MeasureWish(), "b1")], "b2") is not None
    assert to_show([], "b2") is None
    told = {of.uid: dict(measured_fields(of, Taker({}))) for of in (full, small)}
    speed = told["full"]["generation_speed"]
    assert speed.detail["command"] == (
        "forge-desktop measure v1 --prompts 6 --prompt-tokens 512 --answer-tokens 64 --context 2048 --seed 1"
    )
    assert speed.detail["how"] == "With prompts of 512 tokens and answers of 64."
    assert "prompts of 512 tokens, answers of 64" in origin(speed)
    assert "a small benchmark" in str(told["small"]["generation_speed"].detail["how"])


def test_that_nobody_is_paid_is_said_in_words_and_read_back(room: CardRoom) -> None:
    text = room.cards.markdown("v1")
    line = next(line for line in text.splitlines() if line.startswith("| Cost for 1,000 tokens"))
    assert "nothing is paid" in line
    assert markdown.read(text, "student").values["cost_per_1k"] == (0, "USD")
    assert "nothing is paid" in room.cards.exports.render("v1", "html").decode()


def test_a_measurement_on_a_gpu_tells_its_layers_and_its_energy(room: CardRoom) -> None:
    version = room.forge.students.registry.version("v1")
    figures = {
        "generation_speed": {"p5": 90.0, "p50": 100.0, "p95": 110.0, "n": 20},
        "ram_bytes": 500_000_000,
        "vram_bytes": 2_000_000_000,
        "context": 4096,
        "gpu_layers": 31,
        "layers": 31,
        "energy_joules": 36.0,
        "energy": {"sources": ["the driver of the GPU"], "seconds": 2.0, "tokens": 1000},
        "skipped": {},
    }
    machine = {"cpu": "A processor", "cores": 8, "memory_bytes": 2**35, "gpus": ["A GPU"]}
    base = version.base_sha256
    one = Measurement("m", version.uid, "v1", base, "", 1.0, "b1", "Vulkan0", machine, SMALL, figures, 1.79e9)
    filler = Filler(room.forge.students._around, room.forge.students)
    values, skipped = filler.fill(room.cards.get("v1"), lambda: None, measure=one)
    assert values["backend"].data == "llama.cpp on Vulkan0, 31 of 31 layers on the GPU"
    assert (values["energy_per_1k"].data, values["energy_per_1k"].unit) == (0.01, "Wh")
    assert values["memory_vram"].data == 2_000_000_000
    assert values["hardware"].data == (
        "Needs 500 MB of memory and 2.00 GB of GPU memory at a context of 4,096 tokens;"
        " measured on A processor, 8 cores, 32 GiB with A GPU."
    )
    why = dict(skipped)
    assert "energy_per_1k" not in why
    assert why["prompt_speed"] == "It was not measured."
    now = room.cards.footing.of("student", version.uid)
    assert stale(values["generation_speed"], now).startswith(
        "The computer was A processor, 8 cores, 32 GiB when this was taken, and is "
    )


def test_texts_that_ship_are_broken_where_they_are_shown(room: CardRoom) -> None:
    lines = ["One two", "three.", "", "- An item", "  of two lines.", "- Another.", "", "    code", "    more"]
    assert shipped.unwrapped(lines) == "One two three.\n\n- An item of two lines.\n- Another.\n\n    code\n    more"
    fill(room, "v1")
    card = room.cards.get("v1")
    for key in ("intended_use", "limitations", "safety", "tradeoffs", "fairness"):
        said = str(measured(card, key).data).splitlines()
        assert all(not line or line.startswith("- ") or not before for before, line in itertools.pairwise(said)), key
