"""MinHash: how many of their runs of words two texts share, estimated from 128 numbers each, found among many by bands.

Runs are of three words; of a short text they are of four characters, since there are too few words to run, and of one
in a script without spaces of two, which are about a word there. Integers throughout, so the same text gives the same
bytes on every platform.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
import zlib
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

Signature = npt.NDArray[np.uint32]

PERMUTATIONS = 128
_BANDS, _ROWS = 32, 4
_WORDS = 3  # in a run
_LETTERS, _LETTERS_SPACELESS = 4, 2
_SHORT = 24  # words; a shorter text is looked at by characters
_SPACELESS = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")
_WORD = re.compile(r"\w+")

_random = np.random.RandomState(20)
_FACTOR = (_random.randint(0, 1 << 62, PERMUTATIONS).astype(np.uint64) << np.uint64(1)) | np.uint64(1)
_SHIFT = _random.randint(0, 1 << 62, PERMUTATIONS).astype(np.uint64)
_FOLD = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93], np.uint64)


def normalised(text: str) -> str:
    """What a text says whatever its case, its spaces, and the width of its letters."""
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).split())


def exact(*texts: str) -> str:
    """The sha256 of texts as `normalised`; where one ends and the next begins counts."""
    return hashlib.sha256("\0".join(map(normalised, texts)).encode("utf-8", "surrogatepass")).hexdigest()


def shingles(text: str) -> npt.NDArray[np.uint64]:
    """The hashes of all its runs, each once; never empty."""
    plain = normalised(text)
    words = _WORD.findall(plain)
    if 4 * len(_SPACELESS.findall(plain)) > len(plain):
        return _letter_runs(" ".join(words), _LETTERS_SPACELESS)
    if len(words) < _SHORT:
        return _letter_runs(" ".join(words), _LETTERS)
    runs = {
        zlib.crc32(" ".join(words[at : at + _WORDS]).encode("utf-8", "surrogatepass")) for at in range(len(words) - 2)
    }
    return np.fromiter(runs, np.uint64, len(runs))


def _letter_runs(plain: str, length: int) -> npt.NDArray[np.uint64]:
    code = np.frombuffer(f" {plain} ".encode("utf-32-le", "surrogatepass"), "<u4").astype(np.uint64)
    if len(code) < length:
        code = np.concatenate([code, np.zeros(length - len(code), np.uint64)])
    hashed = np.zeros(len(code) - length + 1, np.uint64)
    for letter in range(length):
        hashed = (hashed ^ code[letter : letter + len(hashed)]) * _FOLD[0]
        hashed ^= hashed >> np.uint64(29)
    return np.unique(hashed >> np.uint64(32))


def signature(text: str) -> Signature:
    """The 128 smallest hashes of its runs, each by another permutation."""
    found = shingles(text)
    mixed = found[:, None] * _FACTOR + _SHIFT
    smallest: Signature = (mixed >> np.uint64(32)).astype(np.uint32).min(axis=0)
    return smallest


def likeness(one: Signature, other: Signature) -> float:
    """The estimated share of runs that two texts have in common."""
    return float((one == other).mean())


def shared(one: str, other: str) -> float:
    """The share of runs that two texts have in common, worked out."""
    left, right = shingles(one), shingles(other)
    both = len(np.intersect1d(left, right))
    return both / (len(left) + len(right) - both)


def bands(signatures: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint64]:
    """One number for each band of each signature: equal in one of them for texts that are likely alike."""
    grouped = signatures.reshape(-1, _BANDS, _ROWS).astype(np.uint64) * _FOLD
    folded: npt.NDArray[np.uint64] = np.bitwise_xor.reduce(grouped ^ (grouped >> np.uint64(31)), axis=2)
    return folded


class Buckets:
    """Texts by the bands of their signatures, numbered as they came: 38 MB for 100,000, some microseconds a question.

    Those that came last stand in a tail that is looked through, and is sorted in when it is an eighth of the whole.
    """

    def __init__(self) -> None:
        self._keys = np.empty((_BANDS, 0), np.uint64)  # sorted, for each band
        self._numbers = np.empty((_BANDS, 0), np.int32)
        self._tail: list[npt.NDArray[np.uint64]] = []

    def __len__(self) -> int:
        return self._keys.shape[1] + len(self._tail)

    def extend(self, signatures: npt.NDArray[np.uint32]) -> None:
        """Add many at once."""
        self._tail += list(bands(signatures))
        if len(self._tail) > max(512, self._keys.shape[1] // 8):
            self._sort_in()

    def near(self, one: Signature) -> list[int]:
        """The numbers of those that share a band with it, ascending."""
        asked = bands(one[None])[0]
        found: set[int] = set()
        for band in range(_BANDS):
            low = np.searchsorted(self._keys[band], asked[band], "left")
            high = np.searchsorted(self._keys[band], asked[band], "right")
            found.update(self._numbers[band, low:high].tolist())
        if self._tail:
            same = (np.array(self._tail) == asked).any(axis=1)
            found.update((np.flatnonzero(same) + self._keys.shape[1]).tolist())
        return sorted(found)

    def _sort_in(self) -> None:
        fresh = np.array(self._tail).T
        numbers = np.arange(self._keys.shape[1], len(self), dtype=np.int32)
        keys = np.concatenate([self._keys, fresh], axis=1)
        every = np.concatenate([self._numbers, np.broadcast_to(numbers, fresh.shape)], axis=1)
        order = np.argsort(keys, axis=1, kind="stable")
        self._keys = np.take_along_axis(keys, order, axis=1)
        self._numbers = np.take_along_axis(every, order, axis=1)
        self._tail = []


def signatures(texts: Iterable[str]) -> npt.NDArray[np.uint32]:
    """One row for each text."""
    found = [signature(text) for text in texts]
    return np.array(found, np.uint32).reshape(-1, PERMUTATIONS)


def numbers(texts: Sequence[str]) -> frozenset[str]:
    """The numbers that texts name: two that differ in one say different things, however alike they are."""
    return frozenset(re.findall(r"\d+(?:[.,:]\d+)*", normalised(" ".join(texts))))
