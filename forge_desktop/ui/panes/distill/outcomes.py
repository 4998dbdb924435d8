"""How a run or another job ended, in words: what came of it, what it cost against its quote, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.money import shown
from forge_desktop.distill.records import Budget
from forge_desktop.distill.records_pairs import Reverified
from forge_desktop.distill.records_runs import GenerateSummary, ImportSummary, ReplayReport, RunSummary
from forge_desktop.ui.widgets.words import count_words, safe_words


@dataclass(frozen=True)
class Words:
    """A banner: title, text, its kind, and the words on its button."""

    title: str
    text: str = ""
    kind: str = "ok"
    action: str = ""


NO_TEACHER = ForgeError(
    "There is no teacher yet.",
    hint="Add an endpoint: a service with a key, or a model of your own on this computer, which needs none.",
    action="settings",
)


@dataclass(frozen=True)
class Exported:
    """What an export wrote: the folder, and (name, rows) of its files."""

    folder: str
    files: tuple[tuple[str, int], ...]


STOPS = {
    # stopped_by: (title, kind)
    "done": ("The run is done", "ok"),
    "cap": ("The run stopped at its cap", "warn"),
    "cancelled": ("The run was cancelled", "info"),
    "offline": ("The run stopped: the offline switch is on", "warn"),
    "teachers": ("The run stopped: no teacher could be asked", "bad"),
    "killed": ("Forge Desktop ended in the middle of the run", "warn"),
    "ledger": ("The run stopped: the ledger allows no call", "bad"),
    "error": ("The run stopped", "bad"),
}
_ENDS = {
    "cancelled": "It was cancelled",
    "cap": "It stopped at its cap",
    "offline": "The offline switch is on",
    "teachers": "No teacher could be asked",
    "ledger": "The ledger allows no call",
}
_ACTIONS = {
    "cap": "Go on with a new cap…",
    "offline": "Open Settings",
    "teachers": "Open Endpoints",
    "review": "Review",
}


def stop_action(stopped_by: str, review: int) -> str:
    """What leads on from the end of a run: "cap", "offline", "teachers", "review", or ""."""
    if stopped_by in ("cap", "offline", "teachers"):
        return stopped_by
    return "review" if review and stopped_by in ("done", "cancelled") else ""


def capping(budgets: Sequence[Budget]) -> str:
    """Which cap leaves the least: "run", "day", "month", "total"; the run's own where nothing tells."""
    capped = [budget for budget in budgets if budget.headroom is not None]
    return min(capped, key=lambda budget: budget.headroom or 0).kind if capped else "run"


def outcome_words(run: RunSummary, capped: str = "run") -> Words:
    """A run that ended; `capped` is the kind of the cap that was in its way, if one was."""
    title, kind = STOPS.get(run.stopped_by, ("The run ended", "info"))
    counts = ((run.kept, "kept"), (run.review, "to review"), (run.rejected, "rejected"), (run.failed, "failed"))
    parts = [f"{number:,} {word}" for number, word in counts if number] or ["nothing was done"]
    parts.append(f"{shown(run.settled)} spent{quoted_words(run)}")
    if run.unknown:
        parts.append(f"{shown(run.unknown)} unknown: it may have been billed")
    if run.reused_answers:
        parts.append(f"{count_words(run.reused_answers, 'answer')} paid before")
    text = " · ".join(parts) + "."
    text = text[:1].upper() + text[1:]  # it stands behind another sentence, or alone
    problem = "" if run.stopped_by == "ledger" else safe_words(run.problem)  # a notice of its own says why
    action = _ACTIONS.get(stop_action(run.stopped_by, run.review), "")
    if run.stopped_by == "cap" and capped != "run":
        action = "Raise the cap…"
    return Words(title, f"{problem} {text}".strip(), kind, action)


def unfinished_words(run: RunSummary, waiting: int) -> Words | None:
    """At the start: a run that was ended with the window, or broke off, and left tasks; None where there is none."""
    if not waiting or run.stopped_by not in ("", "cancelled", "error"):
        return None
    said = outcome_words(run)
    text = f"{count_words(waiting, 'task')} {'waits' if waiting == 1 else 'wait'} in the queue. {said.text}"
    return Words("The last run did not come to its end", text, "info", "Go on…")


def quoted_words(run: RunSummary) -> str:
    """What was quoted, beside what it came to."""
    likely, worst = run.quoted.get("likely"), run.quoted.get("worst")
    if not isinstance(likely, int) or not isinstance(worst, int):
        return ""
    return f" (quoted {shown(likely)} likely, {shown(worst)} at worst)"


def other_words(result: object) -> Words | None:
    """What came of another job; None where there is nothing to say."""
    if isinstance(result, ImportSummary):
        return _import_words(result)
    if isinstance(result, GenerateSummary):
        return _generate_words(result)
    if isinstance(result, Exported):
        files = ", ".join(f"{name} ({count_words(rows, 'pair')})" for name, rows in result.files)
        return Words(f"Exported to {safe_words(result.folder)}", files)
    if isinstance(result, ReplayReport):
        return _replay_words(result)
    if isinstance(result, Reverified):
        bad = result.changed + result.gone
        words = f"{count_words(result.checked, 'pair')} compared: {result.changed:,} changed, {result.gone:,} gone."
        return Words(words, safe_words(result.advice), "warn" if bad else "ok")
    return None


def _import_words(found: ImportSummary) -> Words:
    came = [(found.tasks, "task"), (found.pairs, "pair")]
    words = " and ".join(count_words(number, noun) for number, noun in came if number) or "Nothing new"
    parts = [f"{found.known:,} were there already"] if found.known else []
    if found.bad:
        line, why = found.reasons[0] if found.reasons else (0, "")
        parts.append(f"{count_words(found.bad, 'row')} not taken (line {line:,}: {safe_words(why)})")
    parts += [safe_words(note) for note in found.notes]
    if found.stopped:
        parts.append(safe_words(found.stopped))
    title = f"{words} imported from {safe_words(found.file)}"
    return Words(
        title,
        ". ".join(part.rstrip(".") for part in parts) + "." if parts else "",
        "warn" if found.bad or found.stopped else "ok",
    )


def _generate_words(found: GenerateSummary) -> Words:
    parts = [f"{number:,} left out: {safe_words(why)}" for why, number in found.dropped.items() if number]
    if found.known:
        parts.append(f"{found.known:,} were there already")
    if found.never_sent:
        parts.append(f"{count_words(len(found.never_sent), 'document')} never sent")
    if found.settled:
        parts.append(f"{shown(found.settled)} spent")
    if found.unknown:
        parts.append(f"{shown(found.unknown)} unknown: it may have been billed")
    if found.stopped:
        said = f"{_ENDS.get(found.stopped, 'It ended early')}. {safe_words(found.problem)}".strip()
        parts = [f"{said} {' · '.join(parts)}".strip()]
    title = f"{count_words(found.tasks, 'task')} created from {count_words(found.documents, 'document')}"
    return Words(title, " · ".join(parts), "warn" if found.stopped else "ok")


def _replay_words(found: ReplayReport) -> Words:
    lines = count_words(found.pairs, "lesson")
    outside = f"{count_words(len(found.outside), 'pair')} changed by a person afterwards. " if found.outside else ""
    if found.same:
        return Words(f"The replay gave the same bytes: {lines}", f"{outside}sha256 {found.sha256}")
    _, why = found.differing[0] if found.differing else ("", "The lines are not the same.")
    many = f"{count_words(len(found.differing), 'lesson')} came out otherwise: {safe_words(why)}"
    return Words("The replay gave something else", f"{outside}{many}", "warn")
