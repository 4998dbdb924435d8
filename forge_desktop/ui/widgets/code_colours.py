"""Source code split into runs with a kind of colour, by Pygments."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pygments.lexer import Lexer

_LONGEST = 60_000  # characters; beyond, colouring costs more than it helps


def coloured(code: str, language: str) -> Iterator[tuple[str, str]]:
    """Runs of the code as (text, kind): "keyword", "string", "comment", "number", "function", or "" for plain."""
    lexer = _lexer(language.lower()) if language and len(code) <= _LONGEST else None
    if lexer is None:
        yield code, ""
        return
    text, kind = "", ""
    for token, value in lexer.get_tokens(code):
        found = _kind(token)
        if found != kind and text:
            yield text, kind
            text = ""
        text, kind = text + value, found
    if text := text.removesuffix("\n"):  # the lexer ends every text with a line end of its own
        yield text, kind


@lru_cache(maxsize=64)
def _lexer(language: str) -> Lexer | None:
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        return get_lexer_by_name(language, stripnl=False)
    except ClassNotFound:
        return None


@lru_cache(maxsize=512)
def _kind(token: Any) -> str:
    from pygments.token import Token

    if token in Token.Keyword:
        return "keyword"
    if token in Token.Literal.String:
        return "string"
    if token in Token.Comment:
        return "comment"
    if token in Token.Literal.Number:
        return "number"
    if token in Token.Name.Function or token in Token.Name.Class:
        return "function"
    return ""
