"""Promotes, or rolls back, in processes that are killed at each SQL statement that writes, for what is only read
leaves the same; prints what each one left as JSON.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import sys
from pathlib import Path
from typing import Any

from forge_desktop.forge import Forge

PREPARED, DATA, ACT = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
_READING = ("SELECT", "WITH", "PRAGMA", "--")
_connect = sqlite3.connect


def act(last: int) -> None:
    """The work itself; the process is killed at that statement of it."""
    statements = -1

    def count(sql: str) -> None:
        nonlocal statements
        if statements >= 0 and not sql.lstrip().upper().startswith(_READING):
            statements += 1
            if statements == last:
                os.kill(os.getpid(), signal.SIGKILL)

    def counted(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = _connect(*arguments, **options)
        connection.set_trace_callback(count)
        return connection

    sqlite3.connect = counted  # type: ignore[assignment]
    forge = Forge(DATA, holder="a test")
    statements = 0
    if ACT == "promote":
        forge.students.registry.promote("v3")
    else:
        forge.students.registry.rollback()


def left() -> dict[str, object]:
    """What stands in the database now."""
    connection = _connect(DATA / "forge.db")
    active = connection.execute("SELECT number, base_sha256 FROM versions WHERE state = 'active'").fetchall()
    found = {
        "active": [f"v{number}" for number, _ in active],
        "of": active[0][1] if active else "",
        "bases": [row[0] for row in connection.execute("SELECT sha256 FROM bases WHERE active = 1")],
        "history": connection.execute("SELECT count(*) FROM version_history").fetchone()[0],
    }
    connection.close()
    return found


def main() -> None:
    """One process for each statement, until one is not killed any more."""
    found = []
    status = -1
    while status != 0:
        shutil.rmtree(DATA)
        shutil.copytree(PREPARED, DATA)
        child = os.fork()
        if child == 0:
            act(len(found) + 1)
            os._exit(0)
        status = os.waitpid(child, 0)[1]
        if os.waitstatus_to_exitcode(status) not in (0, -signal.SIGKILL):
            sys.exit("the work itself failed")
        found.append(left())
    print(json.dumps(found))


if __name__ == "__main__":
    main()
