"""What a response means: whether it was accepted, whether to try again, how long to wait, and the words for it."""

from __future__ import annotations

import time
from collections.abc import Mapping

from forge_desktop.base.redacting import without_secrets
from forge_desktop.providers.errors import CallFailed
from forge_desktop.providers.headers import pause
from forge_desktop.providers.money import shown
from forge_desktop.providers.records import Endpoint
from forge_desktop.providers.wire import GarbledError, error_words, read_json

# Refused before anything was generated: the reservation is given back. Everything else may have been billed.
REFUSED = frozenset((400, 401, 402, 403, 404, 405, 413, 415, 422, 429))
_WORDS = {
    400: "refused the request",
    401: "refused the key",
    402: "wants to be paid first",
    403: "refused access",
    404: "does not know the model or the address",
    413: "finds the request too long",
    422: "refused the request",
    429: "has no room for more calls now",
    529: "is overloaded",
}
_HINTS = {
    401: "Give its key again in the endpoint's settings.",
    402: "See your balance with the vendor.",
    403: "See with the vendor what the key may be used for.",
    404: "Check the model's name and the address; many end in /v1.",
    413: "Offer fewer passages.",
}


def refusal(endpoint: Endpoint, status: int, headers: Mapping[str, str], body: bytes, worst: int) -> CallFailed:
    """The error for a response that is no answer. Nothing of the key or the request is in it."""
    what = _WORDS.get(status, "")
    if not what:
        what = "points elsewhere, which is never followed" if 300 <= status < 400 else "failed"
    said = vendor_words(body)
    if said.strip(" .").casefold() == f"status {status}":
        said = ""  # as some servers say it: nothing that is not said already
    charged = status not in REFUSED
    message = f"{endpoint.name} {what} (status {status})" + (f": {said}" if said else ".")
    return CallFailed(
        message if message.endswith((".", "!", "?")) else message + ".",
        hint=_HINTS.get(status, "") or (stays_charged(worst) if charged else ""),
        charged=charged,
        again=status in (408, 409, 429) or status >= 500,
        status=status,
        after=pause(headers, time.time()),
    )


def vendor_words(body: bytes) -> str:
    """The vendor's own sentence about a refusal, without any key, or ""."""
    try:
        found = read_json(body)
    except GarbledError:
        return ""
    return error_words(found) if found else ""


def broken(endpoint: Endpoint, why: str, worst: int, *, again: bool = True) -> CallFailed:
    """The error for a call whose answer did not come whole."""
    words = without_secrets(why)
    return CallFailed(f"{endpoint.name} gave no answer: {words}.", hint=stays_charged(worst), charged=True, again=again)


def unsent(endpoint: Endpoint, why: str, hint: str) -> CallFailed:
    """The error for a call that provably never left."""
    return CallFailed(
        f"{endpoint.name} could not be asked: {without_secrets(why)}.", hint=hint, charged=False, again=True
    )


def stays_charged(worst: int) -> str:
    """What becomes of the reservation of a call that may have been billed."""
    return f"It may have been billed, so {shown(worst)} stay charged." if worst else ""
