"""The decode loop: a prompt in chunks, then token after token at constant Python cost, or several guessed at once."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

from forge_desktop.engine.child.ending import Ending
from forge_desktop.engine.child.flag import Flag, Stopped
from forge_desktop.engine.child.lookup import OUTPUTS, Lookup
from forge_desktop.engine.child.model import Model
from forge_desktop.engine.child.native import llama
from forge_desktop.engine.child.rows import ABORTED, Rows
from forge_desktop.engine.child.sampler import Sampler
from forge_desktop.engine.child.sequences import Known, Sequences
from forge_desktop.engine.errors import trouble

_NO_ROOM = 1  # llama_decode's code for "no cells left"


class Decoder:
    """Computes in the streams of one context. It can be left alone after every `yield`: nothing that is still needed
    is only in the context then, so other streams may be computed in between. `threads` is what was loaded with.
    """

    def __init__(self, model: Model, sequences: Sequences, flag: Flag, threads: int) -> None:
        self._model, self._sequences, self._flag = model, sequences, flag
        self._context = sequences.context
        self._rows = Rows(self._context, max(model.chunk, OUTPUTS))
        self._words: int = llama.llama_vocab_n_tokens(model.vocab)
        self._threads = threads
        self._asked = 0

    def prefill(self, known: Known, tokens: Sequence[int], report: Callable[[int], None]) -> Generator[None, bool, int]:
        """Bring the stream to exactly `tokens`; returns how many were already there. Raises Stopped."""
        reused = self._sequences.keep(known, tokens)
        if known.ending and reused == len(tokens):
            if known.ending.put_back(self._context):
                return reused
            known.ending = None
            reused = self._sequences.keep(known, tokens)
        known.prompt_end = len(tokens)
        place, chunk = reused, self._model.chunk
        while place < len(tokens):
            report(place)
            self._look()
            part = tokens[place : place + chunk]
            last = place + len(part) == len(tokens)
            known.cuts.append(place)
            self._decode_many(known, part, outputs=int(last))
            place += len(part)
            if not last and (yield):
                yield from self.bring_back(known)
        known.ending = Ending(self._context, self._words, len(tokens))
        return reused

    def bring_back(self, known: Known) -> Generator[None, bool, None]:
        """After an interruption: the stream as it was left, from its saved state or computed again. Raises Stopped when
        another adapter is on now: the rest would be another student's.
        """
        if known.worn != self._sequences.worn:
            raise Stopped
        end = known.prompt_end
        if lost := self._sequences.bring_back(known):
            yield from self.prefill(known, lost, lambda _: None)
            known.prompt_end = end

    def answer(
        self,
        known: Known,
        sampler: Sampler,
        limit: int,
        *,
        lookup: Lookup | None = None,
        after: Callable[[int], Sequence[int]] = lambda _: (),
    ) -> Generator[int, None, bool]:
        """Tokens one after another until the model ends its turn (returns True), or until there is no room or `limit`
        are out. Raises Stopped.

        `sampler` chooses and remembers. `after` is told each token and gives those that have to follow it. On a GPU a
        token is on its way while its text is made, except in work that may be interrupted: its logits would be lost.
        """
        vocab, is_end, cached = self._model.vocab, llama.llama_vocab_is_eog, known.tokens
        place = len(cached)  # where the next token stands
        left = min(limit, self._sequences.context_tokens - place)
        hurries = self._model.on_gpu and not known.busy
        sampled = [sampler.sample(self._context, -1)]
        while left > 0:
            forced: Sequence[int] = ()
            for number, token in enumerate(sampled):
                if is_end(vocab, token):
                    return True
                self._look()
                if lookup is not None:
                    lookup.add(token)
                guesses: Sequence[int] = ()
                code: int | None = None
                if number == len(sampled) - 1 and left > 1:
                    guesses = self._guesses(known, lookup, left - 1)
                    code = self._ahead(known, token) if hurries and not guesses else None
                yield token
                if code:
                    self._fail(known, code)
                place += 1
                left -= 1
                if left <= 0:
                    return False
                if forced := after(token):
                    break
            if not forced:
                if code is None:
                    sampled = self._step(known, token, sampler, lookup, guesses)
                else:
                    sampled = [sampler.sample(self._context, -1)]
                continue
            for one in forced[:left]:
                sampler.accept(one)
                yield one
                place += 1
                left -= 1
            if left > 0:
                sampled = self._forced(known, token, forced, sampler, place)
        return False

    def _guesses(self, known: Known, lookup: Lookup | None, left: int) -> Sequence[int]:
        """What may follow the newest token, where `left` more are wanted."""
        if lookup is None:
            return ()
        return lookup.guess(min(left, self._sequences.context_tokens - len(known.tokens)) - 1)

    def _ahead(self, known: Known, token: int) -> int:
        """Begin to compute a sampled token; llama_decode's code."""
        assert known.stream is not None
        code = self._rows.one(known.stream, token, len(known.tokens))
        if not code:
            known.tokens.append(token)
        return code

    def _step(
        self, known: Known, token: int, sampler: Sampler, lookup: Lookup | None, guesses: Sequence[int]
    ) -> list[int]:
        """Decode a sampled token and what may follow it; the tokens sampled after it, of which the last is not decoded
        yet.
        """
        if not guesses:
            if code := self._ahead(known, token):
                self._fail(known, code)
            return [sampler.sample(self._context, -1)]
        start = len(known.tokens)
        self._decode_many(known, [token, *guesses], outputs=1 + len(guesses))
        sampled = []
        for number, guess in enumerate([*guesses, -1]):
            sampled.append(sampler.sample(self._context, number))
            if sampled[-1] != guess or llama.llama_vocab_is_eog(self._model.vocab, guess):
                break
        accepted = len(sampled) - 1
        assert lookup is not None
        lookup.learn(len(guesses), accepted)
        if accepted < len(guesses):
            self._sequences.cut(known, start + 1 + accepted)
        return sampled

    def _forced(self, known: Known, token: int, forced: Sequence[int], sampler: Sampler, place: int) -> list[int]:
        """Decode tokens that were not sampled, after `token`; what was guessed to follow it is dropped."""
        before = place - len(forced)
        if before <= len(known.tokens):
            self._sequences.cut(known, before)
            self._decode_many(known, forced, outputs=1)
        else:
            self._decode_many(known, [token, *forced], outputs=1)
        return [sampler.sample(self._context, -1)]

    def _decode_many(self, known: Known, tokens: Sequence[int], *, outputs: int) -> None:
        assert known.stream is not None
        self._rows.put(known.stream, tokens, len(known.tokens), outputs=outputs)
        if code := self._rows.run():
            self._fail(known, code)
        known.tokens += tokens

    def _look(self) -> None:
        """Do what the parent asks for between tokens."""
        if self._flag.cancelled():
            raise Stopped
        wanted = self._flag.threads()
        if wanted != self._asked:
            self._asked = wanted
            threads = wanted or self._threads
            llama.llama_set_n_threads(self._context, threads, threads)

    def _fail(self, known: Known, code: int) -> None:
        if not self._sequences.cut(known, len(known.tokens)):
            self._sequences.forget(known)
        if code == ABORTED:
            raise Stopped
        if code == _NO_ROOM:
            raise trouble("CTX_FULL.answer")
        raise trouble("ENGINE_CRASH.decode", number=code)
