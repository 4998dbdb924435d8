"""Reads a GGUF's header without llama.cpp, each length checked against the file: a bad file is refused in words.

llama.cpp aborts the whole process on some absurd counts; and a file's facts should be known before anything is loaded.
"""

from __future__ import annotations

import itertools
import math
import os
import re
import stat
import struct
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from forge_desktop.base.errors import ForgeError
from forge_desktop.engine.records import ModelHeader

_MOST_KEYS = _MOST_TENSORS = 65_536
_LONGEST_KEY, _LONGEST_STRING = 65_535, 64 * 1024 * 1024
_MOST_LAYERS = 512
_LONGEST_LIST = 1024  # numbers of a list that are kept: one for each layer, not one for each word
_SCALARS = {
    0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d",
}  # fmt: skip
_STRING, _ARRAY = 8, 9

# ggml tensor types: name, elements in a block, bytes of a block
_TENSOR_TYPES = {
    0: ("F32", 1, 4), 1: ("F16", 1, 2), 2: ("Q4_0", 32, 18), 3: ("Q4_1", 32, 20), 6: ("Q5_0", 32, 22),
    7: ("Q5_1", 32, 24), 8: ("Q8_0", 32, 34), 9: ("Q8_1", 32, 36), 10: ("Q2_K", 256, 84), 11: ("Q3_K", 256, 110),
    12: ("Q4_K", 256, 144), 13: ("Q5_K", 256, 176), 14: ("Q6_K", 256, 210), 15: ("Q8_K", 256, 292),
    16: ("IQ2_XXS", 256, 66), 17: ("IQ2_XS", 256, 74), 18: ("IQ3_XXS", 256, 98), 19: ("IQ1_S", 256, 50),
    20: ("IQ4_NL", 32, 18), 21: ("IQ3_S", 256, 110), 22: ("IQ2_S", 256, 82), 23: ("IQ4_XS", 256, 136),
    24: ("I8", 1, 1), 25: ("I16", 1, 2), 26: ("I32", 1, 4), 27: ("I64", 1, 8), 28: ("F64", 1, 8),
    29: ("IQ1_M", 256, 56), 30: ("BF16", 1, 2), 34: ("TQ1_0", 256, 54), 35: ("TQ2_0", 256, 66), 39: ("MXFP4", 32, 17),
}  # fmt: skip

# general.file_type, llama.cpp's enum llama_ftype
_FILE_TYPES = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S", 12: "Q3_K_M",
    13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS", 20: "IQ2_XS",
    21: "Q2_K_S", 22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S",
    29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4_MOE",
}  # fmt: skip

_OF_ALL = "general."  # begins what is said of the model as a whole
_SAMPLING = "general.sampling."
_DAMAGED = "Get the file again; it is damaged or not complete."


def read_header(path: Path) -> ModelHeader:
    """The facts in the header of a GGUF chat model. Raises ForgeError naming what is wrong with the file."""
    return open_header(path).facts()


def open_header(path: Path) -> Header:
    """The whole header of a GGUF file. Raises ForgeError naming what is wrong with the file."""
    try:
        with open(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise ForgeError(f"{path} is not a file.", hint="Choose a GGUF file.")
            return Header(path, file, status.st_size)
    except OSError as error:
        raise ForgeError(
            f"{path} cannot be read: {error.strerror or error}.", hint="Check that it exists and may be read."
        ) from error


@dataclass(frozen=True)
class _Tensor:
    name: str
    elements: int
    type: int
    offset: int

    @property
    def bytes(self) -> int:
        """Bytes in the file; 0 for a type that is newer than this table."""
        _, block, size = _TENSOR_TYPES.get(self.type, ("", 1, 0))
        return -(-self.elements // block) * size


class Header:
    """One pass over the header: single values, the lengths of lists, short lists of numbers, the tensors."""

    def __init__(self, path: Path, file: IO[bytes], size: int) -> None:
        self._path, self._file, self._size = path, file, size
        self._values: dict[str, object] = {}
        self._lengths: dict[str, int] = {}
        self._lists: dict[str, list[int]] = {}
        self._words: dict[str, list[str]] = {}
        self._place = 0
        self._check_magic()
        self._version = self._scalar("<I")
        self._check_version()
        tensors = self._count("tensors", _MOST_TENSORS)
        for _ in range(self._count("header entries", _MOST_KEYS)):
            self._entry()
        self._tensors: list[_Tensor] = [self._tensor() for _ in range(tensors)]

    def facts(self, *, chats: bool = True) -> ModelHeader:
        """What is worth knowing, after checking that it makes sense; and that it can chat, unless it need not."""
        self._check_kind()
        if chats:
            self._check_chats()
        layers = self._check_layers()
        self._check_weights()
        architecture = self._text("general.architecture")
        return ModelHeader(
            architecture=architecture,
            name=self._text("general.name"),
            parameters=sum(tensor.elements for tensor in self._tensors),
            quantisation=self._quantisation(),
            context=self._number(f"{architecture}.context_length"),
            layers=layers,
            vocabulary=self._lengths.get("tokenizer.ggml.tokens", 0) or self._number(f"{architecture}.vocab_size"),
            template=self._text("tokenizer.chat_template"),
            file_bytes=self._size,
            gguf_version=self._version,
            sampling=self._recommended(),
        )

    @property
    def tensors(self) -> list[tuple[str, int]]:
        """Name and bytes of every tensor; of a type newer than this table, the room up to the next one."""
        ends = sorted({tensor.offset for tensor in self._tensors} | {self._size - self._place})
        room = {start: end - start for start, end in itertools.pairwise(ends)}
        return [(tensor.name, tensor.bytes or room.get(tensor.offset, 0)) for tensor in self._tensors]

    @property
    def contents(self) -> list[tuple[str, str, int, int]]:
        """Name, type ("" for one that is newer than this table), place in the file and bytes of every tensor."""
        alignment = max(1, self._number("general.alignment", 32))
        start = -(-self._place // alignment) * alignment
        types = {kind: name for kind, (name, _, _) in _TENSOR_TYPES.items()}
        return [(each.name, types.get(each.type, ""), start + each.offset, each.bytes) for each in self._tensors]

    def text(self, key: str) -> str:
        """A text by its key, "" where there is none."""
        return self._text(key)

    def words(self, key: str) -> list[str]:
        """A list of texts on the model as a whole ("general.tags")."""
        return list(self._words.get(key, []))

    def number(self, key: str, missing: int = 0) -> int:
        """A whole number by its key; "%s" stands for the architecture."""
        return self._number(key.replace("%s", self._text("general.architecture")), missing)

    def fraction(self, key: str, missing: float = 0.0) -> float:
        """A number with a fraction by its key."""
        value = self._values.get(key, missing)
        return value if isinstance(value, float) else missing

    def numbers(self, key: str, count: int, missing: int = 0) -> list[int]:
        """One number for each of `count` layers, whether the header has a list or one for all."""
        found = self._lists.get(key.replace("%s", self._text("general.architecture")), [])
        return found[:count] if len(found) >= count else [self.number(key, missing)] * count

    # -- reading ----------------------------------------------------------------------------------------------------

    def _check_magic(self) -> None:
        if self._size == 0:
            raise ForgeError(f"{self._path} is empty.", hint="Choose a GGUF file.")
        if self._file.read(4) != b"GGUF":
            named = self._path.suffix.lower() == ".gguf"
            hint = "It is only named like one. Get the file again." if named else "Choose a file that ends in .gguf."
            raise ForgeError(f"{self._path} is not a GGUF file.", hint=hint)
        self._place = 4

    def _check_version(self) -> None:
        if self._version in (2, 3):
            return
        known = "an older" if self._version < 2 else "a newer or foreign"
        raise ForgeError(
            f"{self._path} is GGUF version {self._version}, {known} format that cannot be read.",
            hint="Convert the model again with a current llama.cpp.",
        )

    def _take(self, size: int) -> bytes:
        if size > self._size - self._place:
            raise self._damage("it ends in the middle of its header")
        found = self._file.read(size)
        if len(found) < size:
            raise self._damage("it ends in the middle of its header")
        self._place += size
        return found

    def _skip(self, size: int) -> None:
        if size > self._size - self._place:
            raise self._damage("it ends in the middle of its header")
        self._file.seek(size, os.SEEK_CUR)
        self._place += size

    def _scalar(self, form: str) -> int:
        value: int = struct.unpack(form, self._take(struct.calcsize(form)))[0]
        return value

    def _count(self, what: str, most: int) -> int:
        count = self._scalar("<Q")
        if count > most:
            raise self._damage(f"it claims {count:,} {what}")
        return count

    def _string(self, longest: int) -> str:
        length = self._scalar("<Q")
        if length > longest:
            raise self._damage(f"it claims a text of {length:,} bytes")
        return self._take(length).decode("utf-8", "replace")

    def _entry(self) -> None:
        key = self._string(_LONGEST_KEY)
        if key in self._values or key in self._lengths:
            raise self._damage(f"it has two entries called {key[:80]}")
        kind = self._scalar("<I")
        if kind == _ARRAY:
            self._lengths[key] = self._array(key)
        elif kind == _STRING:
            self._values[key] = self._string(_LONGEST_STRING)
        elif kind in _SCALARS:
            self._values[key] = self._scalar(_SCALARS[kind])
        else:
            raise self._damage(f"its entry {key[:80]} has the unknown type {kind}")

    def _array(self, key: str) -> int:
        kind = self._scalar("<I")
        length = self._scalar("<Q")
        smallest = struct.calcsize(_SCALARS[kind]) if kind in _SCALARS else 8
        if kind not in _SCALARS and kind != _STRING:
            raise self._damage(f"its list {key[:80]} has the unknown type {kind}")
        if length * smallest > self._size - self._place:
            raise self._damage(f"its list {key[:80]} claims {length:,} entries")
        if kind in _SCALARS and length <= _LONGEST_LIST:
            self._lists[key] = [self._scalar(_SCALARS[kind]) for _ in range(length)]
            return length
        if kind in _SCALARS:
            self._skip(length * smallest)
            return length
        if key.startswith(_OF_ALL) and length <= _LONGEST_LIST:
            self._words[key] = [self._string(_LONGEST_KEY) for _ in range(length)]
            return length
        for _ in range(length):
            size = self._scalar("<Q")
            if size > _LONGEST_STRING:
                raise self._damage(f"it claims a text of {size:,} bytes")
            self._skip(size)
        return length

    def _tensor(self) -> _Tensor:
        name = self._string(1024)
        dimensions = self._scalar("<I")
        if dimensions > 4:
            raise self._damage(f"its tensor {name[:80]} claims {dimensions} dimensions")
        elements = math.prod(self._scalar("<Q") for _ in range(dimensions))
        if elements >= 2**48:
            raise self._damage(f"its tensor {name[:80]} claims {elements:,} numbers")
        return _Tensor(name, elements, self._scalar("<I"), self._scalar("<Q"))

    # -- making sense -----------------------------------------------------------------------------------------------

    def _check_kind(self) -> None:
        architecture, kind = self._text("general.architecture"), self._text("general.type")
        parts = self._number("split.count")
        if not architecture:
            raise self._damage("it does not say which architecture it has")
        if kind == "adapter":
            raise ForgeError(
                f"{self._path} is a LoRA adapter, not a model.", hint="Import the base model it was made for."
            )
        if kind == "mmproj" or architecture == "clip":
            raise ForgeError(
                f"{self._path} reads pictures for another model and cannot chat.", hint="Import the language model."
            )
        if parts > 1:
            raise ForgeError(
                f"{self._path} is one of {parts} parts of a model.",
                hint="Join the parts into one file first (llama-gguf-split --merge).",
            )

    def _check_chats(self) -> None:
        if self._values.get(f"{self._text('general.architecture')}.attention.causal") is False:
            raise ForgeError(
                f"{self._path} is an embedding model; it cannot answer.", hint="Choose a chat or instruct model."
            )

    def _check_layers(self) -> int:
        layers = self._number(f"{self._text('general.architecture')}.block_count")
        numbers = (re.match(r"(?:dec\.)?blk\.(\d{1,9})\.", tensor.name) for tensor in self._tensors)
        present = max((int(found[1]) + 1 for found in numbers if found), default=0)
        if not 1 <= layers <= _MOST_LAYERS:
            raise self._damage(f"it claims {layers:,} layers")
        if present < layers:
            raise self._damage(f"it claims {layers:,} layers but holds {present}")
        return layers

    def _check_weights(self) -> None:
        if not self._tensors:
            raise self._damage("it holds no weights")
        alignment = self._number("general.alignment") or 32
        if alignment & (alignment - 1) or not 8 <= alignment <= 4096:
            raise self._damage(f"it claims an alignment of {alignment:,}")
        room = self._size - -(-self._place // alignment) * alignment
        for tensor in self._tensors:
            if tensor.offset % alignment:
                raise self._damage(f"its tensor {tensor.name[:80]} lies at an impossible place")
            if tensor.offset + tensor.bytes > room:
                raise self._damage(
                    f"it has {self._size:,} bytes, and its weights need at least "
                    f"{self._size - room + tensor.offset + tensor.bytes:,}"
                )

    def _quantisation(self) -> str:
        named = _FILE_TYPES.get(self._number("general.file_type", missing=-1))
        if named:
            return named
        sizes: Counter[int] = Counter()
        for tensor in self._tensors:
            sizes[tensor.type] += tensor.elements
        most = sizes.most_common(1)[0][0]
        return _TENSOR_TYPES[most][0] if most in _TENSOR_TYPES else f"type {most}"

    def _recommended(self) -> tuple[tuple[str, float], ...]:
        numbers = ((key, value) for key, value in self._values.items() if key.startswith(_SAMPLING))
        return tuple(
            (key.removeprefix(_SAMPLING), value)
            for key, value in numbers
            if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        )

    def _text(self, key: str) -> str:
        value = self._values.get(key, "")
        return value if isinstance(value, str) else ""

    def _number(self, key: str, missing: int = 0) -> int:
        value = self._values.get(key, missing)
        return value if isinstance(value, int) and not isinstance(value, bool) else missing

    def _damage(self, what: str) -> ForgeError:
        return ForgeError(f"{self._path} is not a usable GGUF file: {what}.", hint=_DAMAGED)
