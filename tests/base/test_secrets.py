"""Which keyring is trusted: only those of the operating systems, never one that forgets or writes plain files."""

from __future__ import annotations

from collections.abc import Callable

import keyring
import pytest

from forge_desktop.base.secrets import keyring_name

Say = Callable[..., None]


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch) -> Say:
    """Makes the keyring package choose a backend from this module, the edge of these tests."""

    def backend(module: str, *inner: object) -> object:
        made = type("Keyring", (), {"__module__": module})()
        if inner:
            made.backends = list(inner)
        return made

    def choose(module: str, *inner: str) -> None:
        found = backend(module, *map(backend, inner))
        monkeypatch.setattr(keyring, "get_keyring", lambda: found)

    return choose


@pytest.mark.parametrize(
    ("modules", "name"),
    [
        (("keyring.backends.SecretService",), "Secret Service"),
        (("keyring.backends.macOS",), "macOS Keychain"),
        (("keyring.backends.Windows",), "Windows Credential Manager"),
        (("keyring.backends.chainer", "keyring.backends.libsecret", "keyring.backends.fail"), "Secret Service"),
        (("keyring.backends.chainer", "keyrings.alt.file"), ""),
        (("keyring.backends.null",), ""),
        (("keyring.backends.fail",), ""),
        (("keyrings.alt.file",), ""),
    ],
)
def test_only_keyrings_of_the_system_count(chosen: Say, modules: tuple[str, ...], name: str) -> None:
    chosen(*modules)
    assert keyring_name() == name
