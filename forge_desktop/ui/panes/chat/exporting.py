"""A conversation as a Markdown file, citations and their sources included."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QDir, QObject, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.paths import shown_path, write_atomically
from forge_desktop.chat.records import ChatMessage
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.panes.chat.words import model_words, source_place, thought_words
from forge_desktop.ui.widgets.basics import Notice

if TYPE_CHECKING:
    from forge_desktop.chat import Chat

_NOT_IN_NAMES = re.compile(r'[\\/:*?"<>|\x00-\x1f]+')


def file_stem(title: str) -> str:
    """A file name made of the title, fit for every system."""
    words = " ".join(_NOT_IN_NAMES.sub(" ", title).split())
    return words[:80].strip(" .") or "conversation"


def conversation_markdown(title: str, messages: Sequence[ChatMessage]) -> str:
    """The shown branch: questions as quotations, answers with [n] behind their sentences, sources listed below each."""
    parts = [f"# {' '.join(title.split()) or 'Conversation'}"]
    for message in messages:
        if message.summary:
            parts.append(_folded("Earlier turns were summarised", message.summary))
        if message.role == "user":
            parts.append("\n".join(f"> {line}" for line in message.text.splitlines()))
            continue
        if message.thinking.strip():
            parts.append(_folded(thought_words(message.provenance.get("thought_ms")), message.thinking))
        parts.append(with_numbers(message))
        if message.state != "complete":
            parts.append(f"*({message.problem or message.state})*")
        used = sorted((s for s in message.sources if s.cited), key=lambda s: s.n)
        if used:
            parts.append("\n".join(f"- [{s.n}] {shown_path(s.path)}, {source_place(s)}" for s in used))
        if by := model_words(message):
            parts.append(f"*{by}*")
    return "\n\n".join(parts) + "\n"


def with_numbers(message: ChatMessage) -> str:
    """The answer's text with [n] behind each supported sentence."""
    text = message.text
    for sentence in sorted(message.sentences, key=lambda s: s.end, reverse=True):
        if sentence.sources:
            body = text[sentence.start : sentence.end].rstrip()
            at = sentence.start + len(body)
            text = text[:at] + " " + "".join(f"[{n}]" for n in sentence.sources) + text[at:]
    return text


def _folded(heading: str, text: str) -> str:
    return f"<details><summary>{heading}</summary>\n\n{text.strip()}\n\n</details>"


def save(path: Path, text: str) -> None:
    """Write the file whole or not at all. Raises ForgeError naming it."""
    try:
        write_atomically(path, text.encode("utf-8", "replace"))
    except OSError as error:
        raise ForgeError(
            f"{shown_path(str(path))} could not be written: {error.strerror or error}.",
            hint="Choose another folder and export again.",
        ) from error


class Exporter(QObject):
    """Asks for a file, without blocking the window, and writes the conversation into it from a job."""

    exported = Signal(object)
    failed = Signal(object)

    def __init__(self, window: QWidget, chat: Chat, errands: Errands) -> None:
        super().__init__(window)
        self._window, self._chat, self._errands = window, chat, errands

    @Slot(int)
    def export(self, conversation_id: int, title: str = "") -> None:
        """Let the person choose a file for this conversation."""
        dialog = QFileDialog(self._window, "Export conversation")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter("Markdown (*.md)")
        dialog.setDefaultSuffix("md")
        dialog.setDirectory(QDir.homePath())
        dialog.selectFile(f"{file_stem(title)}.md")
        dialog.fileSelected.connect(lambda name: self.save(conversation_id, title, Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def save(self, conversation_id: int, title: str, path: Path) -> None:
        """Write the conversation into the file."""

        def work() -> None:
            found = title or next((c.title for c in self._chat.conversations() if c.id == conversation_id), "")
            save(path, conversation_markdown(found, self._chat.messages(conversation_id)))

        def written(_none: None) -> None:
            self.exported.emit(Notice(f"Exported to {path.name}", icon="download"))

        self._errands.run(work, written, self.failed.emit)
