"""Marks that turn the direction in which a text is read: what hides what it says is shown as an escape instead."""

from __future__ import annotations

import re

TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")


def unturned(text: str) -> str:
    """The text with such marks as a reader can see them: \\u202e. Letters that are read from the right stay."""
    return TURNING.sub(lambda mark: f"\\u{ord(mark[0]):04x}", text)
