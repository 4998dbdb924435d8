"""What the values of a card rest on, as it is now; and the sentence that says what is otherwise than it was."""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from forge_desktop.base.errors import ForgeError
from forge_desktop.cards import grounds
from forge_desktop.cards.records import Kind, Value
from forge_desktop.engine import machine_facts

if TYPE_CHECKING:
    from forge_desktop.providers.records import Endpoint, Price
    from forge_desktop.students import Students
    from forge_desktop.students.records_gate import GateReport
    from forge_desktop.students.records_training import TrainRun
    from forge_desktop.students.rooms import Rooms

GONE = "not here any more"
OTHER = "another one, or unreadable"
TOUCHED = "written anew"
_NOW = {  # where "is … now" would not be a sentence
    GONE: "is not here any more",
    OTHER: "is another one now, or cannot be read",
    TOUCHED: "was written anew since: filling the card compares it",
}
_WORDS = {
    "file": "the base's file",
    "adapter": "the adapter",
    "scale": "the adapter's scale",
    "template": "the chat template",
    "build": "the engine",
    "machine": "the computer",
    "prices": "the price",
    "endpoint": "what the endpoint is",
    "limits": "what the endpoint allows",
    "terms": "the endpoint's terms",
    "data": "the training data",
    "gate": "the newest gate",
    "overrides": "the list of promotions without a pass",
    "retrieval": "how documents are found",
}
_SUITE = "suite:"
_HEX = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{52}\b")
_MOST_HASHED = 64 << 20  # bytes of a file of pairs that is compared


class Footing:
    """The hashes of everything a value can rest on, or words where these say more."""

    def __init__(self, rooms: Rooms, students: Students) -> None:
        self._rooms, self._students = rooms, students
        self._hashes: dict[tuple[str, int, int], str] = {}  # of files of pairs, by path, size and time

    def of(self, kind: Kind, subject: str) -> Mapping[str, str]:
        """By name what holds now, for the version or endpoint of a card; what cannot be told is not in it."""
        told = self.without_suites(kind, subject)
        if told and kind in ("student", "adapter"):
            told |= {f"{_SUITE}{name}": sha256 for name, sha256 in self._suites().items()}
        return told

    def without_suites(self, kind: Kind, subject: str) -> dict[str, str]:
        """The same but for the suites, for which more has to be loaded: enough for who makes values."""
        told = self._of_version(subject) if kind in ("student", "adapter") else self._of_endpoint(subject)
        return {name: what for name, what in told if what}

    # ---- versions ----

    def _of_version(self, subject: str) -> Iterator[tuple[str, str]]:
        found = grounds.of_version(self._rooms, self._students, subject)
        if found is None:
            return
        version = found.version
        yield "file", _file(found)
        yield "adapter", version.adapter_sha256
        yield "scale", f"{version.scale:g}" if version.adapter_sha256 else ""
        yield "template", found.template_sha256
        yield "build", self._rooms.engine.build
        yield "machine", machine()
        yield "retrieval", self.retrieval()
        yield "gate", of_gate(found.gate) or "none"
        yield "overrides", ", ".join(f"{one.at:.0f}" for one in found.overrides) or "none"
        if found.run is not None:
            yield "data", self.data(found.run)

    def _suites(self) -> dict[str, str]:
        shipped = {one.name: one.sha256 for one in self._students.gates.shipped()}
        return shipped | {one.name: one.sha256 for one in self._rooms.distill.suites.all()}

    def data(self, run: TrainRun) -> str:
        """The hash of what a run learnt from, as it lies there now; "" where it was a file that is not there."""
        if run.data.get("kind") == "dataset":
            known = {one.uid: one.sha256 for one in self._rooms.distill.datasets.all()}
            return known.get(str(run.data.get("uid", "")), GONE)
        return self._hash(Path(str(run.data["path"]))) if run.data.get("path") else ""

    def retrieval(self) -> str:
        """What decides which passages a student is given."""
        values = self._rooms.settings.values
        told = [
            *sorted(self._rooms.corpus.versions().items()),
            values.passages,
            values.neighbours,
            values.passage_tokens,
        ]
        return hashlib.sha256(repr(told).encode()).hexdigest()

    def _hash(self, file: Path) -> str:
        try:
            status = file.stat()
            key = (str(file), status.st_size, status.st_mtime_ns)
            if status.st_size > _MOST_HASHED:
                return ""
            if key not in self._hashes:
                self._hashes[key] = hashlib.sha256(file.read_bytes()).hexdigest()
            return self._hashes[key]
        except OSError:
            return ""

    # ---- endpoints ----

    def _of_endpoint(self, subject: str) -> Iterator[tuple[str, str]]:
        found = grounds.of_endpoint(self._rooms, subject)
        if found is not None:
            yield "endpoint", of_address(found.endpoint)
            yield "prices", of_price(found.price) or GONE
            yield "limits", of_limits(found.endpoint, found.limits)
            yield "terms", of_terms(found.endpoint)
            return
        local = grounds.local_embedder(self._rooms)
        if local is not None and local.sha256 == subject:
            yield "file", local.sha256 if local.path.is_file() else GONE
            yield "build", self._rooms.engine.build
            yield "machine", machine()


def stale(value: Value, now: Mapping[str, str]) -> str:
    """A sentence saying what changed from what to what since a value was taken; "" while nothing has.

    What cannot be told now, as that a suite is not kept any more, makes nothing stale.
    """
    return " ".join(
        f"{_of(name)} was {_shown(then)} when this was taken, and {_NOW.get(now[name], f'is {_shown(now[name])} now')}."
        for name, then in value.rests_on.items()
        if then and name in now and now[name] != then
    )


# ---- how each of them is told ----


@functools.cache  # it stays the same while this runs, and a list of cards asks for each of them
def machine() -> str:
    """This computer in words: what a speed depends on."""
    _, memory = machine_facts.memory()
    return in_words(machine_facts.processor(), machine_facts.cores(), memory)


def in_words(cpu: object, cores: object, memory: object) -> str:
    """A computer in words."""
    size = f", {round(memory / 2**30)} GiB" if isinstance(memory, int) and memory else ""
    return f"{cpu}, {cores} {'core' if cores == 1 else 'cores'}{size}"


def of_gate(gate: GateReport | None) -> str:
    """A gate as a footing; "" for none."""
    return f"gate {gate.number} ({gate.verdict or gate.state}, {gate.uid[:8]})" if gate is not None else ""


def of_price(price: Price | None) -> str:
    """A price as a footing: the table's hash and day, or those of one typed in."""
    if price is None:
        return ""
    return f"{'typed in' if price.source == 'by hand' else 'of the table'} {price.sha256} of {price.checked}"


def of_address(endpoint: Endpoint) -> str:
    """What answers at an endpoint, as a footing."""
    return f"{endpoint.model} at {endpoint.url}"


def of_limits(endpoint: Endpoint, told: Mapping[str, int]) -> str:
    """Limits as a footing, those that were told before those that a person set."""
    own = {"rpm": endpoint.rpm, "input_tpm": endpoint.input_tpm, "output_tpm": endpoint.output_tpm}
    said = [f"{name} {amount:,}" for name, amount in sorted(told.items())]
    typed = [f"{name} {amount:,} (set here)" for name, amount in sorted(own.items()) if amount]
    return ", ".join([*said, *typed]) or "unknown"


def of_terms(endpoint: Endpoint) -> str:
    """Terms as a footing."""
    return f"{endpoint.may_train}, {endpoint.terms_url or 'no address'}, {endpoint.terms_checked or 'no day'}"


def _file(found: grounds.VersionGrounds) -> str:
    if found.student is None:
        return GONE
    if found.student.problem:
        return OTHER
    return TOUCHED if found.touched else found.version.base_sha256


def _of(name: str) -> str:
    words = f"the suite {name.removeprefix(_SUITE)}" if name.startswith(_SUITE) else _WORDS.get(name, name)
    return words[0].upper() + words[1:]


def _shown(what: str) -> str:
    return _HEX.sub(r"\1…", what)


def refuse_touched(students: Students, found: grounds.VersionGrounds) -> str:
    """Compare a base's file that was written anew with what it was: a sentence where it is another one. Takes long."""
    if found.student is None or not found.touched:
        return ""
    try:
        return students.check(found.student.id)
    except ForgeError as error:
        return error.message
