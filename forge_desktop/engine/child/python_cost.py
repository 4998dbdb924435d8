"""What an answer costs beside llama.cpp: our own work a token, early and late in an answer. For the benchmark only.

`python -m forge_desktop.engine.child.python_cost MODEL` loads the student as the child does, then puts nothing in the
place of llama.cpp's decoding and sampling and answers: what remains is the loop, the text, the frames. One JSON object
with microseconds a token around token 100 and token 1,000, without and with prompt lookup.
"""

from __future__ import annotations

import ctypes
import dataclasses
import json
import mmap
import os
import random
import statistics
import sys
import tempfile
import time

from forge_desktop.base.frames import Frame, frame_bytes
from forge_desktop.engine.child.native import llama
from forge_desktop.engine.child.serve import Server
from forge_desktop.engine.records import Sampling
from forge_desktop.engine.records_plan import Placement

_MARKS, _HALF = (100, 1000), 50
_ROUNDS = 7


class _Nothing:
    """Stands for llama.cpp while an answer is written: a token at once, where 40 ms would have passed."""

    def __init__(self) -> None:
        self._draw = random.Random(1)
        self._now = 1000.0
        self._logits = (ctypes.c_float * (1 << 19))()  # more than any vocabulary has
        self.answers: list[list[int]] = []

    def take_over(self) -> None:
        """From here on nothing is computed; tokens come by chance."""
        llama.llama_decode = self.decode
        llama.llama_sampler_sample = self.sample
        llama.llama_get_logits_ith = lambda _context, _index: ctypes.cast(self._logits, ctypes.POINTER(ctypes.c_float))
        llama.llama_vocab_is_eog = lambda _vocab, _token: False
        time.monotonic = lambda: self._now

    def decode(self, _context: object, _batch: object) -> int:
        """A step that takes 40 ms by the clock, so that every token is a frame as it is on a usual machine."""
        self._now += 0.04
        return 0

    def sample(self, *_arguments: object) -> int:
        """A token, and the time it was wanted at."""
        self.answers[-1].append(time.process_time_ns())
        return self._draw.randrange(1000, 1400)


class _End:
    """Stands for the pipes: requests come from a list, frames are made into bytes and thrown away."""

    def __init__(self, requests: list[Frame], nothing: _Nothing) -> None:
        self._waiting, self._nothing = list(reversed(requests)), nothing
        self._nowhere = os.open(os.devnull, os.O_WRONLY)
        self.requests = self

    def get(self) -> Frame:
        """The next request; none left ends the loop."""
        if not self._waiting:
            raise SystemExit
        request = self._waiting.pop()
        if request["op"] == "generate":
            self._nothing.answers.append([])
        return request

    def send(self, frame: Frame) -> None:
        """Where the child writes to its pipe."""
        os.write(self._nowhere, frame_bytes(frame))
        if frame["ev"] == "loaded":
            self._nothing.take_over()
        if frame["ev"] == "error":
            raise SystemExit(frame["message"])


def main(arguments: list[str]) -> int:
    """Measure and print."""
    nothing = _Nothing()
    with tempfile.TemporaryDirectory() as folder:
        flag = os.path.join(folder, "flag")
        with open(flag, "wb") as file:
            file.write(bytes(mmap.PAGESIZE))
        plan = dataclasses.asdict(Placement(0, (), (), "f16", True, 4096, 1))
        load = {"path": arguments[0], "plan": plan, "threads": 1, "extra_bufts": False, "flash": False}
        answers = [_answer(number, lookup) for lookup in (False, True) for number in range(_ROUNDS)]
        end = _End([{"op": "hello", "flag": flag}, {"op": "load", **load}, *answers], nothing)
        try:
            Server(end).run()  # type: ignore[arg-type]
        except SystemExit as done:
            if done.code:
                print(done.code, file=sys.stderr)
                return 1
    costs = nothing.answers
    print(json.dumps({"plain": _costs(costs[:_ROUNDS]), "lookup": _costs(costs[_ROUNDS:])}))
    return 0


def _answer(number: int, lookup: bool) -> Frame:
    sampling = Sampling(temperature=0.7, max_tokens=_MARKS[-1] + 2 * _HALF, stop=("\nUser:",), lookup=lookup)
    text = f"{number}. Tell a very long story about a ship."
    return {
        "op": "generate",
        "messages": [["user", [[text, False]]]],
        "sampling": dataclasses.asdict(sampling),
        "conversation": "",
        "background": False,
    }


def _costs(rounds: list[list[int]]) -> dict[str, float]:
    """Microseconds a token in the window around each mark, the median of the rounds."""
    return {
        str(mark): round(
            statistics.median((times[mark + _HALF] - times[mark - _HALF]) / 2000 / _HALF for times in rounds), 2
        )
        for mark in _MARKS
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
