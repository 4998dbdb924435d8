"""The page of collections: a table of them, and the chosen one to edit beside it."""

from __future__ import annotations

import array
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFileDialog, QInputDialog, QWidget

from forge_desktop.base.errors import ForgeError
from forge_desktop.corpus import Collection, PolicyEffect
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.panes.corpus.collection_form import CollectionForm, Policy, effect_words
from forge_desktop.ui.panes.corpus.columns import safe_words
from forge_desktop.ui.widgets.basics import Banner, Button, Notice, column, frame, label, row
from forge_desktop.ui.widgets.windowed_table import Column, WindowedTable
from forge_desktop.ui.widgets.words import count_words, moment_words, size_words

if TYPE_CHECKING:
    from forge_desktop.base.jobs import Jobs
    from forge_desktop.corpus import Corpus

_FORM_WIDTH, _FORM_LEAST = 380, 300

_COLUMNS = (
    Column("Collection", lambda c: safe_words(c.name), width=220, stretch=True, icon=lambda c: "library"),
    Column("Teachers", lambda c: "Never" if c.never_send else "May see it", width=110, yields=1),
    Column("Documents", lambda c: f"{c.documents:,}", width=100, right=True),
    Column("Passages", lambda c: f"{c.passages:,}", width=96, right=True, yields=2),
    Column("Size", lambda c: size_words(c.bytes), width=92, right=True, yields=3),
    Column("Compared", lambda c: moment_words(c.synced), width=110, yields=4),
)


class CollectionsView(QWidget):
    """`notice` carries a Notice, `add_asked` a uid and paths to add, `export_asked` a uid, `import_asked` nothing."""

    notice = Signal(object)
    add_asked = Signal(str, list)
    synced = Signal()
    export_asked = Signal(str)
    import_asked = Signal()

    def __init__(self, corpus: Corpus, jobs: Jobs, errands: Errands) -> None:
        super().__init__()
        self.setProperty("cls", "surface")
        self._corpus, self._jobs, self._errands = corpus, jobs, errands
        self.collections: Sequence[Collection] = ()
        self.table = WindowedTable(_COLUMNS, lambda ids: [self.collections[at] for at in ids], "Collections")
        self.table.horizontalHeader().setSortIndicatorShown(False)
        self.table.selection_changed.connect(self._on_selected)
        self.problem = Banner()
        self.form = CollectionForm()
        self.form.saved.connect(self._on_saved)
        self.form.effect_wanted.connect(self._on_effect_wanted)
        self.form.folder_asked.connect(self._on_folder_asked)
        self.form.files_asked.connect(self._on_files_asked)
        self.form.root_removed.connect(self._on_root_removed)
        self.form.delete_pressed.connect(self._on_delete)
        self.form.export_pressed.connect(self.export_asked)
        new = Button("New collection", "plus")
        new.clicked.connect(self._on_new)
        bring = Button("Import", "download")
        bring.setToolTip("Take in a collection that was exported as a file")
        bring.clicked.connect(self.import_asked)
        about = label(
            "A collection is a set of folders with rules of its own. Chat and search can be kept to some of them.",
            tokens.SMALL, cls="muted", wrap=True,
        )  # fmt: skip
        head = row(about, bring, new)
        head.setStretch(0, 1)
        left = QWidget()
        left.setProperty("cls", "surface")
        left.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        body = column(head, self.problem, self.table, gap=tokens.MD, margins=(tokens.XL, 14, 20, 14))
        body.setStretchFactor(self.table, 1)
        left.setLayout(body)
        self._side = frame("sideR", column(self.form, gap=0))
        line = row(left, self._side, gap=0)
        line.setStretch(0, 1)
        self.setLayout(line)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The form gives way to the table where there is little width."""
        super().resizeEvent(event)
        self._side.setFixedWidth(max(theme.px(_FORM_LEAST), min(theme.px(_FORM_WIDTH), self.width() * 2 // 5)))

    def refresh(self) -> None:
        """Read the collections again."""
        self._errands.run(self._corpus.collections.all, self._on_read, self.problem.show_error, key="collections")

    def choose(self, uid: str) -> None:
        """Select a collection."""
        for number, collection in enumerate(self.collections):
            if collection.uid == uid:
                self.table.select_id(number)

    def _on_read(self, collections: Sequence[Collection]) -> None:
        chosen = self.form.uid()
        self.collections = collections
        self.table.show_ids(array.array("q", range(len(collections))))
        self.choose(chosen if any(c.uid == chosen for c in collections) else collections[0].uid)
        self._on_selected()

    @Slot()
    def _on_selected(self) -> None:
        selected = self.table.selected_ids()
        if selected and selected[0] < len(self.collections):
            self.form.show_collection(self.collections[selected[0]])

    # ---- changing

    @Slot()
    def _on_new(self) -> None:
        name, confirmed = QInputDialog.getText(self, "New collection", "Name of the collection")
        if confirmed and name.strip():
            self.make(name.strip())

    def make(self, name: str) -> None:
        """Make a collection and choose it."""

        def made(collection: Collection) -> None:
            self.problem.clear()
            self.form.show_collection(collection)
            self.refresh()

        self._errands.run(
            lambda: self._corpus.collections.create(name), made, self.problem.show_error, lane="documents"
        )

    @Slot(str, dict)
    def _on_saved(self, uid: str, changes: Policy) -> None:
        def done(_: object) -> None:
            self.notice.emit(Notice("The collection was saved."))
            self.refresh()
            self.synced.emit()

        self._errands.run(
            lambda: self._corpus.collections.change(uid, **changes), done, self.form.show_error, lane="documents"
        )

    @Slot(str, dict)
    def _on_effect_wanted(self, uid: str, changes: Policy) -> None:
        policy = {name: value for name, value in changes.items() if name not in ("name", "never_send")}
        if not policy:
            self.form.show_effect("")
            return
        self._errands.run(
            lambda: self._effect(uid, policy),
            lambda effect: self.form.show_effect(effect_words(effect)),
            lambda _: self.form.show_effect(""),
            key="effect",
            lane="effect",
        )

    def _effect(self, uid: str, policy: Policy) -> PolicyEffect:
        found = self._jobs.wait(self._corpus.collections.effect(uid, **policy))
        assert isinstance(found, PolicyEffect)
        return found

    @Slot(str)
    def _on_folder_asked(self, uid: str) -> None:
        if chosen := QFileDialog.getExistingDirectory(self, "Add a folder to the collection"):
            self.add_asked.emit(uid, [Path(chosen)])

    @Slot(str)
    def _on_files_asked(self, uid: str) -> None:
        chosen, _ = QFileDialog.getOpenFileNames(self, "Add files to the collection")
        if chosen:
            self.add_asked.emit(uid, [Path(name) for name in chosen])

    @Slot(str, str)
    def _on_root_removed(self, uid: str, root: str) -> None:
        name = safe_words(root)
        held = self._corpus.collections
        self._take_out(
            lambda: (held.root_effect(uid, root), held.remove_root(uid, root)), f"Took {name} out of the collection"
        )

    @Slot(str)
    def _on_delete(self, uid: str) -> None:
        name = next((safe_words(c.name) for c in self.collections if c.uid == uid), "")
        held = self._corpus.collections
        self.table.setFocus()  # the button may go with the collection
        self._take_out(lambda: (held.deletion_effect(uid), held.delete(uid)), f"Deleted the collection {name}")

    def _take_out(self, work: Callable[[], tuple[tuple[int, int], int]], words: str) -> None:
        def done(removal: tuple[tuple[int, int], int]) -> None:
            (documents, passages), token = removal
            out = f": {count_words(documents, 'document')} ({count_words(passages, 'passage')}) left the index"
            words_out = f"{words}{out if documents else ''}."
            self.notice.emit(Notice(words_out, undo=lambda: self._restore(token), icon="trash-2"))
            self.refresh()

        self._errands.run(work, done, self._on_trouble, lane="documents")

    def _restore(self, token: int) -> None:
        self._errands.run(
            lambda: self._corpus.restore(token), lambda _: self.refresh(), self._on_trouble, lane="documents"
        )

    def _on_trouble(self, error: ForgeError) -> None:
        self.problem.show_error(error)
