"""The columns of the preview's tables: words and dates are not broken where there is room for them."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QTextDocument
from pytestqt.qtbot import QtBot

from forge_desktop.ui.panes.cards.preview import Preview
from forge_desktop.ui.widgets.column_widths import fit_table, headed_tables
from forge_desktop.ui.widgets.markdown_view import MarkdownView

TABLE = """
| What | Value | Source |
|---|---|---|
| Provider | Trained on this computer | from the registry 2026-11-26 |
| Base model | SmolLM2-135M-Instruct Q4_1 | from the registry 2026-11-26 |
| Modalities in | text | from the registry 2026-11-26 |
"""


def test_words_and_dates_stay_whole_in_a_narrow_preview(qtbot: QtBot) -> None:
    view = MarkdownView()
    qtbot.addWidget(view)
    view.resize(320, 600)
    view.show()
    view.set_markdown(TABLE)
    for table in headed_tables(view.document()):
        fit_table(table, view.viewport().width(), padding=24)
    assert broken(view.document()) == []


def broken(document: QTextDocument) -> list[str]:
    """The lines that end within a word."""
    block, found = document.begin(), []
    while block.isValid():
        layout = block.layout()
        for number in range(layout.lineCount() - 1):
            line = layout.lineAt(number)
            end = line.textStart() + line.textLength()
            if block.text()[end - 1 : end] not in (" ", "-", "/", "\u2028"):
                found.append(block.text()[line.textStart() : end])
        block = block.next()
    return found


FACTS = f"{TABLE}| Licence | Apache-2.0 | read from the file |\n| Contact | desk@toollibrary.example |  |\n"
NONE = """
| What | Value | Source |
|---|---|---|
| Sensitive personal data in the training data | *not applicable* | It is a test's. |
| Hardware assumptions | 134,515,008 | read from the file 2026-11-26 |
"""
ROWS = """
| Task | Dataset | Metric | Value | Unit | n | Baseline | Interval of the difference | Date |
|---|---|---|---|---|---|---|---|---|
| text-generation | library | exact_match | 0.77 | nats/token | 30 | "" | 0.04 to 0.22 | 2027-01-15 |
"""


@pytest.mark.parametrize("width", [900, 430, 395, 355, 330, 310, 280])
def test_a_table_that_is_too_wide_says_the_same_in_fewer_columns(qtbot: QtBot, width: int) -> None:
    shown = Preview()
    qtbot.addWidget(shown)
    shown.setMinimumWidth(0)
    shown.resize(width, 700)
    shown.show()
    shown.show_text(f"# A card\n{FACTS}\n## Use\n{NONE}\n## Evaluation\n{ROWS}\nThe end")
    qtbot.waitUntil(lambda: not shown.awaits())
    assert broken(shown.view.document()) == []
    said = shown.view.toPlainText()
    for words in ("Trained on this computer", "from the registry 2026-11-26", "desk@toollibrary.example", "nats/token"):
        assert words in said
    assert said.index("SmolLM2-135M-Instruct") < said.index("from the registry", said.index("SmolLM2-135M-Instruct"))
    assert said.endswith("The end")
    if width < 900:
        assert "Metric: exact_match · Value: 0.77" in said
        assert "Baseline" not in said, "what says nothing is left out of a line"
