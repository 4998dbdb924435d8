"""Has the preview show what is edited: the field or the section of the form, or the line of the source."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtWidgets import QApplication, QWidget

from forge_desktop.cards.fields import BY_KEY
from forge_desktop.ui.panes.cards.field_row import FieldRow
from forge_desktop.ui.panes.cards.form import CardForm
from forge_desktop.ui.panes.cards.preview import Preview
from forge_desktop.ui.panes.cards.preview_spots import spot_at, spot_of
from forge_desktop.ui.panes.cards.source import SourceView

_PAUSE_MS = 120  # after the cursor of the source moved


class Following(QObject):
    """Lives with the editor whose parts these are."""

    def __init__(self, form: CardForm, source: SourceView, preview: Preview, parent: QObject) -> None:
        super().__init__(parent)
        self._form, self._source, self._preview = form, source, preview
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._pause.timeout.connect(self._on_line)
        form.typed.connect(self._show)
        form.section_changed.connect(self._on_section)
        source.text.cursorPositionChanged.connect(self._on_cursor)
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.focusChanged.connect(self._on_focus)

    @Slot(str)
    def _show(self, key: str) -> None:
        self._preview.follow(lambda parts: spot_of(parts, key))

    @Slot(QWidget, QWidget)
    def _on_focus(self, _old: QWidget | None, now: QWidget | None) -> None:
        if (made := self._row(now)) is not None:
            self._show(made.field.key)
        elif now is self._source.text:
            self._pause.start()

    @Slot(str)
    def _on_section(self, key: str) -> None:
        """The form shows another section, unless it only scrolls around the field that has the cursor."""
        made = self._row(QApplication.focusWidget())
        if made is None or BY_KEY[made.field.key].section != key:
            self._show(key)

    @Slot()
    def _on_cursor(self) -> None:
        if self._source.text.hasFocus():
            self._pause.start()

    @Slot()
    def _on_line(self) -> None:
        spot = spot_at(self._source.text.toPlainText(), self._source.text.textCursor().position())
        self._preview.follow(lambda _parts: spot)

    def _row(self, widget: QWidget | None) -> FieldRow | None:
        """The field that a widget is part of."""
        if widget is None or not self._form.isAncestorOf(widget):
            return None
        while widget is not None and not isinstance(widget, FieldRow):
            widget = widget.parentWidget()
        return widget
