"""The decode loop: prompt in chunks with prefix reuse, then one token after another at constant Python cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from forge_desktop.engine.child.model import Model
from forge_desktop.engine.child.native import llama
from forge_desktop.engine.child.sampler import Sampler
from forge_desktop.engine.errors import trouble

_ABORTED, _NO_ROOM = 2, 1  # llama_decode's codes for "the abort callback said so" and "no cells left"


class Stopped(Exception):  # noqa: N818 - the user asked for it
    """The cancel byte was set."""


@dataclass
class Decoder:
    """Holds what the context's one sequence contains, as tokens, so that a prompt's known beginning is not computed
    again. `cancelled` reads the shared byte.

    Answers repeat exactly: a prompt is decoded in chunks of fixed size, and reuse inside a known prompt goes back to
    the start of a chunk, so the same chunks are computed again. Only a prompt that continues the whole known one (the
    next turn) is taken up in the middle.
    """

    model: Model
    context: Any
    cancelled: Callable[[], bool]

    def __post_init__(self) -> None:
        self.context_tokens: int = llama.llama_n_ctx_seq(self.context)
        self._memory = llama.llama_get_memory(self.context)
        self._cached: list[int] = []
        self._prompt_end = 0
        self._cuts: list[int] = []
        self.ended = False

    def prefill(self, tokens: list[int], report: Callable[[int], None]) -> int:
        """Bring the context to exactly `tokens`; returns how many were already there. Raises Stopped."""
        reused = self._keep(tokens)
        chunk, place = self.model.chunk, reused
        self._prompt_end = len(tokens)
        while place < len(tokens):
            report(place)
            if self.cancelled():
                raise Stopped
            part = tokens[place : place + chunk]
            self._cuts.append(place)
            array = (llama.llama_token * len(part))(*part)  # kept alive: the batch only points to it
            self._decode(llama.llama_batch_get_one(array, len(part)))
            self._cached += part
            place += len(part)
        return reused

    def answer(
        self, sampler: Sampler, limit: int, after: Callable[[int], Sequence[int]] = lambda _: ()
    ) -> Iterator[int]:
        """Tokens one after another until the model ends its turn, then `ended` is True, or until there is no room or
        `limit` are out. Raises Stopped. `after` is told each token and gives those that have to follow it.
        """
        context, vocab, cached, is_end = self.context, self.model.vocab, self._cached, llama.llama_vocab_is_eog
        left = min(limit, self.context_tokens - len(cached))
        one = (llama.llama_token * 1)()
        batch = llama.llama_batch_get_one(one, 1)  # llama.cpp places it after what the sequence already holds
        sample = sampler.sample
        forced: list[int] = []
        self.ended = False
        while left > 0:
            if self.cancelled():
                raise Stopped
            if forced:
                token = forced.pop(0)
                sampler.accept(token)
            else:
                token = sample(context, -1)
                if is_end(vocab, token):
                    self.ended = True
                    return
            yield token
            left -= 1
            if left > 0:
                forced += after(token)
                one[0] = token
                self._decode(batch)
                cached.append(token)

    def _decode(self, batch: Any) -> None:
        code = llama.llama_decode(self.context, batch)
        if code == 0:
            return
        if not llama.llama_memory_seq_rm(self._memory, 0, len(self._cached), -1):
            self._forget()
        if code == _ABORTED:
            raise Stopped
        if code == _NO_ROOM:
            raise trouble("CTX_FULL.answer")
        raise trouble("ENGINE_CRASH.decode", number=code)

    def _keep(self, tokens: list[int]) -> int:
        """Cut the sequence back to what `tokens` begins with; returns how many tokens stay."""
        same = min(_common(self._cached, tokens), len(tokens) - 1)
        if same < self._prompt_end:
            same = max((cut for cut in self._cuts if cut <= same), default=0)
        window = llama.llama_model_n_swa(self.model.handle)
        if same and window > 0 and llama.llama_memory_seq_pos_min(self._memory, 0) > max(0, same - window):
            same = 0  # a sliding window has already dropped cells that the next token would have to see
        if same == 0 or not llama.llama_memory_seq_rm(self._memory, 0, same, -1):
            self._forget()
            return 0
        del self._cached[same:]
        self._cuts = [cut for cut in self._cuts if cut < same]
        return same

    def _forget(self) -> None:
        llama.llama_memory_clear(self._memory, True)
        self._cached, self._cuts, self._prompt_end = [], [], 0


def _common(left: list[int], right: list[int]) -> int:
    """Length of the longest common beginning; bisected, so that the comparing is done in C."""
    low, high = 0, min(len(left), len(right))
    while low < high:
        middle = (low + high + 1) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
