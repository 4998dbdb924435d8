"""The connections that calls share: one httpx client for hosts nearby, one for the others, made anew with the settings.

httpx is imported with the first call, so that an application that never asks anybody does not wait for it.
"""

from __future__ import annotations

import contextlib
import threading
import urllib.parse
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.settings import SettingsFile
from forge_desktop.providers.watching import Watch

if TYPE_CHECKING:
    import ssl

    import httpx

_AT_ONCE = 512  # connections; calls at once are limited by who makes them
_KEPT = 32
_KEPT_SECONDS = 15.0  # shorter than servers keep an idle connection, so that a request never meets a closed one


class Pools:
    """`permitted` is asked for each connection before it is opened."""

    def __init__(self, settings: SettingsFile, permitted: Callable[[str], None]) -> None:
        self._settings, self._permitted = settings, permitted
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str], httpx.Client] = {}
        self._lent: Counter[httpx.Client] = Counter()
        self.watch = Watch()

    @contextlib.contextmanager
    def lend(self, *, near: bool) -> Iterator[httpx.Client]:
        """The client for a host, during the block; `near` ones are never reached by the proxy. Raises ForgeError."""
        client = self._take(near=near)
        try:
            yield client
        finally:
            with self._lock:
                self._lent[client] -= 1
                last = not self._lent[client]
                if last:
                    del self._lent[client]
                left = last and client not in self._clients.values()
            if left:
                client.close()

    def close(self) -> None:
        """Close the connections that no call uses, and the others when their calls end. More can be asked for."""
        with self._lock:
            clients, self._clients = self._clients, {}
            idle = [client for client in clients.values() if not self._lent[client]]
        for client in idle:
            client.close()

    def _take(self, *, near: bool) -> httpx.Client:
        values = self._settings.values
        key = ("" if near else values.proxy.strip(), values.ca_file.strip())
        with self._lock:
            if key not in self._clients:
                self._clients[key] = _client(*key, self.watch, self._permitted)
            client = self._clients[key]
            self._lent[client] += 1
            return client


def _client(proxy: str, ca_file: str, watch: Watch, permitted: Callable[[str], None]) -> httpx.Client:
    import httpx

    from forge_desktop.providers.transport import Transport

    transport = Transport(
        _context(ca_file),
        _checked_proxy(proxy),
        watch,
        permitted,
        at_once=_AT_ONCE,
        kept=_KEPT,
        kept_seconds=_KEPT_SECONDS,
    )
    return httpx.Client(transport=transport, trust_env=False, follow_redirects=False)


def _context(ca_file: str) -> ssl.SSLContext:
    import httpx

    context = httpx.create_ssl_context(trust_env=False)
    if ca_file:
        try:
            context.load_verify_locations(cafile=ca_file)
        except (OSError, ValueError) as error:
            raise ForgeError(
                f"The file of your own certificates cannot be used: {getattr(error, 'strerror', None) or error}.",
                hint="Choose a PEM file under Settings › Network, or none.",
            ) from error
    return context


def _checked_proxy(proxy: str) -> str:
    if not proxy:
        return ""
    try:
        parts = urllib.parse.urlsplit(proxy)
        sound = parts.scheme == "http" and parts.hostname and parts.port != 0
    except ValueError:
        sound = False
    if not sound or parts.query or parts.fragment or parts.path not in ("", "/"):
        raise ForgeError("The proxy is no address.", hint="Write it as in http://proxy.example:3128.")
    if parts.username is not None or parts.password is not None:
        raise ForgeError(
            "The proxy's address holds a name or a password, which would stand readable in the settings.",
            hint="Use a proxy that asks for none.",
        )
    return proxy
