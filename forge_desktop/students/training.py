"""Training runs: planned, started, watched, stopped, resumed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from forge_desktop.base.errors import ForgeError
from forge_desktop.students.records_training import (
    Learnt,
    TrainerProbe,
    TrainingData,
    TrainPoint,
    TrainRun,
    TrainSource,
    TrainWish,
)
from forge_desktop.students.rooms import Rooms
from forge_desktop.students.store import Bases

_LATER = "Training is not there yet."


class Trainers:
    """The interpreters that can train: found, chosen, made."""

    def probe(self, python: str = "") -> TrainerProbe:
        """What an interpreter says of itself, the chosen one without a name; takes seconds. `problem` says why it
        cannot train.
        """
        raise ForgeError(_LATER)

    def interpreter(self) -> str:
        """The chosen interpreter, "" before one was chosen or made."""
        return ""

    def choose(self, python: str) -> TrainerProbe:
        """Train with this interpreter from now on. Raises ForgeError for one that cannot."""
        raise ForgeError(_LATER)

    def make_environment(self, *, index: str = "", ray: bool = False) -> int:
        """Make an environment of our own for the trainer: a job whose result is its TrainerProbe."""
        raise ForgeError(_LATER)


class Training(Trainers):
    """Training runs. Whatever takes long gives the id of a job."""

    def __init__(self, rooms: Rooms, bases: Bases) -> None:
        self._rooms, self._bases = rooms, bases

    def plan(self, source: TrainSource, base: str, wish: TrainWish) -> int:
        """What a run would take: a job whose result is a TrainPlan."""
        raise ForgeError(_LATER)

    def start(self, source: TrainSource, base: str, wish: TrainWish, *, name: str = "") -> int:
        """Train an adapter: a job whose result is a TrainRun; what came of it is a version, a candidate."""
        raise ForgeError(_LATER)

    def runs(self) -> list[TrainRun]:
        """Every run, the newest first."""
        return []

    def run(self, uid: str) -> TrainRun:
        """A run by its uid, the beginning of it, or its number. Raises ForgeError when there is none."""
        raise ForgeError(_LATER)

    def points(self, uid: str) -> list[TrainPoint]:
        """The curves of a run."""
        raise ForgeError(_LATER)

    def log(self, uid: str) -> Mapping[str, object]:
        """Everything that is known of a run, for its repetition and for cards."""
        raise ForgeError(_LATER)

    def pause(self, uid: str) -> None:
        """Hold a run at the end of its step."""
        raise ForgeError(_LATER)

    def go_on(self, uid: str) -> None:
        """Let a paused run go on."""
        raise ForgeError(_LATER)

    def stop(self, uid: str) -> None:
        """End a run now, with the best adapter so far."""
        raise ForgeError(_LATER)

    def cancel(self, uid: str) -> None:
        """End a run now, without an adapter; its checkpoint stays."""
        raise ForgeError(_LATER)

    def resume(self, uid: str) -> int:
        """Go on with a run from its checkpoint: a job as that of `start`."""
        raise ForgeError(_LATER)

    def again(self, uid: str) -> int:
        """Do a run again with the same data and settings: a job as that of `start`, which says whether the adapter is
        the same to the byte.
        """
        raise ForgeError(_LATER)

    def remove(self, uid: str) -> None:
        """Remove a run with its files; an adapter that came of it stays."""
        raise ForgeError(_LATER)

    def reached_by(self, document_sha256: str) -> tuple[TrainRun, ...]:
        """The runs that learnt from a document."""
        return ()

    def bundle(
        self, source: TrainSource, base: str, wish: TrainWish, check: Callable[[], None] = lambda: None
    ) -> TrainingData:
        """The lessons of a run as messages, split as it would be; for a thread that may wait."""
        raise ForgeError(_LATER)

    def learnt(self, uid: str) -> list[Learnt]:
        """The lessons a run learnt from, replayed answers too, as the run itself keeps them."""
        raise ForgeError(_LATER)
