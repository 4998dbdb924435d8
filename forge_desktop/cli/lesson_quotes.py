"""The steps `distill quote`, `distill replay` and `distill correct`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.money import parse_usd, shown, usd
from forge_desktop.cli.lesson_runs import wish_of
from forge_desktop.cli.lesson_waiting import wait
from forge_desktop.cli.output import Output, counted
from forge_desktop.distill.quality import remarks
from forge_desktop.distill.records_runs import Quote, ReplayReport, TeacherQuote
from forge_desktop.forge import Forge


def quote(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """`distill quote`: what a run with these options would cost and take."""
    wish = wish_of(options, parse_usd(options.cap) if options.cap else 0)
    found = wait(forge, forge.distill.quote(wish), out, "rendering prompts")
    assert isinstance(found, Quote)
    _show(found, out, prompts=options.prompts)
    out.result(quote_fields(found))
    return 0


def quote_fields(found: Quote) -> dict[str, object]:
    """A quote as the JSON object of `distill quote`."""
    return {
        "tasks": found.tasks,
        "sampled": found.sampled,
        "easy": found.easy,
        "withheld": found.withheld,
        "calls": found.calls,
        "reused": found.reused,
        "saved_usd": usd(found.saved),
        "low_usd": usd(found.low),
        "likely_usd": usd(found.likely),
        "worst_usd": usd(found.worst),
        "seconds": found.seconds,
        "teachers": [_teacher_fields(each) for each in found.teachers],
        "evidence_tokens": found.evidence_tokens,
        "document_tokens": found.document_tokens,
        "dial": [{"passages": passages, "likely_usd": usd(cost)} for passages, cost in found.dial],
        "blocked": found.blocked,
        "unasked": found.unasked,
        "besides": [{"name": name, "url": url, "what": what} for name, url, what in found.besides],
        "caps": list(found.caps),
        "room_usd": None if found.room is None else usd(found.room),
        "fits_likely": found.fits_likely,
        "fits_worst": found.fits_worst,
        "never_sent": list(found.never_sent),
        "assumptions": list(found.assumptions),
        "prompts": [
            {"teacher": teacher, "messages": [{"role": role, "text": text} for role, text in turns]}
            for teacher, turns in found.prompts
        ],
    }


def _teacher_fields(each: TeacherQuote) -> dict[str, object]:
    return {
        "name": each.name,
        "model": each.model,
        "low_usd": usd(each.low),
        "likely_usd": usd(each.likely),
        "worst_usd": usd(each.worst),
        "seconds": each.seconds,
        "batch_likely_usd": None if each.batch_likely is None else usd(each.batch_likely),
        "problem": each.problem,
    }


def _show(found: Quote, out: Output, *, prompts: bool) -> None:
    sampled = "" if found.sampled == found.tasks else f", {found.sampled:,} of them rendered"
    out.line(f"{counted(found.tasks, 'task')}{sampled}; about {counted(found.calls, 'call')} to teachers.")
    if found.easy:
        out.line(f"  {counted(found.easy, 'draft')} that need no teacher")
    if found.withheld:
        out.line(f"  {counted(found.withheld, 'task')} that may not be sent to a teacher")
    if found.reused:
        out.line(f"  {counted(found.reused, 'answer')} paid already, which saves {shown(found.saved)}")
    if found.blocked:
        out.line(f"Now no call could leave: {found.blocked}")
    for each in found.teachers:
        _show_teacher(each, out)
    if found.document_tokens:
        out.line(
            f"Passages: about {found.evidence_tokens:,} tokens; whole documents would be {found.document_tokens:,}."
        )
    if found.dial:
        dial = ", ".join(f"{passages}: {shown(cost)}" for passages, cost in found.dial)
        out.line(f"Likely cost by passages a task: {dial}")
    for said in found.caps:
        out.line(f"  {said}")
    if found.fits_likely is not None and found.fits_likely < found.tasks:
        out.line(f"  Under these caps likely {found.fits_likely:,} tasks fit, at worst {found.fits_worst or 0:,}.")
    if found.never_sent:
        out.line(f"Never sent: {', '.join(found.never_sent)}")
    for said in found.assumptions:
        out.line(f"  {said}")
    for teacher, turns in found.prompts if prompts else ():
        out.line()
        out.line(f"To {teacher}:")
        for role, text in turns:
            out.line(f"[{role}]")
            out.text(text)


def _show_teacher(each: TeacherQuote, out: Output) -> None:
    if each.problem:
        out.line(f"  {each.name}: left out. {each.problem}")
        return
    batch = "" if each.batch_likely is None else f", in batches likely {shown(each.batch_likely)}"
    took = "" if each.seconds is None else f", about {each.seconds:,.0f} s"
    out.line(f"  {each.name}: likely {shown(each.likely)}, {shown(each.low)} to {shown(each.worst)}{batch}{took}")


def replay(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """`distill replay`: a finished run done again; exit status 3 where a byte differs."""
    runs = [each.uid for each in forge.distill.runs() if each.uid.startswith(options.run)]
    if len(runs) != 1:
        many = "There are several runs" if runs else "There is no run"
        raise ForgeError(f"{many} whose name begins with {options.run}.", hint="See `forge-desktop distill status`.")
    directory = Path(options.directory).absolute() if options.directory else None
    found = wait(forge, forge.distill.replay(runs[0], directory), out, "replaying")
    assert isinstance(found, ReplayReport)
    out.line(
        f"{counted(found.tasks, 'task')} replayed, {counted(found.pairs, 'pair')}:"
        f" {'the same bytes' if found.same else 'NOT the same bytes'} (sha256 {found.sha256[:16]})"
    )
    for uid, why in found.differing:
        out.line(f"  {uid[:8]}: {why}")
    for uid, why in found.outside:
        out.line(f"  {uid[:8]} is left out: {why}")
    out.result(
        {
            "run": found.run,
            "tasks": found.tasks,
            "pairs": found.pairs,
            "same": found.same,
            "sha256": found.sha256,
            "exported_sha256": found.exported,
            "differing": [{"pair": uid, "why": why} for uid, why in found.differing],
            "outside": [{"pair": uid, "why": why} for uid, why in found.outside],
            "files": list(found.files),
        }
    )
    return 0 if found.same else 3


def correct(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """`distill correct`: an answer of the chat becomes a task, or a pair with --better."""
    task = forge.distill.correct(options.message or _newest_answer(forge), options.better)
    out.line(f"Task {task.id}: {task.state}. {task.question}")
    against = remarks(forge.distill.pairs.get(task.pair).quality.checks) if options.better and task.pair else ()
    if against:
        out.line(f"The rules remark: {' '.join(against)}")
    shown = {"task": task.id, "uid": task.uid, "state": task.state, "question": task.question, "pair": task.pair}
    out.result({**shown, "remarks": list(against)})
    return 0


def _newest_answer(forge: Forge) -> int:
    for conversation in forge.chat.conversations()[:1]:
        answers = [each for each in forge.chat.messages(conversation.id) if each.role == "assistant"]
        if answers:
            return answers[-1].id
    raise ForgeError("There is no answer to correct.", hint="Ask something first: forge-desktop ask.")


STEPS: dict[str, Callable[[Forge, argparse.Namespace, Output], int]] = {
    "quote": quote,
    "replay": replay,
    "correct": correct,
}
