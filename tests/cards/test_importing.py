"""Bringing cards in: of the hub, ours, CycloneDX and SPDX; nothing they say is lost, nothing here is overwritten."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.cards.importing import guessed
from forge_desktop.cards.markdown import BadCardText
from forge_desktop.cards.records import Card
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


def test_a_card_whose_values_cannot_be_ours_keeps_them_and_says_where(room: CardRoom, tmp_path: Path) -> None:
    text = cards.text_of(cards.FOLDER / "sample_simple_model_index.md")
    text = text.replace("library_name", "pipeline_tag: image-classification\nlibrary_name")
    file = tmp_path / "card.md"
    file.write_text(text, "utf-8", newline="")
    card = _bring(room, file, kind="student")
    assert card.name == "my-cool-model"
    assert card.fields["licence"].shown is not None
    assert (card.fields["licence"].shown.data, card.fields["licence"].shown.source) == ("MIT", "import")
    assert room.cards.markdown(card.uid) == text
    assert "task" not in card.fields
    assert card.broken == text
    assert card.problem is not None
    assert "image-classification" in card.problem.message or "Task" in card.problem.message
    mended = text.replace("pipeline_tag: image-classification", "pipeline_tag: fill-mask")
    assert room.cards.set_text(card.uid, mended).taken
    assert room.shown(card.uid, "task") == "fill-mask"


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
    (folder / "README.md").unlink()
    assert _bring(room, folder).name == "a-model"
    (folder / ".eval_results" / "hle.yaml").write_text("- [a\n", "utf-8")
    with pytest.raises(BadCardText, match=r"Line 2, column 1: .*\.eval_results/hle\.yaml"):
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
    kept = room.cards.version(card.uid, room.cards.versions(card.uid)[0].number)
    assert kept.fields["intended_use"].hand is not None
    assert kept.fields["intended_use"].hand.data == "What I wrote myself."
    assert "شكر وتقدير" in room.cards.markdown("v1")
    assert "extra_gated_fields:" in room.cards.markdown("v1")
    room.cards.undo("v1")
    assert room.shown("v1", "intended_use") == "What I wrote myself."


@pytest.mark.parametrize("form", ["json", "cyclonedx", "spdx"])
def test_what_left_in_another_form_comes_back(room: CardRoom, tmp_path: Path, form: str) -> None:
    room.cards.set("v1", "intended_use", "Answers short questions.")
    file = tmp_path / "card.json"
    file.write_bytes(room.cards.exports.render("v1", form, revealed=True))
    card = _bring(room, file)
    assert card.kind == "student"
    assert card.subject == ""
    assert room.shown(card.uid, "intended_use") == "Answers short questions."
    assert room.shown(card.uid, "parameters") == room.shown("v1", "parameters")


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
    for field in room.cards.get("v1").fields:
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
