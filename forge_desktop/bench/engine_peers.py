"""The others: llama-bench, llama-server and llama.cpp's bare decode loop, each in processes of their own."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import forge_desktop
from forge_desktop.base.errors import ForgeError
from forge_desktop.bench.engine_clock import cpu_of_run
from forge_desktop.bench.engine_figures import NotMeasured

_PACKAGING = Path(forge_desktop.__file__).resolve().parents[1] / "packaging"
_SECOND = "gemma-3-270m-q4_k_m.gguf"


@dataclass(frozen=True)
class Peers:
    """Where the programs and the second student are; None for what is not here."""

    bench: Path | None = None
    server: Path | None = None
    second: Path | None = None


def find(*, only_cached: bool = False) -> Peers:
    """What `dev.py peers` compiles and brings, once; nothing where there is no source clone."""
    if not (_PACKAGING / "dev.py").is_file():
        return Peers()
    command = [sys.executable, str(_PACKAGING / "dev.py"), "peers", *(["--cached"] if only_cached else [])]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise ForgeError("llama-bench and llama-server are not here.", hint="See the lines above.")
    places = {name: Path(place) for name, place in json.loads(done.stdout.splitlines()[-1]).items()}
    return Peers(places.get("llama-bench"), places.get("llama-server"), places.get(_SECOND))


class LlamaBench:
    """llama-bench on one model: processor seconds of single tokens after a prompt, one thread, no GPU."""

    def __init__(self, program: Path | None, model: Path, *, prompt: int, tokens: int) -> None:
        if program is None:
            raise NotMeasured("llama-bench is not here (python3 packaging/dev.py peers)")
        self._command: list[str | Path] = [
            program,
            "-m",
            model,
            "-t",
            "1",
            "-ngl",
            "0",
            "-r",
            "1",
            "--no-warmup",
            "-o",
            "json",
        ]
        self._prompt = prompt
        self.flash = min((False, True), key=lambda flash: self._cost(flash, tokens))  # it gets what is quicker for it

    def per_token(self, tokens: int) -> float:
        """Milliseconds a token, the prompt shared out among them; what loading takes is measured and left out."""
        return 1000 * self._cost(self.flash, tokens)

    def _cost(self, flash: bool, tokens: int) -> float:
        settings: list[str | Path] = ["-fa", "1" if flash else "0", "-p", "0"]
        whole, _ = cpu_of_run([*self._command, *settings, "-n", "0", "-pg", f"{self._prompt},{tokens}"])
        start, _ = cpu_of_run([*self._command, *settings, "-n", "1"])
        return (whole - start) / (tokens - 1)


class _Lines:
    """A process that answers each line with a line of JSON."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._to: IO[str] = process.stdin
        self._from: IO[str] = process.stdout

    def expect(self, word: str, problem: str) -> None:
        """Read one line that must be `word`; else raise ForgeError with `problem`."""
        if self._from.readline() != f"{word}\n":
            raise ForgeError(problem, hint="See the lines above.")

    def ask(self, line: str) -> Any:
        """One answer."""
        self._to.write(f"{line}\n")
        self._to.flush()
        answer = self._from.readline()
        if not answer:
            raise ForgeError("The program to compare with ended in the middle.", hint="See the lines above.")
        return json.loads(answer)


@contextlib.contextmanager
def _lines(command: Sequence[str | Path]) -> Iterator[_Lines]:
    argv = [str(part) for part in command]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield _Lines(process)
        assert process.stdin is not None
        process.stdin.close()


class BareLoop:
    """llama-bench's loop on our own library, from `bare_loop`."""

    def __init__(self, lines: _Lines) -> None:
        self._lines = lines

    def per_token(self, prompt: int, tokens: int) -> float:
        """Milliseconds of processor time a token, the prompt shared out among them."""
        return 1000 * float(self._lines.ask(f"{prompt} {tokens}")["cpu"]) / tokens


@contextlib.contextmanager
def bare_loop(model: Path, *, flash: bool = False, context: int = 4096) -> Iterator[BareLoop]:
    """llama.cpp's bare decode loop, loaded and waiting."""
    module = "forge_desktop.engine.child.bare_loop"
    with _lines([sys.executable, "-m", module, model, str(context), "flash" if flash else "plain"]) as lines:
        lines.expect("ready", "llama.cpp alone could not load the model.")
        yield BareLoop(lines)


@dataclass(frozen=True)
class Served:
    """What llama-server did with requests that came at once; processor seconds of the server and of the client."""

    tokens: int
    prompt_tokens: int
    texts: tuple[str, ...]
    server_cpu: float
    client_cpu: float
    first_s: float

    @property
    def cpu(self) -> float:
        """Both sides together."""
        return self.server_cpu + self.client_cpu


class Server:
    """A running llama-server."""

    def __init__(self, lines: _Lines) -> None:
        self._lines = lines

    def chat(self, messages: Sequence[dict[str, str]], tokens: int) -> Served:
        """One streamed answer, greedy, with the model's own chat template."""
        return self._served("/v1/chat/completions", [{"messages": list(messages), "max_tokens": tokens}])

    def complete(self, prompts: Sequence[str], tokens: int) -> Served:
        """Streamed answers to ready-made prompts, all asked at once, greedy."""
        return self._served("/completion", [{"prompt": prompt, "n_predict": tokens} for prompt in prompts])

    def _served(self, path: str, bodies: Sequence[dict[str, Any]]) -> Served:
        requests = [{"path": path, "body": {**body, "temperature": 0, "stream": True}} for body in bodies]
        reply = self._lines.ask(json.dumps(requests))
        answers = reply["answers"]
        if not all(answer["timings"] for answer in answers):
            raise ForgeError("llama-server did not finish an answer.", hint="See docs/benchmarks.md.")
        return Served(
            tokens=sum(answer["timings"]["predicted_n"] for answer in answers),
            prompt_tokens=sum(answer["timings"]["prompt_n"] for answer in answers),
            texts=tuple(answer["text"] for answer in answers),
            server_cpu=reply["server_cpu"],
            client_cpu=reply["client_cpu"],
            first_s=min((answer["first"] for answer in answers if answer["first"] is not None), default=0.0),
        )


@contextlib.contextmanager
def llama_server(program: Path | None, model: Path, *, slots: int, context: int, flash: bool) -> Iterator[Server]:
    """A fresh llama-server with so many slots of `context` tokens each, one thread, loaded and waiting."""
    if program is None:
        raise NotMeasured("llama-server is not here (python3 packaging/dev.py peers)")
    with _lines([
        sys.executable, _PACKAGING / "devtools" / "llama_server.py", program, model,
        "-np", str(slots), "-c", str(slots * context), "-t", "1", "-tb", "1", "-ngl", "0",
        "-fa", "on" if flash else "off", "--no-webui",
    ]) as lines:  # fmt: skip
        lines.expect("ready", "llama-server could not load the model.")
        yield Server(lines)
