"""What a card is about, read together once: a version with its base, adapter, run and gate; an endpoint and its price.

Nothing here reads a file's content or asks anybody: it is for lists too.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from forge_desktop.base.errors import ForgeError

if TYPE_CHECKING:
    from forge_desktop.cards.records import Kind
    from forge_desktop.providers.records import Endpoint, Price
    from forge_desktop.students import Students
    from forge_desktop.students.records import Student
    from forge_desktop.students.records_gate import GateReport
    from forge_desktop.students.records_training import TrainRun
    from forge_desktop.students.records_versions import Adapter, Happening, Version
    from forge_desktop.students.rooms import Rooms
    from forge_desktop.students.verifying import Seen

_MEMORY = "embedding_model.json"  # beside the database: what the embedding model's file was when it was read


@dataclass(frozen=True)
class VersionGrounds:
    """A version and what it is made of. `gate` is the newest one that is done: its own, or where it was the baseline.

    `template` is the one in force, `overrides` the promotions without a pass, `student` its base where that is listed.
    `seen` and `adapter_seen` are what sizes and times of their files tell.
    """

    version: Version
    student: Student | None
    seen: Seen
    adapter: Adapter | None
    run: TrainRun | None
    gate: GateReport | None
    overrides: tuple[Happening, ...]
    template: str
    adapter_seen: Seen = "same"

    @property
    def template_sha256(self) -> str:
        """Of the template in force, "" where there is none."""
        return hashlib.sha256(self.template.encode()).hexdigest() if self.template else ""


LIMITS = ("rpm", "input_tpm", "output_tpm")


@dataclass(frozen=True)
class Limit:
    """What a minute allows: as answers' headers told it and as a person set it, 0 where nobody did.

    `together`: that of input and output, counted together.
    """

    told: int
    own: int
    together: bool = False

    @property
    def in_force(self) -> int:
        """The lower of both, 0 where there is none."""
        return min((amount for amount in (self.told, self.own) if amount), default=0)


@dataclass(frozen=True)
class EndpointGrounds:
    """An endpoint, its price today, and the limits that it told, with the day.

    `price_model` is the model for which a price was typed in, `terms_model` that for which its terms were said: the
    endpoint may have another one by now.
    """

    endpoint: Endpoint
    price: Price | None
    limits: dict[str, int]
    limits_on: str
    price_model: str = ""
    terms_model: str = ""

    def limit(self, kind: str) -> Limit:
        """One of LIMITS, as it was told and as a person set it."""
        together = "" if kind == "rpm" else "tpm"
        said = [(amount, name) for name in (kind, together) if (amount := self.limits.get(name))]
        told, name = min(said, default=(0, ""))
        return Limit(told, getattr(self.endpoint, kind), name == "tpm")


@dataclass(frozen=True)
class LocalEmbedder:
    """The GGUF file that embeds, by the sha256 of its bytes: that is the subject of its card."""

    sha256: str
    path: Path

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return self.path.stem


def is_endpoint(kind: Kind) -> bool:
    """Whether cards of a kind are about endpoints, or an embedder, not about versions."""
    return kind in ("teacher", "embedder")


def of_version(rooms: Rooms, students: Students, uid: str) -> VersionGrounds | None:
    """The grounds of a version; None where it is not there."""
    try:
        version = students.registry.version(uid)
    except ForgeError:
        return None
    student = next((one for one in students.list() if one.sha256 == version.base_sha256), None)
    adapter: Adapter | None = None
    run: TrainRun | None = None
    with contextlib.suppress(ForgeError):
        adapter = None if version.is_base else students.registry.adapter(version.adapter_sha256)
    with contextlib.suppress(ForgeError):
        run = students.training.run(version.run) if version.run else None
    return VersionGrounds(
        version=version,
        student=student,
        seen="same" if student is None else students.seen(student.id),
        adapter=adapter,
        run=run,
        gate=_gate(students, version),
        overrides=tuple(one for one in students.registry.history(version.uid) if one.what == "overridden"),
        template=rooms.chat.options.own_template(version.base_sha256)
        or version.template
        or (student.template if student is not None else ""),
        adapter_seen="same" if adapter is None else students.seen_adapter(adapter.sha256),
    )


def of_endpoint(rooms: Rooms, uid: str) -> EndpointGrounds | None:
    """The grounds of an endpoint; None where it is not there."""
    found = next((one for one in rooms.providers.endpoints.list() if one.uid == uid), None)
    if found is None:
        return None
    router, prices = rooms.providers.router, rooms.providers.prices
    price = prices.of(found)
    typed = prices.model_of(found, price) if price is not None and price.source == "by hand" else ""
    said = rooms.providers.endpoints.terms_of(found)
    return EndpointGrounds(found, price, router.learnt(found), router.learnt_on(found), typed, said)


def local_embedder(rooms: Rooms) -> LocalEmbedder | None:
    """The embedding model on this computer that the settings name, once its bytes were read; None without one."""
    wanted = rooms.settings.values.embedding_model
    if not wanted or wanted.startswith("endpoint:"):
        return None
    try:
        kept = json.loads((rooms.data_dir / _MEMORY).read_bytes())
        sha256 = str(kept["sha256"])
        same = kept["file"][0] == wanted
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return LocalEmbedder(sha256, Path(wanted)) if same else None


def _gate(students: Students, version: Version) -> GateReport | None:
    if not students.was_gated():
        return None
    if version.gate:
        with contextlib.suppress(ForgeError):
            found = students.gates.get(version.gate)
            if found.state == "done":
                return found
    done = [one for one in students.gates.all() if one.state == "done"]
    own = (one for one in done if version.uid in (one.version, one.gated))
    return next(own, None) or next((one for one in done if one.baseline == version.uid), None)
