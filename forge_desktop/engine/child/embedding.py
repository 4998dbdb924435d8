"""Texts to vectors by a GGUF embedding model: pooled as its file says, many texts in one decode, of length one.

A text longer than what the model reads at once is cut into pieces of about a size; its vector is the mean of theirs,
each counted by its tokens.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from forge_desktop.base.child import Frame
from forge_desktop.engine.child import machine
from forge_desktop.engine.child.context import make_context
from forge_desktop.engine.child.flag import Flag
from forge_desktop.engine.child.model import Model
from forge_desktop.engine.child.native import NativeLog, llama
from forge_desktop.engine.child.placing import placement_of
from forge_desktop.engine.child.rows import Rows, Steps
from forge_desktop.engine.errors import trouble
from forge_desktop.engine.records_plan import Placement

_MOST_TOKENS = 1024  # in one decode; a text without a causal mask has to be in it as a whole
_MOST_TEXTS = 32
POOLINGS = {"mean": 1, "cls": 2, "last": 3}  # enum llama_pooling_type


class Embedding:
    """A loaded embedding model and its one context."""

    def __init__(self, model: Model, placement: Placement, pooling: str, *, threads: int, flag: Flag) -> None:
        import numpy as np

        trained = model.trained_context or _MOST_TOKENS
        self._model, self._flag = model, flag
        self._capacity = min(trained, placement.context, _MOST_TOKENS)
        self._context = make_context(
            model,
            tokens=self._capacity,
            sequences=_MOST_TEXTS,
            outputs=self._capacity,
            batch=self._capacity,
            threads=threads,
            flash=None if model.on_gpu else False,
            unified=True,
            embeddings=True,
            pooling=POOLINGS[pooling],
            flag_address=flag.address,
        )
        self._memory = llama.llama_get_memory(self._context)
        self._rows = Rows(self._context, self._capacity)
        self.dimensions: int = llama.llama_model_n_embd_out(model.handle)
        whole, plain = self._tokens("a", special=True), self._tokens("a", special=False)
        start = next((at for at in range(len(whole)) if whole[at : at + len(plain)] == plain), 0)
        self._before, self._after = whole[:start], whole[start + len(plain) :]
        self._room = self._capacity - len(self._before) - len(self._after)
        if not np.isfinite(self._vectors([self._before + plain + self._after])).all():
            raise trouble("MODEL_CORRUPT.numbers")

    def embed(self, request: Frame, send: Callable[[Frame], None]) -> Steps[Frame]:
        """Frames "item" with vectors as base64 of 32-bit numbers, then "done" with how many texts were cut."""
        import numpy as np

        texts: list[str] = request["texts"]
        sums = np.zeros((len(texts), self.dimensions), np.float64)
        cut = 0
        waiting: list[tuple[int, list[int]]] = []
        for number, text in enumerate(texts):
            pieces = self._pieces(text)
            cut += len(pieces) > 1
            waiting += [(number, piece) for piece in pieces]
        for part in self._together(waiting):
            for (number, piece), vector in zip(part, self._vectors([piece for _, piece in part]), strict=True):
                sums[number] += len(piece) * _unit(vector.astype(np.float64))
            yield
            if self._flag.cancelled():
                return {"ev": "done", "stop": "cancelled"}
        for number in range(len(texts)):
            sums[number] = _unit(sums[number])
        for start in range(0, len(texts), 256):  # a frame stays small
            raw = sums[start : start + 256].astype("<f4").tobytes()
            send({"ev": "item", "index": start, "vectors": base64.b64encode(raw).decode()})
        return {"ev": "done", "stop": "end", "cut": cut}

    def _pieces(self, text: str) -> list[list[int]]:
        tokens = self._tokens(text, special=False)
        count = max(1, -(-len(tokens) // self._room))
        size = -(-len(tokens) // count) if tokens else 1
        cuts = [tokens[start : start + size] for start in range(0, len(tokens), size)] or [[]]
        wrapped = [self._before + piece + self._after for piece in cuts]
        return [piece for piece in wrapped if piece]

    def _together(self, waiting: Sequence[tuple[int, list[int]]]) -> Iterator[list[tuple[int, list[int]]]]:
        """Pieces that fit into one decode, those of a length beside each other."""
        part: list[tuple[int, list[int]]] = []
        filled = 0
        for number, piece in sorted(waiting, key=lambda one: len(one[1])):
            if part and (filled + len(piece) > self._capacity or len(part) == _MOST_TEXTS):
                yield part
                part, filled = [], 0
            part.append((number, piece))
            filled += len(piece)
        if part:
            yield part

    def _vectors(self, pieces: Sequence[list[int]]) -> Any:
        import numpy as np

        if self._memory:
            llama.llama_memory_clear(self._memory, True)
        for sequence, piece in enumerate(pieces):
            self._rows.put(sequence, piece, 0, outputs=len(piece))
        self._rows.decode()
        found = np.empty((len(pieces), self.dimensions), np.float32)
        for sequence in range(len(pieces)):
            pointer = llama.llama_get_embeddings_seq(self._context, sequence)
            found[sequence] = np.ctypeslib.as_array(pointer, (self.dimensions,))
        return found

    def _tokens(self, text: str, *, special: bool) -> list[int]:
        raw = text.encode("utf-8", "replace")
        capacity = len(raw) + 16
        found = (llama.llama_token * capacity)()
        size = llama.llama_tokenize(self._model.vocab, raw, len(raw), found, capacity, special, False)
        if size < 0:
            found = (llama.llama_token * -size)()
            size = llama.llama_tokenize(self._model.vocab, raw, len(raw), found, -size, special, False)
        return list(found[: max(0, size)])


def load(request: Frame, log: NativeLog, flag: Flag, progress: Callable[[float], None]) -> tuple[Embedding, Frame]:
    """The model of a request "load" that says which pooling, and the frame "loaded". Raises ForgeError."""
    placement = placement_of(request)
    model = Model(
        request["path"],
        log=log,
        placement=placement,
        extra_bufts=request["extra_bufts"],
        progress=progress,
        check=request.get("check", False),
        chats=False,
    )
    threads = machine.threads(request["threads"])
    embedding = Embedding(model, placement, request["pooling"], threads=threads, flag=flag)
    return embedding, {
        "ev": "loaded",
        "context": placement.context,
        "trained_context": model.trained_context,
        "device": model.device,
        "offloaded": model.offloaded,
        "layers": model.layers,
        "tuned": {},
        "threads": threads,
        "flash": False,
        "buffers": log.sizes(),
        "resident": machine.resident_memory(),
        "layout": "",
        "dimensions": embedding.dimensions,
    }


def _unit(vector: Any) -> Any:
    import numpy as np

    length = np.sqrt((vector * vector).sum())
    return vector / length if length > 0 else vector
