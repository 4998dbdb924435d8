"""What runs on a Ray cluster: the workers of a run, and the meeting where they add up, are asked, and tell."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .job import ADAPTER, BEST, JOB, RESULT, STATE
from .talk import Talk

News = tuple[str, dict[str, Any], dict[str, bytes]]  # an event, its fields, and the files that belong to it
_CARRIED: Mapping[str, tuple[str, ...]] = {"saved": (STATE, BEST), "validation": (BEST,), "done": (ADAPTER, RESULT)}


class Meeting:
    """Where workers meet; an actor of its own. Sums are made in the order of the ranks, whoever comes first."""

    def __init__(self, world: int) -> None:
        self._world = world
        self._sums: dict[int, _Sum] = {}
        self._news: asyncio.Queue[News] = asyncio.Queue()
        self._heard = asyncio.Condition()
        self._wanted, self._paused = "", False

    async def sum(self, rank: int, turn: int, parts: Sequence[np.ndarray[Any, Any]]) -> list[np.ndarray[Any, Any]]:
        """The sums over all workers; each calls once a turn."""
        held = self._sums.setdefault(turn, _Sum())
        held.parts[rank] = parts
        if len(held.parts) == self._world:
            by_rank = [held.parts[each] for each in range(self._world)]
            held.total = [functools.reduce(np.add, same) for same in zip(*by_rank, strict=True)]
            held.parts = {}
            held.done.set()
        await held.done.wait()
        held.taken += 1
        if held.taken == self._world:
            del self._sums[turn]
        return held.total

    async def tell(self, event: str, fields: dict[str, Any], files: dict[str, bytes]) -> None:
        """A worker tells something."""
        await self._news.put((event, fields, files))

    async def news(self, patience: float) -> list[News]:
        """What was told since; waits a little for the first."""
        found: list[News] = []
        with contextlib.suppress(TimeoutError, asyncio.TimeoutError):
            found.append(await asyncio.wait_for(self._news.get(), patience))
        while not self._news.empty():
            found.append(self._news.get_nowait())
        return found

    async def ask(self, wanted: str, paused: bool) -> None:
        """What the person wants now."""
        async with self._heard:
            self._wanted, self._paused = wanted, paused
            self._heard.notify_all()

    async def asked(self) -> tuple[str, bool]:
        """What the person wants: how it shall end, whether it shall wait."""
        return self._wanted, self._paused

    async def wait(self) -> None:
        """Wait while paused."""
        async with self._heard:
            await self._heard.wait_for(lambda: not self._paused or bool(self._wanted))


class _Sum:
    """One turn's sum, while it is made and taken."""

    def __init__(self) -> None:
        self.parts: dict[int, Sequence[np.ndarray[Any, Any]]] = {}
        self.total: list[np.ndarray[Any, Any]] = []
        self.done = asyncio.Event()
        self.taken = 0


class Worker:
    """One process of a run; an actor. Its folder lies in the node's own temporary space until `leave`."""

    def __init__(self, rank: int, world: int, meeting: Any, run: str) -> None:
        self._rank, self._world, self._meeting = rank, world, meeting
        self._shared = Path(tempfile.gettempdir()) / f"forge-ray-{run}"
        self._shared.mkdir(mode=0o700, exist_ok=True)
        self._folder = Path(tempfile.mkdtemp(prefix=f"worker-{rank}-", dir=self._shared))

    def prepare(self, files: Mapping[str, bytes], base: str, sha256: str) -> tuple[str, str]:
        """Take the job's files; the node, and where the base lies on it already, "" for nowhere."""
        import ray

        for name, content in files.items():
            (self._folder / name).write_bytes(content)
        there = next((str(path) for path in (Path(base), self._base) if _is(path, sha256)), "")
        return str(ray.get_runtime_context().get_node_id()), there

    def take(self, piece: bytes, *, last: bool) -> None:
        """Take the next piece of the base, for all workers of this node."""
        part = self._base.with_suffix(".part")
        with part.open("ab") as file:
            file.write(piece)
        if last:
            part.replace(self._base)

    def run(self, base: str) -> int:
        """Train; the status with which the process would end alone. `base` is where it lies, "" for where it was taken.

        Raises BadJob.
        """
        from .loop import Run

        told = self._folder / JOB
        told.write_text(json.dumps(json.loads(told.read_text("utf-8")) | {"base": base or str(self._base)}), "utf-8")
        relay = Relay(self._folder, self._meeting, speaks=self._rank == 0)
        run = Run(self._folder, relay, Others(self._rank, self._world, self._meeting))
        run.load()
        return run.go()

    def leave(self) -> None:
        """Remove what was written here."""
        shutil.rmtree(self._folder, ignore_errors=True)
        with contextlib.suppress(OSError):  # the last one of a node takes the base along
            if not any(self._shared.glob("worker-*")):
                shutil.rmtree(self._shared)

    @property
    def _base(self) -> Path:
        return self._shared / "base.gguf"


class Others:
    """The other workers, as the loop sees them."""

    def __init__(self, rank: int, world: int, meeting: Any) -> None:
        self.rank, self.world = rank, world
        self._meeting, self._turn = meeting, 0

    def sum(self, tensors: Sequence[Any]) -> None:
        """Add these up over all workers, in place."""
        import ray
        import torch

        self._turn += 1
        parts = [tensor.detach().cpu().numpy() for tensor in tensors]
        total = ray.get(self._meeting.sum.remote(self.rank, self._turn, parts))
        for tensor, found in zip(tensors, total, strict=True):
            tensor.copy_(torch.from_numpy(np.array(found)))


class Relay(Talk):
    """Talks through the meeting; only one worker of a run speaks, and the files that belong to an event go along."""

    def __init__(self, folder: Path, meeting: Any, *, speaks: bool) -> None:
        super().__init__(None)
        self._folder, self._meeting, self._speaks = folder, meeting, speaks
        self._sent: dict[str, str] = {}

    def say(self, event: str, **fields: Any) -> None:
        """Tell one event."""
        import ray

        if not self._speaks:
            return
        found: dict[str, bytes] = {}
        for name in _CARRIED.get(event, ()):
            with contextlib.suppress(FileNotFoundError):
                content = (self._folder / name).read_bytes()
                sha256 = hashlib.sha256(content).hexdigest()
                if self._sent.get(name) != sha256:
                    found[name], self._sent[name] = content, sha256
        ray.get(self._meeting.tell.remote(event, fields, found))

    @property
    def wanted(self) -> str:
        """How the person wants the run to end."""
        return self._asked()[0]

    @property
    def paused(self) -> bool:
        """Whether the person wants the run to wait."""
        wanted, paused = self._asked()
        return paused and not wanted

    def wait(self) -> None:
        """Wait while paused."""
        import ray

        ray.get(self._meeting.wait.remote())

    def _asked(self) -> tuple[str, bool]:
        import ray

        wanted, paused = ray.get(self._meeting.asked.remote())
        return str(wanted), bool(paused)


def _is(path: Path, sha256: str) -> bool:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except OSError:
        return False
