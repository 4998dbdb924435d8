"""A run on a Ray cluster that is there already: `ray FOLDER --address A --workers N`.

The kit, the job, its lessons and the base go to the workers; what they tell, save and make comes back into FOLDER.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import os
import threading
import time
import urllib.parse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from .job import ADAPTER, BEST, CANCELLED, JOB, STATE, TRAIN, VALIDATION, BadJob, Job, read_job
from .ray_worker import Meeting, Worker
from .talk import Talk

_PATIENCE = 90.0  # seconds for a cluster to answer, and for room on it
_KNOCK = 10.0
_CLIENT_PORT = 10001
_GLANCE = 0.25
_LOST = 60.0  # seconds without an answer of a cluster that had answered
_PIECE = 32 << 20
_LEAVING = 10.0


class _Cancelled(Exception):  # noqa: N818 - an end of the run before it began
    """The person does not want it any more."""


def main(folder: Path, arguments: Sequence[str], talk: Talk) -> int:
    """Run the job of a folder on the cluster; the status that the workers ended with. Raises BadJob."""
    options = _options(arguments)
    job = read_job(folder)
    if job.workers != options.workers:
        raise BadJob(f"The job is for {job.workers} workers, not for {options.workers}.")
    try:
        ray = _connect(options.address, talk)
        with contextlib.ExitStack() as stack:
            stack.callback(ray.shutdown)
            with _worded(ray):
                return _Lent(ray, folder, job, talk).run()
    except _Cancelled:
        return CANCELLED


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="ray")
    parser.add_argument("--address", required=True)
    parser.add_argument("--workers", type=int, default=1)
    return parser.parse_args(arguments)


def _connect(address: str, talk: Talk) -> Any:
    """Ray, connected; given up when the cluster does not answer, or the person does not want it any more."""
    host, port = _place(address)
    try:  # Ray itself would try for two minutes
        asyncio.run(_knock(host, port))
    except OSError as error:  # a time that ran out is one too
        what = getattr(error, "strerror", "") or f"nothing answers within {_KNOCK:.0f} seconds"
        raise BadJob(f"The Ray cluster at {address} cannot be reached: {what}.") from error
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray

    failed: list[BaseException] = []
    connected: list[bool] = []

    def connect() -> None:
        try:
            ray.init(
                address=address,
                log_to_driver=False,
                configure_logging=False,
                runtime_env={
                    "py_modules": [str(Path(__file__).resolve().parents[1])],
                    "env_vars": {"OMP_WAIT_POLICY": "PASSIVE", "CUBLAS_WORKSPACE_CONFIG": ":4096:8"},
                },
            )
            connected.append(True)
        except (OSError, RuntimeError, ValueError, ImportError, SystemExit) as error:
            failed.append(error)

    thread = threading.Thread(target=connect, name="forge-ray-connect", daemon=True)
    thread.start()
    end = time.monotonic() + _PATIENCE
    while thread.is_alive() and time.monotonic() < end:
        thread.join(_GLANCE)
        if talk.wanted:
            raise _Cancelled
    if thread.is_alive():
        raise BadJob(f"The Ray cluster at {address} did not answer within {_PATIENCE:.0f} seconds.")
    if not connected:
        raise BadJob(_unreachable(address, failed[0] if failed else None))
    return ray


def _place(address: str) -> tuple[str, int]:
    """The host and port of an address."""
    parts = urllib.parse.urlsplit(address if "://" in address else f"//{address}")
    try:
        host, port = parts.hostname, parts.port or (_CLIENT_PORT if parts.scheme else None)
    except ValueError:
        host, port = None, None
    if not host or not port or parts.scheme not in ("", "ray"):
        raise BadJob(f"{address} is no address of a Ray cluster: it is HOST:PORT or ray://HOST:PORT.")
    return host, port


async def _knock(host: str, port: int) -> None:
    """See that something listens there."""
    _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), _KNOCK)
    writer.close()


def _unreachable(address: str, error: BaseException | None) -> str:
    text = "" if error is None or isinstance(error, SystemExit) else " ".join(str(error).split())
    if isinstance(error, ImportError) or "ray[client]" in text:
        return f"This Python lacks ray[client], which an address like {address} needs."
    if "ersion mismatch" in text:
        return f"The Ray cluster at {address} has another version of Ray or Python: {text[:300]}"
    token = "" if os.environ.get("RAY_AUTH_MODE") else "; one that wants a token needs RAY_AUTH_MODE=token"
    return f"The Ray cluster at {address} cannot be reached: {text[:300] or 'it does not answer as one'}{token}."


@contextlib.contextmanager
def _worded(ray: Any) -> Iterator[None]:
    """Whatever Ray says of lost workers and connections, in a sentence."""
    errors = ray.exceptions
    again = "what was saved came back here, so the run can be resumed"
    try:
        yield
    except errors.RayTaskError as error:
        _tell(error)
    except errors.OutOfMemoryError as error:
        raise BadJob("A node of the cluster has not enough memory; take shorter rows or checkpointing.") from error
    except (errors.RayActorError, errors.WorkerCrashedError, errors.NodeDiedError) as error:
        raise BadJob(f"A worker of the cluster was lost; {again}.") from error
    except errors.RuntimeEnvSetupError as error:
        raise BadJob(f"The cluster could not take the trainer: {' '.join(str(error).split())[:300]}") from error
    except (errors.RayError, ConnectionError, TimeoutError) as error:
        raise BadJob(f"The connection to the cluster was lost; {again}.") from error


def _tell(error: Any) -> NoReturn:
    """What a worker failed with, as it would have been alone."""
    cause = error.cause
    if isinstance(cause, ImportError):
        raise BadJob(f"The Python of the cluster's workers lacks {cause.name or 'a package'}, which training needs.")
    if isinstance(cause, (BadJob, MemoryError, OSError, RuntimeError)):
        raise cause
    raise BadJob(f"A worker of the cluster failed: {' '.join(str(cause).split())[:300]}") from error


class _Lent:
    """The workers that a cluster lends to one run, and what passes between them and here."""

    def __init__(self, ray: Any, folder: Path, job: Job, talk: Talk) -> None:
        self._ray, self._folder, self._job, self._talk = ray, folder, job, talk
        self._asked: tuple[str, bool] = ("", False)

    def run(self) -> int:
        """From asking for room to bringing the adapter back."""
        workers = self._gather()
        bases = self._send(workers)
        pending = [worker.run.remote(bases[at]) for at, worker in enumerate(workers)]
        status = 0
        while pending:
            self._pass_on()
            self._take_in(_GLANCE)
            done, pending = self._ray.wait(pending, num_returns=len(pending), timeout=0)
            status = max([status, *self._ray.get(done)])
        self._take_in(0.0)
        with contextlib.suppress(Exception):  # it is done; what is left there goes with the node's temporary files
            self._ray.get([worker.leave.remote() for worker in workers], timeout=_LEAVING)
        return int(status)

    # ---- room ----

    def _gather(self) -> list[Any]:
        """Workers on as many nodes as there are."""
        from ray.util.placement_group import placement_group
        from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

        count, each = self._job.workers, self._each()
        group = placement_group([each] * count, strategy="SPREAD")
        end = time.monotonic() + _PATIENCE
        while not group.wait(1):
            if self._talk.wanted:
                raise _Cancelled
            if time.monotonic() > end:
                raise BadJob(f"The cluster had no room for {count} workers within {_PATIENCE:.0f} seconds.")
        self._meeting = self._ray.remote(num_cpus=0)(Meeting).remote(count)
        name = self._ray.get_runtime_context().get_job_id()
        made = []
        for rank in range(count):
            place = PlacementGroupSchedulingStrategy(group, placement_group_bundle_index=rank)
            actor = self._ray.remote(num_cpus=each["CPU"], num_gpus=each.get("GPU", 0))(Worker)
            chosen = actor.options(scheduling_strategy=place)
            made.append(chosen.remote(rank, count, self._meeting, f"{name}-{self._job.base_sha256[:12]}"))
        return made

    def _each(self) -> dict[str, int]:
        """What one worker takes. Raises BadJob for what the whole cluster does not have."""
        there, count = self._ray.cluster_resources(), self._job.workers
        each = {"CPU": max(1, self._job.threads)}
        if self._job.device == "cuda" or (self._job.device == "auto" and there.get("GPU", 0) >= count):
            each["GPU"] = 1
        for kind, wanted in each.items():
            if (has := there.get(kind, 0)) < wanted * count:
                raise BadJob(f"The cluster has {has:g} {kind}, and {count} workers need {wanted * count}.")
        return each

    # ---- there ----

    def _send(self, workers: Sequence[Any]) -> list[str]:
        """The job's files to all, the base to each node that lacks it; where it lies for each worker."""
        files = {
            name: (self._folder / name).read_bytes()
            for name in (JOB, TRAIN, VALIDATION, STATE, BEST)
            if (self._folder / name).is_file()
        }
        shipped = self._ray.put(files)
        base, sha256 = Path(self._job.base), self._job.base_sha256
        found = self._ray.get([worker.prepare.remote(shipped, str(base), sha256) for worker in workers])
        lacking = {node: worker for worker, (node, there) in zip(workers, found, strict=True) if not there}
        if lacking:
            self._send_base(base, list(lacking.values()))
        return [there for _, there in found]

    def _send_base(self, base: Path, takers: Sequence[Any]) -> None:
        try:
            size = base.stat().st_size
            with base.open("rb") as file:
                while piece := file.read(_PIECE):
                    held, last = self._ray.put(piece), file.tell() >= size
                    self._ray.get([taker.take.remote(held, last=last) for taker in takers])
                    if self._talk.wanted:
                        raise _Cancelled
        except OSError as error:
            raise BadJob(f"The base cannot be read: {error.strerror}.") from error

    def _pass_on(self) -> None:
        """What the person wants, to the workers."""
        now = (self._talk.wanted, self._talk.paused)
        if now != self._asked:
            self._ray.get(self._meeting.ask.remote(*now), timeout=_LOST)
            self._asked = now

    # ---- back ----

    def _take_in(self, patience: float) -> None:
        """What was told: its files first, so that nothing is said of what is not here."""
        for event, fields, files in self._ray.get(self._meeting.news.remote(patience), timeout=_LOST):
            for name, content in files.items():
                if name == ADAPTER and hashlib.sha256(content).hexdigest() != fields.get("adapter_sha256"):
                    raise BadJob("The adapter that came back from the cluster is not the one that was made there.")
                _keep(self._folder / name, content)
            self._talk.say(event, **{key: value for key, value in fields.items() if key != "time"})


def _keep(path: Path, content: bytes) -> None:
    """Replace a file, whole and on the disk."""
    work = path.with_name(f"{path.name}.part")
    with work.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(work, path)
