"""The one door to the network: every request of the application leaves here, once, or not at all.

No redirects, no proxies or certificates from the environment, nothing tried twice. With the offline switch on no
connection is opened, and calls under way are stopped.
"""

from __future__ import annotations

import contextlib
import re
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from forge_desktop import __version__
from forge_desktop.base.redacting import without_secrets
from forge_desktop.base.settings import SettingsFile
from forge_desktop.providers.addresses import is_loopback, is_private
from forge_desktop.providers.errors import Offline
from forge_desktop.providers.pools import Pools
from forge_desktop.providers.watching import Trail

if TYPE_CHECKING:
    import httpx

_CONNECT = 10.0  # seconds to reach an endpoint
_OURS = {"User-Agent": f"forge-desktop/{__version__}", "Accept-Encoding": "identity"}
_KEYS = frozenset(("authorization", "x-api-key", "x-goog-api-key"))
_SILENCE = 60.0  # seconds without a byte once an answer has begun
ANSWER_BYTES = 64 * 1024 * 1024
_MOMENT = 0.25  # seconds that an answer which is whole already gets to end
_WORDS_BYTES = 64 * 1024


class UnsentError(Exception):
    """Provably nothing of the request left this machine; its text says why, for a person."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class BrokenError(Exception):
    """The request may have arrived, its answer did not; its text says why, for a person."""


@dataclass(frozen=True)
class Outgoing:
    """A request. Its headers hold the key, so it is never shown."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(default=b"", repr=False)


class Incoming:
    """A response while it comes: status and headers are there, the body follows."""

    def __init__(self, response: httpx.Response, clock: _Clock) -> None:
        self.status = response.status_code
        self.headers = {name.lower(): value for name, value in response.headers.items()}
        self._response, self._clock = response, clock

    def chunks(self, limit: int = ANSWER_BYTES) -> Iterator[bytes]:
        """The body as it comes. Raises BrokenError when it is cut off, falls silent, or is longer than `limit`."""
        length = 0
        try:
            for chunk in self._response.iter_bytes():
                self._clock.moved()
                length += len(chunk)
                if length > limit:
                    raise BrokenError(f"its answer is longer than {limit // (1024 * 1024)} MB")
                yield chunk
        except _transport_errors() as error:
            raise _worded(error, left=True, host="") from error

    def hurry(self) -> None:
        """All that matters has come: what may still follow gets a moment, so that the connection can serve again."""
        self._clock.hurry()

    def read(self, limit: int = ANSWER_BYTES) -> bytes:
        """The whole body."""
        return b"".join(self.chunks(limit))

    def words(self) -> bytes:
        """As much of a refusal as is worth reading, or nothing where it does not come."""
        found = b""
        with contextlib.suppress(BrokenError):
            for chunk in self.chunks():
                found += chunk
                if len(found) > _WORDS_BYTES:
                    break
        return found


class Door:
    """Safe from any thread: calls share connections, each is watched on its own thread."""

    def __init__(self, settings: SettingsFile, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._settings, self._monotonic = settings, monotonic
        self._pools = Pools(settings, self.may_connect)

    def may_connect(self, host: str) -> None:
        """Raise Offline where the switch is on."""
        if self._settings.values.offline:
            raise Offline(
                f"Forge is offline, so {host} was not asked.",
                hint="Switch Offline off in Settings › Network, or with forge-desktop offline off.",
            )

    @contextlib.contextmanager
    def send(
        self,
        request: Outgoing,
        *,
        check: Callable[[], object],
        seconds: float,
        trail: Trail | None = None,
    ) -> Iterator[Incoming]:
        """One attempt; the block reads the response. Whatever `check` raises stops it within 100 ms.

        `trail` then tells whether a byte of the request can have left. Raises UnsentError, BrokenError, Offline, and
        ForgeError where the settings are wrong.
        """
        trail = trail or Trail()
        parts = urllib.parse.urlsplit(request.url)
        host = parts.hostname or ""
        self.may_connect(host)
        near = is_loopback(host) or is_private(host)
        if parts.scheme != "https" and not near:
            raise UnsentError(f"{host} would be asked without encryption")
        if parts.scheme != "https" and not is_loopback(host) and not _KEYS.isdisjoint(map(str.lower, request.headers)):
            raise UnsentError(f"{host} would get the key without encryption", hint="Use https, or give no key.")
        clock = _Clock(self._monotonic, seconds)
        watch = self._pools.watch

        def tick() -> None:
            check()
            if self._settings.values.offline:
                raise Offline("Forge went offline, so the call was stopped.")
            clock.look()

        watch.begin(tick, trail, secure=parts.scheme == "https")
        try:
            with (
                self._pools.lend(near=near) as client,
                client.stream(
                    request.method,
                    request.url,
                    headers={**_OURS, **request.headers},
                    content=request.content,
                    timeout=_timeout(),
                ) as response,
            ):
                clock.begun = True
                yield Incoming(response, clock)
        except _transport_errors() as error:
            raise _worded(error, left=trail.left, host=host) from error
        finally:
            watch.end()

    def close(self) -> None:
        """Close every connection; the next call opens one again."""
        self._pools.close()


class _Clock:
    """When a call has taken too long: in all, or without a byte once its answer has begun."""

    def __init__(self, now: Callable[[], float], seconds: float) -> None:
        self._now, self._seconds = now, seconds
        self._started = self._last = now()
        self._hurried: float | None = None
        self.begun = False

    def moved(self) -> None:
        """A byte came."""
        self._last = self._now()

    def hurry(self) -> None:
        """Little time is left from now on."""
        self._hurried = self._now()

    def look(self) -> None:
        """Raise BrokenError when it is too late."""
        now = self._now()
        if self._hurried is not None and now - self._hurried > _MOMENT:
            raise BrokenError("it did not end its answer")
        if now - self._started > self._seconds:
            raise BrokenError(f"it did not finish within {self._seconds:g} seconds")
        if self.begun and now - self._last > _SILENCE:
            raise BrokenError(f"it fell silent for {_SILENCE:g} seconds in the middle of its answer")


def _timeout() -> Any:
    import httpx

    # Reading and writing are watched by `tick`; waiting for a place in the pool never happens.
    return httpx.Timeout(None, connect=_CONNECT, pool=_CONNECT)


def _transport_errors() -> tuple[type[Exception], ...]:
    import httpcore
    import httpx

    return (
        httpcore.NetworkError,
        httpcore.TimeoutException,
        httpcore.ProtocolError,
        httpcore.ProxyError,
        httpcore.UnsupportedProtocol,
        httpx.HTTPError,
        httpx.InvalidURL,
    )


_NUMBER = re.compile(r"\[Errno -?\d+\] ")


def _worded(error: Exception, *, left: bool, host: str) -> UnsentError | BrokenError:
    words = _NUMBER.sub("", without_secrets(str(error)))[:200] or type(error).__name__
    if left:
        return BrokenError(f"the connection broke ({words})")
    if "CERTIFICATE_VERIFY_FAILED" in words or "certificate verify failed" in words:
        return UnsentError(
            f"the certificate of {host} is not trusted ({words})",
            hint="Where it is signed by an authority of your own, choose its file under Settings › Network.",
        )
    return UnsentError(f"{host} could not be reached ({words})", hint="Check the address and the connection.")
