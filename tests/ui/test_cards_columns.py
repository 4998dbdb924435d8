"""The columns of the preview's tables: words and dates are not broken where there is room for them."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from forge_desktop.ui.panes.cards.column_widths import fit_columns
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
    fit_columns(view.document(), view.viewport().width())
    block, broken = view.document().begin(), []
    while block.isValid():
        layout = block.layout()
        for number in range(layout.lineCount() - 1):
            line = layout.lineAt(number)
            end = line.textStart() + line.textLength()
            if block.text()[end - 1 : end] not in (" ", "-"):
                broken.append(block.text()[line.textStart() : end])
        block = block.next()
    assert broken == []
