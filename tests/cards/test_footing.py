"""What makes a value stale, by real changes: file, template, engine, suite, data, price, limits, terms, gate, scale."""

from __future__ import annotations

import dataclasses
import os
import time
from pathlib import Path

import pytest

from forge_desktop.cards.footing import GONE, stale
from forge_desktop.cards.records import Value
from forge_desktop.engine.builds import installed
from forge_desktop.engine.store_builds import BuildStore
from forge_desktop.providers.records import Rates
from forge_desktop.students.records_training import TrainRun, TrainWish
from tests.cards.conftest import CardRoom

OLD = "ab" * 32


def now(room: CardRoom, name: str) -> dict[str, str]:
    card = room.cards.get(name)
    return dict(room.cards.footing.of(card.kind, card.subject))


def sentence(room: CardRoom, name: str, field: str) -> str:
    """Why a field is stale now, "" while it is not."""
    value = room.cards.get(name).fields[field].measured
    assert value is not None
    return stale(value, now(room, name))


def kept(room: CardRoom, name: str, field: str) -> Value:
    """What stands in a field now, to be looked at later: a published card keeps it."""
    value = room.cards.get(name).fields[field].measured
    assert value is not None
    return value


def fill(room: CardRoom, name: str) -> None:
    room.forge.jobs.wait(room.cards.fill(name), timeout=60)


def test_a_sentence_says_what_changed_from_what_to_what() -> None:
    value = Value(1, rests_on={"file": OLD, "suite:safety": "cd" * 32, "machine": "A, 2 cores", "build": "b1"})
    assert stale(value, {"file": OLD, "suite:safety": "cd" * 32, "machine": "A, 2 cores", "build": "b1"}) == ""
    assert stale(value, {}) == ""  # what cannot be told makes nothing stale
    assert stale(value, {"file": "12" * 32, "suite:safety": "34" * 32, "machine": "A, 2 cores", "build": "b2"}) == (
        "The base's file is not what it was when this was taken."
        " The suite safety is not what it was when this was taken."
        " The engine was b1 when this was taken, and is b2 now."
    )


def test_another_file_in_its_place_is_seen_and_the_same_bytes_are_no_other(room: CardRoom) -> None:
    room.adapter()
    assert room.tiny is not None
    fill(room, "v2")
    assert sentence(room, "v2", "architecture") == ""
    os.utime(room.tiny, ns=(time.time_ns(), time.time_ns() + 10**9))
    assert sentence(room, "v2", "architecture").endswith("was written anew since: filling the card compares it.")
    fill(room, "v2")  # which compares them
    assert sentence(room, "v2", "architecture") == ""
    whole = room.tiny.read_bytes()
    room.tiny.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    found = room.forge.jobs.wait(room.cards.fill("v2"), timeout=60)
    assert any(source == "file" and "has changed since it was imported" in why for source, why in found.skipped)
    assert "is another one now, or cannot be read." in sentence(room, "v2", "architecture")
    room.tiny.write_bytes(whole + b"more")
    assert "is another one now, or cannot be read." in sentence(room, "v2", "parameters")


def test_a_template_and_the_settings_of_a_search_count(room: CardRoom) -> None:
    fill(room, "v1")
    assert sentence(room, "v1", "template_sha256") == ""
    base = room.forge.students.registry.version("v1").base_sha256
    room.forge.chat.options.change_student(base, {"template": "{{ messages[0].content }}"})
    assert sentence(room, "v1", "template_sha256").startswith("The chat template is not what it was")
    assert "The chat template is" in sentence(room, "v1", "evaluation")
    assert sentence(room, "v1", "retrieval") == ""
    room.forge.settings.change(passages=9)
    assert sentence(room, "v1", "retrieval").startswith("How documents are found is not ")
    fill(room, "v1")
    assert sentence(room, "v1", "retrieval") == sentence(room, "v1", "template_sha256") == ""


def test_the_engine_is_known_by_its_files_before_it_is_started(room: CardRoom) -> None:
    engine, builds = room.forge.engine, BuildStore(room.forge.students._around.db)
    assert engine.build == ""
    assert "build" not in now(room, "v1")
    engine.hardware()  # starts a child, which says what it is
    build = engine.build
    assert build
    assert now(room, "v1")["build"] == build
    value = Value(1, rests_on={"build": build})
    assert stale(value, now(room, "v1")) == ""
    with room.forge.students._around.db.write() as connection:  # as if llama.cpp had been installed anew
        connection.execute("UPDATE engine_builds SET installed = 'others'")
    version = installed().partition(" ")[0]
    assert stale(value, now(room, "v1")) == (
        f"The engine was {build} when this was taken, and is a new one, {version} now."
    )
    builds.keep(installed(), "b9")
    assert stale(value, now(room, "v1")).endswith("and is b9 now.")


def test_a_suite_of_the_same_name_with_other_questions_counts(room: CardRoom, tmp_path: Path) -> None:
    suites = room.forge.distill.suites

    def bring(*answers: str) -> str:
        rows = [f'{{"question": "What is number {n}?", "answer": "{one}"}}\n' for n, one in enumerate(answers)]
        (tmp_path / "facts.jsonl").write_text("".join(rows), encoding="utf-8")
        found = room.forge.jobs.wait(suites.bring_in(tmp_path / "facts.jsonl", "facts", "recall"), timeout=60)
        return str(found.sha256)

    value = Value(1, rests_on={"suite:facts": bring("one", "two")})
    assert stale(value, now(room, "v1")) == ""
    suites.remove(suites.get("facts").uid)
    assert stale(value, now(room, "v1")) == ""  # one that is not kept any more was not changed
    bring("one", "three")
    assert stale(value, now(room, "v1")).startswith("The suite facts is not what it was ")


def test_prices_limits_terms_and_addresses_of_an_endpoint_count(room: CardRoom) -> None:
    providers = room.forge.providers
    draft = providers.endpoints.draft("Ours", "https://llm.example/v1", "m-1", rpm=60)
    made = providers.endpoints.add(draft)
    providers.prices.set(made, Rates(150_000, 600_000))
    fill(room, "Ours")
    for field in ("price_input", "requests_per_minute", "location"):
        assert sentence(room, "Ours", field) == ""
    price, limit, version = (kept(room, "Ours", name) for name in ("price_input", "requests_per_minute", "version"))
    providers.prices.set(made, Rates(200_000, 600_000))
    day = providers.prices.day(made)
    assert sentence(room, "Ours", "price_input") == ""  # a draft follows
    assert stale(price, now(room, "Ours")) == (
        f"The price was $0.15 for input and $0.60 for output (typed in, {day}) when this was taken,"
        f" and is $0.20 for input and $0.60 for output (typed in, {day}) now."
    )
    providers.router.learn(made, {"x-ratelimit-limit-requests": "50"}, 200)
    assert sentence(room, "Ours", "requests_per_minute") == stale(limit, now(room, "Ours"))
    assert stale(limit, now(room, "Ours")) == (
        "The limit of requests a minute was 60 when this was taken, and is 50 now."
    )
    made = providers.endpoints.change(made.uid, model="m-2", may_train="no", terms_url="https://llm.example/terms")
    assert stale(version, now(room, "Ours")).endswith("is m-2 at https://llm.example/v1 now.")
    fill(room, "Ours")
    assert sentence(room, "Ours", "price_input") == (
        "The endpoint's model was m-1 when this was taken, and is m-2 now."
    )
    providers.prices.set(made, Rates(200_000, 600_000))
    fill(room, "Ours")
    card = room.cards.get("Ours")
    assert not [field for field, state in card.fields.items() if state.shown and state.shown.stale]


def test_a_version_that_is_not_here_has_no_footing(room: CardRoom) -> None:
    assert room.cards.footing.of("student", "gone") == {}
    assert room.cards.footing.of("teacher", "gone") == {}


@pytest.mark.parametrize("kind", ["file", "dataset"])
def test_data_that_is_another_now_counts(room: CardRoom, tmp_path: Path, kind: str) -> None:
    room.adapter()
    run = _run()
    file = tmp_path / "pairs.jsonl"
    file.write_text("one\n", encoding="utf-8")
    first = {"kind": "dataset", "uid": "u"} if kind == "dataset" else {"kind": "file", "path": str(file)}
    told = room.cards.footing.data(dataclasses.replace(run, data=first))
    if kind == "dataset":
        assert told == GONE
        return
    file.write_text("two, and more\n", encoding="utf-8")
    assert room.cards.footing.data(dataclasses.replace(run, data=first)) not in ("", told)
    file.unlink()
    assert room.cards.footing.data(dataclasses.replace(run, data=first)) == GONE
    file.mkdir()
    assert room.cards.footing.data(dataclasses.replace(run, data=first)) == GONE
    assert stale(Value(1, rests_on={"data": told}), {"data": GONE}) == "The training data is not here any more."


def _run() -> TrainRun:
    return TrainRun("r", 1, "Run 1", "done", "", "", TrainWish(), {}, {}, {}, 1, 1, "", "", "", 0.0, None, None)
