"""Every SQL statement about the whole corpus: totals, failures by reason, and what a token is worth."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from forge_desktop.corpus.records import CorpusStats, FailureGroup, IndexingSpeed
from forge_desktop.storage import Database

_RUNS_KEPT = 20
_QUOTED = re.compile(r"([\"'`«“])[^\"'`»”]*([\"'`»”])")
_NUMBER = re.compile(r"\d[\d,.]*")
_PATH = re.compile(r"(?:[A-Za-z]:)?[/\\]\S+")


class Totals:
    """Sums over all documents. Cheap at any number of them: triggers keep the sums."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def stats(self) -> CorpusStats:
        """See CorpusStats."""
        rows = self._db.rows("SELECT * FROM document_totals WHERE documents > 0")
        languages: dict[str, int] = {}
        for row in rows:
            if row["state"] == "indexed":
                languages[row["language"]] = languages.get(row["language"], 0) + row["documents"]
        disk = {row[0]: row[1] for row in self._db.rows("SELECT part, bytes FROM disk_sizes")}
        return CorpusStats(
            documents=sum(row["documents"] for row in rows if row["state"] == "indexed"),
            passages=sum(row["passages"] for row in rows),
            failed=sum(row["documents"] for row in rows if row["state"] == "failed"),
            bytes=sum(row["size"] for row in rows),
            last_indexed=self._db.value("SELECT max(indexed) FROM documents WHERE removal IS NULL"),
            tokens=sum(row["tokens"] for row in rows),
            languages=tuple(sorted(languages.items(), key=lambda item: (-item[1], item[0]))),
            disk={"texts": sum(row["text_bytes"] for row in rows), "index": 0, "vectors": 0} | disk,
            synced=self._db.value("SELECT max(synced) FROM collection_roots WHERE removal IS NULL"),
            speed=self._speed(),
        )

    def shares(self) -> tuple[int, int]:
        """How many documents are searchable as they are, and how many wait."""
        row = self._db.row(
            "SELECT coalesce(sum(documents) FILTER (WHERE state = 'indexed'), 0),"
            " coalesce(sum(documents) FILTER (WHERE state = 'pending'), 0) FROM document_totals"
        )
        assert row is not None
        return row[0], row[1]

    def failures(self) -> list[FailureGroup]:
        """What could not be read, by reason, the most frequent first."""
        groups: dict[str, list[int]] = {}
        for row in self._db.rows(
            "SELECT id, reason FROM documents WHERE state = 'failed' AND removal IS NULL ORDER BY id"
        ):
            groups.setdefault(_common(row["reason"]), []).append(row["id"])
        found = [FailureGroup(reason, len(ids), tuple(ids)) for reason, ids in groups.items()]
        return sorted(found, key=lambda group: (-group.count, group.reason))

    def note_disk(self, sizes: Mapping[str, int]) -> None:
        """Keep how many bytes parts of the database take."""
        with self._db.write() as connection:
            connection.executemany("INSERT OR REPLACE INTO disk_sizes VALUES (?, ?)", sizes.items())

    def note_run(self, run: IndexingSpeed) -> None:
        """Keep how fast a run was; only the last ones are kept."""
        with self._db.write() as connection:
            connection.execute(
                "INSERT INTO index_runs (passages, bytes, seconds, ended) VALUES (?, ?, ?, ?)",
                (run.passages, run.bytes, run.seconds, run.ended),
            )
            connection.execute("DELETE FROM index_runs WHERE id <= (SELECT max(id) FROM index_runs) - ?", (_RUNS_KEPT,))

    def _speed(self) -> IndexingSpeed | None:
        """Of the run among the last ones that stored most: short ones say more of starting than of reading."""
        row = self._db.row("SELECT passages, bytes, seconds, ended FROM index_runs ORDER BY passages DESC, id DESC")
        return None if row is None else IndexingSpeed(*row)

    def token_ratios(self) -> tuple[str, dict[str, float]] | None:
        """Whose tokeniser was measured (sha256), and the characters a token of each script class; None: nobody's."""
        row = self._db.row("SELECT student, ratios FROM token_sizes")
        return None if row is None else (row[0], json.loads(row[1]))

    def keep_token_ratios(self, student: str, ratios: Mapping[str, float]) -> None:
        """Use these from now on."""
        with self._db.write() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO token_sizes VALUES (1, ?, ?)", (student, json.dumps(dict(ratios)))
            )


def _common(reason: str) -> str:
    """The reason without what is the single file's own: names in quotes, paths, numbers."""
    return _NUMBER.sub("…", _PATH.sub("…", _QUOTED.sub(r"\1…\2", reason)))
