"""Keyrings at the edge of the tests: one that keeps, and ones that hang, refuse, forget or keep something else."""

from __future__ import annotations

import threading

import keyring
import pytest


class FakeKeyring:
    """A keyring that goes by the name of the Secret Service. `kept` is what it holds; `ill` says what is wrong."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.ill = ""
        self.well_again = threading.Event()
        self.asked = 0

    def get_password(self, service: str, account: str) -> str | None:
        self._suffer()
        value = self.kept.get((service, account))
        return "something else" if self.ill == "differs" and value is not None else value

    def set_password(self, service: str, account: str, value: str) -> None:
        self._suffer()
        if self.ill != "forgets":
            self.kept[service, account] = value

    def delete_password(self, service: str, account: str) -> None:
        self._suffer()
        del self.kept[service, account]

    def _suffer(self) -> None:
        self.asked += 1
        if self.ill == "locked":
            raise keyring.errors.KeyringLocked("Failed to unlock the collection!")
        if self.ill == "slow":
            self.well_again.wait(0.05)
        if self.ill == "hangs":
            self.well_again.wait(60)


def use(monkeypatch: pytest.MonkeyPatch) -> FakeKeyring:
    """From now on, the keyring package chooses this one."""
    made = type("Keyring", (FakeKeyring,), {"__module__": "keyring.backends.SecretService"})()
    monkeypatch.setattr(keyring, "get_keyring", lambda: made)
    return made
