"""Which students are not loaded by themselves any more, remembered over restarts of the application."""

from __future__ import annotations

import contextlib
import time

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.paths import shown_path
from forge_desktop.engine.errors import trouble
from forge_desktop.engine.records import Crash, StudentSpec
from forge_desktop.storage import Database

_LEFT = "did not come to the end of its last two loads"
_UNFINISHED = 2  # loads in a row that were begun and did not end: whatever ended this program then may do it again


class Crashes:
    """Notes of students that end their process. A note that cannot be written (a full disk) stops nothing.

    A base with an adapter is another student than the base alone: what one of them did does not hold the other back.
    """

    def __init__(self, db: Database) -> None:
        self._db = db

    def reason(self, spec: StudentSpec) -> ForgeError | None:
        """Why this student is not loaded without being asked for, or None."""
        row = self._db.row("SELECT what, unfinished FROM engine_crashes WHERE model_sha256 = ?", _key(spec))
        if row is None:
            return None
        if row["what"]:
            return trouble("ENGINE_CRASH.often", path=spec.path, what=row["what"])
        return trouble("ENGINE_CRASH.unfinished", path=spec.path) if row["unfinished"] >= _UNFINISHED else None

    def all(self) -> list[Crash]:
        """Every student that is not loaded by itself, the newest first."""
        rows = self._db.rows(
            "SELECT path, what, noted FROM engine_crashes WHERE what != '' OR unfinished >= ? ORDER BY noted DESC",
            _UNFINISHED,
        )
        return [Crash(row["path"], row["what"] or _LEFT, row["noted"]) for row in rows]

    def begin(self, spec: StudentSpec) -> None:
        """A load begins; written before it does, because nobody may be there to write anything after it."""
        self._note(
            "INSERT INTO engine_crashes (model_sha256, path, unfinished, noted) VALUES (?, ?, 1, ?)"
            " ON CONFLICT (model_sha256) DO UPDATE SET unfinished = unfinished + 1",
            _key(spec),
            shown_path(spec.path),
            time.time(),
        )

    def end(self, spec: StudentSpec) -> None:
        """The load came to an end, well or worded."""
        with contextlib.suppress(ForgeError), self._db.write() as connection:
            connection.execute("DELETE FROM engine_crashes WHERE model_sha256 = ? AND what = ''", (_key(spec),))
            connection.execute("UPDATE engine_crashes SET unfinished = 0 WHERE model_sha256 = ?", (_key(spec),))

    def stop(self, spec: StudentSpec, what: str) -> None:
        """Its process ended too often; at last it `what`."""
        self._note(
            "INSERT OR REPLACE INTO engine_crashes (model_sha256, path, what, noted) VALUES (?, ?, ?, ?)",
            _key(spec),
            shown_path(spec.path),
            what,
            time.time(),
        )

    def clear(self, spec: StudentSpec) -> None:
        """It was loaded and has answered."""
        if self._db.row("SELECT 1 FROM engine_crashes WHERE model_sha256 = ?", _key(spec)) is not None:
            self._note("DELETE FROM engine_crashes WHERE model_sha256 = ?", _key(spec))

    def _note(self, statement: str, *values: object) -> None:
        with contextlib.suppress(ForgeError), self._db.write() as connection:
            connection.execute(statement, values)


def _key(spec: StudentSpec) -> str:
    return spec.sha256 if spec.adapter is None else f"{spec.sha256} {spec.adapter.sha256}"
