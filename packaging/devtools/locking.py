"""Writes the lock files from the .in files, with uv: every package, every platform, every file's sha256."""

from __future__ import annotations

import shutil

from devtools.locks import LOCKS, parse
from devtools.steps import Problem, run, say


def lock() -> int:
    """Write packaging/lock/*.txt anew. Versions already locked stay unless a .in file forbids them."""
    uv = shutil.which("uv")
    if uv is None:
        raise Problem("Locking needs uv: install it with `pipx install uv` and try again.")
    for name in ("runtime", "dev", "build", "trainer"):
        target = LOCKS / f"{name}.txt"
        run(
            [uv, "pip", "compile", LOCKS / f"{name}.in", "-o", target, "--universal", "--python-version", "3.11",
             "--generate-hashes", "--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links", "-q"],
            failed=f"{target.name} could not be written.",
        )  # fmt: skip
        say(f"{target.name}: {len(parse(target.read_text(encoding='utf-8')))} packages")
    return 0
