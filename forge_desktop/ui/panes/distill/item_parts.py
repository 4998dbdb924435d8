"""The parts of a task's view: rules that held, scores, evidence, neighbours, attempts; each made from records."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QWidget

from forge_desktop.base.money import shown
from forge_desktop.distill.records import Attempt, Check, Evidence, Pair, Quality, TaskView, TeacherTurn
from forge_desktop.ui import tokens
from forge_desktop.ui.panes.distill.columns import any_text, one_line
from forge_desktop.ui.widgets.basics import (
    Button,
    ElidedLabel,
    IconButton,
    IconLabel,
    Meter,
    Pill,
    column,
    frame,
    label,
    row,
)
from forge_desktop.ui.widgets.fold import Fold
from forge_desktop.ui.widgets.snippet import Snippet
from forge_desktop.ui.widgets.words import count_words, file_name, moment_words, safe_words

_ATTEMPTS = {
    # state: (word, kind of pill)
    "reserved": ("Reserved", "mute"),
    "sent": ("Sent", "info"),
    "settled": ("Settled", "ok"),
    "released": ("Not charged", "mute"),
    "unknown": ("Unknown", "warn"),
}
_SOURCES = {
    "changed": ("Source changed", "warn"),
    "gone": ("Source gone", "bad"),
    "unchanged": ("Source unchanged", "ok"),
    "unchecked": ("Source not compared yet", "mute"),
}


_RULES = {
    # name of a check: what it asks for
    "answered": "There is an answer",
    "refusal": "Not a refusal",
    "length": "Whole, and not too long",
    "repetition": "Does not repeat itself",
    "copy": "Not the question again",
    "control": "No frame of a conversation in it",
    "form": "In the form that was asked for",
    "language": "In the language of the question",
    "untold": "The documents tell it",
    "citations": "Cites passages that were offered",
    "quotes": "Quotes stand in their passages",
    "numbers": "Numbers stand in the passages",
    "grounded": "Rests on the passages",
    "draft": "The student's draft",
}


def section(title: str, *parts: QWidget, beside: QWidget | None = None) -> QFrame:
    """A card with a heading."""
    head = row(label(title, tokens.SMALL, 600, "muted"), None, *([beside] if beside else []))
    return frame("card", column(head, *parts, gap=6, margins=(14, 8, 12, 10)))


def checks_section(checks: Sequence[Check]) -> QFrame:
    """Every rule, ticked or not, with its note."""
    held = sum(check.passed for check in checks)
    lines = [_check_line(check) for check in sorted(checks, key=lambda check: (check.passed, not check.must))]
    return section("Rules", *lines, beside=label(f"{held:,} of {len(checks):,} hold", tokens.SMALL, cls="muted"))


def _check_line(check: Check) -> QWidget:
    kind = "ok" if check.passed else "bad" if check.must else "warn"
    icon = IconLabel("circle-check" if check.passed else "circle-alert" if check.must else "triangle-alert", 14, kind)
    words = _RULES.get(check.name) or _plain(check.name)
    name = label(words, tokens.SMALL, wrap=True)
    texts = [name]
    if check.note:
        texts.append(label(safe_words(check.note), tokens.SMALL, cls="muted", wrap=True))
    line = row(column(icon, None), column(*texts, gap=0), gap=8)
    line.setStretch(1, 1)
    made = QWidget()
    made.setLayout(line)
    verdict = "holds" if check.passed else "does not hold"
    made.setAccessibleName(f"{words} {verdict}. {check.note}".strip())
    return made


def quality_section(quality: Quality) -> QFrame:
    """What the rules did not give in full and what a judge gave, beside the whole: never a lone number."""
    grid = QGridLayout()
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(12)
    grid.setVerticalSpacing(4)
    grid.setColumnStretch(1, 1)
    parts = [(_RULES.get(check.name) or _plain(check.name), check.score) for check in quality.checks if check.score < 1]
    parts += [(_plain(name), score) for name, score in quality.rubric.items()]
    if not parts:
        grid.addWidget(label("Every rule gives its full score.", tokens.SMALL, cls="muted", wrap=True), 0, 0, 1, 3)
    for place, (words, score) in enumerate(parts):
        grid.addWidget(label(words, tokens.SMALL, cls="muted"), place, 0)
        grid.addWidget(Meter(score, 0, 5, "ok" if score >= 0.75 else "warn", words), place, 1)
        grid.addWidget(label(f"{score:.2f}", tokens.SMALL, tabular=True), place, 2, Qt.AlignmentFlag.AlignRight)
    body = QWidget()
    body.setLayout(grid)
    total = label(f"{quality.score:.2f} by {safe_words(quality.version or 'rules')}", tokens.SMALL, 600, tabular=True)
    return section("Score", body, beside=total)


def evidence_section(evidence: Sequence[Evidence], pair: Pair | None, open_place: Callable[[Evidence], None]) -> QFrame:
    """The passages that were offered, with the words a citation rests on; each opens in the source viewer."""
    cited = set(pair.citations) if pair else {e.n for e in evidence if e.cited}
    cards = [_evidence_card(found, found.n in cited or found.cited, open_place) for found in evidence]
    beside = None
    if pair is not None and pair.evidence:
        words, kind = _SOURCES[pair.source]
        beside = Pill(words, kind, size=11)
    return section(f"Evidence · {count_words(len(evidence), 'passage')}", *cards, beside=beside)


def _evidence_card(found: Evidence, cited: bool, open_place: Callable[[Evidence], None]) -> QWidget:
    number = label(str(found.n), tokens.SMALL, 600, "number")
    number.setContentsMargins(6, 1, 6, 1)
    name = ElidedLabel(safe_words(file_name(found.name)), tokens.SMALL, 600, middle=True)
    place = ElidedLabel(place_of(found), tokens.SMALL, cls="muted")
    jump = IconButton("book-open", f"Open passage {found.n} in its document", size=15)
    jump.clicked.connect(lambda: open_place(found))
    head = row(number, name, *([Pill("Cited", "ok", "circle-check", 11)] if cited else []), jump, gap=8)
    head.setStretch(1, 1)
    start = found.text.find(found.quote) if found.quote else -1
    begin = max(0, start - 60)
    text = ("…" if begin else "") + safe_words(" ".join(found.text[begin:].split()))
    quote = safe_words(" ".join(found.quote.split()))
    at = text.find(quote) if quote else -1
    body = Snippet(text[:900], [(at, min(900, at + len(quote)))] if at >= 0 else [], lines=4)
    texts: list[QWidget] = [place, body] if place.whole_text() else [body]
    if found.quote and start < 0:
        texts.append(label("The quoted words are not in this passage.", tokens.SMALL, cls="warn", wrap=True))
    return frame("quoted", column(head, *texts, gap=3, margins=(10, 6, 6, 8)))


def place_of(found: Evidence) -> str:
    """Where a passage stands, in words."""
    parts = [f"Page {found.page}"] if found.page is not None else []
    parts += [safe_words(found.heading[-1])] if found.heading else []
    scores = [f"{name} {found.scores[name]:.2f}" for name in ("score",) if found.scores.get(name) is not None]
    return " · ".join((*parts, *scores))


def turn_section(turns: Sequence[TeacherTurn]) -> QFrame | None:
    """What the teachers said of the draft, or why there is nothing."""
    parts: list[QWidget] = []
    for turn in turns:
        critique = str(turn.read.get("critique") or "")
        who = f"Turn {turn.turn} · {safe_words(turn.endpoint_name)}"
        if critique:
            parts += [
                label(who, tokens.SMALL, cls="muted"),
                label(any_text(critique), tokens.TABLE, wrap=True, selectable=True),
            ]
        elif turn.problem:
            parts += [
                label(who, tokens.SMALL, cls="muted"),
                label(safe_words(turn.problem), tokens.TABLE, cls="warn", wrap=True),
            ]
    return section("Critique", *parts) if parts else None


def near_section(pair: Pair, near: Sequence[tuple[str, str, float]], keep: Callable[[], None]) -> QFrame | None:
    """Pairs that say nearly the same; what was dropped for one can be kept all the same."""
    if not near and not pair.duplicate_of and not pair.leaks:
        return None
    parts: list[QWidget] = []
    for _, prompt, similarity in near:
        number = label(f"{similarity:.2f}", tokens.SMALL, 600, tabular=True)
        line = row(number, ElidedLabel(one_line(prompt), tokens.SMALL), gap=10)
        line.setStretch(1, 1)
        holder = QWidget()
        holder.setLayout(line)
        parts.append(holder)
    if pair.leaks:
        names = ", ".join(safe_words(name) for name in pair.leaks)
        parts.append(label(f"Held back: the suite {names} has (nearly) the same.", tokens.SMALL, cls="warn", wrap=True))
    beside = None
    if pair.duplicate_of and not pair.leaks:
        alike = "" if pair.similarity is None else f" ({pair.similarity:.2f}, by {safe_words(pair.method)})"
        parts.append(label(f"Dropped as a duplicate{alike}.", tokens.SMALL, cls="warn", wrap=True))
        beside = Button("Keep all the same", cls="link")
        beside.clicked.connect(keep)
    return section("Neighbours", *parts, beside=beside)


def attempts_section(attempts: Sequence[Attempt]) -> QFrame | None:
    """Every call that was made for the task, and what it cost."""
    if not attempts:
        return None
    grid = QGridLayout()
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(10)
    grid.setVerticalSpacing(6)
    grid.setColumnStretch(1, 1)
    for place, attempt in enumerate(attempts):
        word, kind = _ATTEMPTS[attempt.state]
        usage = attempt.usage
        used = f"{usage.input:,} in, {usage.output:,} out" if usage else "no usage"
        words = f"{safe_words(attempt.endpoint_name)} · {used} · {moment_words(attempt.created)}"
        line = ElidedLabel(words, tokens.SMALL, cls="muted")
        line.setToolTip(safe_words(attempt.note))
        grid.addWidget(Pill(word, kind, size=11), place, 0)
        grid.addWidget(line, place, 1)
        grid.addWidget(label(shown(attempt.cost), tokens.SMALL, tabular=True), place, 2, Qt.AlignmentFlag.AlignRight)
    body = QWidget()
    body.setLayout(grid)
    total = sum(attempt.cost for attempt in attempts)
    return section("Attempts", body, beside=label(shown(total), tokens.SMALL, 600, tabular=True))


def provenance(view: TaskView) -> Fold:
    """Where everything came from, as JSON."""
    pair, task = view.pair, view.task
    facts: dict[str, object] = {
        "task": {"uid": task.uid, "origin": task.origin, "from": task.origin_detail, "run": task.run},
        "pair": {"uid": pair.uid, "sha256": pair.sha256, "kind": pair.kind} if pair else None,
        "teacher": dict(pair.teacher) if pair else None,
        "student": dict(pair.student) if pair else None,
        "draft": dict(view.draft.provenance) if view.draft else None,
        "imported": dict(pair.imported) if pair and pair.imported else None,
        "retrieval": [_retrieval(found) for found in view.evidence],
    }
    fold = Fold("Provenance", "Provenance as JSON")
    kept = {name: value for name, value in facts.items() if value}
    fold.set_text(json.dumps(kept, ensure_ascii=False, indent=2, default=str))
    return fold


def _retrieval(found: Evidence) -> Mapping[str, object]:
    return {"n": found.n, "document": found.document_sha256, "span": [found.start, found.end], **found.retrieval}


def _plain(name: str) -> str:
    words = safe_words(name.replace("_", " ").replace("-", " "))
    return words[:1].upper() + words[1:]
