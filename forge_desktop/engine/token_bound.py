"""How many tokens a text has at most, about, where nobody here has the tokenizer that counts it."""

from __future__ import annotations

import re

_PLAIN = re.compile(r"[A-Za-z ]+")
_OF_A_MESSAGE = 8  # what a template puts around one message


def bound(text: str) -> int:
    """Tokens of a text, on the safe side: ASCII letters and spaces make one for three of them, every other ASCII
    character one of its own, everything else one for two bytes of UTF-8.

    Prose takes about a quarter less with most tokenizers. It is no proof, which is why money is reckoned by bytes.
    """
    plain = sum(len(run) for run in _PLAIN.findall(text))
    ascii_characters = len(text) if text.isascii() else sum(character < "\x80" for character in text)
    others = len(text.encode("utf-8", "replace")) - ascii_characters
    return -(-plain // 3) + (ascii_characters - plain) + -(-others // 2)


def message_bound(text: str) -> int:
    """The same, of a text that is one message of a conversation."""
    return bound(text) + _OF_A_MESSAGE
