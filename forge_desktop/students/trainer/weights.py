"""Brings a base's tensors from its file to the device: piece by piece, so that no whole one is ever held in f32."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..gguf_file import BLOCKS, BadGguf, TensorInfo, read_gguf
from .job import BadJob
from .shape import UnsupportedArchitecture

_PIECE = 1 << 21  # values


class Weights:
    """A base's tensors. What was never asked for is known at the end, so that nothing is silently left out."""

    def __init__(self, path: Path, device: Any, dtype: Any) -> None:
        from gguf.constants import GGMLQuantizationType
        from gguf.quants import dequantize

        try:
            found = read_gguf(path)
        except BadGguf as error:
            raise BadJob(f"The base cannot be read: {error}.") from error
        self.meta = dict(found.meta)
        self._infos, self._path = dict(found.tensors), path
        self._device, self._dtype = device, dtype
        self._asked: set[str] = set()
        self._dequantize, self._kind = dequantize, GGMLQuantizationType

    def __contains__(self, name: str) -> bool:
        return name in self._infos

    def shape(self, name: str) -> tuple[int, ...]:
        """A tensor's shape. Raises UnsupportedArchitecture where there is none of this name."""
        return self._info(name).shape

    def vector(self, name: str) -> Any:
        """A small tensor in f32."""
        return self._rows(self._info(name), torch.float32)

    def matrix(self, *names: str) -> Any:
        """One or more matrices, one below the other, in the base's number format."""
        infos = [self._info(name) for name in names]
        out = torch.empty(
            sum(info.shape[0] for info in infos), infos[0].shape[1], dtype=self._dtype, device=self._device
        )
        row = 0
        for info in infos:
            self._fill(out[row : row + info.shape[0]], info)
            row += info.shape[0]
        return out

    def left_over(self) -> Sequence[str]:
        """The tensors that nobody asked for."""
        return sorted(set(self._infos) - self._asked)

    def _info(self, name: str) -> TensorInfo:
        if name not in self._infos:
            raise UnsupportedArchitecture(f"A base without the tensor {name}")
        self._asked.add(name)
        return self._infos[name]

    def _rows(self, info: TensorInfo, dtype: Any) -> Any:
        out = torch.empty(info.shape, dtype=dtype, device=self._device)
        self._fill(out.view(1, -1) if out.dim() == 1 else out, info)
        return out

    def _fill(self, out: Any, info: TensorInfo) -> None:
        """Read and widen a few rows at a time. Plain reads: pages of a mapped file would count as memory in use."""
        values, block = BLOCKS[info.type]
        rows, columns = out.shape
        stride = columns // values * block
        at_once = max(1, _PIECE // columns)
        with self._path.open("rb") as file:
            file.seek(info.offset)
            for start in range(0, rows, at_once):
                count = min(at_once, rows - start)
                raw = np.frombuffer(file.read(count * stride), np.uint8).reshape(count, stride)
                out[start : start + count] = torch.from_numpy(self._widened(raw, info.type).reshape(count, columns))

    def _widened(self, raw: Any, kind: int) -> Any:
        if kind == 0:
            return raw.view(np.float32).copy()
        if kind == 1:
            return raw.view(np.float16).astype(np.float32)
        return np.ascontiguousarray(self._dequantize(raw, self._kind(kind)), dtype=np.float32)
