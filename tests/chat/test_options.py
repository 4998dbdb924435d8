"""Options in three layers: where each value comes from, presets, and that an answer is written by what is in force."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.settings import Settings
from forge_desktop.chat.options import BUILT_IN, CHOOSING, ChatOptions, Preset, from_file, resolve, sound
from forge_desktop.engine import Sampling
from tests.data import tiny_gguf

from .conftest import STARTER_SHA256, Room

PRESETS = {preset.key: preset for preset in BUILT_IN}
MINE = {"temperature": 0.4, "top_k": 7}


def layers(**given: dict[str, object]) -> ChatOptions:
    return resolve(Settings(), PRESETS, **{"file": {}, "student": {}, "conversation": {}, **given}).options


def test_each_layer_overrides_the_one_before_and_says_so() -> None:
    found = resolve(
        Settings(temperature=0.2, seed=9, answer_tokens=77),
        PRESETS,
        file={"temperature": 0.6, "top_k": 20},
        student={"top_k": 30, "system_prompt": "Be brief."},
        conversation={"seed": 4},
    )
    assert (found.options.temperature, found.origins["temperature"]) == (0.6, "file")
    assert (found.options.top_k, found.origins["top_k"]) == (30, "student")
    assert (found.options.seed, found.origins["seed"]) == (4, "conversation")
    assert (found.options.max_tokens, found.origins["max_tokens"]) == (77, "settings")
    assert found.options.system_prompt == "Be brief."
    assert found.own == {"seed"}
    assert found.preset == "own"
    assert found.changed  # the student's top k is not the file's


def test_without_anything_an_answer_is_written_as_settings_say() -> None:
    assert layers().sampling() == Sampling()
    varied = layers(student={"stop": "END\n\\nUser:\n", "think_tokens": 0, "mirostat": 2}).sampling()
    assert varied.stop == ("END", "\nUser:")
    assert (varied.think_tokens, varied.mirostat) == (0, 2)


def test_a_preset_sets_all_choosing_and_what_is_chosen_after_it_holds() -> None:
    options = layers(student={"dry_multiplier": 2.0, "temperature": 1.5}, conversation={"preset": "precise"})
    assert {key: getattr(options, key) for key in CHOOSING} == dict(PRESETS["precise"].values)
    options = layers(conversation={"preset": "creative", "temperature": 0.1})
    assert (options.temperature, options.min_p) == (0.1, 0.08)
    file, student = {"temperature": 0.6}, {"preset": "creative", "min_p": 0.3}
    own = resolve(Settings(), PRESETS, file=file, student=student, conversation={"preset": "own"})
    assert (own.options.temperature, own.options.min_p, own.changed) == (0.6, 0.05, False)
    assert own.origins["temperature"] == "file"


def test_the_preset_of_settings_goes_before_the_students() -> None:
    options = resolve(Settings(preset="balanced"), PRESETS, file={"temperature": 0.6}, student={}, conversation={})
    assert (options.options.temperature, options.origins["temperature"]) == (0.7, "preset")
    assert not options.changed


def test_a_preset_of_a_persons_own_and_one_that_is_gone() -> None:
    presets = {**PRESETS, "Mine": Preset("Mine", "Mine", "", MINE)}
    found = resolve(Settings(), presets, file={}, student={"preset": "Mine"}, conversation={})
    assert (found.options.temperature, found.options.top_k, found.preset) == (0.4, 7, "Mine")
    assert resolve(Settings(), PRESETS, file={}, student={"preset": "Mine"}).preset == "own"


def test_what_cannot_be_used_of_a_stored_layer_is_left_out() -> None:
    damaged = {"temperature": None, "top_k": "many", "seed": 3, "unknown": 1, "min_p": float("nan"), "stop": "x"}
    assert sound(damaged) == {"seed": 3, "stop": "x"}
    assert sound([1, 2]) == {}


def test_what_a_file_recommends_is_read_by_llama_cpps_names() -> None:
    recommended = {"temp": 0.699999988079071, "penalty_repeat": 1.1, "top_k": 20, "top_p": 44.0, "sequence": 1}
    assert from_file(recommended) == {"temperature": 0.7, "repeat_penalty": 1.1, "top_k": 20}


def test_a_gguf_says_how_its_words_are_to_be_chosen(open_room: Callable[..., Room], tmp_path: Path) -> None:
    file = tiny_gguf.write(tmp_path / "tiny.gguf", values={"general.sampling.top_k": 20, "general.sampling.top_p": 90})
    room = open_room()
    assert dict(room.engine.probe(file).sampling) == {"top_k": 20, "top_p": 90}
    found = room.chat.options.of_student("0" * 64, str(file))
    assert (found.options.top_k, found.origins["top_k"], found.options.top_p) == (20, "file", 0.95)
    assert room.chat.options.of_student("1" * 64, str(tmp_path / "gone.gguf")).options.top_k == 40


# ---------------------------------------------------------------- kept


def test_options_are_kept_changed_and_taken_back(open_room: Callable[..., Room]) -> None:
    room = open_room()
    conversation = room.chat.create()
    room.chat.options.change(conversation, {"preset": "creative", "seed": 5, "system_prompt": "In verse.\0"})
    room.chat.options.change_student(STARTER_SHA256, {"think_tokens": 8})
    room = open_room()
    found = room.chat.options.resolved(conversation)
    assert (found.preset, found.options.seed, found.options.system_prompt) == ("creative", 5, "In verse.\ufffd")
    assert room.chat.options.of_student(STARTER_SHA256, "").options.think_tokens == 8
    room.chat.options.change(conversation, {"seed": None})
    assert room.chat.options.resolved(conversation).options.seed == 1
    room.chat.options.change(conversation, {"temperature": 0.3})
    room.chat.options.change(conversation, {"preset": "precise"})  # what was set by hand gives way to it
    assert room.chat.options.resolved(conversation).options.temperature == 0
    room.chat.options.reset(conversation)
    assert room.chat.options.resolved(conversation).own == frozenset()
    assert room.chat.options.resolved(None, {"seed": 7}).options.seed == 7


def test_a_bad_value_is_refused_whole_and_says_its_limits(open_room: Callable[..., Room]) -> None:
    room = open_room()
    conversation = room.chat.create()
    for change, words in {
        ("temperature", 9): "Temperature cannot be 9",
        ("colour", "red"): "no option called colour",
        ("preset", "Nobody's"): "no preset called",
        ("template", "{{ x }}"): "belongs to the student",
        ("system_prompt", "x" * 300_000): "300,000 characters",
    }.items():
        with pytest.raises(ForgeError, match=words):
            room.chat.options.change(conversation, {"seed": 3, change[0]: change[1]})
    assert room.chat.options.resolved(conversation).own == frozenset()
    with pytest.raises(ForgeError, match="no longer there"):
        room.chat.options.change(999, {"seed": 3})


def test_presets_are_saved_renamed_and_deleted_without_changing_an_answer(open_room: Callable[..., Room]) -> None:
    room = open_room()
    book, conversation = room.chat.options, room.chat.create()
    book.save_preset("  My  way ", MINE)
    book.save_preset("my WAY", {**MINE, "top_k": 8, "seed": 3})  # the same one
    assert [made.name for made in book.presets()][-1] == "My way"
    assert book.preset("MY way").values == {"temperature": 0.4, "top_k": 8}
    book.change(conversation, {"preset": "My way", "min_p": 0.2})
    book.change_student(STARTER_SHA256, {"preset": "My way"})
    assert list(book.export()) == [
        {"preset": "My way", "student_sha256": None, "options": {"temperature": 0.4, "top_k": 8}},
        {"preset": None, "student_sha256": STARTER_SHA256, "options": {"preset": "My way"}},
    ]
    book.rename_preset("my way", "Ours")
    assert book.resolved(conversation).preset == "Ours"
    before = book.resolved(conversation).options
    book.delete_preset("Ours")
    assert book.resolved(conversation).options == before
    assert book.of_student(STARTER_SHA256, "").options.top_k == 8
    for name in ("", "Precise", "own", "x" * 99):
        with pytest.raises(ForgeError):
            book.save_preset(name, MINE)
    for refused in ("Precise", "The student's own"):
        with pytest.raises(ForgeError, match="built in"):
            book.delete_preset(refused)
    book.save_preset("A", MINE)
    book.save_preset("B", MINE)
    with pytest.raises(ForgeError, match="already"):
        book.rename_preset("A", "b")
    book.rename_preset("A", "a")  # only its case


def test_damaged_options_close_no_conversation(open_room: Callable[..., Room]) -> None:
    room = open_room()
    conversation = room.chat.create()
    for damaged in ("", "null", "[1]", '{"temperature": null, "seed": 3}'):
        with room.db.write() as connection:
            connection.execute("UPDATE conversations SET options = ? WHERE id = ?", (damaged, conversation))
        assert room.chat.options.resolved(conversation).options.temperature == 0
        assert len(list(room.chat.export_conversations())) == 1
    assert room.chat.options.resolved(conversation).options.seed == 3


# ---------------------------------------------------------------- answers


def test_an_answer_is_written_by_what_is_in_force_and_says_so(answering: Room) -> None:
    conversation = answering.chat.create()
    answering.chat.options.change_student(STARTER_SHA256, {"max_tokens": 24})
    answering.chat.options.change(
        conversation, {"preset": "balanced", "seed": 11, "stop": "crowns", "system_prompt": "Mention the colour blue."}
    )
    message = answering.ask("What does a standard membership cost?", "documents_first", conversation)
    sampling = message.provenance["sampling"]
    assert isinstance(sampling, dict)
    assert (sampling["temperature"], sampling["seed"], sampling["max_tokens"]) == (0.7, 11, 24)
    assert sampling["stop"][0] == "crowns"
    assert message.provenance["preset"] == "balanced"
    assert "crowns" not in message.text.split("\n\n")[0]
    seen = answering.chat.seen_prompt(message.id)
    assert seen is not None
    assert "Mention the colour blue." in seen.text
    exported = next(iter(answering.chat.export_conversations()))
    assert exported["options"] == {
        "preset": "balanced",
        "seed": 11,
        "stop": "crowns",
        "system_prompt": "Mention the colour blue.",
    }
    json.dumps(exported)


# ---------------------------------------------------------------- the template


TURNED = "{% for message in messages %}<|im_start|>{{ message.role }}: {{ message.content }}<|im_end|>\n{% endfor %}A:"


def test_a_template_is_tried_out_before_it_is_used(answering: Room) -> None:
    book = answering.chat.options
    own, turned = book.preview(""), book.preview(TURNED)
    assert "<|im_start|>user\nHow long may I keep a hand tool?<|im_end|>" in own.text
    assert "<|im_start|>user: And a power tool?<|im_end|>\nA:" in turned.text
    assert {turned.text[a:b] for a, b in turned.special} == {"<|im_start|>", "<|im_end|>"}
    assert len(turned.special) == turned.text.count("<|im_")
    for broken, words in {
        "{% for %}": "chat template cannot be used",
        "{{ messages[9].content }}": "chat template cannot be used",
        "{{ raise_exception('no') }}": "the template says: .no",
        "hello": "leaves out the question",
    }.items():
        with pytest.raises(ForgeError, match=words) as refused:
            book.preview(broken)
        assert "go back to the one in the student's file" in refused.value.hint
    assert book.preview("").text == own.text

    book.change_student(STARTER_SHA256, {"template": TURNED})
    message = answering.ask("What does a standard membership cost?")
    seen = answering.chat.seen_prompt(message.id)
    assert seen is not None
    assert "<|im_start|>user: " in seen.text
    assert message.provenance["prompt_tokens"] == seen.tokens
    book.change_student(STARTER_SHA256, {"template": None})
    assert book.of_student(STARTER_SHA256, "").options.template == ""


def test_a_template_that_never_ends_is_given_up_in_one_sentence(
    answering: Room, expect_log: Callable[[str], None]
) -> None:
    endless = "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}{% endfor %}"
    book = answering.chat.options
    book.preview("")
    with pytest.raises(ForgeError, match="did not come to an end within 5 seconds"):
        book.preview(endless + "{% endfor %}{% endfor %}")
    assert "<|im_start|>" in book.preview("").text
