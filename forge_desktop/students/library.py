"""Bases on this computer and on the hub: found, fetched, brought in."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.jobs import JobContext
from forge_desktop.engine.gguf_start import GgufStart
from forge_desktop.engine.machine_facts import memory
from forge_desktop.engine.records_plan import Device
from forge_desktop.students.downloads import Downloads
from forge_desktop.students.found_files import places
from forge_desktop.students.offering import offered, read_beginnings
from forge_desktop.students.records_library import (
    TRAINABLE,
    HubFile,
    HubRepository,
    HubSearch,
    Offer,
    Place,
    RepositoryOffers,
    Unfinished,
)
from forge_desktop.students.rooms import Rooms
from forge_desktop.students.scanning import Bring, Scanner
from forge_desktop.students.store import Bases


class _Held(Exception):  # noqa: N818 - not an error: a person paused it
    """The download is paused: its connection is closed, and opened again when it goes on."""


class Library:
    """Searches and downloads are jobs in lanes of their own, so that neither waits for the other or for an import.

    `bring` is the students' own import, with its checks. Nothing is asked of a hub unless a person asks for it.
    """

    def __init__(self, rooms: Rooms, bases: Bases, bring: Bring) -> None:
        self._rooms, self._bases, self._bring = rooms, bases, bring
        self._downloads = Downloads(rooms.data_dir / "models")
        self._scanner = Scanner(rooms.engine, bases, bring, TRAINABLE)

    # -- the hub ----------------------------------------------------------------------------------------------------

    def search(self, text: str, *, limit: int = 30) -> int:
        """Start the job (kind "hub") that looks for GGUF models on the hub; its result is a HubSearch."""

        def work(ctx: JobContext) -> HubSearch:
            return self._rooms.providers.hub.search(text, limit=limit, check=ctx.check)

        return self._rooms.jobs.start("hub", "hub", work)

    def repository(self, name: str) -> int:
        """Start the job (kind "hub") that says what a repository holds and what of it would fit: RepositoryOffers."""
        return self._rooms.jobs.start("hub", "hub", lambda ctx: self._offers(name.strip(), ctx.check))

    def seen_again(self, found: RepositoryOffers) -> RepositoryOffers:
        """The same offers with what has come here since. Asks nobody."""
        return dataclasses.replace(found, offers=tuple(self._here(offer) for offer in found.offers))

    def download(self, repository: str, file: str) -> int:
        """Start the job (kind "download") that fetches a file, checks and imports it; its result is the student's id.

        `file` is a file's name or its quantisation. One download goes on at a time, the others wait. What has come
        before, also in an earlier run, is not fetched again. Progress is in bytes.
        """
        return self._rooms.jobs.start("download", "download", lambda ctx: self._fetch(ctx, repository.strip(), file))

    def unfinished(self) -> tuple[Unfinished, ...]:
        """Downloads that were begun and not ended, in this run or before it."""
        return self._downloads.unfinished()

    def give_up(self, repository: str, file: str) -> None:
        """Delete what has come of an unfinished download."""
        self._downloads.give_up(repository, file)
        self._rooms.events.changed("students")

    @property
    def token_place(self) -> str:
        """Where the access token for the hub is kept: "none", "keyring", "variable" or "memory"."""
        return self._rooms.providers.hub.token_place

    def set_token(self, token: str | None, *, variable: str = "") -> str:
        """Keep an access token, or none; returns one sentence where it is kept only until the end, else ""."""
        return self._rooms.providers.hub.set_token(token, variable=variable)

    # -- this computer ----------------------------------------------------------------------------------------------

    def places(self) -> tuple[Place, ...]:
        """Folders of other programs that hold models, as far as they exist."""
        return places(Path.home())

    def scan(self, folder: Path) -> int:
        """Start the job (kind "scan") that tells what GGUF files a folder holds: a tuple of FoundFile."""
        return self._rooms.jobs.start("scan", "scan", lambda ctx: self._scanner.scan(ctx, folder))

    def import_many(self, paths: Sequence[Path]) -> int:
        """Start the job (kind "import") that imports files one after the other: a tuple of Imported."""
        return self._rooms.jobs.start("students", "import", lambda ctx: self._scanner.bring_in(ctx, paths))

    # -- how --------------------------------------------------------------------------------------------------------

    def _offers(self, name: str, check: Callable[[], object]) -> RepositoryOffers:
        hub = self._rooms.providers.hub
        found = hub.repository(name, check=check)
        read = read_beginnings(hub, found, check)
        return self.seen_again(offered(found, read, self._rooms.settings.values.context_tokens, self._devices()))

    def _here(self, offer: Offer) -> Offer:
        sha256 = offer.file.sha256
        known = self._bases.by_sha256(sha256) if sha256 else None
        done = self._downloads.done(sha256) if sha256 else 0
        return dataclasses.replace(offer, student=known.id if known else 0, done=done)

    def _devices(self) -> Sequence[Device]:
        """What there is and what is free of it; of the memory alone where the engine cannot start."""
        try:
            return self._rooms.engine.hardware().devices
        except ForgeError:
            free, total = memory()
            return (Device("CPU", "", "CPU", "cpu", free, total),)

    def _fetch(self, ctx: JobContext, repository: str, wanted: str) -> int:
        hub = self._rooms.providers.hub
        note = PurePosixPath(wanted).name
        ctx.progress(0, None, note)
        found = hub.repository(repository, check=ctx.check)
        file = _chosen(found, wanted)
        known = self._bases.by_sha256(file.sha256)
        if known is not None and known.path.is_file():
            return known.id
        note = PurePosixPath(file.name).name
        path = self._downloads.found_whole(found, file)
        if path is None:
            _refuse_kind(file.name, hub.start_of(found, file, check=ctx.check))
            into = self._downloads.begin(found, file)
            self._receive(ctx, found, file, into, note)
            path = self._downloads.finish(
                found, file, lambda done, total: ctx.progress(done, total, f"Checking {note}")
            )
        self._see_usable(path, file)
        student = self._bring(ctx, path, sha256=file.sha256)
        self._downloads.forget(file.sha256)
        return student

    def _see_usable(self, path: Path, file: HubFile) -> None:
        """A file that is what the hub lists and yet no student is of no use here: it is removed, and that is said."""
        try:
            self._rooms.engine.probe(path)
        except ForgeError as error:
            path.unlink(missing_ok=True)
            self._downloads.forget(file.sha256)
            raise ForgeError(f"{error.message} The download was removed again.", hint="Choose another file.") from error

    def _receive(self, ctx: JobContext, found: HubRepository, file: HubFile, into: Path, note: str) -> None:
        """Fetch what is missing; a pause closes the connection until a person goes on."""

        here = 0

        def hold() -> None:
            """Called while bytes come and while none do, so that what is shown is never behind."""
            if ctx.paused and not ctx.cancelled:
                raise _Held
            ctx.progress(here, file.bytes, note)

        def wait(seconds: float) -> None:
            hold()
            ctx.wait(seconds)

        def tell(done: int) -> None:
            nonlocal here
            here = done
            hold()

        while True:
            here = self._downloads.done(file.sha256)
            ctx.progress(here, file.bytes, note)
            try:
                self._rooms.providers.hub.fetch(found, file, into, check=hold, tell=tell, wait=wait)
            except _Held:
                continue
            return


def _chosen(found: HubRepository, wanted: str) -> HubFile:
    """The file of this name, or the only one of this quantisation. Raises ForgeError."""
    named = [file for file in found.files if file.name == wanted]
    named = named or [file for file in found.files if PurePosixPath(file.name).name == wanted]
    named = named or [file for file in found.files if file.quantisation and file.quantisation == wanted.upper()]
    if len(named) != 1:
        what = "several files" if named else "no GGUF file"
        raise ForgeError(f"{found.name} has {what} called {wanted}.", hint="Look at its files and name one of them.")
    if named[0].problem:
        raise ForgeError(f"{wanted} cannot become a student: {named[0].problem}", hint="Choose another file.")
    return named[0]


def _refuse_kind(name: str, start: bytes) -> None:
    """Raise ForgeError, before anything large is fetched, where the file cannot become a student."""
    if start:
        GgufStart(PurePosixPath(name).name, start).refuse()
