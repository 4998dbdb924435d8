"""The hub, spoken to by the real huggingface_hub through the door, against a hub on loopback."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.providers import hub_fetch
from forge_desktop.providers.errors import Offline
from forge_desktop.providers.http import Outgoing
from forge_desktop.providers.hub_names import part_of, quantisation_of
from forge_desktop.providers.records_hub import HubFile, HubRepository, HubSearch
from tests.providers import hub_server, keyrings
from tests.providers.hub_server import Fault, HubServer
from tests.providers.keyrings import FakeKeyring
from tests.providers.room import Room

NAME = "owner/Tiny-GGUF"
BODY = b"GGUF" + bytes(range(256)) * 1200  # 300 kB


@pytest.fixture
def fake_keyring(monkeypatch: pytest.MonkeyPatch) -> FakeKeyring:
    """A keyring that keeps."""
    return keyrings.use(monkeypatch)


@pytest.fixture
def hub() -> Iterator[HubServer]:
    """A hub with one repository."""
    with HubServer(token="hf_abcdefghijklmnop") as made:
        made.add(
            NAME, {"README.md": b"words", "Tiny.Q4_K_M.gguf": BODY, "Tiny.Q8_0.gguf": BODY * 2}, plain=("README.md",)
        )
        yield made


@pytest.fixture
def there(hub: HubServer, room: Room) -> Room:
    """The room, whose hub is that one."""
    room.settings.change(hub_address=hub.url)
    return room


class Fetching:
    """What a download says while it goes on."""

    def __init__(self) -> None:
        self.waited: list[float] = []
        self.told: list[int] = []
        self.stop_at = -1

    def check(self) -> None:
        """Stop where a test wants it."""
        if 0 <= self.stop_at <= (self.told[-1] if self.told else 0):
            raise Cancelled

    def fetch(self, room: Room, into: Path, file: str = "Tiny.Q4_K_M.gguf") -> None:
        """Fetch a file of the repository."""
        found, wanted = listed(room, file)
        room.providers.hub.fetch(found, wanted, into, check=self.check, tell=self.told.append, wait=self.waited.append)


def listed(room: Room, file: str = "Tiny.Q4_K_M.gguf", name: str = NAME) -> tuple[HubRepository, HubFile]:
    """A repository and a file of it."""
    found = room.providers.hub.repository(name)
    return found, next(one for one in found.files if one.name == file)


def leading(asked: list[str], to: str) -> Any:
    """A door behind which a hub on the internet redirects there."""

    class Leading:
        @contextlib.contextmanager
        def send(self, request: Outgoing, **_: object) -> Iterator[object]:
            asked.append(request.url)
            yield SimpleNamespace(status=302, headers={"location": to})

    return Leading()


def refusal(work: Callable[[], object]) -> ForgeError:
    """What it is refused with."""
    with pytest.raises(ForgeError) as caught:
        work()
    return caught.value


def test_search_lists_what_people_choose_by(hub: HubServer, there: Room) -> None:
    hub.add(
        "other/Large-GGUF", {}, downloads=5000, gated="manual", cardData={"license": "other", "license_name": "own"}
    )
    hub.add("other/Embeds-GGUF", {}, downloads=1, pipeline_tag="sentence-similarity")
    hub.add("other/Plain", {}, tags=[])
    first, second, third = there.providers.hub.search("gguf").models
    assert (first.name, first.licence, first.gated, first.downloads) == ("other/Large-GGUF", "own", True, 5000)
    assert (second.name, second.author, second.licence) == (NAME, "owner", "apache-2.0")
    assert (second.parameters, second.architecture, second.context) == (135_000_000, "llama", 2048)
    assert second.updated == "2026-03-04"
    assert third.problem == "It is made for sentence similarity, not for answering."
    assert [one.name for one in there.providers.hub.search("gguf", limit=1).models] == ["other/Large-GGUF"]
    assert there.providers.hub.search("nothing like it") == HubSearch(())


def test_a_repository_says_what_each_file_is(hub: HubServer, there: Room) -> None:
    parts = {f"big/Big-Q2_K-0000{n}-of-00002.gguf": BODY for n in (2, 1)}
    odd = {"mmproj-F16.gguf": BODY, "Unsure.gguf": BODY}
    hub.add("owner/Many", {**parts, **odd, "Tiny.Q4_K_M.gguf": BODY}, plain=("Unsure.gguf",), gated="auto")
    found = there.providers.hub.repository("owner/Many")
    assert (found.revision, found.licence, found.made_from) == (
        hub.repositories[NAME].revision,
        "apache-2.0",
        "owner/Model",
    )
    assert "gated" in found.gated
    assert found.page == f"{hub.url}/owner/Many"
    by_name = {file.name: file for file in found.files}
    assert set(by_name) == {"Tiny.Q4_K_M.gguf", "big/Big-Q2_K-00001-of-00002.gguf", "mmproj-F16.gguf", "Unsure.gguf"}
    tiny = by_name["Tiny.Q4_K_M.gguf"]
    assert (tiny.bytes, tiny.sha256, tiny.quantisation) == (len(BODY), hashlib.sha256(BODY).hexdigest(), "Q4_K_M")
    big = by_name["big/Big-Q2_K-00001-of-00002.gguf"]
    assert (big.parts, big.bytes, big.sha256) == (2, 2 * len(BODY), "")
    assert "2 parts" in big.problem
    assert "pictures" in by_name["mmproj-F16.gguf"].problem
    assert "checksum" in by_name["Unsure.gguf"].problem
    assert found.files[0] == tiny  # what can be used comes first


@pytest.mark.parametrize(
    ("name", "quantisation"),
    [
        ("Model.Q4_K_M.gguf", "Q4_K_M"),
        ("UD/Qwen3-4B-UD-Q4_K_XL.gguf", "UD-Q4_K_XL"),
        ("llama-3.2-1b-instruct-q8_0.gguf", "Q8_0"),
        ("x-IQ2_XXS.gguf", "IQ2_XXS"),
        ("gpt-oss-20b-mxfp4.gguf", "MXFP4"),
        ("x-Q4_0_4_4.gguf", "Q4_0_4_4"),
        ("BF16/x-BF16-00001-of-00003.gguf", "BF16"),
        ("x-IQ4_NL.gguf", "IQ4_NL"),
        ("Model.gguf", ""),
    ],
)
def test_names_tell_the_quantisation(name: str, quantisation: str) -> None:
    assert quantisation_of(name) == quantisation


def test_parts_are_known_by_their_names() -> None:
    assert part_of("a/Big-00002-of-00007.gguf") == ("a/Big", 2, 7)
    assert part_of("Big.gguf") == ("Big.gguf", 1, 1)


def test_nothing_of_a_person_leaves_and_nothing_is_left_behind(
    hub: HubServer, there: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a process of its own, because the library reads its environment once."""
    home = tmp_path / "home"
    home.mkdir()
    code = (
        "import sys; from pathlib import Path\n"
        "from tests.providers.room import open_room\n"
        "with open_room(Path(sys.argv[1])) as room:\n"
        "    room.settings.change(hub_address=sys.argv[2])\n"
        "    hub = room.providers.hub\n"
        "    hub.search('tiny'); found = hub.repository('owner/Tiny-GGUF')\n"
        "    hub.fetch(found, found.files[0], Path(sys.argv[3]), check=int, tell=str, wait=str)\n"
    )
    away = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_TOKEN": "hf_persons_own_token", "HF_HUB_OFFLINE": "1"}
    more = {"HOME": str(home), "HTTP_PROXY": "http://127.0.0.1:9", "HF_HUB_USER_AGENT_ORIGIN": "somebody"}
    data, into = tmp_path / "elsewhere", tmp_path / "got.gguf"
    data.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", code, str(data), hub.url, str(into)],
        env={**os.environ, **away, **more}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert into.read_bytes() == BODY
    assert list(home.rglob("*")) == []
    allowed = {"host", "accept", "accept-encoding", "connection", "user-agent", "range"}
    assert {name for seen in hub.seen for name in seen.headers} <= allowed
    assert {seen.headers["user-agent"].partition("/")[0] for seen in hub.seen} == {"forge-desktop"}


def test_offline_nothing_is_asked(hub: HubServer, there: Room, tmp_path: Path) -> None:
    found, file = listed(there)
    there.settings.change(offline=True)
    before = len(hub.seen)
    for work in (
        lambda: there.providers.hub.search("x"),
        lambda: there.providers.hub.repository(NAME),
        lambda: there.providers.hub.start_of(found, file),
        lambda: there.providers.hub.fetch(found, file, tmp_path / "x", check=int, tell=print, wait=print),
    ):
        with pytest.raises(Offline, match="offline"):
            work()
    assert len(hub.seen) == before


@pytest.mark.parametrize("way", ["redirect", "more"])
def test_another_server_is_never_asked_what_was_looked_for(hub: HubServer, there: Room, way: str) -> None:
    with HubServer() as other:
        other.add("evil/Believed-GGUF", {})
        there.providers.hub.set_token(hub.token)
        to = f"{other.url}/api/models?search=private"
        link = {"Location": to} if way == "redirect" else {"Link": f'<{to}>; rel="next"'}
        status = 302 if way == "redirect" else 200
        hub.next("api", Fault(status=status, headers=link, body=b"[]"), Fault(status=302, headers={"Location": to}))
        for work in (lambda: there.providers.hub.search("private"), lambda: there.providers.hub.repository(NAME)):
            error = refusal(work)
            assert "was not asked" in error.message
            assert "Settings › Network" in error.hint
        assert other.seen == []


def test_the_hub_may_lead_within_itself(hub: HubServer, there: Room) -> None:
    hub.next("api", Fault(status=307, headers={"Location": f"/api/models/{NAME}?blobs=true"}))
    assert there.providers.hub.repository("owner/Renamed").name == NAME


@pytest.mark.parametrize(
    "to",
    [
        "https://127.1/x", "https://2130706433/x", "https://0x7f.0.0.1/x", "https://0.0.0.0/x", "https://localhost./x",
        "https://a.localhost/x", "https://[::ffff:10.0.0.1]/x", "https://169.254.169.254/x", "https://[fe80::1]/x",
        "https://100.64.0.1/x", "https://host.local./x",
    ],
)  # fmt: skip
def test_no_spelling_of_an_address_nearby_is_followed(there: Room, tmp_path: Path, to: str) -> None:
    asked: list[str] = []
    wanted = hub_fetch.Wanted(NAME, "x.gguf", "https://hub.example.com/x.gguf", 10, "hf_token")
    with pytest.raises(ForgeError, match="an address in this network, which was not asked"):
        hub_fetch.fetch_rest(leading(asked, to), wanted, tmp_path / "x", check=int, tell=print, wait=print)
    assert asked == ["https://hub.example.com/x.gguf"]


@pytest.mark.parametrize("to", ["https://x:99999/y", "https://[::1/y", "file:///etc/passwd", "ftp://example.com/y", ""])
def test_a_redirect_to_nothing_is_a_sentence(there: Room, tmp_path: Path, to: str) -> None:
    wanted = hub_fetch.Wanted(NAME, "x.gguf", "https://hub.example.com/x.gguf", 10)
    with pytest.raises(ForgeError, match="leads to"):
        hub_fetch.fetch_rest(leading([], to), wanted, tmp_path / "x", check=int, tell=print, wait=print)


def odd_entries() -> list[object]:
    """What a search may answer, one good entry among many odd ones."""
    good = hub_server.described(hub_server.Repository("owner/Good", {}, {"downloads": 7, "tags": ["gguf"]}), False)
    values: dict[str, list[object]] = {
        "lastModified": ["yesterday", 5, "9" * 40, "0001-01-01T00:00:00Z"],
        "downloads": [-3, 1.5, "many", 10**30, True, None],
        "gguf": [{"total": 10**30, "context_length": -1}, [], {"total": -5, "architecture": 7}],
        "cardData": [{"license": 5, "ignore_metadata_errors": 1}, "x", {"license": "a\nb", "base_model": [1, "o/M"]}],
        "tags": ["gguf", [5, "license:mit"]],
        "pipeline_tag": [["text-generation"], "a\x1b[2J"],
        "gated": [[], 5],
        "likes": [-1],
        "author": [5, "a\nb"],
    }
    odd = [{**good, "id": f"owner/{key}-{n}", key: one} for key, all_ in values.items() for n, one in enumerate(all_)]
    return [good, {**good, "id": 5}, 7, None, {**good, "id": "a/b/c"}, {**good, "id": "o/x\ny"}, *odd]


def test_one_odd_entry_spoils_no_search(hub: HubServer, there: Room) -> None:
    sent = odd_entries()
    hub.next("api", Fault(status=200, body=json.dumps(sent).replace('"likes": -1', '"likes": ' + "9" * 5000).encode()))
    found = there.providers.hub.search("x", limit=99)
    assert found.left_out == 5
    assert len(found.models) == len(sent) - 5
    for one in found.models:
        assert one.author == "owner"
        assert 0 <= one.downloads <= 7
        assert (one.likes, one.updated, one.parameters, one.context, one.gated) == (0, "", 0, 0, False)
        assert one.licence in ("", "mit")
    assert found.models[0].name == "owner/Good"


def test_one_odd_file_spoils_no_repository(hub: HubServer, there: Room) -> None:
    described = hub_server.described(hub.repositories[NAME], True)
    tiny = next(one for one in described["siblings"] if one["rfilename"] == "Tiny.Q4_K_M.gguf")
    odd = [5, {"rfilename": 5}, {**tiny, "rfilename": "a.gguf", "size": -1}, {**tiny, "rfilename": "b.gguf", "lfs": 5}]
    described |= {"siblings": [*odd, tiny], "sha": "../../x", "lastModified": "yesterday", "safetensors": 5}
    hub.next("api", Fault(status=200, body=json.dumps(described).encode()))
    found = there.providers.hub.repository(NAME)
    assert (found.left_out, found.revision, found.updated) == (2, "main", "")
    assert [file.name for file in found.files if not file.problem] == ["Tiny.Q4_K_M.gguf"]
    assert {file.name for file in found.files} == {"Tiny.Q4_K_M.gguf", "a.gguf", "b.gguf"}
    hub.next("api", Fault(status=200, body=b"[" * 100_000))
    assert "not what a hub" in refusal(lambda: there.providers.hub.repository(NAME)).message


def test_going_offline_stops_a_download(hub: HubServer, there: Room, tmp_path: Path) -> None:
    hub.next("cdn", Fault(hang=65_536))
    fetching = Fetching()

    def check() -> None:
        if fetching.told and not there.settings.values.offline:
            there.settings.change(offline=True)

    fetching.check = check  # type: ignore[method-assign]
    with pytest.raises(Offline):
        fetching.fetch(there, tmp_path / "x")
    assert 0 < (tmp_path / "x").stat().st_size <= 65_536


def test_every_host_is_asked_at_the_door(hub: HubServer, there: Room, tmp_path: Path) -> None:
    hub.next("resolve", Fault(to="http://files.example.com/x"))
    assert "without encryption" in refusal(lambda: Fetching().fetch(there, tmp_path / "x")).message


def test_a_whole_download(hub: HubServer, there: Room, tmp_path: Path) -> None:
    fetching = Fetching()
    fetching.fetch(there, tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == BODY
    assert fetching.told[-1] == len(BODY)
    assert fetching.waited == []


@pytest.mark.parametrize(
    "fault", [Fault(cut=100_000), Fault(status=503), Fault(status=429, headers={"Retry-After": "7"})]
)
def test_a_broken_download_goes_on(hub: HubServer, there: Room, tmp_path: Path, fault: Fault) -> None:
    hub.next("cdn", fault, fault)
    fetching = Fetching()
    fetching.fetch(there, tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == BODY
    assert hub.sent <= len(BODY) + 2 * 16_384  # nothing that came is fetched twice
    assert len(fetching.waited) == 2
    assert max(fetching.waited) == (7.0 if fault.status == 429 else fetching.waited[-1])


def test_a_cancelled_download_is_resumed(hub: HubServer, there: Room, tmp_path: Path) -> None:
    first, second = Fetching(), Fetching()
    first.stop_at = 1
    hub.next("cdn", Fault(hang=131_072))
    with pytest.raises(Cancelled):
        first.fetch(there, tmp_path / "x")
    have = (tmp_path / "x").stat().st_size
    assert 0 < have <= 131_072
    second.fetch(there, tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == BODY
    assert hub.seen[-1].headers["range"] == f"bytes={have}-"


def test_a_hub_that_knows_no_parts_sends_it_anew(hub: HubServer, there: Room, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(BODY[:1000])
    hub.next("cdn", Fault(no_range=True))
    Fetching().fetch(there, tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == BODY


def test_it_gives_up_in_words_when_nothing_comes(hub: HubServer, there: Room, tmp_path: Path) -> None:
    hub.next("cdn", *[Fault(cut=0)] * 20)
    fetching = Fetching()
    error = refusal(lambda: fetching.fetch(there, tmp_path / "x"))
    assert "did not come completely" in error.message
    assert "kept" in error.hint
    assert fetching.waited == list(hub_fetch.WAITS)


def test_a_full_disk_is_said_and_nothing_is_lost(hub: HubServer, there: Room, tmp_path: Path) -> None:
    """The system refuses to let the file grow, as a full disk does; in a process of its own."""
    code = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from forge_desktop.base.errors import ForgeError\n"
        "from tests.providers.room import open_room\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "with open_room(Path(sys.argv[1])) as room:\n"
        "    room.settings.change(hub_address=sys.argv[2])\n"
        "    hub = room.providers.hub; found = hub.repository('owner/Tiny-GGUF')\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))\n"
        "    try: hub.fetch(found, found.files[0], Path(sys.argv[3]), check=int, tell=str, wait=str)\n"
        "    except ForgeError as error: print(error.message, error.hint)\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))\n"
    )
    (tmp_path / "data2").mkdir()
    into = tmp_path / "x"
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "data2"), hub.url, str(into)],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert "cannot be written" in done.stdout, done.stderr
    assert "room on the disk" in done.stdout
    assert into.stat().st_size == 100_000
    Fetching().fetch(there, into)
    assert into.read_bytes() == BODY


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_a_disk_that_fills_up_is_called_full(hub: HubServer, there: Room) -> None:
    error = refusal(lambda: Fetching().fetch(there, Path("/dev/full")))
    assert "The disk is full" in error.message
    assert "kept" in error.hint


def test_a_checksum_that_is_none_is_not_taken_for_one(
    hub: HubServer, there: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would name a file in the data directory."""
    for sha256 in ("../" * 21 + "x", "G" * 64, "ab"):
        described = hub_server.described(hub.repositories[NAME], True)
        for one in described["siblings"]:
            one.get("lfs", {})["sha256"] = sha256
        hub.next("api", Fault(status=200, body=json.dumps(described).encode()))
        found = there.providers.hub.repository(NAME)
        assert all("checksum" in file.problem and not file.sha256 for file in found.files)


def test_a_hub_on_the_internet_leads_to_no_address_nearby(there: Room, tmp_path: Path) -> None:
    there.settings.change(hub_address="https://hub.example.com")
    asked: list[str] = []
    wanted = hub_fetch.Wanted(NAME, "x.gguf", "https://hub.example.com/x.gguf", 10, "hf_token")
    with pytest.raises(ForgeError, match="an address in this network, which was not asked"):
        hub_fetch.fetch_rest(
            leading(asked, "http://127.0.0.1:631/x"), wanted, tmp_path / "x", check=int, tell=print, wait=print
        )
    assert asked == ["https://hub.example.com/x.gguf"]


def test_another_file_than_was_listed_is_refused(hub: HubServer, there: Room, tmp_path: Path) -> None:
    found, file = listed(there)
    hub.repositories[NAME].files[file.name] = BODY[:-1]
    error = refusal(lambda: there.providers.hub.fetch(found, file, tmp_path / "x", check=int, tell=print, wait=print))
    assert "not the file that was listed" in error.message


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault(status=500), "trouble of its own (status 500)"),
        (Fault(status=429, headers={"Retry-After": "30"}), "asks to wait 30 seconds"),
        (Fault(status=403), "refused access"),
        (Fault(status=200, body=b"<html>"), "not what a hub of models answers"),
        (Fault(status=200, body=b"{}"), "not what a hub of models answers"),
    ],
)
def test_refusals_are_sentences(hub: HubServer, there: Room, fault: Fault, words: str) -> None:
    hub.next("api", fault)
    error = refusal(lambda: there.providers.hub.repository(NAME))
    assert words in error.message
    assert error.hint


def test_names_that_are_none_and_repositories_that_are_not_there(hub: HubServer, there: Room) -> None:
    assert "no name of a repository" in refusal(lambda: there.providers.hub.repository("a/b/c")).message
    assert "knows no owner/Nothing" in refusal(lambda: there.providers.hub.repository("owner/Nothing")).message
    there.settings.change(hub_address="http://127.0.0.1:9")
    assert "could not be asked" in refusal(lambda: there.providers.hub.search("x")).message
    there.settings.change(hub_address="ftp://example")
    assert refusal(lambda: there.providers.hub.search("x")).hint


def test_a_gated_repository_opens_with_a_token(
    hub: HubServer, there: Room, tmp_path: Path, fake_keyring: FakeKeyring
) -> None:
    hub.repositories[NAME].facts["gated"] = "manual"
    error = refusal(lambda: Fetching().fetch(there, tmp_path / "x"))
    assert "gated" in error.message
    assert "access token" in error.hint
    assert there.providers.hub.set_token(hub.token) == ""
    assert there.providers.hub.token_place == "keyring"
    Fetching().fetch(there, tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == BODY
    told = [seen for seen in hub.seen if "authorization" in seen.headers]
    assert {seen.kind for seen in told} == {"api", "resolve"}  # the CDN never gets it
    assert hub.token not in (there.data_dir / "hub.json").read_text()
    there.providers.hub.set_token(None)
    assert (there.providers.hub.token_place, fake_keyring.kept) == ("none", {})


def test_a_token_belongs_to_the_address_it_was_given_for(hub: HubServer, there: Room) -> None:
    assert "keyring" in there.providers.hub.set_token(hub.token)  # none here: kept until the end of the run
    assert there.providers.hub.token_place == "memory"
    with HubServer() as other:
        there.settings.change(hub_address=other.url)
        there.providers.hub.search("x")
        assert there.providers.hub.token_place == "none"
        assert "authorization" not in other.seen[-1].headers
