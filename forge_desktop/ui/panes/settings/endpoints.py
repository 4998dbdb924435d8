"""Settings › Endpoints: the teachers, remote students and embedders a person has added."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFrame, QVBoxLayout

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import DataChanged, JobChanged
from forge_desktop.base.money import shown
from forge_desktop.corpus.embedding_volume import RemoteVolume
from forge_desktop.students.desk import Desk, EndpointTest, EndpointView
from forge_desktop.ui import tokens
from forge_desktop.ui.bridge import Bridge
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.panes.settings.endpoint_row import EndpointRow
from forge_desktop.ui.panes.settings.endpoint_sheet import EndpointSheet
from forge_desktop.ui.widgets.basics import Banner, Button, Notice, column, frame, label, row
from forge_desktop.ui.widgets.words import count_words, size_words

if TYPE_CHECKING:
    from forge_desktop.forge import Forge

_LIST = "endpoints"
_NONE = (
    "None yet. An endpoint is a model that answers somewhere else: at a vendor with a key, or a server of your own "
    "(llama-server, Ollama, LM Studio, vLLM) without one. It can teach, be the student, or embed passages."
)


@dataclass(frozen=True)
class _Found:
    views: list[EndpointView]
    embeds: str
    answers: str


class EndpointsPanel(QFrame):
    """The card. Reads by errands; what is pressed is asked of the desk. `grown` when its height may have changed;
    `card_wanted` carries the uid of one whose card is asked for."""

    notice = Signal(object)
    grown = Signal()
    card_wanted = Signal(str)

    def __init__(self, forge: Forge, bridge: Bridge) -> None:
        super().__init__()
        self.setProperty("cls", "card")
        self._forge, self._bridge = forge, bridge
        self._errands = Errands(forge.jobs, bridge, self)
        self._rows: dict[str, EndpointRow] = {}
        self._tests: dict[str, EndpointTest] = {}
        self._testing: set[str] = set()
        self._found: _Found | None = None
        self._asked = ("", "")  # what the banner's button does: "remove" or "embed", and of which endpoint
        self.sheet: EndpointSheet | None = None
        self.add = Button("Add…", "plus", "pill")
        self.add.setAccessibleName("Add an endpoint")
        self.add.clicked.connect(self._on_add)
        self.banner = Banner()
        self.banner.acted.connect(self._on_agreed)
        self._empty = label(_NONE, tokens.SMALL, cls="muted", wrap=True)
        self._list = QVBoxLayout()
        self._list.setSpacing(0)
        head = row(label("Endpoints", tokens.BODY, 600), None, self.add, margins=(18, 14, 14, 8))
        told = column(self.banner, self._empty, gap=tokens.SM, margins=(18, 0, 14, tokens.MD))
        self.setLayout(column(head, told, self._list, gap=0))
        bridge.data_changed.connect(self._on_data)
        bridge.job_changed.connect(self._on_job)

    def rows(self) -> dict[str, EndpointRow]:
        """The rows shown, by uid."""
        return self._rows

    def read(self) -> None:
        """Read the list anew."""
        desk, forge = self._desk(), self._forge

        def read() -> _Found:
            answers, embeds = forge.students.remotes.active(), forge.embedding.remote
            return _Found(desk.views(), embeds.uid if embeds else "", answers.uid if answers else "")

        self._errands.run(read, self._show, self.banner.show_error, key=_LIST)

    def open_sheet(self, view: EndpointView | None = None) -> EndpointSheet:
        """The sheet for a new endpoint, or a known one."""
        sheet = EndpointSheet(self._desk(), self._forge.jobs, self._bridge, view, self.window())
        sheet.saved.connect(self._on_saved)
        sheet.finished.connect(self._on_closed)
        self.sheet = sheet
        sheet.open()
        return sheet

    def _desk(self) -> Desk:
        desk = self._forge.students.desk
        assert desk is not None
        return desk

    def _show(self, found: _Found) -> None:
        if found == self._found:
            return  # what an answer teaches of an endpoint changes nothing here, and a focus is not to be lost
        self._found = found
        while (item := self._list.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self._rows = {}
        for view in found.views:
            uid = view.form.uid
            line = EndpointRow(view, embeds=found.embeds == uid, answers=found.answers == uid)
            line.test_pressed.connect(self._on_test)
            line.edit_pressed.connect(self._on_edit)
            line.remove_pressed.connect(self._on_remove)
            line.reset_pressed.connect(self._on_reset)
            line.embed_pressed.connect(self._on_embed)
            line.give_up_pressed.connect(self._on_give_up)
            line.card_pressed.connect(self.card_wanted)
            if uid in self._testing:
                line.show_testing()
            elif (test := self._tests.get(uid)) is not None:
                line.show_test(test)
            self._list.addWidget(frame("line"))
            self._list.addWidget(line)
            self._rows[uid] = line
        self._empty.setVisible(not found.views)
        self.grown.emit()

    # ---- buttons

    @Slot()
    def _on_add(self) -> None:
        self.open_sheet()

    @Slot(str)
    def _on_edit(self, uid: str) -> None:
        self.open_sheet(self._rows[uid].view)

    @Slot(object)
    def _on_saved(self, view: EndpointView) -> None:
        self._tests.pop(view.form.uid, None)
        self._found = None
        self.notice.emit(Notice(f"{view.form.name} is kept." + (f" {view.key}." if view.has_key else "")))
        self.read()

    @Slot()
    def _on_closed(self) -> None:
        self.sheet = None

    @Slot(str)
    def _on_test(self, uid: str) -> None:
        self._rows[uid].show_testing()
        self._testing.add(uid)

        def tested(test: EndpointTest) -> None:
            self._testing.discard(uid)
            self._tests[uid] = test
            if uid in self._rows:
                self._rows[uid].show_test(test)

        def failed(error: ForgeError) -> None:
            tested(EndpointTest(False, error.message, error.hint))

        desk = self._desk()
        self._errands.run(lambda: desk.test(uid), tested, failed, lane="endpoints")

    @Slot(str)
    def _on_reset(self, uid: str) -> None:
        desk = self._desk()
        self._errands.run(lambda: desk.reset(uid), lambda _none: self.read(), self.banner.show_error)

    @Slot(str)
    def _on_remove(self, uid: str) -> None:
        self._asked = ("remove", uid)
        name = self._rows[uid].view.form.name
        text = "Its key is forgotten with it. What it cost stays in the ledger."
        self.banner.show_message(f"Remove {name}?", text, kind="warn", action="Remove")

    @Slot(str)
    def _on_embed(self, uid: str) -> None:
        self.banner.show_message("Reckoning what that would cost …", kind="info")
        embedding = self._forge.embedding

        def reckoned(volume: RemoteVolume) -> None:
            self._asked = ("embed", uid)
            title, text = embedding_words(volume)
            self.banner.show_message(title, text, kind="warn", action="Embed them")

        self._errands.run(lambda: embedding.volume(uid), reckoned, self.banner.show_error, key="volume")

    @Slot(str)
    def _on_give_up(self, _uid: str) -> None:
        embedding = self._forge.embedding
        self._errands.run(lambda: embedding.choose(None), lambda _job: self.read(), self.banner.show_error)

    @Slot()
    def _on_agreed(self) -> None:
        self.banner.clear()
        what, uid = self._asked
        if what == "remove":
            desk = self._desk()
            self._errands.run(lambda: desk.remove(uid), lambda _none: self.read(), self.banner.show_error)
        elif what == "embed":
            embedding = self._forge.embedding
            self._errands.run(
                lambda: embedding.choose_remote(uid), lambda _job: self.read(), self.banner.show_error, lane="endpoints"
            )

    @Slot(object)
    def _on_data(self, event: DataChanged) -> None:
        if event.what & {"endpoints", "students"} and self._asked_for():
            self.read()

    @Slot(object)
    def _on_job(self, event: JobChanged) -> None:
        if event.kind in ("open_embedder", "embed") and event.state == "done" and self._asked_for():
            self.read()

    def _asked_for(self) -> bool:
        return bool(self._rows) or self.isVisible()


def embedding_words(volume: RemoteVolume) -> tuple[str, str]:
    """What goes where when an endpoint embeds the corpus, and what that costs: a question and its details."""
    where = f"to {volume.host}" if volume.leaves else f"to the server at {volume.host} on this computer"
    title = f"Send {count_words(volume.passages, 'passage')} ({size_words(volume.bytes)}) {where}?"
    parts = []
    if volume.likely is not None and volume.most is not None:
        parts.append(f"It costs about {shown(volume.likely)}, at most {shown(volume.most)}, counted under your caps.")
    parts.append("Each search then sends its question there too.")
    if volume.withheld:
        kept, stay = count_words(volume.withheld, "passage"), "stays" if volume.withheld == 1 else "stay"
        parts.append(f"{kept} of documents that are never sent {stay} here, judged by spelling.")
    else:
        parts.append("No document is in a collection that is never sent; the passages of one that is will stay here.")
    return title, " ".join(parts)
