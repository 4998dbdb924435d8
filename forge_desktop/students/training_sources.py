"""What a run learns from, as its row says it: also before it was read, so that what waits can be begun later."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from forge_desktop.students.records_training import TrainSource


def source_of(data: Mapping[str, object]) -> TrainSource | None:
    """What a run learns from, None where that is not known."""
    if data.get("kind") == "dataset":
        return TrainSource(dataset=str(data.get("uid", "")))
    return TrainSource(file=str(data.get("path", ""))) if data.get("kind") == "file" else None


def where_from(source: TrainSource) -> Mapping[str, object]:
    """The source as the facts of a run name it."""
    if source.dataset:
        return {"kind": "dataset", "name": source.dataset, "uid": source.dataset}
    path = Path(source.file).absolute()
    return {"kind": "file", "name": path.name, "path": str(path), "uid": ""}
