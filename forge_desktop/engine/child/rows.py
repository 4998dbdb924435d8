"""Tokens of sequences on their way into one decode: a llama_batch whose arrays stay and are filled as slices."""

from __future__ import annotations

import ctypes
from collections.abc import Generator, Sequence
from typing import Any, TypeVar

from forge_desktop.engine.child.flag import Stopped
from forge_desktop.engine.child.native import llama
from forge_desktop.engine.errors import trouble

T = TypeVar("T")
Steps = Generator[None, bool, T]  # work that can be interrupted at each yield

ABORTED = 2  # llama_decode's code for "the abort callback said so"


class Rows:
    """Rows for one context: `put` adds tokens of a sequence, `decode` computes what was put and begins anew.

    llama.cpp's automatic positions follow what a sequence holds; here each token's place is said, so that a mistake is
    an error and not a wrong answer.
    """

    def __init__(self, context: Any, capacity: int) -> None:
        self._context, self.capacity = context, capacity
        self.count = 0
        self._tokens = (llama.llama_token * capacity)()
        self._places = (llama.llama_pos * capacity)()
        self._sequences = (llama.llama_seq_id * capacity)()
        self._outputs = (ctypes.c_int8 * capacity)()
        pointer, size = ctypes.POINTER(llama.llama_seq_id), ctypes.sizeof(llama.llama_seq_id)
        start = ctypes.addressof(self._sequences)
        self._pointers = (pointer * capacity)(
            *[ctypes.cast(start + size * number, pointer) for number in range(capacity)]
        )
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

    @property
    def room(self) -> int:
        """Rows that are still free."""
        return self.capacity - self.count

    def put(self, sequence: int, tokens: Sequence[int], start: int, *, outputs: int) -> int:
        """Add tokens that stand at `start` and after in their sequence, the last `outputs` of them with logits; the
        number of the row of the last one.
        """
        first, count = self.count, len(tokens)
        end = first + count
        self._tokens[first:end] = tokens
        self._places[first:end] = range(start, start + count)
        self._sequences[first:end] = [sequence] * count
        flags: Sequence[ctypes.c_int8 | int] = [0] * (count - outputs) + [1] * outputs
        self._outputs[first:end] = list(flags)
        self.count = end
        return end - 1

    def one(self, sequence: int, token: int, place: int) -> int:
        """Compute a single token, with logits: the shortest way, for each token of an answer. llama_decode's code."""
        self._tokens[0] = token
        self._places[0] = place
        self._sequences[0] = sequence
        self._outputs[0] = 1
        self.count = 1
        return self.run()

    def run(self) -> int:
        """Compute the rows; llama_decode's code. Nothing of them is in the context when it is not 0."""
        self._batch.n_tokens, self.count = self.count, 0
        code: int = llama.llama_decode(self._context, self._batch)
        return code

    def decode(self) -> None:
        """Compute the rows. Raises Stopped and ForgeError."""
        code = self.run()
        if code == ABORTED:
            raise Stopped
        if code:
            raise trouble("ENGINE_CRASH.decode", number=code)
