"""llama-cpp-python's own OpenAI-compatible server with the starter student: a real endpoint, as a child."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import STARTER

_READY = re.compile(r"running on http://127\.0\.0\.1:(\d+)")


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The base address of a server that runs as a child in this folder."""
    command = [sys.executable, "-m", "llama_cpp.server", "--model", str(STARTER), "--host", "127.0.0.1"]
    command += ["--port", "0", "--n_ctx", "4096", "--n_threads", "1", "--n_threads_batch", "1", "--verbose", "false"]
    child = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=folder,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    port: list[str] = []
    said: list[str] = []
    ready = threading.Event()

    def read() -> None:
        assert child.stderr is not None
        for line in child.stderr:
            said.append(line)
            if found := _READY.search(line):
                port.append(found[1])
                ready.set()
        ready.set()

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        assert ready.wait(60)
        assert port, "".join(said[-20:])
        yield f"http://127.0.0.1:{port[0]}/v1"
    finally:
        child.terminate()
        child.wait(10)
        reader.join(5)
        assert child.stderr is not None
        child.stderr.close()
