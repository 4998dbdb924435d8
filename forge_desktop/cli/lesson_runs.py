"""The steps `distill run` and `distill status`: the queue worked on under a cap, and how it stands."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import time
from collections.abc import Callable

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import Event, JobChanged
from forge_desktop.base.money import parse_usd, shown, usd
from forge_desktop.cli import jobs
from forge_desktop.cli.lesson_waiting import wait
from forge_desktop.cli.output import Output, counted, hint_of
from forge_desktop.distill.records import OPEN
from forge_desktop.distill.records_runs import Quote, RunProgress, RunSummary, RunWish
from forge_desktop.forge import Forge

_FINE = ("done", "cap")  # ways of stopping that were asked for


def wish_of(options: argparse.Namespace, cap: int) -> RunWish:
    """The wish that the options of `arguments_wish` make."""
    return RunWish(
        cap=cap,
        max_turns=options.max_turns,
        tasks=options.tasks,
        passages=options.passages,
        review=options.review,
        judge=options.judge,
        teachers=tuple(options.teachers),
        concurrency=options.concurrency,
        draft=options.draft,
        easy=options.easy,
        max_tokens=options.max_tokens,
        batch=options.batch,
    )


def run(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """`distill run`: work until the queue is empty or something stops it, then say what became of it."""
    if options.cap is None:
        raise ForgeError("A run needs a spending cap.", hint="Say what it may cost at most, as --cap 2.50.")
    wish = wish_of(options, parse_usd(options.cap))
    quoted = _quoted(forge, wish, out) if options.quote else None
    interrupted, began = False, time.time()
    with jobs.listening(forge, _progress(out)):
        try:
            found = jobs.wait(forge, forge.distill.run(wish, quoted=quoted))
        except KeyboardInterrupt:
            interrupted, found = True, next(iter(forge.distill.runs()), None)
        except ForgeError as error:
            found = _as_far_as_known(forge, began, error)
    out.clear()
    if not isinstance(found, RunSummary):
        raise KeyboardInterrupt
    out.result(summary_fields(found))
    _show(found, out)
    _show_left(forge, out)
    if interrupted:
        return 130
    return 0 if found.stopped_by in _FINE else 1


def _as_far_as_known(forge: Forge, began: float, error: ForgeError) -> RunSummary:
    """The run that an error ended, such as a full disk, which keeps even that from being stored. Raises the error where
    it came before the run.
    """
    with contextlib.suppress(ForgeError):
        found = next(iter(forge.distill.runs()), None)
        if found is not None and found.started >= began:
            words = " ".join(filter(None, (error.message, hint_of(error))))
            return dataclasses.replace(found, stopped_by="error", problem=words)
    raise error


def _quoted(forge: Forge, wish: RunWish, out: Output) -> Quote:
    found = wait(forge, forge.distill.quote(wish), out, "rendering prompts")
    assert isinstance(found, Quote)
    out.line(f"  quoted: likely {shown(found.likely)}, {shown(found.low)} to {shown(found.worst)}")
    return found


def status(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """`distill status`: the queue by state, the last run (or the one named), and what counts against which cap."""
    runs = forge.distill.runs()
    found = next((each for each in runs if options.run is None or each.uid.startswith(options.run)), None)
    if options.run is not None and found is None:
        raise ForgeError(f"There is no run {options.run}.", hint="See `forge-desktop distill status --json`.")
    counts = forge.distill.tasks.counts()
    budgets = forge.providers.ledger.budgets(found.uid if found else "")
    stopped = forge.providers.ledger.stopped
    out.result(
        {
            "tasks": dict(counts),
            "run": summary_fields(found) if found else None,
            "runs": [each.uid for each in runs],
            "budgets": [
                {
                    "kind": each.kind,
                    "key": each.key,
                    "cap_usd": None if each.cap is None else usd(each.cap),
                    "settled_usd": usd(each.settled),
                    "reserved_usd": usd(each.reserved),
                    "unknown_usd": usd(each.unknown),
                    "headroom_usd": None if each.headroom is None else usd(each.headroom),
                }
                for each in budgets
            ],
            "stopped": stopped,
        }
    )
    out.line("Queue: " + (", ".join(f"{state} {number:,}" for state, number in sorted(counts.items())) or "empty"))
    if found:
        out.line(f"Run {found.uid[:8]}" + ("" if found.ended else ", not ended"))
        _show(found, out)
    for each in budgets:
        cap = "no cap" if each.cap is None else f"of {shown(each.cap)}"
        out.line(f"  {each.kind:6} {shown(each.charged)} {cap}")
    if stopped:
        out.note(f"forge-desktop: {stopped}")
    return 0


def summary_fields(found: RunSummary) -> dict[str, object]:
    """A run as the JSON object of `distill run`."""
    return {
        "run": found.uid,
        "tasks": found.tasks,
        "kept": found.kept,
        "rejected": found.rejected,
        "failed": found.failed,
        "review": found.review,
        "train_pairs": found.train_pairs,
        "repair_pairs": found.repair_pairs,
        "settled_usd": usd(found.settled),
        "reserved_usd": usd(found.reserved),
        "unknown_usd": usd(found.unknown),
        "billed_attempts": found.billed_attempts,
        "reused_answers": found.reused_answers,
        "stopped_by": found.stopped_by,
        "problem": found.problem,
        "quoted": {f"{name}_usd": usd(int(str(found.quoted[name]))) for name in ("low", "likely", "worst")}
        if "likely" in found.quoted
        else None,
    }


def _show(found: RunSummary, out: Output) -> None:
    out.line(
        f"  {counted(found.tasks, 'task')}: {found.kept:,} kept ({found.train_pairs:,} to train, {found.repair_pairs:,}"
        f" to repair), {found.rejected:,} rejected, {found.failed:,} failed, {found.review:,} for review"
    )
    open_money = f", {shown(found.reserved)} reserved" if found.reserved else ""
    open_money += f", {shown(found.unknown)} unknown" if found.unknown else ""
    reused = f", {counted(found.reused_answers, 'answer')} used again" if found.reused_answers else ""
    out.line(
        f"  {shown(found.settled)} settled{open_money} of {shown(found.wish.cap)},"
        f" {counted(found.billed_attempts, 'billed attempt')}{reused}"
    )
    if "likely" in found.quoted:
        likely, worst = (int(str(found.quoted[name])) for name in ("likely", "worst"))
        share = f": {found.settled / likely:.0%} of that was paid" if likely and found.stopped_by == "done" else ""
        out.line(f"  quoted likely {shown(likely)}, at worst {shown(worst)}{share}")
    if found.stopped_by not in ("", "done") or found.problem:
        out.line(f"  stopped by {found.stopped_by}: {found.problem}" if found.problem else f"  {found.stopped_by}")


def _show_left(forge: Forge, out: Output) -> None:
    left = forge.distill.tasks.count("", OPEN)
    if left:
        out.note(f"{counted(left, 'task')} {'waits' if left == 1 else 'wait'} in the queue; run again to go on.")
    if waiting := len(forge.distill.review.waiting()):
        out.note(f"{counted(waiting, 'pair')} for you to decide on: forge-desktop distill review.")


def _progress(out: Output) -> Callable[[Event], None]:
    def show(event: Event) -> None:
        if isinstance(event, JobChanged) and event.state == "running" and isinstance(event.detail, RunProgress):
            at = event.detail
            out.progress(
                f"{at.done:,} of {at.tasks:,}, {at.kept:,} kept, {at.flying} under way,"
                f" {shown(at.settled + at.reserved + at.unknown)} of {shown(at.cap)}  {at.note}".rstrip()
            )

    return show


STEPS = {"run": run, "status": status}
