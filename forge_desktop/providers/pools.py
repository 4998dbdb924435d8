"""The connections that calls share: one httpx client for hosts nearby, one for the others, made anew with the settings.

httpx is imported with the first call, so that an application that never asks anybody does not wait for it.
"""

from __future__ import annotations

import ssl
import threading
import urllib.parse
from collections.abc import Callable
from typing import TYPE_CHECKING

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.settings import SettingsFile
from forge_desktop.providers.watching import Watch

if TYPE_CHECKING:
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
        self.watch = Watch()

    def client(self, *, near: bool) -> httpx.Client:
        """The client for a host; `near` hosts are never reached through the proxy. Raises ForgeError."""
        values = self._settings.values
        key = ("" if near else values.proxy.strip(), values.ca_file.strip())
        with self._lock:
            if key not in self._clients:
                self._clients[key] = _client(*key, self.watch, self._permitted)
            return self._clients[key]

    def close(self) -> None:
        """Close them. Safe to call twice, and more can be asked for afterwards."""
        with self._lock:
            clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            client.close()


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
