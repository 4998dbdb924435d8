"""The comments of a Markdown text, which no reader of it sees."""

from __future__ import annotations

import re

_FENCED = r"^ {0,3}(?P<fence>`{3,}|~{3,})[^\n]*\n.*?(?:^ {0,3}(?P=fence)[`~]*[ \t]*$|\Z)"
_SPAN = r"(?<!`)(?P<ticks>`+)(?!`)[^\n]*?(?<!`)(?P=ticks)(?!`)"
_SAID = r"^ {0,3}<!--.*?-->[ \t]*\n?|<!--.*?-->"
_COMMENT = re.compile(f"(?P<code>{_FENCED}|{_SPAN})|{_SAID}", re.MULTILINE | re.DOTALL)


def without_comments(text: str) -> str:
    """The text as it is read; what stands as code keeps what looks like a comment."""
    return _COMMENT.sub(lambda found: found["code"] or "", text) if "<!--" in text else text
