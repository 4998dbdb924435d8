"""Import a file: what would be read from its first rows, which column is what, and then the import itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QComboBox, QDialog, QFrame, QGridLayout, QScrollArea, QWidget

from forge_desktop.base.errors import ForgeError
from forge_desktop.distill.records_runs import ImportPreview
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.panes.distill.columns import one_line
from forge_desktop.ui.widgets.basics import Banner, Button, ElidedLabel, PrimaryButton, column, frame, label, row
from forge_desktop.ui.widgets.words import count_words, safe_words

if TYPE_CHECKING:
    from forge_desktop.distill import Distill

_FIELDS = {
    "question": "Question",
    "rules": "Rules for the answer",
    "schema": "JSON schema",
    "expected": "Expected answer",
    "draft": "Draft",
    "language": "Language",
    "kind": "Kind",
    "difficulty": "Difficulty",
}
_KEY = "import preview"
_LINES = 4  # of fields; two stand beside each other


class ImportDialog(QDialog):
    """`chosen` carries the path and the mapping (None for finished pairs)."""

    chosen = Signal(object, object)

    def __init__(self, distill: Distill, errands: Errands, path: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Import")
        self._distill, self._errands, self._path = distill, errands, path
        self._preview: ImportPreview | None = None
        self.boxes = {field: QComboBox() for field in _FIELDS}
        self.problem = Banner()
        self.about = label("Reading the first rows …", tokens.TABLE, cls="muted", wrap=True)
        self.unused = label("", tokens.SMALL, cls="muted", wrap=True)
        self.start = PrimaryButton("Import", "download")
        self.start.setEnabled(False)
        self.start.clicked.connect(self._on_start)
        self._rows = column(gap=6)
        self._build()
        self._ask(None)

    def _build(self) -> None:
        self._form = QWidget()
        grid = QGridLayout(self._form)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(tokens.MD)
        grid.setVerticalSpacing(6)
        for place, (field, name) in enumerate(_FIELDS.items()):
            box = self.boxes[field]
            box.setAccessibleName(f"Column for: {name}")
            box.activated.connect(self._on_mapped)
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            line, side = place % _LINES, place // _LINES * 2
            grid.addWidget(label(name, tokens.SMALL, cls="muted"), line, side)
            grid.addWidget(box, line, side + 1)
            grid.setColumnStretch(side + 1, 1)
        self._form.hide()
        content = QWidget()
        content.setProperty("cls", "flow")
        content.setLayout(
            column(self._form, self.unused, self._rows, None, gap=tokens.MD, margins=(0, 0, theme.px(8), 0))
        )
        area = QScrollArea()
        area.setAccessibleName("What would be read")
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(content)
        cancel = Button("Cancel")
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        heading = ElidedLabel(f"Import {safe_words(self._path.name)}", tokens.TITLE, 600, middle=True)
        body = column(
            column(heading, self.about, gap=2), self.problem, area, row(None, cancel, self.start),
            gap=tokens.MD, margins=(tokens.XL, 20, tokens.XL, 20),
        )  # fmt: skip
        body.setStretch(2, 1)
        self.setLayout(body)
        self.resize(theme.px(640), theme.px(500))

    def _ask(self, mapping: Mapping[str, str] | None) -> None:
        distill, path = self._distill, self._path
        self.start.setEnabled(False)
        self._errands.run(lambda: distill.preview(path, mapping), self._show, self._on_trouble, key=_KEY, lane="tasks")

    def _show(self, found: ImportPreview) -> None:
        self._preview = found
        self.problem.clear()
        self.start.setEnabled(True)
        self._form.setVisible(not found.pairs)
        columns = count_words(len(found.columns), "column")
        many = f"{'more than ' if found.more else ''}{count_words(found.tasks, 'task')}, {columns}"
        what = "finished pairs: they are taken as they are" if found.pairs else f"{many}; say which column is what"
        self.about.setText(f"{found.format} with {what}.")
        if not found.pairs:
            self._show_mapping(found)
        unused = ", ".join(safe_words(name) for name in found.unused)
        self.unused.setText(f"Nothing is taken from: {unused}" if unused else "")
        self.unused.setVisible(bool(unused))
        self._show_rows(found)

    def _show_mapping(self, found: ImportPreview) -> None:
        for field, box in self.boxes.items():
            box.clear()
            box.addItem("—", "")
            for name in found.columns:
                box.addItem(safe_words(name), name)
            wanted = found.mapping.get(field, "")
            if wanted and box.findData(wanted) < 0:  # several columns joined
                box.addItem(safe_words(wanted), wanted)
            box.setCurrentIndex(max(0, box.findData(wanted)))

    def _show_rows(self, found: ImportPreview) -> None:
        while (item := self._rows.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        if found.rows:
            self._rows.addWidget(label("The first tasks", tokens.SMALL, 600, "muted"))
        for task in found.rows:
            lines: list[QWidget] = [label(one_line(task.question), tokens.TABLE, wrap=True)]
            for name, text in (("Rules", task.rules), ("Expected", task.expected), ("Draft", task.draft)):
                if text:
                    lines.append(ElidedLabel(f"{name}: {one_line(text)}", tokens.SMALL, cls="muted"))
            self._rows.addWidget(frame("quoted", column(*lines, gap=2, margins=(10, 6, 10, 6))))

    def mapping(self) -> dict[str, str]:
        """Field to column, as chosen; an empty column leaves the field out."""
        return {field: str(box.currentData() or "") for field, box in self.boxes.items()}

    @Slot()
    def _on_mapped(self) -> None:
        self._ask(self.mapping())

    def _on_trouble(self, error: ForgeError) -> None:
        self.problem.show_error(error)
        if self._preview is None:
            self.about.setText("")

    @Slot()
    def _on_start(self) -> None:
        assert self._preview is not None
        self.chosen.emit(self._path, None if self._preview.pairs else self.mapping())
        self.accept()
