#!/usr/bin/env python3
"""Tries the student engine on a real GPU: one prepared run on a bare machine, one JSON object with every figure.

    python3 packaging/gpu_check.py --prepare .gpu             # here: what such a machine must be brought
    python3 packaging/gpu_check.py --carried .gpu/one --out result.json      # there

Every step is a process with a time limit; a step that fails does not take the others' figures with it, and figures of
earlier calls in the same working folder stay in the report.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devtools.environment import base_python
from devtools.steps import ROOT, Problem, clean_environment, say
from gpucheck import carried, machine
from gpucheck.place import Place, Skipped


@dataclass(frozen=True)
class Step:
    """One step: what it does in the inner process, its limit in seconds, and the steps it cannot do without."""

    work: Callable[[Place], dict[str, Any]]
    limit: float
    needs: tuple[str, ...] = ()


def _describe(_place: Place) -> dict[str, Any]:
    return machine.describe()


def _build(place: Place) -> dict[str, Any]:
    from gpucheck import building

    return building.kept(place) or building.build(place)


def _model(name: str, shape: str = "") -> Callable[[Place], dict[str, Any]]:
    def work(place: Place) -> dict[str, Any]:
        import synthetic_gguf

        chosen = "tiny" if place.shape == "tiny" else shape or place.shape
        started, path = time.monotonic(), place.work / f"{name}.gguf"
        sha256 = synthetic_gguf.write(path, synthetic_gguf.SHAPES[chosen])
        seconds = round(time.monotonic() - started, 1)
        return {"seconds": seconds, "bytes": path.stat().st_size, "sha256": sha256, "shape": chosen}

    return work


def _measured(module: str, what: str, student: str) -> Callable[[Place], dict[str, Any]]:
    def work(place: Place) -> dict[str, Any]:
        path = carried.starter_here(place) if student == "starter" else place.student(student)
        function: Callable[[Place, Path], dict[str, Any]] = getattr(importlib.import_module(f"gpucheck.{module}"), what)
        return function(place, path)

    return work


def _needs(student: str, *others: str) -> tuple[str, ...]:
    return (*others, *{"synthetic": ("model",), "billion": ("model-billion",)}.get(student, ()))


STEPS = {
    "machine": Step(_describe, 30),
    "model": Step(_model("synthetic"), 90),
    "model-billion": Step(_model("billion", "1b"), 60),
    "build": Step(_build, 420),
    **{
        f"{what}-{student}": Step(_measured("measuring", what, student), limit, _needs(student, "build"))
        for student in ("synthetic", "starter")
        for what, limit in (("speed", 100.0), ("memory", 60.0), ("batch", 90.0), ("pressure", 90.0))
    },
    **{
        f"measure-{student}": Step(_measured("benchmark", "measure", student), 90, _needs(student, "build"))
        for student in ("synthetic", "starter")
    },
    **{
        f"{name}-{student}": Step(_measured("training", what, student), limit, _needs(student))
        for student in ("billion", "starter")
        for name, what, limit in (("peer", "against_peer", 200.0), ("learn", "learn", 150.0))
    },
    **{
        f"gate-{student}": Step(_measured("gating", "gate", student), 120, _needs(student, "build"))
        for student in ("synthetic", "starter")
    },
}


def main() -> int:
    """The command: 0 when every step that applies was done."""
    options = _options()
    try:
        if options.prepare:
            carried.prepare(options.prepare, base_python(), options.python, options.module)
            return 0
        place = Place(options.work.absolute(), options.backend, options.shape, options.trainer_python)
        if options.inside:
            return _inside(place, options.inside)
        if options.carried:
            carried.unpack(options.carried, place)
        return _run_all(place, options)
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--prepare", type=Path, metavar="DIR", help="fill a folder with what a bare machine lacks")
    parser.add_argument("--python", default="3.12", help="the bare machine's Python version, for --prepare")
    parser.add_argument("--module", type=Path, metavar="FILE", help="--prepare: a CUDA module compiled there before")
    parser.add_argument(
        "--trainer-python", default=sys.executable, help="an interpreter with torch and peft (this one)"
    )
    parser.add_argument("--carried", type=Path, metavar="DIR", help="what --prepare made, or a part of it")
    parser.add_argument("--work", type=Path, default=Path("/tmp/forge-gpu"), help="where everything is made")
    parser.add_argument("--backend", choices=["cuda", "vulkan", "cpu"], default="cuda")
    parser.add_argument("--shape", choices=["7b", "tiny"], default="7b", help="of the synthetic student")
    parser.add_argument("--steps", default="", help=f"some of {','.join(STEPS)}; all unless given")
    parser.add_argument("--patience", type=float, default=1.0, help="multiplies each step's time limit")
    parser.add_argument("--minutes", type=float, default=8.0, help="no step runs past this")
    parser.add_argument("--out", type=Path, help="where the report goes, besides the output")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    return parser.parse_args()


def _run_all(place: Place, options: argparse.Namespace) -> int:
    chosen = [name for name in options.steps.split(",") if name] or list(STEPS)
    if unknown := [name for name in chosen if name not in STEPS]:
        raise Problem(f"There is no step called {unknown[0]}.")
    end = time.monotonic() + 60 * options.minutes
    failed = False
    for name in chosen:
        result = _step(place, name, end - time.monotonic(), options)
        place.keep(name, result)
        _report(place, options.out)
        say(f"{name}: {result.get('failed') or result.get('skipped') or 'done'} ({result['step_seconds']:.0f} s)")
        failed = failed or "failed" in result
    say(json.dumps(_report(place, options.out)))
    return 1 if failed else 0


def _report(place: Place, out: Path | None) -> dict[str, Any]:
    report = {"backend": place.backend} | {name: found for name in STEPS if (found := place.kept(name))}
    if out:
        out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return report


def _step(place: Place, name: str, left: float, options: argparse.Namespace) -> dict[str, Any]:
    """Run one step in a process of its own, at most as long as it may take, and return its figures."""
    started = time.monotonic()
    step = STEPS[name]
    missing = [need for need in step.needs if not place.kept(need) or "failed" in place.kept(need)]
    if missing:
        return {"skipped": f"{missing[0]} was not done", "step_seconds": 0.0}
    if left < 5:
        return {"skipped": "the time was over", "step_seconds": 0.0}
    place.keep(name, {})
    argv = [sys.executable, Path(__file__).resolve(), "--inside", name, "--work", place.work]
    argv += ["--backend", place.backend, "--shape", place.shape, "--trainer-python", place.python]
    with subprocess.Popen(
        [str(part) for part in argv], env=_environment(place), start_new_session=True, stdin=subprocess.DEVNULL
    ) as process:
        try:
            status = process.wait(min(step.limit * options.patience, left))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            status = process.wait()
            return {"failed": f"stopped after {time.monotonic() - started:.0f} s"} | _seconds(started)
    result = place.kept(name) or {"failed": f"its process ended with status {status}"}
    return result | _seconds(started)


def _seconds(started: float) -> dict[str, float]:
    return {"step_seconds": round(time.monotonic() - started, 1)}


def _environment(place: Place) -> dict[str, str]:
    more = {
        "PYTHONPATH": os.pathsep.join(
            [str(ROOT), str(ROOT / "packaging"), *([str(place.site)] if place.site.is_dir() else [])]
        ),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        "FORGE_CACHE_DIR": str(place.work / "cache"),
        "FORGE_PACKS": str(place.packs),
    }
    if place.backend == "vulkan":
        more["GGML_VK_VISIBLE_DEVICES"] = os.environ.get("GGML_VK_VISIBLE_DEVICES", "0")
    return clean_environment(**more)


def _inside(place: Place, name: str) -> int:
    """One step, in its own process; figures and failures go to the working folder."""
    try:
        place.keep(name, STEPS[name].work(place))
    except Skipped as reason:
        place.keep(name, {"skipped": str(reason)})
    except Exception as error:  # noqa: BLE001 - whatever it is belongs in the report
        import traceback

        traceback.print_exc()
        place.keep(name, {"failed": f"{type(error).__name__}: {error}"})
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
