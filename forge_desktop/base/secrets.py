"""The operating system's keyring, the only place where keys may be kept; and keys that come in the environment.

The only import of `keyring`. A keyring is spoken to on a thread of its own, because one that is locked may wait for a
person for ever; after `PATIENCE` seconds that is an error in words.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.redacting import keep_secret

PATIENCE = 30.0  # seconds; long enough to type the password that unlocks it
_SERVICE = "Forge Desktop"
_TRUSTED = {
    # module of the backend: what people call it
    "keyring.backends.SecretService": "Secret Service",
    "keyring.backends.libsecret": "Secret Service",
    "keyring.backends.kwallet": "KWallet",
    "keyring.backends.macOS": "macOS Keychain",
    "keyring.backends.Windows": "Windows Credential Manager",
}
_taken: dict[str, str] = {}  # keys out of the environment of this process, by the variable's name
_asking: threading.Thread | None = None  # the question that a keyring has not answered yet
_turn = threading.Lock()
_lock = threading.Lock()  # for _taken


def keyring_name() -> str:
    """The keyring that would keep a key, or "" when there is none to be trusted.

    Other backends are no keyrings: one says yes and forgets, another writes keys into a plain file. Nor is one that
    does not answer.
    """
    try:
        return str(_asked("read", _name_of))
    except ForgeError:
        return ""


def read_key(account: str) -> str:
    """The key kept for `account`, or "". Raises ForgeError when the keyring is locked or does not answer."""
    value = _asked("read", lambda ring: ring.get_password(_SERVICE, account))
    if value:
        keep_secret(str(value))
    return str(value or "")


def write_key(account: str, key: str) -> None:
    """Keep a key and read it back. Raises ForgeError when the keyring did not keep exactly this."""
    keep_secret(key)

    def work(ring: Any) -> object:
        ring.set_password(_SERVICE, account, key)
        return ring.get_password(_SERVICE, account)

    if _asked("write to", work) != key:
        erase_key(account)
        raise ForgeError(
            f"The keyring ({keyring_name()}) gave back another key than it was given, so it is not trusted with one.",
            hint="Check it with your system's own program for passwords.",
        )


def erase_key(account: str) -> None:
    """Take the key of `account` out of the keyring; harmless where there is none."""

    def work(ring: Any) -> object:
        if ring.get_password(_SERVICE, account) is not None:
            ring.delete_password(_SERVICE, account)
        return None

    _asked("write to", work)


def take_from_environment(variable: str) -> str:
    """The key in this environment variable, or "". It is taken out, so that no child of this process ever gets it."""
    value = os.environ.pop(variable, "").strip()
    with _lock:
        if value:
            keep_secret(value)
            _taken[variable] = value
        return _taken.get(variable, "")


def _trusted() -> Any:
    """The first keyring that can be trusted of those that the keyring package would use, or None."""
    import keyring

    chosen = keyring.get_keyring()
    every = (chosen, *getattr(chosen, "backends", ()))
    return next((backend for backend in every if _name_of(backend)), None)


def _name_of(backend: object) -> str:
    return _TRUSTED.get(type(backend).__module__.removesuffix(".api"), "")


def _asked(verb: str, work: Callable[[Any], object]) -> object:
    """The answer of the keyring to one question, within the patience. Questions are asked one after another."""
    if not _turn.acquire(timeout=PATIENCE):
        raise _silent()
    try:
        answer = _answer(work)
    finally:
        _turn.release()
    if isinstance(answer, ForgeError):
        raise answer
    if isinstance(answer, BaseException):
        done = "read" if verb == "read" else "written"
        raise ForgeError(
            f"The keyring could not be {done}: {type(answer).__name__}.", hint="Unlock it and try again."
        ) from None  # the keyring's own words may hold what it was asked
    return answer


def _answer(work: Callable[[Any], object]) -> object:
    """What the keyring says, or what it raised."""
    global _asking
    said: list[object] = []

    def ask() -> None:
        try:
            ring = _trusted()
            if ring is None:
                raise ForgeError("This system has no keyring that can be trusted with a key.")
            said.append(work(ring))
        except Exception as error:  # noqa: BLE001 - whatever a keyring raises is put into words above
            said.append(error)

    if _asking is not None and _asking.is_alive():  # it has not even answered the last one
        raise _silent()
    _asking = threading.Thread(target=ask, name="keyring", daemon=True)
    _asking.start()
    _asking.join(PATIENCE)
    if not said:
        raise _silent()
    return said[0]


def _silent() -> ForgeError:
    return ForgeError(
        f"The keyring did not answer within {PATIENCE:g} seconds.",
        hint="It may be waiting for its password in another window: unlock it and try again.",
    )
