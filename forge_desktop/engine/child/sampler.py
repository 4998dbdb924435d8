"""Chooses the next token: llama.cpp's samplers in its usual order, and the grammar an answer may have to follow.

The order is penalties, DRY, top k, typical p, top p, min p, XTC, temperature, then the draw. Penalties and DRY see the
end of the prompt too, as they do elsewhere. Mirostat takes the place of everything between DRY and the draw but the
temperature. A grammar looks only at the token that was drawn, and at the whole vocabulary where that one does not fit:
the full look costs more than computing the token does in a small model.
"""

from __future__ import annotations

import ctypes
import functools
import math
import re
from collections.abc import Callable, Sequence
from typing import Any

from forge_desktop.base.errors import ForgeError
from forge_desktop.engine.child import grammar
from forge_desktop.engine.child.model import Model
from forge_desktop.engine.child.native import llama
from forge_desktop.engine.errors import trouble
from forge_desktop.engine.records import Sampling

_DRY_BREAKS = (b"\n", b":", b'"', b"*")  # a repetition does not reach across these; llama.cpp's own choice
_MIROSTAT_WORDS = 100


class Sampler:
    """The samplers of one answer, with their memory of it. `close` gives them back.

    `sample(context, index)` chooses among the logits of that output and remembers the token; it raises ForgeError when
    a grammar leaves none. `held` says whether the grammar counts now: not while the student is still thinking.
    Without a chain it is always the likeliest token.
    """

    def __init__(self, chain: Any, rules: Any, words: int) -> None:
        self._chain, self._rules, self._words = chain, rules, words
        self.held = True
        self.sample: Callable[[Any, int], int] = functools.partial(llama.llama_sampler_sample, chain)
        if chain is None:
            self._views: dict[int, Any] = {}
            self.sample = self._likeliest
        elif rules is not None:
            self._candidates = (llama.llama_token_data * words)()
            self._array = llama.llama_token_data_array()
            self._one = (llama.llama_token_data * 1)()
            self.sample = self._sample_by_rules

    def accept(self, token: int) -> None:
        """Remember a token that was not chosen here."""
        if self._chain is not None:
            llama.llama_sampler_accept(self._chain, token)
        if self._rules is not None and self.held and self._fits(token):
            llama.llama_sampler_accept(self._rules, token)

    def close(self) -> None:
        """Give the native memory back. Safe to call twice."""
        for native in (self._chain, self._rules):
            if native is not None:
                llama.llama_sampler_free(native)
        self._chain = self._rules = None

    def _likeliest(self, context: Any, index: int) -> int:
        """The largest logit, read where it stands: llama.cpp's sampler would first copy them all into a table."""
        logits = llama.llama_get_logits_ith(context, index)
        place = ctypes.addressof(logits.contents)
        view = self._views.get(place)
        if view is None:
            import numpy as np

            view = self._views[place] = np.ctypeslib.as_array(logits, (self._words,))
        return int(view.argmax())

    def _sample_by_rules(self, context: Any, index: int) -> int:
        if not self.held:
            return int(llama.llama_sampler_sample(self._chain, context, index))
        token = self._choose(context, index, lawful=False)
        if not self._fits(token):
            token = self._choose(context, index, lawful=True)
            if not self._fits(token):  # llama.cpp ends the process when such a token is accepted
                raise trouble("GRAMMAR_BAD.stuck")
        llama.llama_sampler_accept(self._chain, token)
        llama.llama_sampler_accept(self._rules, token)
        return token

    def _choose(self, context: Any, index: int, *, lawful: bool) -> int:
        import numpy as np

        table = np.frombuffer(self._candidates, dtype=[("id", "<i4"), ("logit", "<f4"), ("p", "<f4")])
        table["id"] = np.arange(self._words, dtype=np.int32)
        table["logit"] = np.ctypeslib.as_array(llama.llama_get_logits_ith(context, index), (self._words,))
        array = self._array  # a sampler may have let it point elsewhere
        array.data = ctypes.cast(self._candidates, llama.llama_token_data_p)
        array.size, array.selected, array.sorted = self._words, -1, False
        if lawful:
            llama.llama_sampler_apply(self._rules, ctypes.byref(array))
        llama.llama_sampler_apply(self._chain, ctypes.byref(array))
        return int(array.data[array.selected].id)

    def _fits(self, token: int) -> bool:
        self._one[0] = llama.llama_token_data(token, 1.0, 0.0)
        array = llama.llama_token_data_array(ctypes.cast(self._one, llama.llama_token_data_p), 1, -1, False)
        llama.llama_sampler_apply(self._rules, ctypes.byref(array))
        return bool(self._one[0].logit > -math.inf)


def make(sampling: Sampling, model: Model, prompt: Sequence[int] = ()) -> Sampler:
    """The samplers for an answer to `prompt`. Raises ForgeError for values or a grammar that cannot be used."""
    _refuse_nonsense(sampling)
    rules = _rules(grammar.gbnf(sampling), model)
    words: int = llama.llama_vocab_n_tokens(model.vocab)
    penalties = _penalties(sampling, model, words, len(prompt) + sampling.max_tokens)
    if sampling.temperature <= 0 and not penalties and rules is None:
        return Sampler(None, None, words)
    chain = llama.llama_sampler_chain_init(llama.llama_sampler_chain_default_params())
    window = 0
    for step, seen in (*penalties, *_draw(sampling, words)):
        llama.llama_sampler_chain_add(chain, step)
        window = max(window, seen)
    sampler = Sampler(chain, rules, words)
    for token in prompt[-window:] if window else ():
        llama.llama_sampler_accept(chain, token)
    return sampler


def _rules(text: str, model: Model) -> Any:
    if not text:
        return None
    rules = llama.llama_sampler_init_grammar(model.vocab, text.encode("utf-8", "replace"), b"root")
    if not rules:
        raise grammar.unusable(_reason(text, model.log.newest_error()))
    return rules


def _reason(text: str, logged: str) -> str:
    """Why llama.cpp refused it: it prints the place of an error where no program can read it."""
    if not re.search(r"^\s*root\s*::=", text, re.MULTILINE):
        return "it has no rule called root"
    return "a rule begins with itself" if "left recursion" in logged else "it is not valid GBNF"


def _penalties(sampling: Sampling, model: Model, words: int, longest: int) -> list[tuple[Any, int]]:
    """(sampler, tokens it looks back) of what makes repetition less likely; `longest` is all there can be."""
    found: list[tuple[Any, int]] = []
    last = sampling.repeat_last if sampling.repeat_last >= 0 else longest
    repeat, frequency, presence = sampling.repeat_penalty, sampling.frequency_penalty, sampling.presence_penalty
    if last > 0 and (repeat, frequency, presence) != (1.0, 0.0, 0.0):
        found.append((llama.llama_sampler_init_penalties(words, last, repeat, frequency, presence), last))
    reach = sampling.dry_range if sampling.dry_range >= 0 else longest
    if sampling.dry_multiplier > 0 and reach > 0:
        breaks = (ctypes.c_char_p * len(_DRY_BREAKS))(*_DRY_BREAKS)
        dry = llama.llama_sampler_init_dry(
            model.vocab,
            sampling.dry_multiplier,
            sampling.dry_base,
            sampling.dry_allowed,
            reach,
            breaks,
            len(_DRY_BREAKS),
        )
        found.append((dry, reach))
    return found


def _draw(sampling: Sampling, words: int) -> list[tuple[Any, int]]:
    seed = sampling.seed & 0xFFFF_FFFF
    if sampling.temperature <= 0:
        return [(llama.llama_sampler_init_greedy(), 0)]
    if sampling.mirostat:
        tau, eta = sampling.mirostat_tau, sampling.mirostat_eta
        steps = [
            llama.llama_sampler_init_temp(sampling.temperature),
            llama.llama_sampler_init_mirostat(words, seed, tau, eta, _MIROSTAT_WORDS)
            if sampling.mirostat == 1
            else llama.llama_sampler_init_mirostat_v2(seed, tau, eta),
        ]
    else:
        steps = [
            llama.llama_sampler_init_top_k(sampling.top_k),
            *([llama.llama_sampler_init_typical(sampling.typical_p, 1)] if sampling.typical_p < 1 else []),
            llama.llama_sampler_init_top_p(sampling.top_p, 1),
            llama.llama_sampler_init_min_p(sampling.min_p, 1),
            *([_xtc(sampling, seed)] if sampling.xtc_probability > 0 else []),
            llama.llama_sampler_init_temp(sampling.temperature),
            llama.llama_sampler_init_dist(seed),
        ]
    return [(step, 0) for step in steps]


def _xtc(sampling: Sampling, seed: int) -> Any:
    return llama.llama_sampler_init_xtc(sampling.xtc_probability, sampling.xtc_threshold, 1, seed)


_LEAST_AND_MOST = {
    "temperature": (0.0, 100.0),
    "top_k": (0, 1_000_000),
    "top_p": (0.0, 1.0),
    "min_p": (0.0, 1.0),
    "typical_p": (0.0, 1.0),
    "repeat_penalty": (0.01, 100.0),
    "repeat_last": (-1, 1_000_000),
    "frequency_penalty": (-100.0, 100.0),
    "presence_penalty": (-100.0, 100.0),
    "dry_multiplier": (0.0, 100.0),
    "dry_base": (1.0, 100.0),
    "dry_allowed": (0, 1_000_000),
    "dry_range": (-1, 1_000_000),
    "xtc_probability": (0.0, 1.0),
    "xtc_threshold": (0.0, 1.0),
    "mirostat": (0, 2),
    "mirostat_tau": (0.0, 100.0),
    "mirostat_eta": (0.0, 10.0),
}


def _refuse_nonsense(sampling: Sampling) -> None:
    """Values that llama.cpp would stumble over; a NaN is in no range."""
    for name, (least, most) in _LEAST_AND_MOST.items():
        value = getattr(sampling, name)
        if not least <= value <= most:
            raise ForgeError(
                f"The sampling value {name} cannot be {value}.", hint=f"Choose a value from {least} to {most}."
            )
