"""How quickly one version takes another's place: `python -m forge_desktop.bench versions [--json]`.

The starter student gets an adapter of random numbers, which nobody would want and any engine can load. It is promoted
and taken back, loaded and not loaded, and with files whose times changed, so that they are hashed again.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from forge_desktop.base.paths import resources_dir
from forge_desktop.engine import PromptMessage, PromptPart, Sampling
from forge_desktop.forge import STARTER, Forge
from forge_desktop.students.adapter_file import write_adapter
from forge_desktop.students.gguf_file import read_gguf

_TARGETS = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
_ASKED = "How long may I keep a hand tool?"
T = TypeVar("T")
_LIMIT = 1.0  # seconds a rollback may take


def run(arguments: list[str]) -> int:
    """Measure and print; the exit status is 1 when a rollback takes too long, or the base answers otherwise after."""
    parser = argparse.ArgumentParser(prog="python -m forge_desktop.bench versions", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="how often to promote and to go back (9)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        forge = Forge(Path(folder), holder="a measurement")
        try:
            found = _measured(forge, Path(folder), options.rounds)
        finally:
            forge.close()
    if options.json:
        print(json.dumps(found))
    else:
        for name, value in found.items():
            print(f"{name:34} {value}")
    return 0 if found["rollback_ms"] <= 1000 * _LIMIT and found["same_answer_after"] else 1


def adapter_of(base: Path, path: Path, *, rank: int = 8, strength: float = 0.01) -> Path:
    """A LoRA of random numbers for every matrix of every layer."""
    model, draw = read_gguf(base), np.random.default_rng(1)
    tensors = {}
    for name, info in model.tensors.items():
        if name.endswith(".weight") and name.split(".")[-2] in _TARGETS:
            rows, columns = info.shape
            tensors[f"{name}.lora_a"] = draw.normal(0, strength, (rank, columns)).astype(np.float32)
            tensors[f"{name}.lora_b"] = draw.normal(0, strength, (rows, rank)).astype(np.float32)
    write_adapter(path, model.architecture, tensors, 16.0)
    return path


def _measured(forge: Forge, folder: Path, rounds: int) -> dict[str, Any]:
    registry = forge.students.registry
    starter = resources_dir() / "students" / STARTER
    base = registry.version("v1")
    file = adapter_of(starter, folder / "made.gguf")
    made, kept_ms = _timed(lambda: registry.add(file, base.base_sha256, origin="trained", name="made"))
    effect, effect_ms = _timed(lambda: registry.effect(made.uid))
    cold = _turns(forge, made.uid, rounds)
    before = _answer(forge)
    warm = _turns(forge, made.uid, rounds, answered=True)
    after = _answer(forge)
    kept = Path(registry.adapter(made.adapter_sha256).path)
    os.utime(kept, ns=(1, 1))
    _, hashed_ms = _timed(lambda: registry.check(made.uid))
    return {
        "adapter_bytes": kept.stat().st_size,
        "added_ms": kept_ms,
        "effect_nats_a_token": round(effect, 4),
        "effect_ms": effect_ms,
        "promote_ms": cold["promote"],
        "rollback_ms": cold["rollback"],
        "rollback_slowest_ms": cold["slowest"],
        "promote_loaded_ms": warm["promote"],
        "rollback_loaded_ms": warm["rollback"],
        "first_word_after_rollback_ms": warm["first_word"],
        "check_with_a_changed_time_ms": hashed_ms,
        "same_answer_after": before == after,
    }


def _turns(forge: Forge, uid: str, rounds: int, *, answered: bool = False) -> dict[str, float]:
    """Medians in milliseconds. With `answered`, each side answers in between, so that the child is loaded."""
    registry = forge.students.registry
    up, back, first = [], [], []
    for number in range(rounds):
        up.append(_timed(lambda: registry.promote(uid, override="It is measured how long this takes."))[1])
        if answered:
            _answer(forge)
        back.append(_timed(registry.rollback)[1])
        if answered:
            new = f"What does a tool of kind {number} cost?"  # of an old question everything is still known
            first.append(_timed(functools.partial(_answer, forge, new, 1))[1])
    return {
        "promote": round(statistics.median(up), 1),
        "rollback": round(statistics.median(back), 1),
        "slowest": round(max(back), 1),
        "first_word": round(statistics.median(first), 1) if first else 0.0,
    }


def _answer(forge: Forge, question: str = _ASKED, tokens: int = 24) -> tuple[str, tuple[int, ...]]:
    asked = [PromptMessage("user", (PromptPart(question),))]
    done = forge.engine.generate(asked, Sampling(max_tokens=tokens, lookup=False), lambda _: None)
    return done.text, done.tokens


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    started = time.perf_counter()
    found = work()
    return found, round(1000 * (time.perf_counter() - started), 1)
