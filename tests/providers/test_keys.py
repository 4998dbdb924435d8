"""Keys: in a trusted keyring, in a variable that is taken out of the environment, or in memory; nowhere else."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keyring
import pytest

from forge_desktop.base import secrets
from forge_desktop.base.child import ChildProcess
from forge_desktop.base.errors import ForgeError
from forge_desktop.base.redacting import without_secrets
from forge_desktop.providers.keys import Keys
from tests.providers import keyrings
from tests.providers.rooms import Rooms

KEY = "sk-CANARY-abcdef0123456789"


@pytest.fixture
def rooms(data_dir: Path) -> Iterator[Rooms]:
    made = Rooms(data_dir)
    yield made
    made.db.close()


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> keyrings.FakeKeyring:
    return keyrings.use(monkeypatch)


@pytest.fixture
def variable(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A variable that holds a key; forgotten by this process afterwards."""
    monkeypatch.setenv("MINE", KEY)
    yield "MINE"
    secrets._taken.pop("MINE", None)


def test_a_key_is_kept_in_the_keyring_and_found_after_a_restart(rooms: Rooms, ring: keyrings.FakeKeyring) -> None:
    made = rooms.add(url="https://a.example.com", key=f"  {KEY}\n")
    assert (made.key, rooms.keys.name(), rooms.keys.problem) == ("keyring", "Secret Service", "")
    assert list(ring.kept.values()) == [KEY]
    assert Keys().of(made) == KEY


def test_a_key_is_read_from_the_keyring_once(rooms: Rooms, ring: keyrings.FakeKeyring) -> None:
    made = rooms.add(url="https://a.example.com", key=KEY)
    keys = Keys()
    keys.of(made)
    asked = ring.asked
    assert keys.of(made) == KEY
    assert ring.asked == asked


def test_without_a_keyring_a_key_lives_until_the_end_of_the_run_and_that_is_said(rooms: Rooms) -> None:
    assert type(keyring.get_keyring()).__module__ == "keyring.backends.fail"  # the real one
    made = rooms.add(url="https://a.example.com", key=KEY)
    assert (made.key, rooms.keys.of(made), rooms.keys.name()) == ("memory", KEY, "")
    assert rooms.keys.problem == "This system has no keyring that can be trusted with a key."
    with pytest.raises(ForgeError, match="kept only until Forge was closed"):
        Keys().of(made)


@pytest.mark.parametrize("module", ["keyring.backends.null", "keyrings.alt.file"])
def test_no_key_goes_to_what_is_no_keyring(rooms: Rooms, monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    backend = type("Keyring", (keyrings.FakeKeyring,), {"__module__": module})()
    monkeypatch.setattr(keyring, "get_keyring", lambda: backend)
    assert rooms.add(url="https://a.example.com", key=KEY).key == "memory"
    assert backend.asked == 0


@pytest.mark.parametrize(
    ("ill", "says"),
    [("locked", "could not be written"), ("differs", "gave back another key"), ("forgets", "gave back")],
)
def test_an_ill_keyring_is_told_and_the_key_kept_in_memory(
    rooms: Rooms, ring: keyrings.FakeKeyring, ill: str, says: str
) -> None:
    ring.ill = ill
    made = rooms.add(url="https://a.example.com", key=KEY)
    assert (made.key, rooms.keys.of(made), ring.kept) == ("memory", KEY, {})
    assert says in rooms.keys.problem
    assert KEY not in rooms.keys.problem


def test_a_keyring_that_hangs_is_waited_for_a_while_only(
    rooms: Rooms, ring: keyrings.FakeKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = rooms.add(url="https://a.example.com", key=KEY)
    monkeypatch.setattr(secrets, "PATIENCE", 0.1)
    ring.ill = "hangs"
    keys = Keys()
    for _ in range(2):  # the second time it is not even asked
        with pytest.raises(ForgeError, match=r"did not answer within 0\.1 seconds"):
            keys.of(made)
        assert keys.name() == ""
    ring.ill = ""
    ring.well_again.set()
    assert secrets._asking is not None
    secrets._asking.join(5)
    assert keys.of(made) == KEY


def test_many_that_need_a_key_at_once_all_get_it(rooms: Rooms, ring: keyrings.FakeKeyring) -> None:
    first = rooms.add("A", url="https://a.example.com", key=KEY)
    second = rooms.add("B", url="https://b.example.com", key="another-key-123")
    ring.ill, keys = "slow", [Keys(), Keys()]
    with ThreadPoolExecutor(16, thread_name_prefix="keys") as pool:
        found = list(pool.map(lambda n: keys[n % 2].of(first if n % 3 else second), range(48)))
    assert found == [KEY if n % 3 else "another-key-123" for n in range(48)]


def test_a_locked_keyring_is_told_when_a_key_is_needed(rooms: Rooms, ring: keyrings.FakeKeyring) -> None:
    made = rooms.add(url="https://a.example.com", key=KEY)
    ring.ill = "locked"
    with pytest.raises(ForgeError, match="keyring could not be read: KeyringLocked") as error:
        Keys().of(made)
    assert error.value.hint == "Unlock it and try again."


def test_a_key_from_a_variable_goes_to_the_keyring(rooms: Rooms, ring: keyrings.FakeKeyring, variable: str) -> None:
    made = rooms.endpoints.add(rooms.endpoints.draft("T", "https://a.example.com", "m"), key_env=variable)
    assert (made.key, list(ring.kept.values())) == ("keyring", [KEY])
    assert variable not in os.environ
    os.environ[variable] = KEY  # still set when Forge is opened again: no child may get it then either
    again = rooms.again()
    assert variable not in os.environ
    assert again.keys.of(again.endpoints.get("T")) == KEY
    again.db.close()


def test_without_a_keyring_the_variable_is_named_and_taken_out_before_a_child_starts(
    rooms: Rooms, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = rooms.endpoints.add(rooms.endpoints.draft("T", "https://a.example.com", "m"), key_env=variable)
    assert (made.key, made.key_variable, rooms.keys.of(made)) == ("variable", "MINE", KEY)
    assert variable not in os.environ
    secrets._taken.clear()
    with pytest.raises(ForgeError, match="environment variable MINE, which is not set"):
        rooms.keys.of(made)
    monkeypatch.setenv("MINE", KEY)
    again = rooms.again()  # a new process opens the same data
    assert "MINE" not in os.environ
    assert again.keys.of(again.endpoints.get("T")) == KEY
    again.db.close()


@pytest.mark.parametrize("place", ["keyring", "variable", "memory"])
def test_no_key_is_given_for_another_server(
    rooms: Rooms, variable: str, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    if place == "keyring":
        keyrings.use(monkeypatch)
    draft = rooms.endpoints.draft("T", "https://a.example.com/v1", "m")
    given = {"key": KEY} if place == "memory" else {"key_env": variable}
    made = rooms.endpoints.add(draft, **given)
    assert made.key == place
    moved = dataclasses.replace(made, url="https://b.example.com/v1")  # a form that is being filled in, say
    with pytest.raises(ForgeError):
        rooms.keys.of(moved)
    assert rooms.keys.of(made) == KEY
    if place == "variable":
        again = rooms.again()
        with pytest.raises(ForgeError, match="given for another server"):
            again.keys.of(moved)
        again.db.close()


def test_no_child_gets_a_variable_that_holds_a_key_under_whatever_name(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms.add(url="https://a.example.com", key=KEY)
    monkeypatch.setenv("INNOCENT", f"prefix {KEY}")
    child = ChildProcess("parser")
    try:
        seen = Path(f"/proc/{child.pid}/environ").read_bytes() if os.path.isdir("/proc") else b""
        assert KEY.encode() not in seen
    finally:
        child.kill()


@pytest.mark.parametrize("name", ["", "A B", "1A", "PATH", "x=y", "A\n"])
def test_a_variable_needs_a_sound_name(rooms: Rooms, name: str) -> None:
    path = os.environ["PATH"]
    with pytest.raises(ForgeError, match="no name of a variable"):
        rooms.keys.place(rooms.add(), None, name or " ")
    assert os.environ["PATH"] == path


@pytest.mark.parametrize("key", ["short", "with space in it", "zeile\numbruch123", "schlüssel-123", "x" * 5000])
def test_what_cannot_be_a_key_is_refused(rooms: Rooms, key: str) -> None:
    with pytest.raises(ForgeError, match="That is no key") as error:
        rooms.add(url="https://a.example.com", key=key)
    assert key not in error.value.message
    assert rooms.endpoints.list() == []


def test_a_key_shows_nowhere(rooms: Rooms, ring: keyrings.FakeKeyring) -> None:
    made = rooms.add(url="https://a.example.com", key=KEY)
    shown = repr((made, rooms.keys, rooms.endpoints, dataclasses.asdict(made)))
    assert KEY not in shown
    assert without_secrets(f"it said {KEY}!") == "it said <key>!"
    assert ForgeError(f"wrong: {KEY}", hint=f"not {KEY}").message == "wrong: <key>"
    rooms.db.close()
    stored = b"".join(file.read_bytes() for file in rooms.directory.rglob("*") if file.is_file())
    assert KEY.encode() not in stored
