"""Cards in a version's bundle and in the export of everything; what is damaged in them, and what they mention."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from forge_desktop.__main__ import main
from forge_desktop.cards.records import Value
from forge_desktop.forge import Forge
from tests.archive.test_version_bundles import adapters_of, bring, elsewhere, leave, rewritten, told
from tests.cards.conftest import CardRoom

__all__ = ["elsewhere"]
USE = "Answers questions about <b>tea</b>, nothing else."
SPEED = Value({"p50": 41.5, "p95": 50.0}, "tokens/s", "measured", "measurement", {"n": 20}, {"build": "b1"}, 1e9)

STALE = Value({"p50": 12.5}, "ms", "measured", "measurement", {}, {"scale": "0.5"}, 1e9)


@pytest.fixture(scope="module")
def carried(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of a version whose card says something by hand and something measured."""
    folder = tmp_path_factory.mktemp("carried")
    (folder / "data").mkdir(mode=0o700)
    room = CardRoom(folder / "data", folder)
    made = room.adapter(name="Facts")
    room.cards.set(made.uid, "intended_use", USE)
    room.cards.not_applicable(made.uid, "fairness", "It decides nothing about people.")
    room.measured(made.uid, generation_speed=SPEED, first_token=STALE)
    leave(room.forge, made.uid, folder / "facts.forgeversion", with_base=True)
    room.forge.close()
    return folder / "facts.forgeversion"


def card_of(file: Path) -> Any:
    with zipfile.ZipFile(file) as archive:
        return json.loads(archive.read("card.json"))


def test_a_bundle_carries_the_card(carried: Path) -> None:
    card = card_of(carried)
    assert (card["format"], card["kind"], card["name"]) == ("forge-card", "adapter", "Facts")
    assert card["fields"]["intended_use"]["hand"]["value"] == USE
    assert card["fields"]["generation_speed"]["measured"]["value"] == SPEED.data


def test_a_bundle_names_nobody_of_the_documents(tmp_path: Path, elsewhere: Forge) -> None:
    (tmp_path / "data").mkdir(mode=0o700)
    room = CardRoom(tmp_path / "data", tmp_path)
    (tmp_path / "a.md").write_text("Ottilie Brandauer was here, and Ottilie Brandauer left.", encoding="utf-8")
    room.forge.jobs.wait(room.forge.corpus.index([tmp_path / "a.md"]), 60)
    made = room.adapter(name="For Ottilie Brandauer")
    leave(room.forge, made.uid, tmp_path / "it.forgeversion", with_base=True)
    room.forge.close()
    with zipfile.ZipFile(tmp_path / "it.forgeversion") as archive:
        assert not any(b"Brandauer" in archive.read(name) for name in archive.namelist())
    assert bring(elsewhere, tmp_path / "it.forgeversion").name == "For ‹name›"


def test_it_is_readable_before_anything_comes_in(
    carried: Path, elsewhere: Forge, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(elsewhere.data_dir.rglob("*"))
    look = elsewhere.archive.student_files.look(carried)
    assert (look.name, look.with_base, look.base_here, look.gates) == ("Facts", True, False, 0)
    assert look.card == card_of(carried)
    assert USE in look.card_text
    assert adapters_of(elsewhere) == []
    assert sorted(elsewhere.data_dir.rglob("*")) == before
    # beside a window that owns the directory
    assert main(["--data-dir", str(elsewhere.data_dir), "students", "import", str(carried), "--show", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["card"]["fields"]["intended_use"]["hand"]["value"] == USE
    assert "card_text" not in said
    assert main(["--data-dir", str(elsewhere.data_dir), "students", "import", str(carried), "--show"]) == 0
    assert USE in capsys.readouterr().out
    adapter = carried.parent / "adapter-1.gguf"
    assert main(["--data-dir", str(elsewhere.data_dir), "students", "import", str(adapter), "--show"]) == 1
    assert "is no version's bundle" in capsys.readouterr().err


def test_it_comes_in_as_somebody_elses_word(carried: Path, elsewhere: Forge) -> None:
    made = bring(elsewhere, carried)
    card = elsewhere.cards.get(made.uid)
    assert (card.kind, card.subject, card.label) == ("adapter", made.uid, made.label)
    use = card.fields["intended_use"].hand
    assert use is not None
    assert (use.data, use.source) == (USE, "hand")
    speed = card.fields["generation_speed"]
    assert speed.measured is None
    assert speed.hand is not None
    assert (speed.hand.data, speed.hand.source, speed.hand.rests_on) == (SPEED.data, "import", {})
    assert speed.hand.detail == {"n": 20, "told source": "measurement"}
    assert card.fields["fairness"].not_applicable == "It decides nothing about people."
    (found,) = [why for key, why in elsewhere.cards.check(made.uid).stale if key == "first_token"]
    assert found.startswith("Was stale where it came from: The adapter's scale was 0.5 when this was taken, and is 1")
    elsewhere.cards.set(made.uid, "intended_use", "Mine")
    assert bring(elsewhere, carried).uid == made.uid
    again = elsewhere.cards.get(made.uid).fields["intended_use"].hand
    assert again is not None
    assert again.data == "Mine", "a second time it takes nothing away"


def test_a_look_at_a_bundle_says_why_its_card_cannot_be_read(carried: Path, elsewhere: Forge, tmp_path: Path) -> None:
    odd = rewritten(carried, tmp_path / "odd.forgeversion", told("card.json", kind="mouse"))
    found = elsewhere.archive.student_files.look(odd)
    assert found.card is None
    assert "kind is none of" in found.card_text


def test_a_text_that_waits_to_be_mended_comes_along(carried: Path, elsewhere: Forge, tmp_path: Path) -> None:
    odd = rewritten(carried, tmp_path / "odd.forgeversion", told("card.json", broken="---\na: [\n---\n"))
    assert elsewhere.archive.student_files.look(odd).card_text == "---\na: [\n---\n"
    made = bring(elsewhere, odd)
    assert "its text (it waits to be mended)" in made.note
    assert elsewhere.cards.get(made.uid).broken == "---\na: [\n---\n"


def test_what_is_left_out_of_what_is_shown_is_named_first(
    carried: Path, elsewhere: Forge, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = "---\nx: !!python/object/apply:os.system [id]\n---\n"
    odd = rewritten(carried, tmp_path / "odd.forgeversion", told("card.json", kind="teacher", document=bad))
    assert main(["--data-dir", str(elsewhere.data_dir), "students", "import", str(odd), "--show"]) == 0
    said = capsys.readouterr().out
    left_out = "its text (it waits to be mended), its kind (teacher: the card of a version is one of an adapter)"
    assert f"Of its card this cannot be taken in: {left_out}." in said.replace("\n", " ")
    mouse = rewritten(carried, tmp_path / "mouse.forgeversion", told("card.json", kind="mouse"))
    assert main(["--data-dir", str(elsewhere.data_dir), "students", "import", str(mouse), "--show"]) == 0
    assert "kind is none of" in capsys.readouterr().out


@pytest.mark.parametrize(
    "change", [lambda files: files.pop("card.json"), lambda files: files.update({"card.json": b"null"})]
)
def test_a_bundle_without_a_card_is_welcome(
    carried: Path, elsewhere: Forge, tmp_path: Path, change: Callable[[dict[str, bytes]], object]
) -> None:
    bare = rewritten(carried, tmp_path / "bare.forgeversion", change)
    assert elsewhere.archive.student_files.look(bare).card is None
    made = bring(elsewhere, bare)
    assert elsewhere.cards.get(made.uid).fields.get("intended_use") is None


def test_what_cannot_stand_in_a_card_is_left_out_and_named(carried: Path, elsewhere: Forge, tmp_path: Path) -> None:
    wrong = {"contact": {"hand": {"value": "nobody", "source": "hand"}},
             "summary": {"hand": {"value": "fine", "source": "hand"}},
             "unheard_of": {"hand": {"value": 1, "source": "hand"}}}  # fmt: skip
    change = told("card.json", fields=wrong, document="---\n- a: [\n---\n")
    odd = rewritten(carried, tmp_path / "odd.forgeversion", change)
    look = elsewhere.archive.student_files.look(odd)
    assert "fine" in look.card_text
    assert look.card_left_out == ("its text (it waits to be mended)", "unheard_of", "Contact")
    made = bring(elsewhere, odd)
    assert "Of its card this could not be taken in: its text (it waits to be mended), unheard_of, Contact." in made.note
    assert elsewhere.cards.get(made.uid).broken == "---\n- a: [\n---\n"
    fields = elsewhere.cards.get(made.uid).fields
    assert fields["summary"].hand is not None
    assert fields.get("contact") is None


@pytest.fixture
def kept(data_dir: Path, tmp_path: Path) -> tuple[CardRoom, str]:
    """A card of which a version is kept that mentions a document; the card as it is now does not."""
    room = CardRoom(data_dir, tmp_path)
    card = room.cards.new("teacher", "A teacher").uid
    room.cards.set(card, "limitations", 'Knows only "tea — rules.md" by heart.')
    room.cards.history.adopt(card, {}, always=True)
    room.cards.set(card, "limitations", "None that are known.")
    return room, card


def test_all_cards_are_in_the_export_with_their_versions(kept: tuple[CardRoom, str], tmp_path: Path) -> None:
    room, card = kept
    room.forge.archive.export(tmp_path / "out")
    lines = (tmp_path / "out" / "cards.jsonl").read_text().splitlines()
    rows = {row["uid"]: row for row in map(json.loads, lines)}
    assert len(rows) == len(room.cards.entries())
    assert rows[card]["fields"]["limitations"]["hand"]["value"] == "None that are known."
    [version] = rows[card]["versions"]
    assert (version["number"], version["published"], len(version["sha256"])) == (1, False, 64)
    assert version["content"]["fields"]["limitations"]["hand"]["value"].startswith("Knows only")
    room.forge.close()


def test_a_changed_version_of_a_card_is_found(kept: tuple[CardRoom, str], data_dir: Path) -> None:
    room, _ = kept
    sound = room.forge.archive.verify()
    assert sound.ok, sound.damaged
    room.forge.close()
    with contextlib.closing(sqlite3.connect(data_dir / "forge.db")) as db:
        db.execute("UPDATE card_versions SET content = replace(content, 'heart', 'head')")
        db.commit()
    with contextlib.closing(Forge(data_dir, holder="a test", read_only=True)) as forge:
        found = forge.archive.verify()
    assert found.damaged == ("Version 1 of the card of A teacher changed since it was kept.",)
    assert found.checked == sound.checked


def test_cards_that_mention_a_document_are_named(kept: tuple[CardRoom, str]) -> None:
    room, card = kept
    archive = room.forge.archive
    [found] = archive.mentions("f" * 64, "TEA — Rules.md")
    assert (found.card, found.name, found.now, found.versions) == (card, "A teacher", False, (1,))
    room.cards.set(card, "summary", f"It learnt from {'f' * 64}.")
    [found] = archive.mentions("f" * 64, "nothing-of-that-name.md")
    assert (found.now, found.versions) == (True, ())
    assert archive.mentions("e" * 64, "md") == []
    room.forge.close()
