"""A student that answers at a remote endpoint: requests as to a local one, over the wire and under the caps."""

from __future__ import annotations

import hashlib
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.base.events import EngineStatus
from forge_desktop.engine.records import EngineState, Generation, PromptMessage, RenderedPrompt, Sampling
from forge_desktop.engine.records_many import Batch
from forge_desktop.engine.remote_wording import Heard, host_of, origin_of, request_of, text_of
from forge_desktop.engine.token_bound import bound, message_bound
from forge_desktop.providers.errors import CallFailed
from forge_desktop.providers.records import Endpoint, Purpose

if TYPE_CHECKING:
    from forge_desktop.providers import Providers

_UNKNOWN_CONTEXT = 4096  # what servers at home give where nobody says otherwise
_TICK = 0.05
_MANY = 4  # calls at once where the endpoint names no limit
_PURPOSE = Purpose("student")
_REMEMBERED, _MARGIN = 8, 1.25  # answers by which its way of counting is known, and what is added to the most of them


class RemoteStudent:
    """Asks one endpoint. Safe from any thread; `tell` is called when its state changed.

    There is no tokenizer here: tokens are counted by `token_bound`, and after the first answers by how the endpoint
    counted these, with a margin.
    """

    def __init__(self, providers: Providers, endpoint: Endpoint, tell: Callable[[], None]) -> None:
        self._providers, self.endpoint, self._tell = providers, endpoint, tell
        self._lock = threading.Lock()
        self._busy = 0
        self._rate: float | None = None
        self._seen: deque[float] = deque(maxlen=_REMEMBERED)  # what it counted, as shares of the bound

    @property
    def context(self) -> int:
        """Tokens of prompt and answer together: as a person said, else as the price table knows its model."""
        return self.endpoint.context or self._known[0] or _UNKNOWN_CONTEXT

    @property
    def _known(self) -> tuple[int, int]:
        """Context and longest answer by the price table; 0 where it does not know them."""
        endpoint = self.endpoint
        facts = self._providers.prices.facts(endpoint.vendor, endpoint.price_model or endpoint.model)
        return (facts.context, facts.max_output) if facts is not None else (0, 0)

    def state(self) -> EngineState:
        """What the status bar says."""
        host = host_of(self.endpoint)
        return EngineState(
            status=self.status,
            model=self.endpoint.name,
            model_sha256=None,
            device=f"remote: {host}",
            context=self.context,
            tokens_per_second=self._rate,
            remote=host,
        )

    @property
    def status(self) -> EngineStatus:
        """Whether it is being asked now."""
        return "busy" if self._busy else "ready"

    def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, on the safe side."""
        return [self._counted(bound(text)) for text in texts]

    def render(self, messages: Sequence[PromptMessage]) -> RenderedPrompt:
        """What would be sent, as a transcript, with its tokens on the safe side."""
        told = [(message.role, text_of(message)) for message in messages]
        text = "\n\n".join(f"[{role}]\n{said}" for role, said in told)
        counts = tuple(self._counted(message_bound(said)) for _, said in told)
        sha256 = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
        return RenderedPrompt(text, sha256, sum(counts), counts, self.context)

    def generate(
        self,
        messages: Sequence[PromptMessage],
        sampling: Sampling,
        on_text: Callable[[str], None],
        check: Callable[[], None],
        *,
        on_thinking: Callable[[str], None] = lambda _: None,
    ) -> Generation:
        """Answer, as Engine.generate does. What the endpoint cannot be told of `sampling` is left out, and said.

        Raises CapReached, Offline, LedgerStopped or CallFailed when nothing was written.
        """
        endpoint = self.endpoint
        expected = self._fitting(messages)
        room = min(self.context - expected, endpoint.max_output or self._known[1] or self.context)
        request, problem = request_of(endpoint, messages, sampling, room)
        heard = Heard(endpoint, sampling.seed, problem, on_text, on_thinking)
        try:
            with self._working():
                paid = self._providers.ask(
                    endpoint.uid, request, _PURPOSE, on_text=heard.take, on_thinking=heard.think, check=check
                )
        except Cancelled:
            return heard.cut("cancelled")
        except CallFailed as error:
            if not heard.text:
                raise
            return heard.cut("died", f"{error.message} The text so far was kept.")
        if paid.usage is not None and paid.usage.input and not paid.reused:
            self._seen.append(paid.usage.input / sum(message_bound(text_of(message)) for message in messages))
        made = heard.whole(paid)
        self._rate = made.tokens_per_second or self._rate
        return made

    def generate_many(
        self,
        prompts: Sequence[Sequence[PromptMessage]],
        sampling: Sampling,
        *,
        width: int,
        on_done: Callable[[int, Generation], None],
        check: Callable[[], None],
    ) -> Batch:
        """Answer all prompts, several at once as far as the endpoint allows; `on_done` is called on this thread."""
        started = time.monotonic()
        several = _Several(self, sampling, max(1, min(width, self.endpoint.concurrency or _MANY, len(prompts) or 1)))
        answers = several.answer(prompts, on_done, check)
        return Batch(
            answers=tuple(answers),
            model=self.endpoint.name,
            model_sha256="",
            conditions={"origin": origin_of(self.endpoint), "model": self.endpoint.model, "width": several.width},
            seconds=time.monotonic() - started,
        )

    def refuse_scoring(self) -> NoReturn:
        """Raises ForgeError: no wire says how likely a given text is."""
        raise ForgeError(
            f"{self.endpoint.name} is a remote student, which cannot say how likely a text is.",
            hint="Compare by what it writes, or choose a student on this computer.",
            action="students",
        )

    def _counted(self, tokens: int) -> int:
        share = _MARGIN * max(self._seen) if self._seen else 1.0
        return math.ceil(tokens * share)

    def _fitting(self, messages: Sequence[PromptMessage]) -> int:
        """Tokens of these messages; raises ForgeError when no answer fits beside them."""
        tokens = self.render(messages).tokens
        if tokens >= self.context:
            raise ForgeError(
                f"The prompt takes about {tokens:,} of the {self.context:,} tokens that {self.endpoint.name} can hold.",
                hint="Shorten it, or say in Settings › Endpoints how long the context is.",
                action="settings",
            )
        return tokens

    @contextmanager
    def _working(self) -> Iterator[None]:
        self._count_in(1)
        try:
            yield
        finally:
            self._count_in(-1)

    def _count_in(self, calls: int) -> None:
        with self._lock:
            before, self._busy = bool(self._busy), self._busy + calls
            changed = before != bool(self._busy)
        if changed:
            self._tell()


class _Several:
    """Several calls to one student at once."""

    def __init__(self, student: RemoteStudent, sampling: Sampling, width: int) -> None:
        self._student, self._sampling, self.width = student, sampling, width
        self._stopped = threading.Event()
        self._errors: list[ForgeError] = []

    def answer(
        self,
        prompts: Sequence[Sequence[PromptMessage]],
        on_done: Callable[[int, Generation], None],
        check: Callable[[], None],
    ) -> list[Generation]:
        """All answers in order; those not begun when `check` raised Cancelled have stop "cancelled". Raises what went
        wrong when no prompt was answered.
        """
        unheard = Heard(self._student.endpoint, self._sampling.seed, "", lambda _: None, lambda _: None)
        answers = [unheard.cut("cancelled")] * len(prompts)
        with ThreadPoolExecutor(self.width, thread_name_prefix="forge-remote") as pool:
            waiting = {pool.submit(self._one, prompt): number for number, prompt in enumerate(prompts)}
            try:
                self._gather(waiting, answers, on_done, check)
            except Cancelled:
                self._stop(waiting)
                self._gather(waiting, answers, on_done, lambda: None)
            except BaseException:
                self._stop(waiting)
                raise
        if self._errors and len(self._errors) == len(prompts):
            raise self._errors[0]
        return answers

    def _stop(self, waiting: dict[Future[Generation], int]) -> None:
        self._stopped.set()
        for future in list(waiting):
            if future.cancel():
                waiting.pop(future)

    def _gather(
        self,
        waiting: dict[Future[Generation], int],
        answers: list[Generation],
        on_done: Callable[[int, Generation], None],
        check: Callable[[], None],
    ) -> None:
        while waiting:
            check()
            done, _ = wait(waiting, timeout=_TICK, return_when=FIRST_COMPLETED)
            for future in done:
                number = waiting.pop(future)
                answers[number] = future.result()
                on_done(number, answers[number])

    def _one(self, prompt: Sequence[PromptMessage]) -> Generation:
        try:
            return self._student.generate(prompt, self._sampling, lambda _text: None, self._check)
        except ForgeError as error:
            self._errors.append(error)
            heard = Heard(self._student.endpoint, self._sampling.seed, "", lambda _: None, lambda _: None)
            return heard.cut("refused", error.message)

    def _check(self) -> None:
        if self._stopped.is_set():
            raise Cancelled
