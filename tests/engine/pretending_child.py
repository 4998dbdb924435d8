"""An engine child that claims to have a GPU and fails on it: how, and from how many layers on, is told by arguments.

`crashes 3` ends by SIGABRT when more than three layers go to the GPU; `hangs 3` waits for ever; `full 3` finds no room
for them; `cache` crashes while the cache is on the GPU; `gpu` as soon as any layer is there; `reads` fails nowhere, and
reads prompts together as one does on a GPU. A third argument is the GPU's memory in bytes, 8 GiB without. The pretended
GPU is never asked anything.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import Any

from forge_desktop.base.child import ChildEnd

END = ChildEnd()

from forge_desktop.engine.child import model, serve  # noqa: E402 - as the real child does
from forge_desktop.engine.errors import trouble  # noqa: E402
from forge_desktop.engine.records_plan import Device, Placement  # noqa: E402

HOW, MOST = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0
MEMORY = int(sys.argv[3]) if len(sys.argv) > 3 else 2**33
REAL = serve.devices.devices()


class Failing(model.Model):
    """The real model, which fails where a GPU would have."""

    def __init__(self, path: str, *, placement: Placement, **rest: Any) -> None:
        beyond = placement.gpu_layers > MOST
        if HOW == "full" and beyond:
            raise trouble("MEM_DEVICE.weights", path=path, reason="unable to allocate Pretended0 buffer")
        if (HOW == "cache" and placement.gpu_layers and placement.kv_on_gpu) or (HOW in ("crashes", "gpu") and beyond):
            os.kill(os.getpid(), signal.SIGABRT)
        if HOW == "hangs" and beyond:
            ctypes.CDLL(None).sleep(1000)
        super().__init__(path, placement=placement, **rest)
        self.on_gpu = self.on_gpu or HOW == "reads"


serve.devices.devices = lambda: [*REAL, Device("Pretended0", "A pretended GPU", "Pretended", "gpu", MEMORY, MEMORY)]
serve.Model = Failing  # type: ignore[misc]
serve.Server(END).run()
