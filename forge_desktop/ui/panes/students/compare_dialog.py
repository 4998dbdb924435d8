"""One question to two versions, with the same passages: their answers side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QDialog, QFrame, QLineEdit, QPlainTextEdit, QWidget

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import JobChanged
from forge_desktop.students.records_versions import ComparedAnswer, Comparison, Version
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.bridge import Bridge
from forge_desktop.ui.gate_words import version_choices
from forge_desktop.ui.widgets.basics import (
    Banner,
    Button,
    ElidedLabel,
    PrimaryButton,
    column,
    duration,
    label,
    row,
)
from forge_desktop.ui.widgets.fields import ChoiceField
from forge_desktop.ui.widgets.fold import Fold
from forge_desktop.ui.widgets.words import count_words, file_name, safe_words

if TYPE_CHECKING:
    from forge_desktop.forge import Forge

_ABOUT = "Both get the same passages of your documents and the same question. Nothing is kept in a conversation."
_LIVE = ("queued", "running", "paused")


class CompareDialog(QDialog):
    """Asks in a job; closing ends it."""

    def __init__(
        self, forge: Forge, bridge: Bridge, versions: Sequence[Version], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Compare versions")
        self._forge, self._job = forge, 0
        self._given = self._shown = ""  # a question from the chat: as it was asked, and in one line
        self._collections: tuple[str, ...] = ()
        self._where = ""
        self._asked: list[str] = []
        self._names = choices = version_choices(versions)
        self.which = (ChoiceField(dict(choices)), ChoiceField(dict(choices)))
        for field, name in zip(self.which, ("First version", "Second version"), strict=True):
            field.setAccessibleName(name)
            field.setMinimumContentsLength(12)
            field.setSizeAdjustPolicy(ChoiceField.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            field.changed.connect(self._on_chosen)
        self.question = QLineEdit()
        self.question.setAccessibleName("Question for both")
        self.question.setPlaceholderText("Ask both the same question")
        self.question.textChanged.connect(self._follow)
        self.ask = PrimaryButton("Ask both", "send")
        self.ask.clicked.connect(self._on_ask)
        self.sides = (AnswerSide("First answer"), AnswerSide("Second answer"))
        self.problem = Banner()
        self.about = ElidedLabel("", tokens.SMALL, cls="muted")
        self.passages = Fold("", "Passages that both were given")
        self.passages.hide()
        bridge.job_changed.connect(self._on_job)
        self._build()
        self._follow()
        self.question.setFocus()

    def choose(self, first: str, second: str) -> None:
        """Choose both versions by their uids."""
        for field, uid in zip(self.which, (first, second), strict=True):
            field.show_value(uid)
        self._on_chosen()

    def show_question(self, question: str, collections: Mapping[str, str], *, gone: int = 0) -> None:
        """Fill in a question that was asked in these collections (uid to name; `gone` more are not there any more)."""
        self.question.setText(" ".join(question.split()))
        self.question.setCursorPosition(0)
        self._given, self._shown = question, self.question.text()
        self._collections = tuple(collections)
        named = ", ".join(safe_words(name) for name in collections.values())
        where = f"Searched in {named}, as for the answer." if named else ""
        lost = (
            "A collection that it was asked in is gone." if gone == 1 else "Collections that it was asked in are gone."
        )
        everywhere = "" if named else "All documents are searched."
        self._where = " ".join(filter(None, (where, *((lost, everywhere) if gone else ()))))
        self.about.setText(self._where)
        self._follow()

    def _build(self) -> None:
        close = Button("Close")
        close.setAutoDefault(False)
        close.clicked.connect(self.reject)
        asking = row(self.question, self.ask)
        asking.setStretch(0, 1)
        columns = [column(field, side, gap=tokens.SM) for field, side in zip(self.which, self.sides, strict=True)]
        for made in columns:
            made.setStretch(1, 1)
        both = row(*columns, gap=tokens.LG)
        both.setStretch(0, 1)
        both.setStretch(1, 1)
        foot = row(self.about, close)
        foot.setStretch(0, 1)
        heading = label("Compare versions", tokens.TITLE, 600)
        content = column(
            column(heading, label(_ABOUT, tokens.TABLE, cls="muted", wrap=True), gap=2),
            asking,
            self.problem,
            both,
            self.passages,
            foot,
            gap=tokens.MD,
            margins=(tokens.XL, 20, tokens.XL, 16),
        )
        content.setStretch(3, 1)
        self.setLayout(content)
        parent = self.parentWidget()
        most = parent.window().size() if parent else self.sizeHint()
        self.resize(min(theme.px(980), most.width() - 32), min(theme.px(640), most.height() - 32))

    @Slot()
    def _on_chosen(self) -> None:
        """Answers stand under the names of who gave them, or not at all."""
        if self._asked and self._chosen() != self._asked:
            self._asked = []
            self.problem.clear()
            self.passages.hide()
            self.about.setText("")
            for side in self.sides:
                side.show_nothing()
        self._follow()

    def _chosen(self) -> list[str]:
        return [str(field.value()) for field in self.which]

    @Slot()
    def _follow(self) -> None:
        first, second = (field.value() for field in self.which)
        for field in self.which:
            field.setEnabled(not self._job)
        self.ask.setEnabled(not self._job and first != second and bool(self.question.text().strip()))
        self.ask.setToolTip("Choose two different versions" if first == second else "")

    @Slot()
    def _on_ask(self) -> None:
        self._asked = self._chosen()
        self.problem.clear()
        self.passages.hide()
        for side, uid in zip(self.sides, self._asked, strict=True):
            side.show_waiting(self._names[uid])
        try:
            asked = self._wording()
            self._job = self._forge.students.registry.compare(asked, self._asked, collections=self._collections)
        except ForgeError as error:
            self._fail(error)
        self._follow()

    def _wording(self) -> str:
        """What stands in the field; a question from the chat that was not changed there keeps its lines and length."""
        typed = self.question.text()
        return self._given if self._given and typed == self._shown else typed.strip()

    def _fail(self, error: ForgeError) -> None:
        self.problem.show_error(error)
        for side in self.sides:
            side.show_nothing()

    @Slot(object)
    def _on_job(self, event: JobChanged) -> None:
        if not self._job or event.job_id != self._job:
            return
        if event.state in _LIVE:
            self.about.setText(event.note)
            return
        self._job = 0
        self.about.setText(self._where)
        if isinstance(event.result, Comparison):
            self._show(event.result)
        elif isinstance(event.error, ForgeError):
            self._fail(event.error)
        else:
            for side in self.sides:
                side.show_nothing()
        self._follow()

    def _show(self, found: Comparison) -> None:
        for side, answer in zip(self.sides, found.answers, strict=False):
            side.show_answer(answer, self._names.get(answer.version, answer.label))
        self.passages.set_heading(f"The same {count_words(len(found.passages), 'passage')} for both")
        self.passages.set_text("\n\n".join(f"[{n}] {file_name(name)}\n{text}" for n, name, text in found.passages))
        self.passages.setVisible(bool(found.passages))
        if not found.passages:
            self.about.setText("No passage of your documents fits this question: both answered without any.")

    def done(self, result: int) -> None:
        if self._job:
            self._forge.jobs.cancel(self._job)
        super().done(result)


class AnswerSide(QFrame):
    """One version's answer, and what it took."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setProperty("cls", "card")
        self.text = QPlainTextEdit(readOnly=True)
        self.text.setProperty("cls", "bare")
        self.text.setFrameShape(QFrame.Shape.NoFrame)
        self.text.setAccessibleName(name)
        self.text.setTabChangesFocus(True)
        self.text.setFont(theme.font(tokens.BODY))
        self.text.setPlaceholderText("The answer stands here.")
        self.of = ElidedLabel("", tokens.SMALL, 600)
        self.of.hide()
        self.facts = ElidedLabel("", tokens.SMALL, cls="muted")
        box = column(self.of, self.text, self.facts, gap=6, margins=(14, 12, 14, 10))
        box.setStretch(1, 1)
        self.setLayout(box)

    def _name(self, of: str) -> None:
        self.of.setText(of)
        self.of.setVisible(bool(of))

    def show_waiting(self, of: str) -> None:
        """While this version is asked."""
        self._name(of)
        self.text.setPlainText("")
        self.text.setPlaceholderText("Answering …")
        self.facts.setText("")

    def show_nothing(self) -> None:
        """When nobody was asked, or others are chosen since."""
        self._name("")
        self.text.setPlainText("")
        self.facts.setText("")
        self.text.setPlaceholderText("The answer stands here.")

    def show_answer(self, answer: ComparedAnswer, of: str) -> None:
        """What this version said."""
        self._name(of)
        self.text.setPlaceholderText("It said nothing.")
        self.text.setPlainText(answer.text or answer.problem)
        took = duration(answer.milliseconds / 1000) if answer.milliseconds >= 1000 else f"{answer.milliseconds:.0f} ms"
        self.facts.setText("It did not answer" if answer.problem else f"{count_words(answer.tokens, 'token')} · {took}")
