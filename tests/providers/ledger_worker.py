"""A process that spends from a shared ledger, and may end at any point: run by the tests, never imported by them.

The endpoint's own bill is a file that is appended to when a call has been sent, as an endpoint bills what reaches it.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from forge_desktop.providers.clock import SystemClock
from forge_desktop.providers.errors import CapReached
from forge_desktop.providers.ledger import Ledger, NewAnswer, NewAttempt
from forge_desktop.providers.records import Purpose, Usage
from forge_desktop.storage import Database


def work(data_dir: Path, wish: dict[str, Any], seed: int, fate: tuple[int, str] | None = None) -> None:
    """Spend with so many threads until the tasks or the cap end; `fate` is the call and the point to be killed at."""
    database = Database(data_dir / "forge.db")
    ledger = Ledger(database, data_dir, SystemClock())
    ledger.recover()
    ledger.open_run("run", wish["cap"])
    bill = os.open(data_dir / "bill", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    calls, lock = iter(range(wish["tasks"])), threading.Lock()

    def spend(thread: int) -> None:
        chance = random.Random(f"{seed} {thread}")
        while True:
            with lock:
                n = next(calls, None)
            if n is None:
                return

            def point(name: str, n: int = n) -> None:
                if fate == (n, name):
                    os.kill(os.getpid(), signal.SIGKILL)

            worst = chance.randint(1, wish["worst"]) if wish["threads"] > 1 else wish["worst"]
            cost = chance.randint(worst // 10, worst)
            purpose = Purpose("teacher", "run", f"{seed}-{n}", "answer")
            point("before reserve")
            try:
                attempt = ledger.reserve(NewAttempt("e", "E", "m", purpose, "0" * 64, "1" * 64, worst))
            except CapReached:
                if wish["threads"] == 1:
                    return
                continue
            point("after reserve")
            ledger.sent(attempt)
            point("after sent")
            os.write(bill, b"%d\n" % cost)
            point("before settle")
            ledger.settle(attempt, Usage(1, 1), cost, NewAnswer("a", "", "end", 1.0, None))
            point("after settle")

    threads = [threading.Thread(target=spend, args=(n,)) for n in range(wish["threads"])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ledger.close()
    database.close()


def main() -> None:
    """As told by the JSON on the command line: each fate in a process of its own, then one that lives to the end."""
    data_dir, wish = Path(sys.argv[1]), json.loads(sys.argv[2])
    if "alone" in wish:  # killed from outside
        work(data_dir, wish, wish["seed"])
        return
    for seed, fate in enumerate([*map(tuple, wish.get("fates", [])), None], wish["seed"]):
        child = os.fork()
        if child == 0:
            try:
                work(data_dir, wish, seed, fate)  # type: ignore[arg-type]
            except BaseException as error:
                print(repr(error), file=sys.stderr, flush=True)
                os._exit(1)
            os._exit(0)
        _pid, status = os.waitpid(child, 0)
        if os.waitstatus_to_exitcode(status) != (0 if fate is None else -signal.SIGKILL):
            sys.exit(f"fate {fate} of seed {seed} ended with {status}")


if __name__ == "__main__":
    main()
