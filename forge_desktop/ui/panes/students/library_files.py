"""One repository of the hub: its licence, what its owner asks, its files and whether they fit, and the download."""

from __future__ import annotations

import array
from collections.abc import Sequence

from PySide6.QtCore import QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QLineEdit, QWidget

from forge_desktop.students.records_library import Offer, RepositoryOffers
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.panes.students.library_words import OFFERS, day_words
from forge_desktop.ui.panes.students.rows import parameters_in_words
from forge_desktop.ui.widgets.basics import Button, ElidedLabel, Pill, PrimaryButton, column, label, row
from forge_desktop.ui.widgets.windowed_table import WindowedTable
from forge_desktop.ui.widgets.words import plain_tip, safe_words

_GATED = "Gated: agree on its page, then give"
_USUAL = "Q4_K_M"  # small, and nearly as good as the original


class RepositoryView(QWidget):
    """Shows `RepositoryOffers`. `download_wanted` carries repository and file, `token_given` a token as it was typed.

    A page is opened in the browser by a click alone.
    """

    download_wanted = Signal(str, str)
    token_given = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.found: RepositoryOffers | None = None
        self._name = ElidedLabel("", tokens.SUBTITLE, 600, middle=True)
        self._trainable = Pill("", "mute")
        self.licence = Button("", "external-link", "link")
        self.licence.setToolTip("Open the licence's page in the browser")
        self.licence.clicked.connect(self._on_licence)
        self.page = Button("Its page", "external-link", "link")
        self.page.setToolTip("Open the repository's page in the browser")
        self.page.clicked.connect(self._on_page)
        self._facts = ElidedLabel("", tokens.SMALL, cls="muted")
        self._gated = label(_GATED, tokens.SMALL, cls="warn")
        self.token = QLineEdit()
        self.token.setEchoMode(QLineEdit.EchoMode.Password)
        self.token.setAccessibleName("Access token for the hub")
        self.token.setPlaceholderText("an access token of your account there")
        self.token.setFont(theme.font(tokens.TABLE))
        self.keep = Button("Keep it", "save")
        self.keep.clicked.connect(self._on_token)
        self.files = WindowedTable(OFFERS, self._rows, "Files")
        self.files.setMinimumHeight(theme.px(104))
        self.files.setSelectionMode(WindowedTable.SelectionMode.SingleSelection)
        self.files.horizontalHeader().setSortIndicatorShown(False)
        self.files.selection_changed.connect(self._on_selected)
        self.files.doubleClicked.connect(self._on_download)
        self.sentence = label("", tokens.SMALL, cls="muted", wrap=True)
        self.download = PrimaryButton("Download", "download")
        self.download.clicked.connect(self._on_download)
        self._lay_out()
        self.hide()

    def show_offers(self, found: RepositoryOffers) -> None:
        """Show a repository; the file that most people take is chosen."""
        again = self.found is not None and self.found.hub.name == found.hub.name
        chosen = self.files.current_id() if again else None
        self.found = found
        hub = found.hub
        self._name.setText(safe_words(hub.name))
        kind = safe_words(found.architecture) or "unknown architecture"
        if found.trainable:
            self._trainable.show_state("Adapters can be trained here", "ok", "flask-conical")
        else:
            self._trainable.show_state("No training here", "mute", "flask-conical")
        self.licence.setText(f"Licence: {safe_words(hub.licence) or 'not named'}")
        facts = [kind, parameters_in_words(hub.parameters) if hub.parameters else ""]
        facts += [f"{hub.context:,} tokens" if hub.context else "", f"updated {day_words(hub.updated)}"]
        facts += [f"{hub.left_out} listed without a name left out" if hub.left_out else ""]
        facts += [f"made from {safe_words(hub.made_from)}" if hub.made_from else ""]
        self._facts.setText(" · ".join(filter(None, facts)))
        self._gated.setToolTip(plain_tip(hub.gated))
        for part in (self._gated, self.token, self.keep):
            part.setVisible(bool(hub.gated))
        self.files.show_ids(array.array("q", range(len(found.offers))))
        self.files.select_id(_advised(found.offers) if chosen is None else chosen)
        self._on_selected()
        self.show()

    def chosen(self) -> Offer | None:
        """The file that is selected."""
        ids = self.files.selected_ids()
        offers = self.found.offers if self.found is not None else ()
        return offers[ids[0]] if ids and ids[0] < len(offers) else None

    def _lay_out(self) -> None:
        head = row(self._name, self.licence, self.page, gap=10)
        head.setStretch(0, 1)
        facts = row(self._trainable, self._facts, gap=10)
        facts.setStretch(1, 1)
        typed = row(self._gated, self.token, self.keep)
        typed.setStretch(1, 1)
        foot = row(self.sentence, self.download, gap=tokens.MD)
        foot.setStretch(0, 1)
        whole = column(column(head, facts, typed, gap=4), self.files, foot, gap=tokens.SM)
        whole.setStretch(1, 1)
        self.setLayout(whole)

    def _rows(self, ids: Sequence[int]) -> list[Offer]:
        offers = self.found.offers if self.found is not None else ()
        return [offers[number] for number in ids if number < len(offers)]

    @Slot()
    def _on_selected(self) -> None:
        offer = self.chosen()
        usable = offer is not None and not offer.problem and not offer.student
        self.download.setEnabled(usable)
        self.download.setText("Go on" if offer is not None and offer.done and not offer.student else "Download")
        if offer is None:
            none = self.found is not None and not self.found.offers
            self.sentence.setText("This repository holds no GGUF file." if none else "Choose a file.")
        else:
            here = "It is in the list of students already. " if offer.student else ""
            trained = f" It was trained for {offer.context:,} tokens." if offer.context else ""
            self.sentence.setText(here + (safe_words(offer.problem) or offer.fit.sentence + trained))

    @Slot()
    def _on_download(self) -> None:
        offer = self.chosen()
        if self.found is not None and offer is not None and self.download.isEnabled():
            self.download_wanted.emit(self.found.hub.name, offer.file.name)

    @Slot()
    def _on_token(self) -> None:
        token = self.token.text().strip()
        self.token.clear()
        if token:
            self.token_given.emit(token)

    @Slot()
    def _on_licence(self) -> None:
        if self.found is not None:
            QDesktopServices.openUrl(QUrl(self.found.hub.licence_page))

    @Slot()
    def _on_page(self) -> None:
        if self.found is not None:
            QDesktopServices.openUrl(QUrl(self.found.hub.page))


def _advised(offers: Sequence[Offer]) -> int:
    """The number of the file to begin with: the usual one, else the largest that fits."""
    fits = [number for number, offer in enumerate(offers) if offer.fit.word == "fits" and not offer.problem]
    usual = [number for number in fits if offers[number].file.quantisation == _USUAL]
    return (usual or fits[-1:] or [0])[0]
