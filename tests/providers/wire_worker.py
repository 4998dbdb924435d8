"""A process that asks a real teacher for a shared run and may end at any marked point; the tests start it.

The points are put around the product's own methods from outside; the product knows nothing of them.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import Events
from forge_desktop.base.settings import SettingsFile
from forge_desktop.providers import Providers, calling
from forge_desktop.providers.errors import CallFailed, CapReached
from forge_desktop.providers.http import Door
from forge_desktop.providers.ledger import Ledger
from forge_desktop.providers.records import ChatRequest, Purpose, Turn
from forge_desktop.storage import Database


class Fate:
    """Kills this process when it comes to a point for the n-th time."""

    def __init__(self, point: str, nth: int) -> None:
        self._point, self._left, self._lock = point, nth, threading.Lock()

    def at(self, point: str) -> None:
        """Here the process may end."""
        if not point or point != self._point:
            return
        with self._lock:
            self._left -= 1
            if self._left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def mark(self) -> None:
        """Put the points around what the product does."""
        self._around(Ledger, "reserve", "before reserve", "after reserve")
        self._around(Ledger, "settle", "before settle", "after settle")
        heard, send = calling.heard, Door.send

        def hear(*given: Any, **named: Any) -> Any:
            said = heard(*given, **named)
            self.at("after last byte")
            return said

        @contextlib.contextmanager
        def sending(*given: Any, **named: Any) -> Iterator[Any]:
            with send(*given, **named) as incoming:
                self.at("after headers")
                yield incoming

        calling.heard, Door.send = hear, sending  # type: ignore[assignment, method-assign]

    def _around(self, owner: type, name: str, before: str, after: str) -> None:
        inner: Callable[..., Any] = getattr(owner, name)

        def marked(*given: Any, **named: Any) -> Any:
            self.at(before)
            made = inner(*given, **named)
            self.at(after)
            return made

        setattr(owner, name, marked)


def task_name(n: int) -> str:
    """The n-th task of the run."""
    return f"task-{n:05d}"


def question(task: str) -> ChatRequest:
    """As long for every task, so that every call has the same worst case."""
    return ChatRequest((Turn("user", f"What is the answer to {task}?"),), max_tokens=64)


def work(data_dir: Path, wish: dict[str, Any], fate: Fate) -> None:
    """Ask for all tasks of the run with so many threads, until they or the cap come to an end."""
    fate.mark()
    events = Events()
    database = Database(data_dir / "forge.db")
    providers = Providers(database, events, SettingsFile(data_dir / "settings.json", events), data_dir)
    tasks: queue.SimpleQueue[str] = queue.SimpleQueue()
    for n in range(*wish["tasks"]):
        tasks.put(task_name(n))

    def ask_all() -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                task = tasks.get_nowait()
                try:
                    providers.ask(
                        "Teacher",
                        question(task),
                        Purpose("teacher", "run-1", task, "answer"),
                        on_text=lambda _: fate.at("in the stream"),
                    )
                except CallFailed:
                    continue
                except CapReached as error:
                    if not error.budget.reserved:
                        return
                    tasks.put(task)  # what others have reserved may yet be given back

    threads = [threading.Thread(target=ask_all) for _ in range(wish["threads"])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    providers.close()
    database.close()


def main() -> None:
    """As told by the JSON on the command line: each fate in a process of its own, then one that lives to the end."""
    data_dir, wish = Path(sys.argv[1]), json.loads(sys.argv[2])
    import httpx  # noqa: F401 - once for all processes: it is slow to import

    for point, nth in [*wish["fates"], ("", 0)]:
        child = os.fork()
        if child == 0:
            try:
                work(data_dir, wish, Fate(point, nth))
            except (Exception, ForgeError) as error:
                print(repr(error), file=sys.stderr, flush=True)
                os._exit(1)
            os._exit(0)
        _pid, status = os.waitpid(child, 0)
        if os.waitstatus_to_exitcode(status) not in (0, -signal.SIGKILL):
            sys.exit(f"{point} {nth} ended with {status}")
        print(point if os.WIFSIGNALED(status) else "", flush=True)


if __name__ == "__main__":
    main()
