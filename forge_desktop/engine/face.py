"""What a student is to the other rooms: it answers, and says how likely a text is. Local or remote.

Nothing here or in the records it speaks in belongs to llama.cpp: sampling values that a student does not know it leaves
out and says so in `problem`; token ids and conditions are its own, or empty.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from forge_desktop.engine.records import Generation, PromptMessage, Sampling
from forge_desktop.engine.records_many import Batch, Continuation, Scores
from forge_desktop.providers.records import Purpose

if TYPE_CHECKING:
    from forge_desktop.engine.engine import Engine


class Student(Protocol):
    """Whoever answers. Safe from any thread. Raises ForgeError before anything is written, never in the middle."""

    def generate(
        self,
        messages: Sequence[PromptMessage],
        sampling: Sampling,
        on_text: Callable[[str], None],
        check: Callable[[], None] = ...,
        *,
        on_thinking: Callable[[str], None] = ...,
        background: bool = ...,
    ) -> Generation:
        """Answer, telling each piece as it comes; what was written when `check` raises Cancelled."""

    def generate_many(
        self,
        prompts: Sequence[Sequence[PromptMessage]],
        sampling: Sampling,
        *,
        width: int = ...,
        on_done: Callable[[int, Generation], None] = ...,
        check: Callable[[], None] = ...,
        background: bool = ...,
        purposes: Sequence[Purpose] = ...,
    ) -> Batch:
        """Answer all prompts, `width` of them at once; `purposes` is what is paid for where that costs anything."""

    def score(
        self, items: Sequence[Continuation], check: Callable[[], None] = ..., *, background: bool = ...
    ) -> Scores:
        """How likely each text is after its messages; what `check` raises ends it."""


if TYPE_CHECKING:
    _LOCAL: type[Student] = Engine
