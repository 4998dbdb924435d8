"""The sheet "Get a base": a search on the hub, what it found, a repository with its files, downloads as they go."""

from __future__ import annotations

import array
from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QDialog, QPushButton, QSplitter, QWidget

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import DataChanged, JobChanged
from forge_desktop.students.records_library import HubModel, HubSearch, RepositoryOffers
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.bridge import Bridge
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.panes.students.library_downloads import Downloading, DownloadStrip
from forge_desktop.ui.panes.students.library_files import RepositoryView
from forge_desktop.ui.panes.students.library_words import MODELS
from forge_desktop.ui.widgets.basics import Banner, Button, column, label, row, search_field
from forge_desktop.ui.widgets.windowed_table import WindowedTable
from forge_desktop.ui.widgets.words import count_words

if TYPE_CHECKING:
    from forge_desktop.forge import Forge

_ABOUT = "Models in GGUF form from the hub. It is asked when you search, open a repository or download, and never else."
_OFFLINE = "Nothing is asked of the hub. Switch Offline off in the status bar or under Settings › Network."
_MOST = 50  # repositories that a search shows
_BEGIN = "Search for a model by its name, as in smollm2, qwen3 or gemma."


class LibrarySheet(QDialog):
    """Searches and looks by jobs whose answers come back here; what comes after it was closed is dropped."""

    def __init__(self, forge: Forge, bridge: Bridge, downloading: Downloading, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Get a base")
        self._forge, self._library, self._downloading = forge, forge.students.library, downloading
        self._errands = Errands(forge.jobs, bridge, self)
        self._models: tuple[HubModel, ...] = ()
        self._left_out = 0  # entries of the newest search
        self._searching = self._looking = 0  # the jobs whose answers are awaited
        self._shown = ""  # the repository that is shown or on its way
        self.field = search_field("Search the hub", "Name of a model")
        self.search = Button("Search", "search")
        self.field.returnPressed.connect(self._on_search)
        self.search.clicked.connect(self._on_search)
        self.banner = Banner()
        self.count = label(_BEGIN, tokens.SMALL, cls="muted")
        self.models = WindowedTable(MODELS, self._rows, "Repositories")
        self.models.setSelectionMode(WindowedTable.SelectionMode.SingleSelection)
        self.models.horizontalHeader().setSortIndicatorShown(False)
        self.models.selection_changed.connect(self._on_model)
        self.models.setMinimumHeight(theme.px(104))
        self.repository = RepositoryView()
        self.repository.download_wanted.connect(downloading.start)
        self.repository.token_given.connect(self._on_token)
        downloading.failed.connect(self.banner.show_error)
        downloading.changed.connect(self._on_downloads)
        self._build()
        bridge.job_changed.connect(self._on_job)
        bridge.data_changed.connect(self._on_data)
        self._follow_offline()
        self.field.setFocus()

    def look_for(self, text: str) -> None:
        """Search for this."""
        self.field.setText(text)
        self._on_search()

    def _build(self) -> None:
        close = Button("Close")
        close.clicked.connect(self.accept)
        line = row(self.field, self.search)
        line.setStretch(0, 1)
        listed = QWidget()
        found = column(self.count, self.models, gap=4)
        found.setStretch(1, 1)
        listed.setLayout(found)
        self._split = QSplitter(Qt.Orientation.Vertical)
        self._split.setChildrenCollapsible(False)
        self._split.addWidget(listed)
        self._split.addWidget(self.repository)
        self._split.setStretchFactor(0, 2)
        self._split.setStretchFactor(1, 3)
        self._split.setHandleWidth(tokens.MD)
        self._about = label(_ABOUT, tokens.SMALL, cls="muted", wrap=True)
        strip = QWidget()
        strip.setLayout(column(DownloadStrip(self._downloading)))
        foot = row(strip, close)
        foot.setStretch(0, 1)
        body = column(
            column(label("Get a base", tokens.TITLE, 600), self._about, gap=2),
            line, self.banner, self._split, foot,
            gap=tokens.SM, margins=(tokens.XL, tokens.LG, tokens.XL, tokens.LG),
        )  # fmt: skip
        body.setStretch(3, 1)
        self.setLayout(body)
        for button in self.findChildren(QPushButton):
            button.setAutoDefault(False)  # Return searches, wherever else the focus is
        room = self.screen().availableGeometry()
        self.resize(min(theme.px(980), room.width() - 24), min(theme.px(700), room.height() - 48))

    # ---- asking

    @Slot()
    def _on_search(self) -> None:
        text = self.field.text().strip()
        if not text or self._forge.settings.values.offline:
            return
        self.banner.clear()
        self._forge.jobs.cancel(self._searching)
        self.count.setText("Asking the hub …")
        try:
            self._searching = self._library.search(text, limit=_MOST)
        except ForgeError as closing:
            self.banner.show_error(closing)

    @Slot()
    def _on_model(self) -> None:
        ids = self.models.selected_ids()
        if ids and ids[0] < len(self._models) and self._models[ids[0]].name != self._shown:
            self._look(self._models[ids[0]].name)

    def _look(self, name: str) -> None:
        self._forge.jobs.cancel(self._looking)
        self._shown = name
        try:
            self._looking = self._library.repository(name)
        except ForgeError as closing:
            self.banner.show_error(closing)

    @Slot(str)
    def _on_token(self, token: str) -> None:
        def kept(problem: str) -> None:
            self.banner.show_message("The access token is kept", problem, kind="warn" if problem else "ok")
            self._look(self._shown)

        self._errands.run(lambda: self._library.set_token(token), kept, self.banner.show_error, lane="students")

    # ---- answers

    @Slot(object)
    def _on_job(self, event: JobChanged) -> None:
        if event.state not in ("done", "failed") or event.job_id not in (self._searching, self._looking):
            return
        if isinstance(event.error, ForgeError):
            self.banner.show_error(event.error)
            self.count.setText(_BEGIN if not self._models else self._words())
            self._shown = "" if event.job_id == self._looking else self._shown
        elif isinstance(event.result, RepositoryOffers):
            self._about.hide()  # room for the files
            self.repository.show_offers(event.result)
        elif isinstance(event.result, HubSearch):
            self._show(event.result)

    def _show(self, search: HubSearch) -> None:
        found = self._models = search.models
        self._left_out = search.left_out
        self.models.show_ids(array.array("q"))
        self.models.show_ids(array.array("q", range(len(found))))
        self.count.setText(self._words())

    def _words(self) -> str:
        odd = f" · {count_words(self._left_out, 'entry', 'entries')} without a name left out" if self._left_out else ""
        if not self._models:
            return f"Nothing was found. Try fewer or other words.{odd}"
        if len(self._models) + self._left_out >= _MOST:
            return f"The {_MOST} most downloaded; more words find others{odd}"
        return f"{count_words(len(self._models), 'repository', 'repositories')}, the most downloaded first{odd}"

    def _rows(self, ids: Sequence[int]) -> list[HubModel]:
        return [self._models[number] for number in ids if number < len(self._models)]

    @Slot()
    def _on_downloads(self) -> None:
        """One has begun or ended: what is here of the files shown has changed. The hub is not asked for that."""
        if (found := self.repository.found) is not None:
            self._errands.run(lambda: self._library.seen_again(found), self._show_again, key="offers")

    def _show_again(self, found: RepositoryOffers) -> None:
        if self.repository.found is not None and self.repository.found.hub == found.hub:
            self.repository.show_offers(found)

    @Slot(object)
    def _on_data(self, event: DataChanged) -> None:
        if "settings" in event.what:
            self._follow_offline()

    def _follow_offline(self) -> None:
        offline = self._forge.settings.values.offline
        self.field.setEnabled(not offline)
        self.search.setEnabled(not offline)
        if offline:
            self.banner.show_message("Forge is offline", _OFFLINE, kind="info")
        else:
            self.banner.clear()
