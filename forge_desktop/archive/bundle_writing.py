"""Writes a collection into a bundle: complete under its final name or not there at all."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
import os
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, NamedTuple

from forge_desktop import __version__
from forge_desktop.archive import bundle_format as form
from forge_desktop.archive.records import BundleReport
from forge_desktop.base.errors import ForgeError
from forge_desktop.base.jobs import JobContext
from forge_desktop.corpus import Collection, Portable

_STEP = 1 << 20
_POLICY = ("include", "exclude", "max_megabytes", "hidden", "follow_links", "never_send")


class BundleWriter:
    """One export of a collection. Raises ForgeError when the file is there already or cannot be written."""

    def __init__(self, path: Path, collection: Collection, *, with_files: bool, ctx: JobContext) -> None:
        self._path, self._collection, self._with_files, self._ctx = path, collection, with_files, ctx
        self._members: list[dict[str, object]] = []
        self._documents = self._passages = self._characters = self._files = 0
        self._left_out: list[str] = []

    def write(self, documents: Iterable[Portable], versions: Mapping[str, str]) -> BundleReport:
        """Write it all; the documents are taken one at a time."""
        if self._path.exists():
            raise ForgeError(
                f"{self._path} is there already; nothing was written.",
                hint="Choose another name: an export never replaces other files.",
            )
        part = self._path.with_name(f".{self._path.name}.part")
        try:
            with open(part, "wb+", opener=_private) as stream:
                with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
                    self._fill(archive, documents, versions)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(part, self._path)
        except OSError as error:
            raise ForgeError(
                f"The export into {self._path} failed: {error.strerror or error}. Nothing of it was kept.",
                hint="Free some space or choose another place, then try again.",
            ) from error
        finally:
            part.unlink(missing_ok=True)
        return BundleReport(
            file=str(self._path),
            collection=self._collection.name,
            documents=self._documents,
            passages=self._passages,
            files=self._files,
            left_out=tuple(self._left_out),
            bytes=self._path.stat().st_size,
            notes=self._notes(),
        )

    def _fill(self, archive: zipfile.ZipFile, documents: Iterable[Portable], versions: Mapping[str, str]) -> None:
        files: list[_File] = []
        with tempfile.TemporaryFile(dir=self._path.parent) as rows, tempfile.TemporaryFile() as places:
            with self._member(archive, form.TEXTS) as texts:
                for document in documents:
                    self._ctx.progress(self._documents, self._collection.documents or None, document.name)
                    self._documents += 1
                    texts.write(form.line({"document": self._documents, "text": document.text}))
                    rows.write(form.line(self._row(document)))
                    places.writelines(form.line(_place(self._documents, place)) for place in document.places)
                    self._passages += len(document.places)
                    self._characters += len(document.text)
                    if self._with_files:
                        files.append(_File(document.name, document.path, document.sha256))
            for name, spool in ((form.DOCUMENTS, rows), (form.PASSAGES, places)):
                spool.seek(0)
                with self._member(archive, name) as out:
                    while step := spool.read(_STEP):
                        out.write(step)
        policy = {name: getattr(self._collection, name) for name in _POLICY}
        with self._member(archive, form.COLLECTION) as out:
            out.write(_json({"name": self._collection.name, "policy": policy}))
        for number, file in enumerate(files, 1):
            self._copy(archive, number, file)
        with archive.open(_info(form.MANIFEST), "w") as out:
            out.write(_json(self._manifest(versions)))

    def _row(self, document: Portable) -> dict[str, object]:
        return {
            "document": self._documents,
            "name": document.name,
            "format": document.format,
            "size": document.size,
            "changed_ns": document.mtime_ns,
            "sha256": document.sha256,
            "characters": len(document.text),
            "text_sha256": hashlib.sha256(document.text.encode()).hexdigest(),
            "passages": len(document.places),
            "pages": document.pages,
        }

    def _copy(self, archive: zipfile.ZipFile, number: int, file: _File) -> None:
        """The original file, when it is still the one that was indexed."""
        with contextlib.ExitStack() as stack:
            try:
                source = stack.enter_context(open(os.fsencode(file.path), "rb"))
                found = hashlib.file_digest(source, "sha256").hexdigest()
            except OSError as error:
                self._left_out.append(f"{file.name}: the file cannot be read: {error.strerror or error}.")
                return
            if found != file.sha256:
                self._left_out.append(f"{file.name}: the file changed since it was indexed.")
                return
            source.seek(0)
            with self._member(archive, f"{form.FILES}{number}") as out:
                while step := source.read(_STEP):
                    self._ctx.check()
                    out.write(step)
        if self._members[-1]["sha256"] != file.sha256:
            raise ForgeError(f"{file.name} was changed while it was copied.", hint="Try again.")
        self._files += 1

    @contextlib.contextmanager
    def _member(self, archive: zipfile.ZipFile, name: str) -> Iterator[_Hashed]:
        with archive.open(_info(name), "w", force_zip64=True) as stream:
            out = _Hashed(stream)
            yield out
        self._members.append({"name": name, "bytes": out.bytes, "sha256": out.digest.hexdigest()})

    def _manifest(self, versions: Mapping[str, str]) -> dict[str, object]:
        return {
            "format": form.FORMAT,
            "format_version": form.FORMAT_VERSION,
            "contains": self._contains(),
            "made": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "forge_desktop": __version__,
            "index": dict(versions),
            "collection": self._collection.name,
            "documents": self._documents,
            "passages": self._passages,
            "characters": self._characters,
            "files": self._files,
            "members": self._members,
        }

    def _contains(self) -> str:
        files = f" and {self._files:,} of the original files" if self._files else ""
        what = f"The names and full texts of {self._documents:,} documents{files}"
        return f"{what}, readable for everybody who has this file"

    def _notes(self) -> tuple[str, ...]:
        notes = [f"{self._contains()}. No path above the collection's folders is in it."]
        if self._collection.never_send:
            notes.append(
                f"{self._collection.name} is never sent to a teacher. The mark goes with the bundle, but nothing keeps"
                " the people you give it to from taking it off."
            )
        return tuple(notes)


class _File(NamedTuple):
    """An original file: what it is called in the bundle, where it lies, the hash of what was indexed."""

    name: str
    path: str
    sha256: str


class _Hashed:
    """A member being written, counted and hashed."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.digest = hashlib.sha256()
        self.bytes = 0

    def write(self, data: bytes) -> None:
        self._stream.write(data)
        self.digest.update(data)
        self.bytes += len(data)


def _place(document: int, place: tuple[object, ...]) -> dict[str, object]:
    names = ("start", "end", "page", "heading", "first_line", "last_line")
    return {"document": document, **dict(zip(names, place, strict=True))}


def _info(name: str) -> zipfile.ZipInfo:
    """Without the time of writing, and readable by its owner only when it is unpacked."""
    info = zipfile.ZipInfo(name)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o100600 << 16
    return info


def _json(value: object) -> bytes:
    return json.dumps(value, indent=2, ensure_ascii=False).encode() + b"\n"


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)  # a bundle holds whole documents
