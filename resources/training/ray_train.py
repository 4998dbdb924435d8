"""Trains the adapter on a Ray cluster: trl_sft.py on several workers. `python ray_train.py [workers] [storage]`.

`storage` is a folder that all nodes see; several nodes need one.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


def train(settings: dict[str, Any]) -> None:
    """What each worker does. The files beside this one are shipped to it."""
    import trl_sft
    from ray.train.huggingface.transformers import RayTrainReportCallback, prepare_trainer

    trainer = trl_sft.make(settings, "checkpoints")
    trainer.add_callback(RayTrainReportCallback())
    prepare_trainer(trainer).train()


def main(workers: int, storage: str | None) -> None:
    """Train, and copy the adapter of the last checkpoint to `adapter`."""
    import shutil

    import ray
    import torch
    from ray.train import RunConfig, ScalingConfig
    from ray.train.torch import TorchTrainer

    settings = json.loads((HERE / "settings.json").read_text(encoding="utf-8"))
    ray.init(runtime_env={"working_dir": str(HERE), "excludes": ["checkpoints", "adapter", "storage"]})
    trainer = TorchTrainer(
        train,
        train_loop_config=settings,
        scaling_config=ScalingConfig(num_workers=workers, use_gpu=torch.cuda.is_available()),
        run_config=RunConfig(storage_path=storage or str(HERE / "storage")),
    )
    result = trainer.fit()
    with result.checkpoint.as_directory() as kept:
        found = next(Path(kept).rglob("adapter_config.json")).parent
        (HERE / "adapter").mkdir(exist_ok=True)
        for name in ("adapter_config.json", "adapter_model.safetensors"):
            shutil.copy(found / name, HERE / "adapter" / name)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1, sys.argv[2] if len(sys.argv) > 2 else None)
