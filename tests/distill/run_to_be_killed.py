"""A process that works on the queue until it is killed: `python run_to_be_killed.py DATA_DIR CAP CONCURRENCY`."""

from __future__ import annotations

import sys
from pathlib import Path

from forge_desktop.distill.records_runs import RunWish
from forge_desktop.forge import Forge


def main() -> None:
    forge = Forge(Path(sys.argv[1]), holder="killed")
    forge.engine.use(None)
    print("open", flush=True)
    forge.jobs.wait(forge.distill.run(RunWish(cap=int(sys.argv[2]), concurrency=int(sys.argv[3]), max_tokens=256)))
    print("done", flush=True)
    forge.close()


if __name__ == "__main__":
    main()
