"""What a conversation need not compute again: a further turn, and a conversation taken up after a restart."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from forge_desktop.bench.engine_figures import Figure, NotMeasured, ratio_of, rounded
from forge_desktop.bench.engine_student import SENTENCE, Asked, ask, message, student
from forge_desktop.engine import Engine, PromptMessage, PromptPart

_RULES = "You answer only from the documents. Name each document you used. If they do not hold the answer, say so."
_OTHER_RULES = "Reply solely from the documents. Name each document you used. If they do not hold the answer, say so."
_WORDS = ("river", "valve", "pump", "pressure", "filter", "manual", "service", "interval", "torque", "bolt", "sensor")


def first_tokens(engine: Engine, sentences: int = 45) -> dict[str, Any]:
    """Wall time to the first token: a fresh prompt of some 600 tokens, the same again, and a follow-up turn."""
    question = SENTENCE * sentences + "What do rivers carry?"
    fresh = ask(engine, question, 8).answer
    again = ask(engine, question, 8).answer
    turns = [message("user", question), said(again.text, again.tokens), message("user", "And where to?")]
    follow_up = ask(engine, turns, 8).answer
    return {
        "prompt_tokens": fresh.prompt_tokens,
        "first_token_ms": round(fresh.ttft_ms, 1),
        "first_token_again_ms": round(again.ttft_ms, 1),
        "first_token_follow_up_ms": round(follow_up.ttft_ms, 1),
        "follow_up_reused_tokens": follow_up.reused_tokens,
    }


def follow_ups(engine: Engine, model: Path, turns: int, words: int = 90) -> Figure:
    """Turns of a conversation as the chat lays it out: documents stay where they came, one new one each time.

    Each turn is asked in the conversation and, in another child, with other rules before it, which makes it new there.
    """
    reused, anew, rows = [], [], []
    with student(model) as other:
        ask(other, "Say hello.", 4)
        messages = [message("system", _RULES)]
        for turn in range(turns):
            messages.append(message("user", _question(turn, words)))
            here = ask(engine, messages, 40)
            if turn:
                there = ask(other, [message("system", f"{turn}. {_OTHER_RULES}"), *messages[1:]], 1)
                reused.append(here.first_cpu)
                anew.append(there.first_cpu)
                rows.append(_row(here, there))
            messages.append(said(here.answer.text, here.answer.tokens))
    return Figure(ratio_of(reused, anew), more={"turns": rows})


def restored(engine: Engine, rounds: int, words: int) -> Figure:
    """What it costs to take up a conversation from its file, against computing it: the further turn itself left out.

    A conversation is asked, then asked again while it is in memory; another of the same size is asked, the child ended
    and replaced, then asked again. What the second turn takes longer there is the file's.
    """
    computing, restoring, rows = [], [], []
    for number in range(rounds):
        live, parked = (_long(f"{name} {number}", words) for name in ("live", "parked"))
        first = ask(engine, live, 8, conversation=f"live {number}")
        here = ask(engine, _further(live, first), 1, conversation=f"live {number}")
        parked_first = ask(engine, parked, 8, conversation=f"parked {number}")
        engine.eject()
        engine.warm()
        ask(engine, "Say hello.", 2)
        back = ask(engine, _further(parked, parked_first), 1, conversation=f"parked {number}")
        if not back.answer.restored_tokens:
            raise NotMeasured("nothing was taken up from a file")
        computing.append(parked_first.first_cpu)
        restoring.append(max(0.0, back.first_cpu - here.first_cpu))
        rows.append(
            {
                "restored_tokens": back.answer.restored_tokens,
                "computed_ms": round(1000 * parked_first.first_cpu),
                "next_turn_live_ms": round(1000 * here.first_cpu, 1),
                "next_turn_restored_ms": round(1000 * back.first_cpu, 1),
            }
        )
    return Figure(ratio_of(restoring, computing), more={"rounds": rows})


def said(text: str, tokens: tuple[int, ...]) -> PromptMessage:
    """An earlier answer, with the tokens it was sampled as."""
    return PromptMessage("assistant", (PromptPart(text, tokens=tokens),))


def _long(name: str, words: int) -> list[PromptMessage]:
    draw = random.Random(name)
    document = " ".join(draw.choice(_WORDS) for _ in range(words))
    return [message("system", _RULES), message("user", f"{document}\nQuestion: what does the manual say about a pump?")]


def _further(messages: list[PromptMessage], asked: Asked) -> list[PromptMessage]:
    return [*messages, said(asked.answer.text, asked.answer.tokens), message("user", "And where does it say so?")]


def _row(here: Asked, there: Asked) -> dict[str, Any]:
    return {
        "prompt_tokens": here.answer.prompt_tokens,
        "reused_tokens": here.answer.reused_tokens,
        "cpu_ms": rounded([1000 * here.first_cpu, 1000 * there.first_cpu], 0),
        "ratio": round(here.first_cpu / there.first_cpu, 3),
    }


def _question(turn: int, words: int) -> str:
    """Four documents of so many words and a question; from the second turn on, one document."""
    draw = random.Random(turn)
    documents = [
        f"[document {number + 1}] " + " ".join(draw.choice(_WORDS) for _ in range(words))
        for number in (range(4) if turn == 0 else [3 + turn])
    ]
    asked = f"Question: what does the manual say about the {_WORDS[turn]} and the {_WORDS[turn + 5]}?"
    return "\n".join([*documents, asked])
