"""What the form of an endpoint offers and says: vendors with their addresses, where a key is, prices in words."""

from __future__ import annotations

import urllib.parse
from collections.abc import Sequence
from dataclasses import dataclass

from forge_desktop.providers.money import shown
from forge_desktop.providers.records import KeyPlace, Price, Rates


@dataclass(frozen=True)
class Preset:
    """A vendor or server to begin with. `free` ones run at home: they need no key and cost nothing."""

    name: str
    url: str
    wire: str = "openai"
    free: bool = False


PRESETS = (
    Preset("llama-server", "http://127.0.0.1:8080/v1", free=True),
    Preset("Ollama", "http://127.0.0.1:11434/v1", free=True),
    Preset("LM Studio", "http://127.0.0.1:1234/v1", free=True),
    Preset("vLLM", "http://127.0.0.1:8000/v1", free=True),
    Preset("OpenAI", "https://api.openai.com/v1"),
    Preset("Anthropic", "https://api.anthropic.com/v1", "anthropic"),
    Preset("Google Gemini", "https://generativelanguage.googleapis.com/v1beta/openai"),
    Preset("Mistral", "https://api.mistral.ai/v1"),
    Preset("DeepSeek", "https://api.deepseek.com/v1"),
    Preset("Groq", "https://api.groq.com/openai/v1"),
    Preset("Together", "https://api.together.xyz/v1"),
    Preset("Fireworks", "https://api.fireworks.ai/inference/v1"),
    Preset("xAI", "https://api.x.ai/v1"),
    Preset("OpenRouter", "https://openrouter.ai/api/v1"),
)

KEY_WORDS: dict[KeyPlace, str] = {
    "none": "No key",
    "keyring": "Key in the keyring",
    "variable": "Key from the variable {variable}",
    "memory": "Key kept until Forge Desktop is closed",
}


def host_in(url: str) -> str:
    """The host of an address, "" where it has none."""
    try:
        return urllib.parse.urlsplit(url.strip()).hostname or ""
    except ValueError:
        return ""


def spelled(host: str) -> str:
    """The ASCII name of a host that has other letters, which may only look like those of another host; else ""."""
    if host.isascii():
        return ""
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return "a name that cannot be looked up"


def price_words(price: Price, to_come: Sequence[tuple[Rates, str]] = ()) -> str:
    """What a million tokens cost, since when or as of when that is known, and what they will cost from which day."""
    told = _rates_words(price.rates)
    if price.tiers:
        told += ", more for long prompts"
    source = f"typed in, since {price.checked}" if price.source == "by hand" else f"price table of {price.checked}"
    later = "".join(f"; from {since}: {_rates_words(rates)}" for rates, since in to_come)
    return f"{told} ({source}){later}"


def _rates_words(rates: Rates) -> str:
    told = f"{shown(rates.input)} in, {shown(rates.output)} out"
    return told if rates.cached_input is None else f"{told}, {shown(rates.cached_input)} cached"
