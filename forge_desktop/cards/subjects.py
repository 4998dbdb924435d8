"""What cards are about: the versions of the registry and the endpoints, and how people call them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from forge_desktop.cards.footing import of_address
from forge_desktop.cards.grounds import LocalEmbedder, local_embedder
from forge_desktop.cards.records import Kind

if TYPE_CHECKING:
    from forge_desktop.providers.records import Endpoint
    from forge_desktop.students import Students
    from forge_desktop.students.records_versions import Version
    from forge_desktop.students.rooms import Rooms


@dataclass(frozen=True)
class Subject:
    """A version or an endpoint that has a card. `parents` are the subjects whose card it takes over, the best first;
    `answers` is what answers at an endpoint: where that comes back, its card does too.
    """

    uid: str
    kind: Kind
    label: str
    name: str
    parents: tuple[str, ...] = ()
    answers: str = ""


class Subjects:
    """Lists what there is. It is read anew each time: nothing of it is kept here."""

    def __init__(self, rooms: Rooms, students: Students) -> None:
        self._rooms, self._students = rooms, students

    def all(self) -> dict[str, Subject]:
        """Every version, by its uid, the oldest first; every endpoint; the embedding model on this computer in use, by
        its file's sha256.
        """
        versions = sorted(self._students.registry.versions(looked_at=False), key=lambda version: version.number)
        found = {version.uid: _of_version(version, versions) for version in versions}
        found |= {endpoint.uid: _of_endpoint(endpoint) for endpoint in self._rooms.providers.endpoints.list()}
        local = local_embedder(self._rooms)
        return found if local is None else found | {local.sha256: _of_embedder(local)}


def orphaned(subject: str, label: str, there: Mapping[str, Subject]) -> str:
    """A sentence when what a card is about is not here; "" when it is."""
    if not subject:
        return "This card is about no version and no endpoint of this computer."
    if subject in there:
        return ""
    return f"{label or 'What this card is about'} is not here any more."


def _of_version(version: Version, versions: list[Version]) -> Subject:
    kind: Kind = "student" if version.is_base else "adapter"
    label = version.label if version.is_base or not version.name else f"{version.label} {version.name}"
    return Subject(version.uid, kind, version.label, version.name or label, tuple(_parents(version, versions)))


def _of_embedder(local: LocalEmbedder) -> Subject:
    return Subject(local.sha256, "embedder", local.name, local.name)


def _parents(version: Version, versions: list[Version]) -> list[str]:
    """Earlier versions of the same base: the one it was made from where that is known, else the newest of its kind."""
    earlier = [v for v in versions if v.number < version.number and v.base_sha256 == version.base_sha256]
    near = sorted(earlier, key=lambda v: (_nearness(v, version), v.number), reverse=True)
    return [v.uid for v in near]


def _nearness(other: Version, version: Version) -> int:
    if other.adapter_sha256 == version.adapter_sha256:
        return 3
    if other.uid == version.parent and other.is_base == version.is_base:
        return 2
    return int(other.is_base == version.is_base)


def _of_endpoint(endpoint: Endpoint) -> Subject:
    embeds = "embedder" in endpoint.roles and not {"answer", "critique", "judge"} & set(endpoint.roles)
    kind: Kind = "embedder" if embeds else "teacher"
    return Subject(endpoint.uid, kind, endpoint.name, endpoint.name, answers=of_address(endpoint))
