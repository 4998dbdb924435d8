"""What front matter says, piece by piece: values and keys as they read, comments, anchors, each with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import yaml

from forge_desktop.cards.markdown import front
from forge_desktop.cards.markdown.records import BadCardText
from forge_desktop.cards.markdown.yaml_nodes import LOADER, Node, compose, every

_BREAK = r"(?:\r\n|[\r\n\x85\u2028\u2029])"
_COMMENT = re.compile(rf"#(?P<text>[^\r\n\x85\u2028\u2029]*)(?P<more>(?:{_BREAK}[ \t]*#[^\r\n\x85\u2028\u2029]*)*)")
_LINE = re.compile(rf"{_BREAK}[ \t]*#")
_HEADER = re.compile(r"(?P<marks>[|>][^\s#]*)(?P<aside>[ \t]+#[^\r\n]*)?")


@dataclass(frozen=True)
class Piece:
    """A part of the front matter. `said` as it reads; `style` of a value, as YAML has it; `tag` tells of its place.

    Of a block `aside` is the comment in its first line.
    """

    kind: Literal["scalar", "comment", "anchor", "alias", "tag"]
    said: str
    start: int
    end: int
    style: str = ""
    aside: str = ""


@dataclass(frozen=True)
class FrontMatter:
    """Front matter that can be read: its text, its tree, its pieces in order."""

    text: str
    root: Node | None
    pieces: tuple[Piece, ...]

    @property
    def nodes(self) -> Iterator[Node]:
        """Every value and key, an alias as itself, in the order of the text."""
        return every(self.root)


def read(yaml_text: str) -> FrontMatter:
    """Front matter with its pieces. Raises BadCardText where it cannot be read."""
    root = compose(yaml_text)
    return FrontMatter(yaml_text, root, tuple(_pieces(yaml_text)))


def texts_of(document: str) -> Iterator[tuple[str, bool]]:
    """All that a document says, text by text, and whether people and documents can be meant in it: values and keys of
    the front matter as they read, the body as it is. A value stands once more behind its key, which tells a password.
    """
    try:
        parts = front.split(document)
        held = read(parts.yaml)
    except BadCardText:
        yield document, True
        return
    for piece in held.pieces:
        if piece.kind != "tag":
            yield piece.said, True
        if piece.aside:
            yield piece.aside, True
    pairs = [pair for node in held.nodes for pair in node.pairs if pair[1].kind == "scalar" and pair[1].text]
    yield "\n\n".join(f"{key.meant.text}: {value.text}" for key, value in pairs), False
    yield parts.body, True


def comment_lines(said: str) -> tuple[list[str], list[str]]:
    """Lines of a comment without their signs, and what stands between them."""
    return _LINE.split(said), _LINE.findall(said)


def _pieces(text: str) -> Iterator[Piece]:
    last = 0
    for token in yaml.scan(text, Loader=LOADER):
        piece = _piece(token, text)
        if piece is not None:
            yield from _comments(text, last, piece.start)
            yield piece
            last = piece.end
    yield from _comments(text, last, len(text))


def _piece(token: yaml.Token, text: str) -> Piece | None:
    start, end = token.start_mark.index, token.end_mark.index
    if isinstance(token, yaml.ScalarToken):
        return _scalar(token, text[start:end], start, end)
    if isinstance(token, yaml.AnchorToken):
        return Piece("anchor", str(token.value), start, end)
    if isinstance(token, yaml.AliasToken):
        return Piece("alias", str(token.value), start, end)
    return Piece("tag", "", start, end) if isinstance(token, yaml.TagToken) else None


def _scalar(token: yaml.ScalarToken, source: str, start: int, end: int) -> Piece:
    style = token.style or ""
    header = _HEADER.match(source) if style in ("|", ">") else None
    aside = (header["aside"] or "").lstrip() if header else ""
    return Piece("scalar", str(token.value), start, end, style, aside[1:])


def _comments(text: str, start: int, end: int) -> Iterator[Piece]:
    """Comments between two values: lines that follow each other as one, without the sign before each."""
    for found in _COMMENT.finditer(text, start, end):
        yield Piece("comment", "\n".join(_LINE.split(found[0][1:])), *found.span())
