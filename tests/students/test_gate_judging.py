"""A teacher's word on both answers: order drawn, under the cap, nothing that may not leave, refusals without a mark."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.providers.records import TEACHER_ROLES, Endpoint, Rates
from forge_desktop.students.judging import read
from forge_desktop.students.records_gate import GateReport, GateWish
from tests.providers.teacher import Teacher
from tests.students.gate_rooms import QUICK, GateRoom, adapter, facts, opened, tiny


def _prefers_the_shorter(body: dict[str, Any]) -> str:
    """Says which of the two answers is shorter."""
    asked = body["messages"][-1]["content"]
    answers = [re.search(rf"<<<{name} \w+>>>\n(.*?)\n<<<end", asked, re.DOTALL) for name in ("first", "second")]
    first, second = (len(found[1]) if found else 0 for found in answers)
    better = "same" if first == second else "first" if first < second else "second"
    return json.dumps({"better": better, "note": "the shorter one"})


@pytest.fixture
def teacher() -> Iterator[Teacher]:
    """A judge."""
    with Teacher(_prefers_the_shorter) as made:
        yield made


@pytest.fixture
def room(data_dir: Path, tmp_path: Path, teacher: Teacher) -> Iterator[GateRoom]:
    """The application with that judge."""
    with opened(data_dir, tiny(tmp_path / "base.gguf")) as made:
        endpoint = Endpoint("", "Judge", teacher.url, "m", roles=TEACHER_ROLES, context=200_000)
        kept = made.forge.providers.endpoints.add(endpoint)
        made.forge.providers.prices.set(kept, Rates(teacher.price_in, teacher.price_out))
        made.suite(tmp_path, "facts", facts(8))
        adapter(tmp_path / "good.gguf", tmp_path / "base.gguf", strength=0.4, seed=5)
        yield made


def _gate(room: GateRoom, tmp_path: Path, **more: Any) -> GateReport:
    version = room.version(tmp_path / "good.gguf", name="good")
    wish = dataclasses.replace(QUICK, suites=("facts",), primary="nll", baseline=room.base.uid, judge="Judge", **more)
    return room.gate(version, wish)


def _account(report: GateReport) -> dict[str, Any]:
    found = report.conditions["judge"]
    assert isinstance(found, dict)
    return found


def test_both_answers_are_judged_under_the_cap(room: GateRoom, tmp_path: Path, teacher: Teacher) -> None:
    report = _gate(room, tmp_path, cap=100_000)
    account = _account(report)
    assert (account["judged"], account["without_judgement"], account["stopped"]) == (8, 0, "")
    assert account["settled_usd"] == f"{teacher.bill / 1e6:.6f}"
    told = next(one for one in report.metrics if one.name == "judge")
    items = room.forge.students.gates.items(report.uid)
    expected = [
        (len(one.candidate_answer) < len(one.baseline_answer)) - (len(one.candidate_answer) > len(one.baseline_answer))
        for one in items
    ]
    assert told.difference == pytest.approx(sum(expected) / 8)
    assert not told.decides
    asked = [call.body["messages"][-1]["content"] for call in teacher.calls]
    assert all("aaaa aaaa" in one for one in asked)


def test_the_cap_ends_the_judging_and_not_the_gate(room: GateRoom, tmp_path: Path, teacher: Teacher) -> None:
    report = _gate(room, tmp_path, cap=1)
    account = _account(report)
    assert report.state == "done"
    assert account["stopped"]
    assert account["settled_usd"] == "0.000000"
    assert not teacher.calls


def test_what_the_judge_does_not_say_counts_as_nothing(room: GateRoom, tmp_path: Path, teacher: Teacher) -> None:
    teacher.answer = lambda body: "I cannot judge this."
    account = _account(_gate(room, tmp_path, cap=100_000))
    assert account["judged"] + account["without_judgement"] == 8
    assert account["without_judgement"] > 0


def test_what_may_not_leave_is_not_judged(room: GateRoom, tmp_path: Path, teacher: Teacher) -> None:
    evidence = [{"text": "The bridge is red.", "path": "bridge.txt", "document_sha256": "ab" * 32}]
    room.suite(tmp_path, "kept", [{**row, "evidence": evidence} for row in facts(4, "Red.")])
    version = room.version(tmp_path / "good.gguf", name="good")
    wish = GateWish(**{**QUICK.__dict__, "suites": ("kept",), "primary": "nll", "baseline": room.base.uid})
    report = room.gate(version, dataclasses.replace(wish, judge="Judge", cap=100_000))
    assert _account(report)["kept_back"] == 4
    assert not teacher.calls


def test_a_judge_needs_a_cap(room: GateRoom, tmp_path: Path) -> None:
    with pytest.raises(ForgeError, match="A judge needs a spending cap"):
        _gate(room, tmp_path)


@pytest.mark.parametrize(
    ("text", "swapped", "mark"),
    [
        ('{"better": "first", "note": "x"}', False, -1.0),
        ('{"better": "first", "note": "x"}', True, 1.0),
        ('{"better": "Second"}', False, 1.0),
        ('```json\n{"better": "same"}\n```', True, 0.0),
        ('{"better": "both"}', False, None),
        ("the first one", False, None),
        ("", False, None),
        ("[1]", False, None),
    ],
)
def test_the_judges_word_is_read_by_which_answer_stood_first(text: str, swapped: bool, mark: float | None) -> None:
    assert read(text, swapped=swapped)[0] == mark
