"""Where one run of the GPU check works, and what its steps leave for each other."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class Skipped(Exception):  # noqa: N818 - a step that has nothing to do here, with the reason
    """The step does not apply here."""


@dataclass(frozen=True)
class Place:
    """The working folder, the backend that is tried and the synthetic student's shape."""

    work: Path
    backend: str  # "cuda", "vulkan", or "cpu" to prove the flow
    shape: str
    python: str = sys.executable  # an interpreter with torch, transformers and peft

    @property
    def trainer_site(self) -> Path:
        """Python packages that the interpreter with torch lacks."""
        return self.work / "trainer-site"

    @property
    def device(self) -> str:
        """Where torch computes."""
        return "cuda" if self.backend == "cuda" else "cpu"

    @property
    def source(self) -> Path:
        """The trimmed llama.cpp."""
        return self.work / "llama.cpp"

    @property
    def site(self) -> Path:
        """Python packages that this machine lacks."""
        return self.work / "site"

    @property
    def build(self) -> Path:
        """CMake's folder."""
        return self.work / "build"

    @property
    def packs(self) -> Path:
        """Where the engine finds the pack ($FORGE_PACKS)."""
        return self.work / "packs"

    @property
    def bench(self) -> Path:
        """The llama-bench of the same build."""
        return self.build / "bin" / "llama-bench"

    @property
    def quick(self) -> bool:
        """Whether only the flow is to be proved: small sizes, because a processor computes."""
        return self.backend != "cuda"

    def student(self, name: str) -> Path:
        """The file of a student: "synthetic", "billion" or "starter". Raises Skipped when it is not here."""
        path = self.work / f"{name}.gguf"
        if not path.is_file():
            raise Skipped(f"{path.name} is not here")
        return path

    def keep(self, step: str, result: dict[str, Any]) -> None:
        """Keep a step's figures, for the report and for later steps."""
        folder = self.work / "results"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{step}.json").write_text(json.dumps(result, indent=1), encoding="utf-8")

    def kept(self, step: str) -> dict[str, Any]:
        """A step's figures, empty before it has run."""
        try:
            found: dict[str, Any] = json.loads((self.work / "results" / f"{step}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found
