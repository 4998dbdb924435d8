"""Frozen versions of the accepted pairs: their bytes never change."""

from __future__ import annotations

import hashlib
import time
import uuid
import zlib

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import Events
from forge_desktop.distill.pair_lines import to_line
from forge_desktop.distill.pairs import Pairs
from forge_desktop.distill.records import Dataset
from forge_desktop.distill.store_datasets import DatasetStore
from forge_desktop.storage import Database


class Datasets:
    """Named, numbered, counted, with the sha256 of their lines."""

    def __init__(self, db: Database, events: Events, pairs: Pairs) -> None:
        self._db, self._events, self._pairs = db, events, pairs
        self._store = DatasetStore(db)

    def all(self) -> list[Dataset]:
        """All versions, by name and number."""
        return self._store.all()

    def get(self, name: str) -> Dataset:
        """A version by its uid, as "name v2", or the newest of a name. Raises ForgeError when there is none."""
        start, mark, number = name.rpartition(" v")
        found = self._store.find(name, None)
        if found is None and mark and number.isdecimal():
            found = self._store.find(start, int(number))
        if found is None:
            raise ForgeError(
                f"There is no dataset called {name}.",
                hint="Look at the list of datasets again.",
                commands=["distill dataset list"],
            )
        return found

    def freeze(self, name: str, note: str = "") -> Dataset:
        """Freeze the accepted pairs as the next version of this name; for a thread that may wait.

        Raises ForgeError when there is no accepted pair. The same pairs in the same order give the same sha256.
        """
        name = " ".join(name.split())
        if not name or len(name) > 200:
            raise ForgeError("A dataset needs a name of at most 200 characters.")
        digest, packer, packed = hashlib.sha256(), zlib.compressobj(1), bytearray()
        pairs: list[tuple[str, frozenset[str]]] = []
        kinds = {"TRAIN_PAIR": 0, "REPAIR_PAIR": 0}
        documents: set[str] = set()
        with self._db.snapshot():  # one state of the data, whatever a run stores meanwhile
            for pair in self._pairs.iterate():
                line = to_line(pair)
                digest.update(line)
                packed += packer.compress(line)
                rests_on = frozenset(one.document_sha256 for one in pair.evidence if one.document_sha256)
                pairs.append((pair.uid, rests_on))
                kinds[pair.kind] += 1
                documents |= rests_on
        packed += packer.flush()
        if not pairs:
            raise ForgeError("There is no accepted pair to freeze.", hint="Run the queue, or accept pairs by hand.")
        with self._db.write() as connection:
            made = Dataset(
                uid=uuid.uuid4().hex,
                name=name,
                version=self._store.latest(name) + 1,
                sha256=digest.hexdigest(),
                pairs=len(pairs),
                train_pairs=kinds["TRAIN_PAIR"],
                repair_pairs=kinds["REPAIR_PAIR"],
                documents=len(documents),
                created=time.time(),
                note=note,
            )
            self._store.put(connection, made, bytes(packed), pairs)
        self._events.changed("datasets")
        return made

    def lines(self, uid: str) -> bytes:
        """The JSON Lines as they were frozen. Raises ForgeError when they are damaged."""
        made = self.get(uid)
        try:
            body = zlib.decompress(self._store.packed(made.uid))
        except zlib.error:
            body = b""
        if hashlib.sha256(body).hexdigest() != made.sha256:
            raise ForgeError(
                f"The dataset {made.name} v{made.version} is damaged: its lines are not those that were frozen.",
                hint="Freeze the pairs anew; do not train on this version.",
            )
        return body

    def pairs(self, uid: str) -> list[str]:
        """Uids of the pairs in a version, in order."""
        return self._store.pairs(self.get(uid).uid)

    def documents(self, uid: str) -> list[tuple[str, int]]:
        """The documents that a version's pairs rest on, by sha256, with how many do; most first."""
        return self._store.documents(self.get(uid).uid)

    def holding(self, document_sha256: str) -> list[Dataset]:
        """The versions that hold a pair that rests on a document."""
        return self._store.holding(document_sha256)

    def remove(self, uid: str) -> None:
        """Remove a version."""
        made = self.get(uid)
        with self._db.write() as connection:
            self._store.delete(connection, made.uid)
        self._events.changed("datasets")
