"""Help dialogs: what this is and under which licences, and which keys do what."""

from __future__ import annotations

import platform

from PySide6.QtCore import Qt, qVersion
from PySide6.QtWidgets import QDialog, QGridLayout, QPlainTextEdit, QScrollArea, QWidget

from forge_desktop import __version__
from forge_desktop.base.paths import resources_dir
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.widgets.basics import Mark, PrimaryButton, column, label, row

_BUNDLED = (
    ("Inter", "SIL Open Font License 1.1", "fonts/Inter-OFL.txt"),
    ("JetBrains Mono", "SIL Open Font License 1.1", "fonts/JetBrainsMono-OFL.txt"),
    ("Lucide icons", "ISC", "icons/LICENSE"),
)
_LIBRARIES = (
    ("Qt and PySide6", "LGPL-3.0"),
    ("llama.cpp, llama-cpp-python", "MIT"),
    ("SQLite", "public domain"),
    ("sqlite-utils, PDFium, pypdfium2", "Apache-2.0, BSD-3-Clause"),
    ("NumPy, lxml, Jinja, Pygments, snowballstemmer", "BSD"),
    ("markdown-it-py, python-docx, platformdirs, keyring", "MIT"),
    ("SmolLM2-135M-Instruct", "Apache-2.0"),
)
_IN_PANES = (
    ("Send the question", "Ctrl+Enter"),
    ("Stop the answer, close a panel", "Esc"),
    ("Write the next question", "Ctrl+L"),
    ("Ask again", "Ctrl+R"),
    ("Copy the answer", "Ctrl+Shift+C"),
    ("Open source 1 to 9", "Alt+1 … Alt+9"),
    ("Rename", "F2"),
    ("Remove, with undo", "Del"),
    ("Accept, edit, reject a lesson; take it back", "A, E, R; U"),
    ("Move a task up, down, to the front, to the end", "Alt+Up, Down, Home, End"),
)


def licences() -> str:
    """The licence texts of what is bundled, one after the other."""
    parts = [f"{name} — {licence}" for name, licence in _LIBRARIES]
    texts = ["Used libraries and models\n\n" + "\n".join(parts)]
    for name, licence, file in _BUNDLED:
        texts.append(f"{name} — {licence}\n\n{(resources_dir() / file).read_text('utf-8')}")
    return ("\n\n" + "—" * 24 + "\n\n").join(texts)


class AboutDialog(QDialog):
    """Version, purpose, licence, and the licences of everything that travels along."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("About Forge Desktop")
        versions = f"{__version__} · Qt {qVersion()} · Python {platform.python_version()}"
        texts = column(
            label("Forge Desktop", tokens.TITLE, 600),
            label(versions, tokens.SMALL, cls="muted", selectable=True),
            gap=2,
        )
        purpose = label(
            "Ask your own documents with a local student, and make that student better. Everything runs on this "
            "computer; nothing is sent anywhere. Licensed under Apache-2.0.",
            tokens.TABLE,
            wrap=True,
        )
        notices = QPlainTextEdit(licences(), readOnly=True)
        notices.setProperty("cls", "field")
        notices.setAccessibleName("Licences")
        notices.setFont(theme.font(tokens.SMALL))
        close = PrimaryButton("Close")
        close.clicked.connect(self.accept)
        close.setDefault(True)
        close.setFocus()
        self.setLayout(
            column(
                row(Mark(), texts, None, gap=tokens.MD),
                purpose,
                label("Licences", tokens.TABLE, 600),
                notices,
                row(None, close),
                gap=tokens.MD,
                margins=(tokens.XL,) * 4,
            )
        )
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(theme.px(560), theme.px(520))


class ShortcutsDialog(QDialog):
    """Every key that does something, in two columns."""

    def __init__(self, shortcuts: list[tuple[str, str]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keyboard shortcuts")
        grid = QGridLayout()
        grid.setHorizontalSpacing(tokens.XL)
        grid.setVerticalSpacing(tokens.SM)
        grid.setColumnStretch(0, 1)
        for title, entries in (("Everywhere", shortcuts), ("In the pane in front", _IN_PANES)):
            grid.addWidget(label(title, tokens.SMALL, 600, "accent"), grid.rowCount(), 0)
            for words, keys in entries:
                line = grid.rowCount()
                grid.addWidget(label(words, tokens.TABLE), line, 0)
                grid.addWidget(label(keys, tokens.SMALL, 500, "muted", mono=True), line, 1)
        inside = QWidget()
        inside.setProperty("cls", "flow")
        inside.setLayout(column(grid, None, margins=(0, 0, tokens.MD, 0)))
        area = QScrollArea()
        area.setAccessibleName("Keyboard shortcuts")
        area.setWidgetResizable(True)
        area.setWidget(inside)
        close = PrimaryButton("Close")
        close.clicked.connect(self.accept)
        close.setDefault(True)
        close.setFocus()
        heading = label("Keyboard shortcuts", tokens.TITLE, 600)
        self.setLayout(column(heading, area, row(None, close), gap=tokens.MD, margins=(tokens.XL,) * 4))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(theme.px(460), theme.px(560))
