"""Benchmarks of versions on this computer, and what came of them."""

from __future__ import annotations

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.jobs import JobContext
from forge_desktop.students.measuring_speed import SpeedMeasurer
from forge_desktop.students.records_measure import Measurement, MeasureWish
from forge_desktop.students.records_versions import Version
from forge_desktop.students.registry import Registry
from forge_desktop.students.rooms import Rooms
from forge_desktop.students.store import Bases
from forge_desktop.students.store_measurements import Measurements

_LANE = "train"  # nothing that computes runs beside it
_LIMITS = {
    "prompts": (1, 10_000),
    "prompt_tokens": (16, 1_000_000),
    "answer_tokens": (8, 100_000),
    "context": (0, 10_000_000),
    "seed": (0, 2**31 - 1),
}


class Measures:
    """Benchmarks of versions, each with its adapter and template, in a child beside the chat's.

    Publishes DataChanged({"measurements"}).
    """

    def __init__(self, rooms: Rooms, bases: Bases, registry: Registry) -> None:
        self._rooms, self._bases, self._registry = rooms, bases, registry
        self._store = Measurements(rooms.db)

    def start(self, version: str, wish: MeasureWish | None = None) -> int:
        """Measure a version: a job (kind "measure") whose result is a Measurement. Raises ForgeError for a version that
        cannot be used and a wish that cannot be.
        """
        wish = wish or MeasureWish()
        chosen = self.check(version, wish)
        return self._rooms.jobs.start(_LANE, "measure", lambda ctx: self.run(ctx, chosen.uid, wish))

    def run(
        self, ctx: JobContext, version: str, wish: MeasureWish | None = None, *, budget: float | None = None
    ) -> Measurement:
        """The same within a job of somebody else's, on that job's thread. Kept when it is complete, else nothing.

        Once `budget` seconds are over it ends with the prompts that it has, five of them at least; its wish then says
        how many these are.
        """
        wish = wish or MeasureWish()
        chosen = self.check(version, wish)
        with self._registry.kept_for((chosen.uid,), "A measurement"):
            found = SpeedMeasurer(self._rooms, self._registry, chosen, wish, budget).run(ctx)
        self._store.add(found)
        self._rooms.events.changed("measurements")
        return found

    def check(self, version: str, wish: MeasureWish) -> Version:
        """The version. Raises ForgeError when it, or what is wished, cannot be measured."""
        chosen = self._registry.version(version)
        for name, (least, most) in _LIMITS.items():
            if not least <= getattr(wish, name) <= most:
                words = name.replace("_", " ")
                raise ForgeError(
                    f"{getattr(wish, name):,} is no number of {words} to measure.", hint=_range(least, most)
                )
        if chosen.problem:
            raise ForgeError(chosen.problem, hint=f"{chosen.label} cannot be measured without it.")
        base = self._bases.by_sha256(chosen.base_sha256)
        if base is not None and base.context and wish.context > base.context:
            raise ForgeError(
                f"{chosen.label} was made for {base.context:,} tokens of context, not for {wish.context:,}.",
                hint=f"Measure with {base.context:,} at most.",
                commands=[f"measure {chosen.label} --context {base.context}"],
            )
        if wish.context and wish.prompt_tokens + wish.answer_tokens > wish.context:
            raise ForgeError(
                f"A prompt of {wish.prompt_tokens:,} tokens and an answer of {wish.answer_tokens:,} do not fit into a"
                f" context of {wish.context:,}.",
                hint="Ask for shorter ones, or for more context.",
            )
        return chosen

    def latest(self, version: str) -> Measurement | None:
        """The newest measurement of a version, None when there is none. Raises ForgeError for an unknown version."""
        return self._store.latest(self._registry.version(version).uid)

    def all(self, version: str = "") -> list[Measurement]:
        """Every measurement, the newest first; of one version, or all."""
        return self._store.all(self._registry.version(version).uid if version else "")


def _range(least: int, most: int) -> str:
    return f"Say one from {least:,} to {most:,}."
