"""RTF: paragraphs, headings, lists and notes in reading order; a table row is one line, pictures are skipped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from forge_desktop.corpus.parsers import Parsed, Unreadable
from forge_desktop.corpus.parsers.composing import Composer
from forge_desktop.corpus.parsers.office import one_line
from forge_desktop.corpus.parsers.rtf_codes import (
    CHARACTERS,
    CHARSETS,
    MARGINS,
    MARKERS,
    PARAGRAPHS,
    STARRED,
    TOKEN,
    UNREAD,
    code_page,
)


def parse(data: bytes) -> Parsed:
    """The document's text and headings. Raises Unreadable for what is not RTF."""
    if not data[:64].lstrip(b"\xef\xbb\xbf\r\n\t ").startswith(b"{\\rtf"):
        raise Unreadable("The RTF file is damaged: it does not begin as one.")
    return _Reader(data.decode("latin-1")).parsed()


@dataclass(frozen=True)
class _State:
    """What holds until the end of a group.

    `into` is where its text goes: "" for the document, "-" for nowhere. `font` -1 is the default one.
    """

    into: str = ""
    font: int = -1
    alternatives: int = 1  # characters after a Unicode one, for programs that do not know it
    hidden: bool = False


@dataclass
class _Paragraph:
    """The paragraph being read: its text so far and what it is."""

    parts: list[str] = field(default_factory=list)
    level: int = 0
    listed: bool = False
    in_table: bool = False


class _Reader:
    """Walks through the groups without recursion: they may be nested without end."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._lines = Composer()
        self._state = _State()
        self._stack: list[tuple[_State, _Paragraph]] = []
        self._paragraph = _Paragraph()
        self._bytes = bytearray()  # of the text, not yet decoded: a character may take several
        self._skip = 0  # alternatives still to come
        self._starred = False
        self._codec = "cp1252"
        self._fonts: dict[int, str] = {}
        self._default_font = 0
        self._font = self._style = 0  # those being declared
        self._levels: dict[int, int] = {}
        self._cells: list[str] = []
        self._row_open = self._list_open = False
        self._notes: list[str] = []
        self._row_notes: list[str] = []  # of a table, which they follow
        self._author = ""
        self._margins: set[str] = set()

    def parsed(self) -> Parsed:
        """The whole text."""
        position, end = 0, len(self._source)
        match = TOKEN.match
        while position < end:
            token = match(self._source, position)
            if token is None:
                break
            position = token.end()
            word, number, byte, symbol, brace, text = token.groups()
            if text is not None:
                self._text(text)
            elif byte is not None:
                self._text(chr(int(byte, 16)))
            elif brace == "{":
                self._stack.append((self._state, self._paragraph))
                self._starred = False
            elif brace == "}":
                self._close()
            elif word == "bin":
                position += max(int(number or 0), 0)
            elif word is not None:
                self._word(word, None if number is None else int(number))
            elif symbol is not None:
                self._symbol(symbol)
        while self._stack:  # it was cut off
            self._close()
        self._end_paragraph()
        self._end_row()
        self._add_notes(self._row_notes)
        return self._lines.parsed()

    def _text(self, text: str) -> None:
        if self._skip:
            self._skip, text = max(0, self._skip - len(text)), text[self._skip :]
        if self._state.into != "-" and not self._state.hidden:
            self._bytes += text.encode("latin-1")

    def _write(self, text: str) -> None:
        self._decode()
        if self._state.into != "-" and not self._state.hidden:
            self._paragraph.parts.append(text)

    def _decode(self) -> None:
        if self._bytes:
            font = self._default_font if self._state.font < 0 else self._state.font
            codec = self._fonts.get(font, self._codec)
            self._paragraph.parts.append(self._bytes.decode(codec, "replace"))
            self._bytes.clear()

    def _symbol(self, symbol: str) -> None:
        if symbol == "*":
            self._starred = True
        elif symbol in ("\n", "\r"):
            self._end_paragraph()
        elif self._skip:
            self._skip -= 1
        elif symbol in CHARACTERS:
            self._write(CHARACTERS[symbol])
        elif symbol in ("\\", "{", "}"):
            self._text(symbol)

    def _word(self, word: str, number: int | None) -> None:
        starred, self._starred, self._skip = self._starred, False, 0
        if word in UNREAD or (starred and word not in STARRED):
            self._enter("-")
        elif self._state.into == "-":
            return
        elif word == "u":
            code = (number or 0) % 0x10000
            self._write(chr(code))
            self._skip = self._state.alternatives
        elif word in CHARACTERS:
            self._write(CHARACTERS[word])
        elif word in PARAGRAPHS:
            self._end_paragraph()
        elif word in MARGINS or word in ("footnote", "annotation", "atnauthor", "fonttbl", "stylesheet"):
            self._enter(word)
        elif word in MARKERS:
            self._paragraph.listed = True
            self._enter("-")
        elif self._state.into in ("fonttbl", "stylesheet"):
            self._declare(word, number)
        elif (action := _ACTIONS.get(word)) is not None:
            action(self, number)

    def _enter(self, into: str) -> None:
        """The group at hand is of this kind; what it says is collected apart."""
        self._decode()
        if into not in ("-", self._state.into):
            self._paragraph = _Paragraph()
        self._state = replace(self._state, into=into)

    def _close(self) -> None:
        """A group ends."""
        if self._state.into == "-":
            self._bytes.clear()
        self._decode()
        self._skip, self._starred = 0, False
        if not self._stack:
            return
        kind, paragraph = self._state.into, self._paragraph
        self._state, self._paragraph = self._stack.pop()
        if kind not in ("", "-") and paragraph is not self._paragraph:
            self._collected(kind, _joined(paragraph.parts))
        elif kind == "stylesheet":
            self._name_style(_joined(paragraph.parts))
            paragraph.parts.clear()

    def _collected(self, kind: str, text: str) -> None:
        """What stood apart: notes follow their paragraph, headers and footers come once."""
        if kind == "atnauthor":
            self._author = one_line(text)
        elif kind == "footnote" and text.strip():
            self._note(f"Note: {one_line(text)}")
        elif kind == "annotation" and text.strip():
            self._note(f"Comment{' by ' if self._author else ''}{self._author}: {one_line(text)}")
            self._author = ""
        elif kind in MARGINS and text.strip() not in self._margins and any(character.isalpha() for character in text):
            self._margins.add(text.strip())
            self._lines.add(text.strip())

    def _declare(self, word: str, number: int | None) -> None:
        """A word in the table of fonts or of styles."""
        if word == "f":
            self._font = number or 0
        elif word == "fcharset" and number in CHARSETS:
            self._fonts[self._font] = CHARSETS[number]
        elif word == "cpg":
            self._fonts[self._font] = code_page(number or 0)
        elif word == "s":
            self._style = number or 0
        elif word == "outlinelevel" and 0 <= (number or 0) < 9:
            self._levels[self._style] = (number or 0) + 1

    def _name_style(self, name: str) -> None:
        words = name.strip().rstrip(";").casefold().split()
        if words[:1] == ["title"]:
            self._levels.setdefault(self._style, 1)
        elif words[:1] == ["heading"] and len(words) == 2 and words[1] in "123456789":
            self._levels.setdefault(self._style, int(words[1]))
        self._style = 0

    def _end_paragraph(self) -> None:
        self._decode()
        if self._state.into:
            self._paragraph.parts.append("\n")
            return
        paragraph = self._paragraph
        if paragraph.in_table:
            paragraph.parts.append(" ")  # a paragraph of a cell
            return
        self._end_row()
        self._add_notes(self._row_notes)
        self._row_open = False
        text = _joined(paragraph.parts).strip()
        listed = paragraph.listed and not paragraph.level
        close = listed and self._list_open
        self._lines.add(f"- {text}" if listed and text else text, level=paragraph.level, close=close, whole=listed)
        self._list_open = listed
        paragraph.parts.clear()
        paragraph.listed = False
        self._add_notes(self._notes)

    def _end_cell(self, number: int | None) -> None:
        self._decode()
        if self._state.into:
            self._paragraph.parts.append(" ")
        else:
            self._cells.append(one_line(_joined(self._paragraph.parts)))
            self._paragraph.parts.clear()

    def _end_row(self, number: int | None = None) -> None:
        if any(self._cells):
            self._lines.add(" | ".join(self._cells), close=self._row_open, whole=True)
            self._row_open = True
            self._list_open = False
        self._cells.clear()

    def _note(self, note: str) -> None:
        (self._row_notes if self._paragraph.in_table else self._notes).append(note)

    def _add_notes(self, notes: list[str]) -> None:
        for note in notes:
            self._lines.add(note)
        notes.clear()

    def _set_font(self, number: int | None) -> None:
        self._decode()
        self._state = replace(self._state, font=-1 if number is None else number)

    def _set_default_font(self, number: int | None) -> None:
        self._default_font = number or 0

    def _reset_characters(self, number: int | None) -> None:
        self._decode()
        self._state = replace(self._state, font=-1, hidden=False)

    def _set_hidden(self, number: int | None) -> None:
        self._decode()
        self._state = replace(self._state, hidden=number != 0)

    def _set_alternatives(self, number: int | None) -> None:
        self._state = replace(self._state, alternatives=min(max(number or 0, 0), 16))

    def _set_code_page(self, number: int | None) -> None:
        self._codec = code_page(number or 0)

    def _set_style(self, number: int | None) -> None:
        self._paragraph.level = self._levels.get(number or 0, 0)

    def _set_level(self, number: int | None) -> None:
        self._paragraph.level = (number or 0) + 1 if 0 <= (number or 0) < 9 else 0

    def _set_in_table(self, number: int | None) -> None:
        self._paragraph.in_table = number != 0

    def _reset_paragraph(self, number: int | None) -> None:
        self._paragraph.level, self._paragraph.in_table = 0, False


_ACTIONS: dict[str, Callable[[_Reader, int | None], None]] = {
    "f": _Reader._set_font,
    "deff": _Reader._set_default_font,
    "v": _Reader._set_hidden,
    "deleted": _Reader._set_hidden,
    "plain": _Reader._reset_characters,
    "uc": _Reader._set_alternatives,
    "ansicpg": _Reader._set_code_page,
    "mac": lambda reader, number: reader._set_code_page(10000),
    "pc": lambda reader, number: reader._set_code_page(437),
    "pca": lambda reader, number: reader._set_code_page(850),
    "s": _Reader._set_style,
    "outlinelevel": _Reader._set_level,
    "intbl": _Reader._set_in_table,
    "pard": _Reader._reset_paragraph,
    "cell": _Reader._end_cell,
    "row": _Reader._end_row,
}


def _joined(parts: list[str]) -> str:
    """The text, its UTF-16 halves put together."""
    text = "".join(parts)
    return text if text.isascii() else text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
