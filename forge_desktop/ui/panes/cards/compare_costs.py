"""What it costs to do things, in a table of capabilities; and the answer to "local or API?" in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QWidget

from forge_desktop.cards.comparing.records import Capability, CapabilityGroup, CardComparison, LocalOrApi
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.panes.cards.sheet_parts import empty, keep_narrow
from forge_desktop.ui.widgets.basics import IconLabel, Pill, column, frame, label, row
from forge_desktop.ui.widgets.fields import ChoiceField
from forge_desktop.ui.widgets.words import breakable, safe_words

_GROUPS: dict[CapabilityGroup, str] = {
    "retrieval": "Retrieval",
    "local generation": "Generation here",
    "API generation": "Generation elsewhere",
    "distillation loop": "Distillation loop",
    "storage": "Storage",
}
_WINNERS = {
    "local": ("This computer", "ok", "cpu"),
    "API": ("The API", "info", "send"),
    "neither": ("Neither", "mute", "circle-help"),
    "": ("Not known yet", "warn", "circle-help"),
}
_NO_PAIR = (
    "Put a card of a model that computes here beside one of a teacher, and this says which of the two is cheaper for"
    " you, and from how many tokens a month on."
)


class AnswerCard(QFrame):
    """Which is cheaper, in sentences, for the pair that is chosen."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("cls", "card")
        self.setAccessibleName("Local or API?")
        self._found: CardComparison | None = None
        self._chosen = ("", "")
        self.pill = Pill("", "mute", size=tokens.CAPTION)
        self.pair = ChoiceField({})
        self.pair.setAccessibleName("Which pair")
        keep_narrow(self.pair, 380)
        self.pair.changed.connect(self._on_pair)
        self.words = column(gap=4)
        head = row(label("Local or API?", tokens.BODY, 600), self.pill, None)
        self.setLayout(column(head, row(self.pair, None), self.words, gap=8, margins=(16, 12, 16, 14)))

    def show_answers(self, found: CardComparison) -> None:
        """Show the answer of the pair that was chosen, else the first that has one."""
        self._found = found
        names = {card.uid: card.name for card in found.cards}
        answer = next((a for a in found.answers if (a.local_card, a.api_card) == self._chosen), found.answer)
        self.pair.clear()
        for place, each in enumerate(found.answers):
            self.pair.addItem(safe_words(f"{names[each.local_card]} or {names[each.api_card]}"), place)
        self.pair.setVisible(len(found.answers) > 1)
        empty(self.words)
        if answer is None:
            self.pill.hide()
            self.words.addWidget(label(_NO_PAIR, tokens.TABLE, cls="muted", wrap=True))
            return
        self.pair.show_value(found.answers.index(answer))
        self.pill.show()
        self.pill.show_state(*_WINNERS[answer.cheaper])
        for place, sentence in enumerate(answer.sentences):
            weight = 600 if place == 0 else 400
            self.words.addWidget(
                label(breakable(safe_words(sentence)), tokens.TABLE, weight, wrap=True, selectable=True)
            )
        if answer.sensitivities:
            self.words.addSpacing(4)
            self.words.addWidget(label("What would change that", tokens.SMALL, 600, "muted"))
            for what_if in answer.sensitivities:
                self.words.addLayout(_what_if(what_if.sentence))

    @Slot()
    def _on_pair(self) -> None:
        place = self.pair.value()
        if self._found is not None and isinstance(place, int):
            answer: LocalOrApi = self._found.answers[place]
            self._chosen = (answer.local_card, answer.api_card)
            self.show_answers(self._found)
            self.changed.emit()


def _what_if(sentence: str) -> QHBoxLayout:
    line = row(IconLabel("chevron-right", 12), label(breakable(safe_words(sentence)), tokens.SMALL, wrap=True), gap=6)
    line.setStretch(1, 1)
    return line


def capability_table(found: CardComparison) -> QFrame:
    """What each thing costs, how it is reckoned, and what that rests on."""
    grid = QGridLayout()
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(tokens.LG)
    grid.setVerticalSpacing(8)
    grid.setColumnMinimumWidth(0, theme.px(168))
    grid.setColumnStretch(2, 1)
    line = 0
    for group, title in _GROUPS.items():
        rows = [each for each in found.capabilities if each.group == group]
        if not rows:
            continue
        if line:
            grid.addWidget(frame("line"), line, 0, 1, 3)
        grid.addWidget(label(title, tokens.SMALL, 600, "muted"), line + 1, 0, 1, 3)
        line += 2
        for each in rows:
            _add(grid, line, each, several=len(found.cards) > 1)
            line += 1
    about = label("What does each thing cost?", tokens.BODY, 600)
    return frame("card", column(about, grid, gap=10, margins=(16, 12, 16, 14)))


def _add(grid: QGridLayout, line: int, each: Capability, *, several: bool) -> None:
    top = Qt.AlignmentFlag.AlignTop
    names: list[QWidget] = [label(each.title, tokens.TABLE, wrap=True)]
    if each.label and several:
        names.append(label(breakable(safe_words(each.label)), tokens.CAPTION, cls="muted", wrap=True))
    grid.addLayout(column(*names, None, gap=1), line, 0)
    known = each.amount is not None or not each.missing
    cost = label(safe_words(each.shown), tokens.TABLE, 600 if known else 400, "" if known else "muted", tabular=True)
    grid.addWidget(cost, line, 1, top | Qt.AlignmentFlag.AlignRight)
    words = [words for words in (each.how, *each.rests_on, each.missing) if words]
    lines: list[QWidget] = [
        label(breakable(safe_words(text)), tokens.CAPTION, cls="muted", wrap=True) for text in words
    ]
    if each.stale:
        lines.append(label(breakable(safe_words(each.stale)), tokens.CAPTION, cls="warn", wrap=True))
    grid.addLayout(column(*lines, None, gap=1), line, 2)


def assumptions(said: Sequence[tuple[str, str]], notes: Sequence[str]) -> QFrame | None:
    """What nobody has set yet, and what to mind; None where there is nothing to say."""
    lines = [label(breakable(safe_words(text)), tokens.SMALL, cls="muted", wrap=True) for _, text in said]
    lines += [label(breakable(safe_words(text)), tokens.SMALL, wrap=True) for text in notes]
    if not lines:
        return None
    head = label("What this rests on", tokens.BODY, 600)
    return frame("card", column(head, *lines, gap=4, margins=(16, 12, 16, 14)))
