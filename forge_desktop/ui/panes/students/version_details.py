"""One version in full: what it is made of, what its gate said, what happened to it, and what can be done with it."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPoint, Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QMenu, QScrollArea, QWidget

from forge_desktop.students.records_gate import GateReport
from forge_desktop.students.records_versions import Adapter, Happening, Version
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.gate_words import verdict_mark, version_mark, version_name
from forge_desktop.ui.panes.students.history import HistoryView
from forge_desktop.ui.widgets.basics import (
    Banner,
    Button,
    ElidedLabel,
    IconButton,
    Pill,
    PrimaryButton,
    column,
    frame,
    label,
    row,
)
from forge_desktop.ui.widgets.words import breakable, moment_words, own_direction, safe_words, size_words

_FACTS = ("Base", "Adapter", "Scale", "Chat template", "Passages", "Made", "Note", "Id")
_NAME_WIDTH = 118


@dataclass(frozen=True)
class VersionView:
    """A version with what is shown beside it. `can_go_back`: it took over from another; `alone`: it is the only one."""

    version: Version
    adapter: Adapter | None
    gate: GateReport | None
    history: tuple[Happening, ...]
    can_go_back: bool = False
    alone: bool = False


class VersionDetails(QScrollArea):
    """Shows one version. `asked` carries what its buttons say: "promote", "rollback", "gate", "compare", "export",
    "retire", "return", "remove", "report", "card"; whoever listens does it.
    """

    asked = Signal(str)
    copied = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Version")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._view: VersionView | None = None
        self._held = False
        self._build()

    def version(self) -> Version | None:
        """The version shown."""
        return self._view.version if self._view else None

    def show_view(self, view: VersionView) -> None:
        """Show a version with what is known of it."""
        same = self._view is not None and self._view.version.uid == view.version.uid
        self._view = view
        version = view.version
        self._name.setText(version_name(version))
        self._state.show_state(*version_mark(version))
        if version.problem:
            self._problem.show_message(breakable(safe_words(version.problem)), kind="bad")
        elif version.quarantined:
            self._problem.show_message(
                "Its adapter came from elsewhere", "It is used once a gate on this computer has passed it.", kind="warn"
            )
        else:
            self._problem.clear()
        for name, value in _facts(view).items():
            self._facts[name].setText(value)
            self._facts[name].setAccessibleName(f"{name}: {value}")
            for part in (self._facts[name], self._names[name]):
                part.setVisible(bool(value))
        self._show_gate(view)
        self._history.show_history(view.history)
        self._follow(version, can_go_back=view.can_go_back)
        self.compare.setEnabled(not version.problem and not view.alone)
        self.compare.setToolTip("There is no other version yet" if view.alone else "")
        if not same:
            self.verticalScrollBar().setValue(0)

    def hold_rollback(self, held: bool) -> None:
        """Let the button rest while a rollback is underway."""
        self._held = held
        self.rollback.setEnabled(self._view is not None and self._view.can_go_back and not held)

    def _show_gate(self, view: VersionView) -> None:
        version, gate = view.version, view.gate
        self._gate_card.setVisible(not version.is_base or gate is not None)
        self._verdict.show_state(*verdict_mark(version.verdict))
        self._gate_when.setText("" if gate is None else f"{moment_words(gate.created)} · against {gate.baseline_label}")
        self._report.setVisible(gate is not None)
        if gate is None and version.verdict:
            reasons = ["The report of its gate is not on this computer."]
        elif gate is None:
            reasons = ["No gate has compared it with the version in use yet. Only what passes one is promoted."]
        else:
            reasons = list(gate.reasons) or ([gate.problem] if gate.problem else [])
        self._reasons.setText("\n".join(breakable(safe_words(reason)) for reason in reasons))

    def _follow(self, version: Version, *, can_go_back: bool) -> None:
        active = version.state == "active"
        usable = not version.problem and version.state != "retired"
        self.promote.setVisible(not active)
        self.promote.setEnabled(usable)
        self.rollback.setVisible(active)
        self.rollback.setEnabled(can_go_back and not self._held)
        self.rollback.setToolTip(
            "Back to the version that was active before" if can_go_back else "No other version was active before"
        )
        self.gate.setVisible(not version.is_base)
        self.gate.setEnabled(usable)

    def _build(self) -> None:
        self._name = ElidedLabel("", tokens.SUBTITLE, 600)
        self._state = Pill("", "mute", size=tokens.CAPTION)
        self._problem = Banner()
        self.promote = PrimaryButton("Promote…", "git-branch")
        self.rollback = Button("Roll back", "rotate-ccw")
        self.gate = Button("Run gate…", "shield-check")
        self.compare = Button("Compare…", "messages-square")
        self.card = Button("Card", "id-card")
        self.card.setToolTip("What it is for, how well it does, and where each figure is from")
        self.more = IconButton("ellipsis", "More for this version")
        for button, what in (
            (self.promote, "promote"),
            (self.rollback, "rollback"),
            (self.gate, "gate"),
            (self.compare, "compare"),
            (self.card, "card"),
        ):
            button.clicked.connect(lambda _=False, what=what: self.asked.emit(what))
        self.more.clicked.connect(self._on_more)
        head = row(self._name, self._state, None, self.card)
        buttons = row(self.promote, self.rollback, self.gate, self.compare, None, self.more)
        content = QWidget()
        content.setProperty("cls", "flow")
        content.setLayout(
            column(
                column(head, buttons, gap=12),
                self._problem,
                self._build_gate(),
                self._build_facts(),
                self._build_history(),
                None,
                gap=tokens.LG,
                margins=(tokens.XL, 18, tokens.XL, 18),
            )
        )
        content.setMaximumWidth(theme.px(920))
        self.setWidget(content)

    def _build_gate(self) -> QFrame:
        self._verdict = Pill("", "mute", size=tokens.CAPTION)
        self._gate_when = ElidedLabel("", tokens.SMALL, cls="muted")
        self._report = Button("See the gate", "chevron-right", "link")
        self._report.clicked.connect(lambda: self.asked.emit("report"))
        self._reasons = label("", tokens.TABLE, wrap=True, selectable=True)
        head = row(label("Gate", tokens.BODY, 600), self._verdict, self._gate_when, self._report)
        head.setStretch(2, 1)
        self._gate_card = frame("card", column(head, self._reasons, gap=10, margins=(18, 12, 14, 14)))
        return self._gate_card

    def _build_facts(self) -> QFrame:
        grid = QGridLayout()
        grid.setHorizontalSpacing(tokens.LG)
        grid.setVerticalSpacing(tokens.SM)
        grid.setColumnMinimumWidth(0, theme.px(_NAME_WIDTH))
        grid.setColumnStretch(1, 1)
        self._facts: dict[str, QLabel] = {}
        self._names: dict[str, QLabel] = {}
        for line, name in enumerate(_FACTS):
            value = label("", tokens.TABLE, tabular=True, wrap=True, selectable=True)
            if name == "Id":
                value = ElidedLabel("", tokens.SMALL, middle=True)
                value.setFont(theme.font(tokens.SMALL, mono=True))
            if not theme.mirrored():  # else one that is read from the right would stand far from its name
                value.setAlignment(
                    Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignAbsolute | Qt.AlignmentFlag.AlignVCenter
                )
            self._facts[name], self._names[name] = value, label(name, tokens.SMALL, cls="muted")
            side = Qt.AlignmentFlag.AlignVCenter if name == "Id" else Qt.AlignmentFlag.AlignTop
            grid.addWidget(self._names[name], line, 0, side)
            grid.addWidget(value, line, 1)
        copy = IconButton("copy", "Copy the id of the version", size=14)
        copy.clicked.connect(self._on_copy)
        grid.addWidget(copy, len(_FACTS) - 1, 2)
        return frame("card", column(label("What it is", tokens.BODY, 600), grid, gap=10, margins=(18, 12, 14, 14)))

    def _build_history(self) -> QFrame:
        self._history = HistoryView()
        return frame(
            "card", column(label("History", tokens.BODY, 600), self._history, gap=10, margins=(18, 12, 18, 14))
        )

    def more_menu(self) -> QMenu:
        """What stands behind the three dots, as it is for the version shown."""
        menu = QMenu(self)
        version = self.version()
        if version is None:
            return menu
        active = version.state == "active"
        export = menu.addAction(theme.icon("upload"), "Export…", lambda: self.asked.emit("export"))
        with_base = menu.addAction(
            theme.icon("upload"), "Export with its base…", lambda: self.asked.emit("export with base")
        )
        for action in (export, with_base):
            action.setEnabled(not version.problem and not version.is_base)
        if version.state == "retired":
            menu.addAction(theme.icon("undo-2"), "Bring back", lambda: self.asked.emit("return"))
        else:
            retire = menu.addAction(theme.icon("clock"), "Retire", lambda: self.asked.emit("retire"))
            retire.setEnabled(not active)
        if not version.is_base:
            remove = menu.addAction(theme.icon("trash-2"), "Remove…", lambda: self.asked.emit("remove"))
            remove.setEnabled(not active)
        return menu

    @Slot()
    def _on_more(self) -> None:
        menu = self.more_menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.more.mapToGlobal(QPoint(0, self.more.height())))

    @Slot()
    def _on_copy(self) -> None:
        if (version := self.version()) is not None:
            QGuiApplication.clipboard().setText(version.uid)
            self.copied.emit("Id of the version copied")


def _facts(view: VersionView) -> dict[str, str]:
    version, adapter = view.version, view.adapter
    retrieval = ", ".join(f"{name} {value}" for name, value in version.retrieval.items())
    made = moment_words(version.created)
    if adapter is not None:
        made += " · trained here" if adapter.origin == "trained" else " · imported"
    facts = {
        "Base": safe_words(version.base_name or version.base_sha256[:12]),
        "Adapter": _adapter_words(adapter) if adapter else "none" if version.is_base else version.adapter_sha256[:12],
        "Scale": "" if version.is_base else f"{version.scale:g}",
        "Chat template": "its own" if version.template else "the one in the base's file",
        "Passages": safe_words(retrieval) or "as in Settings",
        "Made": made,
        "Note": safe_words(version.note),
    }
    return {**{name: breakable(value) for name, value in facts.items()}, "Id": version.uid}


def _adapter_words(adapter: Adapter) -> str:
    size = size_words(adapter.file_bytes)
    name = own_direction(safe_words(adapter.name))  # behind a mark: the first sign gives the line its direction
    return f"\u200e{name} · rank {adapter.rank}, alpha {adapter.alpha:g} · {size} · {adapter.sha256[:12]}"
