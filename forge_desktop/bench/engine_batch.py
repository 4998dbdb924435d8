"""Several answers at once: against one after another, and against a llama-server that has as many slots."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from forge_desktop.bench import engine_peers as peers
from forge_desktop.bench.engine_clock import cpu_with
from forge_desktop.bench.engine_figures import Figure, ratio_of, rounded
from forge_desktop.bench.engine_student import SENTENCE, ask, message
from forge_desktop.engine import Engine, PromptMessage, Sampling

_WIDTH = 8
_RULES = "You grade answers. Answer only from the documents and cite each claim. "


def batched(
    engine: Engine, model: Path, server: Path | None, *, flash: bool, rounds: int, prompts: int, tokens: int
) -> dict[str, Figure]:
    """Processor seconds a token of short answers to prompts that begin alike; nothing of them is known before.

    A fresh llama-server is started for each round: cold, as the batch is.
    """
    together, alone, served = [], [], []
    for number in range(rounds):
        asked = _prompts(number, prompts)
        together.append(_together(engine, asked, tokens))
        alone.append(_one_by_one(engine, asked, tokens))
        if server is not None:
            texts = [engine.render(messages, sampling=Sampling()).text for messages in asked]
            with peers.llama_server(server, model, slots=_WIDTH, context=1024, flash=flash) as running:
                found = running.complete(texts, tokens)
            served.append(1000 * found.cpu / found.tokens)
    more = {"width": _WIDTH, "prompts": prompts, "tokens": tokens, "batched_ms_per_token": rounded(together)}
    beside = Figure(None, "not measured: llama-server is not here (python3 packaging/dev.py peers)")
    if served:
        beside = Figure(ratio_of(served, together), more={**more, "llama_server_ms_per_token": rounded(served)})
    return {
        "batched_sequential": Figure(
            ratio_of(alone, together), more={**more, "sequential_ms_per_token": rounded(alone)}
        ),
        "batched_server_cold": beside,
    }


def _prompts(number: int, count: int) -> list[list[PromptMessage]]:
    """Prompts that share their instructions and documents, some 115 tokens; another `number`, other instructions."""
    system = message("system", f"{number}. {_RULES}" + SENTENCE * 7)
    question = "Question {0}: how does river number {0} reach the sea, and which towns does it pass?"
    return [[system, message("user", question.format(place + 1))] for place in range(count)]


def _together(engine: Engine, prompts: Sequence[Sequence[PromptMessage]], tokens: int) -> float:
    before = cpu_with(engine.pid)
    batch = engine.generate_many(prompts, Sampling(max_tokens=tokens, lookup=False), width=_WIDTH)
    return 1000 * (cpu_with(engine.pid) - before) / sum(answer.answer_tokens for answer in batch.answers)


def _one_by_one(engine: Engine, prompts: Sequence[Sequence[PromptMessage]], tokens: int) -> float:
    answers = [ask(engine, messages, tokens) for messages in prompts]
    return 1000 * sum(asked.cpu for asked in answers) / sum(asked.answer.answer_tokens for asked in answers)
