"""Finds the pairs that say the same as a new one: by their hash, by MinHash, by the app's own vectors."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from forge_desktop.corpus import texts
from forge_desktop.distill import minhash
from forge_desktop.distill.minhash import Buckets

_PART = 0.5  # of its runs that question and answer must share each: one may not make up for the other
_PART_COSINE = 0.85
_BITS = 110  # of 512 that may differ at a cosine worth looking at: at 0.93 it is 62, give or take 7
_NEAREST = 24  # looked at exactly


class Twin(NamedTuple):
    """How far two pairs say the same, 0 to 1, and by what it was found: "exact", "MinHash" or "cosine"."""

    similarity: float
    method: str


@dataclass(frozen=True)
class Lesson:
    """What is compared of a pair. `documents` are those that it cites."""

    prompt: str
    final: str
    documents: frozenset[str] = frozenset()

    @property
    def text(self) -> str:
        """Both in one, as it is signed and embedded."""
        return f"{self.prompt}\n{self.final}"


class Thresholds(NamedTuple):
    """From where on two texts are one."""

    share: float
    cosine: float


def twin(one: Lesson, other: Lesson, limits: Thresholds) -> Twin | None:
    """Whether two pairs are one. Those that name different numbers never are, nor are those that only ask the same
    of different documents."""
    prompts_same = minhash.normalised(one.prompt) == minhash.normalised(other.prompt)
    if prompts_same and minhash.normalised(one.final) == minhash.normalised(other.final):
        return Twin(1.0, "exact")
    about_one = not one.documents or not other.documents or bool(one.documents & other.documents)
    if prompts_same and about_one:
        return Twin(minhash.shared(one.text, other.text), "exact question")
    for part in ("prompt", "final"):
        if minhash.numbers([getattr(one, part)]) != minhash.numbers([getattr(other, part)]):
            return None
    share = minhash.shared(one.text, other.text)
    parts = [minhash.shared(one.prompt, other.prompt), minhash.shared(one.final, other.final)]
    if share >= limits.share and min(parts) >= _PART:
        return Twin(share, "MinHash")
    rows = texts.vectors([one.text, one.prompt, one.final, other.text, other.prompt, other.final])
    whole, *each = (float(texts.cosines(rows[n], rows[n + 3 : n + 4])[0]) for n in range(3))
    if whole >= limits.cosine and min(each) >= _PART_COSINE:
        return Twin(whole, "cosine")
    return None


class Neighbours:
    """Every pair by its signature and the sign bits of its vector, in memory: 95 bytes and 128 numbers a pair.

    What it finds are candidates: a pair may have been removed or changed since, which `twin` on the stored texts tells.
    Filled from the table when first asked. Safe from several threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._uids: list[str] | None = None
        self._early: list[tuple[str, bytes, bytes]] = []  # stored before it was filled, perhaps not yet committed
        self._buckets = Buckets()
        self._bits = np.empty((8, 0), np.uint64)  # a row for each word of 64 bits: long rows are added up fast

    @property
    def is_filled(self) -> bool:
        """Whether it knows the stored pairs."""
        return self._uids is not None

    def fill(self, rows: Iterable[tuple[str, bytes, bytes]]) -> None:
        """Take in the stored pairs: uid, signature, vector."""
        with self._lock:
            if self._uids is not None:
                return
            self._uids = []
            part: list[tuple[str, bytes, bytes]] = []
            for row in rows:
                part.append(row)
                if len(part) == 4096:
                    self._extend(part)
                    part = []
            self._extend([*part, *self._early])
            self._early = []

    def add(self, uid: str, signature: bytes, vector: bytes) -> None:
        """Take in a pair."""
        with self._lock:
            if self._uids is None:
                self._early.append((uid, signature, vector))
            else:
                self._extend([(uid, signature, vector)])

    def near(self, signature: minhash.Signature, vector: npt.NDArray[np.int8]) -> list[str]:
        """Uids that are worth a closer look, those that came first first."""
        with self._lock:
            assert self._uids is not None, "filled first"
            found = set(self._buckets.near(signature))
            if self._uids and vector.any():
                apart = np.zeros(len(self._uids), np.uint16)
                for row, word in zip(self._bits, texts.sign_bits(vector[None])[0], strict=True):
                    apart += np.bitwise_count(row[: len(apart)] ^ word)
                close = np.flatnonzero(apart <= _BITS)
                if len(close) > _NEAREST:
                    close = close[np.argsort(apart[close], kind="stable")[:_NEAREST]]
                found.update(close.tolist())
            return list(dict.fromkeys(self._uids[number] for number in sorted(found)))

    def _extend(self, rows: Sequence[tuple[str, bytes, bytes]]) -> None:
        if not rows or self._uids is None:
            return
        self._buckets.extend(np.array([np.frombuffer(row[1], np.uint32) for row in rows]))
        bits = texts.sign_bits(np.array([np.frombuffer(row[2], np.int8) for row in rows]))
        wanted = len(self._uids) + len(rows)
        if wanted > self._bits.shape[1]:
            grown = np.empty((8, max(1024, wanted + wanted // 2)), np.uint64)
            grown[:, : len(self._uids)] = self._bits[:, : len(self._uids)]
            self._bits = grown
        self._bits[:, len(self._uids) : wanted] = bits.T
        self._uids += [row[0] for row in rows]
