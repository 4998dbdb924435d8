"""What a hub's repository offers: each of its files judged by its own beginning, as far as that was read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Protocol

from forge_desktop.base.errors import ForgeError
from forge_desktop.engine.gguf_start import GgufStart
from forge_desktop.engine.records_plan import Device
from forge_desktop.providers.errors import Offline
from forge_desktop.students.fitting import judge
from forge_desktop.students.records_library import TRAINABLE, Fit, HubFile, HubRepository, Offer, RepositoryOffers

_TOKENS = 4096  # of context, where neither the file nor the hub says what it was trained for
_READ = 8  # files of which the beginning is read; a repository may hold dozens
_USUAL = "Q4_K_M"  # the one that most people take is read first
_BY_SIZE = "This is an estimate by its size: its own header was not read."


class Reads(Protocol):
    """What of a hub is needed here."""

    def start_of(self, repository: HubRepository, file: HubFile, *, check: Callable[[], object]) -> bytes: ...


@dataclass(frozen=True)
class Beginnings:
    """What files say of themselves, by their names in the repository: a header, or why that is no student's."""

    headers: Mapping[str, GgufStart] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)


def read_beginnings(hub: Reads, found: HubRepository, check: Callable[[], object]) -> Beginnings:
    """Of the usual file and the smallest ones. Raises Offline; a hub that gives none (gated) is asked once."""
    headers: dict[str, GgufStart] = {}
    problems: dict[str, str] = {}
    usable = [file for file in found.files if not file.problem]
    for file in sorted(usable, key=lambda one: (one.quantisation != _USUAL, one.bytes))[:_READ]:
        try:
            data = hub.start_of(found, file, check=check)
        except Offline:
            raise
        except ForgeError:
            break
        if not data:
            break
        try:
            header = GgufStart(PurePosixPath(file.name).name, data)
            header.refuse()
            headers[file.name] = header
        except ForgeError as error:
            problems[file.name] = error.message
    return Beginnings(headers, problems)


def offered(found: HubRepository, read: Beginnings, tokens: int, devices: Sequence[Device]) -> RepositoryOffers:
    """The files as offers. `tokens` of context are what the settings ask for."""
    named = (header.architecture for header in read.headers.values() if header.architecture)
    architecture = next(named, found.architecture)
    offers = tuple(_offer(file, found, read, tokens, devices) for file in found.files)
    return RepositoryOffers(found, architecture, architecture in TRAINABLE, offers)


def _offer(file: HubFile, found: HubRepository, read: Beginnings, tokens: int, devices: Sequence[Device]) -> Offer:
    problem = file.problem or read.problems.get(file.name, "")
    header = read.headers.get(file.name)
    if header is None:
        context = min(tokens, found.context or _TOKENS)
        fit = judge(file.bytes, 0, context, devices)
        return Offer(file, Fit(fit.word, f"{fit.sentence} {_BY_SIZE}", fit.needed), problem=problem)
    trained = header.trained_context
    context = min(tokens, trained or found.context or _TOKENS)
    fit = judge(file.bytes, header.cache_bytes(context), context, devices)
    return Offer(file, fit, problem=problem, architecture=header.architecture, context=trained, read=True)
