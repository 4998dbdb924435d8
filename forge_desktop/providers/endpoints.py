"""The endpoints a person has added: checked in one sentence, kept in the database, their keys kept elsewhere."""

from __future__ import annotations

import dataclasses
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import Events
from forge_desktop.providers.addresses import checked_url, origin
from forge_desktop.providers.checking import checked
from forge_desktop.providers.keys import Keys
from forge_desktop.providers.records import Endpoint, Role
from forge_desktop.providers.store import EndpointStore
from forge_desktop.providers.vendors import vendor_of, wire_of
from forge_desktop.storage import Database

_TERMS = ("may_train", "terms_url", "terms_checked")
_TERMS_OF = "terms of"  # in what is kept of an endpoint's state: the model for which its terms were said
_FIXED = {"uid", "key", "key_variable"}  # not a field to be set: the key goes its own way


class Endpoints:
    """Teachers, remote students and embedders by name. Out of here come frozen records, never a key."""

    def __init__(
        self, db: Database, keys: Keys, events: Events | None = None, *, now: Callable[[], float] = time.time
    ) -> None:
        self._store, self._keys, self._events, self._now = EndpointStore(db), keys, events, now
        self._renewed: Callable[[str], None] | None = None
        keys.take_variables(self.list())

    def list(self) -> list[Endpoint]:
        """All of them, by name."""
        return self._store.endpoints()

    def get(self, name_or_uid: str) -> Endpoint:
        """One by its name, whatever its case, or by its uid; raises ForgeError where there is none."""
        every = self.list()
        wanted = name_or_uid.strip().casefold()
        for endpoint in every:
            if endpoint.uid == name_or_uid or endpoint.name.casefold() == wanted:
                return endpoint
        names = ", ".join(endpoint.name for endpoint in every)
        raise ForgeError(
            f"There is no endpoint called {name_or_uid}.",
            hint=f"There are: {names}."
            if names
            else "Add one in Settings › Endpoints, or with forge-desktop teachers add.",
        )

    def for_role(self, role: Role) -> Sequence[Endpoint]:
        """Those that are switched on and have this role, the first to be asked first."""
        fit = [endpoint for endpoint in self.list() if endpoint.enabled and role in endpoint.roles]
        return sorted(fit, key=lambda endpoint: (endpoint.priority, endpoint.name.casefold()))

    @staticmethod
    def draft(name: str, url: str, model: str, **fields: Any) -> Endpoint:
        """An endpoint from plain values, to be given to `add`; nothing is stored or checked yet.

        Where they are not told, the wire format and the vendor in the price table follow from the address.
        """
        fields.setdefault("wire", wire_of(url))
        fields.setdefault("vendor", vendor_of(url))
        return Endpoint(uid=str(uuid.uuid4()), name=name, url=url, model=model, **fields)

    def add(self, endpoint: Endpoint, key: str | None = None, *, key_env: str = "") -> Endpoint:
        """Check and keep an endpoint and its key; returns it as it is kept. Raises ForgeError, then nothing is kept."""
        if not endpoint.uid:
            endpoint = dataclasses.replace(endpoint, uid=str(uuid.uuid4()))
        endpoint = self._checked(endpoint, with_key=bool(key or key_env))
        endpoint = self._with_key(endpoint, key, key_env)
        try:
            self._store.keep(endpoint, self._now())
        except BaseException:
            self._keys.forget(endpoint)
            raise
        self._tell()
        return endpoint

    def change(
        self, uid: str, /, *, key: str | None = None, key_env: str = "", no_key: bool = False, **fields: Any
    ) -> Endpoint:
        """Change fields of an endpoint, or its key; `no_key` takes the key away.

        An address on another origin needs the key again: a key is never sent to a server it was not given for.
        """
        before = self.get(uid)
        unknown = set(fields) - ({field.name for field in dataclasses.fields(Endpoint)} - _FIXED)
        if unknown:
            raise ForgeError(f"An endpoint has no {', '.join(sorted(unknown))} that can be changed.")
        given = bool(key or key_env)
        after = dataclasses.replace(before, **fields)
        after = self._checked(after, with_key=given or (before.key != "none" and not no_key))
        moved = origin(after.url) != origin(before.url)
        if moved and before.key != "none" and not (given or no_key):
            raise ForgeError(
                f"{after.url} is another server than {origin(before.url)}, so the key of {before.name} must be given"
                " again.",
                hint="Give its key, or say that it needs none.",
            )
        if given:
            after = self._with_key(after, key, key_env)
        elif no_key:
            after = dataclasses.replace(after, key="none", key_variable="")
        known = self.terms_of(before)
        self._store.keep(after, self._now())
        of = after.model if fields.keys() & set(_TERMS) else known
        if of != known or after.model != before.model:
            self._store.change_state(after.uid, {_TERMS_OF: of}, self._now())
        if moved or (no_key and not given):
            self._keys.forget(before)
        if self._renewed is not None and (given or no_key or (after.url, after.model) != (before.url, before.model)):
            self._renewed(after.uid)
        self._tell()
        return after

    def terms_of(self, endpoint: Endpoint) -> str:
        """The model for which its terms were said: another one than it has where they were not said anew since."""
        return str(self._store.state(endpoint.uid).get(_TERMS_OF) or endpoint.model)

    def remove(self, uid: str) -> None:
        """Take an endpoint out and forget its key. What it cost stays in the ledger."""
        endpoint = self.get(uid)
        self._store.remove(endpoint.uid)
        self._tell()
        try:
            self._keys.forget(endpoint)
        except ForgeError as error:
            raise ForgeError(
                f"{endpoint.name} is removed, but its key is still in the keyring: {error.message}",
                hint="Delete the entry called Forge Desktop with your system's own program for passwords.",
            ) from error

    def when_renewed(self, call: Callable[[str], None]) -> None:
        """Call this with the uid of an endpoint whose key, address or model was changed: it may work again."""
        self._renewed = call

    def _with_key(self, endpoint: Endpoint, key: str | None, key_env: str) -> Endpoint:
        place = self._keys.place(endpoint, key, key_env)
        return dataclasses.replace(endpoint, key=place, key_variable=key_env)

    def _checked(self, endpoint: Endpoint, *, with_key: bool) -> Endpoint:
        url = checked_url(endpoint.url, with_key=with_key, typed_host=endpoint.host)
        return checked(dataclasses.replace(endpoint, url=url), self.list())

    def _tell(self) -> None:
        if self._events is not None:
            self._events.changed("endpoints")
