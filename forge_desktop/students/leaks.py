"""Which items of a gate's suites stand, nearly the same, in what a version was trained on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from forge_desktop.base.settings import Settings
from forge_desktop.distill.decontaminate import SuiteIndex
from forge_desktop.distill.dedupe import Lesson
from forge_desktop.distill.records import Suite, SuiteItem
from forge_desktop.students.records_training import Learnt

LEAK_LIMIT = 0.5  # of a suite; where more of it leaks, what is left is no fair measure either

Leaks = Mapping[str, tuple[tuple[str, str, str], ...]]


def find(
    suites: Sequence[tuple[Suite, Sequence[SuiteItem]]],
    learnt: Sequence[Learnt],
    settings: Settings,
    progress: Callable[[int, int], None],
) -> Leaks:
    """By a suite's sha256 its items that leak: (item, pair, method), each once, by the closest pair.

    A recall suite asks in other words for what was trained: its questions alone are compared. Of any other suite the
    answers are too, and no lesson may rest on a document that an item of it rests on.
    """
    entries = [(_alone(suite, item), _placed(item)) for suite, items in suites for item in items]
    index = SuiteIndex(entries)
    found: dict[tuple[str, int], tuple[float, str, str, str]] = {}
    for number, lesson in enumerate(learnt):
        progress(number, len(learnt))
        documents = frozenset(each for each in lesson.documents if each)
        compared = Lesson(lesson.question, lesson.answer, documents)
        for leak in index.leaks(compared, share=settings.duplicate_share, grams=settings.leak_share):
            sha256, _, n = leak.suite.uid.rpartition(":")
            key = (sha256, int(n))
            if key not in found or leak.similarity > found[key][0]:
                found[key] = (leak.similarity, leak.item.uid, lesson.pair, leak.method)
    return {
        suite.sha256: tuple(found[key][1:] for key in sorted(found) if key[0] == suite.sha256) for suite, _ in suites
    }


def _alone(suite: Suite, item: SuiteItem) -> Suite:
    """Each item is a suite to the index, which tells the closest item of a suite alone."""
    kind = "recall" if suite.kind == "recall" else "transfer"
    return replace(suite, uid=f"{suite.sha256}:{item.n}", kind=kind)


def _placed(item: SuiteItem) -> SuiteItem:
    """The item with the evidence that names its document: what names none is shared with nobody."""
    return replace(item, evidence=tuple(each for each in item.evidence if each.document_sha256))
