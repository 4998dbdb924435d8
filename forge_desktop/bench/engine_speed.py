"""Generation through the whole application path, beside llama-bench, llama.cpp's bare loop and llama-server."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from forge_desktop.base.errors import ForgeError
from forge_desktop.bench import engine_peers as peers
from forge_desktop.bench.engine_figures import Figure, ratio_of, rounded
from forge_desktop.bench.engine_student import STORY, ask
from forge_desktop.engine import Engine

_CHAT_TOKENS = 128


def generation(
    engine: Engine, model: Path, bench: Path | None, tokens: int, rounds: int
) -> tuple[Figure, dict[str, Any]]:
    """The application, the bare loop and llama-bench in turn; the figure against llama-bench, and the old figures.

    An answer may end early, so the others are asked for as many tokens as it had.
    """
    ours: list[float] = []
    bare: list[float] = []
    theirs: list[float] = []
    rates: list[float] = []
    prompt = ask(engine, f"0. {STORY}", 1).answer.prompt_tokens
    loop = peers.LlamaBench(bench, model, prompt=prompt, tokens=tokens) if bench else None
    with peers.bare_loop(model, flash=bool(loop and loop.flash)) as bare_loop:
        for number in range(rounds):
            asked = ask(engine, f"{number + 1}. {STORY}", tokens)
            count = asked.answer.answer_tokens
            ours.append(1000 * asked.cpu / count)
            bare.append(bare_loop.per_token(prompt - asked.answer.reused_tokens, count))
            if loop:
                theirs.append(loop.per_token(count))
            rates.append(asked.answer.tokens_per_second)
    old = {
        "tokens": count,
        "tokens_per_second": round(statistics.median(rates), 1),
        "application_cpu_ms_per_token": rounded(ours),
        "llama_cpp_cpu_ms_per_token": rounded(bare),
        "ratio": round(ratio_of(ours, bare), 3),
    }
    more: dict[str, Any] = {"model": model.name, "against_bare_loop": old["ratio"], "tokens": count}
    more |= {"application_ms": rounded(ours), "bare_loop_ms": rounded(bare)}
    if loop is None:
        return Figure(None, "not measured: llama-bench is not here (python3 packaging/dev.py peers)", more), old
    more["application_flash"] = [timing.flash for timing in engine.hardware().timings]
    more |= {"llama_bench_ms": rounded(theirs), "llama_bench_flash": loop.flash}
    more["bare_loop_against_llama_bench"] = round(ratio_of(bare, theirs), 3)
    return Figure(ratio_of(ours, theirs), more=more), old


def python_cost(model: Path) -> Figure:
    """The child's own work a token at token 1000 against token 100, with llama.cpp's part taken out."""
    module = "forge_desktop.engine.child.python_cost"
    done = subprocess.run([sys.executable, "-m", module, str(model)], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise ForgeError("The cost of the child's own work could not be measured.", hint="See the lines above.")
    costs = json.loads(done.stdout)
    early, late = costs["plain"]["100"], costs["plain"]["1000"]
    return Figure(late / early, more={"microseconds": costs})


def beside_server(engine: Engine, model: Path, program: Path | None, *, flash: bool, rounds: int) -> dict[str, Figure]:
    """Answers to the same short chat, streamed: milliseconds a token, and the first token when asked once more.

    llama-server's side is the server and the lightest client there can be; ours is the child and this process.
    """
    chat = [{"role": "user", "content": STORY}]
    ours, theirs, alone, ours_first, theirs_first = [], [], [], [], []
    wall: dict[str, list[float]] = {"application": [], "llama_server": []}
    with peers.llama_server(program, model, slots=1, context=4096, flash=flash) as server:
        ask(engine, STORY, 8)
        server.chat(chat, 8)
        for _ in range(rounds):
            asked = ask(engine, STORY, _CHAT_TOKENS)
            ours.append(asked.cpu / asked.answer.answer_tokens)
            served = server.chat(chat, _CHAT_TOKENS)
            theirs.append(served.cpu / served.tokens)
            alone.append(served.server_cpu / served.tokens)
            first = ask(engine, STORY, 1)
            ours_first.append(first.cpu)
            served_first = server.chat(chat, 1)
            theirs_first.append(served_first.cpu)
            wall["application"].append(first.answer.ttft_ms)
            wall["llama_server"].append(1000 * served_first.first_s)
    return {
        "server_ms_per_token": Figure(
            ratio_of(ours, theirs),
            more={
                "application_ms": rounded([1000 * value for value in ours]),
                "llama_server_ms": rounded([1000 * value for value in theirs]),
                "without_the_client": round(ratio_of(ours, alone), 3),
            },
        ),
        "server_warm_first_token": Figure(
            ratio_of(ours_first, theirs_first),
            more={
                "application_ms": rounded([1000 * value for value in ours_first]),
                "llama_server_ms": rounded([1000 * value for value in theirs_first]),
                "wall_application_ms": rounded(wall["application"]),
                "wall_llama_server_ms": rounded(wall["llama_server"]),
                "reused_tokens": first.answer.reused_tokens,
                "prompt_tokens": first.answer.prompt_tokens,
            },
        ),
    }
