"""What comes out of many prompts at once: likelihoods and answers, with what decides their numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from forge_desktop.engine.records import Generation, PromptMessage


@dataclass(frozen=True)
class Continuation:
    """A text whose likelihood after a prompt is asked for."""

    messages: tuple[PromptMessage, ...]
    text: str


@dataclass(frozen=True)
class Scored:
    """How likely a student finds a continuation: for each token its text, its natural log-likelihood, and whether the
    student would have chosen it itself. `ids` are the student's own numbers of the tokens, where it has such.

    `problem` is one sentence when it could not be scored; there are no tokens then.
    """

    tokens: tuple[str, ...] = ()
    log_likelihoods: tuple[float, ...] = ()
    greedy: tuple[bool, ...] = ()
    ids: tuple[int, ...] = ()
    prompt_tokens: int = 0
    problem: str = ""

    @property
    def total(self) -> float:
        """The log-likelihood of the whole continuation."""
        return sum(self.log_likelihoods)


@dataclass(frozen=True)
class Scores:
    """The scored continuations in the order asked for. Only scores of the same `model_sha256` and `conditions` compare.

    `conditions` is what else decides the numbers, under the names of whoever computed them. `adapter_sha256` ("": none)
    and `scale` stand apart from them: two adapters are compared under the same conditions.
    """

    items: tuple[Scored, ...]
    model: str
    model_sha256: str
    conditions: Mapping[str, object]
    adapter_sha256: str = ""
    scale: float = 1.0


@dataclass(frozen=True)
class Batch:
    """Answers in the order of the prompts. One that could not be begun has stop "refused" and says why in `problem`.

    `scored` are the references, where such were given. `conditions` and the adapter as in Scores; `seconds` from the
    first prompt to the last answer. `problem` is a sentence when the student died in the middle: what was finished is
    there, the rest has stop "died".
    """

    answers: tuple[Generation, ...]
    model: str
    model_sha256: str
    conditions: Mapping[str, object]
    seconds: float
    problem: str = ""
    adapter_sha256: str = ""
    scale: float = 1.0
    scored: tuple[Scored, ...] = ()


@dataclass(frozen=True)
class Lesson:
    """What is to be learnt: messages, the last of them a question, and the answer."""

    messages: tuple[PromptMessage, ...]
    answer: str


@dataclass(frozen=True)
class TokenisedLesson:
    """A lesson as the student reads it: the prompt that an answer in the chat begins from, the answer's tokens from
    `start` on, and the token that ends its turn. What is learnt is `ids[start:]`.

    `problem` is one sentence when it cannot be read so; there are no ids then.
    """

    ids: tuple[int, ...] = ()
    start: int = 0
    problem: str = ""
