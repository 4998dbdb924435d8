"""Whether rows of a decode keep the numbers that they have alone: with some weights llama.cpp computes rows in fours by
another kernel than what is left over, so that a row's last bits depend on how many stand beside it.
"""

from __future__ import annotations

from typing import Any

from forge_desktop.engine.child.native import llama
from forge_desktop.engine.child.rows import Rows

_MOST = 7  # rows that are neither a multiple of four nor of eight
_SIZES = (1, 3)  # tokens of each sequence: of an answer, of a reference


def indifferent(context: Any, rows: Rows, words: int, width: int) -> bool:
    """Try it in the sequences from 1 to `width`, which are empty before and after. Raises Stopped."""
    count = min(width, _MOST)
    for size in _SIZES:
        together = _numbers(context, rows, words, range(1, count + 1), size)
        for sequence in {1, count}:
            if _numbers(context, rows, words, range(sequence, sequence + 1), size)[0] != together[sequence - 1]:
                return False
    return True


def _numbers(context: Any, rows: Rows, words: int, sequences: range, size: int) -> list[bytes]:
    """The logits after the last token of each sequence."""
    import numpy as np

    memory = llama.llama_get_memory(context)
    try:
        last = [
            rows.put(number, [(11 * number + 5 * place + 3) % words for place in range(size)], 0, outputs=1)
            for number in sequences
        ]
        rows.decode()
        return [np.ctypeslib.as_array(llama.llama_get_logits_ith(context, row), (words,)).tobytes() for row in last]
    finally:
        for number in sequences:
            llama.llama_memory_seq_rm(memory, number, -1, -1)
