"""What is to be learnt, as tokens: the prompt an answer begins from, the answer, and the token that ends its turn.

The words of a lesson are never read as special tokens, and a thought that the template opens is closed before the
answer: the loss counts from `start` on, so no prompt and no thought is learnt.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence

from forge_desktop.base.child import Frame
from forge_desktop.base.errors import ForgeError
from forge_desktop.engine.child.flag import Flag
from forge_desktop.engine.child.model import Model
from forge_desktop.engine.child.native import llama
from forge_desktop.engine.child.pausing import Work
from forge_desktop.engine.child.template import Span
from forge_desktop.engine.child.thinking import Governor
from forge_desktop.engine.errors import trouble
from forge_desktop.engine.records import PromptMessage, PromptPart, Sampling

_TALK = [
    PromptMessage(role, (PromptPart(text),))
    for role, text in (("user", "A question."), ("assistant", "An answer."), ("user", "Another one."))
]
_THOUGHTLESS = Sampling(think_tokens=0)


def answer_tokens(
    model: Model, messages: Sequence[PromptMessage], text: str, template: str = ""
) -> tuple[list[int], list[int]]:
    """(tokens of the prompt as an answer would get it, its thought closed; tokens of the answer).

    They are tokenised together where that leaves the prompt's own as they are. `template` as in Model.prompt.
    """
    prompt = model.prompt(messages, template)[1]
    if closing := Governor(_THOUGHTLESS, model, prompt).begin():
        return prompt + closing, model.tokeniser.encode([Span(text, 0, trusted=False)])[0]
    spans = model.template.render(messages)
    framed = model.tokeniser.encode(spans)[0]
    joined = model.tokeniser.encode([*spans, Span(text, max(0, len(messages) - 1), trusted=False)])[0]
    if joined[: len(framed)] == framed and prompt[-len(framed) :] == framed:
        return prompt, joined[len(framed) :]
    return prompt, model.tokeniser.encode([Span(text, 0, trusted=False)])[0]


def turn_end(model: Model) -> int:
    """The token that ends an answer: the one the template writes behind it, else the vocabulary's own. Raises
    ForgeError where there is none.
    """
    spans: Sequence[Span] = ()
    with contextlib.suppress(ForgeError):
        spans = model.template.render(_TALK)
    places = [place for place, span in enumerate(spans) if not span.trusted]  # of the three messages, as a rule
    written = model.tokeniser.encode(spans[places[1] + 1 : places[2]])[0] if len(places) == len(_TALK) else []
    own = [llama.llama_vocab_eot(model.vocab), llama.llama_vocab_eos(model.vocab)]
    token: int
    for token in [*written, *own]:
        if token >= 0 and llama.llama_vocab_is_eog(model.vocab, token):
            return token
    raise trouble("TEMPLATE_BAD", reason="neither it nor the vocabulary knows a token that ends an answer")


def tokenise(
    model: Model,
    flag: Flag,
    request: Frame,
    messages_of: Callable[[Frame], list[PromptMessage]],
    send: Callable[[Frame], None],
) -> Work:
    """Frames "item" with the ids of each lesson, then "done"; work that can be interrupted."""
    template = request["template"]
    model.use_template(template)
    end = turn_end(model)
    for number, item in enumerate(request["items"]):
        if flag.cancelled():
            return {"ev": "done", "stop": "cancelled"}
        send({"ev": "started"})
        try:
            if not item["text"].strip():
                raise ForgeError("The lesson has no answer.")
            prompt, answer = answer_tokens(model, messages_of(item), item["text"], template)
        except ForgeError as error:
            send({"ev": "item", "index": number, "problem": error.message})
        else:
            send({"ev": "item", "index": number, "ids": [*prompt, *answer, end], "start": len(prompt)})
        yield
    return {"ev": "done", "stop": "end"}
