"""The bytes of a hub's file: fetched through the door, from where they stopped, over as many attempts as it takes."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from forge_desktop.base.errors import ForgeError
from forge_desktop.providers.addresses import leads_nearby, origin
from forge_desktop.providers.http import BrokenError, Door, Incoming, Outgoing, UnsentError
from forge_desktop.providers.hub_words import gated, refused

WAITS = (1.0, 2.0, 4.0, 8.0, 16.0)  # seconds before the next attempt, where the last one brought nothing
_LONGEST_WAIT = 120.0
_SECONDS = 7 * 24 * 3600.0  # of one attempt; silence ends it much earlier
_REDIRECTS = 5
_AGAIN = (408, 425, 429, 500, 502, 503, 504)
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


class _BusyError(BrokenError):
    """The hub asks to come again later, in so many seconds."""

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds


@dataclass(frozen=True)
class Wanted:
    """A file by its address, how many bytes it has, and the token for the hub itself ("" for none)."""

    repository: str
    name: str
    url: str
    bytes: int
    token: str = ""


def fetch_rest(
    door: Door,
    wanted: Wanted,
    into: Path,
    *,
    check: Callable[[], object],
    tell: Callable[[int], object],
    wait: Callable[[float], object],
) -> None:
    """Bring the file `into` to its full length; what is there already is not fetched again.

    Raises ForgeError in words, Offline, and whatever `check` raises; what has come by then stays.
    """
    idle, reached = 0, False
    while (have := _length(into)) < wanted.bytes:
        try:
            _attempt(door, wanted, into, have, check=check, tell=tell)
        except (BrokenError, UnsentError) as error:
            got = _length(into)
            reached = reached or got > have or isinstance(error, BrokenError)
            idle = 0 if got > have else idle + 1
            if not reached or idle > len(WAITS):
                raise _given_up(wanted, error) from error
            wait(max(WAITS[max(0, idle - 1)], min(_LONGEST_WAIT, getattr(error, "seconds", 0.0))))
        except OSError as error:
            raise _unwritable(into, error) from error
    if _length(into) > wanted.bytes:  # left by something else
        into.unlink()
        raise ForgeError(f"What was there of {wanted.name} is longer than the file.", hint="Download it again.")


def fetch_start(door: Door, wanted: Wanted, count: int, check: Callable[[], object]) -> bytes:
    """The first `count` bytes, fewer where the file is shorter or the hub cannot give a part."""
    found = b""
    with contextlib.suppress(BrokenError), _opened(door, wanted, {"Range": f"bytes=0-{count - 1}"}, check) as incoming:
        if incoming.status in (200, 206):
            for chunk in incoming.chunks(wanted.bytes + 1):
                found += chunk
                if len(found) >= count:
                    break
    return found[:count]


def _attempt(
    door: Door,
    wanted: Wanted,
    into: Path,
    have: int,
    *,
    check: Callable[[], object],
    tell: Callable[[int], object],
) -> None:
    headers = {"Range": f"bytes={have}-"} if have else {}
    with _opened(door, wanted, headers, check) as incoming, _to_append(into) as file:
        have = _begin(incoming, wanted, have)
        if have < _length(into):
            file.truncate(have)
        for chunk in incoming.chunks(wanted.bytes - have + 1):
            if have + len(chunk) > wanted.bytes:
                raise _other(wanted)
            _write(file.write, chunk)
            have += len(chunk)
            tell(have)
    if have < wanted.bytes:
        raise BrokenError("the connection ended early")


def _to_append(into: Path) -> FileIO:
    """Opened so that a file made by it is readable for nobody else."""
    return open(into, "ab", buffering=0, opener=lambda path, flags: os.open(path, flags, 0o600))


def _write(write: Callable[[bytes], int | None], chunk: bytes) -> None:
    """All of it: a disk that is nearly full takes a part first, and refuses the next."""
    view = memoryview(chunk)
    while view:
        view = view[write(bytes(view)) or 0 :]


def _begin(incoming: Incoming, wanted: Wanted, have: int) -> int:
    """Where the bytes that come now belong."""
    if incoming.status == 200:
        length = incoming.headers.get("content-length", "")
        if length.isdigit() and int(length) != wanted.bytes:
            raise _other(wanted)
        return 0
    found = _RANGE.match(incoming.headers.get("content-range", ""))
    if found is None or int(found[1]) != have:
        raise BrokenError("it sent another part than was asked for")
    if found[2] != "*" and int(found[2]) != wanted.bytes:
        raise _other(wanted)
    return have


@contextlib.contextmanager
def _opened(door: Door, wanted: Wanted, headers: Mapping[str, str], check: Callable[[], object]) -> Iterator[Incoming]:
    """The response with the bytes, after redirects: each host is asked at the door, and only the hub gets the token."""
    url, near = wanted.url, leads_nearby(wanted.url)
    with contextlib.ExitStack() as stack:
        for _ in range(_REDIRECTS + 1):
            ours = origin(url) == origin(wanted.url)
            key = {"Authorization": f"Bearer {wanted.token}"} if wanted.token and ours else {}
            request = Outgoing("GET", url, {**headers, **key})
            incoming = stack.enter_context(door.send(request, check=check, seconds=_SECONDS))
            if incoming.status not in (301, 302, 303, 307, 308):
                _accept(incoming, wanted, url)
                yield incoming
                return
            url = _led_to(url, incoming.headers.get("location", ""), wanted)
            stack.close()
            if leads_nearby(url) and not near:
                raise ForgeError(
                    f"{wanted.repository} leads to an address in this network, which was not asked.",
                    hint="Check the hub's address under Settings › Network.",
                )
    raise ForgeError(f"{wanted.repository} leads from one address to the next without end.", hint="Try again later.")


def _led_to(url: str, location: str, wanted: Wanted) -> str:
    """Where a redirect leads. Raises ForgeError where that is no address on the web."""
    try:
        to = urllib.parse.urljoin(url, location) if location else ""
        origin(to)  # its port is a number
        if urllib.parse.urlsplit(to).scheme in ("https", "http") and urllib.parse.urlsplit(to).hostname:
            return to
    except ValueError:
        pass
    raise ForgeError(f"{wanted.repository} leads to what is no address.", hint="Try again later, or choose another.")


def _accept(incoming: Incoming, wanted: Wanted, url: str) -> None:
    host = urllib.parse.urlsplit(url).hostname or ""
    if incoming.status in (200, 206):
        return
    if incoming.status == 416:
        raise BrokenError("it has no bytes at this place")
    if incoming.status in _AGAIN:
        after = incoming.headers.get("retry-after", "")
        told = refused(host, incoming.status, wanted.repository, wanted.name, after)
        raise _BusyError(told.message.rstrip("."), float(after) if after.isdigit() else 0.0)
    if incoming.headers.get("x-error-code") == "GatedRepo":
        raise gated(wanted.repository)
    kind = "no file" if incoming.status == 404 else incoming.status
    raise refused(host, kind, wanted.repository, wanted.name)


def _length(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _other(wanted: Wanted) -> ForgeError:
    return ForgeError(
        f"{wanted.name} is not as long as {wanted.repository} lists it.", hint="Look at its files again, then download."
    )


def _given_up(wanted: Wanted, error: BrokenError | UnsentError) -> ForgeError:
    host = urllib.parse.urlsplit(wanted.url).hostname or ""
    hint = getattr(error, "hint", "") or "What has come is kept: download it again, and it goes on from there."
    return ForgeError(f"{wanted.name} did not come completely from {host}: {error}.", hint=hint)


def _unwritable(into: Path, error: OSError) -> ForgeError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ForgeError(
            f"The disk is full: the download cannot go on in {into.parent}.",
            hint="Make room, then download again; what has come is kept.",
        )
    return ForgeError(
        f"The download cannot be written into {into.parent}: {error.strerror or error}.",
        hint="Check the folder's permissions and the room on the disk, then download again.",
    )
