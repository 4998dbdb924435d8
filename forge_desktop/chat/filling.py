"""What fills the student's context after an answer, and whether the next question still fits beside all of it."""

from __future__ import annotations

from dataclasses import dataclass

from forge_desktop.chat.records import SeenPrompt

_CHARACTERS = 3.5  # of a question in one token, about; generous, so that the warning rather comes early
_QUESTION = 24  # tokens of a question nobody has typed yet


@dataclass(frozen=True)
class Filling:
    """`parts` are names and tokens of what stands in the context now; `answer_room` is kept free for the next answer.

    `warning` is a sentence when the next question will push something out, else empty.
    """

    parts: tuple[tuple[str, int], ...]
    context: int
    answer_room: int
    notices: tuple[str, ...]
    warning: str

    @property
    def used(self) -> int:
        """Tokens of all parts."""
        return sum(tokens for _, tokens in self.parts)


def filling(
    seen: SeenPrompt, answer_tokens: int, *, longest_answer: int, draft: str = "", summarise: bool = False
) -> Filling:
    """After an answer of `answer_tokens` to the prompt that was seen, with `draft` typed for the next question."""
    parts = (*seen.parts, ("Answer", answer_tokens))
    room = min(longest_answer, seen.context // 2)
    documents = dict(seen.parts).get("Documents", 0)
    question = max(_QUESTION, round(len(draft) / _CHARACTERS))
    coming = seen.tokens + answer_tokens + documents + question
    warning = ""
    if coming + room > seen.context:
        what = "the student will sum up the first ones" if summarise else "the first ones will be left out"
        warning = f"With the next question, not all questions and answers fit any more: {what}."
    return Filling(parts, seen.context, room, seen.cut, warning)
