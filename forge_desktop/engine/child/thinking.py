"""Students that think before they answer: where the thought begins and ends, and how long it may be.

Only the very beginning of an answer can open a thought, and only in models whose template or vocabulary knows the
marks: an answer that speaks of "<think>" further on is an answer. Templates that open the thought themselves end the
prompt with the opening mark.
"""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from forge_desktop.engine.child.stream import TextStream, overlap
from forge_desktop.engine.child.template import PLAIN_STOP, Span
from forge_desktop.engine.records import Sampling

if TYPE_CHECKING:
    from forge_desktop.engine.child.model import Model

Part = Literal["thinking", "answer"]


@dataclass(frozen=True)
class Marks:
    """What opens and closes a thought, and what may open an answer without one."""

    opens: str
    closes: str
    direct: str = ""


_KNOWN = (
    Marks("<think>", "</think>"),
    Marks("<thinking>", "</thinking>"),
    Marks("<seed:think>", "</seed:think>"),
    Marks("[THINK]", "[/THINK]"),
    Marks("<|START_THINKING|>", "<|END_THINKING|>"),
    Marks(
        "<|channel|>analysis<|message|>",
        "<|end|><|start|>assistant<|channel|>final<|message|>",
        "<|channel|>final<|message|>",
    ),
)
_TAIL = 24  # tokens at the end of a prompt in which an opening mark is looked for


def marks_of(model: Model) -> Marks | None:
    """The marks that this model knows; None for one that does not think."""
    source = model.template.source
    for marks in _KNOWN:
        if marks.closes in source or marks.opens in source:
            return marks
    plain = _KNOWN[0]
    whole = all(len(_tokens(model, mark)) == 1 for mark in (plain.opens, plain.closes))
    return plain if whole else None


class Governor:
    """Reads an answer token by token: what is thought and what is said, and the thought's end when it gets too long.

    `hear` takes each token, chosen or forced; `after` then says which have to come next whatever the student would
    choose. `take` gives the text that has become certain, in pieces that are one part each. Stop strings end only the
    answer, and set `stopped`.
    """

    def __init__(self, sampling: Sampling, model: Model, prompt: Sequence[int]) -> None:
        self._stream = TextStream((*sampling.stop, *([PLAIN_STOP] if model.template.plain else [])))
        self._texts: list[tuple[str, Part]] = []
        self._marks = marks_of(model)
        self._budget = sampling.think_tokens
        self._model = model
        self._thought = 0  # tokens
        self._held = ""  # text that may still become a mark
        self._said = False  # whether the thought has any text
        self._space = ""  # of the thought's end, shown when more follows
        self._state: Literal["start", "thinking", "closed", "answer"] = "start" if self._marks else "answer"
        if self._marks is not None:
            self._utf8 = codecs.getincrementaldecoder("utf-8")("replace")
            self._spoken = _spoken(model, self._marks)
            if _ends_open(model, prompt, self._marks):
                self._state = "thinking"

    @property
    def answering(self) -> bool:
        """Whether the next token belongs to the answer; it does not while the student thinks."""
        return self._state != "thinking"

    @property
    def stopped(self) -> bool:
        """Whether a stop string has ended the answer."""
        return self._stream.stopped

    @property
    def unfinished(self) -> bool:
        """Whether the student thought and has not begun to answer."""
        return self._state == "thinking" or (self._state == "closed" and self._thought > 0)

    def begin(self) -> list[int]:
        """Tokens that belong behind the prompt: the end of a thought that the template opened and that may not be."""
        if self._state != "thinking" or self._budget != 0:
            return []
        self._state = "closed"
        return self._close()

    def hear(self, token: int, piece: bytes) -> None:
        """Take a token of the answer and its bytes."""
        if self._state == "answer":
            text = self._stream.feed(piece)
            if text:
                self._texts.append((text, "answer"))
            return
        self._thought += self._state == "thinking"
        self._read(self._utf8.decode(self._spoken.get(token, piece)))

    def after(self, _token: int) -> Sequence[int]:
        """The tokens that have to follow the one just heard, usually none."""
        if self._state == "thinking" and 0 <= self._budget <= self._thought:
            return self._close()
        return ()

    def take(self) -> list[tuple[str, Part]]:
        """The certain text that was not taken yet."""
        texts, self._texts = self._texts, []
        return texts

    def finish(self) -> None:
        """Nothing more comes: what was held back is certain now."""
        if self._state != "answer":
            rest = self._held + self._utf8.decode(b"", final=True)
            if rest.strip() and self._state == "thinking":
                self._think(rest)
            elif rest.strip():
                self._answer(rest)
        if self._state == "answer" and (text := self._stream.finish()):
            self._texts.append((text, "answer"))

    def _read(self, new: str) -> None:
        """Text before the answer has begun for certain."""
        marks = self._marks
        assert marks is not None
        text = self._held + new
        self._held = ""
        if self._state == "start":
            shown = text.lstrip()
            if shown.startswith(marks.opens):
                self._state, text = "thinking", shown[len(marks.opens) :]
            elif marks.direct and shown.startswith(marks.direct):
                self._state, text = "closed", shown[len(marks.direct) :]
            elif marks.opens.startswith(shown) or (shown and marks.direct.startswith(shown)):
                self._held = text
            else:
                self._answer(text)
        if self._state == "thinking":
            before, found, after = text.partition(marks.closes)
            if found:
                self._think(before)
                self._state, text = "closed", after
            else:
                held = overlap(text, marks.closes)
                self._held = text[len(text) - held :]
                self._think(text[: len(text) - held])
        if self._state == "closed" and text.strip():
            self._answer(text.lstrip())

    def _think(self, text: str) -> None:
        text = self._space + text if self._said else text.lstrip()
        shown = text.rstrip()
        self._space = text[len(shown) :]
        if shown:
            self._texts.append((shown, "thinking"))
            self._said = True

    def _answer(self, text: str) -> None:
        self._state = "answer"
        rest: bytes = self._utf8.getstate()[0]
        if certain := self._stream.feed(text.encode() + rest):
            self._texts.append((certain, "answer"))

    def _close(self) -> list[int]:
        assert self._marks is not None
        self._budget = -1  # once is enough
        if self._marks.closes.startswith("<|"):  # marks of control tokens have no lines of their own
            return _tokens(self._model, self._marks.closes)
        return _tokens(self._model, f"{'' if self._space.endswith(chr(10)) else chr(10)}{self._marks.closes}\n\n")


def _tokens(model: Model, text: str) -> list[int]:
    return model.tokeniser.encode([Span(text, 0, trusted=True)])[0]


def _spoken(model: Model, marks: Marks) -> dict[int, bytes]:
    """The text of the marks' tokens: control tokens have none otherwise."""
    tokens = {token for mark in (marks.opens, marks.closes, marks.direct) for token in _tokens(model, mark)}
    return {token: model.tokeniser.piece(token, special=True) for token in tokens}


def _ends_open(model: Model, prompt: Sequence[int], marks: Marks) -> bool:
    tail = b"".join(model.tokeniser.piece(token, special=True) for token in prompt[-_TAIL:])
    return tail.decode("utf-8", "replace").rstrip().endswith(marks.opens)
