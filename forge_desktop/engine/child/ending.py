"""What a prompt ended in, kept so that the same prompt asked again is answered at once, and in the same words."""

from __future__ import annotations

import ctypes
from typing import Any

from forge_desktop.engine.child.native import llama


class Ending:
    """A copy of the logits that stand in the context now: those after a prompt of `length` tokens."""

    def __init__(self, context: Any, words: int, length: int) -> None:
        self.length = length
        self._logits = (ctypes.c_float * words)()
        ctypes.memmove(self._logits, llama.llama_get_logits_ith(context, -1), ctypes.sizeof(self._logits))

    def put_back(self, context: Any) -> bool:
        """Lay them where a sampler looks for those of the last step; False when that step left no place for them."""
        place = llama.llama_get_logits_ith(context, -1)
        if not place:
            return False
        ctypes.memmove(place, self._logits, ctypes.sizeof(self._logits))
        return True
