"""What the values of a card rest on, as it is now; and the sentence that says what is otherwise than it was."""

from __future__ import annotations

import functools
import hashlib
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.money import shown
from forge_desktop.cards import grounds, told_stale
from forge_desktop.cards.records import Kind, Value
from forge_desktop.cards.taking import day
from forge_desktop.engine import machine_facts

if TYPE_CHECKING:
    from forge_desktop.providers.records import Endpoint, Price
    from forge_desktop.students import Students
    from forge_desktop.students.records_gate import GateReport
    from forge_desktop.students.records_training import TrainRun
    from forge_desktop.students.records_versions import Happening, Version
    from forge_desktop.students.rooms import Rooms

GONE = "not here any more"
TOUCHED = "written anew"
UNREADABLE = "not to be read"
ANOTHER = "is another one now, or cannot be read."
_NOW = {  # where "is … now" would not be a sentence
    GONE: "is not here any more",
    TOUCHED: "was written anew since: filling the card compares it",
    UNREADABLE: "cannot be read any more",
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
    "model": "the endpoint's model",
    "limit:rpm": "the limit of requests a minute",
    "limit:input_tpm": "the limit of input tokens a minute",
    "limit:output_tpm": "the limit of output tokens a minute",
    "terms": "the endpoint's terms",
    "data": "the training data",
    "registry": "its state in the registry",
    "gate": "the newest gate",
    "overrides": "the list of promotions without a pass",
    "retrieval": "how documents are found",
}
_SUITE = "suite:"
_SAID = "!"  # begins what is a sentence by itself
_UNSEEN = re.compile(r" ?#[0-9a-f]+$")  # what tells two apart, and no person reads
_HASH = re.compile(r"[0-9a-f]{64}")
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
        yield "adapter", _adapter(found)
        yield "scale", f"{version.scale:g}" if version.adapter_sha256 else ""
        yield "template", found.template_sha256
        yield "build", self._rooms.engine.build
        yield "machine", machine()
        yield "retrieval", self.retrieval()
        yield "registry", of_registry(version)
        yield "gate", of_gate(found.gate) or "none"
        yield "overrides", of_overrides(found.overrides)
        if found.run is not None:
            yield "data", self.data(found.run)

    def _suites(self) -> dict[str, str]:
        shipped = {one.name: one.sha256 for one in self._students.gates.shipped()}
        return shipped | {one.name: one.sha256 for one in self._rooms.distill.suites.all()}

    def data(self, run: TrainRun) -> str:
        """The hash of what a run learnt from, as it lies there now, or that it does not; "" where no file is named."""
        if run.data.get("kind") == "dataset":
            learnt = str(run.data.get("sha256", ""))
            known = {one.uid: one.sha256 for one in self._rooms.distill.datasets.all()}
            return learnt if learnt in known.values() else known.get(str(run.data.get("uid", "")), GONE)
        return self._of_pairs(Path(str(run.data["path"]))) if run.data.get("path") else ""

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

    def _of_pairs(self, file: Path) -> str:
        try:
            status = file.stat()
            if not stat.S_ISREG(status.st_mode):  # a folder, or what would never end
                return GONE
            key = (str(file), status.st_size, status.st_mtime_ns)
            if status.st_size > _MOST_HASHED:
                return ""
            if key not in self._hashes:
                self._hashes[key] = hashlib.sha256(file.read_bytes()).hexdigest()
            return self._hashes[key]
        except (FileNotFoundError, NotADirectoryError):
            return GONE
        except OSError:
            return UNREADABLE

    # ---- endpoints ----

    def _of_endpoint(self, subject: str) -> Iterator[tuple[str, str]]:
        found = grounds.of_endpoint(self._rooms, subject)
        if found is not None:
            yield "endpoint", of_address(found.endpoint)
            yield "prices", of_price(found.price) or GONE
            yield "model", found.endpoint.model
            yield from ((of_limit(name), _amount(found.limit(name).in_force)) for name in grounds.LIMITS)
            yield "terms", of_terms(found.endpoint)
            return
        local = grounds.local_embedder(self._rooms)
        if local is not None and local.sha256 == subject:
            yield "file", local.sha256 if local.path.is_file() else GONE
            yield "build", self._rooms.engine.build
            yield "machine", machine()


def causes(value: Value, now: Mapping[str, str]) -> dict[str, str]:
    """By name of what a value rests on and that is another now, a sentence saying what changed from what to what.

    What cannot be told now, as that a suite is not kept any more, makes nothing stale.
    """
    said = told_stale.sentence(value)
    changed = {
        name: _sentence(name, then, now[name])
        for name, then in value.rests_on.items()
        if then and name in now and now[name] != then
    }
    return {**({told_stale.KEY: said} if said else {}), **changed}


def stale(value: Value, now: Mapping[str, str]) -> str:
    """The same in one; "" while nothing has changed."""
    return " ".join(causes(value, now).values())


def _sentence(name: str, then: str, now: str) -> str:
    """What is otherwise than it was, in prices, days and names: hashes tell nobody anything."""
    what = _of(name)
    if name == "data" and _HASH.fullmatch(then) and _HASH.fullmatch(now):  # which a person has to tell apart
        return f"{what} was {then[:12]}… and what lies there now is {now[:12]}…: it is not what was learnt from."
    if now.startswith(_SAID):
        return now.removeprefix(_SAID)
    if now in _NOW:
        return f"{what} {_NOW[now]}."
    before, after = _UNSEEN.sub("", then), _UNSEEN.sub("", now)
    if before == after or _HASH.fullmatch(before) or _HASH.fullmatch(after):
        return f"{what} is not what it was when this was taken."
    return f"{what} was {before} when this was taken, and is {after} now."


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


def of_registry(version: Version) -> str:
    """What the registry says of a version, as a footing: its state, and what else a card says of it."""
    rest = (version.label, version.name, version.base_name, version.verdict, version.gate, version.scale, version.note)
    told = f"{version.state}, {version.verdict}" if version.verdict else version.state
    return f"{told} #{hashlib.sha256(repr((version.state, *rest)).encode()).hexdigest()[:16]}"


def of_gate(gate: GateReport | None) -> str:
    """A gate as a footing; "" for none."""
    return f"gate {gate.number} ({gate.verdict or gate.state}) #{gate.uid}" if gate is not None else ""


def of_overrides(found: Sequence[Happening]) -> str:
    """Promotions with a typed reason as a footing: their days; the moments tell two of a day apart."""
    days = ", ".join(dict.fromkeys(day(one.at) for one in found))
    told = f"{'one' if len(found) == 1 else len(found)} of {days}" if found else "empty"
    return f"{told} #{''.join(f'{one.at:.0f}' for one in found)}" if found else told


def of_price(price: Price | None) -> str:
    """A price as a footing: what it is, of which day; the hash of its table tells apart what reads alike."""
    if price is None:
        return ""
    rates = price.rates
    told = [
        f"{shown(amount)} for {what}"
        for what, amount in (("input", rates.input), ("output", rates.output))
        if amount is not None
    ]
    where = "typed in" if price.source == "by hand" else "of the price table"
    return f"{' and '.join(told)} ({where}, {price.checked}) #{price.sha256}"


def of_address(endpoint: Endpoint) -> str:
    """What answers at an endpoint, as a footing."""
    return f"{endpoint.model} at {endpoint.url}"


def _amount(limit: int) -> str:
    return f"{limit:,}" if limit else "not known"


def of_limit(name: str) -> str:
    """What the footing calls one of LIMITS: each by itself, since the others do not depend on it."""
    return f"limit:{name}"


def of_terms(endpoint: Endpoint) -> str:
    """Terms as a footing."""
    parts = [f"may train: {endpoint.may_train}", endpoint.terms_url, endpoint.terms_checked]
    return ", ".join(filter(None, parts))


def _file(found: grounds.VersionGrounds) -> str:
    if found.student is None:
        return GONE
    if found.seen == "other":
        return f"{_SAID}The file of {found.student.name} {ANOTHER}"
    return TOUCHED if found.seen == "touched" else found.version.base_sha256


def _adapter(found: grounds.VersionGrounds) -> str:
    if found.version.is_base:
        return ""
    if found.adapter is None:
        return GONE
    if found.adapter_seen == "other":
        return f"{_SAID}The file of the adapter {found.adapter.name} {ANOTHER}"
    return TOUCHED if found.adapter_seen == "touched" else found.adapter.sha256


def _of(name: str) -> str:
    words = f"the suite {name.removeprefix(_SUITE)}" if name.startswith(_SUITE) else _WORDS.get(name, name)
    return words[0].upper() + words[1:]


def refuse_touched(students: Students, found: grounds.VersionGrounds) -> dict[str, str]:
    """Compare files that were written anew with what they were: by name ("file", "adapter") a sentence where one is
    another one, or cannot be read. Takes long.
    """
    problems: dict[str, str] = {}
    try:
        if found.student is not None and found.seen != "same":
            problems["file"] = students.check(found.student.id)
        if found.adapter is not None and found.adapter_seen != "same":
            problems["adapter"] = students.check_adapter(found.adapter.sha256)
    except ForgeError as error:  # removed at this moment
        problems["file"] = error.message
    return {name: said for name, said in problems.items() if said}
