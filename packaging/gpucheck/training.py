"""The trainer on the GPU: its speed against transformers + peft, and a run that is killed and goes on."""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from devtools.steps import ROOT, Problem

from forge_desktop.base.frames import Frame, read_frame
from forge_desktop.students import kit
from forge_desktop.students.trainer.job import ADAPTER, RESULT, TRAIN, VALIDATION, Job
from gpucheck.place import Place

_LAUNCHER = '#!/bin/sh\nPYTHONPATH="$PYTHONPATH:{site}" exec "{python}" "$@"\n'


def against_peer(place: Place, student: Path) -> dict[str, Any]:
    """Tokens a second and memory of the GPU, ours and the peer's, on the same rows in the same run."""
    python = launcher(place)
    argv = [sys.executable, "-m", "forge_desktop.bench", "trainer", "--trainer-python", python, "--peer-python", python]
    argv += ["--base", student, "--device", place.device, "--json"]
    if place.quick:
        argv += ["--row", 256, "--steps", 2, "--words", 2000, "--dtype", "f32"]
    else:
        argv += ["--row", 512, 2048, "--steps", 12, "--dtype", "bf16"]
    done = subprocess.run(
        [str(part) for part in argv], capture_output=True, text=True, timeout=300, check=False, cwd=ROOT
    )
    if done.returncode:
        raise Problem(f"bench trainer ended with status {done.returncode}: {done.stderr.strip()[-600:]}")
    return {"rows": [_ratios(json.loads(line)) for line in done.stdout.splitlines()]}


def _ratios(found: dict[str, Any]) -> dict[str, Any]:
    ours, peer = found["ours"], found["peer"]
    shares = {name: round(ours[name] / peer[name], 3) for name in ours if peer.get(name)}
    return {**found, "ratio": shares}


def learn(place: Place, student: Path) -> dict[str, Any]:
    """Two steps measured in each number format; a whole run; the same one killed in the middle and gone on with."""
    folder = place.work / f"learn-{student.stem}"
    subprocess.run(["rm", "-rf", folder], check=True)
    folder.mkdir()
    dtypes = ("f32",) if place.quick else ("bf16", "f32")
    measured = {dtype: _measure(place, _job(place, student, folder / f"measure-{dtype}", dtype)) for dtype in dtypes}
    whole, cut = (_job(place, student, folder / name, dtypes[0]) for name in ("whole", "cut"))
    events = _run(place, whole)
    _run(place, cut, until=lambda frame: frame["event"] == "step" and frame["step"] >= _kill_at(place))
    again = _run(place, cut)
    adapters = [hashlib.sha256((one / ADAPTER).read_bytes()).hexdigest() for one in (whole, cut)]
    result = json.loads((whole / RESULT).read_text(encoding="utf-8"))
    losses = [float(one["loss"]) for one in events if one["event"] == "step"]
    found = {
        "measured": measured,
        "losses": {"first": losses[0], "last": losses[-1], "validation": result["validation"]},
        "base_loss": result["base_loss"],
        "steps": result["steps"],
        "tokens": result["tokens"],
        "tokens_per_second": round(result["tokens"] / result["seconds"], 1),
        "device_bytes": result["device_bytes"],
        "device": result["device"],
        "dtype": result["dtype"],
        "went_on_from_step": next(one["step"] for one in again if one["event"] == "start"),
        "same_adapter_after_kill": adapters[0] == adapters[1],
        "adapter_sha256": adapters[0],
        "versions": result["versions"],
    }
    if losses[-1] >= losses[0]:
        raise Problem(f"The loss did not fall: {losses[0]:.3f} to {losses[-1]:.3f}.")
    return found


def launcher(place: Place) -> Path:
    """The interpreter with torch, as one file to start, with the package that it lacks."""
    path = place.work / "trainer-python"
    path.write_text(_LAUNCHER.format(site=place.trainer_site, python=place.python), encoding="utf-8")
    path.chmod(0o755)
    return path


def _kill_at(place: Place) -> int:
    return 3 if place.quick else 12


def _job(place: Place, student: Path, folder: Path, dtype: str) -> Path:
    """Lessons whose answers follow from their questions, so that there is something to learn."""
    folder.mkdir()
    draw = random.Random(3)
    words = [draw.randrange(1000, 2000) for _ in range(200)]
    for name, count in ((TRAIN, 12 if place.quick else 96), (VALIDATION, 4 if place.quick else 12)):
        with (folder / name).open("w", encoding="utf-8") as file:
            for number in range(count):
                asked = [draw.choice(words) for _ in range(draw.randint(20, 120))]
                told = [words[(words.index(token) + 1) % len(words)] for token in asked[:40]]
                row = {"ids": asked + told, "start": len(asked), "pair": f"{name}-{number}"}
                file.write(json.dumps(row) + "\n")
    job = Job(
        str(student), _sha256(student), "llama", epochs=2 if place.quick else 3, row_tokens=512, dtype=dtype,
        device=place.device, checkpoint_every=1 if place.quick else 5, learning_rate=1e-3, patience=0,
    )  # fmt: skip
    job.write(folder)
    return folder


def _measure(place: Place, folder: Path) -> Mapping[str, Any]:
    return next(frame for frame in _run(place, folder, "measure") if frame["event"] == "measured")


def _run(
    place: Place, folder: Path, verb: str = "run", *, until: Callable[[Frame], bool] = lambda _frame: False
) -> list[Frame]:
    """The trainer's events, to its end; or killed at the first that `until` wants. Raises Problem."""
    laid = kit.lay_out(folder.parent)
    events: list[Frame] = []
    with subprocess.Popen(
        kit.command(str(launcher(place)), verb, str(folder)),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, **kit.environment(laid, threads=0)},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        while (frame := read_frame(process.stdout)) is not None:
            events.append(frame)
            if until(frame):
                process.kill()
                return events
        said = process.stderr.read().decode()
        process.wait()
    if process.returncode:
        raise Problem(f"The trainer ended with status {process.returncode}: {said.strip()[-600:]}")
    return events


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
