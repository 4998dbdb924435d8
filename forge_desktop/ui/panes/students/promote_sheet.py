"""The sheet before a promotion: what changes, what the gate said, and a typed reason where it did not pass."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QGridLayout, QScrollArea, QWidget

from forge_desktop.base.errors import ForgeError
from forge_desktop.students.promoting import NeedsReason
from forge_desktop.students.records_gate import GateReport
from forge_desktop.students.records_versions import Version
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.gate_words import arms, headline, pair_bar, verdict_mark, version_name
from forge_desktop.ui.widgets.basics import Button, ElidedLabel, Pill, PrimaryButton, column, frame, label, row
from forge_desktop.ui.widgets.fields import TextField
from forge_desktop.ui.widgets.pair_chart import PairChart
from forge_desktop.ui.widgets.sheet import Sheet
from forge_desktop.ui.widgets.words import breakable, safe_words

_OVERRIDE = (
    "No gate has passed this version. If it shall answer all the same, type why: the reason is kept in its history and "
    "stands on its card."
)
_INCOMPLETE = "Fill that in first; or type why it shall answer all the same: the reason is kept in its history."
_SAID = 6  # of what a card lacks are named at the top; the card's own part has them all
_LEAST_WORDS = 3
_PASSED = "It answers from the next question on. One click rolls back."


class PromoteSheet(Sheet):
    """`agreed` carries why, and the reason that stands in for a pass ("" where there is one or none is needed);
    `card_wanted` leads to its model card, with True to fill it in; `card` is what that lacks, None where it is unknown.

    Whoever listens calls `accept` when it is done, or `refuse` with what speaks against it; what was typed stays.
    """

    agreed = Signal(str, str)
    card_wanted = Signal(bool)

    def __init__(
        self,
        version: Version,
        active: Version | None,
        gate: GateReport | None,
        parent: QWidget | None = None,
        *,
        card: Sequence[str] | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Promote a version")
        self._unpassed = not version.is_base and version.verdict != "passed"
        self._needs_reason = self._unpassed or (not version.is_base and bool(card))
        self._refused = False
        self.reason = TextField(64)
        self.reason.textChanged.connect(self._follow)
        self.promote = PrimaryButton(f"Promote {version.label}", "git-branch")
        self.promote.clicked.connect(self._on_promote)
        self._why = label("", tokens.SMALL, cls="muted")
        self._build(version, active, gate, card)
        self._name_reason()
        self._follow()
        self.reason.setFocus()

    def typed(self) -> bool:
        return bool(self.reason.toPlainText().strip())

    def refuse(self, error: ForgeError) -> None:
        """Say what speaks against it. Where a reason can outweigh that, it takes one from now on; else it is over."""
        if isinstance(error, NeedsReason):
            self._needs_reason = True
            self._name_reason()
        else:
            self._refused = True
        self.banner.show_error(error)
        self._follow()
        self.reason.setFocus()

    def _name_reason(self) -> None:
        needs = self._needs_reason
        words = "Why it shall answer all the same" if needs else "Why"
        self._why.setText(words)
        self.reason.setAccessibleName(words)
        self.reason.setPlaceholderText("Required: a few words" if needs else "Optional")

    def _build(
        self, version: Version, active: Version | None, gate: GateReport | None, card: Sequence[str] | None
    ) -> None:
        cancel = Button("Cancel")
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        said = _OVERRIDE if self._unpassed else f"{_lacks(card or ())} {_INCOMPLETE}" if card else _PASSED
        about = label(said, tokens.TABLE, cls="muted", wrap=True)
        inside = QWidget()
        inside.setProperty("cls", "flow")
        parts: list[QWidget] = [_changes(version, active)]
        if not version.is_base:
            parts.append(_gate_card(version, gate, active))
            if card is not None:
                parts.insert(0 if card else len(parts), self._card_part(card))  # what is to be done comes first
        inside.setLayout(column(*parts, None, gap=tokens.MD, margins=(0, 0, 4, 0)))
        area = QScrollArea()
        area.setAccessibleName("What changes")
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        heading = ElidedLabel(f"Promote {version_name(version)}", tokens.TITLE, 600)
        content = column(
            column(heading, about, gap=2),
            area,
            column(self._why, self.reason, gap=4),
            self.banner,
            row(None, cancel, self.promote),
            gap=tokens.MD,
            margins=(tokens.XL, 20, tokens.XL, 20),
        )
        content.setStretch(1, 1)
        self.setLayout(content)
        parent = self.parentWidget()
        most = parent.window().size() if parent else self.sizeHint().expandedTo(self.minimumSize())
        wanted = 330 if version.is_base else 600
        self.resize(min(theme.px(620), most.width() - 32), min(theme.px(wanted), most.height() - 32))

    def _card_part(self, missing: Sequence[str]) -> QFrame:
        """What the model card lacks, and the ways to it."""
        look, fill = Button("Open the card", "id-card", "link"), Button("Fill it in", "sparkles", "link")
        look.clicked.connect(lambda: self.card_wanted.emit(False))
        fill.clicked.connect(lambda: self.card_wanted.emit(True))
        fill.setVisible(bool(missing))
        for button in (look, fill):
            button.setAutoDefault(False)
        pill = Pill("Incomplete", "warn", "triangle-alert") if missing else Pill("Complete", "ok", "circle-check")
        head = row(label("Model card", tokens.BODY, 600), pill, None, fill, look)
        parts: list[QWidget] = []
        if missing:
            listed = ", ".join(safe_words(name) for name in missing)
            parts.append(label(breakable(f"It lacks: {listed}."), tokens.TABLE, wrap=True))
        return frame("card", column(head, *parts, gap=8, margins=(16, 12, 16, 14)))

    @Slot()
    def _follow(self) -> None:
        words = len(self.reason.toPlainText().split())
        self.promote.setEnabled(not self._refused and (not self._needs_reason or words >= _LEAST_WORDS))

    @Slot()
    def _on_promote(self) -> None:
        said = self.reason.toPlainText().strip()
        self.banner.clear()
        self.promote.setEnabled(False)
        self.agreed.emit("" if self._needs_reason else said, said if self._needs_reason else "")


def _lacks(missing: Sequence[str]) -> str:
    named = [safe_words(name) for name in missing[:_SAID]]
    more = len(missing) - len(named)
    listed = ", ".join(named) + (f" and {more} more" if more else "")
    return breakable(f"Its model card is not complete: {listed}.")


def _changes(version: Version, active: Version | None) -> QFrame:
    grid = QGridLayout()
    grid.setHorizontalSpacing(tokens.LG)
    grid.setVerticalSpacing(6)
    for place, stretch in enumerate((0, 1, 1)):
        grid.setColumnStretch(place, stretch)
    before = f"{active.label} (now)" if active else "nothing (now)"
    for place, words in enumerate(("", before, f"{version.label} (after)")):
        grid.addWidget(label(words, tokens.SMALL, 600, cls="muted"), 0, place)
    old = _made_of(active) if active else dict.fromkeys(_made_of(version), "—")
    for line, (name, value) in enumerate(_made_of(version).items(), 1):
        changed = old[name] != value
        grid.addWidget(label(name, tokens.SMALL, cls="muted"), line, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(label(old[name], tokens.TABLE, cls="muted", wrap=True), line, 1)
        grid.addWidget(label(value, tokens.TABLE, 600 if changed else 400, wrap=True), line, 2)
    return frame("card", column(label("What changes", tokens.BODY, 600), grid, gap=8, margins=(16, 12, 16, 14)))


def _made_of(version: Version) -> dict[str, str]:
    retrieval = ", ".join(f"{name} {value}" for name, value in version.retrieval.items())
    return {
        "Base": breakable(safe_words(version.base_name)),
        "Adapter": version.adapter_sha256[:12] or "none",
        "Scale": "—" if version.is_base else f"{version.scale:g}",
        "Chat template": "its own" if version.template else "the base's",
        "Passages": safe_words(retrieval) or "as in Settings",
    }


def _gate_card(version: Version, gate: GateReport | None, active: Version | None) -> QFrame:
    head = row(label("Gate", tokens.BODY, 600), None, Pill(*verdict_mark(version.verdict), tokens.CAPTION))
    parts: list[QWidget] = []
    if gate is not None:
        chart = PairChart(f"Gate of {gate.label}", 30)
        chart.show_pairs(arms(gate, active.uid if active else ""), [pair_bar(metric) for metric in headline(gate)])
        parts.append(chart)
    reasons = list(gate.reasons) if gate else ["No gate has compared it with the version in use yet."]
    parts += [label(breakable(safe_words(reason)), tokens.TABLE, wrap=True) for reason in reasons]
    return frame("card", column(head, *parts, gap=8, margins=(16, 12, 16, 14)))
