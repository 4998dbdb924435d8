"""Remote endpoints: wire formats, prices, the spending ledger, paid answers. The only room that opens a socket."""

from forge_desktop.providers.providers import Providers
from forge_desktop.providers.vendors import WIRE_NAMES as WIRES

__all__ = ["WIRES", "Providers"]
