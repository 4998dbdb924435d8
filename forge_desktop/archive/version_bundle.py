"""A version leaves as one file and comes in elsewhere: adapter, scale, template, settings, and what was measured."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import hashlib
import os
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forge_desktop import __version__
from forge_desktop.archive import version_format as form
from forge_desktop.archive.bundle_members import STEP, Members
from forge_desktop.archive.bundle_rows import Wrong
from forge_desktop.base.errors import ForgeError

Progress = Callable[[float, float], None]
ADAPTER, BASE = form.ADAPTER, form.BASE
_ANEW = "Have it written again by `forge-desktop students export`."


@dataclass(frozen=True)
class VersionReport:
    """A version's bundle that was written. `bytes` is its size; `notes` are sentences for whoever gives it away."""

    file: str
    version: str
    base_sha256: str
    adapter_sha256: str
    with_base: bool
    gates: int
    bytes: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Parts:
    """What goes into a bundle. `base` is None where its file stays; `card` is None where there is none."""

    version: Mapping[str, object]
    adapter: Path
    base: Path | None
    run: Mapping[str, object] | None
    gates: tuple[Mapping[str, object], ...]
    card: Mapping[str, object] | None = None


_NAMES = frozenset(("name", "note", "base_name"))


def write_version(target: Path, parts: Parts, progress: Progress, *, replace: bool = False) -> int:
    """Write a bundle; the bytes it has. Raises ForgeError when the file is there and not to be replaced, or cannot be
    written, or a file that goes into it is not the one that its hash names.
    """
    if target.exists() and not (replace and target.is_file()):
        raise ForgeError(
            f"{target} is there already; nothing was written.",
            hint="Choose another name: an export never replaces other files.",
        )
    part = target.with_name(f".{target.name}.part")
    try:
        with open(part, "xb+", opener=lambda path, flags: os.open(path, flags, 0o600)) as stream:
            with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
                _fill(archive, parts, progress)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(part, target)
        return target.stat().st_size
    except OSError as error:
        raise ForgeError(
            f"The export into {target} failed: {error.strerror or error}. Nothing of it was kept.",
            hint="Free some space or choose another place, then try again.",
        ) from error
    finally:
        part.unlink(missing_ok=True)


def _fill(archive: zipfile.ZipFile, parts: Parts, progress: Progress) -> None:
    small = {
        form.VERSION: parts.version,
        form.RUN: parts.run,
        form.GATES: list(parts.gates),
        form.CARD: parts.card,
    }
    members = [_put(archive, name, form.as_json(value)) for name, value in small.items()]
    files = {form.ADAPTER: (parts.adapter, str(parts.version["adapter_sha256"]))}
    if parts.base is not None:
        files[form.BASE] = (parts.base, str(parts.version["base_sha256"]))
    done, total = 0.0, float(sum(path.stat().st_size for path, _ in files.values()))
    for name, (path, sha256) in files.items():
        digest, size = hashlib.sha256(), 0
        with open(path, "rb") as source, archive.open(_info(name), "w", force_zip64=True) as out:
            while step := source.read(STEP):
                out.write(step)
                digest.update(step)
                size, done = size + len(step), done + len(step)
                progress(done, total)
        if digest.hexdigest() != sha256:
            raise ForgeError(f"{path} is not the file that was kept any more.", hint="Nothing was written.")
        members.append({"name": name, "bytes": size, "sha256": sha256})
    _put(archive, form.MANIFEST, form.as_json({
        "format": form.FORMAT,
        "format_version": form.FORMAT_VERSION,
        "made": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "forge_desktop": __version__,
        "version": parts.version["uid"],
        "base": {"sha256": parts.version["base_sha256"], "name": parts.version["base_name"],
                 "included": parts.base is not None},
        "members": members,
    }))  # fmt: skip


def _put(archive: zipfile.ZipFile, name: str, content: bytes) -> dict[str, object]:
    with archive.open(_info(name), "w") as out:
        out.write(content)
    return {"name": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _info(name: str) -> zipfile.ZipInfo:
    """Without the time of writing; weights do not get smaller, so they are stored as they are."""
    info = zipfile.ZipInfo(name)
    info.compress_type = zipfile.ZIP_STORED if name.endswith(".gguf") else zipfile.ZIP_DEFLATED
    info.external_attr = 0o100600 << 16
    return info


class VersionBundle:
    """An opened bundle. Used as a context. Raises ForgeError, one sentence, for anything that is not sound."""

    def __init__(self, path: Path, room: Path) -> None:
        self.path = path
        self._members = Members(path, room, belongs=lambda name: name in form.NAMES, required=form.REQUIRED, anew=_ANEW)
        with contextlib.ExitStack() as opened, self._members.worded():
            opened.callback(self._members.close)
            manifest = form.manifest_of(self._members.whole(form.MANIFEST))
            self._members.hold_against(manifest["members"], but=form.MANIFEST)
            self.version = form.version_of(self._members.whole(form.VERSION))
            for name, sha256 in ((form.ADAPTER, self.version.adapter_sha256), (form.BASE, self.version.base_sha256)):
                if name in self._members.infos and self._members.sha256(name) != sha256:
                    raise Wrong(f"its {name} is another one than its version says")
            opened.pop_all()

    def __enter__(self) -> VersionBundle:
        return self

    def __exit__(self, *error: object) -> None:
        self._members.close()

    @property
    def has_base(self) -> bool:
        """Whether the base's file is in it."""
        return form.BASE in self._members.infos

    def check(self, progress: Progress) -> None:
        """Read everything once, and compare the hashes. `progress` hears bytes done and in total, and may raise."""
        done, total = 0.0, float(sum(info.file_size for info in self._members.infos.values()))
        for name in self._members.infos:
            with self._members.worded(), self._members.open(name) as member:
                while step := member.read(STEP):
                    done += len(step)
                    progress(done, total)

    def told(self) -> dict[str, Any]:
        """What it says of its run, its gates and its card: somebody else's words, kept as such."""
        found: dict[str, Any] = {}
        for name in (form.RUN, form.GATES, form.CARD):
            if name in self._members.infos:
                with self._members.worded():
                    found[name.removesuffix(".json")] = self._members.whole(name)
        return found

    def copy(self, name: str, target: Path, check: Callable[[], None]) -> None:
        """Write one of its files to a new place. Raises ForgeError, and what `check` raises meanwhile."""
        with self._members.worded(), self._members.open(name) as member, open(target, "xb") as out:
            while step := member.read(STEP):
                out.write(step)
                check()
            out.flush()
            os.fsync(out.fileno())


def foreign_gates(told: Mapping[str, Any]) -> list[dict[str, object]]:
    """The gates that a bundle tells of, in short: their verdicts do not count here."""
    gates = told.get("gates")
    kept = ("uid", "label", "verdict", "scale", "reasons", "created")
    return [
        {name: gate.get(name) for name in kept} for gate in (gates if isinstance(gates, list) else [])
        if isinstance(gate, dict)
    ][:20]  # fmt: skip


def version_fields(version: Any) -> dict[str, object]:
    """A version as a bundle tells it."""
    kept = (
        "uid", "label", "name", "state", "base_sha256", "base_name", "adapter_sha256", "scale", "template", "verdict",
        "gate", "note", "created",
    )  # fmt: skip
    fields = dataclasses.asdict(version)
    return {**{name: fields[name] for name in kept}, "retrieval": dict(version.retrieval)}


def without_names(told: Mapping[str, object], hide: Callable[[str], str]) -> dict[str, object]:
    """The same with what people call a version, a base or a run, and say of it, as its card may tell it."""
    return {key: hide(held) if key in _NAMES and isinstance(held, str) else held for key, held in told.items()}


def without_paths(value: Any) -> Any:
    """The same without where files lie on this computer: of a path only the name is left."""
    if isinstance(value, Mapping):
        return {name: without_paths(held) for name, held in value.items() if name != "stderr"}
    if isinstance(value, (list, tuple)):
        return [without_paths(held) for held in value]
    if isinstance(value, str) and os.path.isabs(value):
        return Path(value).name
    return value


def notes(parts: Parts) -> tuple[str, ...]:
    """What somebody who gives a bundle away should know."""
    said = ["An adapter can say again what it has learnt from: give it only to whom you would give these texts."]
    if parts.run is not None:
        said.append("The run's log is in it: which pairs and documents, by their hashes, and what they cost; no paths.")
    if parts.base is None:
        said.append(f"The base has to be there where it is brought in: {parts.version['base_sha256']}.")
    else:
        said.append("The base's file is in it: see that its licence lets you give it away.")
    if parts.card is not None:
        said.append("Its model card is in it; what looks private there (paths, names, keys) is hidden.")
    return tuple(said)
