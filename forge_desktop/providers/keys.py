"""Where the keys of endpoints are: in the keyring, in an environment variable, or in memory until the end of the run.

A key is bound to the origin it was given for: it is kept under the endpoint's uid and origin together, so an endpoint
that points elsewhere finds none.
"""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Iterable

from forge_desktop.base import secrets
from forge_desktop.base.errors import ForgeError
from forge_desktop.base.redacting import SHORTEST_KEY, keep_secret
from forge_desktop.providers.addresses import origin
from forge_desktop.providers.records import Endpoint, KeyPlace

_LONGEST = 4096
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NOT_KEYS = frozenset(
    [
        "PATH",
        "HOME",
        "USER",
        "SHELL",
        "LANG",
        "TERM",
        "PWD",
        "DISPLAY",
        "TMPDIR",
        "TEMP",
        "TMP",
        "SYSTEMROOT",
        "FORGE_DATA_DIR",
    ]
)


class Keys:
    """The keys of this process. None of them is ever in the database, a log, an argument or an error."""

    def __init__(self) -> None:
        self._held: dict[str, str] = {}  # read from the keyring, or kept here until the end of the run
        self._bound: dict[str, str] = {}  # an endpoint's uid: the origin that a key in a variable was given for
        self._lock = threading.Lock()
        self._reading = threading.Lock()
        self.problem = ""  # why the last key given is not in a keyring, in a sentence

    def name(self) -> str:
        """The keyring that keeps keys here, or "" when this system has none that can be trusted."""
        return secrets.keyring_name()

    def place(self, endpoint: Endpoint, key: str | None, key_env: str = "") -> KeyPlace:
        """Keep the key given, or the one in the variable `key_env`, and say where. "none" where neither is given.

        A key from a variable goes into the keyring; without one its name is kept. A key that was typed is then held in
        memory until the end of the run. `problem` says why a keyring did not take it.
        """
        self.problem = ""
        if key_env:
            key = self._from_variable(key_env)
        if not key:
            return "none"
        key = self.typed(key)
        self._bound[endpoint.uid] = origin(endpoint.url)
        account = _account(endpoint)
        try:
            secrets.write_key(account, key)
            place: KeyPlace = "keyring"
        except ForgeError as error:
            self.problem = error.message
            place = "variable" if key_env else "memory"
            with contextlib.suppress(ForgeError):
                secrets.erase_key(account)  # an older key must not come back with the next start
        with self._lock:
            self._held[account] = key
        return place

    @staticmethod
    def typed(key: str) -> str:
        """A key as it was typed, without spaces around it; from now on no text shows it. Raises ForgeError."""
        key = _checked(key)
        keep_secret(key)
        return key

    def of(self, endpoint: Endpoint) -> str:
        """The key of an endpoint, "" where it needs none; raises ForgeError when it is not at hand."""
        if endpoint.key == "none":
            return ""
        if endpoint.key == "variable":
            if self._bound.setdefault(endpoint.uid, origin(endpoint.url)) != origin(endpoint.url):
                raise ForgeError(
                    f"The key of {endpoint.name} was given for another server.", hint="Give it again for this one."
                )
            return self._from_variable(endpoint.key_variable, endpoint.name)
        account = _account(endpoint)
        with self._reading:  # many ask at once when a run begins: the first one reads
            held = self._held.get(account, "")
            if not held and endpoint.key == "keyring":
                held = secrets.read_key(account)
                with self._lock:
                    self._held[account] = held
        if held:
            return held
        gone = "is not in the keyring any more" if endpoint.key == "keyring" else "was kept only until Forge was closed"
        raise ForgeError(f"The key of {endpoint.name} {gone}.", hint="Give it again in the endpoint's settings.")

    def forget(self, endpoint: Endpoint) -> None:
        """Take the key out of memory and out of the keyring."""
        account = _account(endpoint)
        with self._lock:
            self._held.pop(account, None)
        if endpoint.key == "keyring":
            secrets.erase_key(account)
        elif endpoint.key != "none":
            with contextlib.suppress(ForgeError):  # a keyring that answered too late may have kept it all the same
                secrets.erase_key(account)

    def take_variables(self, endpoints: Iterable[Endpoint]) -> None:
        """Take every variable that holds a key out of the environment: done before any child is started.

        Also the one a key in the keyring came from, which may still be set.
        """
        for endpoint in endpoints:
            self._bound[endpoint.uid] = origin(endpoint.url)
            if endpoint.key_variable:
                secrets.take_from_environment(endpoint.key_variable)

    def _from_variable(self, variable: str, name: str = "") -> str:
        if not _VARIABLE.fullmatch(variable) or variable.upper() in _NOT_KEYS:
            raise ForgeError("That is no name of a variable that holds a key.", hint="As in FORGE_TEACHER_KEY.")
        if key := secrets.take_from_environment(variable):
            return _checked(key)
        whose = f"The key of {name} is read from" if name else "The key was to be read from"
        raise ForgeError(
            f"{whose} the environment variable {variable}, which is not set.", hint="Set it and start again."
        )


def _account(endpoint: Endpoint) -> str:
    return f"{endpoint.uid} {origin(endpoint.url)}"


def _checked(key: str) -> str:
    key = key.strip()
    if not (key.isascii() and key.isprintable()) or " " in key or not SHORTEST_KEY <= len(key) <= _LONGEST:
        raise ForgeError(
            f"That is no key: a key has {SHORTEST_KEY} to {_LONGEST} signs without spaces.",
            hint="Copy it again. A local server that asks for none needs none.",
        )
    return key
