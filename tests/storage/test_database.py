"""The database: opened or refused in words, written whole or not at all, backed up before it is changed."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.storage import Database

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def path(data_dir: Path) -> Path:
    return data_dir / "forge.db"


@pytest.fixture
def db(path: Path) -> Iterator[Database]:
    made = Database(path)
    yield made
    made.close()


def exclude(db: Database, *names: str) -> None:
    """Write rows into a small table of our own."""
    with db.write() as connection:
        connection.executemany("INSERT INTO excluded VALUES (?)", ((name.encode(),) for name in names))


def excluded(db: Database) -> list[str]:
    return [row[0].decode() for row in db.rows("SELECT path FROM excluded ORDER BY path")]


def test_a_fresh_file_is_private_and_durable(db: Database, path: Path) -> None:
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o600
    pragmas = ("journal_mode", "synchronous", "foreign_keys", "mmap_size", "trusted_schema")
    assert [db.value(f"PRAGMA {name}") for name in pragmas] == ["wal", 2, 1, 0, 0]
    assert db.damage() == []
    assert not (path.parent / "backups").exists()


def test_a_transaction_is_stored_whole_or_not_at_all(db: Database) -> None:
    def fail() -> None:
        with db.write() as connection:
            connection.execute("INSERT INTO excluded VALUES (?)", (b"b",))
            with db.write() as inner:
                inner.execute("INSERT INTO excluded VALUES (?)", (b"c",))
            raise RuntimeError("in the middle")

    exclude(db, "a")
    with pytest.raises(RuntimeError, match="in the middle"):
        fail()
    assert excluded(db) == ["a"]
    with pytest.raises(sqlite3.IntegrityError):
        exclude(db, "b", "a")
    assert excluded(db) == ["a"]


def test_threads_take_turns_in_writing_and_read_at_once(db: Database) -> None:
    def work(name: str) -> None:
        for number in range(20):
            exclude(db, f"{name}{number}")
            assert f"{name}{number}" in excluded(db)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(excluded(db)) == 80


def test_a_snapshot_stays_as_it_was(db: Database) -> None:
    exclude(db, "a")
    with db.snapshot():
        assert excluded(db) == ["a"]
        other = threading.Thread(target=exclude, args=(db, "b"))
        other.start()
        other.join()
        assert excluded(db) == ["a"]
    assert excluded(db) == ["a", "b"]


def test_kill_nine_keeps_what_was_acknowledged(path: Path) -> None:
    source = """
import sys
from pathlib import Path
from forge_desktop.storage import Database
db = Database(Path(sys.argv[1]))
for number in range(10**6):
    with db.write() as connection:
        connection.execute("INSERT INTO excluded VALUES (?)", (b"%d" % number,))
    print(number, flush=True)
"""
    run = subprocess.Popen([sys.executable, "-c", source, path], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    with run.stdout:
        lines = [run.stdout.readline() for _ in range(25)]
        run.send_signal(signal.SIGKILL)
        run.wait()
    db = Database(path)
    assert len(excluded(db)) >= int(lines[-1]) + 1
    assert db.damage() == []
    db.close()


@pytest.mark.parametrize("content", [b"this is not a database at all" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_no_database_is_left_as_it_is(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(ForgeError, match="damaged") as caught:
        Database(path)
    assert "backups" in caught.value.hint
    assert path.read_bytes() == content


def test_a_folder_in_its_place_is_named(path: Path) -> None:
    path.mkdir()
    with pytest.raises(ForgeError, match=str(path)):
        Database(path)


def test_a_directory_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(ForgeError, match="cannot be opened"):
        Database(tmp_path / "missing" / "forge.db")


def test_newer_data_are_refused_untouched(path: Path) -> None:
    Database(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('forge', 'm9999_future', '2030')"
        )
    connection.close()
    before = path.read_bytes()
    for read_only in (False, True):
        with pytest.raises(ForgeError, match="newer Forge Desktop") as caught:
            Database(path, read_only=read_only)
        assert "Nothing was changed" in caught.value.hint
    assert path.read_bytes() == before
    assert not (path.parent / "backups").exists()


def older(path: Path) -> None:
    """Make the database one step old: as if its last migration had never run."""
    Database(path).close()
    with sqlite3.connect(path) as connection:
        name = connection.execute("SELECT name FROM _sqlite_migrations ORDER BY id DESC").fetchone()[0]
        connection.execute("DELETE FROM _sqlite_migrations WHERE name = ?", (name,))
        connection.execute("INSERT INTO excluded VALUES (X'61')")
    connection.close()


def test_an_update_is_backed_up_first_and_rolled_back_when_it_fails(path: Path) -> None:
    """The last step's tables are there already, so running it again fails: nothing may remain of the attempt."""
    older(path)
    with sqlite3.connect(path) as connection:
        tables = connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
    connection.close()
    with pytest.raises((sqlite3.Error, ForgeError)):
        Database(path)
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall() == tables
        assert connection.execute("SELECT path FROM excluded").fetchall() == [(b"a",)]
    connection.close()
    (backup,) = (path.parent / "backups").iterdir()
    assert backup.name.startswith("forge-before-update-")
    with sqlite3.connect(backup) as connection:
        assert connection.execute("SELECT path FROM excluded").fetchall() == [(b"a",)]
    connection.close()


def test_older_data_are_not_updated_by_a_reader(path: Path) -> None:
    older(path)
    with pytest.raises(ForgeError, match="older Forge Desktop"):
        Database(path, read_only=True)
    assert not (path.parent / "backups").exists()


def test_backups_are_whole_and_the_oldest_go(db: Database, path: Path) -> None:
    exclude(db, "a")
    folder = path.parent / "backups"
    folder.mkdir()
    for number in range(7):
        (folder / f"forge-test-2020010{number}-000000.db").write_bytes(b"old")
    (folder / "forge-other-20200101-000000.db").write_bytes(b"of another reason")
    made = db.back_up("test")
    kept = sorted(file.name for file in folder.iterdir())
    assert len(kept) == 6
    assert made.name == kept[-1]
    assert kept[0] == "forge-other-20200101-000000.db"
    copy = Database(made)
    assert excluded(copy) == ["a"]
    copy.close()


def test_a_backup_that_cannot_be_made_is_named(db: Database, path: Path) -> None:
    (path.parent / "backups").write_text("a file where the folder belongs")
    with pytest.raises(ForgeError, match="could not be backed up"):
        db.back_up("test")


@pytest.mark.parametrize("name", ["plain", "with space", "50% #1 ?a=b&mode=rwc", "ünï"])
def test_reading_beside_the_owner(tmp_path: Path, name: str) -> None:
    path = tmp_path / name / "forge.db"
    path.parent.mkdir()
    owner = Database(path)
    exclude(owner, "a")
    reader = Database(path, read_only=True)
    assert excluded(reader) == ["a"]
    exclude(owner, "b")
    assert excluded(reader) == ["a", "b"]
    with pytest.raises(ForgeError, match="can only be read"):
        exclude(reader, "c")
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.connection.execute("INSERT INTO excluded VALUES (X'00')")
    owner.close()
    assert excluded(reader) == ["a", "b"]
    reader.close()
    alone = Database(path, read_only=True)  # after the owner has gone
    assert excluded(alone) == ["a", "b"]
    alone.close()


def test_nothing_to_read_is_said(path: Path) -> None:
    with pytest.raises(ForgeError, match="Nothing is stored here yet"):
        Database(path, read_only=True)
    assert not path.exists()


def test_another_program_that_holds_the_file_is_worded(db: Database, path: Path) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    db.connection.execute("PRAGMA busy_timeout=50")
    with pytest.raises(ForgeError, match="Another program is using the database"):
        exclude(db, "a")
    other.execute("ROLLBACK")
    other.close()
    exclude(db, "a")
    assert excluded(db) == ["a"]


def test_damage_is_found(path: Path) -> None:
    db = Database(path)
    exclude(db, *(f"{number:0400}" for number in range(200)))
    db.close()
    content = bytearray(path.read_bytes())
    place = content.index(b"0" * 300)
    content[place - 2000 : place] = os.urandom(2000)
    path.write_bytes(content)
    try:
        damaged = Database(path)
    except ForgeError as error:
        assert "damaged" in error.message  # noqa: PT017 - either way of noticing is right
        return
    assert damaged.damage()
    damaged.close()


def test_a_broken_reference_is_damage(db: Database) -> None:
    db.connection.execute("PRAGMA foreign_keys=OFF")
    db.connection.execute("INSERT INTO texts VALUES (999, 0, '', X'')")
    assert any("documents" in line for line in db.damage())


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB."""
    path = tmp_path / "disk"
    path.mkdir()
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root on Linux can mount a small file system")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", path], capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    yield path
    subprocess.run(["umount", "--lazy", path], check=True)


def test_a_full_disk_is_worded_and_loses_nothing(disk: Path) -> None:
    db = Database(disk / "forge.db")
    acknowledged = []

    def fill() -> None:
        for number in range(10_000):
            exclude(db, f"{number:05}" + "x" * 5000)
            acknowledged.append(number)

    with pytest.raises(ForgeError, match="is full") as caught:
        fill()
    assert str(disk) in caught.value.message
    stored = len(acknowledged)
    assert stored > 10
    assert len(excluded(db)) == stored
    assert db.damage() == []
    with pytest.raises(ForgeError, match="could not be backed up"):
        db.back_up("test")
    assert list((disk / "backups").glob("*.part")) == []
    subprocess.run(["mount", "-o", "remount,size=20m", disk], check=True)
    exclude(db, "after")
    assert len(excluded(db)) == stored + 1
    db.close()


def test_a_full_disk_at_first_start_is_worded(disk: Path) -> None:
    (disk / "filler").write_bytes(bytes((2 << 20) - 4096 - 8192))
    with pytest.raises(ForgeError, match=r"is full"):
        Database(disk / "forge.db")
    (disk / "filler").unlink()
    Database(disk / "forge.db").close()


def test_a_disk_that_may_only_be_read(disk: Path) -> None:
    Database(disk / "forge.db").close()
    shutil.copy(disk / "forge.db", disk / "copy.db")
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    for name in ("forge.db", "new.db"):
        with pytest.raises(ForgeError, match=r"cannot be (written|opened)"):
            Database(disk / name)
