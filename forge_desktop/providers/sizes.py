"""How large a file at an address is, before anything of it is fetched."""

from __future__ import annotations

import contextlib
import urllib.parse
from collections.abc import Callable

from forge_desktop.providers.http import BrokenError, Door, Outgoing, UnsentError

_SECONDS = 20.0
_MOVED, _MOST_MOVES = (301, 302, 303, 307, 308), 3


def size_of(door: Door, url: str, check: Callable[[], object]) -> int | None:
    """Its bytes, None where nobody says. Raises Offline, and what `check` raises."""
    for _ in range(_MOST_MOVES):
        status, headers = 0, {}
        with (
            contextlib.suppress(UnsentError, BrokenError),
            door.send(Outgoing("HEAD", url, {}), check=check, seconds=_SECONDS) as incoming,
        ):
            status, headers = incoming.status, incoming.headers
        if status in _MOVED and headers.get("location"):
            url = urllib.parse.urljoin(url, headers["location"])
            continue
        length = headers.get("content-length", "")
        return int(length) if status == 200 and length.isdecimal() else None
    return None
