"""Text to tokens and back, with special tokens only where the template put them.

The prompt is cut at the template's special tokens; what lies between is tokenised as one run without special tokens.
So the result equals llama.cpp's own reading of the whole prompt, except that a document can never form one.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from forge_desktop.engine.child.native import llama
from forge_desktop.engine.child.template import Span

_CONTROL = llama.LLAMA_TOKEN_ATTR_CONTROL | llama.LLAMA_TOKEN_ATTR_UNKNOWN
_USER = llama.LLAMA_TOKEN_ATTR_USER_DEFINED
_LSTRIP, _RSTRIP = 1 << 7, 1 << 8


@dataclass(frozen=True)
class _Special:
    token: int
    lstrip: bool
    rstrip: bool


class Tokeniser:
    """One model's vocabulary. `structure` is the template's source: words of it that are tokens are guarded."""

    def __init__(self, vocab: Any, structure: str) -> None:
        self._vocab = vocab
        self._buffer = ctypes.create_string_buffer(256)
        self._special: dict[str, _Special] = {}
        guarded = []
        for token in range(llama.llama_vocab_n_tokens(vocab)):
            attributes = llama.llama_vocab_get_attr(vocab, token)
            if not attributes & (_CONTROL | _USER):
                continue
            text = (llama.llama_vocab_get_text(vocab, token) or b"").decode("utf-8", "replace")
            if text and attributes & _CONTROL:
                self._special[text] = _Special(token, bool(attributes & _LSTRIP), bool(attributes & _RSTRIP))
            elif len(text) > 1 and (text in structure or llama.llama_vocab_is_eog(vocab, token)):
                guarded.append(text)
        self._cut = _any_of(self._special)
        self._guard = _any_of(guarded)

    def encode(self, spans: Sequence[Span]) -> tuple[list[int], list[int]]:
        """(tokens, tokens of each message). Framing counts with the message it stands before, the end with the last."""
        tokens: list[int] = []
        counts = [0] * (1 + max((span.message for span in spans), default=0))
        run: list[Span] = []
        trim_next = False

        def flush() -> None:
            part, owners = self._run(run)
            tokens.extend(part)
            for owner in owners:
                counts[owner] += 1
            run.clear()

        for span in spans:
            if span.tokens and not (trim_next and span.text[:1].isspace()) and self._spell(span):
                flush()
                tokens.extend(span.tokens)
                counts[span.message] += len(span.tokens)
                trim_next = False
                continue
            for text in self._cut.split(span.text) if span.trusted and self._cut else [span.text]:
                special = self._special.get(text) if span.trusted else None
                if special is None:
                    kept = text.lstrip() if trim_next else text
                    trim_next = trim_next and not kept
                    if kept:
                        run.append(Span(kept, span.message, span.trusted))
                    continue
                if special.lstrip and run:
                    run[-1] = Span(run[-1].text.rstrip(), run[-1].message, run[-1].trusted)
                flush()
                tokens.append(special.token)
                counts[span.message] += 1
                trim_next = special.rstrip
        flush()
        return tokens, counts

    def special_places(self, spans: Sequence[Span]) -> list[tuple[int, int]]:
        """Where in the spans' joined text special tokens stand: (start, end) of each."""
        found, place = [], 0
        for span in spans:
            if span.trusted and self._cut:
                found += [(place + match.start(), place + match.end()) for match in self._cut.finditer(span.text)]
            place += len(span.text)
        return found

    def plain(self, text: str) -> list[int]:
        """Tokens of text alone, without special tokens."""
        return self._tokenise(text)

    def piece(self, token: int, *, special: bool = False) -> bytes:
        """The bytes of one token; control tokens are empty unless `special`."""
        size = llama.llama_token_to_piece(self._vocab, token, self._buffer, len(self._buffer), 0, special)
        if size < 0:
            self._buffer = ctypes.create_string_buffer(-size)
            size = llama.llama_token_to_piece(self._vocab, token, self._buffer, len(self._buffer), 0, special)
        return ctypes.string_at(self._buffer, size)

    def _spell(self, span: Span) -> bool:
        """Whether the span's own tokens spell its text in this vocabulary, none of them special or structure."""
        words = llama.llama_vocab_n_tokens(self._vocab)
        if self._guard is not None and self._guard.search(span.text):
            return False
        if not all(0 <= token < words for token in span.tokens):
            return False
        pieces = [self.piece(token) for token in span.tokens]
        return all(pieces) and b"".join(pieces) == span.text.encode("utf-8", "replace")

    def _run(self, run: Sequence[Span]) -> tuple[list[int], list[int]]:
        """Tokens of a stretch without special tokens, and which message each belongs to."""
        tokens: list[int] = []
        for text in self._guarded(run):
            tokens += self._tokenise(text)
        messages = {span.message for span in run}
        if len(messages) < 2:
            return tokens, [*messages] * len(tokens)
        ends, place = [], 0
        for span in run:
            place += len(span.text.encode("utf-8", "replace"))
            ends.append((place, span.message))
        owners, place, current = [], 0, 0
        for token in tokens:
            while current < len(ends) - 1 and place >= ends[current][0]:
                current += 1
            owners.append(ends[current][1])
            place += len(self.piece(token, special=True))
        return tokens, owners

    def _guarded(self, run: Sequence[Span]) -> list[str]:
        """The run's text; cut inside words of untrusted text that the vocabulary would read as structure.

        llama.cpp reads user-defined tokens even where special ones are off, and some GGUFs declare their turn markers
        so.
        """
        if self._guard is None:
            return ["".join(span.text for span in run)]
        texts = [""]
        for span in run:
            if span.trusted:
                texts[-1] += span.text
                continue
            place = 0
            for found in self._guard.finditer(span.text):
                texts[-1] += span.text[place : found.start() + 1]
                texts.append("")
                place = found.start() + 1
            texts[-1] += span.text[place:]
        return texts

    def _tokenise(self, text: str) -> list[int]:
        raw = text.encode("utf-8", "replace")  # a lone surrogate becomes a question mark
        if not raw:
            return []
        capacity = len(raw) + 8
        found = (llama.llama_token * capacity)()
        size = llama.llama_tokenize(self._vocab, raw, len(raw), found, capacity, False, False)
        if size < 0:
            capacity = -size
            found = (llama.llama_token * capacity)()
            size = llama.llama_tokenize(self._vocab, raw, len(raw), found, capacity, False, False)
        return list(found[: max(0, size)])


def _any_of(texts: Any) -> re.Pattern[str] | None:
    ordered = sorted(texts, key=len, reverse=True)
    return re.compile("(" + "|".join(map(re.escape, ordered)) + ")") if ordered else None
