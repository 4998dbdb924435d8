"""Run by the interpreter with torch: the trainer's logits for some ids, with and without a random adapter."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import torch
from students.adapter_file import write_adapter
from students.trainer.adapter import Adapter
from students.trainer.job import PROJECTIONS, Job
from students.trainer.network import Network
from students.trainer.weights import Weights

RANK, ALPHA = 4, 12.0


def main(request: Path) -> None:
    """For each base: logits as .npz, and the adapter as .gguf beside it."""
    torch.set_num_threads(1)
    for wanted in json.loads(request.read_text()):
        base, dtype = Path(wanted["base"]), getattr(torch, wanted["dtype"])
        network = Network(Weights(base, "cpu", dtype), dtype)
        ids, lengths = torch.tensor(wanted["ids"]), wanted["lengths"]
        job = Job(base=str(base), base_sha256="", architecture=network.shape.architecture, rank=RANK, alpha=ALPHA)
        adapter = Adapter(network.places(PROJECTIONS), job, "cpu")
        drawing = torch.Generator().manual_seed(5)
        with torch.no_grad():
            for tensor in adapter.tensors.values():
                tensor.copy_(torch.randn(tensor.shape, generator=drawing) * wanted["strength"])
            found = {"base": network.logits(ids, lengths)}
            for name, scale in (("adapted", 1.0), ("half", 0.5)):
                network.attach(adapter.tensors, scale * ALPHA / RANK)
                found[name] = network.logits(ids, lengths)
        write_adapter(Path(wanted["adapter"]), job.architecture, adapter.arrays(), ALPHA)
        np.savez(wanted["into"], **{name: logits.numpy() for name, logits in found.items()})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
