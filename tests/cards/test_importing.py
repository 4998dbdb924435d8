"""Bringing cards in: of the hub, ours, CycloneDX and SPDX; nothing they say is lost, nothing here is overwritten."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.cards.formats.file_check import checked_file
from forge_desktop.cards.formats.said_elsewhere import guessed
from forge_desktop.cards.markdown import BadCardText
from forge_desktop.cards.records import BroughtIn, Card
from tests.cards import markdown_cards as cards
from tests.cards.conftest import CardRoom


def _bring(room: CardRoom, path: Path, **how: str) -> Card:
    card = room.forge.jobs.wait(room.cards.bring_in(path, **how), timeout=60)
    assert isinstance(card, Card)
    return card


@pytest.mark.parametrize("name", cards.KIND_OF)
def test_a_long_card_comes_in_with_its_kind_and_leaves_byte_for_byte(room: CardRoom, name: str) -> None:
    path = cards.OWN / name
    text = cards.text_of(path)
    kind = "student" if name == "kestrel-template.md" else cards.KIND_OF[name]  # a merge is no adapter
    assert guessed(text) == kind
    card = _bring(room, path)
    assert card.kind == kind
    assert card.orphan
    assert card.broken is None
    assert room.cards.markdown(card.uid) == text


@pytest.mark.parametrize("text", ["---\nlicense: mit\n---\n\n## Foo 8B\n\nWords.\n", "Words alone.\n"])
def test_a_card_without_a_title_is_named_by_its_file_and_leaves_byte_for_byte(
    room: CardRoom, tmp_path: Path, text: str
) -> None:
    file = tmp_path / "nt.md"
    file.write_text(text, "utf-8")
    first, second = _bring(room, file), _bring(room, file)
    assert (first.name, second.name) == ("nt", "nt (2)")
    assert room.cards.markdown(first.uid) == room.cards.markdown(second.uid) == text
    room.cards.set(first.uid, "name", "Foo")
    assert "| Name | Foo |" in room.cards.markdown(first.uid)


def test_a_card_whose_values_cannot_be_ours_keeps_them_and_says_where(room: CardRoom, tmp_path: Path) -> None:
    text = cards.text_of(cards.FOLDER / "sample_simple_model_index.md")
    text = text.replace("library_name", "pipeline_tag: mind-reading\nlibrary_name").replace(
        "language: en", "language: English"
    )
    file = tmp_path / "card.md"
    file.write_text(text, "utf-8", newline="")
    card = _bring(room, file, kind="student")
    assert card.name == "my-cool-model"
    assert card.fields["licence"].shown is not None
    assert (card.fields["licence"].shown.data, card.fields["licence"].shown.source) == ("MIT", "import")
    assert room.cards.markdown(card.uid) == text
    assert "task" not in card.fields
    assert card.broken is None  # somebody else's words are no mistake of a person here
    assert isinstance(card, BroughtIn)
    at = text[: text.index("pipeline_tag")].count("\n") + 1
    assert [(one.field, one.severity, one.line) for one in card.refused] == [
        ("languages", "warning", 2),
        ("task", "warning", at),
    ]
    said = [one for one in room.cards.check(card.uid).problems if one.field == "task"]
    assert said == [one for one in card.refused if one.field == "task"]
    mended = text.replace("pipeline_tag: mind-reading", "pipeline_tag: fill-mask").replace("English", "en")
    assert room.cards.set_text(card.uid, mended).taken
    assert room.shown(card.uid, "task") == "fill-mask"


@pytest.mark.parametrize("name", ["kestrel-template.md", "nuqta-arabic-student.md", "without a name.md"])
def test_a_second_card_of_a_name_is_listed_with_a_number_and_says_what_its_author_wrote(
    room: CardRoom, tmp_path: Path, name: str
) -> None:
    path = cards.OWN / name
    if name.startswith("without"):
        path = tmp_path / name
        path.write_text("---\nlicense: mit\n---\n\nWords that name nothing.\n", "utf-8")
    one, two, three = (_bring(room, path) for _ in range(3))
    assert [two.name, three.name] == [f"{one.name} (2)", f"{one.name} (3)"]
    assert isinstance(two, BroughtIn)
    assert [said.message for said in two.refused if said.field == "name"] == [
        f"There is a card of that name, so this one is listed as {two.name}. Its text stays as it is."
    ]
    first, second = room.cards.markdown(one.uid), room.cards.markdown(two.uid)
    assert first == second == cards.text_of(path)
    for form in ("markdown", "html", "cyclonedx"):
        exported = room.cards.exports.render(two.uid, form)
        assert two.name.encode() not in exported, form
    room.cards.set(two.uid, "users", "Everybody here.")
    assert room.cards.get(two.uid).name == two.name, "another change leaves the name in the list"
    room.cards.history.undo(two.uid)
    assert room.cards.markdown(two.uid) == first
    room.cards.set(three.uid, "name", "Mine")
    assert room.cards.get("Mine").uid == three.uid
    room.cards.set(three.uid, "name", str(room.shown(one.uid, "name")))
    assert room.cards.get(three.uid).name == three.name, "no other card's name in the list is taken from it"
    room.cards.remove(one.uid)
    room.cards.set(three.uid, "name", "Mine")
    room.cards.history.undo(three.uid)
    assert room.cards.get(three.uid).name == one.name, "it is free again"


def test_a_name_with_a_number_gets_the_next_one(room: CardRoom, tmp_path: Path) -> None:
    file = tmp_path / "README.md"
    for names in (["Foo (2)", "Foo (3)", "Foo (4)"], ["Census (2025)", "Census (2025) (2)"]):
        file.write_text(f"# {names[0]}\n", "utf-8")
        assert [_bring(room, file).name for _ in names] == names


@pytest.mark.parametrize("name", cards.BAD)
def test_a_text_that_cannot_be_read_waits_to_be_mended(room: CardRoom, name: str) -> None:
    card = _bring(room, cards.FOLDER / name)
    assert card.broken == cards.text_of(cards.FOLDER / name)
    assert card.problem is not None
    assert (card.problem.line, card.problem.column) == cards.BAD[name]
    before = len(room.cards.entries())
    with pytest.raises(ForgeError, match="stays as it is"):
        _bring(room, cards.FOLDER / name, subject=room.cards.get("v1").subject)
    assert len(room.cards.entries()) == before


def test_a_folder_brings_its_results_along(room: CardRoom, tmp_path: Path) -> None:
    folder = tmp_path / "a-model"
    (folder / ".eval_results").mkdir(parents=True)
    shutil.copy(cards.OWN / "nuqta-arabic-student.md", folder / "README.md")
    entry = "- dataset: {id: cais/hle, task_id: hle}\n  value: 20.9\n"
    (folder / ".eval_results" / "hle.yaml").write_text(entry, "utf-8")
    card = _bring(room, folder)
    shown = card.fields["evaluation"].shown
    assert shown is not None
    assert shown.data == [{"task": "hle", "dataset": "cais/hle", "value": 20.9}]
    assert "نقطة" in card.name
    (folder / ".eval_results" / "odd.yaml").write_text("- [a\n", "utf-8")
    kept = _bring(room, folder)
    assert isinstance(kept, BroughtIn)
    assert kept.name.endswith("(2)")
    assert [
        (one.line, one.column) for one in kept.refused if "odd.yaml" in one.message and "left out" in one.message
    ] == [(1, 3)]
    (folder / ".eval_results" / "odd.yaml").unlink()
    (folder / "README.md").unlink()
    assert _bring(room, folder).name == "a-model"
    (folder / ".eval_results" / "hle.yaml").write_text("- [a\n", "utf-8")
    with pytest.raises(BadCardText, match=r"Line 1, column 3: .*\.eval_results/hle\.yaml"):
        _bring(room, folder)
    shutil.rmtree(folder / ".eval_results")
    with pytest.raises(ForgeError, match="no card in a-model"):
        _bring(room, folder)


def test_what_is_here_is_kept_as_a_version_before_a_card_is_taken_into_it(room: CardRoom) -> None:
    room.cards.set("v1", "intended_use", "What I wrote myself.")
    room.cards.set("v1", "users", "Everybody here.")
    subject = room.cards.get("v1").subject
    card = _bring(room, cards.OWN / "nuqta-arabic-student.md", subject=subject)
    assert card.subject == subject
    assert card.fields["parameters"].measured is not None  # stays beside what the text says
    assert card.fields["parameters"].hand is not None
    assert room.shown("v1", "users") == "Everybody here."
    kept = room.cards.history.version(card.uid, room.cards.history.versions(card.uid)[0].number)
    assert kept.fields["intended_use"].hand is not None
    assert kept.fields["intended_use"].hand.data == "What I wrote myself."
    assert "شكر وتقدير" in room.cards.markdown("v1")
    assert "extra_gated_fields:" in room.cards.markdown("v1")
    room.cards.history.undo("v1")
    assert room.shown("v1", "intended_use") == "What I wrote myself."


def test_what_cannot_be_a_value_stays_in_the_text_and_is_named(room: CardRoom, tmp_path: Path) -> None:
    said = json.loads(room.cards.exports.render("v1", "json", revealed=True))
    said["document"] = ""
    said["fields"]["licence"] = {"hand": {"value": "not-a-licence", "unit": "", "source": "hand", "at": 0}}
    file = tmp_path / "card.json"
    file.write_text(json.dumps(said), "utf-8")
    card = _bring(room, file)
    assert isinstance(card, BroughtIn)
    assert "Licence" in next(one.message for one in card.refused if one.field == "licence")
    assert "not-a-licence" in room.cards.markdown(card.uid)
    text = tmp_path / "README.md"
    text.write_text("---\nlicense: not-a-licence\n---\n# Other\n", "utf-8")
    room.cards.set("v1", "licence", "MIT")
    into = _bring(room, text, subject=room.cards.get("v1").subject)
    assert isinstance(into, BroughtIn)
    assert [one.field for one in into.refused] == ["licence"]
    assert room.shown("v1", "licence") == "MIT"
    assert '"licence": "not-a-licence"' in room.cards.markdown("v1")
    assert room.cards.history.versions("v1")[0].note == "Before README.md was brought in."


def test_a_text_that_waits_to_be_mended_goes_along_with_the_json(room: CardRoom, tmp_path: Path) -> None:
    text = "---\nlicense: [mit\n---\n# v1\n"
    assert not room.cards.set_text("v1", text).taken
    with pytest.raises(ForgeError, match=r"waits to be mended, it would be missing in Markdown"):
        room.cards.exports.write("v1", ["markdown"], tmp_path / "x.md")
    file = tmp_path / "card.json"
    room.forge.jobs.wait(room.cards.exports.write("v1", ["json"], file, revealed=True), timeout=60)
    assert _bring(room, file).broken == text


def test_a_card_of_another_kind_is_refused(room: CardRoom, tmp_path: Path) -> None:
    file = tmp_path / "README.md"
    file.write_text("---\nlibrary_name: peft\nbase_model: a/b\n---\n# Other\n", "utf-8")
    v1 = room.cards.get("v1").subject
    with pytest.raises(ForgeError, match=r"another kind of model \(adapter\) than v1 \(student\)"):
        _bring(room, file, subject=v1)
    assert _bring(room, file, subject=v1, kind="student").subject == v1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes are of Unix")
def test_a_folder_with_a_pipe_or_a_link_that_leads_out_of_it_is_not_read(room: CardRoom, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    (folder / ".eval_results").mkdir(parents=True)
    os.mkfifo(folder / ".eval_results" / "a.yaml")
    with pytest.raises(ForgeError, match=r"a\.yaml is no file that can be read"):
        _bring(room, folder)
    secret = tmp_path / "secret.txt"
    secret.write_text("root:x:0:0", "utf-8")
    (folder / "README.md").symlink_to(secret)
    with pytest.raises(ForgeError, match="leads out of model"):
        _bring(room, folder)
    cache = tmp_path / "models--a--b"
    (cache / "snapshots" / "main").mkdir(parents=True)
    (cache / "blobs").mkdir()
    (cache / "blobs" / "abc").write_text("# Cached\n", "utf-8")
    (cache / "snapshots" / "main" / "README.md").symlink_to(Path("../../blobs/abc"))
    assert _bring(room, cache / "snapshots" / "main").name == "Cached"


def test_ordinary_cards_of_the_hub_come_in_without_an_error(room: CardRoom, tmp_path: Path) -> None:
    file = tmp_path / "README.md"
    front = "base: &base {license: Apache 2.0, tags: [a]}\n<<: *base\npipeline_tag: text-to-image\n"
    file.write_text(f"---\n{front}---\n# One\n\n{'A long paragraph. ' * 80}\n", "utf-8")
    card = _bring(room, file)
    assert isinstance(card, BroughtIn)
    assert card.broken is None
    assert [one.field for one in card.refused] == ["licence"]
    assert "summary" not in card.fields
    assert (room.shown(card.uid, "task"), room.shown(card.uid, "tags")) == ("text-to-image", ["a"])
    assert room.cards.markdown(card.uid) == file.read_text("utf-8")
    assert not [one for one in room.cards.check(card.uid).problems if one.severity == "error"]


def test_one_odd_amount_costs_a_document_nothing_else(room: CardRoom, tmp_path: Path) -> None:
    odd = {"name": "forge-desktop:price_input_usd", "value": "1e99"}
    model = {"type": "machine-learning-model", "name": "M", "modelCard": {"properties": [odd]}, "description": "Short."}
    file = tmp_path / "card.cdx.json"
    file.write_text(json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.7", "components": [model]}), "utf-8")
    card = _bring(room, file)
    assert room.shown(card.uid, "summary") == "Short."
    assert "1e99" in room.cards.markdown(card.uid)


def test_what_is_no_number_and_what_is_too_long_is_named(room: CardRoom, tmp_path: Path) -> None:
    front = "model-index:\n- name: m\n  results:\n  - task: {type: t}\n    dataset: {name: d, type: d}\n    metrics:\n"
    file = tmp_path / "README.md"
    file.write_text(
        f"---\n{front}    - {{type: acc, value: 63 ± 4}}\n---\n# M\n\n## Uses\n\n{'x' * 200_001}\n", "utf-8"
    )
    card = _bring(room, file)
    said = {(one.line, one.message) for one in room.cards.check(card.uid).problems if one.field == "evaluation"}
    assert said == {(8, "a result of model-index is no number ('63 ± 4'), so it stays in the text alone.")}
    assert isinstance(card, BroughtIn)
    assert ["200,000 characters" in one.message for one in card.refused] == [True]


def test_a_check_reads_what_an_import_reads(room: CardRoom, tmp_path: Path) -> None:
    said = json.loads(room.cards.exports.render("v1", "json", revealed=True))
    said["fields"]["contact"] = {"hand": {"value": "nobody", "unit": "", "source": "hand", "at": 0}}
    file = tmp_path / "card.jsonld"
    text = json.dumps(said, indent=1)
    file.write_text(text, "utf-8")
    problem = next(one for one in checked_file(file, None, lambda _: ()).problems if one.field == "contact")
    assert (problem.severity, problem.line) == ("warning", text[: text.index('"contact"')].count("\n") + 1)
    folder = tmp_path / "model"
    (folder / ".eval_results").mkdir(parents=True)
    (folder / "README.md").write_text("---\nlicense: Apache 2.0\n---\n# M\n", "utf-8")
    (folder / ".eval_results" / "a.yaml").write_text("- dataset: {id: a/b}\n  value: 1.0\n", "utf-8")
    (folder / ".eval_results" / "b.yaml").write_text("- [\n", "utf-8")
    report = checked_file(folder, None, lambda _: ())
    assert [(one.field, one.severity, one.line) for one in report.problems if one.field == "licence"] == [
        ("licence", "warning", 2)
    ]
    assert [one for one in room.cards.check(_bring(room, folder).uid).problems if one.field == "licence"] == [
        one for one in report.problems if one.field == "licence"
    ]
    assert [one for one in report.problems if "b.yaml" in one.message]
    assert "Evaluation results" not in report.completeness.missing


@pytest.mark.parametrize("form", ["json", "cyclonedx", "spdx"])
def test_what_left_in_another_form_comes_back(room: CardRoom, tmp_path: Path, form: str) -> None:
    room.cards.set_text("v1", room.cards.markdown("v1") + "\n## Thanks\n\nA word of thanks.\n")
    room.cards.set("v1", "intended_use", "Answers short questions.")
    file = tmp_path / "card.json"
    file.write_bytes(room.cards.exports.render("v1", form, revealed=True))
    card = _bring(room, file)
    assert card.kind == "student"
    assert card.subject == ""
    assert room.shown(card.uid, "intended_use") == "Answers short questions."
    assert room.shown(card.uid, "parameters") == room.shown("v1", "parameters")
    assert "A word of thanks." in room.cards.markdown(card.uid)


def test_a_folder_that_was_exported_comes_back_with_every_row_once(room: CardRoom, tmp_path: Path) -> None:
    rows = [{"task": "qa", "dataset": f"own/suite-{n}", "metric": "f1", "value": n / 4, "n": 40} for n in range(3)]
    room.cards.set("v1", "evaluation", rows)
    room.cards.set("v1", "tradeoffs", "# None\n\n```\nopen")
    folder = tmp_path / "out"
    folder.mkdir()
    room.forge.jobs.wait(room.cards.exports.write("v1", ["markdown"], folder, revealed=True), timeout=60)
    assert len(list((folder / ".eval_results").iterdir())) == 3
    card = _bring(room, folder)
    assert room.shown(card.uid, "evaluation") == rows
    for field in set(room.cards.get("v1").fields) - {"name"}:  # that is taken
        assert room.shown(card.uid, field) == room.shown("v1", field)


def test_files_that_are_no_cards_are_named(room: CardRoom, tmp_path: Path) -> None:
    latin = tmp_path / "README.md"
    latin.write_bytes("# A\n\nDas ist für".encode("latin-1"))
    with pytest.raises(BadCardText, match=r"Line 3, column 10: README\.md is no UTF-8, it holds the byte 0xFC"):
        _bring(room, latin)
    with pytest.raises(ForgeError, match="cannot be read"):
        _bring(room, tmp_path / "nothing.md")
    with pytest.raises(ForgeError, match="no kind of card called mouse"):
        _bring(room, latin, kind="mouse")
    long = tmp_path / "long.md"
    long.write_text("x" * 10_000_000, "utf-8")
    with pytest.raises(ForgeError, match="has 10,000,000 characters"):
        _bring(room, long)
    other = tmp_path / "other.json"
    other.write_text("{}", "utf-8")
    with pytest.raises(ForgeError, match="neither a card"):
        _bring(room, other)
    assert len(room.cards.entries()) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such pipes")
@pytest.mark.parametrize("name", ["card.md", "card.json", "card.yaml"])
def test_a_pipe_is_refused_and_holds_nothing_up(room: CardRoom, tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(ForgeError, match="is no file that can be read"):
        _bring(room, tmp_path / name)
    os.makedirs(tmp_path / "folder" / ".eval_results")
    os.mkfifo(tmp_path / "folder" / ".eval_results" / "a.yaml")
    with pytest.raises(ForgeError, match="is no file that can be read"):
        _bring(room, tmp_path / "folder")
