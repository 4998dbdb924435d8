"""The check finds damage in every place where something is kept, and changes nothing."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from forge_desktop.__main__ import main
from forge_desktop.archive import Verdict
from forge_desktop.archive.doctor import Doctor
from forge_desktop.forge import Forge
from tests.data import adapter_for, tiny_gguf


def ask(forge: Forge, question: str) -> None:
    forge.jobs.wait(forge.chat.ask(forge.chat.create(), question))


@contextlib.contextmanager
def tampering(data_dir: Path) -> Callable[..., sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(data_dir / "forge.db")) as db:
        yield db
        db.commit()


def verdict_of(data_dir: Path) -> Verdict:
    with contextlib.closing(Forge(data_dir, holder="a test", read_only=True)) as forge:
        return forge.archive.verify()


def test_a_sound_directory_is_ok(forge: Forge) -> None:
    ask(forge, "How long may I keep a hand tool?")
    verdict = forge.archive.verify()
    assert verdict.ok, verdict.damaged
    stats = forge.corpus.shelf.stats()
    assert verdict.checked > stats.documents + stats.passages
    assert forge.archive.verify() == verdict


def test_one_changed_letter_in_a_stored_text_is_found(
    forge: Forge, data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    forge.close()
    with tampering(data_dir) as db:
        db.execute(
            "UPDATE texts SET text = replace(text, 'broken pump', 'broken bump') WHERE text LIKE '%broken pump%'"
        )
    verdict = verdict_of(data_dir)
    assert not verdict.ok
    assert any("history.txt" in sentence for sentence in verdict.damaged), verdict.damaged
    assert main(["--data-dir", str(data_dir), "verify", "--json"]) == 3
    assert '"ok": false' in capsys.readouterr().out


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE passages SET start = start + 1 WHERE id = (SELECT max(id) FROM passages)",
        "UPDATE vector_rows SET body = zeroblob(length(body)) WHERE id = (SELECT min(id) FROM vector_rows)",
        "DELETE FROM vector_rows WHERE id = (SELECT min(id) FROM vector_rows)",
        "UPDATE postings SET codes = zeroblob(length(codes)) WHERE block = (SELECT min(block) FROM postings)",
        "DELETE FROM passages WHERE id = (SELECT max(id) FROM passages)",
    ],
)
def test_damage_in_the_index_is_found(forge: Forge, data_dir: Path, statement: str) -> None:
    forge.close()
    with tampering(data_dir) as db:
        assert db.execute(statement).rowcount == 1
    assert not verdict_of(data_dir).ok


def test_a_quote_that_no_longer_holds_is_found(forge: Forge, data_dir: Path) -> None:
    ask(forge, "How long may I keep a hand tool?")
    forge.close()
    with tampering(data_dir) as db:
        # All of it: which words are quoted is the student's choice.
        other = "replace(hex(zeroblob(length(passage_text))), '00', 'X')"
        assert db.execute(f"UPDATE sources SET passage_text = {other} WHERE n = 1").rowcount
    assert any("quote" in sentence for sentence in verdict_of(data_dir).damaged)


def test_a_page_of_rubbish_in_the_database_is_found(forge: Forge, data_dir: Path) -> None:
    forge.close()
    path = data_dir / "forge.db"
    content = bytearray(path.read_bytes())
    content[8 * 4096 : 12 * 4096] = b"\xa5" * (4 * 4096)
    path.write_bytes(content)
    verdict = verdict_of(data_dir)
    assert not verdict.ok
    assert path.read_bytes() == bytes(content)


def test_a_changed_and_a_missing_student_are_found(forge: Forge, data_dir: Path, starter: Path, tmp_path: Path) -> None:
    forge.close()
    copy = tmp_path / "student.gguf"
    shutil.copy(starter, copy)
    with tampering(data_dir) as db:
        assert db.execute("UPDATE bases SET path = ?", (bytes(copy),)).rowcount == 1
    with open(copy, "rb+") as file:
        file.seek(-1, 2)
        file.write(b"!")
    assert any("changed since" in sentence for sentence in verdict_of(data_dir).damaged)
    copy.unlink()
    assert any("cannot be read" in sentence for sentence in verdict_of(data_dir).damaged)


def test_the_command_line_repairs_and_says_what_it_did(
    forge: Forge, data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    forge.close()
    with tampering(data_dir) as db:
        db.execute(
            "UPDATE texts SET text = replace(text, 'broken pump', 'broken bump') WHERE text LIKE '%broken pump%'"
        )
        db.execute("UPDATE vector_rows SET body = zeroblob(9) WHERE id = (SELECT min(id) FROM vector_rows)")
    assert main(["--data-dir", str(data_dir), "verify", "--repair", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["ok"]
    assert said["damaged"] == said["kept"] == said["lost"] == []
    assert "history.txt" in said["reread"][0]
    assert any("1 vectors were made again" in sentence for sentence in said["repaired"])
    assert main(["--data-dir", str(data_dir), "verify", "--repair"]) == 0
    assert "no damage found" in capsys.readouterr().out


def test_damage_that_cannot_be_mended_stays_damage(
    data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "only.txt").write_text("The only copy of this text.")
    with contextlib.closing(Forge(data_dir, holder="a test")) as forge:
        forge.jobs.wait(forge.corpus.index([tmp_path / "only.txt"]))
    (tmp_path / "only.txt").unlink()
    with tampering(data_dir) as db:
        db.execute("UPDATE texts SET text = replace(text, 'only', 'lone')")
    assert main(["--data-dir", str(data_dir), "verify", "--repair", "--json"]) == 3
    said = json.loads(capsys.readouterr().out)
    assert "the file is gone" in said["lost"][0]
    assert said["damaged"] == [f"{tmp_path}/only.txt: its stored text is damaged."]


def test_a_database_that_cannot_be_mended_names_the_copy_to_use(
    forge: Forge, data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = forge.archive._db.back_up("before-update")
    forge.close()
    with tampering(data_dir) as db:
        (page,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'texts'").fetchone()
    with open(data_dir / "forge.db", "rb+") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xa5" * 4096)
    assert main(["--data-dir", str(data_dir), "verify", "--repair", "--json"]) == 3
    said = json.loads(capsys.readouterr().out)
    assert not said["ok"]
    (problem,) = said["problem"]
    assert "cannot be mended" in problem or "is damaged" in problem
    assert str(copy) in problem


def test_an_adapter_that_is_missing_or_changed_is_damage_and_the_one_that_answers_comes_first(
    forge: Forge, tmp_path: Path
) -> None:
    base = tiny_gguf.write(tmp_path / "Tiny.gguf")
    forge.jobs.wait(forge.students.import_gguf(base), 60)
    registry = forge.students.registry
    sha256 = registry.version("v2").base_sha256
    checked = forge.archive.verify().checked
    made = [
        registry.add(adapter_for.write(tmp_path / f"{n}.gguf", base, seed=n), sha256, origin="trained") for n in (1, 2)
    ]
    sound = forge.archive.verify()
    assert (sound.ok, sound.checked) == (True, checked + 2)
    registry.promote(made[0].uid, override="The examples convinced us all.")
    answers, other = (Path(registry.adapter(version.adapter_sha256).path) for version in made)
    raw = bytearray(answers.read_bytes())
    raw[-1] ^= 1
    answers.write_bytes(raw)
    other.unlink()
    first, second = forge.archive.verify().damaged
    assert "(v3) changed since it was kept" in first
    assert "(v4) cannot be read" in second
    doctor = Doctor(forge.engine, forge.students, forge.archive, forge.settings, forge.data_dir)
    assert any("(v3) changed since it was kept" in finding.what for finding in doctor.examine().findings)
