"""The student behind generate() and score(): loaded and run in a child process, replaced when it dies."""

from typing import TYPE_CHECKING, Any

from forge_desktop.engine.records import (
    OWN,
    AdapterSpec,
    EngineState,
    Generation,
    ModelHeader,
    Own,
    PromptMessage,
    PromptPart,
    RenderedPrompt,
    Sampling,
    StudentSpec,
)
from forge_desktop.engine.records_many import Batch, Continuation, Lesson, Scored, Scores, TokenisedLesson

if TYPE_CHECKING:
    from forge_desktop.engine.engine import Engine

__all__ = [
    "OWN",
    "AdapterSpec",
    "Batch",
    "Continuation",
    "Engine",
    "EngineState",
    "Generation",
    "Lesson",
    "ModelHeader",
    "Own",
    "PromptMessage",
    "PromptPart",
    "RenderedPrompt",
    "Sampling",
    "Scored",
    "Scores",
    "StudentSpec",
    "TokenisedLesson",
]


def __getattr__(name: str) -> Any:
    # Late, because the child imports this package too and must start fast: it needs no database.
    if name == "Engine":
        from forge_desktop.engine.engine import Engine

        return Engine
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
