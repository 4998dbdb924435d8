"""What a run would cost before anything is sent: amounts, the dial's effect, real prompts, and what goes to whom."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QFrame, QGridLayout, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from forge_desktop.base.money import shown
from forge_desktop.distill.quote_prompts import ABOUT_UNWRITTEN
from forge_desktop.distill.records import Endpoint
from forge_desktop.distill.records_runs import Quote, RunWish, TeacherQuote
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.panes.distill.columns import any_text
from forge_desktop.ui.widgets.basics import Banner, ElidedLabel, column, duration, frame, label, row
from forge_desktop.ui.widgets.charts import BarChart
from forge_desktop.ui.widgets.diff_view import TextView
from forge_desktop.ui.widgets.segments import Segments
from forge_desktop.ui.widgets.words import count_words, safe_words

_PAGES = (("cost", "Cost"), ("prompts", "Prompts as sent"), ("whom", "What goes to whom"))
_TERMS = {
    "yes": "its terms let outputs train a model",
    "no": "its terms forbid training",
    "unknown": "its terms on training were not looked at",
}
_ROLES = {"system": "Instructions", "user": "Sent", "assistant": "Answer before"}


class QuoteView(QFrame):
    """Shows a `Quote`, or that it is being made, or why there is none."""

    def __init__(self, teachers: Sequence[Endpoint]) -> None:
        super().__init__()
        self.setAccessibleName("Quote")
        self._teachers = {teacher.uid: teacher for teacher in teachers}
        self.segments = Segments(_PAGES, "Parts of the quote")
        self.segments.chosen.connect(self._on_page)
        self.problem = Banner()
        self._state = ElidedLabel("", tokens.SMALL, cls="muted")
        self._pages = QStackedWidget()
        self._boxes: list[QVBoxLayout] = []
        for _, name in _PAGES:
            page, box = _scrolled(name)
            self._boxes.append(box)
            self._pages.addWidget(page)
        head = row(self.segments, None, self._state)
        layout = column(head, self.problem, self._pages, gap=tokens.MD)
        layout.setStretch(2, 1)
        self.setLayout(layout)

    def show_working(self) -> None:
        """A quote for these settings is being made; the last one stays, and is said to be old."""
        self.problem.clear()
        self._state.setText("Working out …")
        self._pages.setEnabled(False)

    def show_quote(self, quote: Quote, wish: RunWish) -> None:
        """Show what these settings cost."""
        self.problem.clear()
        self._pages.setEnabled(True)
        sampled = f"from {count_words(quote.sampled, 'real prompt')}" if quote.sampled else ""
        self._state.setText(sampled)
        for box in self._boxes:
            _empty(box)
        _fill(self._boxes[0], self._cost(quote, wish))
        _fill(self._boxes[1], _prompts(quote))
        _fill(self._boxes[2], self._whom(quote, wish))

    @Slot(str)
    def _on_page(self, key: str) -> None:
        self._pages.setCurrentIndex([name for name, _ in _PAGES].index(key))

    def _cost(self, quote: Quote, wish: RunWish) -> list[QWidget]:
        parts = [_amounts(quote, wish), _teachers(quote.teachers)]
        if len(quote.dial) > 1:
            chart = BarChart("Likely cost by passages a task", 104, shown)
            chart.show_bars([(str(passages), cost) for passages, cost in quote.dial], str(wish.passages))
            parts.append(_card("Likely cost by passages a task", chart))
        parts.append(_card("Evidence", label(evidence_words(quote), tokens.SMALL, wrap=True)))
        lines = [label(safe_words(words), tokens.SMALL, wrap=True) for words in quote.caps]
        parts.append(_card("Caps", *lines))
        if quote.assumptions:
            parts.append(
                _card(
                    "What this rests on",
                    *(label(safe_words(words), tokens.SMALL, wrap=True) for words in quote.assumptions),
                )
            )
        return parts

    def _whom(self, quote: Quote, wish: RunWish) -> list[QWidget]:
        said = [label(words, tokens.TABLE, wrap=True) for words in _sent(wish)]
        parts: list[QWidget] = [_card("What is sent", *said)]
        asked = [found for found in quote.teachers if not found.problem]
        lines: list[QWidget] = [line for found in asked for line in self._who(found)]
        nobody = label("Nobody: no teacher can be asked.", tokens.TABLE, cls="warn", wrap=True)
        parts.append(_card("To whom, in this order", *(lines or [nobody])))
        if quote.besides:
            others = [
                label(safe_words(f"{name} {what} · {url}"), tokens.SMALL, wrap=True)
                for name, url, what in quote.besides
            ]
            parts.append(_card("Besides", *others))
        left = [found for found in quote.teachers if found.problem]
        if left:
            why = [label(safe_words(f"{t.name}: {t.problem}"), tokens.SMALL, cls="muted", wrap=True) for t in left]
            parts.append(_card("Not asked", *why))
        never = [label(safe_words(name), tokens.SMALL, wrap=True) for name in quote.never_sent]
        about = "These documents are in a collection that is never sent; no passage of them goes out."
        none = "No document of these tasks is in a collection that is never sent."
        parts.append(_card("Never sent", label(about if never else none, tokens.SMALL, cls="muted", wrap=True), *never))
        return parts

    def _who(self, found: TeacherQuote) -> list[QWidget]:
        """A teacher with where it is and what its terms say."""
        near = " · on this computer" if found.here else ""
        name = f"{safe_words(found.name)} ({safe_words(found.model)}){near}"
        lines: list[QWidget] = [label(name, tokens.TABLE, 600, wrap=True)]
        if teacher := self._teachers.get(found.endpoint):
            words = f"{safe_words(teacher.url)} · {_TERMS[teacher.may_train]}"
            lines.append(label(words, tokens.SMALL, cls="muted", wrap=True))
        return lines


def _sent(wish: RunWish) -> list[str]:
    """All that goes to a teacher, in sentences."""
    draft = ", your student's draft" if wish.draft else ""
    said = [
        f"For each task: our instructions, its question and rules{draft}, and up to "
        f"{count_words(wish.passages, 'passage')} of your documents, with their file names and headings."
    ]
    if wish.max_turns > 1:
        said.append("From a task's second call on, also its teacher's earlier replies and what our rules say of them.")
    return [*said, "Nothing else. Real prompts, word for word, are under “Prompts as sent”."]


def _amounts(quote: Quote, wish: RunWish) -> QWidget:
    figures = []
    asked = any(not teacher.problem for teacher in quote.teachers)
    for name, amount in (("Low", quote.low), ("Likely", quote.likely), ("Worst", quote.worst)):
        weight, size = 650 if name == "Likely" else 400, tokens.TITLE
        figures.append(
            column(
                None,
                label(name, tokens.SMALL, cls="muted"),
                label(shown(amount) if asked else "—", size, weight, tabular=True),
                gap=0,
            )
        )
    time = "time not known" if quote.seconds is None else f"about {duration(max(1, quote.seconds))}"
    reused = f" · {quote.reused:,} paid already, {shown(quote.saved)} saved" if quote.reused else ""
    words = f"{count_words(quote.tasks, 'task')} · {count_words(quote.calls, 'call')} · {time}{reused}"
    line = row(*figures, None, gap=tokens.XL)
    verdict, kind = verdict_words(quote, wish.cap)
    return frame(
        "card",
        column(
            line,
            label(words, tokens.SMALL, cls="muted", wrap=True),
            label(verdict, tokens.SMALL, 600, kind, wrap=True),
            gap=6,
            margins=(16, 10, 16, 12),
        ),
    )


def verdict_words(quote: Quote, cap: int) -> tuple[str, str]:
    """What the cap means for this quote, and the colour to say it in."""
    if quote.blocked and quote.tasks:
        free = (
            f" {count_words(quote.unasked, 'task')} of the queue can be done without a call." if quote.unasked else ""
        )
        return f"{safe_words(quote.blocked)}{free}", "bad"
    if not cap:
        return "Type a cap to start: the run never spends more.", "info"
    if quote.worst <= cap:
        return f"Even the worst case stays under the cap of {shown(cap)}.", "ok"
    if quote.likely <= cap:
        return (
            f"The likely cost fits under the cap of {shown(cap)}; the worst case does not: the run would stop there.",
            "warn",
        )
    fits = cap * quote.tasks // quote.likely
    if not fits:
        return f"The cap of {shown(cap)} is less than one task likely costs.", "warn"
    return f"The cap of {shown(cap)} is enough for about {fits:,} of {quote.tasks:,} tasks.", "warn"


def evidence_words(quote: Quote) -> str:
    """What retrieval offers, against whole documents."""
    words = f"{quote.evidence_tokens:,} tokens of passages"
    if quote.document_tokens > quote.evidence_tokens:
        saved = 1 - quote.evidence_tokens / quote.document_tokens
        return f"{words} instead of {quote.document_tokens:,} tokens of whole documents: {saved:.0%} less to pay for."
    return f"{words} go with the tasks."


def _teachers(teachers: Sequence[TeacherQuote]) -> QWidget:
    grid = QGridLayout()
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(10)
    grid.setVerticalSpacing(6)
    grid.setColumnStretch(0, 1)
    for place, name in enumerate(("Teacher", "Low", "Likely", "Worst", "As a batch", "Time")):
        side = Qt.AlignmentFlag.AlignLeft if not place else Qt.AlignmentFlag.AlignRight
        grid.addWidget(label(name, tokens.CAPTION, cls="muted"), 0, place, side)
    line = 1
    for found in teachers:
        grid.addWidget(ElidedLabel(safe_words(f"{found.name} · {found.model}"), tokens.SMALL), line, 0)
        batch = "—" if found.batch_likely is None else shown(found.batch_likely)
        time = "—" if found.seconds is None else duration(max(1, found.seconds))
        unasked = bool(found.problem) and not found.worst  # nothing was reckoned: that is not the same as $0.00
        amounts = ["—" if unasked else shown(amount) for amount in (found.low, found.likely, found.worst)]
        for place, words in enumerate((*amounts, batch, time), 1):
            grid.addWidget(label(words, tokens.SMALL, tabular=True), line, place, Qt.AlignmentFlag.AlignRight)
        line += 1
        if found.problem:
            grid.addWidget(label(safe_words(found.problem), tokens.SMALL, cls="warn", wrap=True), line, 0, 1, 6)
            line += 1
    body = QWidget()
    body.setLayout(grid)
    return _card("If one teacher answered all of it", body)


def _prompts(quote: Quote) -> list[QWidget]:
    parts: list[QWidget] = []
    if ABOUT_UNWRITTEN in quote.assumptions:
        parts.append(_card("Drafts that are not written yet", label(ABOUT_UNWRITTEN, tokens.SMALL, wrap=True)))
    for number, (teacher, messages) in enumerate(quote.prompts, 1):
        texts: list[QWidget] = []
        for role, text in messages:
            view = TextView(f"Prompt {number}, {role}")
            view.show_text(any_text(text))
            texts += [label(_ROLES.get(role, role), tokens.CAPTION, 600, "muted"), view]
        parts.append(_card(f"Prompt {number} to {safe_words(teacher)}", *texts))
    return parts or [label("No prompt can be shown: no task waits.", tokens.TABLE, cls="muted", wrap=True)]


def _card(title: str, *parts: QWidget) -> QFrame:
    return frame("card", column(label(title, tokens.SMALL, 600, "muted"), *parts, gap=6, margins=(16, 10, 16, 12)))


def _scrolled(name: str) -> tuple[QScrollArea, QVBoxLayout]:
    area = QScrollArea()
    area.setAccessibleName(name)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    content = QWidget()
    content.setProperty("cls", "flow")
    box = QVBoxLayout(content)
    box.setContentsMargins(0, 0, theme.px(8), 0)
    box.setSpacing(10)
    area.setWidget(content)
    return area, box


def _empty(box: QVBoxLayout) -> None:
    while (item := box.takeAt(0)) is not None:
        if (widget := item.widget()) is not None:
            widget.hide()
            widget.deleteLater()


def _fill(box: QVBoxLayout, parts: Sequence[QWidget]) -> None:
    for part in parts:
        box.addWidget(part)
    box.addStretch(1)
