"""One benchmark of one version: prompts one after the other in a child of its own, and what that took."""

from __future__ import annotations

import dataclasses
import time
import uuid
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field

from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.base.jobs import JobContext
from forge_desktop.engine import Engine, Generation, Sampling
from forge_desktop.engine.records_plan import Loaded
from forge_desktop.students import statistics
from forge_desktop.students.measure_machine import machine_facts
from forge_desktop.students.measure_prompts import Prompts
from forge_desktop.students.measure_watch import NvidiaWatch, PeakMemory, ProcessorEnergy, load, watching
from forge_desktop.students.records_measure import Measurement, MeasureProgress, MeasureWish
from forge_desktop.students.records_versions import Version
from forge_desktop.students.registry import Registry
from forge_desktop.students.rooms import Rooms

_WARM_UP = 1  # prompts before those that count: the first one finds everything cold
_LEAST_TOKENS = 8  # of an answer whose speed counts
_LEAST_PROMPTS = 5  # that are counted, however long they take


@dataclass
class _Taken:
    """What the prompts gave, one after the other."""

    answers: list[Generation] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)
    began: float = 0.0
    ended: float = 0.0

    @property
    def tokens(self) -> int:
        """Read and written in all."""
        return sum(one.prompt_tokens + one.answer_tokens for one in self.answers)


class SpeedMeasurer:
    """Measures one version. Used once, in its job."""

    def __init__(
        self, rooms: Rooms, registry: Registry, version: Version, wish: MeasureWish, budget: float | None = None
    ) -> None:
        self._rooms, self._registry, self._version, self._wish = rooms, registry, version, wish
        self._done = 0
        self._until = None if budget is None else time.monotonic() + budget

    def run(self, ctx: JobContext) -> Measurement:
        """All of it. Raises ForgeError, and Cancelled at once when the job is cancelled."""
        self._tell(ctx, "Loading")
        spec = self._registry.spec(self._version.uid)
        watch, busy = NvidiaWatch(), load()
        with closing(self._rooms.engine.beside(context=self._wish.context)) as engine:
            engine.use(spec)
            engine.warm(lambda: _stop(ctx))
            loaded = self._loaded(engine)
            memory = PeakMemory(loaded.pid)
            with watching(watch):
                energy, taken = self._ask(ctx, engine, memory)
                spent = energy.joules()
                figures = _joined(
                    _speeds(taken),
                    _layout(loaded),
                    _memory(loaded, memory, watch),
                    _energy(energy, spent, watch, taken),
                    {"load": busy},
                )
        return Measurement(
            uid=uuid.uuid4().hex,
            version=self._version.uid,
            label=self._version.label,
            base_sha256=self._version.base_sha256,
            adapter_sha256=self._version.adapter_sha256,
            scale=self._version.scale,
            build=loaded.build,
            device=loaded.device,
            machine=machine_facts(loaded.devices),
            wish=dataclasses.replace(self._wish, prompts=self._done),
            figures=figures,
            created=time.time(),
        )

    def _loaded(self, engine: Engine) -> Loaded:
        """What was loaded. Raises ForgeError when the prompts do not fit into it."""
        loaded = engine.loaded()
        if loaded is None:
            raise ForgeError("The student's process ended before anything was measured.", hint="Measure again.")
        needed = self._wish.prompt_tokens + self._wish.answer_tokens
        if needed > loaded.context:
            raise ForgeError(
                f"A prompt of {self._wish.prompt_tokens:,} tokens and an answer of {self._wish.answer_tokens:,} do not"
                f" fit into the context of {loaded.context:,} that {self._version.label} is laid out with.",
                hint="Ask for shorter ones, or for more context.",
            )
        return loaded

    def _ask(self, ctx: JobContext, engine: Engine, memory: PeakMemory) -> tuple[ProcessorEnergy, _Taken]:
        """Let it answer, one prompt after the other; the energy is counted from the first that counts on."""
        sampling = Sampling(max_tokens=self._wish.answer_tokens, think_tokens=0, lookup=False, seed=self._wish.seed)

        def check() -> None:
            _stop(ctx)
            memory.look()

        prompts = Prompts(
            engine,
            tokens=self._wish.prompt_tokens,
            seed=self._wish.seed,
            sampling=sampling,
            template=self._version.template,
            check=check,
        )
        taken = _Taken()
        energy = ProcessorEnergy()
        for number in range(-_WARM_UP, self._wish.prompts):
            if self._enough():
                break
            messages = prompts.make(number)
            self._tell(ctx, "Warming up" if number < 0 else "Measuring")
            if number == 0:
                energy, taken.began = ProcessorEnergy(), time.monotonic()
            started = time.monotonic()
            answer = engine.generate(messages, sampling, _unread, check, template=self._version.template)
            spent = time.monotonic() - started
            _stop(ctx)
            if answer.stop in ("died", "cancelled"):
                raise ForgeError(
                    answer.problem or "The student's process ended while it was measured.", hint="Measure again."
                )
            if number >= 0:
                taken.answers.append(answer)
                taken.milliseconds.append(1000 * spent)
                self._done += 1
        taken.ended = time.monotonic()
        self._tell(ctx, "Measuring")
        return energy, taken

    def _enough(self) -> bool:
        """Whether its time is over, and as many prompts were answered as tell something."""
        return self._until is not None and self._done >= _LEAST_PROMPTS and time.monotonic() >= self._until

    def _tell(self, ctx: JobContext, note: str) -> None:
        done, total = self._done, self._wish.prompts
        ctx.progress(done, total, note, detail=lambda: MeasureProgress(self._version.uid, done, total, note))


def gpu_bytes(loaded: Loaded) -> int:
    """What a child allocated in the memory of GPUs, by its own buffers."""
    gpus = {device.name for device in loaded.devices if device.kind != "cpu"}
    return sum(sum(kinds.values()) for buffer, kinds in loaded.buffers.items() if buffer in gpus)


def _memory(loaded: Loaded, memory: PeakMemory, watch: NvidiaWatch) -> dict[str, object]:
    """Memory of the computer and of GPUs, and why there is none of these."""
    on_gpus = gpu_bytes(loaded)
    found: dict[str, object] = {"ram_bytes": memory.bytes() or None, "vram_bytes": on_gpus or None}
    if not on_gpus:
        return {**found, "skipped": {"vram": "no part of it was on a GPU"}}
    measured = watch.memory(loaded.pid)
    if measured is None:
        return {**found, "skipped": {"vram_measured": "the driver does not say how much a process holds"}}
    return {**found, "vram_measured_bytes": measured[0], "vram_measured": measured[1]}


def _speeds(taken: _Taken) -> dict[str, object]:
    long = [one for one in taken.answers if one.answer_tokens >= _LEAST_TOKENS]
    found: dict[str, object] = {
        "prompt_speed": _spread([one.prompt_tokens_per_second for one in taken.answers], slow=True),
        "generation_speed": _spread([one.tokens_per_second for one in long], slow=True),
        "first_token": _spread([one.ttft_ms for one in taken.answers]),
        "latency": _spread(taken.milliseconds),
        "prompt_tokens": _spread([one.prompt_tokens for one in taken.answers]),
        "answer_tokens": _spread([one.answer_tokens for one in taken.answers]),
        "reused_tokens": sum(one.reused_tokens for one in taken.answers),
        "warm_up": _WARM_UP,
        "seconds": round(taken.ended - taken.began, 3),
    }
    if not long:
        found["generation_speed"] = None
        found["skipped"] = {"generation_speed": f"no answer had {_LEAST_TOKENS} tokens or more"}
    return found


def _spread(values: Sequence[float], *, slow: bool = False) -> dict[str, float | int]:
    """Median and 95th percentile; with `slow` the 5th too, which is the slow end of a speed."""
    ends = {"p50": 0.5, "p95": 0.95} | ({"p5": 0.05} if slow else {})
    found: dict[str, float | int] = {
        name: round(value, 3)
        for name, share in ends.items()
        if (value := statistics.percentile(values, share)) is not None
    }
    return {**found, "n": len(values)}


def _layout(loaded: Loaded) -> dict[str, object]:
    return {
        "context": loaded.context,
        "sequences": loaded.sequences,
        "gpu_layers": loaded.gpu_layers,
        "layers": loaded.layers,
        "threads": loaded.threads,
        "note": loaded.note,
    }


def _energy(energy: ProcessorEnergy, spent: float | None, watch: NvidiaWatch, taken: _Taken) -> dict[str, object]:
    """Energy over the prompts that count: of the processor, of the GPUs, whichever can be read."""
    sources = {"processor": spent, "gpu": watch.joules(taken.began, taken.ended)}
    known = {name: round(joules, 3) for name, joules in sources.items() if joules is not None}
    skipped: dict[str, str] = {}
    if sources["processor"] is None:
        skipped["energy_processor"] = energy.problem
    if sources["gpu"] is None:
        skipped["energy_gpu"] = "there is no GPU whose driver tells its power"
    told = {"sources": known, "seconds": round(taken.ended - taken.began, 3), "tokens": taken.tokens}
    return {
        "energy_joules": round(sum(known.values()), 3) if known else None,
        "energy": told if known else None,
        "skipped": skipped,
    }


def _joined(*parts: dict[str, object]) -> dict[str, object]:
    """All figures, and together what was skipped and why."""
    skipped: dict[str, object] = {}
    for part in parts:
        told = part.get("skipped", {})
        assert isinstance(told, dict)
        skipped |= told
    return {**{name: value for part in parts for name, value in part.items()}, "skipped": skipped}


def _stop(ctx: JobContext) -> None:
    """Only a cancel: a pause holds between two prompts, never within one that is timed."""
    if ctx.cancelled:
        raise Cancelled


def _unread(_text: str) -> None:
    """Nobody reads the answers."""
