"""What the registry tells of a version: name, base, hashes, sizes, states, and how its documents are found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from forge_desktop.cards.filling.taken import Skipped, Taker, day
from forge_desktop.cards.grounds import VersionGrounds
from forge_desktop.cards.records import Value

if TYPE_CHECKING:
    from forge_desktop.students.records import Student
    from forge_desktop.students.rooms import Rooms

_TEXT = ["text"]
_PAID = "Nobody is paid for tokens of this computer. What they take of it and of electricity, a comparison reckons."


def told(found: VersionGrounds, take: Taker, rooms: Rooms) -> Iterator[tuple[str, Value]]:
    """Every field that the registry and the tables of bases and adapters tell."""
    version = found.version
    yield "name", take.value(version.name or version.base_name, "registry", at=version.created)
    yield "version", take.value(version.label, "registry", at=version.created, uid=version.uid)
    yield "task", take.value("text-generation", "registry", how="Students answer in the chat.")
    yield "inputs", take.value(_TEXT, "registry")
    yield "outputs", take.value(_TEXT, "registry")
    if not version.is_base:
        made = "The day on which this version was registered on this computer."
        yield "released", take.value(day(version.created), "registry", at=version.created, how=made)
    yield "file_sha256", take.value(version.base_sha256, "registry", "file")
    where = "set for this student or version" if _own_template(found) else "in the base's file"
    yield "template_sha256", take.value(found.template_sha256, "registry", "template", where=where)
    yield "retrieval", take.value(_retrieval(found, rooms), "registry", "retrieval")
    yield "registry", take.value(_registry(found), "registry", "registry", "gate", how="As it stood on that day.")
    yield "cost_per_1k", take.value(0, "ledger", unit="USD", how=_PAID)
    if found.student is not None:
        yield from _base(found.student, take)
    if not version.is_base:
        yield from _adapter(found, take)


def skipped(found: VersionGrounds) -> Skipped:
    """What the registry cannot tell, and why."""
    lacking: Skipped = []
    if found.version.is_base:
        lacking.append(("released", "The file does not say when its makers gave it out."))
    if not found.template:
        lacking.append(("template_sha256", "Neither the file nor a person gives a chat template."))
    if found.student is None:
        lacking.append(("file", f"The base of {found.version.label} is not on this computer."))
    elif not found.student.context:
        lacking.append(("context", "The file does not say how long its context is."))
    if found.adapter is not None and found.adapter.origin == "imported":
        lacking.append(("provider", "Who made this adapter is not told by its file."))
    return lacking


def _base(student: Student, take: Taker) -> Iterator[tuple[str, Value]]:
    yield "architecture", take.value(student.architecture, "file", "file", layers=student.layers)
    yield "parameters", take.value(student.parameters, "file", "file", how="Numbers of all tensors in the file.")
    yield "quantisation", take.value(student.quantisation, "file", "file")
    yield "file_bytes", take.value(student.file_bytes, "file", "file", unit="B")
    if student.context:
        yield "context", take.value(student.context, "file", "file", unit="tokens", how="What it was trained for.")


def _adapter(found: VersionGrounds, take: Taker) -> Iterator[tuple[str, Value]]:
    version, adapter = found.version, found.adapter
    yield "base_model", take.value(version.base_name, "registry", "file", sha256=version.base_sha256)
    yield "base_relation", take.value("adapter", "registry")
    yield "base_sha256", take.value(version.base_sha256, "registry", "file")
    yield "adapter_sha256", take.value(version.adapter_sha256, "registry", "adapter")
    if adapter is not None:
        yield "adapter_bytes", take.value(adapter.file_bytes, "file", "adapter", unit="B", rank=adapter.rank)
    if adapter is not None and adapter.origin == "trained":
        yield "provider", take.value("Trained on this computer", "registry", at=adapter.created)
    if adapter is not None and adapter.origin == "imported":
        yield "learning", take.value(f"LoRA adapter of rank {adapter.rank}, made elsewhere", "file", "adapter")


def _own_template(found: VersionGrounds) -> bool:
    return found.student is None or found.template != found.student.template


def _retrieval(found: VersionGrounds, rooms: Rooms) -> dict[str, object]:
    """What of a search decides the passages that a student is given."""
    values, versions = rooms.settings.values, rooms.corpus.versions()
    own = found.version.retrieval
    settings = {"passages": values.passages, "neighbours": values.neighbours, **own}
    return {
        **{name: each for name, each in settings.items() if isinstance(each, str | int | float | bool)},
        **{name: int(each) if each.isdecimal() else each for name, each in versions.items()},
        "ranking": "BM25 and vectors, fused; the question decides how much each counts",
        "passage_tokens": values.passage_tokens,
    }


def _registry(found: VersionGrounds) -> dict[str, object]:
    version = found.version
    facts: dict[str, object] = {
        "uid": version.uid,
        "state": version.state,
        "verdict": version.verdict or "none",
        "gate": found.gate.number if found.gate is not None and not version.is_base else None,
        "scale": version.scale if version.adapter_sha256 else None,
        "made": day(version.created),
        "before": version.parent[:12],
        "note": version.note,
    }
    return {name: each for name, each in facts.items() if each not in (None, "")}
