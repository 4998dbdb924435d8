"""huggingface_hub behind the one door: its requests leave as every other does, and it reads nothing of a person's.

Loaded with the first look at a hub. It has one client for the whole process, so that one asks at a time; in between it
has none that could reach anything.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Callable, Iterator
from types import ModuleType

import httpx

from forge_desktop.base.errors import ForgeError
from forge_desktop.providers.addresses import origin
from forge_desktop.providers.http import Door, Outgoing
from forge_desktop.providers.hub_answers import without_oddities

_SECONDS = 30.0
_LARGEST = 32 * 1024 * 1024
_PASSED_ON = ("accept", "authorization", "range")  # neither what is installed here nor numbers that tell runs apart
# huggingface_hub reads its environment once, while it is imported.
_SET = {
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
    "HF_HUB_DISABLE_XET": "1",
    "HF_HUB_DISABLE_UPDATE_CHECK": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_EXPERIMENTAL_WARNING": "1",
}
_UNREAD = (
    "HF_ENDPOINT",
    "HF_TOKEN",
    "HUGGING_FACE_HUB_TOKEN",
    "HF_HUB_OFFLINE",
    "TRANSFORMERS_OFFLINE",
    "HF_DEBUG",
    "HF_HUB_USER_AGENT_ORIGIN",
    "HF_HUB_ENABLE_HF_TRANSFER",
    "HUGGINGFACE_CO_STAGING",
)
_importing = threading.Lock()
_asking = threading.Lock()


@contextlib.contextmanager
def asking(door: Door, address: str, check: Callable[[], object]) -> Iterator[ModuleType]:
    """huggingface_hub, which reaches the network through this door alone until the block ends.

    Only the hub at this address is asked, wherever it leads to.
    """
    hub = _imported()
    with _asking:
        hub.utils.set_client_factory(lambda: _client(_Through(door, origin(address), check)))
        try:
            yield hub
        finally:
            hub.utils.set_client_factory(_nowhere)


def _imported() -> ModuleType:
    with _importing:
        kept = {name: os.environ.get(name) for name in (*_SET, *_UNREAD)}
        try:
            os.environ.update(_SET)
            for name in _UNREAD:
                os.environ.pop(name, None)
            import huggingface_hub
            import huggingface_hub.file_download  # by name, because a frozen application finds no other way to them
            import huggingface_hub.hf_api
            import huggingface_hub.utils

            logging.getLogger(huggingface_hub.__name__).setLevel(logging.ERROR)
        finally:
            for name, value in kept.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value
    return huggingface_hub


def _client(transport: httpx.BaseTransport) -> httpx.Client:
    return httpx.Client(transport=transport, trust_env=False, follow_redirects=True)


def _nowhere() -> httpx.Client:
    raise RuntimeError("huggingface_hub asks only inside asking()")


class _Through(httpx.BaseTransport):
    """Each request, also the one that follows a redirect or asks for more, is one attempt through the door.

    One that leads away from the hub is not made: it would tell another server what was looked for, and believe it.
    """

    def __init__(self, door: Door, home: str, check: Callable[[], object]) -> None:
        self._door, self._home, self._check = door, home, check

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if origin(str(request.url)) != self._home:
            raise ForgeError(
                f"{self._home} leads to {origin(str(request.url))}, which was not asked.",
                hint="If that is where the hub is now, give its address under Settings › Network.",
            )
        headers = {name: request.headers[name] for name in _PASSED_ON if name in request.headers}
        outgoing = Outgoing(request.method, str(request.url), headers, request.read())
        with self._door.send(outgoing, check=self._check, seconds=_SECONDS) as incoming:
            body = b"" if request.method == "HEAD" else incoming.read(_LARGEST)
            told = [(name, value) for name, value in incoming.headers.items() if name not in _OF_THE_WAY]
            if incoming.status == 200 and body:
                body = without_oddities(body)
                told = [(name, value) for name, value in told if name != "content-length"]
            return httpx.Response(incoming.status, headers=told, content=body or None)


_OF_THE_WAY = ("transfer-encoding", "content-encoding", "connection")
