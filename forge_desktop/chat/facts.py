"""What is kept about how an answer came about."""

from __future__ import annotations

import dataclasses

from forge_desktop.chat.in_use import InUse
from forge_desktop.chat.prompt import Prompt
from forge_desktop.engine import Generation
from forge_desktop.providers.money import usd

# What the record of an answer says about the student when none gave it.
NOBODY: dict[str, object] = {
    "model": None,
    "student": None,
    "model_sha256": None,
    "version": None,
    "version_uid": None,
    "adapter_sha256": None,
    "scale": None,
    "device": None,
    "prompt_tokens": None,
    "answer_tokens": None,
    "ttft_ms": None,
    "tokens_per_second": None,
}


def facts_of(done: Generation, prompt: Prompt, in_use: InUse) -> dict[str, object]:
    """The part of an answer's provenance that the engine and the prompt know."""
    return {
        "model": done.model or None,
        "student": done.model or None,
        "model_sha256": done.model_sha256 or None,
        **in_use.facts(done),
        "sampling": dataclasses.asdict(prompt.sampling),
        "seed": done.seed,
        "prompt_sha256": done.prompt_sha256 or prompt.sha256,
        "device": done.device or None,
        "prompt_tokens": done.prompt_tokens,
        "reused_tokens": done.reused_tokens,
        "restored_tokens": done.restored_tokens,
        "answer_tokens": done.answer_tokens,
        "drafted": done.drafted,
        "accepted": done.accepted,
        "ttft_ms": round(done.ttft_ms, 1),
        "prompt_tokens_per_second": round(done.prompt_tokens_per_second, 2),
        "tokens_per_second": round(done.tokens_per_second, 2),
        "stop": done.stop,
        "context": prompt.seen.context,
        "passages_offered": [source.n for source in prompt.offered],
        "cut": list(prompt.seen.cut),
        "noticed": list(prompt.noticed),
        **_of_the_endpoint(done),
    }


def _of_the_endpoint(done: Generation) -> dict[str, object]:
    """Where a remote student answered, and what that cost; nothing for one on this computer."""
    if not done.endpoint:
        return {}
    cost = None if done.cost is None else usd(done.cost)
    return {"endpoint": done.endpoint, "origin": done.origin, "cost_usd": cost, "paid_before": done.reused}
