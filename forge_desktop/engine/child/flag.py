"""The file that parent and child share, read between tokens: stop, somebody is waiting, threads to use."""

from __future__ import annotations

import ctypes
import mmap

_SIZE = 64
_CANCEL, _WAITING, _THREADS = 0, 1, 2  # places of the bytes; the parent writes them, the child only reads


class Stopped(Exception):  # noqa: N818 - the user asked for it
    """The cancel byte was set."""


class Flag:
    """The shared bytes. `address` is where the cancel byte lies, for llama.cpp's abort callback.

    Without a file nothing is ever asked for, which is what contexts outside the child need.
    """

    def __init__(self, path: str | None = None) -> None:
        if path is None:
            self._bytes = mmap.mmap(-1, _SIZE)
        else:
            with open(path, "r+b") as file:
                self._bytes = mmap.mmap(file.fileno(), _SIZE)
        self.address: int = ctypes.addressof((ctypes.c_char * _SIZE).from_buffer(self._bytes))

    def cancelled(self) -> bool:
        """Whether the parent no longer wants what is being computed."""
        return self._bytes[_CANCEL] != 0

    def waiting(self) -> bool:
        """Whether a person's question waits for background work to give way."""
        return self._bytes[_WAITING] != 0

    def threads(self) -> int:
        """Threads to compute with from now on; 0 for as many as were loaded with."""
        return self._bytes[_THREADS]
