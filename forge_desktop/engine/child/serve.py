"""The child's main loop: one request after another, each answered in frames that end with one final frame.

Frames to the parent carry `ev`: "hello" once; then per request "started", some of "loading" / "templated" / "prompt" /
"prefill" / "text", and at the end "loaded", "rendered", "counted", "done" or "error". "alive" comes at any time.
"""

from __future__ import annotations

import dataclasses
import hashlib
import logging
import os
import time

from forge_desktop.base.child import ChildEnd, Frame
from forge_desktop.base.errors import ForgeError
from forge_desktop.engine.child import devices, heartbeat, machine, native, packs, planning, tuning
from forge_desktop.engine.child.decode import Decoder, Stopped
from forge_desktop.engine.child.flag import Flag
from forge_desktop.engine.child.model import Model
from forge_desktop.engine.child.placing import chat_context, placement_of
from forge_desktop.engine.child.sampler import make
from forge_desktop.engine.child.stream import Coalesced
from forge_desktop.engine.child.thinking import Governor
from forge_desktop.engine.errors import trouble
from forge_desktop.engine.records import PromptMessage, PromptPart, Sampling
from forge_desktop.engine.records_plan import Placement

log = logging.getLogger(__name__)


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
            "load_packs": self._load_packs,
            "devices": lambda _: self._devices(),
            "plan": self._plan,
            "tune": self._tune,
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
        return {
            "ev": "hello",
            "pid": os.getpid(),
            "build": native.build_name(),
            "key": devices.build_key(),
            "cpu": native.processor_name(),
            "features": native.features(),
            "threads": machine.threads(0),
        }

    def _load_packs(self, request: Frame) -> Frame:
        """Load one backend pack: one at a time, so that the parent knows which one ends this process."""
        problem = packs.load_pack(request["file"], request["needed"], self._native_log)
        return {"ev": "packs", "problem": problem}

    def _devices(self) -> Frame:
        return {"ev": "devices", "devices": [dataclasses.asdict(device) for device in devices.devices()]}

    def _plan(self, request: Frame) -> Frame:
        return planning.measure(
            request["path"],
            placement_of(request),
            log=self._native_log,
            flash=request["flash"],
        )

    def _tune(self, request: Frame) -> Frame:
        model, _ = self._loaded()
        return self._tuned(model, placement_of(request), request, tuning.THOROUGH)

    def _tuned(self, model: Model, placement: Placement, request: Frame, seconds: float) -> Frame:
        cancelled = self._flag.cancelled
        return tuning.tune(model, placement, threads=request["threads"], seconds=seconds, cancelled=cancelled)

    def _load(self, request: Frame) -> Frame:
        placement = placement_of(request)
        model = Model(
            request["path"],
            log=self._native_log,
            placement=placement,
            extra_bufts=request["extra_bufts"],
            progress=lambda fraction: self._report({"ev": "loading", "fraction": fraction}),
        )
        model.rendered = lambda: self._end.send({"ev": "templated"})
        self._end.send({"ev": "loading", "fraction": 1.0})
        tuned = self._tuned(model, placement, request, tuning.QUICK) if request.get("tune") else {}
        threads = machine.threads(request["threads"] or tuned.get("threads", 0))
        flash = tuned["flash"] if tuned and not placement.gpu_layers else request["flash"]
        context = chat_context(
            model,
            placement,
            threads=threads,
            flash=flash,
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
            "tuned": tuned,
            "threads": threads,
            "flash": flash,
            "buffers": self._native_log.sizes(),
            "resident": machine.resident_memory(),
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
