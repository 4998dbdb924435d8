"""Versions through the registry's public face: registered, judged, promoted, taken back, put aside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import DataChanged
from forge_desktop.students.store_versions import version_uid
from tests.data import tiny_gguf
from tests.students.conftest import Shop

WHY = "The examples in the meeting convinced us."


def test_a_base_is_a_version_from_the_start_and_needs_no_gate(shop: Shop) -> None:
    assert shop.states() == {"v2": "candidate", "v1": "active"}
    starter, tiny = shop.registry.version("v1"), shop.registry.version("Tiny-Chat F32")
    assert (starter.shipped, starter.is_base, starter.name) == (True, True, "SmolLM2-135M-Instruct Q4_1")
    assert tiny.uid == version_uid(tiny.base_sha256) == version_uid(tiny.base_sha256, "", 1.0, "", {})
    shop.in_step()
    promoted = shop.registry.promote("v2", who="command line", why="It is quicker.")
    assert (promoted.version.state, promoted.before) == ("active", starter)
    shop.in_step()
    assert DataChanged(frozenset({"versions", "students"})) in shop.seen
    told = shop.registry.history("v2")
    assert [(h.what, h.who, h.why, h.before) for h in told] == [
        ("promoted", "command line", "It is quicker.", starter.uid),
        ("imported", "program", "", ""),
    ]


def test_activating_a_student_promotes_its_version(shop: Shop) -> None:
    shop.forge.students.activate(shop.forge.students.list()[1].id, who="window")
    assert shop.states()["v2"] == "active"
    assert shop.registry.history()[0].who == "window"
    shop.in_step()
    happened = len(shop.registry.history())
    shop.forge.students.activate(shop.forge.students.list()[1].id)
    assert len(shop.registry.history()) == happened  # it answered already


def test_names_find_versions(shop: Shop) -> None:
    made = shop.adapter()
    for name in ("v3", made.uid, made.uid[:8], "made 1"):
        assert shop.registry.version(name).uid == made.uid
    twin = shop.registry.derive("v3", scale=0.5)
    assert twin.name == "made 1"
    with pytest.raises(ForgeError, match=r"Several versions are called 'made 1': v4, v3"):
        shop.registry.version("made 1")
    with pytest.raises(ForgeError, match="No version is called 'v9'"):
        shop.registry.version("v9")


def test_an_adapter_is_promoted_only_after_a_gate_passed_it(shop: Shop) -> None:
    made = shop.adapter()
    assert (made.state, made.verdict, made.quarantined, made.base_name) == ("candidate", "", False, "Tiny-Chat F32")
    with pytest.raises(ForgeError, match="v3 has not passed a gate") as refused:
        shop.registry.promote("v3")
    assert refused.value.hint.startswith("Run its gate and complete its card, or give a reason")
    assert refused.value.commands == ("gate v3 --suite NAME", "card fill v3")
    for verdict, sentence in (("failed", "The gate refused v3"), ("inconclusive", "could not decide")):
        shop.judged("v3", verdict)  # type: ignore[arg-type]
        assert shop.registry.version("v3").state == "candidate"
        with pytest.raises(ForgeError, match=sentence):
            shop.registry.promote("v3")
    assert shop.judged("v3") == made.uid
    assert shop.registry.version("v3").state == "gated"
    promoted = shop.registry.promote("v3").version
    assert (promoted.state, promoted.verdict, promoted.gate) == ("active", "passed", "a gate")
    shop.in_step()
    state = shop.forge.engine.state()
    assert (state.adapter_sha256, state.scale, state.model) == (made.adapter_sha256, 1.0, "made 1")
    assert [h.what for h in shop.registry.history("v3")] == ["promoted", "gated", "gated", "gated", "made"]


def test_a_gate_that_chose_another_scale_passes_that_version(shop: Shop) -> None:
    made = shop.adapter()
    uid = shop.judged("v3", scale=0.5)
    passed = shop.registry.version("v4")
    assert passed.uid == uid == version_uid(shop.base, made.adapter_sha256, 0.5)
    assert (passed.state, passed.scale, shop.registry.version("v3").state) == ("gated", 0.5, "candidate")
    with pytest.raises(ForgeError, match=r"passed the scale 0\.5, which is v4"):
        shop.registry.promote("v3")
    assert shop.registry.promote("v4").version.scale == shop.forge.engine.state().scale == 0.5


def test_rolling_back_goes_to_what_was_active_before_and_twice_further(shop: Shop) -> None:
    with pytest.raises(ForgeError, match="v1 is the first one that was active"):
        shop.registry.rollback()
    for seed in (1, 2, 3):
        shop.judged(shop.adapter(seed).uid)
    for label in ("v2", "v3", "v4", "v5"):
        shop.registry.promote(label)
    back = shop.registry.rollback(who="window", why="Worse in German.")
    assert back.before is not None
    assert (back.version.label, back.before.label) == ("v4", "v5")
    assert shop.states()["v5"] == "gated"  # nothing is deleted, and it may be promoted again
    shop.in_step()
    assert shop.registry.rollback().version.label == "v3"
    shop.registry.promote("v5")
    assert shop.registry.rollback().version.label == "v3"
    assert shop.registry.rollback().version.label == "v2"
    assert shop.registry.rollback().version.label == "v1"
    shop.in_step()
    with pytest.raises(ForgeError, match="nothing to go back to"):
        shop.registry.rollback()
    told = shop.registry.history("v4")[0]
    assert (told.what, told.who, told.why) == ("rolled back", "window", "Worse in German.")
    assert all(Path(adapter.path).is_file() for adapter in shop.registry.adapters())


def test_the_active_version_is_used_again_after_a_start(shop: Shop, open_shop: Callable[[], Shop]) -> None:
    made = shop.adapter()
    derived = shop.registry.derive("v3", scale=0.75, retrieval={"passages": 2})
    shop.judged(derived.uid, scale=0.75)
    shop.registry.promote("v4")
    again = open_shop()
    again.in_step()
    state = again.forge.engine.state()
    assert (state.adapter_sha256, state.scale) == (made.adapter_sha256, 0.75)
    assert again.forge.chat.options.in_use.retrieval == {"passages": 2}
    assert again.forge.chat.options.in_use.version == derived.uid


def test_a_retired_version_is_neither_promoted_nor_gone_back_to(shop: Shop) -> None:
    for seed in (1, 2):
        shop.judged(shop.adapter(seed).uid)
    shop.registry.promote("v3")
    with pytest.raises(ForgeError, match="v3 answers now"):
        shop.registry.retire("v3")
    shop.registry.promote("v4")
    shop.registry.retire("v3", "It told phone numbers.")
    with pytest.raises(ForgeError, match="v3 is retired"):
        shop.registry.promote("v3")
    back = shop.registry.rollback()
    assert back.version.label == "v1"
    assert back.warnings == ("v3 was passed over: it is retired.",)
    shop.registry.bring_back("v3")
    assert shop.registry.version("v3").state == "gated"
    with pytest.raises(ForgeError, match="not retired"):
        shop.registry.bring_back("v3")
    assert [h.what for h in shop.registry.history("v3")][:2] == ["returned", "retired"]


def test_only_what_never_answered_is_removed_and_its_number_is_not_given_again(shop: Shop) -> None:
    made = shop.adapter()
    shop.registry.derive("v3", scale=0.5)
    file = Path(shop.registry.adapter(made.adapter_sha256).path)
    shop.registry.remove("v4")
    assert file.is_file()  # v3 uses it
    shop.registry.remove("v3")
    assert not file.exists()
    assert shop.registry.adapters() == []
    assert shop.adapter(2).label == "v5"
    told = next(h for h in shop.registry.history() if h.what == "removed")
    assert (told.label, told.version) == ("v3", made.uid)
    for name, sentence in (("v1", "is SmolLM2-135M-Instruct Q4_1 itself"), ("v2", "is Tiny-Chat F32 itself")):
        with pytest.raises(ForgeError, match=sentence):
            shop.registry.remove(name)
    shop.judged("v5")
    shop.registry.promote("v5")
    shop.registry.rollback()
    with pytest.raises(ForgeError, match="has answered"):
        shop.registry.remove("v5")


def test_a_base_that_carries_adapters_stays(shop: Shop) -> None:
    shop.adapter()
    student = shop.forge.students.list()[1]
    with pytest.raises(ForgeError, match="Tiny-Chat F32 carries adapters: v3"):
        shop.forge.students.remove(student.id)
    shop.registry.remove("v3")
    shop.registry.promote("v2")
    shop.forge.students.remove(student.id)
    assert shop.states() == {"v1": "active"}
    shop.in_step()
    with pytest.raises(ForgeError, match="nothing to go back to"):
        shop.registry.rollback()
    assert shop.registry.history()[0].why == "Tiny-Chat F32 was taken off the list."


def test_a_version_differs_in_template_search_and_scale(shop: Shop) -> None:
    made = shop.adapter()
    derived = shop.registry.derive("v3", scale=0.25, template=tiny_gguf.CHATML, retrieval={"passages": 3}, name="mild")
    assert (derived.scale, derived.template, dict(derived.retrieval)) == (0.25, tiny_gguf.CHATML, {"passages": 3})
    assert derived.uid == version_uid(shop.base, made.adapter_sha256, 0.25, tiny_gguf.CHATML, {"passages": 3})
    assert (derived.name, derived.parent) == ("mild", shop.registry.version("v1").uid)
    assert shop.registry.derive("v3", scale=0.25, template=tiny_gguf.CHATML, retrieval={"passages": 3}) == derived
    for wish, sentence in (
        ({"scale": 0.0}, "no scale"),
        ({"scale": 9.0}, "no scale"),
        ({"retrieval": {"temperature": 1}}, "no setting of a search"),
        ({"retrieval": {"passages": 999}}, "999"),
        ({"template": "{% for %}"}, "chat template"),
    ):
        with pytest.raises(ForgeError, match=sentence):
            shop.registry.derive("v3", **wish)  # type: ignore[arg-type]
    with pytest.raises(ForgeError, match="no adapter that could be scaled"):
        shop.registry.derive("v2", scale=0.5)


def test_a_card_that_lacks_fields_stands_in_the_way_until_they_are_filled_in(shop: Shop) -> None:
    shop.judged(shop.adapter().uid)
    for field in ("licence", "intended_use"):
        shop.forge.cards.clear("v3", field)
    with pytest.raises(ForgeError, match="card of v3 is incomplete: Licence, Intended use"):
        shop.registry.promote("v3")
    shop.forge.cards.set("v3", "licence", "Apache-2.0")
    shop.forge.cards.set("v3", "intended_use", "Answers about the library's rules.")
    shop.registry.promote("v3")


def test_a_card_can_be_outweighed_by_a_reason(shop: Shop) -> None:
    shop.judged(shop.adapter().uid)
    shop.forge.cards.clear("v3", "licence")
    for short in ("ok", "because", "a b c"):
        with pytest.raises(ForgeError, match="too short a reason"):
            shop.registry.promote("v3", override=short)
    done = shop.registry.promote("v3", who="window: Ada", override=f"  {WHY} ")
    assert done.warnings == ("The card of v3 is incomplete: Licence.",)
    told = shop.registry.history("v3")[0]
    assert (told.what, told.why, told.who) == ("overridden", WHY, "window: Ada")
    assert told.detail["against"] == ["The card of v3 is incomplete: Licence."]


def test_an_adapter_that_changes_nothing_is_refused_whatever_is_said_for_it(shop: Shop) -> None:
    nothing, much = shop.adapter(1, strength=0.0), shop.adapter(2)
    assert shop.registry.effect(nothing.uid) == 0
    for verdict in ("failed", "passed"):
        shop.judged("v3", verdict)  # type: ignore[arg-type]
        with pytest.raises(ForgeError, match="v3 changes nothing"):
            shop.registry.promote("v3", override=WHY)
    measured = shop.registry.effect(much.uid)
    assert measured > 0.001
    assert shop.forge.engine.pid is None  # the chat's own child was left alone
    assert shop.registry.adapter(much.adapter_sha256).detail["effects"] == {"1": measured}
    shop.registry.promote("v4", override=WHY)
    shop.in_step()


def test_an_endpoint_stands_over_the_active_version_until_one_is_promoted(
    shop: Shop, open_shop: Callable[[], Shop]
) -> None:
    desk = shop.forge.students.desk
    assert desk is not None
    desk.save(
        desk.blank(
            name="Shed", url="http://127.0.0.1:9", model="m", roles=("student",), price_input="0.1", price_output="0.1"
        )
    )
    derived = shop.registry.derive("v2", retrieval={"passages": 2})
    shop.registry.promote(derived.uid)
    shop.forge.students.remotes.choose("Shed")
    assert shop.states()["v3"] == "active"  # it answers again when no endpoint does
    assert shop.forge.engine.state().remote
    assert shop.forge.chat.options.in_use.retrieval == {}  # its search is not the endpoint's
    again = open_shop()
    assert again.forge.students.remotes.active() is not None
    assert again.registry.rollback().version.label == "v1"
    assert again.forge.students.remotes.active() is None
    again.in_step()
    again.forge.students.remotes.choose("Shed")
    again.registry.promote("v1")  # it is the active one already, and answers from now on
    again.in_step()
    again.forge.students.remotes.choose("Shed")
    again.registry.promote("v3")
    again.in_step()
