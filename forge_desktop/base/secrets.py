"""The operating system's keyring: the only place where keys may be kept, and the only import of `keyring`."""

from __future__ import annotations

_TRUSTED = {
    # module of the backend: what people call it
    "keyring.backends.SecretService": "Secret Service",
    "keyring.backends.libsecret": "Secret Service",
    "keyring.backends.kwallet": "KWallet",
    "keyring.backends.macOS": "macOS Keychain",
    "keyring.backends.Windows": "Windows Credential Manager",
}


def keyring_name() -> str:
    """The keyring that would keep a key, or "" when there is none to be trusted.

    Other backends are no keyrings: one says yes and forgets, another writes keys into a plain file.
    """
    import keyring

    chosen = keyring.get_keyring()
    for backend in (chosen, *getattr(chosen, "backends", ())):
        if name := _TRUSTED.get(type(backend).__module__.removesuffix(".api")):
            return name
    return ""
