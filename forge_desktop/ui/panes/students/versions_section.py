"""The versions: a timeline, one of them in full beside it, and what can be done with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelection, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from forge_desktop.base.events import DataChanged
from forge_desktop.students.records_versions import Version
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.bridge import Bridge
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.panes.students.section import Section
from forge_desktop.ui.panes.students.timeline import Timeline
from forge_desktop.ui.panes.students.version_actions import VersionActions, found_gate
from forge_desktop.ui.panes.students.version_details import VersionDetails, VersionView
from forge_desktop.ui.panes.students.version_files import VersionFiles
from forge_desktop.ui.widgets.basics import (
    Button,
    EmptyState,
    Notice,
    PrimaryButton,
    ProgressRow,
    column,
    frame,
    label,
    row,
)
from forge_desktop.ui.widgets.inset import Inset
from forge_desktop.ui.widgets.words import count_words

if TYPE_CHECKING:
    from forge_desktop.forge import Forge

_LIST_KEY, _VIEW_KEY = "versions", "a version"
_ALONE = "Only bases so far. Train an adapter, or import one: it becomes a version here, and a gate decides on it."


class VersionsSection(Section):
    """Lists the versions, the newest first; the active one is shown until another is chosen."""

    def __init__(self, forge: Forge, bridge: Bridge, errands: Errands) -> None:
        super().__init__(forge, bridge, errands)
        self._chosen = ""
        self._versions: Sequence[Version] = ()
        self.acting = VersionActions(self)
        self.bring = Button("Import", "download")
        self.bring.setToolTip("Import an adapter or a bundle")
        self.bring.clicked.connect(lambda: self.files.bring(self.bring))
        self.train = PrimaryButton("Train adapter", "zap")
        self.train.clicked.connect(lambda: self.leads.emit("training:new"))
        self.buttons = (self.bring, self.train)
        self._build()

    def _build(self) -> None:
        self.timeline = Timeline()
        self.timeline.selectionModel().selectionChanged.connect(self._on_selected)
        self._hint = label(_ALONE, tokens.SMALL, cls="muted", wrap=True)
        self._hint.hide()
        hint = Inset(self._hint, (20, 8, 16, 16))
        self._side = frame("side", column(self.timeline, hint, gap=0, margins=(0, tokens.MD, 0, 0)))
        self.details = VersionDetails()
        self.details.asked.connect(self._on_asked)
        self.acting.going_back.held.connect(self.details.hold_rollback)
        self.details.copied.connect(lambda words: self.notice.emit(Notice(words, icon="copy")))
        self.empty = EmptyState(
            "graduation-cap",
            "No version yet",
            "A version is a base, with or without an adapter. Import a base first; training an adapter makes the next.",
            "Import a base",
            "plus",
        )
        self.empty.acted.connect(lambda: self.leads.emit("bases"))
        for part in (self._side, self.details, self.empty):  # until it is known what there is
            part.hide()
        self.progress = ProgressRow("Importing", can_pause=False)
        self.files = VersionFiles(self)
        body = row(self._side, self.details, self.empty, gap=0)
        body.setStretch(1, 1)
        content = QWidget()
        content.setLayout(body)
        self.set_content(Inset(self.progress, (tokens.XL, 10, 20, 0)), content)

    def shown(self) -> None:
        self.refresh()

    def show_place(self, place: str) -> None:
        """Show a version, by its uid; "promote" asks whether the one that the newest gate was about shall answer."""
        if place == "promote":
            self.acting.promote_gated()
            return
        self._chosen = place
        self.refresh()

    def version(self) -> Version | None:
        """The version that is shown."""
        return self.details.version()

    def versions(self) -> Sequence[Version]:
        """All that were listed last."""
        return self._versions

    def listed(self, versions: Sequence[Version]) -> None:
        """What was just read elsewhere."""
        self._versions = versions

    def data_changed(self, event: DataChanged) -> None:
        if event.what & {"versions", "students", "gates"} and self.isVisible():
            self.refresh()

    def refresh(self) -> None:
        """Read the list again, and the version shown."""
        self.errands.run(self.forge.students.registry.versions, self._show, self.trouble, key=_LIST_KEY)

    def _show(self, versions: Sequence[Version]) -> None:
        self._versions = versions
        self.timeline.rows.show(versions)
        active = next((version for version in versions if version.state == "active"), None)
        kept = next((version for version in versions if version.uid == self._chosen), None)
        shown = kept or active or next(iter(versions), None)
        for part in (self._side, self.details):
            part.setVisible(bool(versions))
        self.empty.setVisible(not versions)
        self._hint.setVisible(all(version.is_base for version in versions))
        answers = f"{active.label} is active" if active else "none is active"
        self.retitle(f"{count_words(len(versions), 'version')} · {answers}" if versions else "None yet")
        if shown is not None:
            self.timeline.choose(shown.uid)
            self._show_version(shown)

    @Slot(QItemSelection, QItemSelection)
    def _on_selected(self, _selected: QItemSelection, _before: QItemSelection) -> None:
        version = self.timeline.version()
        if version is not None and version != self.details.version():
            self._chosen = version.uid
            self._show_version(version)

    def _show_version(self, version: Version) -> None:
        students = self.forge.students

        def work() -> VersionView:
            registry = students.registry
            adapter = gate = None
            if version.adapter_sha256:
                adapter = next((a for a in registry.adapters() if a.sha256 == version.adapter_sha256), None)
            if version.gate:
                gate = found_gate(students, version.gate)
            history = tuple(registry.history(version.uid))
            took_over = any(
                event.before for event in history if event.what in ("promoted", "overridden", "rolled back")
            )
            can_go_back = took_over and version.state == "active"
            return VersionView(version, adapter, gate, history, can_go_back, alone=len(self._versions) < 2)

        self.errands.run(work, self.details.show_view, self.trouble, key=_VIEW_KEY)

    @Slot(str)
    def _on_asked(self, what: str) -> None:
        version = self.version()
        if version is None:
            return
        if what == "gate":
            self.leads.emit(f"gates:new:{version.uid}")
        elif what == "report":
            self.leads.emit(f"gates:{version.gate}")
        elif what == "card":
            self.wants_pane.emit(f"cards:card:{version.uid}")
        elif what in ("export", "export with base"):
            self.files.export(version, with_base=what == "export with base")
        else:
            self.acting.act(what, version)

    def say(self, words: str, icon: str = "circle-check") -> None:
        """A toast."""
        self.notice.emit(Notice(words, icon=icon))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._side.setFixedWidth(theme.px(300 if self.width() < theme.px(1000) else 360))
