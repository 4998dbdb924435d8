"""Which base addresses an endpoint may have, and what of an address a key is bound to."""

from __future__ import annotations

import ipaddress
import urllib.parse

from forge_desktop.base.errors import ForgeError

_PORTS = {"https": 443, "http": 80}
_HOME_NAMES = (".local", ".lan", ".internal", ".home.arpa")  # names that only a local network gives


def checked_url(url: str, *, with_key: bool, typed_host: str) -> str:
    """The base address as it is kept, without a slash at its end; raises ForgeError with what is wrong with it.

    https goes anywhere, http only to this machine, or to a private address without a key and with its host typed.
    """
    url = url.strip().rstrip("/")
    try:
        parts = urllib.parse.urlsplit(url)
        port = parts.port
    except ValueError:
        raise _bad("That is no address", "Write it as in https://api.example.com/v1.") from None
    host = parts.hostname or ""
    if parts.scheme not in _PORTS or not host or any(sign.isspace() for sign in url):
        raise _bad("That is no address of an endpoint", "Write it as in https://api.example.com/v1.")
    if parts.username is not None or parts.password is not None:
        raise _bad("The address holds a name or a password", "Leave it out; a key is given for itself.")
    if parts.query or parts.fragment or "?" in url or "#" in url:
        raise _bad("The address holds a ? or a #", "Give only the base, as in https://api.example.com/v1.")
    if port == 0:
        raise _bad("The address has the port 0", "Write the port the server listens on.")
    if parts.scheme == "http" and not is_loopback(host):
        _check_plain(host, with_key=with_key, typed_host=typed_host)
    shown = f"[{host}]" if ":" in host else host
    number = f":{port}" if port is not None and port != _PORTS[parts.scheme] else ""
    return f"{parts.scheme}://{shown}{number}{parts.path}".rstrip("/")


def _check_plain(host: str, *, with_key: bool, typed_host: str) -> None:
    if not is_private(host):
        raise _bad(f"http to {host} would send everything readable through the internet", "Use https.")
    if with_key:
        raise _bad(f"http to {host} would send the key readable through the network", "Use https, or give no key.")
    if typed_host.strip().casefold() != host:
        raise _bad(
            f"http to {host} sends texts readable through the network, so its host must be typed once more",
            f"Type {host} as the host to allow it, or use https.",
        )


def origin(url: str) -> str:
    """Scheme, host and port: what a key belongs to."""
    parts = urllib.parse.urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}:{parts.port or _PORTS.get(parts.scheme, 0)}"


def is_loopback(host: str) -> bool:
    """Whether this host is the machine itself."""
    if host.casefold() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def on_this_computer(url: str) -> bool:
    """Whether an endpoint's address leads to the machine itself; by its host, not by what its host begins with."""
    return is_loopback(urllib.parse.urlsplit(url).hostname or "")


def is_private(host: str) -> bool:
    """Whether this host is of a local network: by its number, or by a name that only such a network gives."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "." not in host or host.casefold().endswith(_HOME_NAMES)
    return address.is_private and not address.is_unspecified and not address.is_multicast


def leads_nearby(url: str) -> bool:
    """Whether an address that a stranger gave leads to this machine or a local network, however its host is spelt.

    By what is written, not by what a name server says of it.
    """
    host = (urllib.parse.urlsplit(url).hostname or "").rstrip(".").casefold()
    if is_loopback(host) or is_private(host) or host.endswith(".localhost"):
        return True
    try:
        return not ipaddress.ip_address(host.partition("%")[0]).is_global
    except ValueError:
        return host.rpartition(".")[2][:1].isdigit()  # 127.1 or 0x7f.0.0.1: no name ends in a number


def _bad(what: str, hint: str) -> ForgeError:
    return ForgeError(f"{what}.", hint=hint)
