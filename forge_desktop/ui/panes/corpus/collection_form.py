"""One collection to edit: its name, its folders, what is read from them, and whether a teacher may ever see it."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QFrame, QLineEdit, QPlainTextEdit, QScrollArea, QWidget

from forge_desktop.base.errors import ForgeError
from forge_desktop.corpus import Collection, PolicyEffect
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.panes.corpus.columns import safe_words
from forge_desktop.ui.widgets.basics import (
    Banner,
    Button,
    ElidedLabel,
    IconButton,
    IconLabel,
    PrimaryButton,
    column,
    label,
    row,
)
from forge_desktop.ui.widgets.words import count_words, size_words

Policy = dict[str, Any]  # what Collections.change takes
_ASK_AFTER = 300  # ms after the last key before the effect of a change is worked out


class CollectionForm(QScrollArea):
    """Edits a copy; nothing changes before Save. Signals carry the collection's uid first.

    `saved` and `effect_wanted` carry the changed fields, `root_removed` the folder that leaves the collection.
    """

    saved = Signal(str, dict)
    effect_wanted = Signal(str, dict)
    folder_asked = Signal(str)
    files_asked = Signal(str)
    root_removed = Signal(str, str)
    delete_pressed = Signal(str)
    export_pressed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Collection")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._collection: Collection | None = None
        self._asking = QTimer(self, singleShot=True, interval=_ASK_AFTER)
        self._asking.timeout.connect(self._on_ask)
        self._build()

    def show_collection(self, collection: Collection) -> None:
        """Show one; a half-made edit of the same one stays, of another one goes."""
        same = self._collection is not None and self._collection.uid == collection.uid
        edited = same and bool(self.changes())
        self._collection = collection
        self._heading.setText(safe_words(collection.name))
        self._delete.setVisible(not collection.standing)
        self._show_roots(collection)
        if not edited:
            self._fill(collection)
        if not same:
            self.problem.clear()
        self._show_changes()

    def uid(self) -> str:
        """The collection shown."""
        return self._collection.uid if self._collection else ""

    def changes(self) -> Policy:
        """The fields that differ from what is stored."""
        if self._collection is None:
            return {}
        return {name: value for name, value in self._values().items() if value != getattr(self._collection, name)}

    def show_effect(self, words: str) -> None:
        """What saving would do."""
        self._effect.setText(words)
        self._effect.setVisible(bool(words))

    def show_error(self, error: ForgeError) -> None:
        """Why it was not saved."""
        self.problem.show_error(error)

    # ---- building

    def _build(self) -> None:
        self._heading = ElidedLabel("", tokens.SUBTITLE, 600, middle=True)
        self.problem = Banner()
        self.name = self._line("Name")
        self.include = self._globs("Read only", "**/*.pdf")
        self.exclude = self._globs("Leave out", "**/drafts/**")
        self.cap = self._line("Largest file in megabytes")
        self.cap.setPlaceholderText("as in Settings")
        self.hidden = self._check("Read hidden files and folders")
        self.links = self._check("Follow links inside its folders")
        self.never = self._check("Never send to a teacher")
        self._roots = QWidget()
        self._effect = label("", tokens.SMALL, cls="warn", wrap=True)
        self._save = PrimaryButton("Save", "check")
        self._save.clicked.connect(self._on_save)
        self._back = Button("Undo changes", "undo-2")
        self._back.clicked.connect(self._on_back)
        self._delete = Button("Delete", "trash-2", "danger")
        self._delete.clicked.connect(lambda: self.delete_pressed.emit(self.uid()))
        export = Button("Export", "upload")
        export.clicked.connect(lambda: self.export_pressed.emit(self.uid()))
        content = QWidget()
        content.setProperty("cls", "flow")
        self._body = column(
            self._heading,
            self.problem,
            _named("Name", self.name),
            self._folder_part(),
            _named("Read only", self.include, "Patterns, one a line; empty reads everything that can be read."),
            _named("Leave out", self.exclude, "Patterns, one a line; ** stands for any folders."),
            _named("Largest file, MB", self.cap),
            column(self.hidden, self.links, self.never, gap=2),
            label(
                "What is marked never goes into a request to a paid teacher, also when it lies in another collection.",
                tokens.SMALL,
                cls="muted",
                wrap=True,
            ),
            self._effect,
            row(self._save, self._back, None),
            row(export, self._delete, None),
            None,
            gap=12,
            margins=(16, 14, 16, 16),
        )
        content.setLayout(self._body)
        self.setWidget(content)

    def _folder_part(self) -> QWidget:
        folder = Button("Add folder", "folder-plus", "pill")
        folder.clicked.connect(lambda: self.folder_asked.emit(self.uid()))
        files = Button("Add files", "file-plus", "pill")
        files.clicked.connect(lambda: self.files_asked.emit(self.uid()))
        self._folder_box = column(self._roots, row(folder, files, None), gap=6)
        made = QWidget()
        made.setLayout(column(label("Folders and files", tokens.SMALL, 600), self._folder_box, gap=4))
        return made

    def _line(self, name: str) -> QLineEdit:
        made = QLineEdit()
        made.setAccessibleName(name)
        made.setFont(theme.font(tokens.TABLE))
        made.textEdited.connect(self._on_edited)
        return made

    def _globs(self, name: str, example: str) -> QPlainTextEdit:
        made = QPlainTextEdit()
        made.setProperty("cls", "field")
        made.setAccessibleName(name)
        made.setFont(theme.font(tokens.SMALL, mono=True))
        made.setPlaceholderText(example)
        made.setTabChangesFocus(True)
        made.setFixedHeight(theme.px(60))
        made.textChanged.connect(self._on_edited)
        return made

    def _check(self, words: str) -> QCheckBox:
        made = QCheckBox(words)
        made.setFont(theme.font(tokens.TABLE))
        made.toggled.connect(self._on_edited)
        return made

    # ---- values

    def _fill(self, collection: Collection) -> None:
        boxes = ((self.hidden, "hidden"), (self.links, "follow_links"), (self.never, "never_send"))
        fields = (self.name, self.include, self.exclude, self.cap, *(box for box, _ in boxes))
        for field in fields:
            field.blockSignals(True)
        self.name.setText(collection.name)
        self.include.setPlainText("\n".join(collection.include))
        self.exclude.setPlainText("\n".join(collection.exclude))
        self.cap.setText(str(collection.max_megabytes or ""))
        for box, key in boxes:
            box.setChecked(getattr(collection, key))
        for field in fields:
            field.blockSignals(False)

    def _values(self) -> Policy:
        cap = self.cap.text().strip()
        return {
            "name": self.name.text().strip(),
            "include": _patterns(self.include),
            "exclude": _patterns(self.exclude),
            "max_megabytes": int(cap) if cap.isdecimal() else cap or 0,
            "hidden": self.hidden.isChecked(),
            "follow_links": self.links.isChecked(),
            "never_send": self.never.isChecked(),
        }

    def _show_roots(self, collection: Collection) -> None:
        lines = [self._root_line(root) for root in collection.roots]
        if not lines:
            lines = [label("No folder yet.", tokens.SMALL, cls="muted")]
        made = QWidget()
        made.setLayout(column(*lines, gap=2))
        self._folder_box.replaceWidget(self._roots, made)
        self._roots.hide()
        self._roots.deleteLater()
        self._roots = made

    def _root_line(self, root: str) -> QWidget:
        shown = safe_words(root)
        name = ElidedLabel(shown, tokens.SMALL, middle=True)
        out = IconButton("x", f"Take {shown} out of the collection", size=13)
        out.clicked.connect(lambda: self.root_removed.emit(self.uid(), root))
        line = row(IconLabel("folder-open", 14), name, out, gap=6)
        line.setStretch(1, 1)
        made = QWidget()
        made.setLayout(line)
        return made

    def _show_changes(self) -> None:
        changed = bool(self.changes())
        self._save.setEnabled(changed)
        self._back.setEnabled(changed)
        if not changed:
            self.show_effect("")

    @Slot()
    def _on_edited(self) -> None:
        self._show_changes()
        self._asking.start()

    @Slot()
    def _on_ask(self) -> None:
        if changes := self.changes():
            self.effect_wanted.emit(self.uid(), changes)

    @Slot()
    def _on_save(self) -> None:
        self._asking.stop()
        if changes := self.changes():
            self.problem.clear()
            self.saved.emit(self.uid(), changes)

    @Slot()
    def _on_back(self) -> None:
        if self._collection is not None:
            self._fill(self._collection)
            self.problem.clear()
            self._show_changes()


def effect_words(effect: PolicyEffect) -> str:
    """What saving takes out of the index and brings in: the files stay."""
    words = []
    if effect.documents_out:
        out = f"{count_words(effect.documents_out, 'document')} ({count_words(effect.passages_out, 'passage')})"
        words.append(f"Saving takes {out} out of the index. The files stay where they are.")
    if effect.files_in:
        words.append(f"{count_words(effect.files_in, 'file')} ({size_words(effect.bytes_in)}) will be read.")
    return " ".join(words)


def _patterns(field: QPlainTextEdit) -> tuple[str, ...]:
    return tuple(line.strip() for line in field.toPlainText().splitlines() if line.strip())


def _named(name: str, field: QWidget, help: str = "") -> QWidget:
    made = QWidget()
    title = label(name, tokens.SMALL, 600)
    title.setBuddy(field)
    below = [label(help, tokens.SMALL, cls="muted", wrap=True)] if help else []
    made.setLayout(column(title, field, *below, gap=4))
    return made
