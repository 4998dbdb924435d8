"""What stands beside the table besides the document: why a passage was found, and its page or text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from forge_desktop.corpus import Explanation, Passage
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.panes.corpus.columns import passage_place
from forge_desktop.ui.panes.corpus.details import DocumentDetails
from forge_desktop.ui.panes.corpus.listing import Listing
from forge_desktop.ui.reading import Place, SourceReader
from forge_desktop.ui.widgets.basics import holds_focus
from forge_desktop.ui.widgets.source_viewer import SourceViewer

if TYPE_CHECKING:
    from forge_desktop.corpus import Corpus


class Beside(QObject):
    """Serves the details panel and the viewer.

    `changed` when the viewer came or went; `troubled` carries a ForgeError.
    """

    changed = Signal()
    troubled = Signal(object)

    def __init__(self, corpus: Corpus, errands: Errands, listing: Listing, details: DocumentDetails) -> None:
        super().__init__(details)
        self._corpus, self._errands, self._listing, self._details = corpus, errands, listing, details
        self._explained = ""  # the query of the explanation shown
        self.viewer = SourceViewer()
        self.viewer.setProperty("cls", "sideR")
        self.viewer.closed.connect(self.close)
        self.viewer.hide()
        self._reader = SourceReader(corpus, errands, self.viewer)
        details.explain_asked.connect(self.explain)
        details.place_asked.connect(self._on_place_asked)
        details.passage_shown.connect(self._on_passage_shown)
        details.explanation.check_pressed.connect(self._on_check_asked)

    def outdate(self, query: str) -> None:
        """Another query: what explained the last one goes."""
        if query != self._explained:
            self._details.explanation.hide()

    @Slot(int)
    def explain(self, passage_id: int) -> None:
        """Say why the query found this passage, or did not."""
        query, where = self._listing.query, self._listing.where()

        def arrived(found: Explanation) -> None:
            passage = self._details.passage()
            if passage is not None and passage.id == passage_id:
                self._explained = query
                self._details.explanation.show_explanation(found)

        self._errands.run(
            lambda: self._corpus.explainer.explain(query, passage_id, where=where),
            arrived,
            self.troubled.emit,
            key="explain",
            lane="search",
        )

    @Slot()
    def close(self) -> None:
        """Close the viewer; the keyboard goes back to the passage."""
        self._reader.forget()
        if holds_focus(self.viewer):
            self._details.take_focus()
        self.viewer.hide()
        self.changed.emit()

    @Slot()
    def _on_check_asked(self) -> None:
        query, card = self._listing.query, self._details.explanation
        self._errands.run(
            lambda: self._corpus.explainer.check_ranking(query),
            card.show_check,
            lambda error: card.show_words(f"{error.message} {error.hint}".strip()),
            key="check",
            lane="search",
        )

    @Slot(object)
    def _on_place_asked(self, passage: Passage) -> None:
        self.viewer.show()
        self.changed.emit()
        self._reader.open(_place(passage))

    @Slot(object)
    def _on_passage_shown(self, passage: Passage) -> None:
        if self.viewer.isVisible():
            self._reader.open(_place(passage))


def _place(passage: Passage) -> Place:
    return Place(
        passage.path,
        passage.document_sha256,
        passage.start,
        passage.end,
        passage.page,
        passage.first_line,
        passage.text,
        passage_place(passage),
    )
