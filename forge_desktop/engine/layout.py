"""How students are laid out: what a person wishes for each, what fits, and what the loaded ones hold."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import cast

from forge_desktop.base.child import Frame
from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.base.settings import SettingsFile
from forge_desktop.engine.accounting import Measured
from forge_desktop.engine.errors import trouble
from forge_desktop.engine.gguf_shape import ModelShape
from forge_desktop.engine.hardware import describe
from forge_desktop.engine.holdings import Holdings
from forge_desktop.engine.machine_facts import processor
from forge_desktop.engine.planner import lay_out
from forge_desktop.engine.records import PromptMessage, PromptPart, StudentSpec
from forge_desktop.engine.records_plan import Hardware, KvType, Placement, Plan, PlanWish, Timing
from forge_desktop.engine.running import Lost, RunningChild, TemplateStuck
from forge_desktop.engine.starting import Starter
from forge_desktop.engine.store_layout import Timings, Wishes

_MEASUREMENTS_KEPT = 256
_SHORT = (PromptMessage("system", (PromptPart("Be brief."),)), PromptMessage("user", (PromptPart("Hello"),)))


class Layout:
    """Plans students. `plan` starts a child of its own for as long as it takes; `place` uses one that was started."""

    def __init__(
        self,
        wishes: Wishes,
        timings: Timings,
        settings: SettingsFile,
        starter: Starter,
        spawn: Callable[[], RunningChild],
        forget: Callable[[str], None],
    ) -> None:
        self._wishes, self._timings, self._settings, self._starter = wishes, timings, settings, starter
        self._spawn, self._forget = spawn, forget
        self.holdings = Holdings()
        self._measured: dict[tuple[object, ...], Measured] = {}
        self._surveying = threading.Lock()  # one surveying child at a time
        self._surveyor: RunningChild | None = None
        self._closing = threading.Event()

    def wish(self, sha256: str) -> PlanWish:
        """How this model is to be laid out: as a person said, else as the settings say."""
        values = self._settings.values
        return self._wishes.find(sha256) or PlanWish(
            context=values.context_tokens,
            gpu_layers=values.gpu_layers,
            kv_type=cast("KvType", values.kv_type),
        )

    def wished(self, sha256: str) -> PlanWish | None:
        """How a person said that this model is to be laid out, or None."""
        return self._wishes.find(sha256)

    def set_wish(self, sha256: str, wish: PlanWish | None) -> None:
        """Lay this model out so from its next load on; None goes back to the settings."""
        self._wishes.keep(sha256, wish)
        self._forget(sha256)

    def plan(self, spec: StudentSpec, wish: PlanWish | None = None, *, instead: RunningChild | None = None) -> Plan:
        """Where everything would go, and whether it fits; what `instead` holds counts as free. Raises ForgeError."""
        with self.surveyor() as child:
            return self._plan(child, spec, wish or self.wish(spec.sha256), instead)

    def hardware(self, *, instead: RunningChild | None = None) -> Hardware:
        """The machine and what is known of it. What `instead` has loaded counts as free. Raises ForgeError."""
        with self.surveyor(afresh=True) as child:
            devices = self.holdings.beside(child.devices, instead)
            return describe(child, devices, self._timings.all())

    def try_template(self, source: str, name: str) -> None:
        """Render a short conversation by the chat template of the student `name`. Loads nothing. Raises ForgeError
        when the template cannot be used.
        """
        with self.surveyor() as child:
            try:
                child.try_template(source, _SHORT)
            except TemplateStuck as stuck:
                raise trouble("TEMPLATE_TIMEOUT", name=name, seconds=child.limits.template) from stuck

    @contextlib.contextmanager
    def surveyor(self, *, afresh: bool = False) -> Iterator[RunningChild]:
        """A child that knows the devices and has nothing loaded, for as long as it takes. Raises ForgeError."""
        with self._surveying:
            try:
                yield self._starter.start(self._spawn_surveyor, afresh=afresh)
            except Lost as lost:
                if self._closing.is_set():
                    raise Cancelled from lost
                raise trouble("ENGINE_CRASH", what=lost.what) from lost
            finally:
                self._end_surveyor()

    def close(self) -> None:
        """End a surveying child that may be at work on another thread, and start no other."""
        self._closing.set()
        self._end_surveyor()

    def _spawn_surveyor(self) -> RunningChild:
        if self._closing.is_set():
            raise Cancelled
        self._surveyor = child = self._spawn()
        if self._closing.is_set():  # meanwhile
            child.kill()
        return child

    def _end_surveyor(self) -> None:
        if (child := self._surveyor) is not None:
            child.kill()

    def place(self, child: RunningChild, spec: StudentSpec, wish: PlanWish) -> Plan:
        """The plan to load by, made in the child that will load. Raises ForgeError when it does not fit, and Lost."""
        plan = self._plan(child, spec, wish, None)
        if not plan.fits and not wish.anyway:
            raise _refusal(plan)
        self.holdings.hold(child, plan)
        return plan

    def timing(self, child: RunningChild, sha256: str, placement: Placement) -> Timing | None:
        """What was measured with this student where it would run, or None."""
        return self._timings.find(str(child.hello["build"]), runs_on(child, placement), sha256, placement.gpu_layers)

    def flash(self, child: RunningChild, sha256: str, placement: Placement) -> bool | None:
        """Whether to compute by flash attention: llama.cpp's choice on a GPU; on a CPU as measured, else not."""
        if placement.gpu_layers:
            return None
        timing = self.timing(child, sha256, placement)
        return timing.flash if timing is not None else False

    def measure(self, child: RunningChild, check: Callable[[], None]) -> Timing:
        """Measure a loaded student anew and remember it. Raises ForgeError, Lost, and what `check` raises."""
        assert child.spec is not None
        assert child.plan is not None
        placement = child.plan.placement
        asked = {"op": "tune", "plan": asdict(placement), "threads": self._settings.values.threads}
        tuned = child.ask(asked, child.limits.load, check=check)
        check()  # one that was stopped in the middle measured only half
        return self.keep_timing(child, child.spec, placement, tuned)

    def is_up_to_date(self, child: RunningChild) -> bool:
        """Whether a loaded child computes by the settings that are now known to be fastest."""
        assert child.spec is not None
        assert child.plan is not None
        placement = child.plan.placement
        timing = self.timing(child, child.spec.sha256, placement)
        if timing is None or placement.gpu_layers:
            return True
        threads = self._settings.values.threads or timing.threads or child.facts["threads"]
        quantised = placement.kv_type != "f16"
        return (quantised or bool(child.facts["flash"]) == timing.flash) and child.facts["threads"] == threads

    def keep_timing(self, child: RunningChild, spec: StudentSpec, placement: Placement, tuned: Frame) -> Timing:
        """Remember a child's measurement (its frame "tuned") and use it at later loads."""
        timing = Timing(
            model_sha256=spec.sha256,
            model=spec.name,
            device=runs_on(child, placement),
            gpu_layers=placement.gpu_layers,
            flash=bool(tuned["flash"]),
            threads=tuned["threads"],
            prompt_tokens_per_second=tuned["prompt_rate"],
            tokens_per_second=tuned["rate"],
            measured=time.time(),
        )
        self._timings.keep(str(child.hello["build"]), timing)
        return timing

    def _plan(
        self,
        child: RunningChild,
        spec: StudentSpec,
        wish: PlanWish,
        instead: RunningChild | None,
    ) -> Plan:
        def measure(placement: Placement) -> Measured:
            flash = self.flash(child, spec.sha256, placement)
            key = (child.hello["build"], device_key(child), spec.path, spec.sha256, placement, flash)
            if key not in self._measured:
                asked = {
                    "op": "plan",
                    "path": spec.path,
                    "plan": asdict(placement),
                    "flash": flash,
                }
                if len(self._measured) >= _MEASUREMENTS_KEPT:
                    self._measured.clear()
                self._measured[key] = measured_from(child.ask(asked, child.limits.load))
            return self._measured[key]

        devices = self.holdings.beside(child.devices, instead)
        return lay_out(spec, wish, devices, measure, usual_context=self._settings.values.context_tokens)


def device_key(child: RunningChild) -> str:
    """The processor and the GPUs of a child in one line: what was learnt on one machine is not used on another."""
    gpus = (device.description for device in child.devices if device.kind != "cpu")
    return " + ".join([str(child.hello["cpu"]), *gpus])


def runs_on(child: RunningChild, placement: Placement) -> str:
    """The processor, or the GPUs of the placement, by the names people know."""
    names = [f"{device.name} ({device.description})" for device in child.devices if device.name in placement.devices]
    return " + ".join(names) if placement.gpu_layers and names else processor()


def measured_from(frame: Frame) -> Measured:
    """A child's frame "planned" as a value."""
    shape = frame["shape"]
    lists = {key: tuple(value) for key, value in shape.items() if isinstance(value, list)}
    return Measured(
        shape=ModelShape(**{**shape, **lists}),
        kv=tuple(frame["kv"]),
        compute=frame["compute"],
        resident=frame["resident"],
        context=frame["context"],
        output_on_cpu=frame["output_on_cpu"],
    )


def _refusal(plan: Plan) -> ForgeError:
    """The sentence on the line that does not fit, and what would."""
    line = next(line for line in plan.lines if not line.fits)
    where, free = "" if line.cpu else f" on {line.device}", line.free / 1e9
    room = line.free - line.margin - line.weights - line.compute
    if line.kv <= 0 or room <= 0:
        return trouble("MEM_PLAN.weights", needed=line.needed / 1e9, where=where, free=free)
    error = trouble("MEM_PLAN", tokens=plan.context, needed=line.needed / 1e9, where=where, free=free)
    tokens = int(plan.context * room / line.kv) // 256 * 256
    if tokens >= 256:
        error.hint = f"A context of {tokens:,} tokens would fit. {error.hint}"
    return error
