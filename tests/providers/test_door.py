"""The one door: encrypted and verified, nowhere else than asked, nothing at all while offline, no key in any word."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.providers.errors import CallFailed
from forge_desktop.providers.http import Door, Outgoing, UnsentError
from forge_desktop.providers.records import Endpoint, Rates
from tests.conftest import ROOT
from tests.providers import certificates
from tests.providers.room import Room, asked, open_room, work
from tests.providers.teacher import Fault, Teacher, storm

CANARY = "CANARY-6f1d-never-to-be-seen-91c4"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> certificates.Certificates:
    """A certificate for 127.0.0.1."""
    return certificates.make(tmp_path_factory.mktemp("certificates"))


def test_an_unknown_certificate_is_refused_before_the_key_leaves(
    data_dir: Path, made: certificates.Certificates
) -> None:
    with Teacher(certificate=made.server, key=CANARY) as teacher, open_room(data_dir) as room:
        endpoint = room.add(teacher)
        with pytest.raises(CallFailed, match="not trusted") as caught:
            room.providers.ask(endpoint.uid, asked(), work())
        assert "authority of your own" in caught.value.hint
        assert (teacher.calls, room.states()) == ([], ["released"])
        room.settings.change(ca_file=str(made.authority))
        assert room.providers.ask(endpoint.uid, asked(), work()).text
        assert teacher.calls[0].headers["authorization"] == f"Bearer {CANARY}"


@pytest.mark.parametrize("wrong", [{"address": "127.0.0.2"}, {"expired": True}])
def test_a_wrong_certificate_of_a_known_authority_is_refused(
    tmp_path: Path, data_dir: Path, wrong: dict[str, Any]
) -> None:
    found = certificates.make(tmp_path, **wrong)
    with Teacher(certificate=found.server, key=CANARY) as teacher, open_room(data_dir) as room:
        room.settings.change(ca_file=str(found.authority))
        with pytest.raises(CallFailed, match="not trusted"):
            room.providers.ask(room.add(teacher).uid, asked(), work())
        assert (teacher.calls, room.states()) == ([], ["released"])


def test_a_file_of_certificates_that_is_none_is_worded(room: Room, teacher: Teacher, tmp_path: Path) -> None:
    endpoint = room.add(teacher)
    for file in (tmp_path / "missing.pem", Path(__file__)):
        room.settings.change(ca_file=str(file))
        with pytest.raises(ForgeError, match="own certificates cannot be used"):
            room.providers.ask(endpoint.uid, asked(), work())
    assert set(room.states()) == {"released"}


def test_the_environment_changes_nothing(room: Room, teacher: Teacher, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent")
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert room.providers.ask(room.add(teacher).uid, asked(), work()).text


def test_own_machines_are_never_asked_by_the_proxy(room: Room, teacher: Teacher) -> None:
    room.settings.change(proxy="http://127.0.0.1:9")
    assert room.providers.ask(room.add(teacher).uid, asked(), work()).text


class _Proxy(BaseHTTPRequestHandler):
    asked: list[tuple[str, dict[str, str]]]

    def do_CONNECT(self) -> None:
        type(self).asked.append((self.path, dict(self.headers.items())))
        self.send_error(502)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def test_the_proxy_of_the_settings_sees_a_host_and_no_key(room: Room) -> None:
    _Proxy.asked = []
    server = HTTPServer(("127.0.0.1", 0), _Proxy)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        room.settings.change(proxy=f"http://127.0.0.1:{server.server_address[1]}")
        endpoint = room.add_at("https://teacher.example/v1", "Far", Rates(10, 10), key=CANARY)
        with pytest.raises(CallFailed) as caught:
            room.providers.ask(endpoint.uid, asked(), work())
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
    assert not caught.value.charged  # the request itself never left
    assert room.states() == ["released"]
    assert [path for path, _ in _Proxy.asked] == ["teacher.example:443"]
    assert CANARY not in str(_Proxy.asked)


@pytest.mark.parametrize("proxy", ["ftp://x", "http://user:word@127.0.0.1:1", "nonsense", "http://x/?q"])
def test_a_proxy_that_is_none_is_worded(room: Room, proxy: str) -> None:
    room.settings.change(proxy=proxy)
    endpoint = room.add_at("https://teacher.example/v1", "Far", Rates(10, 10))
    with pytest.raises(ForgeError, match="proxy"):
        room.providers.ask(endpoint.uid, asked(), work())
    assert room.states() == ["released"]


def test_nothing_unencrypted_goes_where_no_local_network_is(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name of a local network that suddenly means a machine on the internet is not asked."""
    endpoint = room.add_at("http://gpu.lan:8000/v1", "GPU", Rates(0, 0), host="gpu.lan")
    public = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", 8000))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: public)  # the edge: what a name server says
    with pytest.raises(CallFailed, match="not on a local network"):
        room.providers.ask(endpoint.uid, asked(), work())
    assert room.states() == ["released"]


@pytest.mark.parametrize("url", ["http://192.168.1.9/v1", "http://gpu.lan/v1", "http://example.com/v1"])
def test_the_door_itself_lets_no_key_out_unencrypted(room: Room, url: str) -> None:
    """Whatever an endpoint was allowed to be: the last check is here."""
    door = Door(room.settings)
    request = Outgoing("POST", url, {"X-Api-Key": CANARY}, b"{}")
    with pytest.raises(UnsentError, match="without encryption"), door.send(request, check=lambda: None, seconds=1):
        pass
    assert CANARY not in repr(request)


@pytest.mark.parametrize("numbers", [["127.0.0.1"], ["::1", "127.0.0.1"], ["127.0.0.2", "127.0.0.1"]])
def test_localhost_by_its_name(
    room: Room, teacher: Teacher, monkeypatch: pytest.MonkeyPatch, numbers: list[str]
) -> None:
    """It may mean several numbers, with the server on one of them."""
    port = int(teacher.host.rpartition(":")[2])
    inner = socket.getaddrinfo

    def found(host: str, *rest: Any, **named: Any) -> list[Any]:
        return (
            [(0, 0, 0, "", (number, port)) for number in numbers]
            if host == "localhost"
            else inner(host, *rest, **named)
        )

    monkeypatch.setattr(socket, "getaddrinfo", found)  # the edge: what the system says of a name
    endpoint = room.add_at(teacher.url.replace("127.0.0.1", "localhost"), "Local", Rates(0, 0))
    assert room.providers.ask(endpoint.uid, asked(), work()).text
    assert room.states() == ["settled"]


_OFFLINE = """
import sys
from pathlib import Path
from forge_desktop.forge import Forge
from forge_desktop.providers.errors import Offline
from forge_desktop.providers.records import ChatRequest, Endpoint, Purpose, Rates, Turn
seen = []
sys.addaudithook(lambda event, args: seen.append(event) if event.startswith("socket.") else None)
forge = Forge(Path(sys.argv[1]), holder="test")
try:
    forge.settings.change(offline=True)
    rooms = forge.providers
    endpoint = rooms.endpoints.add(Endpoint(uid="", name="T", url="http://127.0.0.1:9/v1", model="m"))
    rooms.prices.set(endpoint, Rates(10, 10), "2026-01-01")
    rooms.ledger.open_run("r", 10**6)
    request = ChatRequest((Turn("user", "q"),), 10)
    calls = [
        lambda: rooms.ask(endpoint.uid, request, Purpose("teacher", "r", "t", "answer")),
        lambda: rooms.teach("answer", request, Purpose("teacher", "r", "t", "answer")),
        lambda: rooms.embed(endpoint.uid, ["x"], Purpose("embedder")),
    ]
    for call in calls:
        try:
            call()
        except Offline:
            print("offline")
    print(rooms.test(endpoint.uid).ok)
finally:
    forge.close()
print("httpx" in sys.modules, [name for name in seen if name != "socket.gethostname"])
"""


def test_offline_is_no_socket_at_all(data_dir: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _OFFLINE, str(data_dir)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.stdout.split("\n")[:5] == ["offline"] * 3 + ["False", "False []"], done.stdout + done.stderr


def test_the_command_line_does_not_wait_for_what_it_does_not_use(data_dir: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.argv = ['forge-desktop', 'status']\n{_STATUS}"],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.stdout.rstrip().endswith("loaded: []"), done.stdout + done.stderr


_STATUS = """
import runpy
try:
    runpy.run_module("forge_desktop", run_name="__main__")
except SystemExit:
    pass
unused = {"httpx", "httpcore", "ssl", "forge_desktop.students.desk"}
unused |= {f"forge_desktop.providers.{name}" for name in ("auditing", "batches", "calls", "price_table", "router")}
unused |= {f"forge_desktop.archive.{name}" for name in ("lessons", "lesson_form")}
lessons = {"forge_desktop.distill.distill"}  # the face of the room, and nothing behind it
unused |= {name for name in sys.modules if name.startswith("forge_desktop.distill.")} - lessons
print("loaded:", sorted(unused & set(sys.modules)))
"""


def test_a_key_is_in_no_word(
    data_dir: Path, expect_log: Callable[[str], None], caplog: pytest.LogCaptureFixture
) -> None:
    """Calls that go well, are refused with the key in the refusal, break, hang, or answer with the key itself."""
    caplog.set_level(logging.DEBUG)
    words: list[str] = []
    with Teacher(key=CANARY) as teacher, open_room(data_dir) as room:
        endpoint = room.add(teacher)
        echo = f'{{"error": {{"message": "Incorrect API key provided: {CANARY}. Bearer {CANARY}"}}}}'.encode()
        teacher.next(
            Fault(status=401, body=echo),
            Fault(status=500, body=CANARY.encode()),
            Fault(body=echo, billed=True),
            Fault(after=30, then="cut"),
            Fault(then="hang"),
        )
        for n in range(5):
            try:
                room.providers.ask(endpoint.uid, asked(), work(f"task-{n}"), seconds=0.3)
            except CallFailed as error:
                words += [repr(error), error.message, error.hint, "".join(traceback.format_exception(error))]
            room.providers.router.reset(endpoint.uid)
        teacher.answer = lambda body: f"Your key is {CANARY} indeed."
        answer = room.providers.ask(endpoint.uid, asked(), work("task-9"))
        assert answer.text == "Your key is <key> indeed."
        words += [repr(room.providers), repr(vars(room.providers)), repr(endpoint), repr(room.attempts())]
        assert room.states() == ["released", *["unknown"] * 4, "settled"]
    assert all(call.headers["authorization"] == f"Bearer {CANARY}" for call in teacher.calls)
    words += [record.getMessage() for record in caplog.records] + [caplog.text]
    assert CANARY not in "\n".join(words)
    hits = [file for file in data_dir.rglob("*") if file.is_file() and CANARY.encode() in file.read_bytes()]
    assert hits == []


def test_a_key_that_a_header_cannot_hold_is_in_no_word(room: Room, teacher: Teacher) -> None:
    """The HTTP library quotes an illegal header in its error: such a key must not come that far."""
    bad = "CANARY\r\nX-Other: 1"
    with pytest.raises(ForgeError) as caught:
        room.providers.endpoints.add(Endpoint(uid="", name="T", url=teacher.url, model="m"), bad)
    assert "CANARY" not in "".join(traceback.format_exception(caught.value))


def test_an_answer_without_end_is_cut_off(room: Room, teacher: Teacher) -> None:
    endpoint = room.add(teacher)
    teacher.next(Fault(body=b" " * (70 * 1024 * 1024), billed=True))
    with pytest.raises(CallFailed, match="longer than 64 MB"):
        room.providers.ask(endpoint.uid, asked(), work())
    assert room.states() == ["unknown"]


def test_a_storm_ends_with_the_bill_covered(data_dir: Path) -> None:
    """Refusals and overloads, billed or not: what counts is never less than the bill, and each call left once."""
    with Teacher() as teacher, open_room(data_dir, cap=10**7) as room:
        endpoint = room.add(teacher)
        statuses = [429, 500, 529, 503, 200, 429, 502]
        for n in range(42):
            status = statuses[n % len(statuses)]
            if status != 200:
                teacher.next(storm(status, "0" if n % 2 else None, billed=n % 3 == 0 and status >= 500))
            with contextlib.suppress(CallFailed):
                room.providers.ask(endpoint.uid, asked(f"Question {n}"), work(f"task-{n}"))
            room.providers.router.reset(endpoint.uid)
        assert len(teacher.calls) == len(room.attempts()) == 42
        assert room.states() == ["released", "unknown", "unknown", "unknown", "settled", "released", "unknown"] * 6
        assert teacher.bill <= room.charged() <= 10**7
