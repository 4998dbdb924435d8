"""Which documents questions are made from: all of them, collections, one folder, or those ticked in a list."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QListWidget, QListWidgetItem, QSizePolicy, QWidget

from forge_desktop.base.errors import ForgeError
from forge_desktop.corpus import Collection
from forge_desktop.corpus.records import Document, SearchFilter
from forge_desktop.corpus.shelf import Shelf
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.widgets.basics import column, label, row, search_field
from forge_desktop.ui.widgets.fields import ChoiceField, FolderField
from forge_desktop.ui.widgets.words import count_words, safe_words

_FROM = {"all": "All documents", "collections": "Collections", "folder": "A folder", "documents": "Chosen documents"}
_SHOWN = 200  # documents in the list; more are found by typing
_PAUSE_MS = 200  # after the last key before it is looked for
_LIST, _FOLDER = "documents to choose", "documents of a folder"


class SourceForm(QWidget):
    """`changed` after every change by a person, and when it is known what a folder holds."""

    changed = Signal()

    def __init__(self, collections: Sequence[Collection], shelf: Shelf, errands: Errands) -> None:
        super().__init__()
        self._shelf, self._errands = shelf, errands
        self._collections = [found for found in collections if found.documents]
        self._chosen: dict[str, str] = {}  # sha256 to name
        self._in_folder: int | None = None
        self._more = ""
        self.which = ChoiceField(_FROM)
        self.which.setAccessibleName("From which documents")
        self.which.model().item(1).setEnabled(bool(self._collections))  # type: ignore[attr-defined]
        self.places = [
            check(safe_words(f"{c.name} · {count_words(c.documents, 'document')}")) for c in self._collections
        ]
        self.folder = FolderField()
        self.folder.setAccessibleName("The folder")
        self.folder.setPlaceholderText("Choose or type a folder that is indexed")
        self.search = search_field("Find documents", "Name or folder")
        self.list = QListWidget()
        self.list.setProperty("cls", "field")
        self.list.setAccessibleName("Documents to tick")
        self.list.setFont(theme.font(tokens.SMALL))
        self.list.setFixedHeight(theme.px(148))
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.words = label("", tokens.SMALL, cls="muted", wrap=True)
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._pause.timeout.connect(self._look)
        self._build()
        self._connect()
        self._on_which()

    @property
    def collections(self) -> tuple[str, ...]:
        """The uids of the collections that are ticked, where collections are chosen."""
        pairs = zip(self._collections, self.places, strict=True)
        return tuple(c.uid for c, box in pairs if box.isChecked()) if self.which.value() == "collections" else ()

    @property
    def folders(self) -> tuple[str, ...]:
        """The folder, where one is chosen."""
        path = str(self.folder.value())
        return (path,) if self.which.value() == "folder" and path else ()

    @property
    def documents(self) -> tuple[str, ...]:
        """The sha256 of what is ticked, where documents are chosen."""
        return tuple(self._chosen) if self.which.value() == "documents" else ()

    def problem(self) -> str:
        """Why no question can be made from it, or ""."""
        which = self.which.value()
        if which == "collections" and not self.collections:
            return "Choose a collection."
        if which == "folder" and not self._in_folder:
            asked = self.folders and self._in_folder is None
            return "Looking what the folder holds …" if asked else "Choose a folder with indexed documents."
        if which == "documents" and not self._chosen:
            return "Tick the documents."
        return ""

    def _build(self) -> None:
        self._boxes = QWidget()
        self._boxes.setLayout(column(*self.places, gap=0))
        self._found = QWidget()
        self._found.setLayout(column(self.search, self.list, gap=6))
        self.setLayout(column(row(self.which, None), self._boxes, self.folder, self._found, self.words, gap=6))
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)

    def _connect(self) -> None:
        for box in self.places:
            box.setChecked(True)
            box.toggled.connect(self.changed)
        self.which.changed.connect(self._on_which)
        self.folder.changed.connect(self._on_folder)
        self.folder.textEdited.connect(self._on_folder)
        self.search.textChanged.connect(lambda: self._pause.start())
        self.list.itemChanged.connect(self._on_ticked)

    @Slot()
    def _on_which(self) -> None:
        which = self.which.value()
        self._boxes.setVisible(which == "collections")
        self.folder.setVisible(which == "folder")
        self._found.setVisible(which == "documents")
        self._say("")
        if which == "documents":
            self._look()
        elif which == "folder":
            self._on_folder()
        self.changed.emit()

    @Slot()
    def _on_folder(self) -> None:
        self._in_folder = None
        self._say("")
        self._pause.start()
        self.changed.emit()

    @Slot()
    def _look(self) -> None:
        """Ask for what the list shows, or for how many documents the folder holds."""
        shelf, path, typed = self._shelf, str(self.folder.value()), self.search.text().strip()
        if self.which.value() == "folder":
            if not path:
                return
            where = SearchFilter(folder=path)
            self._errands.run(
                lambda: len(shelf.documents(state="indexed", where=where)),
                self._show_folder, self._on_trouble, key=_FOLDER,
            )  # fmt: skip
        elif self.which.value() == "documents":

            def find() -> tuple[list[Document], int]:
                ids = shelf.documents(typed, state="indexed")
                return shelf.document_rows(ids[:_SHOWN]), len(ids)

            self._errands.run(find, self._show_documents, self._on_trouble, key=_LIST)

    def _show_folder(self, number: int) -> None:
        self._in_folder = number
        self._say(f"{count_words(number, 'indexed document')}." if number else "No indexed document lies there.")
        self.changed.emit()

    def _show_documents(self, answer: tuple[list[Document], int]) -> None:
        found, number = answer
        self.list.blockSignals(True)
        self.list.clear()
        for document in found:
            item = QListWidgetItem(safe_words(document.name))
            item.setData(Qt.ItemDataRole.UserRole, document.sha256)
            item.setToolTip(safe_words(document.path))
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsUserCheckable)
            ticked = document.sha256 in self._chosen
            item.setCheckState(Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked)
            self.list.addItem(item)
        self.list.blockSignals(False)
        self._more = f"{len(found):,} of {number:,} shown: type to find the others." if number > len(found) else ""
        if not found:
            self._more = "No document is called like that."
        self._say_chosen()

    @Slot(QListWidgetItem)
    def _on_ticked(self, item: QListWidgetItem) -> None:
        sha256 = item.data(Qt.ItemDataRole.UserRole)
        if item.checkState() == Qt.CheckState.Checked:
            self._chosen[sha256] = item.text()
        else:
            self._chosen.pop(sha256, None)
        self._say_chosen()
        self.changed.emit()

    def _say_chosen(self) -> None:
        """How many are ticked, also those that the list does not show now."""
        self._say(f"{count_words(len(self._chosen), 'document')} chosen. {self._more}".strip())

    def _on_trouble(self, error: ForgeError) -> None:
        self._say(" ".join(filter(None, (error.message, error.hint))))

    def _say(self, words: str) -> None:
        self.words.setText(words)
        self.words.setVisible(bool(words))

    def leave(self) -> None:
        """What is still on its way is for nobody any more."""
        self._pause.stop()
        for key in (_LIST, _FOLDER):
            self._errands.outdate(key)


def check(words: str) -> QCheckBox:
    """A box to tick, its words as they are."""
    made = QCheckBox(words.replace("&", "&&"))
    made.setAccessibleName(words)
    made.setFont(theme.font(tokens.SMALL))
    return made
