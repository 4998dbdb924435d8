"""One student in full: what its file says, where it runs, and what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QPlainTextEdit, QScrollArea, QWidget

from forge_desktop.students.records import Student
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.panes.students.options import StudentOptions
from forge_desktop.ui.panes.students.plan_card import PlanCard
from forge_desktop.ui.panes.students.rows import parameters_in_words
from forge_desktop.ui.status_line import EngineNews
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
from forge_desktop.ui.widgets.words import moment_words, size_words

_RUNNING = {
    "empty": "Not loaded; it is loaded with the first question.",
    "loading": "Being loaded …",
    "ready": "Loaded and ready.",
    "busy": "Answering.",
    "restarting": "Being started again …",
    "stopped": "Stopped after it ended several times.",
}


class StudentDetails(QScrollArea):
    """Shows one student. The signals ask for what its buttons say; whoever listens does it."""

    use_pressed = Signal(int)
    load_pressed = Signal()
    eject_pressed = Signal()
    remove_pressed = Signal(int)
    card_pressed = Signal(str)  # the sha256 of its file
    copied = Signal(str)

    def __init__(self, plan: PlanCard, options: StudentOptions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._plan, self._options = plan, options
        self.setAccessibleName("Student")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._student: Student | None = None
        self._build()

    def student_id(self) -> int:
        """The student shown, 0 for none."""
        return self._student.id if self._student else 0

    def show_student(self, student: Student, engine: EngineNews) -> None:
        """Show a student and, when it is the active one, what the engine does with it."""
        self._student = student
        self._name.setText(student.name)
        self._active.setVisible(student.active)
        self._shipped.setVisible(student.shipped)
        self._problem.setVisible(bool(student.problem))
        if student.problem:
            self._problem.show_message(
                student.problem, "Put the file back as it was when it was imported, or import it again.", kind="bad"
            )
        for name, value in _facts(student).items():
            _say(self._facts[name], name, value)
        self._template.setPlainText(student.template)
        self._template_row.setVisible(bool(student.template))
        self._path.setText("came with Forge Desktop" if student.shipped else student.path)
        self._use.setVisible(not student.active)
        self._remove.setVisible(not student.shipped)
        self._plan.show_student(student)
        self._options.show_student(student)
        self.show_engine(engine)

    def show_engine(self, engine: EngineNews) -> None:
        """Show what the engine says, without touching the rest."""
        student = self._student
        if student is None:
            return
        self._running.setVisible(student.active)
        loaded = engine.status in ("ready", "busy", "loading", "restarting")
        self._load.setVisible(student.active and not loaded)
        self._eject.setVisible(student.active and loaded)
        coming = engine.status in ("loading", "restarting")
        self._eject.setText("Stop loading" if coming else "Eject")
        self._eject.setEnabled(engine.status != "busy")
        state = _RUNNING.get(engine.status, engine.status)
        rate = engine.tokens_per_second
        told = engine.note if engine.status == "stopped" and engine.note else f"{state} {engine.note}".strip()
        _say(self._engine["State"], "State", told)
        _say(self._engine["Runs on"], "Runs on", engine.device or "—")
        _say(self._engine["Last speed"], "Last speed", f"{rate:.1f} tokens/s" if rate else "—")

    def _build(self) -> None:
        self._name = ElidedLabel("", tokens.SUBTITLE, 600, middle=True)
        self._active = Pill("Active", "ok", "circle-check", tokens.CAPTION)
        self._shipped = Pill("Starter", "mute", "", tokens.CAPTION)
        self._use = PrimaryButton("Use this student", "check")
        self._use.clicked.connect(lambda: self.use_pressed.emit(self.student_id()))
        self._load = Button("Load now", "play")
        self._load.clicked.connect(self.load_pressed)
        self._eject = Button("Eject", "power")
        self._eject.setToolTip("End its process and give its memory back")
        self._eject.clicked.connect(self.eject_pressed)
        self._card = Button("Card", "id-card")
        self._card.setToolTip("Its model card: what it is for, how well it does, where each figure is from")
        self._card.clicked.connect(self._on_card)
        self._remove = Button("Remove", "trash-2", "danger")
        self._remove.setToolTip("Take it off the list; its file stays where it is")
        self._remove.clicked.connect(lambda: self.remove_pressed.emit(self.student_id()))
        self._problem = Banner()
        head = row(
            self._name, self._active, self._shipped, None, self._load, self._eject, self._use, self._card, self._remove
        )
        self._engine = {name: _value() for name in ("State", "Runs on", "Last speed")}
        self._running = _card("Where it runs", _grid(self._engine))
        self._facts: dict[str, QLabel] = {name: _value() for name in _FACT_NAMES}
        self._facts["SHA-256"] = ElidedLabel("", tokens.SMALL, middle=True)
        self._facts["SHA-256"].setFont(theme.font(tokens.SMALL, mono=True))
        content = QWidget()
        content.setProperty("cls", "flow")
        cards = column(
            head,
            self._problem,
            self._running,
            self._plan,
            self._options,
            _card("What its file says", _grid(self._facts), self._file_row(), self._template_part()),
            None,
            gap=tokens.LG,
            margins=(tokens.XL, 18, tokens.XL, 18),
        )
        content.setLayout(cards)
        content.setMaximumWidth(theme.px(920))
        self.setWidget(content)

    def _file_row(self) -> QWidget:
        self._path = ElidedLabel("", tokens.SMALL, middle=True)
        copy_sum = IconButton("hash", "Copy the SHA-256", size=14)
        copy_sum.clicked.connect(self._on_copy_sum)
        copy_path = IconButton("copy", "Copy the path", size=14)
        copy_path.clicked.connect(self._on_copy_path)
        name = label("File", tokens.SMALL, cls="muted")
        name.setFixedWidth(theme.px(_NAME_WIDTH))
        line = row(name, self._path, copy_path, copy_sum, gap=4)
        line.setStretch(1, 1)
        made = QWidget()
        made.setLayout(line)
        return made

    def _template_part(self) -> QWidget:
        self._toggle = Button("Show chat template", "chevron-right", "link")
        self._toggle.clicked.connect(self._on_toggle)
        self._template = QPlainTextEdit(readOnly=True)
        self._template.setProperty("cls", "field")
        self._template.setAccessibleName("Chat template")
        self._template.setFont(theme.font(tokens.SMALL, mono=True))
        self._template.setFixedHeight(theme.px(180))
        self._template.hide()
        self._template_row = QWidget()
        self._template_row.setLayout(column(row(self._toggle, None), self._template, gap=4))
        return self._template_row

    @Slot()
    def _on_toggle(self) -> None:
        opened = self._template.isHidden()
        self._template.setVisible(opened)
        self._toggle.setText("Hide chat template" if opened else "Show chat template")
        self._toggle.set_icon("chevron-down" if opened else "chevron-right")

    @Slot()
    def _on_card(self) -> None:
        if self._student is not None:
            self.card_pressed.emit(self._student.sha256)

    @Slot()
    def _on_copy_sum(self) -> None:
        self._copy(self._student.sha256 if self._student else "", "SHA-256 copied")

    @Slot()
    def _on_copy_path(self) -> None:
        self._copy(self._student.path if self._student else "", "Path copied")

    def _copy(self, text: str, said: str) -> None:
        QGuiApplication.clipboard().setText(text)
        self.copied.emit(said)


_NAME_WIDTH = 130
_FACT_NAMES = (
    "Architecture",
    "Parameters",
    "Quantisation",
    "Context",
    "Layers",
    "Vocabulary",
    "Size",
    "Imported",
    "SHA-256",
)


def _facts(student: Student) -> dict[str, str]:
    return {
        "Architecture": student.architecture or "—",
        "Parameters": f"{parameters_in_words(student.parameters)} ({student.parameters:,})",
        "Quantisation": student.quantisation or "—",
        "Context": f"{student.context:,} tokens",
        "Layers": f"{student.layers:,}",
        "Vocabulary": f"{student.vocabulary:,} tokens",
        "Size": f"{size_words(student.file_bytes)} ({student.file_bytes:,} bytes)",
        "Imported": "—" if student.shipped else moment_words(student.imported),
        "SHA-256": student.sha256,
    }


def _say(place: QLabel, name: str, value: str) -> None:
    place.setText(value)
    place.setAccessibleName(f"{name}: {value}")


def _value() -> QLabel:
    return label("", tokens.TABLE, tabular=True, wrap=True, selectable=True)


def _grid(values: dict[str, QLabel]) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(tokens.LG)
    grid.setVerticalSpacing(tokens.SM)
    grid.setColumnMinimumWidth(0, theme.px(_NAME_WIDTH - tokens.MD))
    grid.setColumnStretch(1, 1)
    for line, (name, value) in enumerate(values.items()):
        grid.addWidget(label(name, tokens.SMALL, cls="muted"), line, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(value, line, 1)
    return grid


def _card(title: str, *content: QGridLayout | QWidget) -> QFrame:
    return frame("card", column(label(title, tokens.BODY, 600), *content, gap=10, margins=(18, 14, 18, 14)))
