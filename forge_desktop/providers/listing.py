"""Which models a server has: asked for a form that is being filled in, free of charge and outside the ledger."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.redacting import without_secrets
from forge_desktop.providers.addresses import checked_url
from forge_desktop.providers.http import BrokenError, Door, Outgoing, UnsentError
from forge_desktop.providers.outcomes import refusal
from forge_desktop.providers.records import Endpoint
from forge_desktop.providers.wire import GarbledError, read_json
from forge_desktop.providers.wires import wire_named

_SECONDS = 20.0
_LARGEST = 8 * 1024 * 1024
_MOST = 5000  # names; a form cannot use more


def list_models(door: Door, endpoint: Endpoint, key: str, check: Callable[[], object]) -> list[str]:
    """The names of its models, as it lists them. Raises ForgeError, Offline."""
    url = checked_url(endpoint.url, with_key=bool(key), typed_host=endpoint.host)
    request = Outgoing("GET", f"{url}/models", wire_named(endpoint.wire).headers(key))
    try:
        with door.send(request, check=check, seconds=_SECONDS) as incoming:
            if incoming.status != 200:
                error = refusal(endpoint, incoming.status, incoming.headers, incoming.words(), 0)
                raise ForgeError(error.message, hint=error.hint)
            found = read_json(incoming.read(_LARGEST))
    except UnsentError as error:
        raise ForgeError(f"The models could not be listed: {error}.", hint=error.hint) from error
    except (BrokenError, GarbledError) as error:
        raise ForgeError(f"The models could not be listed: {error}.", hint="Type the model's name.") from error
    return [without_secrets(name) for name in _names(found)][:_MOST]


def _names(found: Any) -> list[str]:
    listed = found.get("data", found.get("models")) if isinstance(found, dict) else found
    if not isinstance(listed, list):
        raise ForgeError("The server lists no models.", hint="Type the model's name.")
    names = (one.get("id", one.get("name")) if isinstance(one, dict) else one for one in listed)
    return [name for name in names if isinstance(name, str) and name and name.isprintable()]
