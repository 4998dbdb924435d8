"""Remote endpoints: wire formats, prices, the spending ledger, paid answers. The only room that opens a socket."""

from forge_desktop.providers.providers import Providers

WIRES = ("openai", "anthropic", "gemini")

__all__ = ["WIRES", "Providers"]
