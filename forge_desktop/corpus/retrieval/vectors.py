"""The vector side of a search: sign bits of every passage, then the exact cosine of the nearest few hundred."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from forge_desktop.corpus.retrieval import store
from forge_desktop.corpus.retrieval.embedder import DIMENSIONS, Vectors, rotated
from forge_desktop.corpus.retrieval.snapshot import Snapshot

Words = npt.NDArray[np.uint64]

_RESCORED = 400
_LEAST_ALIKE = 0.1  # the cosine of unrelated texts strays about 0.044 from zero in 512 dimensions
_PLANES = 2  # bits of the question's magnitudes; with them 400 hold nine in ten of 100,000 passages' true best ten
_WORDS_AT_ONCE = 3  # of 64 bits, so that their count fits in a byte


def nearest(
    connection: sqlite3.Connection, snapshot: Snapshot, query: Vectors, masks: Sequence[npt.NDArray[np.bool_] | None]
) -> list[int]:
    """Ids of the passages left by the masks whose sign bits are nearest to the question's; ties go to the lowest id."""
    turned = rotated(query[None])[:, 0]
    sides = _packed(turned > 0)
    size = np.rint(np.abs(turned) * ((1 << _PLANES) - 1) / np.abs(turned).max()).astype(np.uint8)
    planes = [_packed((size >> plane & 1).astype(np.bool_)) for plane in range(_PLANES)]
    far, ids = [], []
    for segment, allowed in zip(snapshot.segments, masks, strict=True):
        distance = _distance(segment.signs(connection), sides, planes)
        far.append(distance if allowed is None else distance[allowed])
        ids.append(segment.body.ids.all() if allowed is None else segment.body.ids.of(np.flatnonzero(allowed)))
    distance, passage = np.concatenate(far), np.concatenate(ids)
    if len(passage) > _RESCORED:
        limit = np.partition(distance, _RESCORED)[_RESCORED]
        near = np.flatnonzero(distance <= limit)
        order = np.lexsort((passage[near], distance[near]))[:_RESCORED]
        passage = passage[near[order]]
    found: list[int] = passage.tolist()
    return found


def best(cosines: Mapping[int, float], pool: int) -> list[int]:
    """The passages most alike, best first; ties go to the lowest id. What is hardly more alike than chance is none."""
    alike = [passage for passage, value in cosines.items() if value >= _LEAST_ALIKE]
    return sorted(alike, key=lambda passage: (-cosines[passage], passage))[:pool]


def _distance(signs: Words, sides: Words, masks: Sequence[Words]) -> npt.NDArray[np.uint16]:
    """Where signs differ from the question's, each dimension counted by its magnitude there."""
    total = np.zeros(signs.shape[1], np.uint16)
    differ, counted, bits = np.empty(signs.shape[1], np.uint64), np.empty(signs.shape[1], np.uint64), None
    for plane, mask in enumerate(masks):
        for low in range(0, len(signs), _WORDS_AT_ONCE):
            count = np.zeros(signs.shape[1], np.uint8)
            for word in range(low, min(low + _WORDS_AT_ONCE, len(signs))):
                np.bitwise_xor(signs[word], sides[word], out=differ)
                np.bitwise_and(differ, mask[word], out=counted)
                bits = np.bitwise_count(counted, out=bits)
                count += bits
            total += count.astype(np.uint16) << plane
    return total


def cosines(connection: sqlite3.Connection, query: Vectors, ids: Sequence[int]) -> dict[int, float]:
    """The cosine of each passage's vector with the question's. Products of int8 are whole in float32: exact."""
    found = store.vectors_of(connection, ids)
    bodies = {passage: body for passage, body in found.items() if len(body) == DIMENSIONS}
    if not bodies:
        return {}
    rows = np.frombuffer(b"".join(bodies.values()), np.int8).reshape(-1, DIMENSIONS).astype(np.float32)
    dots = np.einsum("ij,j->i", rows, query.astype(np.float32)).astype(np.float64)
    squares = np.einsum("ij,ij->i", rows, rows).astype(np.float64) * float(np.square(query.astype(np.int64)).sum())
    values = np.divide(dots, np.sqrt(squares), out=np.zeros(len(rows)), where=squares > 0)
    return dict(zip(bodies, values.tolist(), strict=True))


def _packed(flags: npt.NDArray[np.bool_]) -> Words:
    return np.packbits(flags, bitorder="little").view("<u8")
