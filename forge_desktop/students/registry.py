"""Adapters and versions: which there are, which one answers, and how that came about."""

from __future__ import annotations

import contextlib
import dataclasses
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.jobs import JobContext
from forge_desktop.engine import StudentSpec
from forge_desktop.students.adding import Adding, Origin, checked_scale, checked_settings
from forge_desktop.students.compare import Comparing, refuse
from forge_desktop.students.files import refuse_special
from forge_desktop.students.importing import import_adapter
from forge_desktop.students.naming import checked_name, cleaned
from forge_desktop.students.promoting import Promoting
from forge_desktop.students.records_versions import (
    Adapter,
    AdapterOrigin,
    Happening,
    Promotion,
    Verdict,
    Version,
    VersionState,
)
from forge_desktop.students.rooms import Rooms
from forge_desktop.students.store import Bases
from forge_desktop.students.store_versions import (
    Versions,
    drop_adapter,
    drop_version,
    ensure_version,
    record,
    set_state,
    set_verdict,
    version_uid,
)

_UID = 64  # digits of a uid


class Registry:
    """Adapters and versions: which there are, which one answers, and how that came about.

    Publishes DataChanged({"versions"}), with "students" too where another one answers. `who` is "window",
    "command line" or "program", with a name behind it where one was typed.
    """

    def __init__(self, rooms: Rooms, bases: Bases, versions: Versions, promoting: Promoting) -> None:
        self._rooms, self._bases, self._versions, self._promoting = rooms, bases, versions, promoting
        self._busy: dict[str, tuple[Sequence[str], str]] = {}  # who is at which versions, by a key of its own
        self._adding = Adding(rooms.db, bases, versions, rooms.data_dir / "adapters")
        self._before_promoting: Callable[[str], None] = lambda uid: None

    # ---- what there is ----

    def versions(self, *, looked_at: bool = True) -> list[Version]:
        """Every version, newest first; `problem` is what sizes and times of its files tell, if they are looked at."""
        found = self._versions.all()
        return [self._told(version) for version in found] if looked_at else found

    def version(self, name: str) -> Version:
        """The version called so: its label ("v3"), its uid or the beginning of that, or its name. Raises ForgeError."""
        wanted = name.strip()
        if len(wanted) == _UID and wanted.isascii() and (at_once := self._versions.get(wanted)) is not None:
            return self._told(at_once)
        known = self._versions.all()
        found = [v for v in known if wanted in (v.uid, v.label)] or [v for v in known if v.name == wanted]
        if not found and len(wanted) >= 4:
            found = [v for v in known if v.uid.startswith(wanted.lower())]
        if len(found) == 1:
            return self._told(found[0])
        if found:
            labels = ", ".join(v.label for v in found)
            raise ForgeError(f"Several versions are called {name!r}: {labels}.", hint="Use one of these labels.")
        raise ForgeError(
            f"No version is called {name!r}.", hint="Look at the list of students again.", commands=["students list"]
        )

    def active(self) -> Version | None:
        """The version that answers, or would if no endpoint did; None when there is none."""
        found = self._versions.active()
        return None if found is None else self._told(found)

    def adapters(self) -> list[Adapter]:
        """Every adapter that is kept, the newest first."""
        return self._versions.adapters()

    def adapter(self, sha256: str) -> Adapter:
        """One adapter. Raises ForgeError when it is not kept here."""
        found = self._versions.adapter(sha256)
        if found is None:
            raise ForgeError(
                "This adapter is not here.", hint="Look at the list of students again.", commands=["students list"]
            )
        return found

    def history(self, version: str = "") -> list[Happening]:
        """What happened to a version, or to all of them; the newest first."""
        return self._versions.history(self.version(version).uid if version else "")

    # ---- in and out ----

    def add(
        self,
        file: Path,
        base_sha256: str,
        *,
        origin: AdapterOrigin,
        run: str = "",
        name: str = "",
        scale: float = 1.0,
        note: str = "",
        template: str = "",
        retrieval: Mapping[str, object] | None = None,
        detail: Mapping[str, object] | None = None,
        who: str = "program",
    ) -> Version:
        """Copy an adapter's file and register its version as a candidate; `detail` is kept too. Raises ForgeError."""
        if template:
            self._rooms.engine.layout.try_template(template, name)
        whence = Origin(
            origin, run, cleaned(name), note, who, detail or {}, template, checked_settings(retrieval or {})
        )
        made = self._adding.add(file, base_sha256, whence, scale=scale)
        self._rooms.events.changed("versions")
        return self._told(made)

    def note_export(self, version: str, where: str, *, who: str = "program") -> None:
        """Keep in the history that it was given away."""
        with self._rooms.db.write() as connection:
            record(connection, self.version(version).uid, "exported", who=who, why=where)
        self._rooms.events.changed("versions")

    def import_adapter(self, path: Path, base: str, *, name: str = "", who: str = "program") -> int:
        """Start the job (kind "import adapter") that brings in a GGUF adapter, or a PEFT folder or safetensors file;
        its result is the Version, which stays in quarantine until a gate has passed it.
        """
        refuse_special(path)
        sha256, absolute, called = self._adding.base(base).sha256, path.absolute(), checked_name(name)

        def work(ctx: JobContext) -> Version:
            made = import_adapter(self._adding, absolute, sha256, called, who, ctx)
            self._rooms.events.changed("versions")
            return self._told(made)

        return self._rooms.jobs.start("students", "import adapter", work)

    def derive(
        self,
        version: str,
        *,
        scale: float | None = None,
        template: str | None = None,
        retrieval: Mapping[str, object] | None = None,
        name: str = "",
        who: str = "program",
    ) -> Version:
        """The version that differs from this one in what is given; a new one is a candidate. Raises ForgeError."""
        kept, name = self.version(version), checked_name(name)
        if scale is not None and kept.is_base and scale != 1.0:
            raise ForgeError(f"{kept.label} has no adapter that could be scaled.", hint="Choose another version.")
        if template:
            self._rooms.engine.layout.try_template(template, kept.name)
        with self._rooms.db.write() as connection:
            uid = ensure_version(
                connection,
                kept.base_sha256,
                kept.adapter_sha256,
                kept.scale if scale is None else checked_scale(scale),
                template=kept.template if template is None else template,
                retrieval=kept.retrieval if retrieval is None else checked_settings(retrieval),
                name=name or kept.name,
                note=f"Made from {kept.label}.",
                who=who,
            )
        self._rooms.events.changed("versions")
        return self.version(uid)

    def retire(self, version: str, why: str = "", *, who: str = "") -> None:
        """Put a version aside: it is neither promoted nor rolled back to. Raises ForgeError for the active one."""
        kept = self.version(version)
        if kept.state == "active":
            raise ForgeError(f"{kept.label} answers now, so it is not retired.", hint="Promote another one first.")
        self._turn(kept, "retired", "retired", who, why)

    def bring_back(self, version: str, *, who: str = "") -> None:
        """Take it out of retirement. Raises ForgeError where it is in none."""
        kept = self.version(version)
        if kept.state != "retired":
            raise ForgeError(f"{kept.label} is not retired.", hint="There is nothing to bring back.")
        self._turn(kept, "gated" if kept.verdict == "passed" else "candidate", "returned", who, "")

    def remove(self, version: str, *, who: str = "") -> None:
        """Remove a version, with its adapter's file when nothing else uses that. Raises ForgeError for one that is
        active or ever was.
        """
        kept = self.version(version)
        if kept.is_base and kept.uid == version_uid(kept.base_sha256):
            raise ForgeError(f"{kept.label} is {kept.base_name} itself.", hint="Remove that student in place of it.")
        if kept.state == "active" or any(kept.uid in (step.version, step.before) for step in self._versions.steps()):
            raise ForgeError(
                f"{kept.label} answers or has answered, so it is kept: one may go back to it.",
                hint="Retire it instead.",
            )
        if at := next((who for uids, who in self._busy.copy().values() if kept.uid in uids), ""):
            raise ForgeError(f"{at} is at it, so {kept.label} is not removed.", hint="Wait for it, or cancel it first.")
        with self._rooms.db.write() as connection:
            drop_version(connection, kept.uid, "", who=who)
            went = drop_adapter(connection, kept.adapter_sha256)
        if went:
            self._adding.drop(kept.adapter_sha256)
        self._rooms.events.changed("versions")

    @contextlib.contextmanager
    def kept_for(self, versions: Sequence[str], what: str) -> Iterator[None]:
        """Meanwhile none of these versions (uids) is removed; `what` is at them."""
        self._busy[what] = (versions, what)
        try:
            yield
        finally:
            del self._busy[what]

    # ---- who answers ----

    def promote(self, version: str, *, who: str = "", why: str = "", override: str = "") -> Promotion:
        """Let this version answer from now on. Raises ForgeError without a passed gate, unless `override` says why all
        the same; that is kept in the history and for the card.
        """
        chosen = self.version(version)
        self._before_promoting(chosen.uid)
        return self._promoting.promote(chosen, who=who, why=why, override=override)

    def when_promoting(self, call: Callable[[str], None]) -> None:
        """Call this with a version's uid before it is promoted: what cards say of it may have to be said anew."""
        self._before_promoting = call

    def rollback(self, *, who: str = "", why: str = "", from_version: str = "") -> Promotion:
        """Back to the version that was active before this one. Raises ForgeError when there is none, or when another
        than `from_version` (a uid) is active by now.
        """
        return self._promoting.rollback(who=who, why=why, from_version=from_version)

    def check(self, version: str) -> str:
        """One sentence when a version cannot be used as it is, else "". May hash its files."""
        return self._promoting.verifying.version(self.version(version))

    def effect(self, version: str) -> float:
        """By how many nats a token, on average, the adapter changes what the student finds likely; 0 is not at all.
        Measured once and remembered. Raises ForgeError where it cannot be.
        """
        return self._promoting.effects.of(self.version(version))

    def spec(self, version: str) -> StudentSpec:
        """What an engine needs to run this version. Raises ForgeError when its files are not what they were."""
        return self._promoting.verified(self.version(version))

    def record_gate(
        self, connection: sqlite3.Connection, version: str, gate: str, verdict: Verdict, scale: float
    ) -> str:
        """What a gate found, within the caller's transaction; the uid of the version that carries the verdict.

        That is another one where the gate chose another scale: it is made if need be.
        """
        kept = self.version(version)
        uid = kept.uid
        if scale != kept.scale:
            uid = ensure_version(
                connection,
                kept.base_sha256,
                kept.adapter_sha256,
                scale,
                template=kept.template,
                retrieval=kept.retrieval,
                name=kept.name,
                note=f"{kept.label} at the scale {scale:g}, which its gate chose.",
            )
        set_verdict(connection, uid, gate, verdict)
        record(
            connection,
            uid,
            "gated",
            who="program",
            why=verdict,
            detail={"gate": gate, "verdict": verdict, "scale": scale},
        )
        return uid

    def record_card(self, version: str, sha256: str, missing: Sequence[str]) -> None:
        """What cards say of a version's card: which one it is, and the fields that it lacks."""
        self._versions.put_card(self.version(version).uid, sha256, list(missing))
        self._rooms.events.changed("versions")

    def card_of(self, version: str) -> tuple[str, ...] | None:
        """What cards said last that a version's (its uid) card lacks; None where they said nothing."""
        return self._versions.missing_of_card(version)

    def compare(self, question: str, versions: Sequence[str], *, collections: Sequence[str] = ()) -> int:
        """Start the job (kind "compare") that lets versions answer from the same passages; its result is a
        Comparison. Endpoints are not compared: nothing leaves this computer.
        """
        chosen = [self.version(name) for name in versions]
        refuse(question, chosen)
        where = self._rooms.corpus.collections.uids(collections)
        comparing = Comparing(self._rooms, self._promoting.verified)
        return self._rooms.jobs.start("compare", "compare", lambda ctx: comparing.run(ctx, question, chosen, where))

    def _turn(self, version: Version, state: VersionState, what: str, who: str, why: str) -> None:
        with self._rooms.db.write() as connection:
            set_state(connection, version.uid, state)
            record(connection, version.uid, what, who=who, why=why)
        self._rooms.events.changed("versions")

    def _told(self, version: Version) -> Version:
        """With what sizes of its files tell."""
        problem = self._promoting.verifying.version(version, quick=True)
        return dataclasses.replace(version, problem=problem) if problem else version
