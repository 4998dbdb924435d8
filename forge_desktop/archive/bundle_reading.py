"""Reads a bundle that anybody may have made: nothing in it is believed before it was checked."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from forge_desktop.archive import bundle_format as form
from forge_desktop.archive.bundle_rows import Wrong, collection_of, document_of, manifest_of, place_of
from forge_desktop.base.errors import ForgeError
from forge_desktop.corpus import Portable, PortableCollection

_STEP = 1 << 20
_MEMBERS = 500_000
_SMALL = 64_000_000  # bytes of the manifest, and of the collection
_LINE = 1_000_000_000  # bytes: a document's text
_RATIO = 300
_RATIO_FROM = 100_000_000  # bytes; what unpacks to less may be as repetitive as it likes
_FILE = re.compile(r"files/[1-9]\d{0,8}")
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ANEW = "Have it written again by `forge-desktop export --collection`."


class Bundle:
    """An opened bundle. Used as a context. Raises ForgeError, one sentence, for anything that is not sound."""

    def __init__(self, path: Path, room: Path) -> None:
        self._path = path
        with contextlib.ExitStack() as opened, self._worded():
            if not stat.S_ISREG(path.stat().st_mode):
                raise Wrong("it is no ordinary file")
            self._archive = opened.enter_context(zipfile.ZipFile(path))
            self._infos = self._checked_members(room)
            self._manifest = manifest_of(self._whole(form.MANIFEST))
            self._check_listing()
            self._opened = opened.pop_all()

    def __enter__(self) -> Bundle:
        return self

    def __exit__(self, *error: object) -> None:
        self._opened.close()

    @property
    def collection(self) -> PortableCollection:
        """The collection's name and policy."""
        with self._worded():
            return collection_of(self._whole(form.COLLECTION, self._listed(form.COLLECTION)))

    def check(self, progress: Callable[[float, float], None]) -> None:
        """Read everything once: hashes, sizes, every row. `progress` hears bytes done and in total, and may raise."""
        done, total = 0.0, float(sum(info.file_size for info in self._infos.values()))
        names = [name for name in self._infos if name.startswith(form.FILES) or name == form.COLLECTION]
        for name in names:
            with self._worded(), _Member(self._archive, self._infos[name], self._listed(name)) as member:
                while step := member.read(_STEP):
                    done += len(step)
                    progress(done, total)
        for document in self.documents():
            done += len(document.text)
            progress(min(done, total), total)

    def documents(self) -> Iterator[Portable]:
        """Every document in order, checked; hashes and totals are compared at the end."""
        passages = 0
        number = 0
        with contextlib.ExitStack() as stack, self._worded():
            rows, texts, places = (
                _rows(stack.enter_context(_Member(self._archive, self._infos[name], self._listed(name))))
                for name in (form.DOCUMENTS, form.TEXTS, form.PASSAGES)
            )
            for number, row in enumerate(rows, 1):
                text = next(texts, {})
                count = row.get("passages")
                spans = [place_of(next(places, {}), number) for _ in range(count if type(count) is int else 0)]
                passages += len(spans)
                yield document_of(row, text, spans, number, self._copier(number))
            if next(texts, None) is not None or next(places, None) is not None:
                raise Wrong("it holds more texts or passages than documents")
            if (number, passages) != (self._manifest["documents"], self._manifest["passages"]):
                raise Wrong("its manifest counts other documents than it holds")

    def _copier(self, number: int) -> Callable[[IO[bytes]], None] | None:
        name = f"{form.FILES}{number}"
        if name not in self._infos:
            return None

        def copy(out: IO[bytes]) -> None:
            with self._worded(), _Member(self._archive, self._infos[name], self._listed(name)) as member:
                while step := member.read(_STEP):
                    out.write(step)

        return copy

    # ---- members ----

    def _checked_members(self, room: Path) -> dict[str, zipfile.ZipInfo]:
        infos = self._archive.infolist()
        if len(infos) > _MEMBERS:
            raise Wrong(f"it holds more than {_MEMBERS:,} files")
        found: dict[str, zipfile.ZipInfo] = {}
        for info in infos:
            name, kind = info.orig_filename, stat.S_IFMT(info.external_attr >> 16)
            if name not in _FIXED and not _FILE.fullmatch(name):
                raise Wrong(f"{name[:80]!r} does not belong into it")
            if name in found:
                raise Wrong(f"it holds {name} twice")
            if kind not in (0, stat.S_IFREG):
                raise Wrong(f"{name} is a link or no file")
            if info.flag_bits & 1:
                raise Wrong("it is protected by a password")
            if info.compress_type not in _METHODS:
                raise Wrong(f"{name} is packed in an unknown way")
            found[name] = info
        if missing := _FIXED - found.keys():
            raise Wrong(f"it has no {min(missing)}")
        self._check_sizes(found, room)
        return found

    @staticmethod
    def _check_sizes(infos: Mapping[str, zipfile.ZipInfo], room: Path) -> None:
        for info in infos.values():
            if info.file_size > max(_RATIO_FROM, _RATIO * info.compress_size):
                raise Wrong(f"{info.filename} unpacks to more than {_RATIO} times its size")
        total, free = sum(info.file_size for info in infos.values()), shutil.disk_usage(room).free
        if total > free:
            raise Wrong(f"it unpacks to {total / 1e6:,.0f} MB, and the disk has {free / 1e6:,.0f} MB left")

    def _check_listing(self) -> None:
        listed = self._manifest["members"]
        names = [entry["name"] for entry in listed]
        if sorted(names) != sorted(self._infos.keys() - {form.MANIFEST}):
            raise Wrong("its manifest lists other files than it holds")
        if any(entry["bytes"] != self._infos[entry["name"]].file_size for entry in listed):
            raise Wrong("its manifest tells other sizes than its files have")
        self._hashes = {entry["name"]: entry["sha256"] for entry in listed}

    def _listed(self, name: str) -> str:
        found: str = self._hashes[name]
        return found

    def _whole(self, name: str, sha256: str | None = None) -> object:
        info = self._infos[name]
        if info.file_size > _SMALL:
            raise Wrong(f"its {name} is larger than {_SMALL // 10**6} MB")
        with _Member(self._archive, info, sha256) as member:
            body = b"".join(iter(lambda: member.read(_STEP), b""))
        return json.loads(body)

    @contextlib.contextmanager
    def _worded(self) -> Iterator[None]:
        try:
            yield
        except Wrong as wrong:
            raise ForgeError(f"{self._path} cannot be imported: {wrong}.", hint=_ANEW) from wrong
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OverflowError) as error:
            raise ForgeError(f"{self._path} is no sound bundle: {error}.", hint=_ANEW) from error
        except (ValueError, RecursionError, KeyError) as error:  # JSON, encodings, numbers out of range
            raise ForgeError(f"{self._path} is no sound bundle: a part of it is no valid JSON.", hint=_ANEW) from error
        except OSError as error:
            raise ForgeError(f"{self._path} cannot be read: {error.strerror or error}.") from error


_FIXED = frozenset((form.MANIFEST, form.COLLECTION, form.DOCUMENTS, form.TEXTS, form.PASSAGES))


class _Member:
    """A member being read: never more than it declares, and its hash compared at its end."""

    def __init__(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo, sha256: str | None) -> None:
        self._stream, self._info, self._sha256 = archive.open(info), info, sha256
        self._digest = hashlib.sha256()
        self._left = info.file_size

    def __enter__(self) -> _Member:
        return self

    def __exit__(self, *error: object) -> None:
        self._stream.close()

    def read(self, size: int) -> bytes:
        """Up to `size` bytes, none at the end."""
        return self._taken(self._stream.read(size))

    def readline(self) -> bytes:
        """The next line with its end, nothing at the end. Raises Wrong for one that is too long."""
        found = self._taken(self._stream.readline(_LINE))
        if len(found) >= _LINE:
            raise Wrong(f"{self._info.filename} holds a line of more than {_LINE // 10**6:,} MB")
        return found

    def _taken(self, data: bytes) -> bytes:
        self._digest.update(data)
        self._left -= len(data)
        if self._left < 0 or (not data and self._left):
            raise Wrong(f"{self._info.filename} does not have the size it declares")
        if not data and self._sha256 is not None and self._digest.hexdigest() != self._sha256:
            raise Wrong(f"{self._info.filename} does not have the hash that the manifest tells")
        return data


def _rows(member: _Member) -> Iterator[dict[str, Any]]:
    while found := member.readline():
        row = json.loads(found)
        if not isinstance(row, dict):
            raise Wrong("a line is no object")
        yield row
