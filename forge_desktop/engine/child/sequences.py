"""The streams of the chat context: which conversation stands in which, as tokens, and what of it can be used again."""

from __future__ import annotations

import ctypes
import itertools
from collections.abc import Callable, Sequence
from typing import Any

from forge_desktop.engine.child.adapter import BARE, Worn
from forge_desktop.engine.child.ending import Ending
from forge_desktop.engine.child.model import Model
from forge_desktop.engine.child.native import llama


class Known:
    """What was computed of one conversation with one adapter (`worn`): its tokens, where prompt chunks began, where the
    last prompt ended.

    `stream` is the sequence of the context that holds it; None while it is held as bytes (`state`) or not at all.
    `busy` work is paused on it: it has to be there again, exactly, when that goes on. `key` is the parent's word for
    what it was computed with, where it may be kept in a file.
    """

    def __init__(self, conversation: str, worn: Worn = BARE) -> None:
        self.conversation, self.worn = conversation, worn
        self.key = ""
        self.stream: int | None = None
        self.state: Any = None
        self.tokens: list[int] = []
        self.cuts: list[int] = []
        self.prompt_end = 0
        self.ending: Ending | None = None  # of the last prompt
        self.busy = False
        self.used = 0
        self.saved = 0  # how many of the tokens stand in a file

    def forget(self) -> None:
        """Nothing of it is known any more."""
        self.tokens, self.cuts, self.prompt_end, self.saved = [], [], 0, 0
        self.ending = None


class Sequences:
    """One context with streams of its own for several conversations.

    Answers repeat exactly: a prompt is decoded in chunks of fixed size, and reuse inside a known prompt goes back to
    the start of a chunk, so the same chunks are computed again. Only a prompt that continues the whole known one (the
    next turn) is taken up in the middle, and the last prompt asked once more at its end. "" is no conversation: what it
    leaves is the first to go. `leaving` is told what is about to lose its stream while it is still there.

    Nothing crosses from one adapter to another: `worn` is the one that is on now, and what another one has computed
    stays, unused, until that is on again.
    """

    def __init__(self, model: Model, context: Any, leaving: Callable[[Known], None] = lambda _: None) -> None:
        self.context = context
        self.memory = llama.llama_get_memory(context)
        self.context_tokens: int = llama.llama_n_ctx_seq(context)
        self.leaving = leaving
        self.worn = BARE
        self._chunk = model.chunk
        self._window: int = llama.llama_model_n_swa(model.handle)
        self._whole_only = bool(
            llama.llama_model_is_recurrent(model.handle) or llama.llama_model_is_hybrid(model.handle)
        )
        self._free = list(range(llama.llama_n_seq_max(context)))[::-1]
        self._known: list[Known] = []  # that have a stream
        self._clock = itertools.count(1)

    def known(self) -> list[Known]:
        """Every conversation that has a stream, least recently used first."""
        return sorted(self._known, key=lambda known: known.used)

    def take(self, conversation: str) -> tuple[Known, bool]:
        """The conversation's stream, or another one given up for it, and whether that is new to it."""
        for known in self._known:
            if (known.conversation, known.worn) == (conversation, self.worn) and not known.busy:
                known.used = next(self._clock)
                return known, False
        known = Known(conversation, self.worn)
        self._place(known)
        return known, True

    def drop(self, conversations: Sequence[str]) -> None:
        """Forget conversations and give their streams back."""
        for known in self.known():
            if known.conversation in conversations and not known.busy:
                self.release(known)

    def bring_back(self, known: Known) -> list[int]:
        """A stream for what paused work left. Gives the tokens that have to be computed again: none, or all of them."""
        if known.stream is not None:
            return []
        state, known.state = known.state, None
        self._place(known, inherit=False)
        if state is not None and llama.llama_state_seq_set_data(self.context, state, len(state), known.stream):
            return []
        lost = known.tokens
        self.forget(known)
        return lost

    def alike(self, known: Known, tokens: Sequence[int]) -> int:
        """How many of `tokens` are computed already and can be used."""
        same = common(known.tokens, tokens)
        if known.ending and same == len(tokens) == known.ending.length and self.can_cut(known, same):
            return same  # the very same prompt: nothing is left to compute
        same = min(same, len(tokens) - 1)
        if same < known.prompt_end:
            same = max((cut for cut in known.cuts if cut <= same), default=0)
        return same if self.can_cut(known, same) else 0

    def keep(self, known: Known, tokens: Sequence[int]) -> int:
        """Cut the stream back to what `tokens` begins with; returns how many tokens stay."""
        same = self.alike(known, tokens)
        if same and self.cut(known, same):
            return same
        self.forget(known)
        return 0

    def can_cut(self, known: Known, length: int) -> bool:
        """Whether what remains would be whole: a recurrent model has no way back, a sliding window has dropped cells.

        llama.cpp says nothing in the second case: cells that the next token has to see would silently be missing.
        """
        if length == 0 or (self._whole_only and length < len(known.tokens)):
            return False
        if self._window <= 0:
            return True
        least: int = llama.llama_memory_seq_pos_min(self.memory, known.stream)
        return least <= max(0, length - self._window)

    def cut(self, known: Known, length: int) -> bool:
        """Drop everything from place `length` on; False when the model cannot."""
        if not llama.llama_memory_seq_rm(self.memory, known.stream, length, -1):
            return False
        del known.tokens[length:]
        known.cuts = [cut for cut in known.cuts if cut < length]
        known.saved = min(known.saved, length)
        if known.ending and length < known.ending.length:
            known.ending = None
        return True

    @property
    def can_take_back(self) -> bool:
        """Whether single tokens can be dropped again right after they were decoded."""
        return not self._whole_only

    def forget(self, known: Known) -> None:
        """Empty its stream."""
        if known.stream is not None:
            llama.llama_memory_seq_rm(self.memory, known.stream, -1, -1)
        known.forget()

    def release(self, known: Known) -> None:
        """Give its stream back."""
        self.forget(known)
        if known.stream is not None:
            self._known.remove(known)
            self._free.append(known.stream)
            known.stream = None
        known.state = None

    def _place(self, known: Known, *, inherit: bool = True) -> None:
        """Give it a stream: a free one, else that of the least needed other."""
        if self._free:
            known.stream = self._free.pop()
        else:
            other = min(self._known, key=lambda one: (one.busy, one.conversation != "", one.used))
            self._leave(other)
            self._known.remove(other)
            known.stream, other.stream = other.stream, None
            if inherit and not other.busy and other.worn == known.worn:
                self._inherit(known, other)
            else:
                llama.llama_memory_seq_rm(self.memory, known.stream, -1, -1)
        known.used = next(self._clock)
        self._known.append(known)

    def _leave(self, known: Known) -> None:
        if not known.busy:
            self.leaving(known)
            return
        size = llama.llama_state_seq_get_size(self.context, known.stream)
        state = (ctypes.c_uint8 * size)()
        if llama.llama_state_seq_get_data(self.context, state, size, known.stream):
            known.state = state

    def _inherit(self, known: Known, other: Known) -> None:
        """Another conversation may begin alike (the same instructions): take over what is computed as if for this one,
        that is in whole chunks from the beginning.
        """
        known.tokens = other.tokens
        known.cuts = [cut for number, cut in enumerate(other.cuts) if cut == number * self._chunk]
        known.prompt_end = len(known.tokens) + 1


def common(left: Sequence[int], right: Sequence[int]) -> int:
    """Length of the longest common beginning; bisected, so that the comparing is done in C."""
    low, high = 0, min(len(left), len(right))
    while low < high:
        middle = (low + high + 1) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
