"""The child's main loop: one request after another, each answered in frames that end with one final frame.

Frames to the parent carry `ev`: "hello" once; then per request "started", some of "loading" / "prompt" / "prefill" /
"text", and at the end "loaded", "rendered", "counted", "done" or "error".
"""

from __future__ import annotations

import hashlib
import logging
import os
import time

from forge_desktop.base.child import ChildEnd, Frame
from forge_desktop.base.errors import ForgeError
from forge_desktop.engine.child import heartbeat, machine, native
from forge_desktop.engine.child.context import make_context
from forge_desktop.engine.child.decode import Decoder, Stopped
from forge_desktop.engine.child.flag import Flag
from forge_desktop.engine.child.model import Model
from forge_desktop.engine.child.sampler import make
from forge_desktop.engine.child.stream import Coalesced
from forge_desktop.engine.child.thinking import Governor
from forge_desktop.engine.errors import trouble
from forge_desktop.engine.records import PromptMessage, PromptPart, Sampling

log = logging.getLogger(__name__)

_SMALL_CONTEXT = 8192  # up to here a sliding-window model keeps its whole cache, so that prefixes can be reused


class Server:
    """Answers the parent's requests. It never writes the cancel byte: that is the parent's."""

    def __init__(self, end: ChildEnd) -> None:
        self._end = end
        self._native_log = native.NativeLog()
        self._model: Model | None = None
        self._decoder: Decoder | None = None
        self._flag = Flag()
        self._last_report = 0.0
        machine.offer_to_oom_killer()
        native.llama.llama_backend_init()

    def run(self) -> None:
        """Serve until the parent closes the pipe; ChildEnd then ends the process."""
        answer = {
            "hello": self._hello,
            "load": self._load,
            "render": self._render,
            "count": self._count,
            "generate": self._generate,
        }
        while True:
            request = self._end.requests.get()
            self._end.send({"ev": "started"})
            try:
                reply = answer[request["op"]](request)
            except ForgeError as error:
                reply = _error(error)
            except Exception as error:  # the child's main loop: a bug here must reach the parent, not end the student
                log.exception("request %s failed", request.get("op"))
                reply = {**_error(trouble("PROTOCOL", reason=repr(error))), "bug": True}
            self._end.send(reply)

    def _hello(self, request: Frame) -> Frame:
        self._flag = Flag(request["flag"])
        heartbeat.start(self._end, request.get("beat", 2.0))
        found = native.devices()
        return {
            "ev": "hello",
            "pid": os.getpid(),
            "build": native.build_name(),
            "gpus": [device.name for device in found if device.gpu],
            "device": " + ".join([native.processor_name(), *(d.description for d in found if d.gpu)]),
        }

    def _load(self, request: Frame) -> Frame:
        model = Model(
            request["path"],
            log=self._native_log,
            gpu_layers=request["gpu_layers"],
            extra_bufts=request["extra_bufts"],
            progress=lambda fraction: self._report({"ev": "loading", "fraction": fraction}),
        )
        self._end.send({"ev": "loading", "fraction": 1.0})
        wanted = model.fitting_context(request["context"])
        model.refuse_too_much_memory(wanted)
        context = make_context(
            model,
            tokens=wanted,
            batch=model.chunk,
            threads=machine.threads(request["threads"]),
            flash=None if model.on_gpu else False,
            swa_full=wanted <= _SMALL_CONTEXT,
            flag_address=self._flag.address,
        )
        model.self_test(context)
        self._model, self._decoder = model, Decoder(model, context, self._flag.cancelled)
        return {
            "ev": "loaded",
            "context": self._decoder.context_tokens,
            "trained_context": model.trained_context,
            "device": model.device,
            "offloaded": model.offloaded,
            "layers": model.layers,
        }

    def _render(self, request: Frame) -> Frame:
        model, decoder = self._loaded()
        model.use_template(request.get("template", ""))
        text, tokens, counts = model.prompt(_messages(request))
        return {
            "ev": "rendered",
            "special": model.special_places(_messages(request)) if request.get("marks") else [],
            "text": text,
            "sha256": _sha256(text),
            "tokens": len(tokens),
            "message_tokens": counts,
            "context": decoder.context_tokens,
        }

    def _count(self, request: Frame) -> Frame:
        model, _ = self._loaded()
        return {"ev": "counted", "tokens": [len(model.tokeniser.plain(text)) for text in request["texts"]]}

    def _generate(self, request: Frame) -> Frame:
        model, decoder = self._loaded()
        sampling = Sampling(**{**request["sampling"], "stop": tuple(request["sampling"]["stop"])})
        model.use_template(request.get("template", ""))
        text, tokens, _ = model.prompt(_messages(request))
        _refuse_overflow(len(tokens), decoder.context_tokens, sampling.max_tokens)
        self._end.send({"ev": "prompt", "tokens": len(tokens), "sha256": _sha256(text)})
        governor = Governor(sampling, model, tokens)
        tokens += governor.begin()
        sampler = make(sampling, model, tokens)
        counted, stop, reused, started = 0, "length", 0, time.monotonic()
        out = Coalesced(
            lambda text, part: self._end.send({"ev": "text", "text": text, "part": part, "tokens": counted}),
            time.monotonic,
        )
        try:
            reused = decoder.prefill(tokens, lambda done: self._report({"ev": "prefill", "share": done / len(tokens)}))
            started = time.monotonic()
            sampler.held = governor.answering
            for token in decoder.answer(sampler, sampling.max_tokens, governor.after):
                counted += 1
                governor.hear(token, model.tokeniser.piece(token))
                sampler.held = governor.answering
                for text, part in governor.take():
                    out.put(text, part)
                if governor.stopped:
                    stop = "stop"
                    break
            if decoder.ended:
                stop = "end"
        except Stopped:
            stop = "cancelled"
        finally:
            sampler.close()
        seconds = time.monotonic() - started
        governor.finish()
        for text, part in governor.take():
            out.put(text, part)
        out.flush()
        return {
            "ev": "done",
            "stop": stop,
            "reused": reused,
            "tokens": counted,
            "unfinished": governor.unfinished,
            "tokens_per_second": counted / seconds if counted and seconds > 0 else 0.0,
        }

    def _loaded(self) -> tuple[Model, Decoder]:
        if self._model is None or self._decoder is None:
            raise ForgeError("No student is loaded.", hint="Load one in Students.")
        return self._model, self._decoder

    def _report(self, frame: Frame) -> None:
        now = time.monotonic()
        if now - self._last_report >= 0.1:
            self._last_report = now
            self._end.send(frame)


def _messages(request: Frame) -> list[PromptMessage]:
    return [
        PromptMessage(role, tuple(PromptPart(text, trusted) for text, trusted in parts))
        for role, parts in request["messages"]
    ]


def _refuse_overflow(prompt: int, context: int, answer: int) -> None:
    if prompt + min(16, answer) > context:
        raise trouble("CTX_FULL", prompt=prompt, context=context)


def _error(error: ForgeError) -> Frame:
    return {
        "ev": "error",
        "message": error.message,
        "hint": error.hint,
        "code": error.code,
        "action": error.action,
    }


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
