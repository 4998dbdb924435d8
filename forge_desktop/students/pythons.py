"""Programs that are named as a Python: found, and looked at whether they are one."""

from __future__ import annotations

import os
import shutil
import subprocess

from forge_desktop.base.errors import ForgeError

_PATIENCE = 30.0  # seconds; a Python on a slow disk takes a while
_ASKED = "import sys; print('python', *sys.version_info[:2])"


def found_python(named: str) -> str:
    """The program that is meant by a path or a name. Raises ForgeError where there is none."""
    path = shutil.which(os.path.expanduser(named))
    if path is None:
        raise ForgeError(f"There is no Python at {named}.", hint="Name the program itself, as …/bin/python.")
    return os.path.abspath(path)


def refuse_no_python(program: str) -> None:
    """Raises ForgeError for a program that is no Python."""
    try:
        done = subprocess.run(
            [program, "-I", "-c", _ASKED],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        said = b""
    except OSError as error:
        raise ForgeError(
            f"{program} cannot be started: {error.strerror or error}.", hint="Name a Python itself, as …/bin/python."
        ) from error
    else:
        said = done.stdout
    if not said.startswith(b"python "):
        raise ForgeError(f"{program} is no Python.", hint="Name the program itself, as …/bin/python.")
