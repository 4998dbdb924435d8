"""Office files: a ZIP of XML parts, read member by member under caps; never unpacked to disk."""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import Any

from forge_desktop.corpus.parsers import Unreadable

_MEMBERS = 10_000
_MEMBER_BYTES = 100_000_000
_TOTAL_BYTES = 500_000_000
_RATIO = 200
_RATIO_FROM = 1_000_000  # small parts may be as repetitive as they like
_STEP = 1 << 20
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


class OfficeFile:
    """The parts of one office file. Raises Unreadable for anything that is not a sound, modest archive."""

    def __init__(self, data: bytes, kind: str) -> None:
        self._kind = kind
        self._total = 0
        if data.startswith(_OLE):
            if "EncryptedPackage".encode("utf-16-le") in data:
                raise Unreadable(f"The {kind} file is protected by a password.")
            raise Unreadable(f"The file is of an older format, not {kind}: save it anew in a current program.")
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, ValueError, OverflowError, NotImplementedError) as error:
            raise Unreadable(f"The {kind} file is damaged: it cannot be opened.") from error
        if len(self._archive.namelist()) > _MEMBERS:
            raise Unreadable(f"The {kind} file holds more than {_MEMBERS:,} parts, so it is not read.")

    def has(self, name: str) -> bool:
        """Whether there is a part of this name."""
        return name in self._archive.NameToInfo

    def read(self, name: str) -> bytes:
        """One part's bytes, counted while they are unpacked: declared sizes are not believed."""
        info = self._archive.NameToInfo.get(name)
        if info is None:
            raise Unreadable(f"The {self._kind} file is damaged: its part {name} is missing.")
        if info.flag_bits & 1:
            raise Unreadable(f"The {self._kind} file is protected by a password.")
        out = io.BytesIO()
        try:
            with self._archive.open(info) as part:
                while step := part.read(_STEP):
                    out.write(step)
                    self._count(len(step), out.tell(), info.compress_size)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
            raise Unreadable(f"The {self._kind} file is damaged: its part {name} cannot be unpacked.") from error
        return out.getvalue()

    def xml(self, name: str) -> Any:
        """One part as an lxml element. A document type declaration, which no office program writes, is refused."""
        import lxml.etree

        parser = lxml.etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
        )
        try:
            root = lxml.etree.fromstring(self.read(name), parser)
        except lxml.etree.XMLSyntaxError as error:
            if getattr(error, "code", None) == lxml.etree.ErrorTypes.ERR_NO_MEMORY:
                raise MemoryError from error
            raise Unreadable(f"The {self._kind} file is damaged: its part {name} is not sound XML.") from error
        if root.getroottree().docinfo.internalDTD is not None:
            raise Unreadable(f"The {self._kind} file declares a document type, so it is not read.")
        return root

    def _count(self, step: int, size: int, packed: int) -> None:
        self._total += step
        if size > _MEMBER_BYTES or self._total > _TOTAL_BYTES:
            raise Unreadable(
                f"The {self._kind} file unpacks to more than {_MEMBER_BYTES // 10**6} MB, so it is not read."
            )
        if size > _RATIO_FROM and size > _RATIO * max(packed, 1):
            raise Unreadable(f"The {self._kind} file unpacks to more than {_RATIO} times its size, so it is not read.")
