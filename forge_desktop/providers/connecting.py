"""How the door opens and reads connections: in short waits, so that a call can be stopped at any moment.

httpx hands every byte through here. A read that waits does so for a tenth of a second at most before the call's own
check is asked; opening a connection, which cannot be interrupted, happens on a thread that can be left behind.
"""

from __future__ import annotations

import ipaddress
import queue
import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any

import httpcore

from forge_desktop.providers.addresses import is_loopback
from forge_desktop.providers.watching import Watch

_BLINK = 0.05  # seconds between two looks at whether the call shall go on


class Network(httpcore.NetworkBackend):
    """Opens the connections of one pool. `permitted` raises where none may be opened now."""

    def __init__(self, watch: Watch, permitted: Callable[[str], None], *, through_proxy: bool) -> None:
        self._watch, self._permitted, self._through_proxy = watch, permitted, through_proxy
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection, or an httpcore error. What is not encrypted goes only where a local network is."""
        self._permitted(host)
        plain = not self._watch.secure and not self._through_proxy

        def connect() -> httpcore.NetworkStream:
            *others, last = local_addresses_of(host, port) if plain else [host]
            for where in others:
                try:
                    return self._inner.connect_tcp(where, port, timeout=timeout, socket_options=socket_options)
                except httpcore.ConnectError:
                    continue  # as localhost, which may be 127.0.0.1 and ::1, with a server on one of them
            return self._inner.connect_tcp(last, port, timeout=timeout, socket_options=socket_options)

        return WatchedStream(_patiently(connect, self._watch.tick), self._watch, encrypted=False)

    def sleep(self, seconds: float) -> None:
        """Never asked for: nothing is tried twice."""
        raise NotImplementedError


class WatchedStream(httpcore.NetworkStream):
    """A connection that looks up from its waiting, and notes when bytes of a request begin to leave."""

    def __init__(self, inner: httpcore.NetworkStream, watch: Watch, *, encrypted: bool) -> None:
        self._inner, self._watch, self._encrypted = inner, watch, encrypted

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Some bytes, or none at the end."""
        while True:
            self._watch.tick()
            try:
                return self._inner.read(max_bytes, timeout=_BLINK)
            except httpcore.ReadTimeout:
                continue

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """All of them. To a proxy, what goes before the encryption is not the request yet."""
        if self._encrypted or not self._watch.secure:
            self._watch.trail.left = True
        line = self._inner.get_extra_info("socket")
        rest = memoryview(buffer)
        while rest:
            self._watch.tick()
            try:
                line.settimeout(_BLINK)
                rest = rest[line.send(rest) :]
            except TimeoutError:
                continue
            except OSError as error:
                raise httpcore.WriteError(str(error)) from error

    def close(self) -> None:
        """Close it."""
        self._inner.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """The same connection, encrypted, or an httpcore error: before a byte of the request."""
        inner = self._inner

        def shake() -> httpcore.NetworkStream:
            return inner.start_tls(ssl_context, server_hostname, timeout)

        try:
            return WatchedStream(_patiently(shake, self._watch.tick), self._watch, encrypted=True)
        except BaseException:
            inner.close()
            raise

    def get_extra_info(self, info: str) -> Any:
        """What httpcore asks of a connection."""
        return self._inner.get_extra_info(info)


def local_addresses_of(host: str, port: int) -> list[str]:
    """The numbers to connect to without encryption: of this machine, or of a local network; else ConnectError.

    A name is looked up once and its numbers are used, so that it cannot mean another machine a moment later.
    """
    wanted_loopback = is_loopback(host)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(str(error)) from error
    numbers = [str(entry[4][0]) for entry in found]
    for number in numbers:
        address = ipaddress.ip_address(number.partition("%")[0])
        near = address.is_loopback if wanted_loopback else address.is_private or address.is_link_local
        if not near:
            raise httpcore.ConnectError(f"{host} is not on a local network")
    if not numbers:
        raise httpcore.ConnectError(f"{host} has no address")
    return sorted(dict.fromkeys(numbers), key=lambda number: ":" in number)


def _patiently(act: Callable[[], httpcore.NetworkStream], tick: Callable[[], None]) -> httpcore.NetworkStream:
    """What `act` gives, or raises, while `tick` is asked; a connection that comes after it raised is closed."""
    came: queue.SimpleQueue[httpcore.NetworkStream | BaseException] = queue.SimpleQueue()
    given_up = threading.Event()

    def work() -> None:
        try:
            found: httpcore.NetworkStream | BaseException = act()
        except BaseException as error:  # noqa: BLE001 - raised on the thread that waits for it
            found = error
        came.put(found)
        if given_up.is_set():
            _close_left(came)

    threading.Thread(target=work, name="connect", daemon=True).start()
    while True:
        try:
            found = came.get(timeout=_BLINK)
        except queue.Empty:
            try:
                tick()
            except BaseException:
                given_up.set()
                _close_left(came)
                raise
            continue
        if isinstance(found, BaseException):
            raise found
        return found


def _close_left(came: queue.SimpleQueue[httpcore.NetworkStream | BaseException]) -> None:
    try:
        found = came.get_nowait()
    except queue.Empty:
        return
    if not isinstance(found, BaseException):
        found.close()
