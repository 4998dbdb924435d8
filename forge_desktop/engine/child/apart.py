"""Work beside the chat, each in a fresh context of its own on the same weights, so that results repeat.

Whatever decides the numbers is told with them (`conditions`): scores and answers are comparable only under the same.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from forge_desktop.base.child import Frame
from forge_desktop.base.errors import ForgeError
from forge_desktop.engine.child import machine, scoring
from forge_desktop.engine.child.adapter import Adapters
from forge_desktop.engine.child.batch import Crowd, Seats, Task, cells, tasks
from forge_desktop.engine.child.context import make_context
from forge_desktop.engine.child.examining import ExaminingCrowd, Pair, refer
from forge_desktop.engine.child.flag import Flag, Stopped
from forge_desktop.engine.child.lessons import answer_tokens
from forge_desktop.engine.child.model import Model
from forge_desktop.engine.child.native import build_name, llama
from forge_desktop.engine.child.rows import Steps
from forge_desktop.engine.child.scoring_many import ScoringCrowd, Wanted
from forge_desktop.engine.errors import trouble
from forge_desktop.engine.records import PromptMessage, Sampling
from forge_desktop.engine.records_plan import Placement

MOST_WIDTH = 64
_OUTPUTS_MANY = 64  # tokens of a decode that have logits, where several continuations are scored at once
_MOST_TIMES = 4  # as much as all conversations together may be set aside for a batch


@dataclass(frozen=True)
class Terms:
    """How the loaded student computes."""

    placement: Placement
    threads: int
    flash: bool | None
    extra_bufts: bool


class Apart:
    """Scores and batches with the loaded student, or with another adapter on it; each is work that can be interrupted.

    The adapter is the one that the request names, whatever is put on the chat's context meanwhile.
    """

    def __init__(
        self, send: Callable[[Frame], None], model: Model, terms: Terms, flag: Flag, adapters: Adapters
    ) -> None:
        self._send, self._model, self._terms, self._flag, self._adapters = send, model, terms, flag, adapters

    def score(self, request: Frame, messages_of: Callable[[Frame], list[PromptMessage]]) -> Steps[Frame]:
        """The likelihood of each item's text after its messages; frames "item", then "done"."""
        prepared: list[Wanted] = []
        width, stop = 1, "end"
        try:
            yield from self._prepare(request, messages_of, prepared)
            longest = max((len(item.prompt) + len(item.continuation) for item in prepared), default=1)
            fitting = self._most() // longest - 1  # one more holds what all begin with
            width = max(1, min(request["width"], MOST_WIDTH, len(prepared), fitting))
            yield from self._score(prepared, width, longest, request["adapter"])
        except Stopped:
            stop = "cancelled"
        layout = "one" if width == 1 else "streams"
        return {"ev": "done", "stop": stop, "conditions": self._conditions(width=width, layout=layout)}

    def _prepare(
        self, request: Frame, messages_of: Callable[[Frame], list[PromptMessage]], prepared: list[Wanted]
    ) -> Steps[None]:
        """The items as tokens; those that cannot be scored, and those that need not be, are told at once."""
        limit = self._terms.placement.context
        for number, item in enumerate(request["items"]):
            self._look()
            self._send({"ev": "started"})
            try:
                prompt, wanted = answer_tokens(
                    self._model, messages_of(item), item["text"], request.get("template", "")
                )
                if len(prompt) + len(wanted) > limit:
                    raise trouble("CTX_FULL", prompt=len(prompt) + len(wanted), context=limit)
            except ForgeError as error:
                self._send({"ev": "item", "index": number, "problem": error.message})
            else:
                each = Wanted(number, prompt, wanted)
                if wanted:
                    prepared.append(each)
                else:
                    self._tell(each, scoring.Likelihood([], [], []))
            yield

    def _score(self, items: list[Wanted], width: int, tokens: int, adapter: Frame | None) -> Steps[None]:
        outputs = scoring.PIECE if width == 1 else _OUTPUTS_MANY
        sequences = width + 1 if width > 1 else 1
        with self._context(adapter, tokens=tokens, outputs=outputs, sequences=sequences) as context:
            if width > 1:
                yield from ScoringCrowd(self._model, context, width=width, outputs=outputs, done=self._tell).score(
                    items
                )
                return
            scorer = scoring.Scorer(self._model, context)
            for item in items:
                self._look()
                self._tell(item, (yield from scorer.score(item.prompt, item.continuation)))

    def _tell(self, item: Wanted, found: scoring.Likelihood) -> None:
        self._send({"ev": "item", **self._likelihood(item.number, len(item.prompt), found)})

    def _likelihood(self, number: int, prompt_tokens: int, found: scoring.Likelihood) -> Frame:
        return {
            "index": number,
            "ids": found.tokens,
            "texts": [self._spelled(token) for token in found.tokens],
            "logarithms": found.logarithms,
            "greedy": found.greedy,
            "prompt_tokens": prompt_tokens,
        }

    def batch(self, request: Frame, messages_of: Callable[[Frame], list[PromptMessage]]) -> Steps[Frame]:
        """Answers to all prompts, `width` of them at once; frames "item", then "done". Items with a "reference" have
        that scored first, told in a frame "scored".
        """
        sampling = Sampling(**{**request["sampling"], "stop": tuple(request["sampling"]["stop"])})
        wanted: list[Task] = []
        yield from self._tasks(request, messages_of, sampling, wanted)
        layout, tokens, room, width = self._room(wanted, max(1, min(request["width"], MOST_WIDTH, len(wanted))))
        examines = any(task.reference is not None for task in wanted)
        outputs = max(width, _OUTPUTS_MANY) if examines else width
        with self._context(
            request["adapter"], tokens=tokens, sequences=width + 1, outputs=outputs, unified=layout == "unified"
        ) as context:
            seats = Seats(width, room, request.get("template", ""))
            crowd = (
                ExaminingCrowd(self._model, context, seats, sampling, self._send, outputs=outputs, scored=self._scored)
                if examines
                else Crowd(self._model, context, seats, sampling, self._send)
            )
            stop = yield from crowd.answer(wanted)
        return {"ev": "done", "stop": stop, "conditions": self._conditions(width=width, layout=layout, cells=tokens)}

    def _tasks(
        self,
        request: Frame,
        messages_of: Callable[[Frame], list[PromptMessage]],
        sampling: Sampling,
        wanted: list[Task],
    ) -> Steps[None]:
        """What is to be answered, as tokens; references that cannot be scored are told at once."""
        template, limit = request.get("template", ""), self._terms.placement.context
        prompts: list[list[int] | ForgeError] = []
        references: dict[int, Pair] = {}
        for number, item in enumerate(request["items"]):
            self._send({"ev": "started"})
            try:
                messages = messages_of(item)
                if "reference" in item:
                    references[number] = answer_tokens(self._model, messages, item["reference"], template)
                prompts.append(self._model.prompt(messages, template)[1])
            except ForgeError as error:
                prompts.append(error)
            yield
        wanted += tasks(prompts, sampling, limit)
        if any("reference" in item for item in request["items"]):
            for number, problem in refer(wanted, references, limit):
                self._send({"ev": "scored", "index": number, "problem": problem.message})

    def _scored(self, task: Task, prompt_tokens: int, found: scoring.Likelihood) -> None:
        self._send({"ev": "scored", **self._likelihood(task.number, prompt_tokens, found)})

    def _room(self, wanted: list[Task], width: int) -> tuple[str, int, float, int]:
        """(layout, tokens of the context, tokens that answers may take in all, how many at once).

        A stream for each answer is faster once answers are long, and computes each as if it were alone; where it would
        take too much memory, all stand in one; where references are scored, fewer are computed at once instead.
        """
        fitting = [len(task.prompt) + task.most for task in wanted if task.problem is None]
        longest = max(fitting, default=1)
        most = self._most()
        if any(task.reference is not None for task in wanted):
            return "streams", longest, float("inf"), max(1, min(width, most // longest - 1))
        if (width + 1) * longest <= most:
            return "streams", longest, float("inf"), width
        tokens = min(cells(wanted, width), most)
        return "unified", tokens, tokens, width

    def _most(self) -> int:
        placement = self._terms.placement
        most = _MOST_TIMES * placement.context * placement.sequences
        free, each = machine.free_memory(), _kv_bytes(self._model)
        if free is not None and each and not self._model.on_gpu:
            most = min(most, free // (2 * each))
        return max(placement.context, most)

    @contextlib.contextmanager
    def _context(
        self, adapter: Frame | None, *, tokens: int, sequences: int = 1, outputs: int = 1, unified: bool = False
    ) -> Iterator[Any]:
        terms = self._terms
        context = make_context(
            self._model,
            tokens=tokens,
            sequences=sequences,
            outputs=outputs,
            batch=max(self._model.chunk, 2 * sequences),
            threads=terms.threads,
            flash=True if terms.placement.kv_type != "f16" else terms.flash,
            kv_type=terms.placement.kv_type,
            kv_on_gpu=terms.placement.kv_on_gpu,
            unified=unified,
            flag_address=self._flag.address,
        )
        try:
            with self._adapters.on(context, adapter):
                yield context
        finally:
            llama.llama_free(context)

    def _conditions(self, **more: object) -> dict[str, object]:
        terms = self._terms
        return {
            "build": build_name(),
            "device": self._model.device,
            "threads": terms.threads,
            "flash": "auto" if terms.flash is None else terms.flash,
            "kv_type": terms.placement.kv_type,
            "repacked": terms.extra_bufts,
            "chunk": self._model.chunk,
            "lookup": False,
            **more,
        }

    def _spelled(self, token: int) -> str:
        return self._model.tokeniser.piece(token, special=True).decode("utf-8", "replace")

    def _look(self) -> None:
        if self._flag.cancelled():
            raise Stopped


def _kv_bytes(model: Model) -> int:
    """Bytes a token takes in a cache of 16-bit numbers, about; 0 when the file does not say."""
    heads: int = llama.llama_model_n_head(model.handle)
    if heads < 1:
        return 0
    width = llama.llama_model_n_embd(model.handle) // heads
    return int(4 * llama.llama_model_n_layer(model.handle) * llama.llama_model_n_head_kv(model.handle) * width)
