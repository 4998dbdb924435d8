"""How fast a student computes here, and by which settings: about one second of measuring, at a believable depth."""

from __future__ import annotations

import ctypes
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import median

from forge_desktop.base.child import Frame
from forge_desktop.engine.child import machine
from forge_desktop.engine.child.context import Weights, make_context
from forge_desktop.engine.child.flag import Flag
from forge_desktop.engine.child.native import llama
from forge_desktop.engine.child.placing import chunk
from forge_desktop.engine.errors import trouble
from forge_desktop.engine.records_plan import Placement

QUICK, THOROUGH = 0.12, 0.5  # seconds that one way of computing may take for its prompt, and for its answer
_DEPTH = 512  # tokens that are pretended to be there, halfway through passages, question and answer
_TOKENS, _SEED = 16, 32  # at most; a slow student decodes fewer, so that all stays within a second or so
_PROMPT, _ANSWER = 2, 1  # of the tokens of a question and its passages, many were read before
_CHUNK = 17  # the prompt's part of that time, in times what the answer's may take
_CLOSE = 1.04  # flash attention may be slower by so much: it needs less memory, and gains as a context grows
_NEVER = Flag()  # a measurement is stopped between its parts only
_CLEARLY = 1.1  # another number of threads must be better by so much


@dataclass(frozen=True)
class Speed:
    """Seconds for one token of a prompt and for one of an answer; `work` is what a usual question costs the processor.

    Other programs that run at the same time lengthen the seconds, by chance, and hardly the work.
    """

    prompt: float
    answer: float
    work: float

    @property
    def cost(self) -> float:
        """What a usual question costs."""
        return usual_cost(self.prompt, self.answer)


def usual_cost(prompt: float, answer: float) -> float:
    """What a usual question costs, from what its tokens do."""
    return _PROMPT * prompt + _ANSWER * answer


def tune(
    weights: Weights, placement: Placement, *, threads: int, seconds: float, cancelled: Callable[[], bool]
) -> Frame:
    """The frame "tuned": the fastest of flash attention on or off, and number of threads; and the speeds with them.

    `threads` above 0 are fixed. Where layers are on a GPU llama.cpp itself chooses flash attention. What the chat's
    context holds is not touched. Raises ForgeError when there is no memory for a context of its own.
    """
    usual = machine.threads(threads)
    plain = placement if placement.gpu_layers else replace(placement, kv_type="f16")  # a smaller cache needs flash
    settings: list[bool | None] = [None] if placement.gpu_layers else [False, True]
    found: dict[bool | None, Speed] = {}
    for flash in settings:
        with _Trial(weights, plain, flash, usual) as trial:
            found[flash] = trial.measure(seconds)
        if cancelled():
            break
    best = min(found, key=lambda flash: found[flash].work * (1 if flash else _CLOSE))
    chosen, speed = usual, found[best]
    if threads == 0 and not placement.gpu_layers and not cancelled():
        chosen, speed = _best_threads(weights, plain, best, usual, speed, seconds)
    return {
        "ev": "tuned",
        "flash": True if best is None else best,
        "threads": chosen if threads == 0 else 0,
        "prompt_rate": 1 / speed.prompt,
        "rate": 1 / speed.answer,
    }


def _best_threads(
    weights: Weights, placement: Placement, flash: bool | None, usual: int, speed: Speed, seconds: float
) -> tuple[int, Speed]:
    best = usual, speed
    for count in machine.other_threads(usual):
        with _Trial(weights, placement, flash, count) as trial:
            other = trial.measure(seconds, hopeless=2 * speed.answer)
        if other.cost * _CLEARLY < best[1].cost:
            best = count, other
    return best


class _Trial:
    """A context for measuring: filled to a depth without computing it, for its numbers do not matter."""

    def __init__(self, weights: Weights, placement: Placement, flash: bool | None, threads: int) -> None:
        self._batch = chunk(placement)
        self._on_gpu, self._threads = placement.gpu_layers > 0, threads
        self._words = llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(weights.handle))
        self._context = make_context(
            weights,
            tokens=_DEPTH + 2 * self._batch,
            sequences=2,
            outputs=2,
            batch=self._batch,
            threads=threads,
            flash=True if placement.kv_type != "f16" else flash,
            kv_type=placement.kv_type,
            kv_on_gpu=placement.kv_on_gpu,
            unified=True,
            flag_address=_NEVER.address,
        )

    def __enter__(self) -> _Trial:
        return self

    def __exit__(self, *_: object) -> None:
        llama.llama_free(self._context)

    def measure(self, seconds: float, hopeless: float = math.inf) -> Speed:
        """Seconds for a token of a prompt and of an answer, behind some hundred others.

        Threads on cores that others use can be fifty times slower: what is slower than `hopeless` is not gone on with,
        and of a student that takes very long for one token no more is asked.
        """
        # WORKAROUND ggml-vulkan of llama.cpp 0c1e570 on Mesa 22.3's software driver: one token and then two, as the
        # first things a context decodes, end the process; two and then one do not. It warms up besides.
        self._step(2)
        one, work = self._step(1)
        if one > min(hopeless, 4 * seconds):
            return Speed(one, one, usual_cost(work, work))
        seed = max(2, min(_SEED, self._batch, round(2 * seconds / work)))
        self._fill(seed)
        answers = [self._step(1) for _ in range(max(2, min(_TOKENS, round(seconds / work))))]
        count = max(seed, min(self._batch, round(_CHUNK * seconds / work)))  # a few tokens tell little of a chunk
        _, work = self._step(count)
        answer, answer_work = (median(times) for times in zip(*answers, strict=True))
        share = work / count / answer_work  # by work: the one step of a prompt may have met another program
        return Speed(share * answer, answer, usual_cost(share * answer_work, answer_work))

    def _fill(self, seed: int) -> None:
        """Copies of a few computed tokens, as many as fit the depth, each moved behind the one before it, because a
        sliding window sees only the last ones. A model that cannot be copied stays shallow.
        """
        memory = llama.llama_get_memory(self._context)
        self._decode(seed, sequence=1)
        size = llama.llama_state_seq_get_size(self._context, 1)
        if not size:
            return
        state = (ctypes.c_uint8 * size)()
        llama.llama_state_seq_get_data(self._context, state, size, 1)
        movable = llama.llama_memory_can_shift(memory)
        for number in reversed(range(1, _DEPTH // seed)):
            if movable:
                llama.llama_memory_seq_add(memory, 1, -1, -1, number * seed)
            llama.llama_memory_seq_cp(memory, 1, 0, -1, -1)
            llama.llama_memory_seq_rm(memory, 1, -1, -1)
            if not llama.llama_state_seq_set_data(self._context, state, size, 1):
                break
        llama.llama_memory_seq_rm(memory, 1, -1, -1)
        self._decode(1, sequence=0)  # moves what is to be moved, which is not measured

    def _decode(self, count: int, *, sequence: int) -> None:
        """Any tokens at all, at the end of a sequence; the last one's logits are computed, as in an answer."""
        place = llama.llama_memory_seq_pos_max(llama.llama_get_memory(self._context), sequence) + 1
        batch = llama.llama_batch_init(count, 0, 1)
        try:
            batch.n_tokens = count
            for number in range(count):
                batch.token[number] = number % self._words
                batch.pos[number] = place + number
                batch.n_seq_id[number] = 1
                batch.seq_id[number][0] = sequence
                batch.logits[number] = number == count - 1
            code = llama.llama_decode(self._context, batch)
            llama.llama_synchronize(self._context)
        finally:
            llama.llama_batch_free(batch)
        if code != 0:
            raise trouble("CPU_FEATURE.code", number=code)

    def _step(self, count: int) -> tuple[float, float]:
        """Seconds by the clock, and what a thread computed meanwhile; on a GPU both are by the clock."""
        started, computed = time.perf_counter(), time.process_time()
        self._decode(count, sequence=0)
        seconds = time.perf_counter() - started
        return seconds, seconds if self._on_gpu else (time.process_time() - computed) / self._threads
