"""The files in a ZIP file that anybody may have made: nothing in it is believed before it was checked."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from forge_desktop.archive.bundle_rows import Wrong
from forge_desktop.base.errors import ForgeError

STEP = 1 << 20
_MEMBERS = 500_000
_SMALL = 64_000_000  # bytes of what is read whole
_LINE = 1_000_000_000  # bytes: a document's text
_RATIO = 300
_RATIO_FROM = 100_000_000  # bytes; what unpacks to less may be as repetitive as it likes
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class Members:
    """An opened ZIP file. Used as a context. `belongs` tells which names may be in it, `required` which have to be;
    `anew` is the hint of what is not sound. Raises ForgeError, one sentence.
    """

    def __init__(
        self, path: Path, room: Path, *, belongs: Callable[[str], bool], required: frozenset[str], anew: str
    ) -> None:
        self._path, self._anew = path, anew
        self._belongs, self._required = belongs, required
        self._hashes: Mapping[str, str] = {}
        with contextlib.ExitStack() as opened, self.worded():
            if not stat.S_ISREG((found := path.stat()).st_mode):
                raise Wrong("it is no ordinary file")
            if not found.st_size:
                raise ForgeError(f"{path} is damaged: the bundle is empty.", hint=anew)
            self._archive = opened.enter_context(zipfile.ZipFile(path))
            self.infos = self._checked(room)
            self._opened = opened.pop_all()

    def close(self) -> None:
        """Close the file."""
        self._opened.close()

    def hold_against(self, listed: Sequence[Mapping[str, Any]], *, but: str) -> None:
        """Believe the names, sizes and hashes of a manifest, which is `but` among the files. Raises Wrong."""
        names = [entry["name"] for entry in listed]
        if sorted(names) != sorted(self.infos.keys() - {but}):
            raise Wrong("its manifest lists other files than it holds")
        if any(entry["bytes"] != self.infos[entry["name"]].file_size for entry in listed):
            raise Wrong("its manifest tells other sizes than its files have")
        self._hashes = {entry["name"]: entry["sha256"] for entry in listed}

    def sha256(self, name: str) -> str:
        """The hash that the manifest tells."""
        return self._hashes[name]

    def open(self, name: str) -> Member:
        """A file to be read; its hash is compared at its end, once there is a manifest."""
        return Member(self._archive, self.infos[name], self._hashes.get(name))

    def whole(self, name: str) -> object:
        """What a small JSON file says."""
        info = self.infos[name]
        if info.file_size > _SMALL:
            raise Wrong(f"its {name} is larger than {_SMALL // 10**6} MB")
        with self.open(name) as member:
            body = b"".join(iter(lambda: member.read(STEP), b""))
        return json.loads(body)

    @contextlib.contextmanager
    def worded(self) -> Iterator[None]:
        """Whatever is wrong with the file, in a sentence."""
        try:
            yield
        except Wrong as wrong:
            raise ForgeError(f"{self._path} cannot be imported: {wrong}.", hint=self._anew) from wrong
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OverflowError) as error:
            raise ForgeError(f"{self._path} is damaged: {_plainly(error)}.", hint=self._anew) from error
        except (ValueError, RecursionError, KeyError) as error:  # JSON, encodings, numbers out of range
            sentence = f"{self._path} is damaged: a part of it is no valid JSON."
            raise ForgeError(sentence, hint=self._anew) from error
        except OSError as error:
            raise ForgeError(f"{self._path} cannot be read: {error.strerror or error}.") from error

    def _checked(self, room: Path) -> dict[str, zipfile.ZipInfo]:
        infos = self._archive.infolist()
        if len(infos) > _MEMBERS:
            raise Wrong(f"it holds more than {_MEMBERS:,} files")
        found: dict[str, zipfile.ZipInfo] = {}
        for info in infos:
            name, kind = info.orig_filename, stat.S_IFMT(info.external_attr >> 16)
            if not self._belongs(name):
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
        if missing := self._required - found.keys():
            raise Wrong(f"it has no {min(missing)}")
        _check_sizes(found, room)
        return found


def _plainly(error: Exception) -> str:
    """What a reader of ZIP files said; that it found no list of files is all it says of a file that ends too early."""
    if "not a zip file" in str(error):
        return "the bundle is cut off, or it is no bundle at all"
    return str(error)


def _check_sizes(infos: Mapping[str, zipfile.ZipInfo], room: Path) -> None:
    for info in infos.values():
        if info.file_size > max(_RATIO_FROM, _RATIO * info.compress_size):
            raise Wrong(f"{info.filename} unpacks to more than {_RATIO} times its size")
    total, free = sum(info.file_size for info in infos.values()), shutil.disk_usage(room).free
    if total > free:
        raise Wrong(f"it unpacks to {total / 1e6:,.0f} MB, and the disk has {free / 1e6:,.0f} MB left")


class Member:
    """A member being read: never more than it declares, and its hash compared at its end."""

    def __init__(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo, sha256: str | None) -> None:
        self._stream, self._info, self._sha256 = archive.open(info), info, sha256
        self._digest = hashlib.sha256()
        self._left = info.file_size

    def __enter__(self) -> Member:
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
