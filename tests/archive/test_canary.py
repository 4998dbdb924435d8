"""A canary key goes through everything: no file, log, error, export, report or child's environment may hold it."""

from __future__ import annotations

import json
import logging
import os
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

from forge_desktop.archive.checkup_words import report
from forge_desktop.base import secrets
from forge_desktop.base.child import ChildProcess
from forge_desktop.base.errors import ForgeError
from forge_desktop.base.logs import start_logging
from forge_desktop.base.redacting import redacted
from forge_desktop.forge import Forge
from forge_desktop.providers.records import ChatRequest, Purpose, Rates, Turn
from tests.providers import keyrings
from tests.providers.teacher import Fault, Teacher

KEY = "CANARY-0123456789-abcdefgh"  # of no vendor's shape: only the filter's own knowledge can find it


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CANARY_VARIABLE", KEY)
    yield tmp_path / "home"
    secrets._taken.pop("CANARY_VARIABLE", None)


def _echoing() -> list[Fault]:
    """Everything a server may do with a key it was given."""
    said = json.dumps({"error": {"message": f"Incorrect API key provided: {KEY}.", "code": KEY}}).encode()
    bad = [Fault(status=status, body=said, headers={"x-echo": KEY}) for status in (401, 400, 500, 429)]
    return [*bad, Fault(body=f"<html>{KEY}".encode(), billed=True), Fault(status=503, body=KEY.encode())]


def _ask(forge: Forge, name: str, n: int) -> str:
    request = ChatRequest((Turn("user", f"Question {n}"),), max_tokens=32)
    try:
        return forge.providers.ask(name, request, Purpose("student")).text
    except ForgeError as error:
        logging.getLogger("forge_desktop.test").info("it failed: %s", KEY, exc_info=error)
        return "".join((error.message, error.hint, repr(error), redacted("".join(traceback.format_exception(error)))))


@pytest.mark.parametrize("place", ["keyring", "variable", "memory"])
def test_the_canary_is_found_nowhere(
    home: Path, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    if place == "keyring":
        keyrings.use(monkeypatch)
    shown: list[str] = []
    with Teacher(f"Your key is {KEY}.", key=KEY, headers={"x-request-id": KEY}) as teacher:
        forge = Forge(data_dir, holder="test")
        start_logging(data_dir, verbose=True)
        draft = forge.providers.endpoints.draft("T", teacher.url, "m", roles=("student",))
        given = {"key": KEY} if place == "memory" else {"key_env": "CANARY_VARIABLE"}
        made = forge.providers.endpoints.add(draft, **given)
        forge.providers.prices.set(made, Rates(1, 1))
        assert made.key == place
        os.environ.setdefault("OTHER_NAME", KEY)  # a child must not get it under another name either
        try:
            child = ChildProcess("parser")
            shown.append(_environment(child.pid))
            child.kill()
        finally:
            os.environ.pop("OTHER_NAME")
        typed = "CANARY-9876543210-of-a-form"  # a form may ask with a key that is not kept yet
        teacher.next(Fault(status=400, body=json.dumps({"error": {"message": f"No such key: {typed}"}}).encode()))
        with pytest.raises(ForgeError, match="No such key: <key>"):
            forge.providers.models(draft, typed)
        teacher.next(*_echoing())
        shown += [_ask(forge, "T", n) for n in range(len(_echoing()))]
        shown += [_ask(forge, "T", 99), repr(forge.providers.test("T"))]
        assert "Your key is <key>." in shown[-2]
        shown += [repr(row) for row in forge.providers.ledger.attempts()]
        shown += [repr(forge.providers.endpoints.list()), repr(vars(forge.providers.endpoints)), repr(forge.providers)]
        shown += [forge.providers.router.blocked(made.uid), report(forge.doctor.examine())]
        forge.archive.export(tmp_path / "export")
        forge.providers.ledger.export(tmp_path / "ledger.jsonl")
        forge.close()
        assert any(KEY.encode() in call.raw or KEY in call.headers["authorization"] for call in teacher.calls)
    assert [text for text in shown if KEY in text] == []
    for place_of in (home, data_dir, tmp_path):
        held = [file for file in place_of.rglob("*") if file.is_file() and KEY.encode() in file.read_bytes()]
        assert held == []


def _environment(pid: int) -> str:
    if not os.path.isdir("/proc"):
        return ""
    return Path(f"/proc/{pid}/environ").read_bytes().decode() + Path(f"/proc/{pid}/cmdline").read_bytes().decode()
