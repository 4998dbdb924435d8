"""One window per data directory: a second start knocks on the first one's local socket, which comes to the front."""

from __future__ import annotations

import hashlib
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtNetwork import QLocalServer, QLocalSocket

_ANSWER = b"here"


class Instance(QObject):
    """`knock` asks a window that is already open to come forward; `listen` answers such knocks with `knocked`.

    The owner lock of the data directory is what keeps two processes apart; this only finds the first one's window.
    """

    knocked = Signal()

    def __init__(self, data_dir: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        digest = hashlib.sha256(str(data_dir.resolve()).encode("utf-8", "surrogateescape")).hexdigest()
        self._name = f"forge-desktop-{digest[:24]}"
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._on_connection)

    def knock(self, patience_ms: int = 1500) -> bool:
        """Whether a window for this directory is open; it has been asked to come forward."""
        socket = QLocalSocket()
        socket.connectToServer(self._name)
        if not socket.waitForConnected(patience_ms):
            return False
        answered = socket.waitForReadyRead(patience_ms) and bytes(socket.readAll().data()) == _ANSWER
        socket.disconnectFromServer()
        return answered

    def listen(self) -> None:
        """Answer from now on. Only for the process that holds the owner lock: a leftover of a crash is replaced."""
        QLocalServer.removeServer(self._name)
        self._server.listen(self._name)

    def close(self) -> None:
        """Answer no more."""
        self._server.close()

    @Slot()
    def _on_connection(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            socket.disconnected.connect(socket.deleteLater)
            socket.write(_ANSWER)
            socket.flush()
            self.knocked.emit()
