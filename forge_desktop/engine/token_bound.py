"""How many tokens a text has at most, about, where nobody here has the tokenizer that counts it."""

from __future__ import annotations

import re

_PLAIN = re.compile(r"(?: ?[A-Za-z])+")
_OF_A_MESSAGE = 8  # what a template puts around one message


def bound(text: str) -> int:
    """Tokens of a text, on the safe side: two ASCII letters or spaces before them make one, every other ASCII character
    one of its own, three bytes of UTF-8 two in all other writing.

    English prose takes less than half of it, other languages with a small vocabulary nearly all. It is no proof, which
    is why money is reckoned by bytes.
    """
    runs = [len(run) for run in _PLAIN.findall(text)]
    ascii_characters = len(text) if text.isascii() else sum(character < "\x80" for character in text)
    others = len(text.encode("utf-8", "replace")) - ascii_characters
    return sum(-(-run // 2) for run in runs) + (ascii_characters - sum(runs)) + -(-2 * others // 3)


def message_bound(text: str) -> int:
    """The same, of a text that is one message of a conversation."""
    return bound(text) + _OF_A_MESSAGE
