"""The child's main loop: one request after another, each answered in frames that end with one final frame.

Frames to the parent carry `ev`: "hello" once; then per request "started", some of "loading" / "templated" / "prompt" /
"prefill" / "text", and at the end "loaded", "rendered", "tried", "counted", "worn", "done", "paused" or "error".
"alive" comes at any time.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import logging
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from forge_desktop.base.child import ChildEnd, Frame
from forge_desktop.base.errors import ForgeError
from forge_desktop.engine.child import devices, embedding, heartbeat, lessons, machine, native, packs, planning, tuning
from forge_desktop.engine.child.adapter import Adapters
from forge_desktop.engine.child.answering import Answering, held, refuse_overflow
from forge_desktop.engine.child.apart import Apart, Terms
from forge_desktop.engine.child.decode import Decoder
from forge_desktop.engine.child.flag import Flag
from forge_desktop.engine.child.kv_files import KvFiles
from forge_desktop.engine.child.model import Model
from forge_desktop.engine.child.pausing import Pausing, Work
from forge_desktop.engine.child.placing import chat_context, placement_of
from forge_desktop.engine.child.sequences import Sequences
from forge_desktop.engine.child.template import ChatTemplate
from forge_desktop.engine.child.thinking import marks_of
from forge_desktop.engine.errors import trouble
from forge_desktop.engine.records import PromptMessage, PromptPart, Sampling
from forge_desktop.engine.records_plan import Placement

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Student:
    """A loaded model, and the context its conversations stand in."""

    model: Model
    sequences: Sequences
    answering: Answering
    files: KvFiles
    apart: Apart
    adapters: Adapters


class Server:
    """Answers the parent's requests. It never writes the cancel byte: that is the parent's."""

    def __init__(self, end: ChildEnd) -> None:
        self._end = end
        self._native_log = native.NativeLog()
        self._student: Student | None = None
        self._embedding: embedding.Embedding | None = None
        self._flag = Flag()
        self._pausing = Pausing(self._flag)
        self._last_report = 0.0
        machine.offer_to_oom_killer()
        native.llama.llama_backend_init()

    def run(self) -> None:
        """Serve until the parent closes the pipe; ChildEnd then ends the process."""
        answer: dict[str, Callable[[Frame], Frame]] = {
            "hello": self._hello,
            "load_packs": self._load_packs,
            "devices": lambda _: self._devices(),
            "plan": self._plan,
            "template": self._try_template,
            "tune": self._tune,
            "load": self._load,
            "render": self._render,
            "count": self._count,
            "generate": self._generate,
            "score": lambda request: self._pausing.run(self._loaded().apart.score(request, _messages), request),
            "batch": lambda request: self._pausing.run(self._loaded().apart.batch(request, _messages), request),
            "adapter": self._change_adapter,
            "tokenise": self._tokenise,
            "keep": self._keep,
            "embed": self._embed,
            "resume": self._pausing.resume,
        }
        while True:
            request = self._end.requests.get()
            self._end.send({"ev": "started"})
            try:
                self._prepare(request)
                reply = answer[request["op"]](request)
            except ForgeError as error:
                reply = _error(error)
            except Exception as error:  # the child's main loop: a bug here must reach the parent, not end the student
                log.exception("request %s failed", request.get("op"))
                reply = {**_error(trouble("PROTOCOL", reason=repr(error))), "bug": True}
            self._end.send(reply)

    def _prepare(self, request: Frame) -> None:
        """What the parent says along with any request."""
        self._pausing.give_up(request.get("abandoned", []))
        if self._student is not None:
            self._student.sequences.drop(request.get("forgotten", []))
            self._student.files.order = request.get("kv", {})

    def _hello(self, request: Frame) -> Frame:
        self._flag = self._pausing.flag = Flag(request["flag"])
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
        problem, idle = packs.load_pack(request["file"], request["needed"], self._native_log)
        return {"ev": "packs", "problem": problem, "idle": idle}

    def _devices(self) -> Frame:
        return {"ev": "devices", "devices": [dataclasses.asdict(device) for device in devices.devices()]}

    def _plan(self, request: Frame) -> Frame:
        return planning.measure(
            request["path"],
            placement_of(request),
            log=self._native_log,
            flash=request["flash"],
        )

    def _try_template(self, request: Frame) -> Frame:
        """Render messages by a template alone, without its student: for these tokens any text will do."""
        ChatTemplate(request["source"], bos="<s>", eos="</s>").render(_messages(request))
        return {"ev": "tried"}

    def _tune(self, request: Frame) -> Frame:
        return self._tuned(self._loaded().model, placement_of(request), request, tuning.THOROUGH)

    def _tuned(self, model: Model, placement: Placement, request: Frame, seconds: float) -> Frame:
        cancelled = self._flag.cancelled
        return tuning.tune(model, placement, threads=request["threads"], seconds=seconds, cancelled=cancelled)

    def _embed(self, request: Frame) -> Frame:
        if self._embedding is None:
            raise ForgeError("No embedding model is loaded.", hint="Choose one in Settings.")
        return self._pausing.run(self._embedding.embed(request, self._end.send), request)

    def _load(self, request: Frame) -> Frame:
        if request.get("pooling"):
            self._embedding, loaded = embedding.load(
                request,
                self._native_log,
                self._flag,
                lambda fraction: self._report({"ev": "loading", "fraction": fraction}),
            )
            return loaded
        placement = placement_of(request)
        model = Model(
            request["path"],
            log=self._native_log,
            placement=placement,
            extra_bufts=request["extra_bufts"],
            progress=lambda fraction: self._report({"ev": "loading", "fraction": fraction}),
            check=request.get("check", False),
        )
        model.rendered = lambda: self._end.send({"ev": "templated"})
        self._end.send({"ev": "loading", "fraction": 1.0})
        tuned: Frame = {}
        with contextlib.suppress(ForgeError), self._native_log.aside():  # loads without room for a second context too
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
        import numpy  # noqa: F401 - the first token needs it, and would wait longer for it than a load does

        sequences = Sequences(model, context)
        decoder = Decoder(model, sequences, self._flag, threads)
        cost = model.token_cost(tuned or request.get("rates") or {})
        answering = Answering(self._end.send, model, sequences, decoder, token_cost=cost)
        adapters, terms = Adapters(model), Terms(placement, threads, flash, request["extra_bufts"])
        apart = Apart(self._end.send, model, terms, self._flag, adapters)
        self._student = Student(model, sequences, answering, KvFiles(sequences, self._end.send), apart, adapters)
        return {
            "ev": "loaded",
            "context": sequences.context_tokens,
            "trained_context": model.trained_context,
            "device": model.device,
            "offloaded": model.offloaded,
            "layers": model.layers,
            "tuned": tuned,
            "threads": threads,
            "flash": flash,
            "buffers": self._native_log.sizes(),
            "resident": machine.resident_memory(),
            "layout": f"{native.build_name()} {placement.kv_type} {sequences.context_tokens} {model.device} "
            f"{placement.kv_on_gpu} {flash}",
        }

    def _change_adapter(self, request: Frame) -> Frame:
        """Answer with this adapter from now on, None: without. What was computed stays with the one it belongs to."""
        sequences = self._loaded().sequences
        sequences.worn = self._loaded().adapters.change(sequences.context, request["adapter"])
        return {"ev": "worn"}

    def _render(self, request: Frame) -> Frame:
        student = self._loaded()
        text, tokens, counts = student.model.prompt(_messages(request), request.get("template", ""))
        return {
            "ev": "rendered",
            "special": student.model.special_places(_messages(request)) if request.get("marks") else [],
            "text": text,
            "sha256": _sha256(text),
            "tokens": len(tokens),
            "message_tokens": counts,
            "thinks": marks_of(student.model) is not None,
            "context": student.sequences.context_tokens,
        }

    def _count(self, request: Frame) -> Frame:
        tokeniser = self._loaded().model.tokeniser
        return {"ev": "counted", "tokens": [len(tokeniser.plain(text)) for text in request["texts"]]}

    def _tokenise(self, request: Frame) -> Frame:
        work = lessons.tokenise(self._loaded().model, self._flag, request, _messages, self._end.send)
        return self._pausing.run(work, request)

    def _generate(self, request: Frame) -> Frame:
        student = self._loaded()
        sampling = Sampling(**{**request["sampling"], "stop": tuple(request["sampling"]["stop"])})
        text, tokens, _ = student.model.prompt(_messages(request), request.get("template", ""))
        refuse_overflow(len(tokens), student.sequences.context_tokens, sampling.max_tokens)
        known, new = student.sequences.take(request.get("conversation", ""))
        student.files.begin(known)
        restored = student.files.load(known, tokens) if new else 0
        work = student.answering.work((text, _sha256(text), tokens), sampling, known, restored)
        return self._pausing.run(held(known, work) if request.get("background") else work, request)

    def _keep(self, request: Frame) -> Frame:
        return self._pausing.run(self._keeping(), request)

    def _keeping(self) -> Work:
        """Save every conversation, the least recently used last."""
        student = self._loaded()
        for known in student.sequences.known()[::-1]:
            if not self._flag.cancelled():
                student.files.save(known)
            yield
        return {"ev": "done"}

    def _loaded(self) -> Student:
        if self._student is None:
            raise ForgeError("No student is loaded.", hint="Load one in Students.")
        return self._student

    def _report(self, frame: Frame) -> None:
        now = time.monotonic()
        if now - self._last_report >= 0.1:
            self._last_report = now
            self._end.send(frame)


def _messages(request: Frame) -> list[PromptMessage]:
    return [PromptMessage(role, tuple(_part(*part) for part in parts)) for role, parts in request["messages"]]


def _part(text: str, trusted: bool, tokens: Sequence[int] = ()) -> PromptPart:
    return PromptPart(text, trusted, tuple(tokens))


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
