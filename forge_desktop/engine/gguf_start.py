"""What the first bytes of a GGUF tell, before the rest of the file is here: its kind, and what its cache will need."""

from __future__ import annotations

import io
from pathlib import Path

from forge_desktop.base.errors import ForgeError
from forge_desktop.engine.gguf_header import Header
from forge_desktop.engine.gguf_shape import kv_bytes, shape_of


class GgufStart(Header):
    """As much of a header as there is. Converters write what a model is before the words of its vocabulary.

    Raises ForgeError where the bytes are no beginning of a GGUF file.
    """

    def __init__(self, name: str, data: bytes) -> None:
        self._path, self._file, self._size = Path(name), io.BytesIO(data), len(data)
        self._values: dict[str, object] = {}
        self._lengths: dict[str, int] = {}
        self._lists: dict[str, list[int]] = {}
        self._tensors = []
        self._place = 0
        self._check_magic()
        self._version = self._scalar("<I")
        self._check_version()
        try:
            self._scalar("<Q")
            for _ in range(self._scalar("<Q")):
                self._entry()
        except ForgeError:
            pass  # here the bytes end, mostly in the middle of the vocabulary

    @property
    def architecture(self) -> str:
        """ "llama", "qwen3"; "" where it comes later."""
        return self._text("general.architecture")

    @property
    def trained_context(self) -> int:
        """Tokens it was trained for, 0 where that comes later."""
        return self.number("%s.context_length")

    def refuse(self) -> None:
        """Raise ForgeError where it is no language model that can chat, or only a part of one."""
        if self.architecture:
            self._check_kind()
        self._check_chats()

    def cache_bytes(self, context: int) -> int:
        """Bytes of the key-value cache in 16 bits for so many tokens, 0 where it cannot be told."""
        if not self.number("%s.block_count"):
            return 0
        return sum(kv_bytes(shape_of(self), context=context))
