"""The corpus in numbers: how much there is, in which languages, what it takes on disk, whether it is sound."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QPlainTextEdit, QScrollArea, QWidget

from forge_desktop.corpus import CorpusStats
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.panes.corpus.columns import language_name
from forge_desktop.ui.widgets.basics import Button, Meter, column, frame, label, row
from forge_desktop.ui.widgets.words import count_words, moment_words, size_words

_MOST_LANGUAGES = 8
_DISK = {"texts": "Texts", "index": "Search index", "vectors": "Vectors"}


class StatisticsView(QScrollArea):
    """Shows totals. `check_pressed` asks for a check of everything, `repair_pressed` to mend what it found."""

    check_pressed = Signal()
    repair_pressed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Statistics")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._figures = {name: label("", tokens.FIGURE, 600, tabular=True) for name in _FIGURES}
        self._languages, self._disk = QWidget(), QWidget()
        self._language_card = _card("Languages", self._languages)
        self._disk_card = _card("On disk", self._disk)
        self._sync = label("", tokens.TABLE, wrap=True)
        self._held = False  # one of the buttons had the keyboard when it was pressed
        figures = QGridLayout()
        figures.setSpacing(tokens.MD)
        for number, (name, figure) in enumerate(self._figures.items()):
            box = frame("card", column(label(name, tokens.SMALL, cls="muted"), figure, gap=2, margins=(16, 12, 16, 12)))
            figures.addWidget(box, 0, number)
        pair = row(self._language_card, self._disk_card, gap=tokens.MD)
        content = QWidget()
        content.setProperty("cls", "flow")
        cards = column(
            figures,
            pair,
            _card("Up to date", self._sync),
            self._make_check(),
            None,
            gap=tokens.MD,
            margins=(tokens.XL, 18, tokens.XL, 18),
        )
        content.setLayout(cards)
        content.setMaximumWidth(theme.px(1100))
        self.setWidget(content)

    def show_stats(self, stats: CorpusStats, watching: str) -> None:
        """Show totals, and in words how the folders are watched."""
        for name, value in {
            "Documents": f"{stats.documents:,}",
            "Passages": f"{stats.passages:,}",
            "Tokens, about": f"{stats.tokens:,}",
            "Failed": f"{stats.failed:,}",
            "Size of the files": size_words(stats.bytes),
        }.items():
            self._figures[name].setText(value)
        languages = sorted(stats.languages, key=lambda entry: (-entry[1], entry[0]))
        named = [(language_name(code), count, f"{count:,}") for code, count in languages[:_MOST_LANGUAGES]]
        if rest := languages[_MOST_LANGUAGES:]:
            others = sum(count for _, count in rest)
            named.append((count_words(len(rest), "other"), others, f"{others:,}"))
        self._languages = _bars(self._language_card, self._languages, named, "Nothing is indexed yet.")
        disk = [(_DISK.get(kind, kind), size, size_words(size)) for kind, size in stats.disk.items()]
        self._disk = _bars(self._disk_card, self._disk, disk, "Nothing is stored yet.")
        when = f"Folders were last compared: {moment_words(stats.synced)}." if stats.synced else ""
        self._sync.setText(f"{when} {watching}".strip())

    def show_checking(self) -> None:
        """A check is running."""
        self._pause_buttons()
        self._repair.hide()
        self._verdict.setText("Checking every text, every passage and the search index …")
        self._damage.hide()

    def show_check(self, damaged: Sequence[str]) -> None:
        """What a check found."""
        self._repair.setVisible(bool(damaged))
        self._repair.setEnabled(True)
        self._give_back(self._repair if damaged else self._check)
        self._verdict.setText(f"{count_words(len(damaged), 'fault')} found." if damaged else "Everything is sound.")
        self._show_lines(damaged)

    def show_repairing(self) -> None:
        """A repair is running."""
        self._pause_buttons()
        self._verdict.setText("Repairing what is damaged …")

    def show_verdict(self, words: str, lines: Sequence[str] = ()) -> None:
        """How a check or a repair ended, with one line for each thing that stays to be said."""
        self._repair.hide()
        self._give_back(self._check)
        self._verdict.setText(words)
        self._show_lines(lines)

    def verdict(self) -> str:
        """The sentence about the last check."""
        return self._verdict.text()

    def _pause_buttons(self) -> None:
        self._held = self._check.hasFocus() or self._repair.hasFocus()
        if self._held:
            self.setFocus()  # or it would go to the next widget of the window
        self._check.setEnabled(False)
        self._repair.setEnabled(False)

    def _give_back(self, button: Button) -> None:
        """Let the buttons be pressed again; the keyboard goes back to one if it is where the pressing left it."""
        self._check.setEnabled(True)
        if self._held and self.hasFocus():
            button.setFocus()

    def _show_lines(self, lines: Sequence[str]) -> None:
        self._damage.setPlainText("\n".join(lines))
        self._damage.setVisible(bool(lines))

    def _make_check(self) -> QWidget:
        self._check = Button("Check everything", "shield-check")
        self._check.clicked.connect(self.check_pressed)
        self._repair = Button("Repair", "hammer")
        self._repair.clicked.connect(self.repair_pressed)
        self._repair.hide()
        self._verdict = label(
            "Compares every stored text, passage and part of the search index with its checksum.",
            tokens.TABLE,
            wrap=True,
        )
        self._damage = QPlainTextEdit(readOnly=True)
        self._damage.setProperty("cls", "field")
        self._damage.setFont(theme.font(tokens.SMALL))
        self._damage.setAccessibleName("What the check found")
        self._damage.setFixedHeight(theme.px(140))
        self._damage.hide()
        line = row(self._verdict, self._repair, self._check)
        line.setStretch(0, 1)
        holder = QWidget()
        holder.setLayout(column(line, self._damage))
        return _card("Soundness", holder)


_FIGURES = ("Documents", "Passages", "Tokens, about", "Failed", "Size of the files")


def _card(title: str, content: QWidget) -> QFrame:
    return frame("card", column(label(title, tokens.BODY, 600), content, gap=8, margins=(16, 12, 16, 14)))


def _bars(card: QFrame, old: QWidget, lines: Sequence[tuple[str, float, str]], nothing: str) -> QWidget:
    """Put a new list of names, bars and values into the card instead of the old one."""
    made = QWidget()
    grid = QGridLayout()
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(tokens.MD)
    grid.setVerticalSpacing(6)
    largest = max((value for _, value, _ in lines), default=0)
    for number, (name, value, words) in enumerate(lines):
        meter = Meter(value / largest if largest else 0, 0, accessible_name=name)
        grid.addWidget(label(name, tokens.SMALL, cls="muted"), number, 0)
        grid.addWidget(meter, number, 1)
        grid.addWidget(label(words, tokens.SMALL, 500, tabular=True), number, 2, Qt.AlignmentFlag.AlignRight)
    grid.setColumnStretch(1, 1)
    grid.setRowStretch(len(lines), 1)
    if not largest:
        grid.addWidget(label(nothing, tokens.SMALL, cls="muted"), 0, 0)
    made.setLayout(grid)
    box = card.layout()
    assert box is not None
    box.replaceWidget(old, made)
    old.hide()
    old.deleteLater()
    return made
