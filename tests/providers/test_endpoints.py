"""Endpoints are checked in one sentence each, kept with UUIDs, and bound to their origin with their key."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.providers import WIRES
from forge_desktop.providers.vendors import VENDORS
from tests.providers import keyrings
from tests.providers.rooms import Rooms

KEY = "sk-CANARY-0123456789abcdef"


@pytest.fixture
def rooms(data_dir: Path) -> Iterator[Rooms]:
    made = Rooms(data_dir)
    yield made
    made.db.close()


def test_an_endpoint_is_kept_and_found_by_name_and_uid(rooms: Rooms) -> None:
    made = rooms.add(
        " My Teacher ", url="HTTPS://API.Example.com:443/v1/", model="m", rpm=60, roles=("answer", "judge")
    )
    assert (made.name, made.url, str(uuid.UUID(made.uid))) == ("My Teacher", "https://api.example.com/v1", made.uid)
    assert rooms.endpoints.get("my teacher") == rooms.endpoints.get(made.uid) == made
    assert "endpoints" in rooms.told
    again = rooms.again()
    assert again.endpoints.list() == [made]
    again.db.close()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("api.example.com/v1", "no address"),
        ("", "no address"),
        ("ftp://example.com", "no address"),
        ("file:///etc/passwd", "no address"),
        ("https://exa mple.com", "no address"),
        ("https://example.com:99999/v1", "no address"),
        ("https://[::1", "no address"),
        ("https://", "no address"),
        (f"https://user:{KEY}@example.com/v1", "name or a password"),
        (f"https://example.com/v1?key={KEY}", "? or a #"),
        ("https://example.com/v1#top", "? or a #"),
        ("https://example.com:0/v1", "port 0"),
        ("http://api.example.com/v1", "readable through the internet"),
        ("http://8.8.8.8/v1", "readable through the internet"),
        ("http://0.0.0.0:8000/v1", "readable through the internet"),
        ("http://127.0.0.1.example.com/v1", "readable through the internet"),
        ("http://192.168.1.9:8000/v1", "typed once more"),
        ("http://gpu.local/v1", "typed once more"),
    ],
)
def test_a_bad_address_is_refused_in_a_sentence(rooms: Rooms, url: str, says: str) -> None:
    with pytest.raises(ForgeError) as error:
        rooms.add(url=url)
    assert says in error.value.message
    assert error.value.message.count(". ") == 0
    assert KEY not in error.value.message + error.value.hint
    assert rooms.endpoints.list() == []


@pytest.mark.parametrize(
    "url",
    ["https://example.com", "http://127.0.0.1:1/v1", "http://localhost:8000", "http://[::1]:9/v1", "http://127.9.9.9"],
)
def test_https_goes_anywhere_and_http_to_this_machine(rooms: Rooms, url: str) -> None:
    assert rooms.add(url=url).url == url


def test_http_to_a_private_address_needs_its_host_typed_and_takes_no_key(rooms: Rooms) -> None:
    made = rooms.add(url="http://192.168.1.9:8000/v1", host="192.168.1.9")
    assert made.host == "192.168.1.9"
    with pytest.raises(ForgeError, match="would send the key readable"):
        rooms.add("Other", url="http://192.168.1.9:8000/v1", host="192.168.1.9", key=KEY)
    with pytest.raises(ForgeError, match="would send the key readable"):
        rooms.endpoints.change(made.uid, key=KEY)
    with pytest.raises(ForgeError, match="typed once more"):
        rooms.endpoints.change(made.uid, url="http://192.168.1.10:8000/v1")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"name": " "}, "needs a name"),
        ({"name": "x" * 81}, "longer than 80"),
        ({"name": "a\nb"}, "cannot be shown"),
        ({"model": ""}, "needs a model"),
        ({"wire": "soap"}, "no wire format called soap"),
        ({"roles": ()}, "needs a role"),
        ({"roles": ("answer", "boss")}, "no role called boss"),
        ({"roles": ("embedder", "answer")}, "role of its own"),
        ({"priority": 0}, "priority cannot be 0"),
        ({"rpm": -1}, "Requests a minute cannot be -1"),
        ({"context": True}, "context length cannot be True"),
        ({"may_train": "perhaps"}, "yes, no or unknown"),
        ({"terms_url": "http://x"}, "begins with https"),
        ({"terms_checked": "yesterday"}, "YYYY-MM-DD"),
    ],
)
def test_a_bad_field_is_refused_in_a_sentence(rooms: Rooms, fields: dict[str, Any], says: str) -> None:
    with pytest.raises(ForgeError) as error:
        rooms.add(**fields)
    assert says in error.value.message
    made = rooms.add("Sound")
    with pytest.raises(ForgeError):
        rooms.endpoints.change(made.uid, **fields)
    assert rooms.endpoints.list() == [made]


def test_names_are_unique_whatever_their_case(rooms: Rooms) -> None:
    first, second = rooms.add("Ada"), rooms.add("Bea")
    for change in (lambda: rooms.add("ADA"), lambda: rooms.endpoints.change(second.uid, name="ada")):
        with pytest.raises(ForgeError, match="called Ada already"):
            change()
    assert rooms.endpoints.change(first.uid, name="ADA").name == "ADA"
    with pytest.raises(ForgeError, match="no endpoint called Zoe") as error:
        rooms.endpoints.get("Zoe")
    assert error.value.hint == "There are: ADA, Bea."


def test_only_fields_that_can_be_changed_are(rooms: Rooms) -> None:
    made = rooms.add()
    for fields in ({"uid": "x"}, {"nonsense": 1}):
        with pytest.raises(ForgeError, match="has no"):
            rooms.endpoints.change(made.uid, **fields)


def test_another_origin_needs_the_key_again_and_never_gets_the_old_one(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = keyrings.use(monkeypatch)
    made = rooms.add(url="https://a.example.com/v1", key=KEY)
    assert made.key == "keyring"
    moved_path = rooms.endpoints.change(made.uid, url="https://a.example.com/v2")
    assert rooms.keys.of(moved_path) == KEY
    for url in ("https://b.example.com/v1", "https://a.example.com:8443/v1"):
        with pytest.raises(ForgeError, match="must be given again"):
            rooms.endpoints.change(made.uid, url=url)
    assert rooms.keys.of(rooms.endpoints.get(made.uid)) == KEY
    moved = rooms.endpoints.change(made.uid, url="https://b.example.com/v1", key="another-key-12345")
    assert rooms.keys.of(moved) == "another-key-12345"
    assert list(ring.kept.values()) == ["another-key-12345"]
    without = rooms.endpoints.change(made.uid, no_key=True)
    assert (without.key, rooms.keys.of(without), ring.kept) == ("none", "", {})


def test_removing_one_forgets_its_key(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    ring = keyrings.use(monkeypatch)
    made = rooms.add(url="https://a.example.com", key=KEY)
    rooms.router.learn(made, {}, 401)
    rooms.endpoints.remove("teacher")
    assert (rooms.endpoints.list(), ring.kept) == ([], {})
    with pytest.raises(ForgeError, match="not in the keyring any more"):
        rooms.keys.of(made)
    second = rooms.add(url="https://a.example.com", key=KEY)
    ring.ill = "locked"
    with pytest.raises(ForgeError, match="is removed, but its key is still in the keyring"):
        rooms.endpoints.remove(second.uid)
    assert rooms.endpoints.list() == []


def test_roles_give_the_order(rooms: Rooms) -> None:
    rooms.add("Last", priority=3)
    rooms.add("First", priority=1)
    rooms.add("Off", priority=1, enabled=False)
    rooms.add("Judge", priority=2, roles=("judge",))
    assert [one.name for one in rooms.endpoints.for_role("answer")] == ["First", "Last"]
    assert [one.name for one in rooms.endpoints.for_role("judge")] == ["First", "Judge", "Last"]


def test_address_tells_vendor_and_wire(rooms: Rooms) -> None:
    draft = rooms.endpoints.draft("C", "https://api.anthropic.com", "claude-x")
    assert (draft.vendor, draft.wire) == ("anthropic", "anthropic")
    assert rooms.endpoints.draft("D", "https://elsewhere.example.com", "m").vendor == ""
    gemini = "https://generativelanguage.googleapis.com/v1beta"
    assert rooms.endpoints.draft("E", gemini, "m").wire == "gemini"
    assert rooms.endpoints.draft("F", f"{gemini}/openai/", "m").wire == "openai"
    assert {wire for _, wire in VENDORS.values()} <= set(WIRES)
