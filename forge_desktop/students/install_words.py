"""Why an environment could not be made, in one sentence; pip's own words are in the log."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.redacting import without_secrets

_LONGEST = 200
_NOT_FOUND = re.compile(r"No matching distribution found for ([^\s(]+)")
_UNREACHED = (
    "newconnectionerror", "connection refused", "name or service not known", "temporary failure in name resolution",
    "max retries exceeded", "connecttimeout", "read timed out", "getaddrinfo failed", "network is unreachable",
)  # fmt: skip
_LOG = "What pip said is in logs/forge.log."


def could_not(lines: Sequence[str], status: int, host: str) -> ForgeError:
    """The error for these last words of pip, or of Python's venv."""
    told = "\n".join(lines)
    lowered = told.lower()
    index = f"the index {host}" if host else "the package index"
    if any(word in lowered for word in _UNREACHED):
        return _error(f"{index} cannot be reached", "Look at its address and at the network, then try again.")
    if found := _NOT_FOUND.search(told):
        hint = "Name another index (--index URL), or another Python (--python PATH)."
        return _error(f"{index} has no {found[1]} for this Python", hint)
    if "no space left" in lowered or "not enough space" in lowered:
        return _error("the disk is full", "Free some space, then try again.")
    if "ensurepip is not available" in lowered or "no module named venv" in lowered:
        return _error("this Python lacks venv or pip", "Install its venv package, or name another Python (--python).")
    said = next((line for line in reversed(lines) if line.startswith("ERROR:")), lines[-1] if lines else "")
    said = textwrap.shorten(said.removeprefix("ERROR:").strip(), _LONGEST, placeholder="…").rstrip(".")
    hint = "Look at the address of the index, or name a Python that has torch already."
    return _error(without_secrets(said) or f"it ended with status {status}", hint)


def _error(why: str, hint: str) -> ForgeError:
    return ForgeError(f"The environment could not be made: {why}.", hint=f"{hint} {_LOG}")
