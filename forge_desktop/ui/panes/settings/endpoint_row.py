"""One endpoint in the list: what it is, where its key and its price are, whether it can be asked, and its buttons."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFrame, QSizePolicy, QWidget

from forge_desktop.base.money import shown
from forge_desktop.students.desk import EndpointTest, EndpointView
from forge_desktop.ui import tokens
from forge_desktop.ui.widgets.basics import (
    Button,
    ElidedLabel,
    IconButton,
    IconLabel,
    Pill,
    column,
    label,
    row,
)

_LONGEST_ANSWER = 160
_TEACHES = ("answer", "critique", "judge")


class EndpointRow(QFrame):
    """Shows one; the signals carry its uid."""

    test_pressed = Signal(str)
    edit_pressed = Signal(str)
    remove_pressed = Signal(str)
    reset_pressed = Signal(str)
    embed_pressed = Signal(str)
    give_up_pressed = Signal(str)
    card_pressed = Signal(str)

    def __init__(self, view: EndpointView, *, embeds: bool, answers: bool) -> None:
        super().__init__()
        self.view = view
        form = view.form
        self.setAccessibleName(f"Endpoint {form.name}")
        name = ElidedLabel(form.name, tokens.BODY, 600)
        name.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        pills = [Pill(words, kind, icon, tokens.CAPTION) for words, kind, icon in _roles(view, embeds, answers)]
        self._test = IconButton("zap", f"Test {form.name}", "Ask it one tiny question, which is paid")
        self._test.clicked.connect(lambda: self.test_pressed.emit(form.uid))
        card = IconButton("id-card", f"Card of {form.name}")
        card.clicked.connect(lambda: self.card_pressed.emit(form.uid))
        edit = IconButton("pencil", f"Edit {form.name}")
        edit.clicked.connect(lambda: self.edit_pressed.emit(form.uid))
        remove = IconButton("trash-2", f"Remove {form.name}")
        remove.clicked.connect(lambda: self.remove_pressed.emit(form.uid))
        head = row(name, *pills, None, self._test, card, edit, remove, gap=6)
        where = ElidedLabel(" · ".join((form.model, view.host, view.key)), tokens.SMALL, cls="muted")
        self._result = label("", tokens.SMALL, wrap=True)
        self._result_icon = IconLabel("circle-check", 13, "ok")
        result = row(self._result_icon, self._result, gap=5)
        result.setStretch(1, 1)
        self._result_line = QWidget()
        self._result_line.setLayout(result)
        self._result_line.hide()
        parts: list[QWidget] = [where, *self._state_lines(view)]
        if "embedder" in form.roles and not embeds and view.price and form.enabled:
            use = Button("Find passages with it…", "search", "pill")
            use.clicked.connect(lambda: self.embed_pressed.emit(form.uid))
            line = QWidget()
            line.setLayout(row(use, None))
            parts.append(line)
        if embeds:
            give_up = Button("Go by the built-in vectors again", "rotate-ccw", "pill")
            give_up.clicked.connect(lambda: self.give_up_pressed.emit(form.uid))
            line = QWidget()
            line.setLayout(row(give_up, None))
            parts.append(line)
        self.setLayout(column(head, *parts, self._result_line, gap=3, margins=(18, 10, 12, 12)))

    def show_testing(self) -> None:
        """The tiny question is on its way."""
        self._test.setEnabled(False)
        self._show_result("loader-circle", "info", "Being asked …")

    def show_test(self, test: EndpointTest) -> None:
        """How the tiny question went."""
        self._test.setEnabled(True)
        time = f" after {test.milliseconds / 1000:.1f} s" if test.milliseconds is not None else ""
        if not test.ok:
            self._show_result("circle-alert", "bad", f"{test.message} {test.hint}".strip())
            return
        text = " ".join(test.text.split())
        text = text if len(text) <= _LONGEST_ANSWER else f"{text[:_LONGEST_ANSWER]}…"
        self._show_result("circle-check", "ok", f"Answered{time} for {shown(test.cost)}: “{text}”")

    def result(self) -> str:
        """What is said about the last test."""
        return self._result.text()

    def _show_result(self, icon: str, kind: str, words: str) -> None:
        self._result_icon.set_icon(icon, kind)
        self._result.setText(words)
        self._result_line.show()

    def _state_lines(self, view: EndpointView) -> list[QWidget]:
        lines: list[QWidget] = []
        if view.price:
            lines.append(label(view.price, tokens.SMALL, cls="muted", wrap=True, tabular=True))
        if view.problem:
            lines.append(_told("triangle-alert", "warn", view.problem))
        if view.blocked:
            again = Button("Ask it again", "rotate-ccw", "link")
            again.clicked.connect(self._on_reset)
            line = QWidget()
            told = row(_told("pause", "warn", view.blocked), again, gap=6)
            told.setStretch(0, 1)
            line.setLayout(told)
            lines.append(line)
        return lines

    @Slot()
    def _on_reset(self) -> None:
        self.reset_pressed.emit(self.view.form.uid)


def _roles(view: EndpointView, embeds: bool, answers: bool) -> list[tuple[str, str, str]]:
    roles = view.form.roles
    pills = []
    if set(roles) & set(_TEACHES):
        pills.append(("Teacher", "accent", ""))
    if "student" in roles:
        pills.append(("Answers now", "ok", "circle-check") if answers else ("Student", "mute", ""))
    if "embedder" in roles:
        pills.append(("Finds passages", "ok", "circle-check") if embeds else ("Embedder", "mute", ""))
    return pills


def _told(icon: str, kind: str, words: str) -> QWidget:
    made = QWidget()
    line = row(IconLabel(icon, 13, kind), label(words, tokens.SMALL, cls=kind, wrap=True), gap=5)
    line.setStretch(1, 1)
    made.setLayout(line)
    return made
