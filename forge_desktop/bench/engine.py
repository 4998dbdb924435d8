"""What the application adds to llama.cpp: `python -m forge_desktop.bench engine [--model FILE] [--json]`.

The whole path of an answer (engine, pipes, child, sampler, text) and llama-bench's bare decode loop take turns in the
same run, one thread each, and are compared by processor time, which other work on the machine hardly touches.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.base.events import Events
from forge_desktop.base.paths import resources_dir
from forge_desktop.base.settings import SettingsFile
from forge_desktop.engine import Engine, Generation, PromptMessage, PromptPart, Sampling, StudentSpec
from forge_desktop.storage import Database

_STORY = "Tell a very long story about a ship, its crew and the storms they met, with many chapters."
_SENTENCE = "Rivers carry water and sediment from the mountains to the sea. "


def run(arguments: list[str]) -> int:
    """Measure and print; the exit status."""
    starter = resources_dir() / "students" / "SmolLM2-135M-Instruct.Q4_1.gguf"
    parser = argparse.ArgumentParser(prog="python -m forge_desktop.bench engine", description=__doc__)
    parser.add_argument("--model", type=Path, default=starter, help="a GGUF file (the starter student)")
    parser.add_argument("--tokens", type=int, default=256, help="tokens to write in a round (256)")
    parser.add_argument("--rounds", type=int, default=3, help="how often both take turns (3)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    found = measure(options.model, options.tokens, options.rounds)
    print(json.dumps(found) if options.json else "\n".join(f"{key:32} {value}" for key, value in found.items()))
    return 0


def measure(model: Path, tokens: int, rounds: int) -> dict[str, Any]:
    """Every figure of the engine, by name; times in milliseconds unless the name says otherwise."""
    with tempfile.TemporaryDirectory() as folder, _engine(Path(folder), model) as engine:
        cold = _answer(engine, "Say hello.", 4)  # starts the child and loads the model first
        found: dict[str, Any] = {
            "model": model.name,
            "device": cold.device,
            "threads": 1,
            "cold_first_token_ms": round(cold.ttft_ms, 1),
        }
        found |= _first_tokens(engine)
        found |= _generation(engine, model, tokens, rounds)
        found |= _cancels(engine)
        found |= _restart(engine)
    return found


@contextlib.contextmanager
def _engine(folder: Path, model: Path) -> Iterator[Engine]:
    events = Events()
    settings = SettingsFile(folder / "settings.json", events)
    settings.change(threads=1, gpu_layers=0)
    database = Database(folder / "bench.db")
    engine = Engine(database, events, settings)
    try:
        engine.probe(model)
        engine.use(StudentSpec(model.stem, str(model.absolute()), "0" * 64))
        yield engine
    finally:
        engine.close()
        database.close()


def _answer(engine: Engine, text: str, tokens: int) -> Generation:
    messages = [PromptMessage("user", (PromptPart(text),))]
    return engine.generate(messages, Sampling(max_tokens=tokens), lambda _: None)


def _first_tokens(engine: Engine) -> dict[str, Any]:
    """Time to the first token: a fresh prompt of some 600 tokens, the same again, and a follow-up turn."""
    question = _SENTENCE * 45 + "What do rivers carry?"
    fresh = _answer(engine, question, 8)
    again = _answer(engine, question, 8)
    messages = [
        PromptMessage("user", (PromptPart(question),)),
        PromptMessage("assistant", (PromptPart(again.text),)),
        PromptMessage("user", (PromptPart("And where to?"),)),
    ]
    follow_up = engine.generate(messages, Sampling(max_tokens=8), lambda _: None)
    return {
        "prompt_tokens": fresh.prompt_tokens,
        "first_token_ms": round(fresh.ttft_ms, 1),
        "first_token_again_ms": round(again.ttft_ms, 1),
        "first_token_follow_up_ms": round(follow_up.ttft_ms, 1),
        "follow_up_reused_tokens": follow_up.reused_tokens,
    }


def _generation(engine: Engine, model: Path, tokens: int, rounds: int) -> dict[str, Any]:
    """Both loops in turn. The answer must not end early, so the bare loop is asked for as many tokens as it had."""
    ours: list[float] = []
    bare: list[float] = []
    rates: list[float] = []
    with _bare_loop(model) as ask:
        for number in range(rounds):
            before = _cpu_of(engine)
            answer = _answer(engine, f"{number}. {_STORY}", tokens)
            ours.append(1000 * (_cpu_of(engine) - before) / answer.answer_tokens)
            computed = answer.prompt_tokens - answer.reused_tokens
            bare.append(1000 * ask(computed, answer.answer_tokens)["cpu"] / answer.answer_tokens)
            rates.append(answer.tokens_per_second)
    ratios = [mine / other for mine, other in zip(ours, bare, strict=True)]
    return {
        "tokens": answer.answer_tokens,
        "tokens_per_second": round(statistics.median(rates), 1),
        "application_cpu_ms_per_token": [round(value, 2) for value in ours],
        "llama_cpp_cpu_ms_per_token": [round(value, 2) for value in bare],
        "ratio": round(statistics.median(ratios), 3),
    }


@contextlib.contextmanager
def _bare_loop(model: Path) -> Iterator[Any]:
    command = [sys.executable, "-m", "forge_desktop.engine.child.bare_loop", str(model), "4096"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            raise ForgeError("llama.cpp alone could not load the model.", hint="See the lines above.")

        def ask(prompt: int, tokens: int) -> Any:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(f"{prompt} {tokens}\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        yield ask
        process.stdin.close()


def _cpu_of(engine: Engine) -> float:
    """Processor seconds of this process and the engine child together; wall time where /proc is missing."""
    try:
        fields = Path(f"/proc/{engine.pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return time.perf_counter()
    return time.process_time() + (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _cancels(engine: Engine, delays: Sequence[float] = (0.2, 0.4, 0.6, 0.8, 1.0)) -> dict[str, Any]:
    """How long after Stop the engine is back, in the middle of a prompt of some 3,000 tokens."""
    taken = []
    for number, delay in enumerate(delays):
        asked = threading.Event()
        timer = threading.Timer(delay, asked.set)
        moment = [0.0]

        def check(asked: threading.Event = asked, moment: list[float] = moment) -> None:
            if asked.is_set():
                moment[0] = time.perf_counter()
                raise Cancelled

        messages = [PromptMessage("user", (PromptPart(f"{number}. " + _SENTENCE * 250),))]
        timer.start()
        answer = engine.generate(messages, Sampling(max_tokens=8), lambda _: None, check)
        if answer.stop == "cancelled":
            taken.append(1000 * (time.perf_counter() - moment[0]))
        timer.join()
    return {"cancel_in_prompt_ms": [round(value, 1) for value in sorted(taken)]}


def _restart(engine: Engine) -> dict[str, Any]:
    """Kill the child in the middle of an answer: until the caller knows, and until the next answer's first token."""
    moment = [0.0]

    def kill(_text: str) -> None:
        if not moment[0] and engine.pid is not None:
            moment[0] = time.perf_counter()
            os.kill(engine.pid, getattr(signal, "SIGKILL", signal.SIGTERM))

    engine.generate([PromptMessage("user", (PromptPart(_STORY),))], Sampling(max_tokens=400), kill)
    known = time.perf_counter()
    first = _answer(engine, "Say hello.", 1)
    return {
        "death_known_ms": round(1000 * (known - moment[0]), 1),
        "answering_again_ms": round(1000 * (known - moment[0]) + first.ttft_ms, 1),
    }
