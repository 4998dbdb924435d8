"""Looking the ledger over: whether it was changed, written out as a file, set beside an endpoint's invoice."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from forge_desktop.base.errors import ForgeError
from forge_desktop.providers import store_audit
from forge_desktop.providers.folding import Told, fold
from forge_desktop.providers.mirror import Mirror
from forge_desktop.providers.money import parse_usd, shown, usd
from forge_desktop.providers.records import Attempt
from forge_desktop.providers.records_ledger import InvoiceLine, Reconciled
from forge_desktop.providers.store_ledger import events_after, link
from forge_desktop.storage import Database

_PERIOD = re.compile(r"(\d{4}-\d\d(-\d\d)?)?")
_ACTIVE = ("=", "+", "-", "@", "\t", "\r", "\n")  # a spreadsheet runs a cell that begins so
_SAID = 20
_LOOKS, _MOMENT = 10, 0.05  # seconds between two looks at a mirror that is behind
_COLUMNS = (
    "uid", "state", "endpoint", "endpoint_name", "model", "kind", "run", "task", "step", "repeat", "day", "month",
    "worst_usd", "cost_usd", "input_tokens", "cached_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens",
    "request_sha256", "price_sha256", "batch", "note", "created", "changed",
)  # fmt: skip


class Audit:
    """Changes nothing. See LedgerAuditing, which makes one when it is asked."""

    def __init__(self, db: Database, data_dir: Path) -> None:
        self._db = db
        self._mirror = Mirror(data_dir)

    def verify(self) -> list[str]:
        """Contradictions between attempts, sums, events, their chain, the mirror and the answers; [] when sound."""
        mirrored = self._mirror.count()  # before the table is looked at: what was mirrored then must stand there
        with self._db.snapshot():
            connection = self._db.connection
            lines, found = self._chained()
            found += self._compare_mirror(lines, mirrored)
            try:
                told = fold(line for line, _chain in lines).attempts
            except (ValueError, KeyError, TypeError) as error:
                return [*found, f"An event cannot be read: {error!r}."]
            found += _compare_attempts(told, store_audit.every_attempt(connection))
            kept, counted = store_audit.kept_sums(connection), store_audit.counted_sums(connection)
            for key in sorted({*kept, *counted}):
                if kept.get(key, (0, 0, 0)) != counted.get(key, (0, 0, 0)):
                    found.append(f"The sums of the {key[0]} {key[1]!r} are not those of its attempts.")
            found += [
                f"The answer of attempt {uid} was changed." for uid in store_audit.changed_answers(connection)[:_SAID]
            ]
        return found

    def rows(self) -> Iterator[dict[str, Any]]:
        """Every attempt as plain values, in the order they were reserved."""
        return (_columns(made) for made in store_audit.every_attempt(self._db.connection))

    def export(self, file: Path) -> int:
        """Write every attempt out, as CSV or as JSON lines by the name's ending; how many there are.

        A file that is there is replaced, once the new one is whole.
        """
        if file.suffix.lower() not in (".csv", ".jsonl"):
            raise ForgeError(f"{file.name} is neither .csv nor .jsonl.", hint="Name the file so that it ends in one.")
        try:
            handle, name = tempfile.mkstemp(dir=file.parent, prefix=file.name)
            try:
                with os.fdopen(handle, "w", encoding="utf-8", newline="") as out, self._db.snapshot():
                    rows = (_columns(made) for made in store_audit.every_attempt(self._db.connection))
                    count = _write_csv(out, rows) if file.suffix.lower() == ".csv" else _write_lines(out, rows)
                    out.flush()
                    os.fsync(out.fileno())
                os.replace(name, file)
            except BaseException:
                os.unlink(name)
                raise
        except OSError as error:
            raise ForgeError(f"{file} cannot be written: {error.strerror or error}.") from error
        return count

    def reconcile(self, endpoint: str, period: str, amount: int) -> Reconciled:
        """Set what an endpoint (its name or uid) billed for a month, a day or "" for ever beside what was booked."""
        if not _PERIOD.fullmatch(period):
            raise ForgeError(f"{period!r} is no period.", hint="Write a month as 2026-11, a day as 2026-11-26.")
        line = InvoiceLine(endpoint, period, amount)
        settled, unknown, uids = store_audit.of_endpoint(self._db.connection, endpoint, period)
        difference = amount - settled
        words = _verdict(line, difference, unknown)
        return Reconciled(line, settled, unknown, difference, 0 <= difference <= unknown, tuple(uids), words)

    def reconcile_file(self, file: Path) -> list[Reconciled]:
        """The same for each line of a CSV file with the columns endpoint, period and amount (dollars)."""
        try:
            rows = list(csv.DictReader(io.StringIO(file.read_text("utf-8-sig"))))
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise ForgeError(f"{file} cannot be read as an invoice: {error}.") from error
        if not rows or not {"endpoint", "period", "amount"} <= set(rows[0]):
            raise ForgeError(
                f"{file.name} has no lines with endpoint, period and amount.",
                hint="The first line of the file names these columns.",
            )
        return [
            self.reconcile(row["endpoint"] or "", row["period"] or "", parse_usd(row["amount"] or "")) for row in rows
        ]

    def _chained(self) -> tuple[list[tuple[str, str]], list[str]]:
        chain, lines, found = "", list[tuple[str, str]](), list[str]()
        for n, row in enumerate(events_after(self._db.connection, 0), 1):
            chain = link(chain, row["line"])
            if row["n"] != n or row["chain"] != chain:
                found.append(f"Event {n} was changed, or one before it is missing.")
                break
            lines.append((row["line"], row["chain"]))
        return lines, found

    def _compare_mirror(self, lines: Sequence[tuple[str, str]], mirrored: int) -> list[str]:
        """Another process may be writing right now: its last events follow in the mirror a moment after the table."""
        n, moment = 0, threading.Event()  # which nobody sets
        for _ in range(_LOOKS):
            try:
                n = 0
                for n, line in enumerate(self._mirror.lines(), 1):
                    if n > len(lines):
                        return ["The mirror has events that the database does not have."] if n <= mirrored else []
                    if (line.line, line.chain) != lines[n - 1]:
                        return [f"Event {n} is another one in the mirror than in the database."]
            except (OSError, ValueError) as error:
                return [f"The mirror {self._mirror.path} cannot be read after event {n}: {error}."]
            if n == len(lines):
                return []
            moment.wait(_MOMENT)
        if not self._mirror.path.exists():
            return [f"The mirror {self._mirror.path} is missing; the database has {len(lines):,} events."]
        return [f"The mirror lacks the last {len(lines) - n:,} events."]


def _compare_attempts(told: dict[str, Told], kept: Iterator[Attempt]) -> list[str]:
    found, left = [], dict(told)
    for made in kept:
        by_events = left.pop(made.uid, None)
        if by_events is None:
            found.append(f"No event tells of attempt {made.uid}.")
        elif (made.state, made.cost, made.worst, made.day, made.purpose.run) != (
            by_events.state, by_events.cost, by_events.call.worst, by_events.day, by_events.call.purpose.run,
        ):  # fmt: skip
            found.append(f"Attempt {made.uid} is not what its events tell.")
    found += [f"Attempt {uid} is missing." for uid in left]
    return found if len(found) <= _SAID else [*found[:_SAID], f"And {len(found) - _SAID:,} more attempts."]


def _verdict(line: InvoiceLine, difference: int, unknown: int) -> str:
    where = f"{line.endpoint} in {line.period}" if line.period else line.endpoint
    if difference < 0:
        return f"{where}: the invoice is {shown(-difference)} less than what was settled."
    if difference == 0:
        return f"{where}: the invoice is what was settled." + (
            f" The unknown {shown(unknown)} were not billed." if unknown else ""
        )
    if difference <= unknown:
        return (
            f"{where}: the invoice is {shown(difference)} more than what was settled; calls with unknown cost, charged"
            f" at {shown(unknown)}, explain it. `forge-desktop spend correct` books what they really cost."
        )
    return (
        f"{where}: the invoice is {shown(difference - unknown)} more than all that was charged: somebody else uses the"
        " key, or the price is wrong."
    )


def _columns(made: Attempt) -> dict[str, Any]:
    purpose, usage = made.purpose, made.usage
    values = (
        made.uid, made.state, made.endpoint, made.endpoint_name, made.model, purpose.kind, purpose.run, purpose.task,
        purpose.step, purpose.repeat, made.day, made.month, usd(made.worst), usd(made.cost), usage and usage.input,
        usage and usage.cached, usage and usage.cache_write, usage and usage.output, usage and usage.reasoning,
        made.request_sha256, made.price_sha256, made.batch, made.note, made.created, made.changed,
    )  # fmt: skip
    return dict(zip(_COLUMNS, values, strict=True))


def _write_lines(out: TextIO, rows: Iterator[dict[str, Any]]) -> int:
    count = 0
    for row in rows:
        out.write(json.dumps(row, ensure_ascii=False) + "\n")
        count += 1
    return count


def _write_csv(out: TextIO, rows: Iterator[dict[str, Any]]) -> int:
    writer = csv.DictWriter(out, _COLUMNS)
    writer.writeheader()
    count = 0
    for row in rows:
        writer.writerow({name: _inert(value) for name, value in row.items()})
        count += 1
    return count


def _inert(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_ACTIVE) else value
