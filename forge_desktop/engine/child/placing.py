"""Weights and the chat's context as a plan says: the same parameters where they are only measured."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

from forge_desktop.base.child import Frame
from forge_desktop.engine.child.context import Weights, make_context
from forge_desktop.engine.child.devices import handles
from forge_desktop.engine.child.lookup import OUTPUTS
from forge_desktop.engine.child.native import NativeLog, llama
from forge_desktop.engine.errors import loading_case, trouble
from forge_desktop.engine.records_plan import Placement

_CPU_CHUNK, _GPU_CHUNK = 128, 512
_SMALL_CONTEXT = 8192  # up to here a sliding-window model keeps its whole cache, so that prefixes can be reused


def placement_of(frame: Frame) -> Placement:
    """The placement in a request."""
    plan = frame["plan"]
    return Placement(**{**plan, "devices": tuple(plan["devices"]), "split": tuple(plan["split"])})


def load_weights(
    path: str,
    placement: Placement,
    *,
    log: NativeLog,
    extra_bufts: bool,
    progress: Callable[[float], None],
    measuring: bool = False,
    check: bool = False,
) -> Any:
    """llama.cpp's model. `measuring` reads no weights and takes no memory for them; `check` reads each of them and
    refuses what is no number. Raises ForgeError.
    """

    def report(fraction: float, _data: object) -> bool:
        progress(fraction)
        return True

    callback = llama.llama_progress_callback(report)
    params = llama.llama_model_default_params()
    devices = handles(list(placement.devices) if placement.gpu_layers else [])
    params.devices = ctypes.cast(devices, ctypes.c_void_p)
    params.n_gpu_layers = placement.gpu_layers
    shares = (ctypes.c_float * max(llama.llama_max_devices(), len(placement.split)))(*placement.split)
    params.tensor_split = shares
    params.use_extra_bufts = extra_bufts
    params.check_tensors = check
    params.progress_callback = callback
    if measuring:
        params.no_alloc, params.load_mode = True, llama.LLAMA_LOAD_MODE_NONE
    handle = llama.llama_model_load_from_file(path.encode("utf-8", "surrogateescape"), params)
    if not handle:
        reason = log.reason() or "llama.cpp gave no reason"
        raise trouble(loading_case(reason), path=path, reason=reason)
    return handle


def chat_context(
    weights: Weights, placement: Placement, *, threads: int, flash: bool | None, flag_address: int = 0
) -> Any:
    """The context that conversations are held in. Raises ForgeError when there is not enough memory."""
    quantised = placement.kv_type != "f16"  # llama.cpp computes with a quantised cache only by flash attention
    return make_context(
        weights,
        tokens=placement.context,
        sequences=placement.sequences,
        outputs=OUTPUTS,
        batch=chunk(placement),
        threads=threads,
        flash=True if quantised else flash,
        kv_type=placement.kv_type,
        kv_on_gpu=placement.kv_on_gpu,
        swa_full=placement.context <= _SMALL_CONTEXT,
        flag_address=flag_address,
    )


def chunk(placement: Placement) -> int:
    """Prompt tokens decoded at once: small on a CPU, where it costs nothing and a cancel waits for less."""
    return _GPU_CHUNK if placement.gpu_layers else _CPU_CHUNK
