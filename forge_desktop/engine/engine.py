"""The student behind one face: which one is used, and every request to it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from forge_desktop.base.child import Frame, RestartBudget
from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.base.events import EngineChanged, Events
from forge_desktop.base.settings import SettingsFile
from forge_desktop.engine.answer import Answer
from forge_desktop.engine.builds import Builds
from forge_desktop.engine.gguf_header import read_header
from forge_desktop.engine.keeper import Keeper, nothing
from forge_desktop.engine.kept import Kept
from forge_desktop.engine.layout import Layout
from forge_desktop.engine.many import Many
from forge_desktop.engine.packs import Packs, pack_folders
from forge_desktop.engine.records import (
    OWN,
    AdapterSpec,
    Crash,
    EngineState,
    Generation,
    ModelHeader,
    Own,
    PromptMessage,
    RenderedPrompt,
    Sampling,
    StudentSpec,
)
from forge_desktop.engine.records_many import Batch, Continuation, Lesson, Scores, TokenisedLesson
from forge_desktop.engine.records_plan import Hardware, Loaded, Plan, PlanWish, Timing
from forge_desktop.engine.remote import RemoteStudent
from forge_desktop.engine.running import Lost, RunningChild, plain
from forge_desktop.engine.starting import Starter
from forge_desktop.engine.store import Flags
from forge_desktop.engine.store_crashes import Crashes
from forge_desktop.engine.store_layout import Timings, Wishes
from forge_desktop.engine.talk import Talk
from forge_desktop.engine.vigil import Limits
from forge_desktop.engine.yielding import Yielding
from forge_desktop.providers.records import ChatRequest, Endpoint, Purpose
from forge_desktop.storage import Database

if TYPE_CHECKING:
    from forge_desktop.providers import Providers

_PATIENCE = 3.0  # seconds that saving conversations may hold up the end of a child


class Engine:
    """Answers with the student that `use` named; loads it at first use, in a child process.

    Safe from any thread; one request at a time, others wait, those in the background behind a person's. A child that
    dies is replaced in the background at once; the fourth death within five minutes stops the engine until `use` or
    `warm` is called. Every change is published as EngineChanged. `command` starts another program than this
    application's own child; `limits` and `budget` are the deadlines and the restarts allowed; after `idle` seconds
    without a request conversations are saved. `beside` is another engine whose student is loaded too: each has a child
    of its own, and is planned into the memory that the other leaves. `providers` are what a remote student is asked
    through. `context` tokens, where given, are planned for in place of what is wished.
    """

    def __init__(
        self,
        db: Database,
        events: Events,
        settings: SettingsFile,
        *,
        command: Sequence[str] | None = None,
        limits: Limits | None = None,
        budget: RestartBudget | None = None,
        idle: float = 20.0,
        beside: Engine | None = None,
        providers: Providers | None = None,
        context: int = 0,
    ) -> None:
        self._db, self._settings = db, settings
        self._providers, self._events = providers, events
        self._remote: RemoteStudent | None = None
        self._limits = limits or Limits()
        self._command = command
        self._owns_layout = beside is None
        flags = Flags(db)
        self._builds = Builds(db)
        starter = Starter(Packs(pack_folders(db.path.parent)), flags, self._builds)
        self.layout: Layout = (
            beside.layout
            if beside is not None
            else Layout(Wishes(db), Timings(db), settings, starter, self._bare_child, flags.forget)
        )
        self._crashes = Crashes(db)
        self._keeper = Keeper(
            flags,
            self._crashes,
            events,
            settings,
            layout=self.layout,
            starter=starter,
            command=command,
            limits=self._limits,
            budget=budget or RestartBudget(),
            context=context,
        )
        self._yielding = Yielding(events, self._keeper.give_cores)
        self._kept = Kept(db, events, settings)
        self._talk = Talk(self._keeper, self._limits, self._kept, idle=idle)
        self.many = Many(self._keeper, self._talk)

    def use(self, spec: StudentSpec | None, *, check: Callable[[], None] | None = None, asked: bool = True) -> None:
        """Take this student from now on; None is no student. Nothing is loaded yet; one that is a loaded base with
        another adapter, or without, takes over in the process that lives: the next request, or `warm`, changes the
        adapter, and says what is wrong with one that cannot be used.

        A student whose process ended too often is loaded again only when a person `asked` for it: here, which forgets
        the matter, or in `warm`, until it has answered; this is remembered.

        An answer that another student is writing ends as cancelled. `check` is called before each load and each change
        of the adapter, and raises ForgeError when a file is not the one that is meant.
        """
        self._remote = None
        if spec is None or spec.sha256 != self._keeper.state().model_sha256:
            self._talk.keep(_PATIENCE)
        self._keeper.use(spec, check or nothing, asked=asked)

    def use_remote(self, endpoint: Endpoint) -> None:
        """Let this endpoint answer from now on, until `use` is called; a local student's process is ended.

        Rendering, counting, answering and the state are the endpoint's then; scoring raises ForgeError.
        """
        if self._providers is None:
            raise ForgeError("No endpoint can be asked here.", hint="Choose a student on this computer.")
        remote = self._remote
        if remote is not None and remote.endpoint.uid == endpoint.uid:
            remote.endpoint = endpoint
        else:
            self.use(None)
            remote = self._remote = RemoteStudent(self._providers, endpoint, self._tell_remote)
        self._tell_remote()

    def warm(self, check: Callable[[], None] = nothing, *, asked: bool = True) -> EngineState:
        """Load the student now and say where it runs. Raises ForgeError. When a person `asked` for it, also the way on
        after the engine stopped.

        `check` is called every 50 ms while it waits; what it raises ends the waiting, not the loading.
        """
        if (remote := self._remote) is not None:
            return remote.state()
        if asked:
            self._keeper.forgive()
        with self._talk.turns.taking(check):
            self._keeper.ready(check)
        return self._keeper.state()

    def eject(self) -> None:
        """End the child and give its memory back; the next request loads again."""
        self._talk.keep(_PATIENCE)
        self._keeper.drop()

    def forget(self, conversations: Sequence[str]) -> None:
        """Keep nothing of these conversations any more, neither in memory nor on the disk."""
        self._kept.forget(conversations)
        if (child := self._keeper.loaded()) is not None:
            child.forget(conversations)

    def state(self) -> EngineState:
        """What the engine is doing now."""
        remote = self._remote
        return remote.state() if remote is not None else self._keeper.state()

    @property
    def build(self) -> str:
        """The llama.cpp that a child would be of, "" before any was ever started. Starts nothing."""
        return self._builds.now

    def crashes(self) -> list[Crash]:
        """The students that are loaded only when a person asks, because their process kept ending."""
        return self._crashes.all()

    @property
    def pid(self) -> int | None:
        """The process id of the loaded child, for measurements; None when nothing is loaded."""
        child = self._keeper.child
        return child.pid if child is not None else None

    def loaded(self) -> Loaded | None:
        """What the loaded child holds and how it computes; None when nothing is loaded."""
        child = self._keeper.loaded()
        return child.standing() if child is not None else None

    def probe(self, path: Path) -> ModelHeader:
        """What the header of a GGUF file says; no child is needed. Raises ForgeError."""
        return read_header(path)

    def render(
        self,
        messages: Sequence[PromptMessage],
        *,
        sampling: Sampling,
        check: Callable[[], None] = nothing,
        template: str = "",
        marks: bool = False,
    ) -> RenderedPrompt:
        """The exact prompt that `generate` would decode. Raises ForgeError, and what `check` raises while it waits.

        `template` takes the place of the one in the student's file; with `marks` special tokens are pointed out.
        """
        if (remote := self._remote) is not None:
            return remote.render(messages)
        with self._talk.short(check, template) as child:
            frame = child.render(messages, template=template, marks=marks)
        return RenderedPrompt(
            text=frame["text"],
            sha256=frame["sha256"],
            tokens=frame["tokens"],
            message_tokens=tuple(frame["message_tokens"]),
            context=frame["context"],
            special=tuple((start, end) for start, end in frame["special"]),
            thinks=frame["thinks"],
        )

    def count(self, texts: Sequence[str], check: Callable[[], None] = nothing) -> list[int]:
        """Tokens of each text, special tokens not read as such. Raises ForgeError, and what `check` raises."""
        if (remote := self._remote) is not None:
            return remote.count(texts)
        with self._talk.short(check) as child:
            return child.count(texts)

    def counter(self) -> tuple[str, Callable[[Sequence[str], Callable[[], None]], list[int]]] | None:
        """The loaded student's sha256 and `count`; None while none is loaded or it is at work. Loads nothing."""
        state = self._keeper.state()
        return (state.model_sha256, self.count) if state.status == "ready" and state.model_sha256 else None

    def generate(
        self,
        messages: Sequence[PromptMessage],
        sampling: Sampling,
        on_text: Callable[[str], None],
        check: Callable[[], None] = nothing,
        *,
        on_thinking: Callable[[str], None] = lambda _: None,
        template: str = "",
        conversation: str = "",
        background: bool = False,
    ) -> Generation:
        """Answer, telling `on_text` each piece as it comes, and `on_thinking` what the student thinks before. Always
        returns what was written.

        `template` takes the place of the one in the student's file.

        `check` is called every 50 ms at least; when it raises Cancelled, the answer so far is returned with stop
        "cancelled". When the child dies, with stop "died" and a sentence in `problem`. Raises ForgeError before
        anything is decoded: no student, not loadable, prompt longer than the context.

        What was computed is kept under `conversation`, so that its next question need not be read from the beginning;
        "" is none. With `background` it lets every request go first that has it not, and goes on after.
        """
        if (remote := self._remote) is not None:
            return remote.generate(messages, sampling, on_text, check, on_thinking=on_thinking, background=background)
        answer = Answer(sampling.seed, on_text, on_thinking)
        request = {
            "op": "generate",
            "messages": plain(messages),
            "sampling": dataclasses.asdict(sampling),
            "template": template,
            "conversation": conversation,
            "background": background,
        }
        try:
            return self._generate(request, answer, check)
        except Cancelled:
            return answer.result("cancelled")

    def score(
        self,
        items: Sequence[Continuation],
        check: Callable[[], None] = nothing,
        *,
        background: bool = False,
        adapter: AdapterSpec | Own | None = OWN,
        width: int = 1,
        template: str = "",
    ) -> Scores:
        """How likely the student finds each text after its messages; one that does not fit says so itself. Raises
        ForgeError, and what `check` raises.

        `width` of them are computed at once, which is quicker. `adapter` takes the place of the student's own here;
        None is the base alone; `template` that of the one in the file.
        """
        if (remote := self._remote) is not None:
            remote.refuse_scoring()
        return self.many.score(items, check, background=background, adapter=adapter, width=width, template=template)

    def generate_many(
        self,
        prompts: Sequence[Sequence[PromptMessage]],
        sampling: Sampling,
        *,
        width: int = 8,
        on_done: Callable[[int, Generation], None] = lambda _number, _answer: None,
        check: Callable[[], None] = nothing,
        background: bool = False,
        purposes: Sequence[Purpose] = (),
        adapter: AdapterSpec | Own | None = OWN,
        template: str = "",
        references: Sequence[str] = (),
    ) -> Batch:
        """Answer all prompts, `width` of them at once, always from a fresh context; `on_done` is told each answer.
        When `check` raises Cancelled, or the child dies, what was written is returned. Raises ForgeError before.
        `adapter` and `template` as in `score`.

        `references`, one for each prompt, are scored as `score` would, each prompt read once for both; no thought is
        opened then. A prompt that cannot be answered is not scored either.

        `purposes`, one for each prompt, is what a remote student's answers are paid for; a local one does not ask. A
        remote student is asked within its limits, and a cap or an endpoint that is given up ends it by raising.
        """
        if (remote := self._remote) is not None:
            if references:
                remote.refuse_scoring()
            return remote.generate_many(prompts, sampling, width=width, on_done=on_done, check=check, purposes=purposes)
        return self.many.answer(
            prompts,
            sampling,
            width=width,
            on_done=on_done,
            check=check,
            background=background,
            adapter=adapter,
            template=template,
            references=references,
        )

    def tokenise(
        self, lessons: Sequence[Lesson], check: Callable[[], None] = nothing, *, template: str = ""
    ) -> list[TokenisedLesson]:
        """The tokens of each lesson, exactly as an answer in the chat would be decoded; a thought that the template
        opens is closed before the answer, so that none is learnt. One that cannot be read says so itself.

        `template` takes the place of the one in the student's file. It gives way to whatever a person asks. Raises
        ForgeError, and what `check` raises.
        """
        if self._remote is not None:
            raise ForgeError(
                "A remote student's tokens are not known here.",
                hint="Choose a student on this computer.",
                action="students",
            )
        return self.many.tokenise(lessons, check, template=template)

    def beside(self, *, context: int = 0) -> Engine:
        """Another engine, with no student yet and events of its own, planned into the memory that this one leaves. Who
        asked for it closes it: then its child ends, and this one's was never touched. `context` tokens, where given,
        take the place of what is wished for a student.
        """
        return Engine(
            self._db,
            Events(),
            self._settings,
            command=self._command,
            limits=self._limits,
            beside=self,
            providers=self._providers,
            context=context,
        )

    def asked(self, messages: Sequence[PromptMessage], sampling: Sampling) -> tuple[Endpoint, ChatRequest] | None:
        """Whom a remote student's answer would be bought from, and by what request; None for a student on this computer
        and where no answer fits. Asks nobody.
        """
        remote = self._remote
        request = remote.asked(messages, sampling) if remote is not None else None
        return (remote.endpoint, request) if remote is not None and request is not None else None

    def plan(self, spec: StudentSpec | None = None, wish: PlanWish | None = None) -> Plan:
        """How a student (the one in use, if None) would be laid out, as it is wished or as `wish` says. Loads nothing.

        It takes about half a second: a process is started to ask llama.cpp itself. Raises ForgeError.
        """
        spec = spec or self._keeper.spec
        if spec is None:
            raise ForgeError("There is no student.", hint="Import a GGUF file in Students.")
        return self.layout.plan(spec, wish, instead=self._keeper.child)

    def hardware(self) -> Hardware:
        """The machine, its devices and packs, what fits on it and what was measured. Loads nothing. Raises ForgeError.

        It takes about half a second, as `plan` does.
        """
        return self.layout.hardware(instead=self._keeper.child)

    def measure(self, check: Callable[[], None] = nothing) -> Timing:
        """Measure how fast the student in use computes, which takes a few seconds; its fastest settings are used from
        now on. Raises ForgeError, and what `check` raises while it waits.
        """
        with self._talk.short(check) as child:
            timing = self.layout.measure(child, check)
        if not self.layout.is_up_to_date(child):
            self._keeper.discard(child)
        return timing

    def close(self) -> None:
        """Save conversations, end the child and refuse everything from now on."""
        self._yielding.close()
        if self._owns_layout:
            self.layout.close()
        self._talk.close()
        self._talk.keep(_PATIENCE)
        self._keeper.close()

    def _generate(self, request: Frame, answer: Answer, check: Callable[[], None]) -> Generation:
        asked: list[RunningChild] = []
        worn: list[AdapterSpec | None] = []

        def wanted() -> None:
            check()
            spec = self._keeper.spec
            if worn and spec is not None and spec.adapter != worn[0]:
                raise Cancelled  # another version is in use, which must not write the rest

        def begin(child: RunningChild) -> None:
            asked.append(child)
            answer.by(child)
            worn.append(child.adapter)
            request["kv"] = self._kept.order(child, request["conversation"])

        def take(child: RunningChild, frame: Frame) -> None:
            if frame["ev"] == "prefill":
                self._keeper.show(child, "busy", note=f"Reading, {frame['share']:.0%}")
            elif frame["ev"] == "text" and frame["part"] != answer.part:
                self._keeper.show(child, "busy", note="Thinking" if frame["part"] == "thinking" else "")
            answer.take(frame)

        try:
            done = self._talk.long(request, take, wanted, begin=begin)
        except Lost as lost:
            if not self._keeper.lose(asked[0], lost.what) or lost.stopping:
                return answer.result("cancelled")  # ended on purpose (another student, closing), or told to stop
            problem = f"The student's process {lost.what} while answering; the text so far was kept."
            return answer.result("died", problem=f"{problem} {self._keeper.stopped}".strip())
        self._keeper.prove(asked[0])
        return answer.result(done["stop"], done=done)

    def _tell_remote(self) -> None:
        if (remote := self._remote) is not None:
            state = remote.state()
            self._events.publish(
                EngineChanged(
                    remote.status, state.model, state.device, state.tokens_per_second, state.note, state.remote
                )
            )

    def _bare_child(self) -> RunningChild:
        return RunningChild(command=self._command, limits=self._limits, on_end=lambda _: None)
