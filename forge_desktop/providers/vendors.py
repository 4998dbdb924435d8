"""What is known of the vendors by their address: the price table's name for them, and the wire format they speak."""

from __future__ import annotations

import urllib.parse

WIRE_NAMES = ("openai", "anthropic", "gemini")  # of wires.WIRES, which takes a while to import
VENDORS = {
    # host: (the price table's name, wire format)
    "api.openai.com": ("openai", "openai"),
    "api.anthropic.com": ("anthropic", "anthropic"),
    "generativelanguage.googleapis.com": ("google", "gemini"),  # openai's format below …/openai
    "api.mistral.ai": ("mistral", "openai"),
    "api.deepseek.com": ("deepseek", "openai"),
    "api.groq.com": ("groq", "openai"),
    "api.together.xyz": ("together", "openai"),
    "api.together.ai": ("together", "openai"),
    "api.fireworks.ai": ("fireworks", "openai"),
    "api.x.ai": ("xai", "openai"),
    "api.cohere.ai": ("cohere", "openai"),
    "api.cohere.com": ("cohere", "openai"),
    "openrouter.ai": ("openrouter", "openai"),
}


def vendor_of(url: str) -> str:
    """The price table's name for whoever is at this address, or ""."""
    return VENDORS.get(_host(url), ("", ""))[0]


def wire_of(url: str) -> str:
    """The wire format that is spoken at this address; nearly all speak OpenAI's."""
    if url.strip().rstrip("/").endswith("/openai"):
        return "openai"
    return VENDORS.get(_host(url), ("", "openai"))[1]


def _host(url: str) -> str:
    try:
        return urllib.parse.urlsplit(url.strip()).hostname or ""
    except ValueError:
        return ""
