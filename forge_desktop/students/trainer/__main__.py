"""The trainer's process: `run FOLDER`, `measure FOLDER`, `probe` or `ray FOLDER …`; it talks in frames."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from pathlib import Path
from typing import IO

from .job import FAILED, BadJob
from .talk import Talk


def main(arguments: list[str]) -> int:
    """Do what is asked and return the process's status."""
    sink = _own_output()
    _before_torch()
    verb, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    if verb not in ("run", "measure", "probe", "ray") or (verb != "probe" and not rest):
        print("usage: python -m students.trainer run|measure FOLDER | probe | ray FOLDER ...", file=sys.stderr)
        return 2
    folder = Path(rest[0]) if rest else None
    talk = Talk(folder if verb in ("run", "ray") else None, sink)
    try:
        return _do(verb, folder, rest[1:], talk)
    except BadJob as error:
        return _fail(talk, str(error))
    except MemoryError:
        return _fail(talk, _MEMORY)
    except OSError as error:
        full = error.errno in (28, 122)  # no space left, quota exceeded
        return _fail(talk, "The disk is full." if full else f"A file could not be written or read: {error.strerror}.")
    except ImportError as error:
        return _fail(talk, f"This Python lacks {error.name or 'a package'}, which training needs.")
    except RuntimeError as error:
        if not _is_memory(error):
            raise
        return _fail(talk, _MEMORY)


_MEMORY = "There is not enough memory; take shorter rows, checkpointing or a lower rank."


def _do(verb: str, folder: Path | None, rest: list[str], talk: Talk) -> int:
    if verb == "probe":
        from .measuring import probe

        return probe(talk)
    assert folder is not None
    if verb == "measure":
        from .measuring import measure

        return measure(folder, talk)
    if verb == "ray":
        ray_job = importlib.import_module(".ray_job", __package__)
        talk.listen(_requests())
        return int(ray_job.main(folder, rest, talk))
    from .loop import Run

    talk.listen(_requests())
    run = Run(folder, talk)
    run.load()
    return run.go()


def _own_output() -> IO[bytes]:
    """The pipe to the parent. Whatever a library prints goes to standard error instead."""
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return sink


def _requests() -> IO[bytes]:
    """What the parent asks."""
    return open(0, "rb", buffering=0, closefd=False)


def _before_torch() -> None:
    """What must be settled before torch is imported, and that others come first on this machine."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # without it cuBLAS does not repeat itself
    if hasattr(os, "nice"):
        with contextlib.suppress(OSError):
            os.nice(10)


def _fail(talk: Talk, message: str) -> int:
    with contextlib.suppress(OSError):
        talk.say("error", message=message)
    print(message, file=sys.stderr)
    return FAILED


def _is_memory(error: RuntimeError) -> bool:
    text = str(error).lower()
    return "out of memory" in text or "can't allocate memory" in text or "not enough memory" in text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
