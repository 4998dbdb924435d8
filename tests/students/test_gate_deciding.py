"""From what both arms made of each item to a verdict: gains, margins, vetoes, and what is not decided."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from forge_desktop.students import gate_cautions
from forge_desktop.students.deciding import Arms, decide
from forge_desktop.students.gate_plan import problem_of_margins
from forge_desktop.students.records_gate import GateSuite, GateWish, Margins, Role
from forge_desktop.students.scaling import change, choose
from forge_desktop.students.store_gates import Measured

_WISH = GateWish(suites=("facts",), resamples=2000)


def _suite(role: Role, name: str = "", items: int = 0, leaks: int = 0) -> GateSuite:
    leaking = tuple((f"i{n}", f"p{n}", "exact") for n in range(leaks))
    return GateSuite(name or role, name or role, role if role != "target" else "recall", role, items, leaking)


def _arm(rows: list[dict[str, float | None]], *, say: str = "") -> dict[int, Measured]:
    return {n: Measured(n, f"i{n}", f"{say}{n}", row) for n, row in enumerate(rows, 1)}


def _arms(before: list[dict[str, float | None]], after: list[dict[str, float | None]], *, say: str = "x") -> Arms:
    return _arm(before), _arm(after, say=say)


def _marks(name: str, values: list[float]) -> list[dict[str, float | None]]:
    return [{name: value} for value in values]


def _gained(n: int = 20, of: int = 20) -> tuple[GateSuite, Arms]:
    after = [1.0] * of + [0.0] * (n - of)
    return _suite("target", items=n), _arms(_marks("exact_match", [0.0] * n), _marks("exact_match", after))


def _steady(n: int = 200, loss: float = 0.0, spread: float = 0.1) -> tuple[GateSuite, Arms]:
    draw = np.random.default_rng(4)
    before, moved = draw.normal(2, 0.3, n), draw.normal(0, spread, n)
    after = before + loss + moved - moved.mean()
    rows = [{"nll": float(x), "exact_match": 1.0, "citation_validity": 1.0} for x in before]
    then = [{"nll": float(x), "exact_match": 1.0, "citation_validity": 1.0} for x in after]
    return _suite("regression", items=n), _arms(rows, then)


def test_a_gain_with_everything_else_in_its_margins_passes() -> None:
    found = decide([_gained(of=18), _steady(loss=0.03)], _WISH, same_base=True)
    assert found.verdict == "passed"
    assert not found.vetoes
    target = next(one for one in found.metrics if one.role == "target")
    assert (target.baseline, target.candidate, target.better, target.worse) == (0.0, 0.9, 18, 0)
    assert target.holds
    assert target.low > 0
    assert "gains in exact match on target: +90.0 points" in found.reasons[0]
    nll = next(one for one in found.metrics if one.name == "nll")
    assert (nll.margin, nll.holds, nll.decides, nll.less_is_better) == (0.10, True, True, True)


def test_what_a_verdict_cannot_show_is_told() -> None:
    rows = [{"exact_match": 0.0, "nll": 2.0, "cut": float(n < 3)} for n in range(20)]
    suite, arms = _suite("regression", items=20), _arms(rows, [{**row, "cut": 0.0} for row in rows])
    found = decide([_gained(), (suite, arms)], _WISH, same_base=True)
    said = gate_cautions.of_figures([(suite, arms)], found.metrics, dataclasses.replace(_WISH, max_tokens=6))
    assert "The baseline has nothing to lose in exact match on regression: 0.0 % of 20 items" in said[0]
    assert "Nothing can be said of a loss in citation validity on regression" in said[1]
    assert "cut off at 6 tokens, and judged as they stand: 3 of 40 on regression" in said[2]
    weak = GateWish(safety=False, margins=Margins(exact_match=10.0), confidence=0.8, seed=3)
    said = gate_cautions.of_wish(weak, [(_suite("regression", items=278, leaks=2), 16)])
    assert "The safety suite was left out" in said[0]
    assert said[1] == "Only 16 of 278 items of regression were asked, drawn by the seed 3."
    assert said[2] == "The margin of exact match was 10 points, where 2 points is usual."
    assert said[3] == "Intervals are of 80 %, where 95 % is usual."
    assert not gate_cautions.of_wish(_WISH, [(_suite("regression", items=278, leaks=2), 276)])


@pytest.mark.parametrize("value", [float("inf"), float("nan"), -1.0, 1000.0])
def test_a_margin_that_cannot_be_meant_is_none(value: float) -> None:
    for name in ("nll", "exact_match", "citation_validity"):
        assert problem_of_margins(Margins(**{name: value}))
    assert not problem_of_margins(Margins())


def test_a_loss_beyond_its_margin_fails_though_there_is_a_gain() -> None:
    found = decide([_gained(), _steady(loss=0.2)], _WISH, same_base=True)
    assert found.verdict == "failed"
    assert "NLL on regression gets worse by more than 0.10: +0.200" in " ".join(found.reasons)


def test_what_is_not_decided_is_not_passed_and_says_how_many_items_would_decide() -> None:
    found = decide([_gained(), _steady(n=40, loss=0.07, spread=0.3)], _WISH, same_base=True)
    assert found.verdict == "inconclusive"
    nll = next(one for one in found.metrics if one.name == "nll")
    assert nll.holds is None
    assert nll.needed
    assert 300 < nll.needed < 500  # (1.96 * 0.3 / 0.03) squared is 384, of which 40 are there
    assert f"About {nll.needed} items more would decide." in " ".join(found.reasons)
    wide = decide(
        [_gained(), _steady(n=40, loss=0.07, spread=0.3)],
        GateWish(suites=("a",), margins=Margins(nll=0.5)),
        same_base=True,
    )
    assert wide.verdict == "passed"


def test_no_gain_fails_and_a_small_one_is_not_decided() -> None:
    assert decide([_gained(of=0), _steady()], _WISH, same_base=True).verdict == "failed"
    few = decide([_gained(of=2), _steady()], _WISH, same_base=True)
    assert few.verdict == "inconclusive"
    assert "Whether exact match on target gains is not decided" in few.reasons[0]


@pytest.mark.parametrize(("items", "verdict"), [(5, "inconclusive"), (6, "passed")])
def test_equal_differences_need_the_sign_test_to_be_sure(items: int, verdict: str) -> None:
    found = decide([_gained(items, items), _steady()], _WISH, same_base=True)
    assert found.verdict == verdict
    target = next(one for one in found.metrics if one.role == "target")
    assert target.needed == (1 if verdict == "inconclusive" else None)


def test_of_three_items_three_more_are_needed_however_narrow_the_interval() -> None:
    rows = _marks("nll", [2.0, 2.1, 2.2]), _marks("nll", [1.2, 1.25, 1.45])
    found = decide([(_suite("target", items=3), _arms(*rows)), _steady()], GateWish(primary="nll"), same_base=True)
    assert found.verdict == "inconclusive"
    assert "About 3 items more would decide." in found.reasons[0]


def test_too_few_items_do_not_show_that_nothing_got_worse() -> None:
    found = decide([_gained(), _steady(n=6, spread=0.001)], _WISH, same_base=True)
    assert found.verdict == "inconclusive"
    assert {one.needed for one in found.metrics if one.decides and one.role == "regression"} == {4}


def test_without_a_suite_for_a_gain_nothing_passes() -> None:
    found = decide([_steady()], GateWish(), same_base=True)
    assert found.verdict == "inconclusive"
    assert "No suite was named" in found.reasons[0]


@pytest.mark.parametrize("role", ["regression", "safety"])
def test_a_suite_that_ships_and_was_left_out_keeps_a_version_from_passing(role: Role) -> None:
    wish = dataclasses.replace(_WISH, **{role: False})
    found = decide([_gained(), _steady()], wish, same_base=True)
    assert found.verdict == "inconclusive"
    assert f"The {role} suite was left out" in " ".join(found.reasons)
    assert decide([_gained(of=0), _steady()], wish, same_base=True).verdict == "failed"


def test_a_suite_of_which_nothing_could_be_measured_keeps_a_version_from_passing() -> None:
    broken = {n: Measured(n, f"i{n}", "", {}, "It does not fit.") for n in range(1, 5)}
    found = decide([_gained(), (_suite("regression", items=4), (broken, broken))], _WISH, same_base=True)
    assert found.verdict == "inconclusive"
    assert "No item of regression could be measured" in " ".join(found.reasons)


def test_an_exact_match_that_is_not_decided_is_told_in_plain_words() -> None:
    before = [1.0] * 230 + [0.0] * 48
    after = [0.0] * 13 + [1.0] * 233 + [0.0] * 32
    suite = _suite("regression", items=278), _arms(_marks("exact_match", before), _marks("exact_match", after))
    found = decide([_gained(), suite], _WISH, same_base=True)
    assert found.verdict == "inconclusive"
    (why,) = [one for one in found.reasons if "exact match on regression" in one]
    assert "within 2.0 points is not decided: +1.1 points" in why
    assert "On average it is within the margin (16 items better, 13 worse)" in why
    assert "items more would decide" in why


def test_a_gain_in_likelihood_is_a_fall() -> None:
    rows = _marks("nll", [3.0, 3.1, 2.9] * 10), _marks("nll", [1.0, 1.2, 1.1] * 10)
    wish = GateWish(suites=("facts",), primary="nll")
    target = _suite("target", items=30), _arms(*rows)
    assert decide([target, _steady()], wish, same_base=True).verdict == "passed"
    worse = _suite("target", items=30), _arms(*reversed(rows))
    assert decide([worse, _steady()], wish, same_base=True).verdict == "failed"


def test_likelihoods_of_different_bases_are_not_compared() -> None:
    found = decide([_gained(), _steady(loss=3.0)], _WISH, same_base=False)
    assert found.verdict == "passed"
    assert not [one for one in found.metrics if one.name == "nll"]


def test_safety_items_that_are_lost_refuse_alone() -> None:
    safety = _suite("safety", items=3), _arms(_marks("refusal", [1, 1, 1]), _marks("refusal", [1, 0, 0]))
    found = decide([_gained(), _steady(), safety], _WISH, same_base=True)
    assert found.verdict == "failed"
    assert found.vetoes == (
        "It fails items 2, 3 of safety, which the baseline passes. It passes 0 that the baseline fails.",
    )
    assert found.reasons[0] == found.vetoes[0]


def test_a_safety_item_for_another_is_named_and_refuses_nothing() -> None:
    safety = _suite("safety", items=3), _arms(_marks("refusal", [1, 0, 1]), _marks("refusal", [1, 1, 0]))
    found = decide([_gained(), _steady(), safety], _WISH, same_base=True)
    assert found.verdict == "passed"
    assert found.reasons[-1] == "It fails item 3 of safety, which the baseline passes. Look at what it answers."


def test_an_adapter_that_changes_nothing_is_refused() -> None:
    rows = [{"nll": 2.5, "exact_match": 0.0}] * 10
    found = decide([(_suite("target", items=10), _arms(rows, rows, say=""))], _WISH, same_base=True)
    assert found.verdict == "failed"
    assert "changes nothing" in found.vetoes[0]


def test_an_adapter_that_changes_next_to_nothing_is_refused() -> None:
    before, after = [{"nll": 2.5, "exact_match": 0.0}] * 10, [{"nll": 2.4998, "exact_match": 0.0}] * 10
    found = decide([(_suite("target", items=10), _arms(before, after, say=""))], _WISH, same_base=True)
    assert found.verdict == "failed"
    assert "changes next to nothing" in found.vetoes[0]
    other = decide([(_suite("target", items=10), _arms(before, after, say="x"))], _WISH, same_base=True)
    assert not other.vetoes


def test_numbers_that_are_none_refuse() -> None:
    rows = _marks("exact_match", [0.0] * 8), [{"exact_match": 1.0, "nll": None, "not_finite": 1.0}] * 8
    found = decide([(_suite("target", items=8), _arms(*rows)), _steady()], _WISH, same_base=True)
    assert found.verdict == "failed"
    assert "not finite on 8 items" in found.vetoes[0]


def test_a_suite_that_mostly_leaks_measures_nothing() -> None:
    suite, arms = _gained()
    leaky = _suite("target", items=40, leaks=21)
    assert decide([(suite, arms), _steady()], _WISH, same_base=True).verdict == "passed"
    found = decide([(leaky, arms), _steady()], _WISH, same_base=True)
    assert found.verdict == "failed"
    assert "21 of 40 items of target" in found.vetoes[0]


def test_a_form_that_collapses_refuses() -> None:
    rows: list[dict[str, float | None]] = [{"json": 1.0, "empty": 0.0}] * 6
    lost: list[dict[str, float | None]] = [{"json": 0.0, "empty": 0.0}] * 4 + rows[:2]
    empty: list[dict[str, float | None]] = [{"json": None, "empty": 1.0}] * 3 + [{"empty": 0.0}] * 3
    broken = decide([_gained(), (_suite("regression", items=6), _arms(rows, lost))], _WISH, same_base=True)
    assert "lost the form of JSON in 4 of 6" in broken.vetoes[0]
    silent = decide(
        [_gained(), (_suite("regression", items=6), _arms([{"empty": 0.0}] * 6, empty))], _WISH, same_base=True
    )
    assert "says nothing in 3 of 6" in silent.vetoes[0]


def test_a_judge_is_told_of_and_decides_nothing() -> None:
    suite, arms = _gained()
    preferred = {suite.sha256: dict.fromkeys(range(1, 21), -1.0)}
    found = decide([(suite, arms), _steady()], _WISH, same_base=True, preferences=preferred)
    assert found.verdict == "passed"
    told = next(one for one in found.metrics if one.name == "judge")
    assert (told.difference, told.worse, told.decides) == (-1.0, 20, False)


def test_an_item_is_better_by_the_metric_of_the_gain_or_the_next_that_applies() -> None:
    def one(**scores: float | None) -> Measured:
        return Measured(1, "i", "a", scores)

    assert change(one(exact_match=0.0, nll=1.0), one(exact_match=1.0, nll=5.0), "exact_match") == "better"
    assert change(one(exact_match=1.0), one(exact_match=0.0), "exact_match") == "worse"
    assert change(one(nll=1.0), one(nll=1.005), "exact_match") == "same"
    assert change(one(nll=1.0), one(nll=0.5), "exact_match") == "better"
    assert change(one(refusal=1.0, nll=2.0), one(refusal=1.0, nll=1.0), "exact_match") == "same"
    assert change(Measured(1, "i", "", {"nll": 1.0}, "did not fit"), one(nll=0.1), "nll") == "same"


def test_the_scale_is_the_best_of_those_that_cost_little() -> None:
    def tried(scale: float, gain: float, loss: float | None, nll: float = 0.0) -> dict[str, object]:
        return {"scale": scale, "gain": gain, "regression_nll": loss, "nll": nll, "finite": scale < 2}

    assert choose([tried(0.5, 0.6, 0.02), tried(0.75, 0.8, 0.05), tried(1.0, 0.9, 0.3)], 0.1) == 0.75
    assert choose([tried(0.5, 0.8, 0.0, -1.0), tried(1.0, 0.8, 0.0, -2.0)], 0.1) == 1.0
    assert choose([tried(0.5, 0.8, 0.0), tried(1.0, 0.8, 0.0)], 0.1) == 0.5
    assert choose([tried(0.5, 0.2, 0.5), tried(1.0, 0.9, 0.9)], 0.1) == 0.5
    assert choose([tried(0.5, 0.2, None), tried(1.0, 0.9, None)], 0.1) == 1.0
    assert choose([tried(0.5, -0.2, 0.5), tried(2.0, 0.0, None)], 0.1) == 0.5  # which gave no numbers
    assert choose([tried(2.0, 0.0, None), tried(3.0, 0.0, None)], 0.1) == 2.0
