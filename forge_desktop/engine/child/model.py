"""One loaded GGUF: weights, vocabulary, template, and the self-test that shows whether it can decode here at all."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Sequence
from typing import Any

from forge_desktop.engine.child import machine
from forge_desktop.engine.child.native import NativeLog, finite, llama
from forge_desktop.engine.child.template import ChatTemplate
from forge_desktop.engine.child.tokens import Tokeniser
from forge_desktop.engine.errors import loading_case, trouble
from forge_desktop.engine.records import PromptMessage

_CPU_CHUNK, _GPU_CHUNK = 128, 512


class Model:
    """The weights of one student, on which contexts are made. Raises ForgeError with llama.cpp's own reason when it
    cannot be loaded; `log` is where later reasons are read from.

    `chunk` is how many prompt tokens are decoded at once: small on a CPU, where it costs nothing and a cancel waits for
    less; it is fixed, because other batch shapes give slightly other numbers and so, at times, another answer.
    """

    def __init__(
        self,
        path: str,
        *,
        log: NativeLog,
        gpu_layers: int,
        extra_bufts: bool,
        progress: Callable[[float], None],
    ) -> None:
        self.log = log
        log.clear()
        _refuse_too_large(path)
        self.handle = _load_weights(path, log, gpu_layers, extra_bufts, progress)
        self.vocab = llama.llama_model_get_vocab(self.handle)
        self._refuse_what_cannot_chat()
        self.trained_context: int = llama.llama_model_n_ctx_train(self.handle)
        self.offloaded, self.layers = log.offloaded()
        self.on_gpu = self.offloaded > 0
        self.chunk = _GPU_CHUNK if self.on_gpu else _CPU_CHUNK
        source = (llama.llama_model_chat_template(self.handle, None) or b"").decode("utf-8", "replace")
        self.tokeniser = Tokeniser(self.vocab, source)
        self._bos = self._text_of(llama.llama_vocab_bos(self.vocab))
        self._own_template = self._template_source = source
        self._template: ChatTemplate | None = None

    @property
    def device(self) -> str:
        """Where the layers were counted: "CPU", or the devices and how many layers they hold."""
        if not self.on_gpu:
            return "CPU"
        return f"{' + '.join(self.log.buffers()) or 'GPU'} · {self.offloaded}/{self.layers} layers"

    @property
    def template(self) -> ChatTemplate:
        """The chat template, compiled at its first use."""
        if self._template is None:
            self._template = self._compiled(self._template_source)
        return self._template

    def use_template(self, source: str) -> None:
        """Render with this template from now on; "" is the file's own. Raises ForgeError, and keeps the one before."""
        source = source or self._own_template
        if source == self._template_source:
            return
        template, tokeniser = self._compiled(source), Tokeniser(self.vocab, source)
        self._template_source, self._template, self.tokeniser = source, template, tokeniser

    def special_places(self, messages: Sequence[PromptMessage]) -> list[tuple[int, int]]:
        """Where in the prompt's text special tokens stand."""
        return self.tokeniser.special_places(self.template.render(messages))

    def _compiled(self, source: str) -> ChatTemplate:
        return ChatTemplate(source, bos=self._bos, eos=self._text_of(llama.llama_vocab_eos(self.vocab)))

    def prompt(self, messages: Sequence[PromptMessage]) -> tuple[str, list[int], list[int]]:
        """(text after the template, its tokens, tokens of each message)."""
        spans = self.template.render(messages)
        text = "".join(span.text for span in spans)
        tokens, counts = self.tokeniser.encode(spans)
        if llama.llama_vocab_get_add_bos(self.vocab) and not (self._bos and text.startswith(self._bos)):
            tokens.insert(0, llama.llama_vocab_bos(self.vocab))
            counts[0] += 1
        counts += [0] * (len(messages) - len(counts))
        return text, tokens, counts

    def self_test(self, context: Any) -> None:
        """Decode three tokens, as a batch and alone: where a build crashes on this machine, it crashes here."""
        token = max(0, llama.llama_vocab_bos(self.vocab))
        for count in (2, 1):
            tokens = (llama.llama_token * count)(*[token] * count)
            code = llama.llama_decode(context, llama.llama_batch_get_one(tokens, count))
            if code != 0:
                raise trouble("CPU_FEATURE.code", number=code)
            logits = llama.llama_get_logits_ith(context, -1)
            if not finite(logits, min(64, llama.llama_vocab_n_tokens(self.vocab))):
                raise trouble("MODEL_CORRUPT.numbers")
        llama.llama_memory_clear(llama.llama_get_memory(context), True)

    def meta(self, key: str) -> str:
        """A metadata value by name ("%s" stands for the architecture), or ""."""
        buffer = ctypes.create_string_buffer(4096)
        if "%s" in key:
            key = key.replace("%s", self.meta("general.architecture"))
        size = llama.llama_model_meta_val_str(self.handle, key.encode(), buffer, len(buffer))
        return buffer.value.decode("utf-8", "replace") if size >= 0 else ""

    def fitting_context(self, tokens: int) -> int:
        """`tokens`, or as many as the model was trained for."""
        return min(tokens, self.trained_context) if self.trained_context > 0 else tokens

    def kv_bytes(self, tokens: int) -> int:
        """Bytes that this many tokens take in a cache of 16-bit numbers, about; 0 when the file does not say."""
        heads = llama.llama_model_n_head(self.handle)
        if heads < 1:
            return 0
        width = llama.llama_model_n_embd(self.handle) // heads
        key, value = (int(self.meta(f"%s.attention.{name}_length") or width) for name in ("key", "value"))
        layers: int = llama.llama_model_n_layer(self.handle)
        return 2 * tokens * layers * int(llama.llama_model_n_head_kv(self.handle)) * (key + value)

    def refuse_too_much_memory(self, tokens: int) -> None:
        """Raise ForgeError where a context of so many tokens would not fit into the free memory."""
        free, needed = machine.free_memory(), self.kv_bytes(tokens)
        if free is not None and not self.on_gpu and needed > 0.9 * free:
            raise trouble("MEM_PLAN", tokens=tokens, needed=needed / 1e9, free=free / 1e9)

    def _refuse_what_cannot_chat(self) -> None:
        if llama.llama_model_has_encoder(self.handle) or not llama.llama_model_has_decoder(self.handle):
            raise trouble("NOT_A_CHAT_MODEL.encoder")
        if self.meta("%s.attention.causal") == "false":
            raise trouble("NOT_A_CHAT_MODEL.embedder")

    def _text_of(self, token: int) -> str:
        return self.tokeniser.piece(token, special=True).decode("utf-8", "replace") if token >= 0 else ""


def _refuse_too_large(path: str) -> None:
    """Weights that exceed the free memory would be read from the disk for every word, or end the process."""
    free = machine.free_memory()
    try:
        size = os.path.getsize(path)
    except OSError:
        return  # the loader says why
    if free is not None and size > free and not llama.llama_supports_gpu_offload():
        raise trouble("MEM_PLAN.weights", needed=size / 1e9, free=free / 1e9)


def _load_weights(
    path: str, log: NativeLog, gpu_layers: int, extra_bufts: bool, progress: Callable[[float], None]
) -> Any:
    def report(fraction: float, _data: object) -> bool:
        progress(fraction)
        return True

    callback = llama.llama_progress_callback(report)
    params = llama.llama_model_default_params()
    params.n_gpu_layers = gpu_layers if llama.llama_supports_gpu_offload() else 0
    params.use_extra_bufts = extra_bufts
    params.progress_callback = callback
    handle = llama.llama_model_load_from_file(path.encode("utf-8", "surrogateescape"), params)
    if not handle:
        reason = log.reason() or "llama.cpp gave no reason"
        raise trouble(loading_case(reason), path=path, reason=reason)
    return handle
