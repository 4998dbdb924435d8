"""Key-value caches of conversations on the disk: written whole, read only when the parent vouches for every byte.

What a file holds decides what the student will have read, so its name and its place prove nothing: the parent says
which file belongs to a conversation and the sha256 of its bytes, from the database, and what does not match is deleted.
A file holds the words of documents, as the database does: it is readable by its owner only.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import mmap
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from forge_desktop.base.child import Frame
from forge_desktop.engine.child.native import llama
from forge_desktop.engine.child.sequences import Known, Sequences, common

_LEAST = 64  # tokens below which reading again costs next to nothing
_HEADER = 3  # words of llama.cpp's before its token list: magic, version, count
_MARK = 8  # bytes before a state in memory: a magic number and the stream
_OWN = 3  # ours at the start of that list: tokens, where the last prompt ended, chunk beginnings


class KvFiles:
    """Saves and loads the streams of one context. `order` is what the parent says with a request: `folder` (none:
    nothing is saved), `key` (what is computed now is computed with that), and where there is one `file` and `sha256`.
    A stream is saved under the key that it was begun with: another adapter may be on by then.
    """

    def __init__(self, sequences: Sequences, send: Callable[[Frame], None]) -> None:
        self._sequences, self._send = sequences, send
        self.order: Frame = {}
        sequences.leaving = self.save

    def save(self, known: Known) -> None:
        """Write a conversation's stream into its file, unless it stands there already. A full disk is no error."""
        if not self.order.get("folder") or not known.conversation or known.busy:
            return
        if not known.key or len(known.tokens) < _LEAST or known.saved == len(known.tokens):
            return
        folder, key = Path(self.order["folder"]), known.key
        target = folder / f"{hashlib.sha256(f'{key} {known.conversation}'.encode()).hexdigest()[:40]}.kv"
        with contextlib.suppress(OSError):
            digest, size = self._write(known, target)
            known.saved = len(known.tokens)
            self._send(
                {
                    "ev": "kept",
                    "file": target.name,
                    "key": key,
                    "conversation": known.conversation,
                    "sha256": digest,
                    "bytes": size,
                    "tokens": len(known.tokens),
                }
            )

    def begin(self, known: Known) -> None:
        """It is computed from now on with what the parent's order names."""
        known.key = str(self.order.get("key", ""))

    def load(self, known: Known, tokens: Sequence[int]) -> int:
        """Fill an empty stream from the conversation's file, when that begins like `tokens`; how many it held."""
        name = self.order.get("file")
        if not name or not self.order.get("folder"):
            return 0
        path = Path(self.order["folder"]) / name
        try:
            held = self._read(known, path, tokens)
        except (OSError, ValueError):
            held = None
        if held is None:
            self._sequences.forget(known)
            with contextlib.suppress(OSError):
                path.unlink()
            self._send({"ev": "dropped", "file": name})
        return held or 0

    def _write(self, known: Known, target: Path) -> tuple[str, int]:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        words = [len(known.tokens), known.prompt_end, len(known.cuts), *known.cuts, *known.tokens]
        array = (llama.llama_token * len(words))(*words)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".", suffix=".part")  # 0600
        try:
            size: int = llama.llama_state_seq_save_file(
                self._sequences.context, os.fsencode(name), known.stream, array, len(words)
            )
            if not size:
                raise OSError("llama.cpp could not write the state")
            os.fsync(handle)
            with open(name, "rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            os.close(handle)
            handle = -1
            os.replace(name, target)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise
        finally:
            if handle >= 0:
                os.close(handle)
        return digest, size

    def _mark(self, known: Known) -> bytes:
        """What stands before a state in memory and not before one in a file: llama.cpp's mark and the stream.

        Files are not read through llama.cpp, which would open them again after they were checked.
        """
        size = llama.llama_state_seq_get_size(self._sequences.context, known.stream)
        state = (ctypes.c_uint8 * size)()
        llama.llama_state_seq_get_data(self._sequences.context, state, size, known.stream)
        return bytes(state[:_MARK])

    def _read(self, known: Known, path: Path, tokens: Sequence[int]) -> int | None:
        """The tokens held; 0 when they are of no use for this prompt, None when the file is not what it should be."""
        with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY) as content:
            if hashlib.sha256(content).hexdigest() != self.order["sha256"]:
                return None
            count = int.from_bytes(content[8:12], "little")
            start = 4 * (_HEADER + count)
            words = memoryview(content[4 * _HEADER : start]).cast("i").tolist()
            held, prompt_end, cuts = words[:_OWN]
            stored = words[_OWN + cuts :]
            if len(stored) != held:
                return None
            if common(stored, tokens) < _LEAST:
                return 0  # another beginning, perhaps other instructions: of no use, and no fault of the file
            self._sequences.forget(known)
            mark = self._mark(known)
            start -= len(mark)
            content[start : start + len(mark)] = mark  # in our private copy of the page, where the last tokens stood
            size = len(content) - start
            state = (ctypes.c_uint8 * size).from_buffer(content, start)
            read = llama.llama_state_seq_set_data(self._sequences.context, state, size, known.stream)
            del state  # the mapping cannot be closed while it is pointed to
            if not read:
                return None
            known.tokens, known.cuts, known.prompt_end = stored, words[_OWN : _OWN + cuts], prompt_end
            known.saved = held
            return held
