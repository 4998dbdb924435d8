"""What a measurement says of the computer that it was made on."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Mapping, Sequence

from forge_desktop.engine import machine_facts as facts
from forge_desktop.engine.records_plan import Device

_IDENTITY = ("cpu", "cores", "threads", "drivers")
_COARSE = 1 << 28  # memory is told a little less after an update of the system


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


def machine_sha256(machine: Mapping[str, object]) -> str:
    """A hash that stays the same while it is the same computer: of everything that can be known without a process."""
    memory = machine.get("memory_bytes")
    told = [*(machine.get(name) for name in _IDENTITY), round(memory / _COARSE) if isinstance(memory, int) else 0]
    return hashlib.sha256(json.dumps(told, ensure_ascii=True).encode()).hexdigest()
