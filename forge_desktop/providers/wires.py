"""The wire formats by name."""

from __future__ import annotations

from forge_desktop.base.errors import ForgeError
from forge_desktop.providers.anthropic_messages import AnthropicMessages
from forge_desktop.providers.gemini import Gemini
from forge_desktop.providers.openai_chat import OpenAIChat
from forge_desktop.providers.wire import Wire

WIRES: dict[str, Wire] = {"openai": OpenAIChat(), "anthropic": AnthropicMessages(), "gemini": Gemini()}


def wire_named(name: str) -> Wire:
    """One of them; raises ForgeError where there is none of this name."""
    try:
        return WIRES[name]
    except KeyError:
        raise ForgeError(f"There is no wire format called {name}.", hint=f"There are: {', '.join(WIRES)}.") from None
