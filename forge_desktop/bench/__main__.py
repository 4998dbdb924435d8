"""Picks the measurement by its name and hands it the rest of the command line."""

from __future__ import annotations

import importlib
import sys

from forge_desktop.base.errors import ForgeError

SUBJECTS = {
    "engine": "answering with a student, beside bare llama.cpp",
    "retrieval": "searching, beside rank_bm25",
    "quality": "ranking of judged collections, by words alone and with vectors",
    "vectors": "finding the nearest of a million vectors",
    "index": "reading, splitting and indexing documents",
    "trainer": "training an adapter, beside transformers and peft",
    "loop": "facts learnt, judged by a gate, promoted and taken back",
    "startup": "from the command to the first paint",
    "cards": "opening a card with 200 rows in the window",
    "versions": "promoting a version and going back",
    "distill": "a run of distillation against a slow teacher on loopback",
    "dedupe": "finding lessons that say the same, and what a suite holds",
    "ledger": "reserving, sending and settling calls, and reading a large ledger",
}


def main(arguments: list[str]) -> int:
    """Run one measurement; the exit status."""
    if not arguments or arguments[0] not in SUBJECTS:
        print("usage: python -m forge_desktop.bench SUBJECT [--json]", file=sys.stderr)
        for name, what in SUBJECTS.items():
            print(f"  {name:10} {what}", file=sys.stderr)
        return 2
    try:
        status: int = importlib.import_module(f"forge_desktop.bench.{arguments[0]}").run(arguments[1:])
    except ForgeError as error:
        print(f"{error.message} {error.hint}".strip(), file=sys.stderr)
        return 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
