"""Calls a teacher again and again, each time in a fresh process that kills itself at a marked point of one call.

`python -m tests.providers.killed_caller DIRECTORY ENDPOINT KILLS TASKS THREADS`: forks, so that Python starts once. The
points are put around the room's own methods from outside; the product knows nothing of them.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from forge_desktop.providers import calling, connecting, hearing, http
from forge_desktop.providers.records import Endpoint
from tests.providers.room import Room, asked, open_room, work

POINTS = (
    "before reserve",
    "after reserve",
    "after connect",
    "after headers",
    "mid stream",
    "after last byte",
    "before settle",
    "after settle",
)


def main(arguments: list[str]) -> int:
    """Kill as often as wished, then let one process finish; prints how each of them ended."""
    directory, endpoint = Path(arguments[0]), arguments[1]
    kills, tasks, threads = map(int, arguments[2:5])
    for n in range(kills):
        ended = _forked(lambda n=n: _work(directory, endpoint, tasks, threads, POINTS[n % len(POINTS)]))  # type: ignore[misc]
        print(POINTS[n % len(POINTS)], ended, flush=True)
    print("end", _forked(lambda: _work(directory, endpoint, tasks, threads, "")), flush=True)
    return 0


def _forked(act: Callable[[], None]) -> int:
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    try:
        act()
    except BaseException as error:  # the child of a test: it says what happened and never returns
        print(repr(error), file=sys.stderr, flush=True)
        os._exit(1)
    os._exit(0)


def _work(directory: Path, endpoint: str, tasks: int, threads: int, point: str) -> None:
    with open_room(directory) as room:
        if point:
            _mark(room, point)
        found = room.providers.endpoints.get(endpoint)
        with ThreadPoolExecutor(threads) as workers:
            list(workers.map(lambda n: _ask(room, found, n), range(tasks)))


def _ask(room: Room, endpoint: Endpoint, n: int) -> None:
    room.providers.ask(endpoint.uid, asked(f"Question {n}"), work(f"task-{n}"))


def _mark(room: Room, point: str) -> None:
    """Die at this point of the first call that reaches it and is not answered from what was paid."""
    ledger = room.providers.ledger
    if point in ("before reserve", "after reserve"):
        _around(ledger, "reserve", point)
    elif point == "after connect":
        _around(connecting.Network, "connect_tcp", point)
    elif point == "after headers":
        _around(http.Incoming, "__init__", point)
    elif point == "mid stream":
        _around(hearing.Timing, "came", point)
    elif point == "after last byte":
        _around(calling, "heard", point)
    else:
        _around(ledger, "settle", point)


def _around(place: Any, name: str, point: str) -> None:
    inner, lock = getattr(place, name), threading.Lock()

    def dying(*arguments: Any, **named: Any) -> Any:
        if point.startswith("before"):
            with lock:
                os.kill(os.getpid(), signal.SIGKILL)
        found = inner(*arguments, **named)
        with lock:
            os.kill(os.getpid(), signal.SIGKILL)
        return found

    setattr(place, name, dying)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
