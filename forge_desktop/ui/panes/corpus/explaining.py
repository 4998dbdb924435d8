"""Why a passage was found, or was not: its words and their impact, the vectors' likeness, both ranks and the sum."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFrame, QGridLayout, QWidget

from forge_desktop.corpus import Explanation, RankingCheck
from forge_desktop.ui import tokens
from forge_desktop.ui.panes.corpus.columns import safe_words
from forge_desktop.ui.widgets.basics import Button, ElidedLabel, IconButton, Meter, column, label, row

_MOST_TERMS = 12


class ExplanationCard(QFrame):
    """Hidden until `show_explanation`. `closed` when its cross is pressed, `check_pressed` to ask rank_bm25 too."""

    closed = Signal()
    check_pressed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("cls", "card")
        self.setAccessibleName("Why this passage")
        self._title = label("", tokens.TABLE, 600, wrap=True)
        close = IconButton("x", "Close the explanation", size=14)
        close.clicked.connect(self.closed)
        head = row(self._title, close, gap=6)
        head.setStretch(0, 1)
        self._note = label("", tokens.SMALL, cls="muted", wrap=True)
        self._terms = QWidget()
        self._facts = QWidget()
        self._check = Button("Check with rank_bm25", "shield-check", "link")
        self._check.clicked.connect(self._on_check)
        self._checked = label("", tokens.SMALL, wrap=True)
        parts = (head, self._note, self._terms, self._facts, self._check, self._checked)
        self._body = column(*parts, gap=8, margins=(14, 8, 8, 12))
        self.setLayout(self._body)
        self.explanation: Explanation | None = None
        self.hide()

    def show_explanation(self, found: Explanation) -> None:
        """Show it."""
        self.explanation = found
        self._title.setText("Why this passage was found" if found.rank else "Why this passage was not found")
        self._note.setText(found.note)
        self._note.setVisible(bool(found.note))
        self._terms = self._replaced(self._terms, _term_lines(found))
        self._facts = self._replaced(self._facts, _fact_lines(found))
        self._check.show()
        self._checked.hide()
        self.show()

    def show_check(self, check: RankingCheck) -> None:
        """What rank_bm25 made of the same passages."""
        scores = "the same scores, bit for bit" if check.same_scores else "other scores"
        order = "the same order" if check.same_order else "another order"
        best = f"{check.compared:,} best of {check.passages:,} passages"
        self.show_words(f"rank_bm25 gives {scores}, and {order} of the {best} ({check.seconds:.1f} s).")

    def show_words(self, words: str) -> None:
        """How the check goes, or why there is none."""
        self._check.hide()
        self._checked.setText(words)
        self._checked.show()

    def check_words(self) -> str:
        """What is said about the check."""
        return self._checked.text()

    @Slot()
    def _on_check(self) -> None:
        self.show_words("Comparing with rank_bm25 …")
        self.check_pressed.emit()

    def _replaced(self, old: QWidget, grid: QGridLayout) -> QWidget:
        made = QWidget()
        made.setLayout(grid)
        self._body.replaceWidget(old, made)
        old.hide()
        old.deleteLater()
        return made


def _term_lines(found: Explanation) -> QGridLayout:
    grid = QGridLayout()
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(8)
    grid.setVerticalSpacing(3)
    grid.setColumnStretch(0, 1)
    strongest = max((abs(term.impact) for term in found.terms), default=0.0) or 1.0
    for number, term in enumerate(found.terms[:_MOST_TERMS]):
        name = ElidedLabel(safe_words(term.term), tokens.SMALL, 600 if term.frequency else 400)
        often = f"{term.frequency}×" if term.frequency else "not here"
        tip = f"In {term.passages_with:,} passages; weight {term.idf:.2f}; here {often}, impact {term.impact:.3f}"
        name.setToolTip(tip)
        meter = Meter(abs(term.impact) / strongest, 64, accessible_name=f"Impact of {term.term}")
        meter.setToolTip(tip)
        grid.addWidget(name, number, 0)
        grid.addWidget(label(often, tokens.SMALL, cls="muted", tabular=True), number, 1)
        grid.addWidget(meter, number, 2)
        grid.addWidget(label(f"{term.impact:.2f}", tokens.SMALL, tabular=True), number, 3)
    return grid


def _fact_lines(found: Explanation) -> QGridLayout:
    grid = QGridLayout()
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setVerticalSpacing(3)
    grid.setColumnStretch(0, 1)
    facts = (
        ("By words (BM25)", _side(found.bm25, found.bm25_rank)),
        ("By likeness (cosine)", _side(found.vector, found.vector_rank)),
        ("Together", "—" if found.score is None else f"{found.score:.3f}"),
        ("Length", f"{found.length:,} terms, average {found.average_length:,.0f}"),
    )
    for number, (name, value) in enumerate(facts):
        grid.addWidget(ElidedLabel(name, tokens.SMALL, cls="muted"), number, 0)
        grid.addWidget(label(value, tokens.SMALL, 500, tabular=True), number, 1)
    return grid


def _side(score: float | None, rank: int | None) -> str:
    if score is None:
        return "no match"
    return f"{score:.3f} · rank {rank:,}" if rank else f"{score:.3f}"
