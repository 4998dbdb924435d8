"""Make tasks from documents: which ones, how many of each, what kinds and how hard, by the student or by a teacher."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QDialog, QGridLayout, QLayout, QSpinBox, QWidget

from forge_desktop.corpus import Collection
from forge_desktop.corpus.shelf import Shelf
from forge_desktop.distill.questions import KINDS
from forge_desktop.distill.records_runs import GenerateWish
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.panes.distill.source_form import SourceForm
from forge_desktop.ui.widgets.basics import Button, PrimaryButton, column, label, row
from forge_desktop.ui.widgets.fields import ChoiceField
from forge_desktop.ui.widgets.form_lines import form_lines
from forge_desktop.ui.widgets.money_field import MoneyField
from forge_desktop.ui.widgets.words import safe_words

_USUAL = GenerateWish()
_MOST_WEIGHT, _MOST_EACH = 9, 200
_IN_A_LINE = 3  # kinds, and levels, so that they stand below each other


class GenerateDialog(QDialog):
    """`started` carries a GenerateWish."""

    started = Signal(object)

    def __init__(
        self,
        collections: Sequence[Collection],
        shelf: Shelf,
        errands: Errands,
        *,
        teachers: bool,
        student: str = "",
        parent: QWidget | None = None,
    ) -> None:
        """`student` is the host of a remote student, "" where it is on this computer."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Create tasks from documents")
        self.source = SourceForm(collections, shelf, errands)
        self.source.changed.connect(self._follow)
        self.each = _number("Questions a document", 1, _MOST_EACH, _USUAL.per_document)
        self.most = _number("Questions in all at most", 0, 1_000_000, 0)
        self.most.setSpecialValueText("No limit")
        usual = dict(_USUAL.kinds)
        self.kinds = {name: _number(f"Share of {name}", 0, _MOST_WEIGHT, usual.get(name, 0)) for name in KINDS}
        self.levels = {
            name: _number(f"Share of {name}", 0, _MOST_WEIGHT, weight) for name, weight in _USUAL.difficulties
        }
        self._remote = bool(student)
        where = safe_words(f"at {student}, under a cap") if student else "on this computer"
        self.by = ChoiceField({"student": f"Your student, {where}", "teacher": "A teacher, under a cap"})
        self.by.setAccessibleName("Who writes the questions")
        self.by.changed.connect(self._follow)
        self.by.model().item(1).setEnabled(teachers)  # type: ignore[attr-defined]
        self.cap = MoneyField("Cap in dollars", "required")
        self.cap.changed.connect(self._follow)
        self.why = label("", tokens.SMALL, cls="muted", wrap=True)
        self.start = PrimaryButton("Create tasks", "sparkles")
        self.start.clicked.connect(self._on_start)
        self._build()
        for number in (*self.kinds.values(), *self.levels.values()):
            number.valueChanged.connect(self._follow)
        self._follow()

    def _build(self) -> None:
        self._cap_name = label("Cap", tokens.SMALL, cls="muted")
        lines: tuple[tuple[QWidget, QWidget | QLayout], ...] = (
            (_name("From"), self.source),
            (_name("For each document"), row(self.each, None)),
            (_name("In all, at most"), row(self.most, None)),
            (_name("Kinds"), _weights(self.kinds)),
            (_name("How hard"), _weights(self.levels)),
            (_name("Written by"), row(self.by, None)),
            (self._cap_name, self.cap),
        )
        area = form_lines(lines, "Which questions to make")
        cancel = Button("Cancel")
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        about = label(
            "Questions are made from passages of your documents; each keeps the passage it came from. Numbers beside "
            "kinds and difficulties are shares.",
            tokens.TABLE, cls="muted", wrap=True,
        )  # fmt: skip
        foot = row(cancel, self.why, self.start, gap=tokens.MD)
        foot.setStretch(1, 1)
        body = column(
            column(label("Create tasks from documents", tokens.TITLE, 600), about, gap=2), area, foot,
            gap=tokens.LG, margins=(tokens.XL, 20, tokens.XL, 20),
        )  # fmt: skip
        body.setStretch(1, 1)
        self.setLayout(body)
        self.resize(theme.px(740), theme.px(480))

    def done(self, result: int) -> None:
        self.source.leave()
        super().done(result)

    def wish(self) -> GenerateWish:
        """What the fields say."""
        return GenerateWish(
            per_document=self.each.value(),
            collections=self.source.collections,
            folders=self.source.folders,
            documents=self.source.documents,
            kinds=tuple((name, box.value()) for name, box in self.kinds.items() if box.value()),
            difficulties=tuple((name, box.value()) for name, box in self.levels.items() if box.value()),
            teacher=self.by.value() == "teacher",
            cap=(self.cap.amount or 0) if self._paid else 0,
            most=self.most.value(),
        )

    @property
    def _paid(self) -> bool:
        return self._remote or self.by.value() == "teacher"

    @Slot()
    def _follow(self) -> None:
        self.cap.setVisible(self._paid)
        self._cap_name.setVisible(self._paid)
        wish = self.wish()
        problem = self.source.problem()
        if not problem and not (wish.kinds and wish.difficulties):
            problem = "Give a share to one kind and one difficulty at least."
        elif not problem and self._paid and not wish.cap:
            problem = "Type the most that may be spent on it."
        self.why.setText(problem)
        self.start.setEnabled(not problem)

    @Slot()
    def _on_start(self) -> None:
        self.started.emit(self.wish())
        self.accept()


def _weights(boxes: dict[str, QSpinBox]) -> QLayout:
    grid = QGridLayout()
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setSpacing(8)
    for place, (name, box) in enumerate(boxes.items()):
        words = label(name.capitalize(), tokens.SMALL)
        words.setMinimumWidth(theme.px(92))
        box.setMinimumWidth(theme.px(62))
        box.setMaximumWidth(theme.px(70))
        line, side = divmod(place, _IN_A_LINE)
        grid.addWidget(words, line, side * 2)
        grid.addWidget(box, line, side * 2 + 1)
    grid.setColumnStretch(_IN_A_LINE * 2, 1)
    return grid


def _name(words: str) -> QWidget:
    return label(words, tokens.SMALL, cls="muted")


def _number(accessible_name: str, least: int, most: int, value: int) -> QSpinBox:
    made = QSpinBox()
    made.setAccessibleName(accessible_name)
    made.setRange(least, most)
    made.setValue(value)
    made.setFont(theme.font(tokens.BODY, tabular=True))
    made.setMinimumWidth(theme.px(84))
    made.lineEdit().setTextMargins(8, 0, 0, 0)  # the style sheet's padding does not reach it
    return made
