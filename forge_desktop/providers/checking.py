"""Whether an endpoint is sound, each fault in one sentence."""

from __future__ import annotations

import dataclasses
import datetime
import typing
from collections.abc import Sequence

from forge_desktop.base.errors import ForgeError
from forge_desktop.providers.records import TEACHER_ROLES, Endpoint, Role, Terms
from forge_desktop.providers.vendors import WIRE_NAMES

_LONGEST_NAME = 80
_LONGEST_MODEL = 200
_LIMITS = {
    "context": "The context length",
    "max_output": "The longest answer",
    "rpm": "Requests a minute",
    "input_tpm": "Input tokens a minute",
    "output_tpm": "Output tokens a minute",
    "concurrency": "Calls at once",
}
_MOST = 10**9


def checked(endpoint: Endpoint, others: Sequence[Endpoint]) -> Endpoint:
    """The endpoint with its words trimmed; raises ForgeError with the first thing that is wrong with it."""
    endpoint = dataclasses.replace(endpoint, name=endpoint.name.strip(), model=endpoint.model.strip())
    _check_words(endpoint)
    for other in others:
        if other.uid != endpoint.uid and other.name.casefold() == endpoint.name.casefold():
            raise ForgeError(f"There is an endpoint called {other.name} already.", hint="Choose another name.")
    _check_roles(endpoint)
    for field, words in _LIMITS.items():
        value = getattr(endpoint, field)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST:
            raise ForgeError(f"{words} cannot be {value!r}.", hint="Give a whole number; 0 where it is not known.")
    if (
        isinstance(endpoint.priority, bool)
        or not isinstance(endpoint.priority, int)
        or not 1 <= endpoint.priority < 1e6
    ):
        raise ForgeError(f"The priority cannot be {endpoint.priority!r}.", hint="1 is asked first, then 2, and so on.")
    _check_terms(endpoint)
    return endpoint


def _check_words(endpoint: Endpoint) -> None:
    for value, most, what in ((endpoint.name, _LONGEST_NAME, "name"), (endpoint.model, _LONGEST_MODEL, "model")):
        if not value:
            raise ForgeError(f"The endpoint needs a {what}.", hint=_WHAT[what])
        if len(value) > most or not value.isprintable():
            raise ForgeError(f"The {what} is longer than {most} signs or has signs that cannot be shown.")
    if endpoint.wire not in WIRE_NAMES:
        raise ForgeError(
            f"There is no wire format called {endpoint.wire}.", hint=f"There are: {', '.join(WIRE_NAMES)}."
        )


_WHAT = {"name": "Any name by which you know it.", "model": "The name by which the server knows the model."}


def _check_roles(endpoint: Endpoint) -> None:
    known = typing.get_args(Role)
    if not endpoint.roles:
        raise ForgeError(f"{endpoint.name} needs a role.", hint=f"One or more of {', '.join(known)}.")
    for role in endpoint.roles:
        if role not in known:
            raise ForgeError(f"There is no role called {role}.", hint=f"There are: {', '.join(known)}.")
    if "embedder" in endpoint.roles and len(endpoint.roles) > 1:
        raise ForgeError(
            "A model that embeds does not answer as well, so embedder is a role of its own.",
            hint="Add the answering model as another endpoint.",
        )


def _check_terms(endpoint: Endpoint) -> None:
    if endpoint.may_train not in typing.get_args(Terms):
        raise ForgeError(
            "Whether outputs may train a model is yes, no or unknown.", hint="The vendor's terms of use say it."
        )
    if endpoint.terms_url and not endpoint.terms_url.startswith("https://"):
        raise ForgeError("The address of the terms begins with https://.")
    if endpoint.terms_checked:
        try:
            datetime.date.fromisoformat(endpoint.terms_checked)
        except ValueError:
            raise ForgeError("The day the terms were read is written as YYYY-MM-DD.") from None


def trains(endpoint: Endpoint) -> str:
    """Why this endpoint may not teach, or ""."""
    if endpoint.may_train == "no" and set(endpoint.roles) & set(TEACHER_ROLES):
        return f"The terms of {endpoint.name} forbid training a model with its answers."
    return ""
