"""The interpreters that can train: found, asked what they have, chosen, made."""

from __future__ import annotations

import os
from pathlib import Path

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.jobs import JobContext
from forge_desktop.students.kit import lay_out
from forge_desktop.students.making_environment import EnvironmentMaker, python_of
from forge_desktop.students.pythons import found_python, refuse_no_python
from forge_desktop.students.records_training import TrainerProbe
from forge_desktop.students.rooms import Rooms
from forge_desktop.students.store import StudentFacts
from forge_desktop.students.supervising import End, Trainer

LANE = "students"
_CHOSEN = "trainer_python"
_NONE = "There is no Python with torch to train with yet."
_WAY_ON = (
    "Let Students make an environment for the trainer (forge-desktop train --setup), or name a Python that has torch"
    " and gguf (--python PATH)."
)


class Trainers:
    """Which interpreter trains. Publishes DataChanged({"training"}) when another one does."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._folder = rooms.data_dir / "trainer"
        self._facts = StudentFacts(rooms.db)
        self._known: dict[str, TrainerProbe] = {}  # interpreters whose answer stays the same

    def interpreter(self) -> str:
        """The chosen interpreter, else that of the environment made here; "" where there is neither."""
        chosen = self._facts.get(_CHOSEN)
        if isinstance(chosen, str) and chosen:
            return chosen
        made = python_of(self._folder / "env")
        return str(made) if made.is_file() else ""

    def probe(self, python: str = "") -> TrainerProbe:
        """What an interpreter says of itself, the chosen one without a name; takes seconds. `problem` says why it
        cannot train.
        """
        if python:
            python = found_python(python)
            refuse_no_python(python)
        python = python or self.interpreter()
        if not python:
            return TrainerProbe("", "", "", "", "", (), f"{_NONE} {_WAY_ON}")
        return self._asked(JobContext(0, "probe", self._rooms.events), python)

    def choose(self, python: str) -> TrainerProbe:
        """Train with this interpreter from now on; "" for the environment made here. Raises ForgeError for one that
        cannot.
        """
        if not python:
            self._facts.put(_CHOSEN, None)
            self._rooms.events.changed("training")
            return self.probe()
        found = self.probe(python)
        if found.problem:
            raise ForgeError(found.problem, hint="Choose a Python that has torch and gguf.")
        self._facts.put(_CHOSEN, found.python)
        self._known.clear()
        self._rooms.events.changed("training")
        return found

    def make_environment(
        self, *, index: str = "", ray: bool = False, gpu: bool = False, python: str = "", only_say: bool = False
    ) -> int:
        """Make an environment of our own for the trainer and choose it: a job whose result is its TrainerProbe.

        Packages come from `index`, else from the one in the settings, else from where the interpreter's own pip takes
        them; with `gpu` a build for GPUs may come. `python` makes it, else one that is found. With `only_say` the
        result is what would come, a Delivery, and nothing is kept. Raises ForgeError where the network may not be used.
        """
        providers = self._rooms.providers
        maker = EnvironmentMaker(self._folder, providers.may_connect, providers.size_of)
        index = index or self._rooms.settings.values.trainer_index
        wanted = maker.wanted(index=index, ray=ray, gpu=gpu, python=found_python(python) if python else "")

        def job(ctx: JobContext) -> object:
            refuse_no_python(wanted.python)
            if only_say:
                return maker.look(ctx, wanted)
            made = maker.make(ctx, wanted, lambda at: self._refused(ctx, at))
            self._facts.put(_CHOSEN, None)
            self._known.clear()
            self._rooms.events.changed("training")
            return self._asked(ctx, str(made))

        return self._rooms.jobs.start(LANE, "trainer environment", job)

    def refuse_missing(self) -> None:
        """Raises ForgeError where no interpreter is chosen, or it is gone; starts none."""
        python = self.interpreter()
        if not python:
            raise ForgeError(_NONE, hint=_WAY_ON, action="students")
        if not os.path.isfile(python):
            raise ForgeError(f"The trainer's Python {python} is gone.", hint=_WAY_ON, action="students")

    def needed(self, ctx: JobContext) -> TrainerProbe:
        """The interpreter, asked. Raises ForgeError where there is none, or one that cannot train."""
        self.refuse_missing()
        python = self.interpreter()
        if (known := self._known.get(python)) is not None:
            return known
        found = self._asked(ctx, python)
        if found.problem:
            raise ForgeError(found.problem, hint="Choose another Python for the trainer.", action="students")
        if all(kind == "cpu" for kind, _, _, _ in found.devices):  # of a GPU it matters how much is free now
            self._known[python] = found
        return found

    def _refused(self, ctx: JobContext, python: Path) -> str:
        return self._asked(ctx, str(python)).problem

    def _asked(self, ctx: JobContext, python: str) -> TrainerProbe:
        end = Trainer(python, self.kit(), ctx).run("probe")
        ctx.check()
        if end.what != "done":
            return TrainerProbe(python, "", "", "", "", (), _why(python, end))
        said = end.last
        devices = tuple((str(kind), str(name), int(free), bool(bf16)) for kind, name, free, bf16 in said["devices"])
        texts = [str(said.get(name, "")) for name in ("python", "torch", "gguf", "ray")]
        return TrainerProbe(python, texts[0], texts[1], texts[2], texts[3], devices)

    def kit(self) -> Path:
        """The trainer's source, where an interpreter can run it."""
        return lay_out(self._folder)


def _why(python: str, end: End) -> str:
    return end.problem if python in end.problem else f"{python} cannot train: {end.problem}"
