"""The verb `ask`: the answer streams, then its sources are listed; Ctrl+C keeps what has arrived."""

from __future__ import annotations

import argparse
import collections
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.base.events import AnswerDelta, Event
from forge_desktop.chat.records import ChatMessage, Grounding, Sentence
from forge_desktop.cli import choosing, jobs
from forge_desktop.cli.output import Output
from forge_desktop.cli.searching import place_of
from forge_desktop.forge import Forge

_NEAREST = 3
_LARGEST_QUESTION = 1_000_000  # bytes read from standard input


@dataclass(frozen=True)
class Answer:
    """What became of a question: the stored message, and whether Ctrl+C cut it short."""

    message: ChatMessage
    interrupted: bool


def ask(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """Answer one question in a new conversation."""
    question = _question(options)
    if options.k is not None:
        forge.settings.override(passages=options.k)
    answer = answer_question(
        forge,
        question,
        out,
        grounding=options.grounding,
        collections=options.collections or None,
        chosen=choosing.chosen(options),
    )
    message = answer.message
    if message.state in ("failed", "died") and not message.text:
        raise ForgeError(message.problem or "The answer failed.", hint="Nothing that was stored before is lost.")
    out.result(answer_fields(message))
    show_sources(message, out)
    _name_version(message, out)
    if answer.interrupted:
        out.note("Stopped; the part above is kept.")
        return 130
    if message.provenance.get("not_found") and message.collections:
        out.note("Ask again without --collection to search everywhere.")
    for noticed in message.provenance.get("noticed") or ():  # type: ignore[attr-defined]
        out.note(f"forge-desktop: {noticed}")
    error = _error_of(message)
    if message.problem:
        out.note(f"forge-desktop: {message.problem} {error.get('hint', '')}".rstrip())
    return 1 if error or message.state in ("failed", "died") else 0


def _question(options: argparse.Namespace) -> str:
    question = " ".join(options.question)
    if question in ("", "-"):
        if sys.stdin is None or (question == "" and sys.stdin.isatty()):  # None: started with it closed
            raise ForgeError("There is no question.", hint='Try `forge-desktop ask "How long may I keep a tool?"`.')
        question = sys.stdin.buffer.read(_LARGEST_QUESTION).decode("utf-8", "replace")
    # An argument that was not valid Unicode must not end as an error deep in the database.
    question = question.encode("utf-8", "replace").decode("utf-8").strip()
    if not question:
        raise ForgeError("The question is empty.", hint='Try `forge-desktop ask "How long may I keep a tool?"`.')
    return question


def answer_question(
    forge: Forge,
    question: str,
    out: Output,
    *,
    grounding: Grounding | None = None,
    collections: Sequence[str] | None = None,
    chosen: Mapping[str, object] | None = None,
) -> Answer:
    """Ask in a new conversation with these options; the text is written to `out` while it arrives."""
    if collections:
        forge.corpus.collections.uids(collections)  # before a conversation is made for nothing
    if chosen:
        forge.chat.options.resolved(None, chosen)
    conversation = forge.chat.create()
    if chosen:
        forge.chat.options.change(conversation, chosen)
    streamed = held = ""  # blank lines are held until something follows them
    unheard: list[OSError | ForgeError] = []  # the reader has gone: stop, but keep what was written

    def on_event(event: Event) -> None:
        nonlocal streamed, held
        if isinstance(event, AnswerDelta) and event.conversation_id == conversation and not unheard:
            if event.thinking:
                out.progress("Thinking …")
                return
            new = held + event.text
            text = new.rstrip()
            held = new[len(text) :]
            streamed += text
            try:
                out.write(text)
            except (OSError, ForgeError) as error:
                unheard.append(error)
                for job_id in forge.jobs.running("answer"):
                    forge.jobs.cancel(job_id)

    interrupted = False
    with jobs.listening(forge, on_event):
        try:
            jobs.wait(forge, forge.chat.ask(conversation, question, grounding, collections))
        except (KeyboardInterrupt, Cancelled):
            interrupted = True
    if unheard:
        raise unheard[0]
    message = forge.chat.messages(conversation)[-1]
    # What kept the student from answering is said beside the results, once, with its hint.
    text = message.text.removeprefix(f"{message.problem} ") if _error_of(message) else message.text
    out.text(_added(streamed, text))
    return Answer(message, interrupted)


def _added(streamed: str, text: str) -> str:
    """What the stored answer ends with beyond the streamed words: quotes where the student's own words did not hold."""
    lines = text.splitlines()
    first = len(lines)
    while first and (not lines[first - 1].strip() or lines[first - 1].strip() not in streamed):
        first -= 1
    added = "\n".join(lines[first:]).strip()
    return f"\n\n{added}" if added and streamed else added


def answer_fields(message: ChatMessage) -> dict[str, object]:
    """The answer as the JSON object of `ask`."""
    facts = message.provenance
    return {
        "answer": message.text,
        "message_id": message.id,
        "citations": [
            {
                "n": source.n,
                "path": source.path,
                "passage_id": source.passage_id,
                "start": source.start,
                "end": source.end,
                "page": source.page,
                "quote": source.quote,
            }
            for source in message.sources
            if source.cited
        ],
        "model": facts.get("student"),
        **{name: facts.get(name) for name in ("version", "version_uid", "adapter_sha256", "scale")},
        "device": facts.get("device"),
        **choosing.figures(message),
        **{name: facts[name] for name in ("endpoint", "origin", "cost_usd", "kept_back") if name in facts},
        "grounded": facts.get("grounded") or {"sentences": 0, "supported": 0},
        "collections": facts.get("collections") or [],
        "state": message.state,
        "problem": message.problem,
        **({"error": error} if (error := _error_of(message)) else {}),
    }


def _error_of(message: ChatMessage) -> dict[str, str]:
    """Message and hint of what kept the student from answering; empty where nothing did."""
    error = message.provenance.get("error")
    return error if isinstance(error, dict) else {}


def show_sources(message: ChatMessage, out: Output) -> None:
    """What each sentence of the answer rests on, and the sentences that rest on nothing."""
    cited = [source for source in message.sources if source.cited]
    heading, shown = ("Sources", cited) if cited else ("Nearest passages", message.sources[:_NEAREST])
    if shown:
        out.line()
        out.line(heading)
    for source in shown:
        out.line(f"  [{source.n}] {place_of(source.path, source.page, source.first_line, source.last_line)}")
    if not message.provenance.get("student"):
        return  # quotes need no support
    _list_sentences("Matched with sources", message, [s for s in message.sentences if s.sources], out)
    unsupported = [s for s in message.sentences if s.needs_support and not s.sources]
    _list_sentences("Matched with nothing in your documents", message, unsupported, out)


def _name_version(message: ChatMessage, out: Output) -> None:
    """Which version of which student answered; nothing where only passages were quoted."""
    facts = message.provenance
    if facts.get("student"):
        out.line(" · ".join(str(part) for part in (f"Answered by {facts['student']}", facts.get("version")) if part))


def _list_sentences(heading: str, message: ChatMessage, sentences: list[Sentence], out: Output) -> None:
    """Each different sentence once, with the numbers of its sources: small students repeat themselves."""
    lines = collections.Counter(
        "".join(f"[{n}]" for n in sentence.sources) + " " + _brief(message.text[sentence.start : sentence.end])
        for sentence in sentences
    )
    if lines:
        out.line(heading)
    for line, times in lines.items():
        out.line(f"  {line.strip()}" + (f" ({times} times)" if times > 1 else ""))


def _brief(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 140 else line[:139] + "…"
