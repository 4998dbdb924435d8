"""One loaded GGUF: weights, context, template, and the self-test that shows whether it can decode here at all."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from forge_desktop.base.errors import ForgeError
from forge_desktop.engine.child import machine
from forge_desktop.engine.child.native import NativeLog, finite, llama
from forge_desktop.engine.child.template import ChatTemplate
from forge_desktop.engine.child.tokens import Tokeniser
from forge_desktop.engine.records import PromptMessage

_SMALL_CONTEXT = 8192  # up to here a sliding-window model keeps its whole cache, so that prefixes can be reused
_CPU_CHUNK, _GPU_CHUNK = 128, 512


class Model:
    """Weights and context of one student. Raises ForgeError with llama.cpp's own reason when it cannot be loaded.

    `chunk` is how many prompt tokens are decoded at once: small on a CPU, where it costs nothing and a cancel waits for
    less; it is fixed, because other batch shapes give slightly other numbers and so, at times, another answer.
    """

    def __init__(
        self,
        path: str,
        *,
        log: NativeLog,
        context: int,
        gpu_layers: int,
        threads: int,
        extra_bufts: bool,
        flag_address: int,
        progress: Callable[[float], None],
    ) -> None:
        self._log = log
        log.clear()
        _refuse_too_large(path)
        self.handle = _load_weights(path, log, gpu_layers, extra_bufts, progress)
        self.vocab = llama.llama_model_get_vocab(self.handle)
        self._refuse_what_cannot_chat()
        self.trained_context: int = llama.llama_model_n_ctx_train(self.handle)
        self.offloaded, self.layers = log.offloaded()
        self.on_gpu = self.offloaded > 0
        self.chunk = _GPU_CHUNK if self.on_gpu else _CPU_CHUNK
        wanted = min(context, self.trained_context) if self.trained_context > 0 else context
        self._refuse_too_much_memory(wanted)
        self.context = self._make_context(wanted, machine.threads(threads), flag_address)
        self.context_tokens: int = llama.llama_n_ctx(self.context)
        self.memory = llama.llama_get_memory(self.context)
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
        return f"{' + '.join(self._log.buffers()) or 'GPU'} · {self.offloaded}/{self.layers} layers"

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

    def self_test(self) -> None:
        """Decode three tokens, as a batch and alone: where a build crashes on this machine, it crashes here."""
        token = max(0, llama.llama_vocab_bos(self.vocab))
        for count in (2, 1):
            tokens = (llama.llama_token * count)(*[token] * count)
            code = llama.llama_decode(self.context, llama.llama_batch_get_one(tokens, count))
            if code != 0:
                raise ForgeError(f"The student cannot compute on this machine (llama.cpp code {code}).", hint=_OTHER)
            logits = llama.llama_get_logits_ith(self.context, -1)
            if not finite(logits, min(64, llama.llama_vocab_n_tokens(self.vocab))):
                raise ForgeError(
                    "The student computes no usable numbers; its file is probably damaged.",
                    hint="Get the GGUF file again and import it.",
                )
        llama.llama_memory_clear(self.memory, True)

    def meta(self, key: str) -> str:
        """A metadata value by name ("%s" stands for the architecture), or ""."""
        buffer = ctypes.create_string_buffer(4096)
        if "%s" in key:
            key = key.replace("%s", self.meta("general.architecture"))
        size = llama.llama_model_meta_val_str(self.handle, key.encode(), buffer, len(buffer))
        return buffer.value.decode("utf-8", "replace") if size >= 0 else ""

    def _make_context(self, tokens: int, threads: int, flag_address: int) -> Any:
        params = llama.llama_context_default_params()
        params.n_ctx = tokens
        params.n_batch = params.n_ubatch = self.chunk
        params.n_outputs_max = 1  # logits of one token at a time: a fraction of the compute buffer
        params.n_threads = params.n_threads_batch = threads
        params.flash_attn_type = (
            llama.LLAMA_FLASH_ATTN_TYPE_AUTO if self.on_gpu else llama.LLAMA_FLASH_ATTN_TYPE_DISABLED
        )
        params.swa_full = tokens <= _SMALL_CONTEXT
        params.no_perf = True
        context = llama.llama_init_from_model(self.handle, params)
        if not context:
            reason = self._log.reason() or "llama.cpp gave no reason"
            raise ForgeError(
                f"There is not enough memory for a context of {tokens:,} tokens: {reason}.",
                hint="Lower the context length in Settings, or choose a smaller student.",
            )
        # The abort callback is C's own strlen over one shared byte: no Python runs, so it costs nothing per token.
        libc = ctypes.CDLL("ucrtbase" if sys.platform == "win32" else None)
        self._abort = ctypes.cast(libc.strlen, llama.ggml_abort_callback)
        llama.llama_set_abort_callback(context, self._abort, ctypes.c_void_p(flag_address))
        return context

    def _refuse_what_cannot_chat(self) -> None:
        if llama.llama_model_has_encoder(self.handle) or not llama.llama_model_has_decoder(self.handle):
            raise ForgeError("This model translates text and cannot chat.", hint=_OTHER)
        if self.meta("%s.attention.causal") == "false":
            raise ForgeError("This is an embedding model; it cannot answer.", hint=_OTHER)

    def _refuse_too_much_memory(self, tokens: int) -> None:
        free = machine.free_memory()
        heads = llama.llama_model_n_head(self.handle)
        if free is None or self.on_gpu or heads < 1:
            return
        width = llama.llama_model_n_embd(self.handle) // heads
        key, value = (int(self.meta(f"%s.attention.{name}_length") or width) for name in ("key", "value"))
        layers = llama.llama_model_n_layer(self.handle)
        needed = 2 * tokens * layers * llama.llama_model_n_head_kv(self.handle) * (key + value)
        if needed > 0.9 * free:
            raise ForgeError(
                f"A context of {tokens:,} tokens needs about {needed / 1e9:.1f} GB of memory, "
                f"but {free / 1e9:.1f} GB are free.",
                hint="Lower the context length in Settings, or close other programs.",
            )

    def _text_of(self, token: int) -> str:
        return self.tokeniser.piece(token, special=True).decode("utf-8", "replace") if token >= 0 else ""


_OTHER = "Choose another student."


def _refuse_too_large(path: str) -> None:
    """Weights that exceed the free memory would be read from the disk for every word, or end the process."""
    free = machine.free_memory()
    try:
        size = os.path.getsize(path)
    except OSError:
        return  # the loader says why
    if free is not None and size > free and not llama.llama_supports_gpu_offload():
        raise ForgeError(
            f"The student needs {size / 1e9:.1f} GB of memory, but {free / 1e9:.1f} GB are free.",
            hint="Close other programs, or choose a smaller student.",
        )


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
        reason = log.reason()
        raise ForgeError(
            f"The student {path} could not be loaded: {reason or 'llama.cpp gave no reason'}.",
            hint="The file may be damaged or of a kind this version does not know. Import it again or choose another.",
        )
    return handle
