"""Reads a bundle that anybody may have made: nothing in it is believed before it was checked."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from forge_desktop.archive import bundle_format as form
from forge_desktop.archive.bundle_members import STEP, Member, Members
from forge_desktop.archive.bundle_rows import Wrong, collection_of, document_of, manifest_of, place_of
from forge_desktop.corpus import Portable, PortableCollection

_FIXED = frozenset((form.MANIFEST, form.COLLECTION, form.DOCUMENTS, form.TEXTS, form.PASSAGES))
_FILE = re.compile(r"files/[1-9]\d{0,8}")
_ANEW = "Have it written again by `forge-desktop export --collection`."


class Bundle:
    """An opened bundle. Used as a context. Raises ForgeError, one sentence, for anything that is not sound."""

    def __init__(self, path: Path, room: Path) -> None:
        self._members = Members(path, room, belongs=_belongs, required=_FIXED, anew=_ANEW)
        with contextlib.ExitStack() as opened, self._members.worded():
            opened.callback(self._members.close)
            self._manifest = manifest_of(self._members.whole(form.MANIFEST))
            self._members.hold_against(self._manifest["members"], but=form.MANIFEST)
            opened.pop_all()

    def __enter__(self) -> Bundle:
        return self

    def __exit__(self, *error: object) -> None:
        self._members.close()

    @property
    def collection(self) -> PortableCollection:
        """The collection's name and policy."""
        with self._members.worded():
            return collection_of(self._members.whole(form.COLLECTION))

    def check(self, progress: Callable[[float, float], None]) -> None:
        """Read everything once: hashes, sizes, every row. `progress` hears bytes done and in total, and may raise."""
        done, total = 0.0, float(sum(info.file_size for info in self._members.infos.values()))
        names = [name for name in self._members.infos if name.startswith(form.FILES) or name == form.COLLECTION]
        for name in names:
            with self._members.worded(), self._members.open(name) as member:
                while step := member.read(STEP):
                    done += len(step)
                    progress(done, total)
        for document in self.documents():
            done += len(document.text)
            progress(min(done, total), total)

    def documents(self) -> Iterator[Portable]:
        """Every document in order, checked; hashes and totals are compared at the end."""
        passages = 0
        number = 0
        with contextlib.ExitStack() as stack, self._members.worded():
            rows, texts, places = (
                _rows(stack.enter_context(self._members.open(name)))
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
        if name not in self._members.infos:
            return None

        def copy(out: IO[bytes]) -> None:
            with self._members.worded(), self._members.open(name) as member:
                while step := member.read(STEP):
                    out.write(step)

        return copy


def _belongs(name: str) -> bool:
    return name in _FIXED or _FILE.fullmatch(name) is not None


def _rows(member: Member) -> Iterator[dict[str, Any]]:
    while found := member.readline():
        row = json.loads(found)
        if not isinstance(row, dict):
            raise Wrong("a line is no object")
        yield row
