"""A Ray cluster on this machine for a test: a head and a second node, each with room for one worker."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.students.trainer_python import trainer_python

_SERVER = """
import sys, tempfile
from ray.cluster_utils import Cluster
cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False,
    "object_store_memory": 80_000_000, "temp_dir": sys.argv[1]})
second = cluster.add_node(num_cpus=1, object_store_memory=80_000_000)
print(cluster.address, flush=True)
for line in sys.stdin:
    cluster.remove_node(second, allow_graceful=False)
    print("removed", flush=True)
cluster.shutdown()
"""


def needs_ray() -> Path:
    """The Python with torch and Ray; without Ray the test is skipped."""
    python = trainer_python()
    if subprocess.run([python, "-c", "import ray"], capture_output=True, check=False).returncode:
        pytest.skip("the Python with torch has no Ray")
    return python


class Cluster:
    """Two nodes with their own processes; leaving the block ends them."""

    def __init__(self) -> None:
        python = needs_ray()
        self._folder = tempfile.TemporaryDirectory(prefix="ray-")  # the names of Ray's sockets must be short
        folder = self._folder.name
        self._process = subprocess.Popen(
            [python, "-c", _SERVER, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True, cwd=folder,
            env={**os.environ, "RAY_USAGE_STATS_ENABLED": "0", "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        assert self._process.stdout is not None
        self.address = ""
        while not self.address.startswith("127.") and not self.address[:1].isdigit():
            line = self._process.stdout.readline()
            assert line, "the cluster did not start"
            self.address = line.strip()

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)
        self._process.stdout.close()
        self._folder.cleanup()

    def lose_a_node(self) -> None:
        """Kill the second node with all that runs there."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("x\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline().strip() == "removed"
