"""The trainer's forward pass computes what llama.cpp computes: every architecture, with and without an adapter."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from forge_desktop.students import kit
from tests.students import trainer_shapes
from tests.students.trainer_python import trainer_python

HERE = Path(__file__).parent
# The starter's ids of a paragraph about a harbour in the morning.
PROSE = [
    504, 28899, 282, 260, 1165, 3102, 436, 8354, 281, 260, 5738, 30, 5713, 13768, 2060, 418, 260, 613, 341, 28, 480,
    32949, 5793, 351, 34886, 28, 284, 253, 555, 281, 253, 4461, 10078, 13197, 6351, 1683, 260, 8989, 28, 12641, 260,
    1650, 660, 338, 761, 1690, 281, 981, 260, 3163, 30, 1385, 592, 14510, 282, 601, 28, 511, 6319, 351, 260, 914, 282,
    260, 2727, 28, 284, 768, 592, 4412, 351, 13855, 429, 260, 12322, 30, 909, 4150, 260, 1230, 1187, 281, 650, 1863, 28,
    975, 260, 4319, 282, 13855, 761, 12551, 1675, 260, 4921, 284, 260, 7615, 4146, 288, 699, 638, 800, 592, 2049, 30,
    1550, 384, 761, 7721, 28, 260, 2388, 436, 2120, 260, 21786, 28, 284, 260, 808, 701, 2422, 1187, 288, 260, 2342, 30,
]  # fmt: skip
# Lessons of a row, beyond the sliding windows: such as are laid side by side, and such as need a mask.
LENGTHS = ((40, 9, 23), (40, 5, 7, 9, 4))


def compare(folder: Path, wanted: Sequence[dict[str, Any]], *, once: bool = False) -> list[tuple[Any, Any]]:
    """Both sides' logits for each base: the trainer's first, because it writes the adapter.

    With `once` all of it is the same base and adapter to llama.cpp, so that it computes it once.
    """
    sides = {"torch": trainer_python(), "llama": Path(sys.executable)}
    for side, python in sides.items():
        requests = [{**one, "into": str(folder / f"{number}-{side}.npz")} for number, one in enumerate(wanted)]
        requests = requests[:1] if once and side == "llama" else requests
        (folder / f"{side}.json").write_text(json.dumps(requests))
        env = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(kit.lay_out(folder))}
        done = subprocess.run(
            [python, HERE / f"{side}_logits.py", folder / f"{side}.json"],
            env=env, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    return [
        (np.load(folder / f"{number}-torch.npz"), np.load(folder / f"{0 if once else number}-llama.npz"))
        for number in range(len(wanted))
    ]


def request(
    base: Path, ids: Sequence[int], lengths: Sequence[int], dtype: str, strength: float, folder: Path
) -> dict[str, Any]:
    return {
        "base": str(base),
        "adapter": str(folder / f"{base.stem}-{dtype}.lora.gguf"),
        "ids": list(ids),
        "lengths": list(lengths),
        "dtype": dtype,
        "strength": strength,
    }


def test_every_architecture_agrees_with_llama_cpp(tmp_path: Path) -> None:
    wanted = []
    for number, case in enumerate(trainer_shapes.CASES):
        lengths = LENGTHS[number % 2]
        ids = np.random.RandomState(number).randint(3, trainer_shapes.WORDS, sum(lengths)).tolist()
        wanted.append(request(trainer_shapes.make(tmp_path, case), ids, lengths, "float32", 0.15, tmp_path))
    found = compare(tmp_path, wanted)
    for case, (ours, theirs) in zip(trainer_shapes.CASES, found, strict=True):
        for name in ("base", "adapted", "half"):
            worst = np.abs(ours[name] - theirs[name]).max()
            print(f"{case:14} {name:8} {worst:.5f} of {theirs[name].std():.2f}")
            assert worst < 2e-2, f"{case}, {name}: {worst}"
        assert np.abs(theirs["adapted"] - theirs["base"]).mean() > 0.3, f"{case}: the adapter does nothing"
        assert np.array_equal(theirs["off"], theirs["base"]), case


def test_the_starter_agrees_with_llama_cpp(tmp_path: Path, starter: Path) -> None:
    wanted = [request(starter, PROSE, [len(PROSE)], dtype, 0.02, tmp_path) for dtype in ("float32", "bfloat16")]
    for one, (ours, theirs) in zip(wanted, compare(tmp_path, wanted, once=True), strict=True):
        for name in ("base", "adapted", "half"):
            apart = divergence(theirs[name], ours[name])
            print(f"{one['dtype']} {name}: KL {apart.mean():.5f}, at most {apart.max():.4f}")
            assert apart.mean() <= 0.005
        assert divergence(theirs["base"], theirs["adapted"]).mean() > 0.01


def divergence(expected: Any, found: Any) -> Any:
    """KL(expected || found) of each position."""
    p, q = (logits - np.logaddexp.reduce(logits, 1, keepdims=True) for logits in (expected, found))
    return (np.exp(p) * (p - q)).sum(1)
