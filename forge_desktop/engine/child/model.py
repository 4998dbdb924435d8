"""One loaded GGUF: weights, vocabulary, template, and the self-test that shows whether it can decode here at all."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from typing import Any

from forge_desktop.base.child import Frame
from forge_desktop.engine.child.native import NativeLog, finite, llama
from forge_desktop.engine.child.placing import chunk, load_weights
from forge_desktop.engine.child.template import ChatTemplate
from forge_desktop.engine.child.tokens import Tokeniser
from forge_desktop.engine.errors import trouble
from forge_desktop.engine.records import PromptMessage
from forge_desktop.engine.records_plan import Placement

_CPU_COST, _GPU_COST = 0.6, 0.1  # of one more token in a step, where nothing was measured


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
        placement: Placement,
        extra_bufts: bool,
        progress: Callable[[float], None],
        check: bool = False,
        chats: bool = True,
    ) -> None:
        self.log = log
        log.clear()
        self.handle = load_weights(path, placement, log=log, extra_bufts=extra_bufts, progress=progress, check=check)
        self.vocab = llama.llama_model_get_vocab(self.handle)
        if chats:
            self._refuse_what_cannot_chat()
        self.trained_context: int = llama.llama_model_n_ctx_train(self.handle)
        self.offloaded, self.layers = log.offloaded()
        self.on_gpu = self.offloaded > 0
        self.chunk = chunk(placement)
        source = (llama.llama_model_chat_template(self.handle, None) or b"").decode("utf-8", "replace")
        self.tokeniser = Tokeniser(self.vocab, source)
        self._bos = self._text_of(llama.llama_vocab_bos(self.vocab))
        self._own_template = self._template_source = source
        self._template: ChatTemplate | None = None
        self.rendered: Callable[[], None] = lambda: None  # called when the template has come to its end

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
        """Make this the template; "" is the file's own. Raises ForgeError, and keeps the one before."""
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

    def prompt(self, messages: Sequence[PromptMessage], template: str = "") -> tuple[str, list[int], list[int]]:
        """(text after the template, its tokens, tokens of each message). `template` takes the place of the file's."""
        self.use_template(template)
        spans = self.template.render(messages)
        self.rendered()
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

    def token_cost(self, rates: Frame) -> float:
        """What one more token in a step takes, as a share of a step of one token: as measured, else as it is usual.

        A prompt's tokens were measured without their logits, which a guessed token needs.
        """
        if not rates:
            return _GPU_COST if self.on_gpu else _CPU_COST
        words = llama.llama_vocab_n_tokens(self.vocab) * llama.llama_model_n_embd(self.handle)
        logits = min(0.5, words / max(1, llama.llama_model_n_params(self.handle)))
        cost: float = rates["rate"] / rates["prompt_rate"] / (1 - logits)
        return min(1.0, cost)

    def meta(self, key: str) -> str:
        """A metadata value by name ("%s" stands for the architecture), or ""."""
        buffer = ctypes.create_string_buffer(4096)
        if "%s" in key:
            key = key.replace("%s", self.meta("general.architecture"))
        size = llama.llama_model_meta_val_str(self.handle, key.encode(), buffer, len(buffer))
        return buffer.value.decode("utf-8", "replace") if size >= 0 else ""

    def _refuse_what_cannot_chat(self) -> None:
        if llama.llama_model_has_encoder(self.handle) or not llama.llama_model_has_decoder(self.handle):
            raise trouble("NOT_A_CHAT_MODEL.encoder")
        if self.meta("%s.attention.causal") == "false":
            raise trouble("NOT_A_CHAT_MODEL.embedder")

    def _text_of(self, token: int) -> str:
        return self.tokeniser.piece(token, special=True).decode("utf-8", "replace") if token >= 0 else ""
