"""A child never outlives its parent, however either of them ends or hangs: the system itself sees to it.

Every child also leaves at the end of its input (see child.py); that needs the child's interpreter, which native code
may be holding. So on Linux the child asks the kernel to kill it when a pipe closes whose other end only the parent has
(not PR_SET_PDEATHSIG, which kills when the thread that started the child ends). On Windows a job object does the same;
that part was not tried. On a Mac the end of the input is all there is.
"""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import threading
from typing import Any

_NAME = "FORGE_LIFELINE"


class Lifeline:
    """The parent's end: `options` and `environment` are for Popen; then `attach`; `close` when the child is gone."""

    def __init__(self) -> None:
        self.options: dict[str, Any] = {}
        self.environment: dict[str, str] = {}
        self._ends: list[int] = []
        self._job: object = None
        self._closing = threading.Lock()  # a number closed twice could be another file's by then
        if sys.platform.startswith("linux"):
            theirs, ours = os.pipe()  # neither is inherited by any other child
            self._ends = [theirs, ours]
            self.options["pass_fds"] = (theirs,)
            self.environment[_NAME] = str(theirs)

    def attach(self, process: subprocess.Popen[bytes]) -> None:
        """The child runs: from here on only it holds the other end."""
        if self._ends:
            os.close(self._ends.pop(0))
        if sys.platform == "win32":
            self._job = _job_with(process)

    def close(self) -> None:
        """Let go. A child that still runs is ended by the system. Safe to call twice."""
        with self._closing:
            while self._ends:
                os.close(self._ends.pop())
            if sys.platform == "win32" and self._job is not None:
                _kernel32().CloseHandle(self._job)
                self._job = None


def hold_on() -> None:
    """The child's end, first thing in its life: from here on the kernel kills it when the parent is gone."""
    if not sys.platform.startswith("linux") or _NAME not in os.environ:
        return
    import fcntl
    import signal

    line = int(os.environ.pop(_NAME))
    with contextlib.suppress(OSError):  # a kernel without it: the end of the input remains
        os.set_inheritable(line, False)
        fcntl.fcntl(line, getattr(fcntl, "F_SETSIG", 10), signal.SIGKILL)  # Python names it only from 3.12 on
        fcntl.fcntl(line, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(line, fcntl.F_SETFL, fcntl.fcntl(line, fcntl.F_GETFL) | os.O_ASYNC)
        if select.select([line], [], [], 0)[0]:  # it was gone before the kernel was asked
            os._exit(0)


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    _LIMITS, _KILL_ON_CLOSE = 9, 0x2000  # JobObjectExtendedLimitInformation, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE

    class _JobLimits(ctypes.Structure):
        """JOBOBJECT_EXTENDED_LIMIT_INFORMATION; only the flags are set."""

        _fields_ = (
            ("times", ctypes.c_int64 * 2),
            ("flags", wintypes.DWORD),
            ("working_set", ctypes.c_size_t * 2),
            ("processes", wintypes.DWORD),
            ("affinity", ctypes.c_size_t),
            ("priorities", wintypes.DWORD * 2),
            ("io_counters", ctypes.c_uint64 * 6),
            ("memory", ctypes.c_size_t * 4),
        )

    def _kernel32() -> Any:
        library = ctypes.WinDLL("kernel32", use_last_error=True)
        library.CreateJobObjectW.restype = wintypes.HANDLE
        library.CreateJobObjectW.argtypes = [ctypes.c_void_p, wintypes.LPCWSTR]
        library.SetInformationJobObject.argtypes = [wintypes.HANDLE, ctypes.c_int, ctypes.c_void_p, wintypes.DWORD]
        library.AssignProcessToJobObject.argtypes = [wintypes.HANDLE, wintypes.HANDLE]
        library.CloseHandle.argtypes = [wintypes.HANDLE]
        return library

    def _job_with(process: subprocess.Popen[bytes]) -> object:
        """A job that holds this process and ends it when its last handle is closed, as at the parent's death."""
        library = _kernel32()
        job = library.CreateJobObjectW(None, None)
        limits = _JobLimits(flags=_KILL_ON_CLOSE)
        if job and library.SetInformationJobObject(job, _LIMITS, ctypes.byref(limits), ctypes.sizeof(limits)):
            library.AssignProcessToJobObject(job, int(process._handle))
        return job
