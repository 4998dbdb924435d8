"""The sheet before a gate: what is measured, by which questions, and how far anything else may fall."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QGridLayout, QLayout, QLineEdit, QWidget

from forge_desktop.distill.records import Endpoint, Suite
from forge_desktop.students.gate_plan import problem_of_margins, problem_of_scales
from forge_desktop.students.records_gate import METRICS, GateSuite, GateWish, Margins
from forge_desktop.students.records_versions import Version
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.gate_words import METRICS as NAMES
from forge_desktop.ui.gate_words import version_name
from forge_desktop.ui.widgets.basics import Button, PrimaryButton, column, label, row
from forge_desktop.ui.widgets.elided_box import ElidedBox
from forge_desktop.ui.widgets.fields import ChoiceField, NumberField, OfferField
from forge_desktop.ui.widgets.form_lines import form_lines
from forge_desktop.ui.widgets.money_field import MoneyField
from forge_desktop.ui.widgets.sheet import Sheet
from forge_desktop.ui.widgets.words import count_words, safe_words

if TYPE_CHECKING:
    from forge_desktop.forge import Forge

_KINDS = {"transfer": "new questions", "recall": "what was taught"}
_ABOUT = (
    "Both versions answer the same questions with the same passages. What counts as better, and how far anything else "
    "may fall, is fixed here before the first answer."
)
_MARGINS = (
    # field, label, unit
    ("exact_match", "Exact match", "points"),
    ("citation_validity", "Valid citations", "points"),
    ("nll", "NLL", "nats a token"),
)


@dataclass(frozen=True)
class GateWays:
    """What can be measured, and with what."""

    versions: Sequence[Version]
    suites: Sequence[Suite]
    shipped: Sequence[GateSuite]
    teachers: Sequence[Endpoint]


def read_ways(forge: Forge) -> GateWays:
    """All of it, as it is now. For an errand."""
    return GateWays(
        versions=tuple(forge.students.registry.versions()),
        suites=tuple(forge.distill.suites.all()),
        shipped=tuple(forge.students.gates.shipped()),
        teachers=tuple(e for e in forge.providers.endpoints.for_role("answer") if e.enabled),
    )


class GateSheet(Sheet):
    """`started` carries the version's uid and the GateWish; `suites_wanted` when there are none to choose from."""

    started = Signal(str, object)
    suites_wanted = Signal()

    def __init__(self, ways: GateWays, version: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Run a gate")
        self._ways = ways
        usual = GateWish()
        candidates = [v for v in ways.versions if not v.is_base and v.state != "retired" and not v.problem]
        self.version = _choice("Version to measure", {v.uid: version_name(v) for v in candidates})
        first = next((v for v in candidates if v.state == "candidate"), next(iter(candidates), None))
        self.version.show_value(version or (first.uid if first else ""))
        active = next((v for v in ways.versions if v.state == "active"), None)
        others = {v.uid: version_name(v) for v in ways.versions if v is not active and not v.problem}
        in_use = {"": f"{version_name(active)}, in use"} if active else {}
        self.baseline = _choice("Measured against", in_use | others)
        self.suites = {suite.uid: ElidedBox(_suite_words(suite)) for suite in ways.suites}
        self.own = {
            kind: ElidedBox(f"{kind} · {about}, {count_words(_count(ways, kind), 'question')}")
            for kind, about in (("regression", "everyday skills"), ("safety", "what it should decline"))
        }
        for box in self.own.values():
            box.setChecked(True)
        self.primary = _choice("What must gain", {name: NAMES[name][0] for name in METRICS})
        self.primary.show_value(usual.primary)
        self.margins: dict[str, NumberField] = {}
        for name, words, unit in _MARGINS:
            field = NumberField(float)
            field.show_value(float(getattr(usual.margins, name)))
            field.setAccessibleName(f"{words} may fall by, in {unit}")
            field.setMaximumWidth(theme.px(72))
            field.changed.connect(self._follow)
            self.margins[name] = field
        self.scales = QLineEdit("1")
        self.scales.setAccessibleName("Scales to try, as shares of the version's own")
        self.scales.setPlaceholderText("1, 0.75, 0.5")
        self.scales.setMaximumWidth(theme.px(200))
        self.scales.textChanged.connect(self._follow)
        self.most = OfferField({0: "All", 50: "50", 100: "100", 200: "200"})
        self.most.setAccessibleName("Questions of each suite at most")
        self.most.show_value(0)
        self.most.changed.connect(self._follow)
        judges = {"": "Nobody"} | {e.name: safe_words(f"{e.name} ({e.model})") for e in ways.teachers}
        self.judge = _choice("Teacher who judges the answers", judges)
        self.cap = MoneyField("Cap in dollars", "required")
        self.cap.changed.connect(self._follow)
        self.why = label("", tokens.SMALL, cls="muted", wrap=True)
        self.start = PrimaryButton("Run gate", "shield-check")
        self.start.clicked.connect(self._on_start)
        for box in (*self.suites.values(), *self.own.values()):
            box.toggled.connect(self._follow)
        for choice in (self.version, self.baseline, self.primary, self.judge):
            choice.changed.connect(self._follow)
        self._build()
        if len(self.suites) == 1:
            next(iter(self.suites.values())).setChecked(True)
        self._first = self._said()
        self._follow()

    def typed(self) -> bool:
        return self._said() != self._first

    def _said(self) -> tuple[object, ...]:
        """What every field says."""
        choices: list[ChoiceField | OfferField | NumberField] = [
            self.version, self.baseline, self.primary, self.judge, self.most, *self.margins.values()
        ]  # fmt: skip
        boxes = [box.isChecked() for box in (*self.suites.values(), *self.own.values())]
        return (*(field.value() for field in choices), *boxes, self.scales.text(), self.cap.amount)

    def _build(self) -> None:
        self._cap_name = label("Cap", tokens.SMALL, cls="muted")
        lines: tuple[tuple[QWidget, QWidget | QLayout], ...] = (
            (_name("Version"), self.version),
            (_name("Against"), self.baseline),
            (_name("Must gain on"), self._suite_list()),
            (_name("Measured by"), row(self.primary, None)),
            (_name("Must not lose"), column(*self.own.values(), gap=4)),
            (_name("May fall by"), self._margin_lines()),
            (_name("Scales"), row(self.scales, None)),
            (_name("Questions"), row(self.most, label("of each suite at most", tokens.SMALL, cls="muted"), None)),
            (_name("Judge"), row(self.judge, None)),
            (self._cap_name, self.cap),
        )
        area = form_lines(lines, "How the gate shall be run")
        cancel = Button("Cancel")
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        foot = row(cancel, self.why, self.start, gap=tokens.MD)
        foot.setStretch(1, 1)
        heading = label("Run a gate", tokens.TITLE, 600)
        content = column(
            column(heading, label(_ABOUT, tokens.TABLE, cls="muted", wrap=True), gap=2),
            area,
            self.banner,
            foot,
            gap=tokens.LG,
            margins=(tokens.XL, 20, tokens.XL, 16),
        )
        content.setStretch(1, 1)
        self.setLayout(content)
        parent = self.parentWidget()
        most = parent.window().size() if parent else self.sizeHint()
        self.resize(min(theme.px(640), most.width() - 32), min(theme.px(720), most.height() - 32))

    def _suite_list(self) -> QLayout:
        if self.suites:
            return column(*self.suites.values(), gap=4)
        words = label("There is no suite yet. Import one, or freeze a share of your pairs.", tokens.TABLE, wrap=True)
        go = Button("Open suites in Distill", "flask-conical", "link")
        go.clicked.connect(self._on_suites)
        return column(words, row(go, None), gap=2)

    def _margin_lines(self) -> QLayout:
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(tokens.SM)
        grid.setVerticalSpacing(6)
        for place, (name, words, unit) in enumerate(_MARGINS):
            grid.addWidget(label(words, tokens.TABLE), place, 0)
            grid.addWidget(self.margins[name], place, 1)
            grid.addWidget(label(unit, tokens.SMALL, cls="muted"), place, 2)
        grid.setColumnStretch(3, 1)
        return grid

    def wish(self) -> GateWish:
        """What the fields say; only where `problem` is ""."""
        judge = str(self.judge.value() or "")
        most = self.most.value()
        return GateWish(
            suites=tuple(uid for uid, box in self.suites.items() if box.isChecked()),
            primary=str(self.primary.value()),
            scales=tuple(self._scales() or (1.0,)),
            margins=self._margins(),
            baseline=str(self.baseline.value() or ""),
            regression=self.own["regression"].isChecked(),
            safety=self.own["safety"].isChecked(),
            items=most if isinstance(most, int) else 0,
            judge=judge,
            cap=(self.cap.amount or 0) if judge else 0,
        )

    def problem(self) -> str:
        """Why it cannot be started so, or ""."""
        if not self.version.count():
            return "There is no version with an adapter yet: train one, or import one."
        if self.version.value() == self.baseline.value():
            return "A version is not measured against itself."
        if not any(box.isChecked() for box in self.suites.values()):
            return "Choose a suite on which it must gain."
        if not all(isinstance(field.value(), float) for field in self.margins.values()):
            return "What may be lost is a number from 0 up."
        if said := problem_of_margins(self._margins()):
            return said
        if not (scales := self._scales()):
            return "Scales are numbers such as 1, 0.75, 0.5."
        if said := problem_of_scales(scales):
            return said
        most = self.most.value()
        if not isinstance(most, int) or most < 0:
            return "Type how many questions, or choose all."
        if self.judge.value() and not self.cap.amount:
            return "Type the most that may be spent on the judge."
        return ""

    def _scales(self) -> list[float]:
        """The scales typed, none where one is no number that can be used."""
        parts = [part.strip() for part in self.scales.text().replace(";", ",").split(",") if part.strip()]
        try:
            return [float(part) for part in parts]
        except ValueError:
            return []

    def _margins(self) -> Margins:
        return Margins(**{name: float(str(field.value())) for name, field in self.margins.items()})

    @Slot()
    def _follow(self) -> None:
        for part in (self.cap, self._cap_name):
            part.setVisible(bool(self.judge.value()))
        problem = self.problem()
        whole = all(box.isChecked() for box in self.own.values())
        self.why.setText(problem or ("" if whole else "Without both of what must not be lost it cannot pass."))
        self.start.setEnabled(not problem)

    @Slot()
    def _on_start(self) -> None:
        self.started.emit(str(self.version.value()), self.wish())
        self.accept()

    @Slot()
    def _on_suites(self) -> None:
        self.reject()
        self.suites_wanted.emit()


def _choice(name: str, choices: dict[str, str]) -> ChoiceField:
    made = ChoiceField(dict(choices))
    made.setAccessibleName(name)
    made.setMinimumContentsLength(26)
    made.setSizeAdjustPolicy(ChoiceField.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)  # names may be long
    return made


def _name(words: str) -> QWidget:
    return label(words, tokens.SMALL, cls="muted")


def _suite_words(suite: Suite) -> str:
    return safe_words(f"{suite.name} · {_KINDS.get(suite.kind, suite.kind)}, {count_words(suite.items, 'question')}")


def _count(ways: GateWays, kind: str) -> int:
    return sum(suite.items for suite in ways.shipped if suite.kind == kind)
