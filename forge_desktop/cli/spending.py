"""The verb `spend`: what was spent and what may be, caps, corrections, invoices."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.money import shown, usd
from forge_desktop.cli.output import Output, counted
from forge_desktop.forge import Forge

_CHANGED = 3
_ID = 12  # digits of an attempt's uid that are shown to people; --json has all


def spend(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """Do one step; without one, show."""
    status = _STEPS[options.step or "show"](forge, options, out)
    more = forge.providers.ledger.unadopted()
    if more is not None:
        out.note(f"forge-desktop: {more.words}")
    return status


def _show(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    ledger = forge.providers.ledger
    run = getattr(options, "run", None) or ""
    budgets = ledger.budgets(run)
    if run and budgets[0].cap is None and not ledger.attempts(run=run, limit=1):
        raise ForgeError(f"There is no run {run!r}.", hint="See `forge-desktop distill status --json` for their names.")
    days = ledger.by_day(getattr(options, "days", 7))
    expected = ledger.forecast()
    more = ledger.unadopted()
    said = {"stopped": ledger.stopped, "clock": ledger.held, "notice": ledger.notice}
    out.result(
        {
            "budgets": [_budget(found) for found in budgets],
            "days": [
                {"day": day, "settled_usd": usd(settled), "reserved_usd": usd(reserved), "unknown_usd": usd(unknown)}
                for day, settled, reserved, unknown in days
            ],
            "forecast": {
                "month": expected.month,
                "charged_usd": usd(expected.charged),
                "a_day_usd": usd(expected.a_day),
                "days_left": expected.days_left,
                "likely_usd": usd(expected.likely),
            },
            **said,
            "mirror": ledger.mirror_problem or (more.words if more is not None else ""),
            "mirror_more_usd": usd(more.amount if more is not None else 0),
        }
    )
    rows = [("", "settled", "reserved", "unknown", "cap", "headroom")]
    for found in budgets:
        name = f"{found.kind} {found.key}".strip()
        sums = (shown(found.settled), shown(found.reserved), shown(found.unknown))
        rows.append((name, *sums, _or_none(found.cap), _or_none(found.headroom)))
    _table(out, rows)
    out.line()
    _table(out, [(day, *map(shown, amounts)) for day, *amounts in days])
    out.line(expected.words)
    for sentence in filter(None, (*said.values(), ledger.mirror_problem)):
        out.line(sentence)
    return 0


def _budget(found: Any) -> dict[str, object]:
    return {
        "kind": found.kind,
        "key": found.key,
        "cap_usd": None if found.cap is None else usd(found.cap),
        "settled_usd": usd(found.settled),
        "reserved_usd": usd(found.reserved),
        "unknown_usd": usd(found.unknown),
        "headroom_usd": None if found.headroom is None else usd(found.headroom),
    }


def _attempts(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    found = forge.providers.ledger.attempts(
        run=options.run or "",
        task=options.task or "",
        state=options.state,
        limit=options.limit,
        before=options.before,
    )
    out.result({"attempts": [_attempt(made) for made in found]})
    rows = [("attempt", "when", "state", "cost", "at most", "endpoint", "task", "note")]
    for made in found:
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(made.created))
        work = f"{made.purpose.task} {made.purpose.step}".strip()
        costs = (shown(made.cost), shown(made.worst))
        rows.append((made.uid[:_ID], when, made.state, *costs, made.endpoint_name, work, made.note))
    _table(out, rows)
    if not found:
        asked = options.run or options.task or options.state or options.before
        out.line("There is no such call." if asked else "No call was made yet.")
    return 0


def _attempt(made: Any) -> dict[str, object]:
    usage = made.usage
    return {
        "attempt": made.uid,
        "state": made.state,
        "endpoint": made.endpoint_name,
        "model": made.model,
        "kind": made.purpose.kind,
        "run": made.purpose.run,
        "task": made.purpose.task,
        "step": made.purpose.step,
        "cost_usd": usd(made.cost),
        "worst_usd": usd(made.worst),
        "input_tokens": None if usage is None else usage.input,
        "output_tokens": None if usage is None else usage.output,
        "day": made.day,
        "created": made.created,
        "batch": made.batch,
        "note": made.note,
    }


def _cap(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    ledger, amount = forge.providers.ledger, None if options.amount == "none" else options.amount
    if options.kind == "run" and not options.run:
        raise ForgeError("It is not said which run's cap this is.", hint="Add --run RUN; see `distill status --json`.")
    if options.kind != "run" and options.run:
        raise ForgeError(f"The cap of {options.kind} holds for all runs.", hint="Leave --run out, or write: cap run.")
    ledger.set_cap(options.kind, amount, options.typed, run=options.run or "")
    out.result({"kind": options.kind, "run": options.run or "", "cap_usd": None if amount is None else usd(amount)})
    whose = f"run {options.run}" if options.run else "whole" if options.kind == "total" else options.kind
    out.line(f"The cap of the {whose} is {shown(amount)}." if amount is not None else f"The {whose} has no cap now.")
    return 0


def _correct(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    ledger = forge.providers.ledger
    uid = _whole_uid(forge, options.attempt)
    ledger.correct(uid, options.amount, options.note)
    out.result({"attempt": uid, "cost_usd": usd(options.amount)})
    out.line(f"It counts for {shown(options.amount)} now.")
    return 0


def _whole_uid(forge: Forge, begun: str) -> str:
    """An attempt's uid from the digits of it that are shown."""
    if len(begun) < _ID:
        return begun
    found = [made.uid for made in forge.providers.ledger.attempts(uid=begun, limit=2)]
    return found[0] if len(found) == 1 else begun


def _go_on(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    ledger = forge.providers.ledger
    reasons = [sentence for sentence in (ledger.stopped, ledger.held, ledger.notice) if sentence]
    ledger.go_on(options.note)
    out.result({"were": reasons})
    for sentence in reasons:
        out.line(sentence)
    out.line("Calls are allowed again." if reasons else "Nothing had stopped them.")
    return 0


def _export(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    file = Path(os.path.abspath(options.file))
    count = forge.providers.ledger.export(file)
    out.result({"file": str(file), "attempts": count})
    out.line(f"{counted(count, 'call')} written to {file}.")
    return 0


def _reconcile(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    ledger = forge.providers.ledger
    if bool(options.file) == bool(options.endpoint and options.amount is not None):
        raise ForgeError("An invoice is a CSV file, or one --endpoint with one --amount.")
    if options.file:
        found = ledger.reconcile_file(Path(os.path.abspath(options.file)))
    else:
        found = [ledger.reconcile(options.endpoint, options.period or "", options.amount)]
    out.result(
        {
            "lines": [
                {
                    "endpoint": one.line.endpoint,
                    "period": one.line.period,
                    "invoice_usd": usd(one.line.amount),
                    "settled_usd": usd(one.settled),
                    "unknown_usd": usd(one.unknown),
                    "difference_usd": usd(one.difference),
                    "explained": one.explained,
                    "unknown_attempts": list(one.attempts),
                    "words": one.words,
                }
                for one in found
            ]
        }
    )
    for one in found:
        out.line(one.words)
    return 0 if all(one.explained for one in found) else 1


def _verify(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    found = forge.providers.ledger.verify()
    out.result({"findings": found})
    for finding in found:
        out.line(finding)
    out.line("The ledger was changed." if found else "The ledger is sound.")
    return _CHANGED if found else 0


def _or_none(amount: int | None) -> str:
    return "none" if amount is None else shown(amount)


def _table(out: Output, rows: Iterable[tuple[str, ...]]) -> None:
    listed = list(rows)
    widths = [max(len(cell) for cell in column) for column in zip(*listed, strict=True)]
    for row in listed:
        cells = zip(row, widths, strict=True)
        out.line("  ".join(cell.ljust(width) for cell, width in cells).rstrip())


_STEPS: dict[str, Callable[[Forge, argparse.Namespace, Output], int]] = {
    "show": _show,
    "attempts": _attempts,
    "cap": _cap,
    "correct": _correct,
    "go-on": _go_on,
    "export": _export,
    "reconcile": _reconcile,
    "verify": _verify,
}
