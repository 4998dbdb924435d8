"""Lets an httpx client send through connections of our own making: watched, without retries, HTTP/1.1."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator

import httpcore
import httpx

from forge_desktop.providers.connecting import Network
from forge_desktop.providers.watching import Watch


class Transport(httpx.BaseTransport):
    """A pool of connections. Errors come out as httpcore raises them; the door words them."""

    def __init__(
        self,
        context: ssl.SSLContext,
        proxy: str,
        watch: Watch,
        permitted: Callable[[str], None],
        *,
        at_once: int,
        kept: int,
        kept_seconds: float,
    ) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            proxy=httpcore.Proxy(proxy) if proxy else None,
            max_connections=at_once,
            max_keepalive_connections=kept,
            keepalive_expiry=kept_seconds,
            http1=True,
            http2=False,
            retries=0,
            network_backend=Network(watch, permitted, through_proxy=bool(proxy)),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One request, one response."""
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        assert isinstance(request.stream, httpx.SyncByteStream)
        found = self._pool.handle_request(
            httpcore.Request(
                request.method,
                url,
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(found.status, headers=found.headers, stream=_Body(found), extensions=found.extensions)

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        return self._response.iter_stream()

    def close(self) -> None:
        self._response.close()
