"""The vector side of a search: sign bits of every passage, then the exact cosine of the nearest few hundred."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from forge_desktop.corpus.retrieval import store
from forge_desktop.corpus.retrieval.embedder import DIMENSIONS, Vectors
from forge_desktop.corpus.retrieval.snapshot import Snapshot

_RESCORED = 400


def nearest(connection: sqlite3.Connection, snapshot: Snapshot, query: Vectors) -> list[int]:
    """Ids of the living passages whose sign bits are nearest to the question's; ties go to the lowest id."""
    planes = _planes(query)
    far, ids = [], []
    for segment in snapshot.segments:
        signs = segment.signs(connection)
        distance = np.zeros(segment.row.passages, np.uint16)
        for bits, mask in planes:
            for word in range(store.SIGN_WORDS):
                if mask[word]:
                    distance += np.bitwise_count((signs[word] ^ bits[word]) & mask[word])
        keep = slice(None) if segment.alive is None else segment.alive
        far.append(distance[keep])
        ids.append(segment.ids[keep])
    distance, passage = np.concatenate(far), np.concatenate(ids)
    if len(passage) > _RESCORED:
        limit = np.partition(distance, _RESCORED)[_RESCORED]
        near = np.flatnonzero(distance <= limit)
        order = np.lexsort((passage[near], distance[near]))[:_RESCORED]
        passage = passage[near[order]]
    found: list[int] = passage.tolist()
    return found


def cosines(connection: sqlite3.Connection, query: Vectors, ids: Sequence[int]) -> dict[int, float]:
    """The cosine of each passage's vector with the question's. Products of int8 are whole in float32: exact."""
    bodies = store.vectors_of(connection, ids)
    kept = [passage for passage in ids if len(bodies.get(passage, b"")) == DIMENSIONS]
    if not kept:
        return {}
    rows = (
        np.frombuffer(b"".join(bodies[passage] for passage in kept), np.int8).reshape(-1, DIMENSIONS).astype(np.float32)
    )
    dots = (rows @ query.astype(np.float32)).astype(np.float64)
    squares = np.einsum("ij,ij->i", rows, rows).astype(np.float64) * float(np.square(query.astype(np.int64)).sum())
    values = np.divide(dots, np.sqrt(squares), out=np.zeros(len(kept)), where=squares > 0)
    return dict(zip(kept, values.tolist(), strict=True))


def _planes(query: Vectors) -> list[tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]]:
    """The question's sign bits and masks that count its strongest dimensions twice or three times, zeros never."""
    size = np.abs(query.astype(np.int16))
    bits = _packed(query > 0)
    steps = [size > 0, size > 21, size > 42, size > 85]
    return [(bits, _packed(step)) for step in steps]


def _packed(flags: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint64]:
    return np.packbits(flags, bitorder="little").view("<u8")
