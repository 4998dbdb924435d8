"""Takes what is private out of a card's text so that it stays one that can be read and says all the rest as before.

In the front matter it is hidden in what values and keys say, not in how they are written, and each that changed is
written anew in its place; keys that become alike get numbers. What did not change stays letter for letter.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterable, Sequence

import yaml

from forge_desktop.cards.markdown import front
from forge_desktop.cards.markdown.records import BadCardText
from forge_desktop.cards.markdown.yaml_nodes import LOADER, Node, compose
from forge_desktop.cards.privacy.front_pieces import FrontMatter, Piece, comment_lines, read

Redact = Callable[[str], str]

_BARE = re.compile(r"[\w‹](?:[\w ‹›./()-]*[\w‹›)])?")  # needs no quotes anywhere
_ESCAPED = re.compile(r"[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_FIRST_LINE = re.compile(r"(?P<marks>[|>][+-]?)(?P<rest>[ \t]*(?:#[^\r\n]*)?)(?P<end>\r?\n)")
_ANCHOR = "hidden"


def hidden_document(document: str, over: Redact) -> str:
    """A card's text without what `over` takes out."""
    try:
        parts = front.split(document)
        held = read(parts.yaml)
    except BadCardText:
        return over(document)
    return parts.before + _hidden(held, over, parts.line_end) + parts.after + over(parts.body)


def unlike(names: Iterable[str], over: Redact) -> dict[str, str]:
    """What hides each of these names; those that become alike are numbered, so that none takes another's place."""
    made = {name: over(name) for name in dict.fromkeys(names)}
    taken = {name for name, shown in made.items() if name == shown}
    for name, shown in made.items():
        if name == shown:
            continue
        numbers = (f"{shown[:-1]} {n}›" if shown.endswith("›") else f"{shown} {n}" for n in itertools.count(2))
        made[name] = next(one for one in itertools.chain([shown], numbers) if one not in taken)
        taken.add(made[name])
    return made


def _hidden(held: FrontMatter, over: Redact, line_end: str) -> str:
    hiding = _Hiding(held, over, line_end)
    if not hiding.changes:
        return held.text
    for quoted in (False, True):
        text = hiding.written(quoted=quoted)
        if hiding.is_said_by(text):
            return text
    return hiding.anew()


class _Hiding:
    """Front matter, and what its values, keys, comments and anchors say instead."""

    def __init__(self, held: FrontMatter, over: Redact, line_end: str) -> None:
        self._held, self._over, self._line_end = held, over, line_end
        keys = [key.meant for node in held.nodes for key, _ in node.pairs]
        self._keys = {key.end for key in keys}
        self._names = unlike((key.text for key in keys), over)
        anchors = dict.fromkeys(piece.said for piece in held.pieces if piece.kind == "anchor")
        self._anchors = self._renamed(list(anchors))
        self._said = [self._instead(piece) for piece in held.pieces]

    @property
    def changes(self) -> bool:
        """Whether anything is hidden."""
        return any(
            said != piece.said or (piece.aside and self._over(piece.aside) != piece.aside)
            for piece, said in zip(self._held.pieces, self._said, strict=True)
        )

    def written(self, *, quoted: bool) -> str:
        """The text with what changed in its place, or in quotation marks wherever it stands."""
        parts: list[str] = []
        last = 0
        for number, (piece, said) in enumerate(zip(self._held.pieces, self._said, strict=True)):
            parts += (self._held.text[last : piece.start], self._piece(number, piece, said, quoted=quoted))
            last = piece.end
        return "".join(parts) + self._held.text[last:]

    def is_said_by(self, text: str) -> bool:
        """Whether a text says what is left, and all of it."""
        try:
            made = compose(text)
        except BadCardText:
            return False
        return self._held.root is None or (made is not None and self._alike(self._held.root, made))

    def anew(self) -> str:
        """The same without comments and places, for what cannot be written into the text as it stands."""
        root = yaml.compose(self._held.text, Loader=LOADER)
        seen: set[int] = set()
        waiting = [root]
        while waiting:
            node = waiting.pop()
            if node is None or id(node) in seen:
                continue
            seen.add(id(node))
            if isinstance(node, yaml.ScalarNode):
                said = self._instead(Piece("scalar", node.value, node.start_mark.index, node.end_mark.index))
                if said != node.value:
                    node.value, node.tag, node.style = said, "tag:yaml.org,2002:str", None
            else:
                waiting += [side for held in node.value for side in (held if isinstance(held, tuple) else (held,))]
        return str(yaml.serialize(root, Dumper=yaml.SafeDumper, allow_unicode=True, line_break=self._line_end))

    def _instead(self, piece: Piece) -> str:
        if piece.kind == "scalar":
            return self._names[piece.said] if piece.end in self._keys else self._over(piece.said)
        if piece.kind == "comment":
            return self._over(piece.said)
        return self._anchors.get(piece.said, piece.said)

    def _renamed(self, anchors: Sequence[str]) -> dict[str, str]:
        """Anchors whose names are private, with names that say nothing."""
        free = (name for n in itertools.count(1) if (name := f"{_ANCHOR}-{n}") not in anchors)
        return {name: next(free) for name in anchors if self._over(name) != name}

    def _piece(self, number: int, piece: Piece, said: str, *, quoted: bool) -> str:
        source = self._held.text[piece.start : piece.end]
        if piece.kind == "tag":
            return "!!str" if self._tags_changed(number) else source
        if piece.kind in ("anchor", "alias"):
            return source[0] + said
        if piece.kind == "comment":
            return source if said == piece.said else _comment(source, said)
        if piece.style in ("|", ">"):
            return self._block(source, piece, said, quoted=quoted)
        if said == piece.said:
            return source
        return _inline(said, '"' if quoted else piece.style)

    def _block(self, source: str, piece: Piece, said: str, *, quoted: bool) -> str:
        aside = self._over(piece.aside)
        if said == piece.said:
            return source.replace(f"#{piece.aside}", f"#{aside}", 1) if piece.aside != aside else source
        tail = source[len(source.rstrip()) :]
        first = _FIRST_LINE.match(source)
        if (
            quoted
            or first is None
            or not said.strip()
            or said.startswith((" ", "\n"))
            or _ESCAPED.search(said.replace("\n", ""))
        ):
            return _inline(said, '"') + (f"  #{aside}" if aside and tail else "") + tail
        rest = source[first.end() :]
        indent = next(line for line in rest.splitlines() if line.strip())
        indent = indent[: len(indent) - len(indent.lstrip(" "))]
        lines = [indent + line if line else "" for line in said.rstrip("\n").split("\n")]
        head = f"|{first['marks'][1:]}{first['rest'].replace(f'#{piece.aside}', f'#{aside}') if aside else ''}"
        return first["end"].join([head, *lines]) + tail

    def _tags_changed(self, number: int) -> bool:
        """Whether the value behind a tag is hidden: then it is a text, whatever it was."""
        for piece, said in zip(self._held.pieces[number + 1 :], self._said[number + 1 :], strict=True):
            if piece.kind != "anchor":
                return piece.kind == "scalar" and said != piece.said
        return False

    def _alike(self, was: Node, now: Node) -> bool:
        waiting = [(was, now)]
        while waiting:
            one, other = waiting.pop()
            if (one.kind, one.target is None) != (other.kind, other.target is None):
                return False
            if len(one.items) != len(other.items) or len(one.pairs) != len(other.pairs):
                return False
            if one.kind == "scalar" and one.target is None and not self._same(one, other):
                return False
            waiting += zip(one.items, other.items, strict=True)
            waiting += (both for pairs in zip(one.pairs, other.pairs, strict=True) for both in zip(*pairs, strict=True))
        return True

    def _same(self, one: Node, other: Node) -> bool:
        said = self._instead(Piece("scalar", one.text, one.start, one.end))
        return said == other.text and (one.tag == other.tag if said == one.text else other.tag.endswith(":str"))


def _comment(source: str, said: str) -> str:
    """A comment of as many lines as it has now, each with the sign and the place that it had."""
    lines = said.split("\n")
    _, between = comment_lines(source[1:])
    return "#" + "".join(line + sign for line, sign in zip(lines, [*between[: len(lines) - 1], ""], strict=True))


def _inline(said: str, style: str) -> str:
    """A value in one line: as bare words or in single quotation marks where these hold it, else in double ones."""
    if _ESCAPED.search(said) or style == '"' or style in ("|", ">"):
        return _ESCAPED.sub(_escape, json.dumps(said, ensure_ascii=False))
    if not style and _BARE.fullmatch(said):
        return said
    doubled = said.replace("'", "''")
    return f"'{doubled}'"


def _escape(sign: re.Match[str]) -> str:
    number = ord(sign[0])
    return f"\\U{number:08x}" if number > 0xFFFF else f"\\u{number:04x}"
