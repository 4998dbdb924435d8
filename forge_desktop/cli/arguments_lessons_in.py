"""The grammar of the steps of `distill` that bring tasks in. Imports no room."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from forge_desktop.cli.arguments_wish import add_wish
from forge_desktop.cli.values import count, named, repeated

Step = Callable[..., argparse.ArgumentParser]  # name, help, description, writes


def add_lessons_in(step: Step) -> None:
    """The steps `import`, `generate`, `quote`, `replay` and `correct`."""
    _add_import(step)
    _add_generate(step)
    _add_before_and_after(step)


def _add_import(step: Step) -> None:
    bring = step(
        "import",
        "bring tasks or finished pairs in from a file",
        "Bring tasks in from CSV, TSV, JSON, JSON Lines or plain lines; columns are recognised by their usual names."
        " Files of finished pairs (TRAIN_PAIR, REPAIR_PAIR, OpenAI chat, ShareGPT, Alpaca, DPO) are recognised too. A"
        " file brought in again makes no second copies.",
    )
    bring.add_argument("file", type=named, metavar="FILE", help="the file")
    bring.add_argument(
        "--map",
        dest="mapping",
        type=_field,
        action="append",
        default=[],
        metavar="FIELD=COLUMN",
        help="take this part of a task from this column, as question=text; several are joined as in"
        " question=title+body, and rules= takes none (repeatable)",
    )
    bring.add_argument(
        "--as", dest="holds", choices=("tasks", "pairs"), help="what the file holds (else it is recognised)"
    )
    repeated(
        bring,
        "--collection",
        metavar="NAME",
        help="look for evidence in this collection only (repeatable)",
        dest="collections",
    )
    bring.add_argument("--dry-run", action="store_true", help="only say what would be read, and from which columns")


def _add_generate(step: Step) -> None:
    generate = step(
        "generate",
        "make questions from documents",
        "Make questions from documents, each with the passage it came from: by the student, or by a teacher under a"
        " cap. Questions that are of no use, and such as ask nearly the same as another, are dropped and counted. What"
        " was made before counts, so that an interrupted run goes on.",
    )
    generate.add_argument("-n", dest="per_document", type=count(1, 1000), default=5, metavar="N", help="a document (5)")
    generate.add_argument("--most", type=count(0, 10_000_000), default=0, metavar="N", help="in all (0: no limit)")
    for option, dest, what in (
        ("--collection", "collections", "documents of this collection"),
        ("--folder", "folders", "documents in this folder"),
        ("--document", "documents", "the document with this sha256"),
    ):
        generate.add_argument(
            option, dest=dest, type=named, action="append", default=[], metavar="NAME", help=f"{what} (repeatable)"
        )
    for option, dest, names in (
        ("--kind", "kinds", "factual, how-to, comparison, definition, numbers, summary, reason, unanswerable"),
        ("--difficulty", "difficulties", "easy, medium, hard"),
    ):
        generate.add_argument(
            option,
            dest=dest,
            type=_share,
            action="append",
            default=[],
            metavar="NAME[=SHARE]",
            help=f"a sort that is wanted, with its share (repeatable): {names}",
        )
    generate.add_argument("--by", choices=("student", "teacher"), default="student", help="who writes them (student)")
    generate.add_argument(
        "--cap",
        type=named,
        metavar="USD",
        help="what teachers, or a remote student, may cost at most (a must with them)",
    )
    repeated(generate, "--teacher", metavar="NAME", help="only this one (repeatable)", dest="teachers")
    generate.add_argument(
        "--seed", type=count(0, 2**31 - 1), default=1, metavar="N", help="the same seed, the same (1)"
    )


def _add_before_and_after(step: Step) -> None:
    """What a run would cost, a run done again, and an answer of the chat corrected."""
    quote = step(
        "quote",
        "say what a run would cost, before it runs",
        "Say what a run with these options would cost and how long it would take, from the prompts that it would really"
        " send: at the least, likely, and at most; for each teacher; with what is paid already taken off. Asks nobody.",
        writes=False,
    )
    quote.add_argument("--cap", type=named, metavar="USD", help="say what fits under this cap")
    add_wish(quote, cap=False)
    quote.add_argument("--prompts", action="store_true", help="show a few of the prompts in full")
    replay = step(
        "replay",
        "do a finished run again from recorded answers",
        "Do a finished run again from its recorded answers, without any network, and compare every byte with the pairs"
        " that are kept. With DIR, write them there.",
        writes=False,
    )
    replay.add_argument("run", type=named, metavar="RUN", help="the run, or the start of its name (`distill status`)")
    replay.add_argument("directory", type=named, nargs="?", metavar="DIR", help="a new or empty directory")
    correct = step(
        "correct",
        "make a task of an answer in the chat",
        "Make a task of an answer in the chat: the answer is its draft, its sources are the evidence. It goes before"
        " all that waits. With --better it is a pair at once, without any teacher.",
    )
    correct.add_argument(
        "message",
        type=count(1, 2**62),
        nargs="?",
        metavar="ID",
        help="the answer, by the message_id of `ask --json` (else the newest one)",
    )
    correct.add_argument("--better", default="", metavar="TEXT", help="what it should have said")


def _share(text: str) -> tuple[str, int]:
    name, _, share = text.partition("=")
    return name.strip(), count(0, 1000)(share) if share else 1


def _field(text: str) -> tuple[str, str]:
    field, mark, column = text.partition("=")
    if not mark or not field.strip():
        raise argparse.ArgumentTypeError(f"write FIELD=COLUMN, not {text!r}")
    return field.strip(), column.strip()
