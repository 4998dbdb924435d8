"""How likely a student finds a given continuation of a prompt: log-likelihoods, with logits only where they count.

A continuation is tokenised together with the prompt before it, and its tokens are what stands behind the prompt's; so
prompt and continuation make the same tokens as one text would, wherever that does not change the prompt's own. Each
item's numbers depend on nothing but its own tokens: what items share is taken over only in the pieces in which it is
always computed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from forge_desktop.engine.child.model import Model
from forge_desktop.engine.child.native import llama
from forge_desktop.engine.child.rows import Rows, Steps
from forge_desktop.engine.errors import trouble

PIECE = 32  # tokens of a decode that have logits: more of them need a larger buffer and save nothing


@dataclass(frozen=True)
class Likelihood:
    """Of each token of a continuation: its log-likelihood, and whether the student would have chosen it itself."""

    tokens: list[int]
    logarithms: list[float]
    greedy: list[bool]


def pieces(tokens: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    """The tokens of a prompt in pieces of this size at most, none of them a single token where there are more: that
    would be computed by another kernel, with another rounding.
    """
    start = 0
    while start < len(tokens):
        end = min(start + size, len(tokens))
        if end == len(tokens) - 1 and end - start > 2:
            end -= 1
        yield tokens[start:end]
        start = end


def beginning(memory: Any, sequence: int, place: int, end: int) -> int:
    """Where to read on in a sequence that holds `place` tokens, up to `end`: where a single one would be left, which
    would be computed by another kernel, the one before is taken out.
    """
    if end - place == 1 and place > 1 and llama.llama_memory_seq_rm(memory, sequence, place - 1, -1):
        return place - 1
    return place


class Likelihoods:
    """Reads likelihoods off the logits of a context. Raises ForgeError where they are no numbers."""

    def __init__(self, model: Model, context: Any) -> None:
        import numpy as np

        self._context = context
        self._words: int = llama.llama_vocab_n_tokens(model.vocab)
        self._space = np.empty(self._words, np.float32)

    def add(self, found: Likelihood, row: int, token: int) -> None:
        """Add that of a token after this row of the last decode."""
        import numpy as np

        logits = np.ctypeslib.as_array(llama.llama_get_logits_ith(self._context, row), (self._words,))
        best = int(logits.argmax())
        most, space = logits[best], self._space
        np.subtract(logits, most, out=space)
        np.exp(space, out=space)
        whole = float(space.sum(dtype=np.float64))
        if not math.isfinite(whole):
            raise trouble("MODEL_CORRUPT.numbers")
        found.tokens.append(token)
        found.logarithms.append(float(logits[token]) - float(most) - math.log(whole))
        found.greedy.append(token == best)


class Scorer:
    """Scores in the one sequence of a context of its own, which holds `tokens` and gives PIECE logits at once."""

    def __init__(self, model: Model, context: Any) -> None:
        self._memory = llama.llama_get_memory(context)
        self._rows = Rows(context, model.chunk)
        self._chunk = model.chunk
        self._likelihoods = Likelihoods(model, context)
        self._window: int = llama.llama_model_n_swa(model.handle)
        self._held: list[int] = []  # the prompt of the item before

    def score(self, prompt: Sequence[int], continuation: Sequence[int]) -> Steps[Likelihood]:
        """The likelihood of a continuation that is not empty. Raises Stopped."""
        yield from self._read(prompt)
        found = Likelihood([], [], [])
        fed = [prompt[-1], *continuation[:-1]]
        for start in range(0, len(fed), PIECE):
            part = fed[start : start + PIECE]
            self._rows.put(0, part, len(prompt) - 1 + start, outputs=len(part))
            self._rows.decode()
            for row, token in enumerate(continuation[start : start + PIECE]):
                self._likelihoods.add(found, row, token)
            yield
        return found

    def _read(self, prompt: Sequence[int]) -> Steps[None]:
        """Bring all of a prompt but its last token into the sequence."""
        place, end = self._keep(prompt), len(prompt) - 1
        self._held = []
        for part in pieces(prompt[place:end], self._chunk):
            self._rows.put(0, part, place, outputs=0)
            self._rows.decode()
            place += len(part)
            yield
        self._held = list(prompt)

    def _keep(self, prompt: Sequence[int]) -> int:
        """Cut the sequence back to what this prompt shares with the one before, in whole pieces."""
        end, same = len(prompt) - 1, 0
        if self._held[:end] == list(prompt[:end]) and len(self._held) == len(prompt):
            same = end
        else:
            for place in range(self._chunk, min(end, len(self._held) - 1) + 1, self._chunk):
                if self._held[:place] != list(prompt[:place]):
                    break
                same = place
        least = llama.llama_memory_seq_pos_min(self._memory, 0)
        gone = self._window > 0 and least > max(0, same - self._window)
        if same == 0 or gone or not llama.llama_memory_seq_rm(self._memory, 0, same, -1):
            llama.llama_memory_clear(self._memory, True)
            return 0
        return same
