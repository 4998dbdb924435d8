"""Forget a document in the window: what was made from it is counted, and what a person says is taken out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from forge_desktop.archive.records import Learner
from forge_desktop.cards.records import CardMention
from forge_desktop.forge import Forge
from forge_desktop.ui.panes.corpus import CorpusPane
from forge_desktop.ui.panes.corpus.forgetting import ForgetSheet
from forge_desktop.ui.widgets.basics import Notice
from tests.providers.teacher import Teacher
from tests.ui import lessons

SOON = 10_000


@pytest.fixture
def teacher() -> Iterator[Teacher]:
    with Teacher(lessons.answer) as made:
        yield made


def learnt(forge: Forge) -> int:
    """The id of a document that pairs rest on."""
    cited = forge.distill.view(1).evidence[0].document_sha256
    document = forge.corpus.shelf.find_document(cited, "")
    assert document is not None
    return document.id


def sheet(qtbot: QtBot) -> ForgetSheet:
    def found() -> list[ForgetSheet]:
        return [w for w in QApplication.topLevelWidgets() if isinstance(w, ForgetSheet) and w.isVisible()]

    qtbot.waitUntil(lambda: bool(found()), timeout=SOON)
    return found()[0]


def test_what_rests_on_a_document_is_counted_and_goes_when_a_person_agrees(
    qtbot: QtBot, pane: CorpusPane, forge: Forge, teacher: Teacher, sample_dir: Path, tmp_path: Path
) -> None:
    lessons.make_lessons(forge, teacher, sample_dir, tmp_path)
    document = learnt(forge)
    sha256 = forge.corpus.shelf.document_rows([document])[0].sha256
    before = forge.distill.reached_by(sha256)
    assert before.pairs
    assert before.tasks
    notices: list[Notice] = []
    pane.notice.connect(notices.append)
    pane._details.show_document(forge.corpus.shelf.document_rows([document])[0])
    pane._details._forget.click()
    asked = sheet(qtbot)
    assert asked.pairs.text().startswith(f"{len(before.pairs):,} pair")
    assert asked.tasks.text().startswith(f"{len(before.tasks):,} task")
    assert not asked.datasets.isEnabled()
    asked.forget.click()
    qtbot.waitUntil(lambda: any(n.text.startswith("Forgot") for n in notices), timeout=SOON)
    after = forge.distill.reached_by(sha256)
    assert (after.pairs, after.tasks, after.evidence) == ((), (), 0)
    assert forge.corpus.shelf.find_document(sha256, "") is None
    assert f"{len(before.pairs):,} pair" in notices[-1].text
    undo = notices[-1].undo
    assert undo is not None
    undo()
    qtbot.waitUntil(lambda: forge.corpus.shelf.find_document(sha256, "") is not None, timeout=SOON)


def test_a_removal_says_which_pairs_still_rest_on_the_document(
    qtbot: QtBot, pane: CorpusPane, forge: Forge, teacher: Teacher, sample_dir: Path, tmp_path: Path
) -> None:
    lessons.make_lessons(forge, teacher, sample_dir, tmp_path)
    notices: list[Notice] = []
    pane.notice.connect(notices.append)
    pane.remove([learnt(forge)])
    qtbot.waitUntil(lambda: any(n.text.startswith("Removed") for n in notices), timeout=SOON)
    assert "on it; Forget… takes them out." in notices[-1].text


def test_a_document_nothing_was_learnt_from_says_so(
    qtbot: QtBot, pane: CorpusPane, forge: Forge, sample_dir: Path, tmp_path: Path
) -> None:
    lessons.index(forge, sample_dir, tmp_path)
    rows = forge.corpus.shelf.document_rows(forge.corpus.shelf.documents(state="indexed"))
    pane._forgetting.ask(rows[0].id)
    asked = sheet(qtbot)
    assert not any(box.isEnabled() for box in (asked.pairs, asked.tasks, asked.datasets, asked.suites))
    asked.index.setChecked(False)
    assert not asked.forget.isEnabled()
    asked.reject()


def test_what_was_trained_from_it_is_named(
    qtbot: QtBot, pane: CorpusPane, forge: Forge, sample_dir: Path, tmp_path: Path
) -> None:
    lessons.index(forge, sample_dir, tmp_path)
    document = forge.corpus.shelf.document_rows(forge.corpus.shelf.documents(state="indexed"))[0]
    reached = forge.distill.reached_by(document.sha256)
    learners = [Learner(f"{n}", f"Run {n}", "v", f"v{n}", "candidate") for n in range(1, 5)]
    mentions = [CardMention("uid", "A card", f"v{n}", True, ()) for n in range(1, 3)]
    asked = ForgetSheet(document, reached, learners, mentions, pane)
    qtbot.addWidget(asked)
    words = " ".join(label.text() for label in asked.findChildren(QLabel))
    assert "learnt by Run 1 (v1, candidate), Run 2 (v2, candidate), Run 3 (v3, candidate) and others" in words
    assert "retire the version and train anew" in words
    assert "mentioned by the cards of v1, v2, which stay as they are" in words
