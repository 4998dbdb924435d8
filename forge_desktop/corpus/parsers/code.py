"""Source code in any language: the file's own characters; definitions are headings, blocks of lines are kept whole."""

from __future__ import annotations

import re

from forge_desktop.corpus.parsers import Parsed
from forge_desktop.corpus.parsers.decoding import decode
from forge_desktop.corpus.parsers.lines import Heading, Spans, lines_of

# A word that defines something, a name, and what may follow a name: enough to tell code from prose in a comment.
_DEFINITION = re.compile(
    r"[ \t]*(?:(?:export|default|pub(?:\([a-z]+\))?|public|private|protected|internal|static|abstract|final|sealed|"
    r"open|override|virtual|async|unsafe|extern|const|inline|data|partial|declare|local|type|template\s*<[^>]*>)\s+){0,6}"
    r"(?:class|interface|struct|enum|union|trait|impl|module|mod|namespace|protocol|extension|object|record|def|defp|"
    r"defmodule|fn|func|fun|function|sub|procedure|type|package)\*?(?:\s*\([^)]*\)|\s*<[^>]*>)?\s+[\w$.:~]+"
    r"(?=\s*(?:[({:<=\[;!?]|(?:extends|implements|for|where|is|do|struct|interface)\b|$))"
)
# A function of the C family, which no word announces: a name, parentheses, and a brace on this line or the next.
_FUNCTION = re.compile(
    r"(?P<indent>[ \t]*)(?!(?:if|for|foreach|while|switch|return|else|do|case|catch|try|with|synchronized|using|lock|"
    r"typedef|goto|new|delete|throw|await|yield|function)\b)"
    r"[A-Za-z_][\w \t*&:<>,.?~\[\]]*\([^;{}]*\)[^;{}=()]*"
    r"(?P<open>\{)?\s*$"
)
_ABOVE = re.compile(r"[ \t]*(?:@|#\[|//|/\*|\*|--|%%?|;;|\#(?!\s*(?:include|define|if|endif|else|pragma)))")
_LONGEST_TITLE = 160
_LONGEST_LINE = 2000  # longer ones are not written by people


def parse(data: bytes) -> Parsed:
    """The decoded file and its structure."""
    text = decode(data)
    lines = list(lines_of(text))
    return Parsed(text, headings=tuple(_headings(lines)), whole=tuple(_blocks(lines)))


def _headings(lines: list[tuple[int, str]]) -> list[Heading]:
    found: list[Heading] = []
    indents: list[int] = []  # of the definitions around a line
    first_free = 0
    for number, (_, bare) in enumerate(lines):
        if len(bare) > _LONGEST_LINE or not _defines(lines, number):
            continue
        indent = len(bare.expandtabs(4)) - len(bare.expandtabs(4).lstrip())
        while indents and indents[-1] >= indent:
            indents.pop()
        indents.append(indent)
        start = number
        while start > first_free and _ABOVE.match(lines[start - 1][1]):
            start -= 1  # comments and decorators belong to what they stand above
        first_free = number + 1
        found.append((lines[start][0], len(indents), bare.strip().rstrip("{}:;=( \t")[:_LONGEST_TITLE]))
    return found


def _defines(lines: list[tuple[int, str]], number: int) -> bool:
    bare = lines[number][1]
    if _DEFINITION.match(bare):
        return True
    function = _FUNCTION.match(bare)
    if function is None or bare.count("(") != bare.count(")"):
        return False
    if function["open"]:
        return True
    return number + 1 < len(lines) and lines[number + 1][1].rstrip() == function["indent"] + "{"


def _blocks(lines: list[tuple[int, str]]) -> Spans:
    """Runs of lines between blank ones."""
    spans: Spans = []
    start, end = -1, 0
    for offset, bare in lines:
        if bare.strip():
            start = offset if start < 0 else start
            end = offset + len(bare)
        elif start >= 0:
            spans.append((start, end))
            start = -1
    return [*spans, (start, end)] if start >= 0 else spans
