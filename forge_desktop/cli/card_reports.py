"""What a check of a card found, in JSON and in words."""

from __future__ import annotations

from forge_desktop.cards.fields import BY_KEY
from forge_desktop.cards.records import CheckReport, Problem
from forge_desktop.cli import card_words
from forge_desktop.cli.output import Output


def report_fields(report: CheckReport) -> dict[str, object]:
    """What a check found, as it stands in JSON."""
    done = report.completeness
    return {
        "ok": report.ok,
        "filled": done.filled,
        "required": done.required,
        "percent": done.percent,
        "missing": list(done.missing),
        "to_review": list(done.to_review),
        "problems": [card_words.problem_fields(problem) for problem in report.problems],
        "stale": [{"field": field, "why": why} for field, why in report.stale],
        "leaks": [card_words.leak_fields(leak) for leak in report.leaks],
    }


def tell_report(report: CheckReport, out: Output, file: str = "") -> None:
    """What a check found, for people: a line each."""
    done = report.completeness
    out.line(f"{done.filled} of {done.required} required fields are filled ({done.percent} %).")
    for problem in report.problems:
        out.line(problem_in_words(problem, file))
    fields = {field.title: field.key for field in BY_KEY.values()}
    for title in done.missing:
        out.line(f"missing: {title} [{fields[title]}]")
    for line in stale_lines(report):
        out.line(line)
    for title in done.to_review:
        out.line(f"taken over, not looked at yet: {title}")
    for leak in report.leaks:
        how = "shown" if leak.revealed else "hidden in exports"
        title = BY_KEY[leak.field].title if leak.field in BY_KEY else leak.field
        out.line(f"private, {how}: {title}: {leak.text} ({leak.why}) [{leak.finding[:12]}]")


def stale_lines(report: CheckReport) -> list[str]:
    """What is stale: fields of which the same is to be said stand together."""
    titles: dict[str, list[str]] = {}
    for field, why in report.stale:
        titles.setdefault(why, []).append(BY_KEY[field].title if field in BY_KEY else field)
    return [f"stale: {', '.join(named)}: {why}" for why, named in titles.items()]


def problem_in_words(problem: Problem, file: str = "") -> str:
    """As compilers say it: place, then what."""
    place = f"{file or 'text'}:{problem.line}:{problem.column}: " if problem.line else f"{file}: " if file else ""
    title = BY_KEY[problem.field].title if problem.field in BY_KEY else problem.field
    named = "" if not title or problem.message.startswith(title) else f"{title}: "
    said = problem.message.removeprefix(f"Line {problem.line}, column {problem.column}: ")  # it stands before
    return f"{place}{problem.severity}: {named}{said}"
