"""Forget a document: shows all that was made from it, and takes out what a person says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QDialog, QWidget

from forge_desktop.archive.records import Learner
from forge_desktop.base.errors import ForgeError
from forge_desktop.corpus import Document
from forge_desktop.distill.records_pairs import Forgotten, PairWish, Reached
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.panes.corpus.columns import safe_words
from forge_desktop.ui.widgets.basics import Button, ElidedLabel, Notice, column, label, row
from forge_desktop.ui.widgets.words import count_words

if TYPE_CHECKING:
    from forge_desktop.cards.records import CardMention
    from forge_desktop.forge import Forge

_LANE = "documents"
_NAMED, _LONGEST = 3, 24  # datasets and suites that are named, and how much of each name


@dataclass(frozen=True)
class ForgetWish:
    """What shall be taken out."""

    index: bool
    pairs: bool
    tasks: bool
    datasets: bool
    suites: bool


class ForgetSheet(QDialog):
    """`agreed` carries a ForgetWish."""

    agreed = Signal(object)

    def __init__(
        self,
        document: Document,
        reached: Reached,
        learners: Sequence[Learner] = (),
        mentions: Sequence[CardMention] = (),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Forget a document")
        tasks, answers = count_words(len(reached.tasks), "task"), count_words(reached.answers, "paid answer")
        sets, suites = count_words(len(reached.datasets), "frozen dataset"), count_words(len(reached.suites), "suite")
        passages = count_words(document.passages, "passage")
        self.index = _box(f"The document in the index ({passages}), which Undo brings back")
        self.pairs = _box(f"{count_words(len(reached.pairs), 'pair')} holding a passage of it", len(reached.pairs))
        self.tasks = _box(f"{tasks}, with what teachers said ({answers})", len(reached.tasks))
        self.datasets = _box(f"{sets}, whole{_names(reached.datasets)}", len(reached.datasets), ticked=False)
        self.suites = _box(f"Its questions in {suites}{_names(reached.suites)}", len(reached.suites), ticked=False)
        self._boxes = (self.index, self.pairs, self.tasks, self.datasets, self.suites)
        learnt = any((reached.pairs, reached.tasks, reached.datasets, reached.suites, reached.evidence))
        about = (
            "This was made from it. Choose what goes; a dataset or suite that stays still holds its passages."
            if learnt
            else "Nothing was learnt from it: no pair, task, dataset or suite holds a passage of it."
        )
        self.forget = Button("Forget", "trash-2", "danger")
        self.forget.clicked.connect(self._on_forget)
        cancel = Button("Cancel")
        cancel.setDefault(True)
        cancel.clicked.connect(self.reject)
        for box in self._boxes:
            box.toggled.connect(self._follow)
        self.setLayout(
            column(
                column(
                    ElidedLabel(f"Forget {safe_words(document.name)}", tokens.TITLE, 600, middle=True),
                    label(about, tokens.TABLE, cls="muted", wrap=True),
                    gap=2,
                ),
                column(*self._boxes, gap=tokens.SM),
                label(
                    "What was learnt does not come back. Files, and what was spent, stay as they are."
                    + _unlearnable(learners)
                    + _mentioned(mentions),
                    tokens.SMALL,
                    cls="warn",
                    wrap=True,
                ),
                None,
                row(None, cancel, self.forget),
                gap=tokens.LG,
                margins=(tokens.XL, 20, tokens.XL, 20),
            )
        )
        self.setMinimumWidth(theme.px(520))

    def wish(self) -> ForgetWish:
        """What is ticked."""
        return ForgetWish(*(box.isChecked() for box in self._boxes))

    @Slot()
    def _follow(self) -> None:
        self.forget.setEnabled(any(box.isChecked() for box in self._boxes))

    @Slot()
    def _on_forget(self) -> None:
        self.agreed.emit(self.wish())
        self.accept()


class Forgetting(QObject):
    """Asks, and does it. `notice` carries a Notice, `troubled` a ForgeError."""

    notice = Signal(object)
    troubled = Signal(object)

    def __init__(self, forge: Forge, errands: Errands, restore: Callable[[int], None], window: QWidget) -> None:
        super().__init__(window)
        self._forge, self._errands, self._restore, self._window = forge, errands, restore, window

    def ask(self, document_id: int) -> None:
        """Show what a document came into; what is agreed to goes."""
        forge = self._forge

        def look() -> tuple[Document, Reached, Sequence[Learner], Sequence[CardMention]]:
            rows = forge.corpus.shelf.document_rows([document_id])
            if not rows:
                raise ForgeError("This document is no longer there.")
            sha256, archive = rows[0].sha256, forge.archive
            mentions = archive.mentions(sha256, rows[0].name)
            return rows[0], forge.distill.reached_by(sha256), archive.learners(sha256), mentions

        self._errands.run(look, lambda found: self._show(*found), self.troubled.emit, key="forget", lane=_LANE)

    def resting(self, document_ids: Sequence[int]) -> str:
        """A sentence on the pairs that rest on a document that is removed, "" for none or for several documents."""
        rows = self._forge.corpus.shelf.document_rows(document_ids) if len(document_ids) == 1 else ()
        pairs = sum(self._forge.distill.pairs.count(PairWish(document=each.sha256)) for each in rows if each.sha256)
        verb = "rests" if pairs == 1 else "rest"
        return f" {count_words(pairs, 'pair')} still {verb} on it; Forget… takes them out." if pairs else ""

    def _show(
        self,
        document: Document,
        reached: Reached,
        learners: Sequence[Learner],
        mentions: Sequence[CardMention],
    ) -> None:
        sheet = ForgetSheet(document, reached, learners, mentions, self._window)
        sheet.agreed.connect(lambda wish: self._forget(document, wish))
        sheet.open()

    def _forget(self, document: Document, wish: ForgetWish) -> None:
        forge = self._forge

        def work() -> tuple[Forgotten, int, int | None]:
            done = forge.distill.forget(
                document.sha256, pairs=wish.pairs, tasks=wish.tasks, datasets=wish.datasets, suites=wish.suites
            )
            of_gates = forge.students.gates.forget(document.sha256) if wish.suites else 0
            return done, of_gates, forge.corpus.remove([document.id]) if wish.index else None

        def told(found: tuple[Forgotten, int, int | None]) -> None:
            done, of_gates, token = found
            undo = None if token is None else lambda: self._restore(token)
            self.notice.emit(
                Notice(_told(safe_words(document.name), done, of_gates, token is not None), undo=undo, icon="trash-2")
            )

        self._errands.run(work, told, self.troubled.emit, lane=_LANE)


def _told(name: str, done: Forgotten, of_gates: int, removed: bool) -> str:
    counts = (
        (done.pairs, "pair"),
        (done.tasks, "task"),
        (done.answers, "paid answer"),
        (done.datasets, "dataset"),
        (done.suite_items, "question of suites"),
        (of_gates, "answer of gates"),
    )
    gone = [
        f"{count:,} {noun.replace(' ', 's ', 1)}" if " of " in noun and count > 1 else count_words(count, noun)
        for count, noun in counts
        if count
    ]
    gone += ["the document in the index"] if removed else []
    words = f"{', '.join(gone[:-1])} and {gone[-1]}" if len(gone) > 1 else "".join(gone) or "nothing"
    return f"Forgot of {name}: {words}."


def _names(found: Sequence[tuple[str, str]]) -> str:
    if not found:
        return ""
    named = ", ".join(safe_words(name)[:_LONGEST] for _, name in found[:_NAMED])
    return f": {named}{' and others' if len(found) > _NAMED else ''}"


def _unlearnable(learners: Sequence[Learner]) -> str:
    """What was trained from it stays as it is: which runs, and their versions."""
    if not learners:
        return ""
    named = ", ".join(safe_words(each.words) for each in learners[:_NAMED])
    more = " and others" if len(learners) > _NAMED else ""
    return f" It was learnt by {named}{more}: an adapter cannot unlearn, so retire the version and train anew."


def _mentioned(mentions: Sequence[CardMention]) -> str:
    """Cards stay as they are: which ones say its name or its hash."""
    if not mentions:
        return ""
    named = ", ".join(safe_words(each.label or each.name)[:_LONGEST] for each in mentions[:_NAMED])
    more = " and others" if len(mentions) > _NAMED else ""
    return (
        f" It is mentioned by the {'card' if len(mentions) == 1 else 'cards'} of {named}{more}, which stay as they are."
    )


def _box(words: str, count: int = 1, *, ticked: bool = True) -> QCheckBox:
    made = QCheckBox(words.replace("&", "&&"))
    made.setAccessibleName(words)
    made.setFont(theme.font(tokens.TABLE))
    made.setChecked(ticked and count > 0)
    made.setEnabled(count > 0)
    return made
