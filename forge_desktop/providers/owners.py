"""Which process a ledger row belongs to: each holds a lock on a file of its own, so a kill shows at once."""

from __future__ import annotations

import contextlib
import os
import threading
import uuid
from pathlib import Path

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.paths import lock_file

_TRIES = 20


class Owner:
    """A name for this ledger while it is open, that others can see is alive. The system frees the lock of a dead one.

    No pid and no time of start: those repeat, and change with the clock.
    """

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / "ledger-owners"
        self._handle: int | None = None
        self._lock = threading.Lock()
        self.name = ""

    def claim(self) -> None:
        """Be alive, from the first time on. Raises ForgeError where that cannot be shown to others."""
        with self._lock:
            if self._handle is not None:
                return
            try:
                self._folder.mkdir(mode=0o700, exist_ok=True)
                self._take()
            except OSError as error:
                raise ForgeError(
                    f"The ledger cannot say whose its calls are: {self._folder}: {error.strerror or error}.",
                    hint="Free some space, or check the folder's permissions.",
                ) from error

    def alive(self, owner: str) -> bool:
        """Whether that ledger is still open somewhere. The file of a dead one is taken away."""
        if owner and owner == self.name:
            return True
        path = self._folder / Path(owner).name
        try:
            handle = os.open(path, os.O_RDWR)
        except OSError:
            return False
        try:
            lock_file(handle)
            with contextlib.suppress(OSError):
                path.unlink()
        except OSError:
            return True
        finally:
            os.close(handle)
        return False

    def close(self) -> None:
        """Be no longer alive. Safe to call twice."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
            with contextlib.suppress(OSError):
                (self._folder / self.name).unlink()

    def _take(self) -> None:
        for _ in range(_TRIES):
            name = uuid.uuid4().hex
            path = self._folder / name
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            with contextlib.suppress(OSError):
                lock_file(handle)
                if path.exists():  # else somebody took it for a dead one's before it was locked
                    self.name, self._handle = name, handle
                    return
            os.close(handle)
            path.unlink(missing_ok=True)
        raise OSError("files cannot be locked there")
