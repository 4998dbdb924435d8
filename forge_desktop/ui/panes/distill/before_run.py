"""The sheet before a run: how it shall go, what it would cost, what would leave; nothing starts without a cap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QDialog, QFrame, QScrollArea, QWidget

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import JobChanged
from forge_desktop.distill.records import Endpoint
from forge_desktop.distill.records_runs import Quote, RunWish
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.bridge import Bridge
from forge_desktop.ui.panes.distill.quote_view import QuoteView
from forge_desktop.ui.panes.distill.wish_form import WishForm
from forge_desktop.ui.widgets.basics import Button, PrimaryButton, column, label, row

if TYPE_CHECKING:
    from forge_desktop.forge import Forge

_PAUSE_MS = 500  # after the last change before a quote is made anew


class BeforeRunDialog(QDialog):
    """`started` carries the RunWish and the Quote that was shown for it."""

    started = Signal(object, object)

    def __init__(
        self, forge: Forge, bridge: Bridge, teachers: Sequence[Endpoint], queued: int, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Before the run")
        self._forge = forge
        self._job = 0
        self._asked: RunWish | None = None
        self._quote: Quote | None = None
        self.form = WishForm(teachers, queued)
        self.form.changed.connect(self._on_changed)
        self.quote = QuoteView(teachers)
        self.why = label("", tokens.SMALL, cls="muted", wrap=True)
        self.cancel = Button("Cancel")
        self.cancel.setAutoDefault(False)
        self.cancel.clicked.connect(self.reject)
        self.start = PrimaryButton("Start run", "play")
        self.start.clicked.connect(self._on_start)
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._pause.timeout.connect(self._ask)
        bridge.job_changed.connect(self._on_job)
        self._build()
        self.form.cap.setFocus()
        self._ask()

    def _build(self) -> None:
        heading = label("Before the run", tokens.TITLE, 600)
        about = label(
            "Nothing is sent before you press Start. The cap is never passed: a call is reserved at its worst first.",
            tokens.TABLE, cls="muted", wrap=True,
        )  # fmt: skip
        area = QScrollArea()
        area.setAccessibleName("How the run shall go")
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        inside = QWidget()
        inside.setProperty("cls", "flow")
        inside.setLayout(column(self.form, None, gap=0, margins=(0, 0, tokens.MD, 0)))
        area.setWidget(inside)
        area.setMinimumWidth(theme.px(360))
        middle = row(area, self.quote, gap=tokens.LG)
        middle.setStretch(0, 4)
        middle.setStretch(1, 6)
        foot = row(self.cancel, self.why, self.start, gap=tokens.MD)
        foot.setStretch(1, 1)
        content = column(column(heading, about, gap=2), middle, foot, gap=tokens.LG, margins=(20, 16, 20, 16))
        content.setStretch(1, 1)
        self.setLayout(content)
        parent = self.parentWidget()
        window = parent.window() if parent else None
        most = window.size() if window else self.sizeHint()
        self.resize(min(theme.px(980), most.width() - 32), min(theme.px(700), most.height() - 32))

    def show_wish(self, wish: RunWish) -> None:
        """Show how a run shall go; its cap is chosen, so that another one can be typed at once."""
        self.form.show_wish(wish)
        self.form.cap.line.selectAll()
        self._on_changed()

    @Slot()
    def _on_changed(self) -> None:
        self._follow()
        self._pause.start()

    def _follow(self) -> None:
        """Start only where the quote shown is for exactly what the fields say."""
        wish = self.form.wish()
        quoted = self._quote is not None and self._asked == wish
        problem = self.form.problem() or ("" if quoted else "Waiting for the quote of these settings …")
        if not problem and self._quote is not None and not self._quote.tasks:
            problem = "No task waits in the queue."
        if not problem and self._quote is not None and self._quote.blocked and not self._quote.unasked:
            problem = "Nobody can be asked: see beside why."
        self.why.setText(problem)
        self.start.setEnabled(not problem)

    @Slot()
    def _ask(self) -> None:
        wish = self.form.wish()
        if wish == self._asked and self._quote is not None:
            self._follow()
            return
        if self._job:
            self._forge.jobs.cancel(self._job)
        self._quote, self._asked = None, wish
        self.quote.show_working()
        self._follow()
        try:
            self._job = self._forge.distill.quote(wish)
        except ForgeError as error:
            self.quote.problem.show_error(error)

    @Slot(object)
    def _on_job(self, event: JobChanged) -> None:
        if event.job_id != self._job or event.state not in ("done", "failed", "cancelled"):
            return
        self._job = 0
        if isinstance(event.result, Quote) and self._asked is not None:
            self._quote = event.result
            self.quote.show_quote(event.result, self._asked)
            self.form.show_batch(any(t.batch_likely is not None and not t.problem for t in event.result.teachers))
        elif isinstance(event.error, ForgeError):
            self.quote.problem.show_error(event.error)
        self._follow()

    @Slot()
    def _on_start(self) -> None:
        self.started.emit(self.form.wish(), self._quote)
        self.accept()

    def done(self, result: int) -> None:
        if self._job:
            self._forge.jobs.cancel(self._job)
        super().done(result)
