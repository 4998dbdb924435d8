"""Adapters and versions: which there are, which one answers, and how that came about."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path

from forge_desktop.base.errors import ForgeError
from forge_desktop.engine import StudentSpec
from forge_desktop.students.records_versions import (
    Adapter,
    AdapterOrigin,
    Happening,
    Promotion,
    Verdict,
    Version,
)
from forge_desktop.students.rooms import Rooms
from forge_desktop.students.store import Bases
from forge_desktop.students.store_versions import Versions, ensure_version, record, set_verdict


class Registry:
    """Adapters and versions: which there are, which one answers, and how that came about.

    Publishes DataChanged({"versions"}), with "students" too where another one answers. `who` is "window",
    "command line" or "program", with a name behind it where one was typed.
    """

    def __init__(self, rooms: Rooms, bases: Bases) -> None:
        self._rooms, self._bases = rooms, bases
        self._versions = Versions(rooms.db, rooms.data_dir / "adapters")

    # ---- what there is ----

    def versions(self) -> list[Version]:
        """Every version, the newest first; `problem` is what sizes and times of its files tell."""
        return self._versions.all()

    def version(self, name: str) -> Version:
        """The version called so: its label ("v3"), its uid or the beginning of that, or its name. Raises ForgeError."""
        wanted = name.strip()
        found = [v for v in self.versions() if wanted in (v.uid, v.label)]
        found = found or [v for v in self.versions() if v.name == wanted]
        if not found and len(wanted) >= 4:
            found = [v for v in self.versions() if v.uid.startswith(wanted.lower())]
        if len(found) == 1:
            return found[0]
        if found:
            labels = ", ".join(v.label for v in found)
            raise ForgeError(f"Several versions are called {name!r}: {labels}.", hint="Use one of these labels.")
        raise ForgeError(f"No version is called {name!r}.", hint="`forge-desktop students list` names them.")

    def active(self) -> Version | None:
        """The version that answers, or would if no endpoint did; None when there is none."""
        return self._versions.active()

    def adapters(self) -> list[Adapter]:
        """Every adapter that is kept, the newest first."""
        return self._versions.adapters()

    def adapter(self, sha256: str) -> Adapter:
        """One adapter. Raises ForgeError when it is not kept here."""
        found = self._versions.adapter(sha256)
        if found is None:
            raise ForgeError("This adapter is not here.", hint="`forge-desktop students list` names what is.")
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
    ) -> Version:
        """Keep an adapter's file (it is copied) and register its version as a candidate. Raises ForgeError."""
        raise NotImplementedError

    def import_adapter(self, path: Path, base: str, *, name: str = "") -> int:
        """Start the job (kind "import adapter") that brings in a GGUF adapter, or a PEFT folder or safetensors file;
        its result is the Version, which stays in quarantine until a gate has passed it.
        """
        raise NotImplementedError

    def derive(
        self,
        version: str,
        *,
        scale: float | None = None,
        template: str | None = None,
        retrieval: Mapping[str, object] | None = None,
        name: str = "",
    ) -> Version:
        """The version that differs from this one in what is given; made as a candidate if it is new."""
        raise NotImplementedError

    def retire(self, version: str, why: str = "", *, who: str = "") -> None:
        """Put a version aside: it is neither promoted nor rolled back to. Raises ForgeError for the active one."""
        raise NotImplementedError

    def bring_back(self, version: str, *, who: str = "") -> None:
        """Take it out of retirement."""
        raise NotImplementedError

    def remove(self, version: str, *, who: str = "") -> None:
        """Remove a version, with its adapter's file when nothing else uses that. Raises ForgeError for one that is
        active or ever was.
        """
        raise NotImplementedError

    # ---- who answers ----

    def promote(self, version: str, *, who: str = "", why: str = "", override: str = "") -> Promotion:
        """Let this version answer from now on. Raises ForgeError without a passed gate, unless `override` says why all
        the same; that is kept in the history and for the card.
        """
        raise NotImplementedError

    def rollback(self, *, who: str = "", why: str = "") -> Promotion:
        """Back to the version that was active before this one. Raises ForgeError when there is none."""
        raise NotImplementedError

    def check(self, version: str) -> str:
        """One sentence when a version cannot be used as it is, else "". May hash its files."""
        raise NotImplementedError

    def effect(self, version: str) -> float:
        """By how many nats a token, on average, the adapter changes what the student finds likely; 0 is not at all."""
        raise NotImplementedError

    def spec(self, version: str) -> StudentSpec:
        """What an engine needs to run this version. Raises ForgeError when its files are not what they were."""
        raise NotImplementedError

    # ---- said by others ----

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
        record(connection, uid, "gated", why=verdict, detail={"gate": gate, "verdict": verdict, "scale": scale})
        return uid

    def record_card(self, version: str, sha256: str, missing: Sequence[str]) -> None:
        """What cards say of a version's card: which one it is, and the fields that it lacks."""
        self._versions.put_card(self.version(version).uid, sha256, list(missing))
        self._rooms.events.changed("versions")

    def compare(self, question: str, versions: Sequence[str], *, collections: Sequence[str] = ()) -> int:
        """Start the job (kind "compare") that lets versions answer from the same passages; its result is a
        Comparison.
        """
        raise NotImplementedError
