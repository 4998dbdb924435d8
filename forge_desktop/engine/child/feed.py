"""Tokens on their way into one sequence: a llama_batch whose arrays stay and are filled as slices."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

from forge_desktop.engine.child.native import llama


class Feed:
    """One explicit batch for any sequence of a context.

    llama.cpp's automatic positions follow what a sequence holds; here each token's place is said, so that a mistake is
    an error and not a wrong answer.
    """

    def __init__(self, context: Any, capacity: int) -> None:
        self._context = context
        self._tokens = (llama.llama_token * capacity)()
        self._places = (llama.llama_pos * capacity)()
        self._sequence = llama.llama_seq_id()
        self._outputs = (ctypes.c_int8 * capacity)()
        pointer = ctypes.pointer(self._sequence)
        self._pointers = (ctypes.POINTER(llama.llama_seq_id) * capacity)(*[pointer] * capacity)
        self._ones = (ctypes.c_int32 * capacity)(*[1] * capacity)
        self._batch = llama.llama_batch(
            n_tokens=0,
            token=self._tokens,
            embd=None,
            pos=self._places,
            n_seq_id=self._ones,
            seq_id=self._pointers,
            logits=self._outputs,
        )

    def many(self, sequence: int, tokens: Sequence[int], start: int, *, outputs: int) -> int:
        """Decode tokens that stand at `start` and after; the last `outputs` get logits. llama_decode's code."""
        count = len(tokens)
        self._sequence.value = sequence
        self._tokens[:count] = tokens
        self._places[:count] = range(start, start + count)
        for place in range(count):
            self._outputs[place] = place >= count - outputs
        self._batch.n_tokens = count
        code: int = llama.llama_decode(self._context, self._batch)
        return code

    def one(self, sequence: int, token: int, place: int) -> int:
        """Decode a single token, with logits: the shortest way, taken for each token of an answer."""
        self._sequence.value = sequence
        self._tokens[0] = token
        self._places[0] = place
        self._outputs[0] = 1
        self._batch.n_tokens = 1
        code: int = llama.llama_decode(self._context, self._batch)
        return code
