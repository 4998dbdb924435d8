"""The list of conversations: search, new, open, rename in place, delete."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import (
    QAbstractItemModel,
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
    QTimer,
    Signal,
    Slot,
)
from PySide6.QtGui import QColor, QFocusEvent, QFontMetrics, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QLineEdit,
    QListView,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from forge_desktop.chat.records import Conversation
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.widgets.basics import IconButton, column, label, row, search_field, show_ring
from forge_desktop.ui.widgets.words import moment_words

_Index = QModelIndex | QPersistentModelIndex
_ROW = 58
_SEARCH_PAUSE = 150  # ms after the last key


class ConversationModel(QAbstractListModel):
    """The conversations shown. Renaming emits `renamed`; the title changes when the new list arrives."""

    renamed = Signal(int, str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._rows: list[Conversation] = []

    def show_rows(self, rows: Sequence[Conversation]) -> None:
        """Show another list; the same ids in the same order only repaint, so selection and editor stay."""
        same = [r.id for r in rows] == [r.id for r in self._rows]
        if same:
            self._rows = list(rows)
            if rows:
                self.dataChanged.emit(self.index(0), self.index(len(rows) - 1))
            return
        self.beginResetModel()
        self._rows = list(rows)
        self.endResetModel()

    def conversation(self, index: _Index) -> Conversation | None:
        """The conversation of a row."""
        return self._rows[index.row()] if index.isValid() and index.row() < len(self._rows) else None

    def row_of(self, conversation_id: int | None) -> QModelIndex:
        """Where a conversation is; invalid when it is not listed."""
        found = next((i for i, r in enumerate(self._rows) if r.id == conversation_id), None)
        return QModelIndex() if found is None else self.index(found)

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self._rows)

    def flags(self, index: _Index) -> Qt.ItemFlag:
        return super().flags(index) | Qt.ItemFlag.ItemIsEditable

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        found = self.conversation(index)
        if found is None:
            return None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return title_words(found)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{title_words(found)}, {moment_words(found.updated)}, {found.snippet}"
        if role == Qt.ItemDataRole.UserRole:
            return found
        return None

    def setData(self, index: _Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:
        found, title = self.conversation(index), str(value).strip()
        if found is None or role != Qt.ItemDataRole.EditRole or not title or title == found.title:
            return False
        self.renamed.emit(found.id, title)
        return True


def title_words(conversation: Conversation) -> str:
    """Its title, or what stands for one before the first question."""
    return conversation.title or "New conversation"


class _RowPainter(QStyledItemDelegate):
    """Title, time and the beginning of the last message, in two lines."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(theme.px(200), theme.px(_ROW))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        found = index.data(Qt.ItemDataRole.UserRole)
        if not isinstance(found, Conversation):
            return
        colours = theme.current()
        whole: QRect = option.rect
        state: QStyle.StateFlag = option.state
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(whole).adjusted(8, 2, -8, -2)
        if state & QStyle.StateFlag.State_Selected:
            painter.setPen(QPen(QColor(colours.border), 1))
            painter.setBrush(QColor(colours.surface))
            painter.drawRoundedRect(area.adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.hover))
            painter.drawRoundedRect(area, 8, 8)
        if state & QStyle.StateFlag.State_HasFocus and option.widget.property("ring") == "1":
            painter.setPen(QPen(QColor(colours.focus), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(area.adjusted(1, 1, -1, -1), 8, 8)
        self._texts(painter, area.adjusted(12, 8, -12, -8), found)
        painter.restore()

    def _texts(self, painter: QPainter, area: QRectF, found: Conversation) -> None:
        colours = theme.current()
        mirrored = painter.layoutDirection() == Qt.LayoutDirection.RightToLeft
        near = Qt.AlignmentFlag.AlignRight if mirrored else Qt.AlignmentFlag.AlignLeft
        far = Qt.AlignmentFlag.AlignLeft if mirrored else Qt.AlignmentFlag.AlignRight
        middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignAbsolute
        upper = QRectF(area.left(), area.top(), area.width(), theme.px(18))
        lower = QRectF(area.left(), area.bottom() - theme.px(18), area.width(), theme.px(18))
        when = moment_words(found.updated)
        face = theme.font(tokens.CAPTION, tabular=True)
        room = QFontMetrics(face).horizontalAdvance(when) + 8
        painter.setFont(face)
        painter.setPen(QColor(colours.muted))
        painter.drawText(upper, middle | far, when)
        title = upper.adjusted(room, 0, 0, 0) if mirrored else upper.adjusted(0, 0, -room, 0)
        for box, size, weight, colour, text in (
            (title, tokens.TABLE, 600, colours.text, title_words(found)),
            (lower, tokens.SMALL, 400, colours.muted, " ".join(found.snippet.split())),
        ):
            face = theme.font(size, weight)
            shown = QFontMetrics(face).elidedText(text, Qt.TextElideMode.ElideRight, int(box.width()))
            painter.setFont(face)
            painter.setPen(QColor(colour))
            painter.drawText(box, middle | near, shown)

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: _Index) -> QWidget:
        editor = QLineEdit(parent)
        editor.setAccessibleName("Conversation title")
        editor.setMaxLength(200)
        editor.setFont(theme.font(tokens.TABLE, 600))
        return editor

    def setEditorData(self, editor: QWidget, index: _Index) -> None:
        if isinstance(editor, QLineEdit):
            editor.setText(str(index.data(Qt.ItemDataRole.EditRole)))
            editor.selectAll()

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: _Index) -> None:
        if isinstance(editor, QLineEdit):
            model.setData(index, editor.text(), Qt.ItemDataRole.EditRole)

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: _Index) -> None:
        whole: QRect = option.rect
        editor.setGeometry(whole.adjusted(12, 12, -12, -12))


class _List(QListView):
    """The view: Del deletes, F2 renames, a context menu offers both."""

    delete_pressed = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Delete and not event.modifiers():
            self.delete_pressed.emit()
            return
        super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        show_ring(self, event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        show_ring(self, event)


class ConversationList(QFrame):
    """The side of the pane. Signals carry ids; it stores nothing itself."""

    opened = Signal(int)
    new_pressed = Signal()
    renamed = Signal(int, str)
    deleted = Signal(list)
    export_pressed = Signal(int)
    searched = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("cls", "side")
        self.setFixedWidth(theme.px(248))
        new = IconButton("message-square-plus", "New conversation", "New conversation (Ctrl+N)", size=18)
        new.clicked.connect(self.new_pressed)
        self.field = search_field("Search conversations")
        self._pause = QTimer(self, singleShot=True, interval=_SEARCH_PAUSE)
        self._pause.timeout.connect(self._on_pause)
        self.field.textChanged.connect(self._pause.start)
        self.model = ConversationModel(self)
        self.model.renamed.connect(self.renamed)
        self.view = _List()
        self.view.setProperty("cls", "sideList")
        self.view.setModel(self.model)
        self.view.setItemDelegate(_RowPainter(self.view))
        self.view.setFrameShape(QFrame.Shape.NoFrame)
        self.view.setAccessibleName("Conversations")
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.view.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.view.setUniformItemSizes(True)
        self.view.setMouseTracking(True)
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.view.customContextMenuRequested.connect(self._on_menu)
        self.view.delete_pressed.connect(self._on_delete)
        self.view.clicked.connect(self._on_chosen)
        self.view.activated.connect(self._on_chosen)
        self.view.selectionModel().currentChanged.connect(self._on_current)
        self._nothing = label("", tokens.SMALL, cls="muted", wrap=True)
        self._nothing.setContentsMargins(20, 8, 16, 0)
        self._nothing.hide()
        self._showing = False
        head = row(label("Chat", tokens.TITLE, 600), None, new, margins=(16, 14, 12, 2))
        self.setLayout(column(head, row(self.field, margins=(16, 0, 16, 6)), self._nothing, self.view, gap=4))

    def show_conversations(self, rows: Sequence[Conversation], current: int | None) -> None:
        """Show this list with `current` chosen."""
        self._showing = True
        self.model.show_rows(rows)
        index = self.model.row_of(current)
        if index != self.view.currentIndex() or not index.isValid():
            self.view.setCurrentIndex(index)
            if not index.isValid():
                self.view.clearSelection()
        self._showing = False
        searching = bool(self.field.text().strip())
        self._nothing.setText("No conversation has these words." if searching else "Your conversations will be here.")
        self._nothing.setVisible(not rows)

    def choose(self, conversation_id: int | None) -> None:
        """Mark one as open without opening it again."""
        self._showing = True
        index = self.model.row_of(conversation_id)
        self.view.setCurrentIndex(index)
        if not index.isValid():
            self.view.clearSelection()
        self._showing = False

    def chosen(self) -> list[int]:
        """The selected conversations."""
        found = (self.model.conversation(index) for index in self.view.selectionModel().selectedIndexes())
        return [conversation.id for conversation in found if conversation]

    def begin_rename(self) -> None:
        """Edit the current title in place."""
        if self.view.currentIndex().isValid():
            self.view.edit(self.view.currentIndex())

    @Slot(QModelIndex, QModelIndex)
    def _on_current(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if not self._showing:
            self._on_chosen(current)

    @Slot(QModelIndex)
    def _on_chosen(self, index: QModelIndex) -> None:
        found = self.model.conversation(index)
        if found and len(self.chosen()) <= 1:
            self.opened.emit(found.id)

    @Slot()
    def _on_delete(self) -> None:
        if chosen := self.chosen():
            self.deleted.emit(chosen)

    @Slot()
    def _on_pause(self) -> None:
        self.searched.emit(self.field.text().strip())

    @Slot(QPoint)
    def _on_menu(self, at: QPoint) -> None:
        index = self.view.indexAt(at)
        found = self.model.conversation(index)
        if found is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        many = len(self.chosen()) > 1
        if not many:
            menu.addAction(theme.icon("pencil"), "Rename\tF2", self.begin_rename)
            menu.addAction(theme.icon("download"), "Export as Markdown…", lambda: self.export_pressed.emit(found.id))
        menu.addAction(
            theme.icon("trash-2"), f"Delete {len(self.chosen())}" if many else "Delete\tDel", self._on_delete
        )
        menu.popup(self.view.viewport().mapToGlobal(at))
