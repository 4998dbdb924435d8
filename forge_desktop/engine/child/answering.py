"""One answer in the child: the prompt read, tokens turned into text, and what is told of it at the end."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field

from forge_desktop.base.child import Frame
from forge_desktop.engine.child import sampler as samplers
from forge_desktop.engine.child.decode import Decoder
from forge_desktop.engine.child.flag import Stopped
from forge_desktop.engine.child.lookup import Lookup
from forge_desktop.engine.child.model import Model
from forge_desktop.engine.child.pausing import Work
from forge_desktop.engine.child.sampler import Sampler
from forge_desktop.engine.child.sequences import Known, Sequences
from forge_desktop.engine.child.stream import Coalesced
from forge_desktop.engine.child.thinking import Governor
from forge_desktop.engine.errors import trouble
from forge_desktop.engine.records import Sampling

Send = Callable[[Frame], None]


@dataclass
class Course:
    """How an answer is going: times, counts, and its tokens with the bytes each of them spells."""

    started: float = field(default_factory=time.monotonic)
    first: float = 0.0
    prompt: int = 0
    reused: int = 0
    restored: int = 0
    stop: str = "length"
    tokens: list[int] = field(default_factory=list)
    pieces: list[bytes] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def done(self, lookup: Lookup | None) -> Frame:
        """The final frame."""
        now = time.monotonic()
        reading, writing = (self.first or now) - self.started, now - self.first if self.first else 0.0
        read = self.prompt - self.reused
        return {
            "ev": "done",
            "stop": self.stop,
            "reused": self.reused,
            "restored": self.restored,
            "tokens": len(self.tokens),
            "ids": spelling("".join(self.texts), self.tokens, self.pieces),
            "tokens_per_second": len(self.tokens) / writing if self.tokens and writing > 0 else 0.0,
            "prompt_tokens_per_second": read / reading if self.first and reading > 0 else 0.0,
            "drafted": lookup.drafted if lookup else 0,
            "accepted": lookup.accepted if lookup else 0,
        }


class Answering:
    """Writes answers into the streams of one context, each as work that can be interrupted.

    `token_cost` is what a further token in a step takes, as a share of a step of one.
    """

    def __init__(self, send: Send, model: Model, sequences: Sequences, decoder: Decoder, *, token_cost: float) -> None:
        self._send, self._model, self._sequences, self._decoder = send, model, sequences, decoder
        self._token_cost = token_cost
        self._last_report = 0.0

    def work(self, prompt: tuple[str, str, list[int]], sampling: Sampling, known: Known, restored: int) -> Work:
        """Answer `prompt` (text, its sha256, tokens) in a stream that was taken for it."""
        _, sha256, tokens = prompt
        course = Course(prompt=len(tokens))
        governor = Governor(sampling, self._model, tokens)
        tokens = tokens + governor.begin()
        same = self._sequences.alike(known, tokens)
        self._send(
            {
                "ev": "prompt",
                "tokens": course.prompt,
                "sha256": sha256,
                "reused": same,
                "restored": min(same, restored),
            }
        )
        sampler = samplers.make(sampling, self._model, tokens)
        # Guesses cross the end of a thought, where a grammar begins to count.
        free = governor.answering or not (sampling.grammar or sampling.schema)
        guessing = sampling.lookup and free and self._sequences.can_take_back
        lookup = Lookup(tokens, self._token_cost) if guessing else None
        out = Coalesced(lambda text, part: self._tell(text, part, course), time.monotonic)
        try:
            course.reused = yield from self._decoder.prefill(
                known, tokens, lambda place: self._report(place / len(tokens))
            )
            course.restored = min(course.reused, restored)
            course.first = time.monotonic()
            sampler.held = governor.answering
            answer = self._decoder.answer(known, sampler, sampling.max_tokens, lookup=lookup, after=governor.after)
            course.stop = yield from self._write(answer, known, course, governor, sampler, out)
        except Stopped:
            course.stop = "cancelled"
        finally:
            sampler.close()
        governor.finish()
        for text, part in governor.take():
            out.put(text, part)
        out.flush()
        return {**course.done(lookup), "unfinished": governor.unfinished}

    def _write(
        self,
        answer: Generator[int, None, bool],
        known: Known,
        course: Course,
        governor: Governor,
        sampler: Sampler,
        out: Coalesced,
    ) -> Generator[None, bool, str]:
        """Turn tokens into text until the answer ends; gives why it did."""
        piece, tokens, pieces = self._model.tokeniser.piece, course.tokens.append, course.pieces.append
        while True:
            try:
                token = next(answer)
            except StopIteration as end:
                return "end" if end.value else "length"
            spelled = piece(token)
            tokens(token)
            pieces(spelled)
            governor.hear(token, spelled)
            sampler.held = governor.answering
            for text, part in governor.take():
                out.put(text, part)
            if governor.stopped:
                return "stop"
            if (yield):
                yield from self._decoder.bring_back(known)

    def _tell(self, text: str, part: str, course: Course) -> None:
        if part == "answer":
            course.texts.append(text)
        self._send({"ev": "text", "text": text, "part": part, "tokens": len(course.tokens)})

    def _report(self, share: float) -> None:
        now = time.monotonic()
        if now - self._last_report >= 0.1:
            self._last_report = now
            self._send({"ev": "prefill", "share": share})


def held(known: Known, work: Work) -> Work:
    """Work in the background on a stream that nobody else may use until it ends, however it does."""
    known.busy = True
    try:
        return (yield from work)
    finally:
        known.busy = False


def refuse_overflow(prompt: int, context: int, answer: int) -> None:
    """Raise ForgeError when a prompt leaves no room for an answer."""
    if prompt + min(16, answer) > context:
        raise trouble("CTX_FULL", prompt=prompt, context=context)


def spelling(text: str, tokens: Sequence[int], pieces: Sequence[bytes]) -> list[int]:
    """Those of the tokens, one after another, that spell exactly the text; none where there are no such.

    A thought may stand before it, and the beginning of a stop string after it. A token that spells nothing is special.
    """
    wanted = text.encode("utf-8", "replace")
    ends = [0, *itertools.accumulate(map(len, pieces))]
    start = b"".join(pieces).rfind(wanted)
    if not wanted or start not in ends or start + len(wanted) not in ends:
        return []
    first, last = len(ends) - 1 - ends[::-1].index(start), ends.index(start + len(wanted))
    return list(tokens[first:last]) if all(pieces[first:last]) else []
