"""A student that answers at a remote endpoint: requests as to a local one, over the wire and under the caps."""

from __future__ import annotations

import dataclasses
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
from forge_desktop.providers.errors import AttemptsUsed, CallFailed, CapReached, LedgerStopped, NoTeacher, Offline
from forge_desktop.providers.records import ChatRequest, Endpoint, PaidAnswer, Purpose

if TYPE_CHECKING:
    from forge_desktop.providers import Providers

_UNKNOWN_CONTEXT = 4096  # what servers at home give where nobody says otherwise
_TICK = 0.05
_PAYLOAD = 413  # the status of a request that is too long
_MANY = 4  # calls at once where the endpoint names no limit
_PURPOSE = Purpose("student")
_PATIENT = 300.0  # seconds for an answer that nobody looks at; slow servers at home take minutes
_GRACE = 3.0  # seconds that calls under way have left once they are cancelled: they are paid for in any case
_REMEMBERED, _MARGIN = 8, 1.25  # answers by which its way of counting is known, and what is added to the most of them


class TooLong(ForgeError):  # noqa: N818 - it concerns its prompt alone
    """A prompt beside which no answer fits. Nothing was sent."""


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
        background: bool = False,
        purpose: Purpose = _PURPOSE,
    ) -> Generation:
        """Answer, as Engine.generate does. What the endpoint cannot be told of `sampling` is left out, and said.

        In the background it waits until the endpoint's limits allow a call, and tries again what may pass; a person's
        question does not wait. Neither asks an endpoint that was given up: NoTeacher. Raises CapReached, Offline,
        LedgerStopped or CallFailed when nothing was written.
        """
        endpoint = self.endpoint
        request, problem = self._request(messages, sampling)
        heard = Heard(endpoint, sampling.seed, problem, on_text, on_thinking)
        try:
            with self._working():
                if background:
                    paid = self._patiently(request, purpose, check)
                else:
                    self._providers.router.refuse_blocked(endpoint.uid)
                    paid = self._providers.ask(
                        endpoint.uid, request, purpose, on_text=heard.take, on_thinking=heard.think, check=check
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
        purposes: Sequence[Purpose] = (),
    ) -> Batch:
        """Answer all prompts, several at once as far as the endpoint allows; `on_done` is called on this thread.

        `purposes` say what each is for, and so which caps count it and by what name its paid answer is found again.
        """
        started = time.monotonic()
        several = _Several(self, sampling, max(1, min(width, self.endpoint.concurrency or _MANY, len(prompts) or 1)))
        answers = several.answer(prompts, purposes or [_PURPOSE] * len(prompts), on_done, check)
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

    def asked(self, messages: Sequence[PromptMessage], sampling: Sampling) -> ChatRequest | None:
        """What would be sent for this, None where it does not fit."""
        try:
            return self._request(messages, sampling)[0]
        except TooLong:
            return None

    def _request(self, messages: Sequence[PromptMessage], sampling: Sampling) -> tuple[ChatRequest, str]:
        endpoint = self.endpoint
        room = min(self.context - self._fitting(messages), endpoint.max_output or self._known[1] or self.context)
        return request_of(endpoint, messages, sampling, room)

    def _patiently(self, request: ChatRequest, purpose: Purpose, check: Callable[[], None]) -> PaidAnswer:
        """Under the limits, with attempts that are bounded for life. An answer that is kept for the same work but for
        another prompt (its passages changed, or the student) is not taken for this one's.
        """
        providers, uid = self._providers, self.endpoint.uid
        providers.router.refuse_blocked(uid)
        if purpose.task:
            sha256, kept = providers.request_sha256(uid, request), providers.ledger.answer_for
            while (old := kept(purpose.task, purpose.step, purpose.repeat)) and old.request_sha256 != sha256:
                purpose = dataclasses.replace(purpose, repeat=purpose.repeat + 1)
        return providers.teach("student", request, purpose, among=(uid,), check=check, seconds=_PATIENT)

    def _counted(self, tokens: int) -> int:
        share = _MARGIN * max(self._seen) if self._seen else 1.0
        return math.ceil(tokens * share)

    def _fitting(self, messages: Sequence[PromptMessage]) -> int:
        """Tokens of these messages; raises ForgeError when no answer fits beside them."""
        tokens = self.render(messages).tokens
        if tokens >= self.context:
            raise TooLong(
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
        self._end: ForgeError | None = None  # after which nobody is asked any more

    def answer(
        self,
        prompts: Sequence[Sequence[PromptMessage]],
        purposes: Sequence[Purpose],
        on_done: Callable[[int, Generation], None],
        check: Callable[[], None],
    ) -> list[Generation]:
        """All answers in order; those not begun when `check` raised Cancelled have stop "cancelled". Raises what went
        wrong when no prompt was answered, and what ended it for all: a cap, the switch, an endpoint that is given up.
        """
        unheard = Heard(self._student.endpoint, self._sampling.seed, "", lambda _: None, lambda _: None)
        answers = [unheard.cut("cancelled")] * len(prompts)
        with ThreadPoolExecutor(self.width, thread_name_prefix="forge-remote") as pool:
            asked = enumerate(zip(prompts, purposes, strict=True))
            waiting = {pool.submit(self._one, prompt, purpose): number for number, (prompt, purpose) in asked}
            try:
                self._gather(waiting, answers, on_done, check)
            except Cancelled:
                self._begin_no_more(waiting)
                self._gather(waiting, answers, on_done, self._until(time.monotonic() + _GRACE))
            except BaseException:
                self._begin_no_more(waiting)
                self._stopped.set()
                raise
        if self._end is not None:
            raise self._end
        if self._errors and len(self._errors) == len(prompts):
            raise self._errors[0]
        return answers

    def _until(self, end: float) -> Callable[[], None]:
        def look() -> None:
            if time.monotonic() >= end:
                self._stopped.set()

        return look

    def _begin_no_more(self, waiting: dict[Future[Generation], int]) -> None:
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

    def _one(self, prompt: Sequence[PromptMessage], purpose: Purpose) -> Generation:
        heard = Heard(self._student.endpoint, self._sampling.seed, "", lambda _: None, lambda _: None)
        if self._end is not None:
            return heard.cut("cancelled")
        try:
            return self._student.generate(
                prompt, self._sampling, lambda _text: None, self._check, background=True, purpose=purpose
            )
        except (CapReached, LedgerStopped, NoTeacher, Offline) as error:
            self._end = self._end or error
            return heard.cut("cancelled")
        except TooLong as error:
            return heard.cut("refused", error.message)
        except ForgeError as error:
            self._errors.append(error)
            sent = isinstance(error, CallFailed | AttemptsUsed) and getattr(error, "status", 0) != _PAYLOAD
            return heard.cut("died" if sent else "refused", error.message)

    def _check(self) -> None:
        if self._stopped.is_set():
            raise Cancelled
