"""What a run would learn from, for a trainer elsewhere: lessons, where they come from, and ready configurations."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forge_desktop.archive import training_recipes as recipes
from forge_desktop.archive.records import ExportedFile
from forge_desktop.archive.writing import ExportFolder
from forge_desktop.base.errors import ForgeError
from forge_desktop.base.paths import resources_dir
from forge_desktop.students.records_training import LessonRow, TrainingData

PROVENANCE = "provenance.jsonl"
_SHOWN = 5


@dataclass(frozen=True)
class TrainingExport:
    """What was exported for a trainer elsewhere. Counts are lessons; `replay` are among the `train` ones.

    `left_out` are the documents that are never sent (what they are called), with the lessons that rest on them, as
    (name, lessons). `notes` are sentences for whoever trains.
    """

    target: str
    files: tuple[ExportedFile, ...]
    train: int
    validation: int
    replay: int
    base_name: str
    base_sha256: str
    base_model: str
    left_out: tuple[tuple[str, int], ...]
    notes: tuple[str, ...]


def without_kept_back(
    rows: Sequence[LessonRow], kept_back: Callable[[str], str]
) -> tuple[tuple[LessonRow, ...], tuple[tuple[str, int], ...]]:
    """The lessons that may leave, and what the others rest on. `kept_back(sha256)` names a document that may not."""
    names = {sha256: kept_back(sha256) for row in rows for sha256 in row.documents}
    left, counts = [], dict[str, int]()
    for row in rows:
        held = [names[sha256] for sha256 in row.documents if names[sha256]]
        for name in dict.fromkeys(held):
            counts[name] = counts.get(name, 0) + 1
        if not held:
            left.append(row)
    return tuple(left), tuple(sorted(counts.items()))


def refuse_forbidden(rows: Sequence[LessonRow]) -> None:
    """Raise ForgeError where the terms of a teacher forbid training a model with its answers."""
    forbidden = [row for row in rows if row.teacher.get("may_train") == "no"]
    if forbidden:
        teachers = sorted({str(row.teacher.get("name", "a teacher")) for row in forbidden})
        shown = ", ".join(teachers[:_SHOWN]) + (" and others" if len(teachers) > _SHOWN else "")
        raise ForgeError(
            f"The terms of {shown} forbid training a model with their answers, and {len(forbidden):,} of the pairs are"
            " such; nothing was written.",
            hint="Reject these pairs, or correct what the endpoint's terms say if that is wrong.",
        )


def write_training(
    target: Path,
    data: TrainingData,
    made: recipes.Recipe,
    facts: Mapping[str, object],
    left_out: tuple[tuple[str, int], ...],
) -> TrainingExport:
    """Write it all into a new or empty directory, or into a new ZIP file where `target` ends so."""
    notes = _notes(data, made, left_out)
    with _folder(target) as directory, ExportFolder(directory) as folder:
        files = _fill(folder, data, made, notes)
        folder.finish(files, {"kind": "training", **facts, **_about(data, made), "notes": list(notes)})
    count = _counts(data.rows)
    return TrainingExport(
        target=str(target),
        files=tuple(files),
        train=count["train"],
        validation=count["validation"],
        replay=count["replay"],
        base_name=data.base_name,
        base_sha256=data.base_sha256,
        base_model=made.base_model,
        left_out=left_out,
        notes=notes,
    )


@contextlib.contextmanager
def _folder(target: Path) -> Iterator[Path]:
    """The directory to fill: the target, or one that becomes the ZIP file."""
    if target.suffix.lower() != ".zip":
        yield target
        return
    if target.exists():
        raise ForgeError(
            f"{target} is there already; nothing was written.",
            hint="Choose another name: an export never replaces other files.",
        )
    part = target.with_name(f".{target.name}.part")
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".forge-export-") as held:
            yield Path(held)
            _pack(Path(held), part)
            os.replace(part, target)
    except OSError as error:
        raise ForgeError(
            f"The export into {target} failed: {error.strerror or error}. Nothing of it was kept.",
            hint="Free some space or choose another place, then try again.",
        ) from error
    finally:
        part.unlink(missing_ok=True)


def _pack(folder: Path, part: Path) -> None:
    with open(part, "xb", opener=lambda path, flags: os.open(path, flags, 0o600)) as stream:
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(folder.iterdir()):
                info = zipfile.ZipInfo(path.name)  # without the time of writing: the same content has the same bytes
                info.compress_type = zipfile.ZIP_DEFLATED
                info.external_attr = 0o100600 << 16
                with open(path, "rb") as source, archive.open(info, "w", force_zip64=True) as out:
                    while step := source.read(1 << 20):
                        out.write(step)
        stream.flush()
        os.fsync(stream.fileno())


def _fill(folder: ExportFolder, data: TrainingData, made: recipes.Recipe, notes: Sequence[str]) -> list[ExportedFile]:
    parts = {recipes.TRAIN: "train", recipes.VALIDATION: "validation"}
    rows = {name: [row for row in data.rows if row.part == part] for name, part in parts.items()}
    files = [folder.write_rows(name, map(_messages, found)) for name, found in rows.items() if found]
    files.append(folder.write_rows(PROVENANCE, _provenance(rows)))
    for name, content in recipes.files(made).items():
        files.append(folder.write_lines(name, [content]))
    for name in recipes.SCRIPTS:
        files.append(folder.write_lines(name, [(resources_dir() / "training" / name).read_bytes()]))
    files.append(folder.write_lines("README.md", [_readme(data, made, notes).encode()]))
    return files


def _messages(row: LessonRow) -> dict[str, Any]:
    return {"messages": [{"role": role, "content": text} for role, text in row.messages]}


def _provenance(rows: Mapping[str, Sequence[LessonRow]]) -> Iterator[dict[str, object]]:
    """Where each line comes from; beside it, because other programs want nothing else in the lines themselves."""
    for name, found in rows.items():
        for number, row in enumerate(found, 1):
            yield {
                "file": name,
                "line": number,
                "pair": row.pair,
                "origin": row.origin,
                "documents": list(row.documents),
                "teacher": dict(row.teacher),
                "cost_usd": f"{row.cost / 1_000_000:.6f}",
                "sha256": hashlib.sha256("\0".join(text for _, text in row.messages).encode()).hexdigest(),
            }


def _counts(rows: Sequence[LessonRow]) -> dict[str, int]:
    return {
        "train": sum(row.part == "train" for row in rows),
        "validation": sum(row.part == "validation" for row in rows),
        "replay": sum(row.part == "train" and row.origin == "replay" for row in rows),
    }


def _about(data: TrainingData, made: recipes.Recipe) -> dict[str, object]:
    return {
        "base": {
            "name": data.base_name,
            "sha256": data.base_sha256,
            "architecture": data.architecture,
            "base_model": made.base_model,
        },
        "lessons": _counts(data.rows),
        "data": dict(data.data),
    }


def _notes(data: TrainingData, made: recipes.Recipe, left_out: Sequence[tuple[str, int]]) -> tuple[str, ...]:
    notes = ["The lessons hold texts of the documents they rest on, readable for everybody who has this export."]
    if made.base_model == recipes.NO_BASE:
        notes.append(
            f"The base's file does not say which model on the hub it was made of: put that model's folder at"
            f" {recipes.NO_BASE}, or its name in place of that in settings.json, axolotl.yml and llamafactory.yaml."
        )
    for name, lessons in left_out:
        notes.append(f"{lessons:,} lessons that rest on {name} are not in it: it is never sent.")
    if data.wish.alpha != round(data.wish.alpha):
        notes.append(f"LLaMA-Factory takes whole numbers for alpha: {round(data.wish.alpha)} in place of {made.alpha}.")
    return tuple(notes)


def _readme(data: TrainingData, made: recipes.Recipe, notes: Sequence[str]) -> str:
    count = _counts(data.rows)
    held = (resources_dir() / "training" / "README.md").read_text(encoding="utf-8")
    values = {
        "BASE_NAME": data.base_name,
        "BASE_SHA256": data.base_sha256,
        "BASE_MODEL": made.base_model,
        "TRAIN": f"{count['train']:,}",
        "REPLAY": f"{count['replay']:,}",
        "VALIDATION": f"{count['validation']:,}",
        "RANK": str(made.rank),
        "ALPHA": f"{made.alpha:g}",
        "EPOCHS": str(made.epochs),
        "LEARNING_RATE": f"{made.learning_rate:g}",
        "LENGTH": f"{made.length:,}",
        "BATCH": str(made.batch),
        "NOTES": "\n".join(f"- {note}" for note in notes),
    }
    for name, value in values.items():
        held = held.replace(f"@{name}@", value)
    return held
