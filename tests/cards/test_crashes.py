"""Autosaved edits survive a kill, and threads that change one card lose nothing of each other."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import uuid
from pathlib import Path

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.cards import fields
from forge_desktop.cards.records import Value
from forge_desktop.forge import Forge
from tests.cards.completing import complete
from tests.cards.conftest import CardRoom

ROOT = Path(__file__).resolve().parents[2]
_EDITS = """
import sys
from pathlib import Path
from forge_desktop.forge import Forge
forge = Forge(Path(sys.argv[1]), holder="to be killed")
n = 0
while True:
    n += 1
    forge.cards.set("v1", "glossary", f"Text {n}.")
    if n % 3 == 0:
        forge.cards.history.undo("v1")
    print(n, flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX's")
def test_a_kill_loses_no_edit_that_was_told(data_dir: Path) -> None:
    Forge(data_dir, holder="a test").close()
    with subprocess.Popen(
        [sys.executable, "-c", _EDITS, str(data_dir)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
    ) as process:
        assert process.stdout is not None
        last = 0
        while last < 20:
            last = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        last = max([last, *(int(line) for line in process.stdout if line.strip())])
    forge = Forge(data_dir, holder="a test")
    try:
        card = forge.cards.get("v1")
        shown = card.fields["glossary"].shown
        assert shown is not None
        told = last - 1 if last % 3 == 0 else last
        assert shown.data in {f"Text {n}." for n in (told, last, last + 1)}
        forge.cards.history.undo("v1")
        if card.can_redo:
            forge.cards.history.redo("v1")
        steps = 0
        while forge.cards.get("v1").can_undo:
            forge.cards.history.undo("v1")
            steps += 1
        assert steps >= 2 * (last // 3)
        assert "glossary" not in forge.cards.get("v1").fields
    finally:
        forge.close()


def test_a_person_a_fill_and_another_hand_change_one_card_at_once(room: CardRoom) -> None:
    uid = room.cards.get("v1").uid
    failed: list[BaseException] = []

    def often(change: object) -> None:
        try:
            for n in range(15):
                change(n)  # type: ignore[operator]
        except BaseException as error:
            failed.append(error)

    work = (
        lambda n: room.cards.set(uid, "glossary", f"Text {n}."),
        lambda n: room.cards.set(uid, "safety", f"Note {n}."),
        lambda n: room.measured(uid, parameters=Value(n, "", "measured", "file")),
        lambda n: room.cards.entries(),
    )
    threads = [threading.Thread(target=often, args=(each,)) for each in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert room.shown(uid, "glossary") == "Text 14."
    assert room.shown(uid, "safety") == "Note 14."
    assert room.shown(uid, "parameters") == 14
    for _ in range(30):
        room.cards.history.undo(uid)
    assert not room.cards.get(uid).can_undo
    assert set(room.cards.get(uid).fields) >= {"parameters"}


def test_a_fill_that_comes_after_the_card_was_published_leaves_it(room: CardRoom) -> None:
    complete(room.forge, "v1")
    go = threading.Event()
    room.forge.jobs.start("cards", "before it", lambda ctx: go.wait(60))
    job = room.cards.fill("v1")
    room.cards.history.publish("v1")
    before = room.cards.get("v1")
    go.set()
    with pytest.raises(ForgeError, match="is published, so it is not filled"):
        room.forge.jobs.wait(job, timeout=60)
    assert room.cards.get("v1") == before


def test_many_large_cards_list_fast(room: CardRoom) -> None:
    """No query for each card: the count of statements is that of a handful of cards."""
    database = room.forge.students._rooms.db  # type: ignore[union-attr]
    store = room.cards._store

    def fill(count: int) -> None:
        with database.write() as connection:
            for _ in range(count):
                uid = room.cards._keeping.new("teacher", f"One of many {uuid.uuid4()}", "")
                for field in fields.FIELDS:
                    store.put_value(connection, uid, field.key, "measured", Value("x" * 200, "", "measured", "file"))

    def statements() -> int:
        counted: list[str] = []
        room.cards._shelf.forget()
        database.connection.set_trace_callback(counted.append)
        room.cards.entries()
        database.connection.set_trace_callback(None)
        return len(counted)

    fill(3)
    statements()  # rooms that are made when they are first asked
    few = statements()
    fill(497)
    assert statements() <= few
    assert len(room.cards.entries()) == 501
