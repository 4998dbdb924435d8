"""What a measurement says of the computer that it was made on."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence

from forge_desktop.engine import machine_facts as facts
from forge_desktop.engine.records_plan import Device


def machine_facts(devices: Sequence[Device] = ()) -> dict[str, object]:
    """Processor, cores, memory, GPUs (those of the devices), drivers, system. Starts no process."""
    return {
        "cpu": facts.processor(),
        "cores": facts.cores(),
        "threads": os.cpu_count() or 1,
        "memory_bytes": facts.memory()[1],
        "gpus": [f"{one.name} ({one.description})" for one in devices if one.kind != "cpu"],
        "gpu_memory_bytes": [one.total for one in devices if one.kind != "cpu"],
        "drivers": list(facts.drivers()),
        "system": f"{platform.system()} {platform.release()} ({platform.machine()})",
    }
