"""Asks before something is removed, or fetched."""

from __future__ import annotations

import sys

from forge_desktop.base.errors import ForgeError
from forge_desktop.cli.output import Output


def ask(out: Output, question: str, *, yes: bool, undone: str = "Nothing was removed") -> None:
    """Go on where `yes` was said, or is said now. Raises ForgeError for a no, and where nobody can be asked;
    `undone` begins its sentence.
    """
    if yes:
        return
    if out.json or sys.stdin is None or not sys.stdin.isatty():
        raise ForgeError(f"{question} {undone} yet.", hint="Add --yes to do it.")
    out.write(f"{question} [y/N] ")
    if sys.stdin.readline().strip().casefold() not in ("y", "yes"):
        raise ForgeError(f"{undone}.")
