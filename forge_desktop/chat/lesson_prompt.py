"""The prompt of a lesson: what the student reads when such a question is the first of a conversation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from forge_desktop.chat.marks import mark_for
from forge_desktop.chat.question_layout import Shown, instructions, question_parts
from forge_desktop.chat.records import Grounding
from forge_desktop.engine.records import PromptMessage


def lesson_prompt(
    question: str,
    passages: Sequence[tuple[int, str]] = (),
    rules: str = "",
    system: str = "",
    *,
    labels: Mapping[int, str] | None = None,
    grounding: Grounding = "documents_first",
) -> tuple[PromptMessage, ...]:
    """The messages of one question with its passages (number, text), laid out as the chat does.

    `rules` and `system` stand where a person's own instructions do; `labels` say by a passage's number how it is named
    (file, page, headings). The marks are derived from the texts alone, so that the same lesson is the same prompt on
    every computer.
    """
    known = labels or {}
    documents = [Shown(n, " ".join(known.get(n, "").split()), text) for n, text in passages]
    mark = mark_for(b"", 0, [question, *(each.text for each in documents)])
    own = "\n\n".join(filter(None, (system.strip(), rules.strip())))
    return (
        instructions(own),
        PromptMessage("user", tuple(question_parts(question, documents, mark, grounding))),
    )
