"""Two short errands: two real steps measured before a run is started, and what an interpreter has to offer."""

from __future__ import annotations

import time
from pathlib import Path

from .job import DONE
from .loop import Run
from .machine import device_peak, devices, resident_peak, versions
from .talk import Talk

_STEPS = 2


def measure(folder: Path, talk: Talk) -> int:
    """Take two steps that are thrown away, and say how long the second took and how much memory it all needed."""
    run = Run(folder, talk)
    loading = time.monotonic()
    run.load()
    loading = time.monotonic() - loading
    taken = []
    for step in run.first_steps(_STEPS):
        wall, cpu = time.monotonic(), time.process_time()
        run.step(step)
        taken.append((step.tokens, time.monotonic() - wall, time.process_time() - cpu))
    tokens, seconds, busy = taken[-1]  # the first one pays for what is set up once
    talk.say(
        "measured", seconds_a_step=round(seconds, 4), cpu_seconds=round(busy, 4), tokens=tokens, steps=run.steps,
        load_seconds=round(loading, 3), peak_bytes=max(resident_peak(), device_peak(run.place.device)),
        resident_bytes=resident_peak(), device_bytes=device_peak(run.place.device), parameters=run.adapter.parameters,
        **vars(run.place),
    )  # fmt: skip
    return DONE


def probe(talk: Talk) -> int:
    """Say what this interpreter has: versions, and its devices with their free memory and whether bf16 works."""
    talk.say("probed", **versions(), devices=[list(device) for device in devices()])
    return DONE
