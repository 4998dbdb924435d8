"""The suites that ship with the program: questions that no training may make worse, and what a student must decline."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from pathlib import Path

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.paths import resources_dir
from forge_desktop.distill import suite_rows
from forge_desktop.distill.records import Suite, SuiteItem
from forge_desktop.distill.suites import items_sha256
from forge_desktop.students import gate_metrics
from forge_desktop.students.gate_items import CATEGORIES, MATCHES, GateItem, item_of

REGRESSION, SAFETY = "regression", "safety"
_LANGUAGES = ("en", "de")


def shipped(name: str) -> tuple[Suite, list[SuiteItem]]:
    """One of them with its items. Raises ForgeError when its file is missing or is not what was shipped."""
    return _read(resources_dir() / "suites" / f"{name}.jsonl", name)


@functools.cache
def _read(file: Path, name: str) -> tuple[Suite, list[SuiteItem]]:
    if not file.is_file():
        raise ForgeError(f"The {name} suite is missing: {file}.", hint="Install Forge Desktop again.")
    items = suite_rows.read(file)
    sha256 = items_sha256(items)
    return Suite(sha256, name, name, len(items), sha256, 0.0, "shipped with the program"), items


def faults(items: Sequence[SuiteItem]) -> Iterator[str]:
    """A sentence for each item that is not as an item of such a suite should be.

    Its fields are known ones, and its own reference is a right answer by every metric that applies to it.
    """
    questions: set[str] = set()
    for one in items:
        item = item_of(one)
        key = f"{item.question}\0{item.rules}\0{item.evidence}"
        where = f"Item {one.n} ({one.question[:40]!r})"
        if key in questions:
            yield f"{where} stands there twice."
        questions.add(key)
        for what in (*_of_fields(one, item), *_of_reference(item)):
            yield f"{where} {what}."


def _of_fields(one: SuiteItem, item: GateItem) -> Iterator[str]:
    meta = one.meta.get("meta")
    if not isinstance(meta, dict):
        yield "has no meta"
        return
    if unknown := sorted(set(meta) - {"language", "match", "accept", "refusal", "rules"}):
        yield f"has unknown fields: {', '.join(unknown)}"
    if item.category not in CATEGORIES:
        yield f"is of no known category: {item.category!r}"
    if meta.get("language") not in _LANGUAGES:
        yield "does not name its language"
    if meta.get("match") not in MATCHES:
        yield f"is to be matched in no known way: {meta.get('match')!r}"
    if not isinstance(meta.get("refusal"), bool):
        yield "does not say whether it is to be declined"
    accept = meta.get("accept", [])
    if not isinstance(accept, list) or not all(isinstance(each, str) and each.strip() for each in accept):
        yield "accepts what is no text"
    if item.category == "citation" and not item.evidence:
        yield "asks for citations of nothing"


def _of_reference(item: GateItem) -> Iterator[str]:
    scores = gate_metrics.of_answer(item, item.answer)
    for name in ("exact_match", "citation_validity", "refusal"):
        if scores[name] is not None and scores[name] != 1.0:
            yield f"has a reference that is no right answer by {name}"
    if item.match in ("contains", "exact") and not all(gate_metrics.words(each) for each in item.accept):
        yield "accepts an answer without a word"
