"""The grammar of the command line: verbs, flags, help. Imports no room, so that --help and --version are instant."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from forge_desktop import __version__
from forge_desktop.cli.arguments_bases import add_bases
from forge_desktop.cli.arguments_card import add_cards
from forge_desktop.cli.arguments_distill import add_distill
from forge_desktop.cli.arguments_spend import add_spend
from forge_desktop.cli.arguments_students import add_students
from forge_desktop.cli.arguments_teachers import add_teachers
from forge_desktop.cli.parser import Parser
from forge_desktop.cli.values import count, day, named, number, repeated, thinking

_DESCRIPTION = "Ask your own documents with a local student. Without a verb, opens the window."
_EPILOG = """\
exit status: 0 done, 1 an error said in one sentence, 2 wrong usage, 3 verify found damage, 130 interrupted,
143 asked to end (SIGTERM).
Everything is kept in one data directory; nothing leaves this machine but what you ask endpoints that you added."""


def _add_choosing(verb: argparse.ArgumentParser) -> None:
    """How words are chosen: for one answer, or to be kept as a preset."""
    verb.add_argument("--preset", type=named, metavar="NAME", help="a preset (see `presets`)")
    verb.add_argument("--temperature", type=number(0, 2), metavar="X", help="0 always takes the likeliest word")
    verb.add_argument("--top-k", type=count(0, 1000), metavar="N", help="choose among the N likeliest words (0: all)")
    verb.add_argument("--top-p", type=number(0.01, 1), metavar="X", help="choose among words that make up this share")
    verb.add_argument("--min-p", type=number(0, 1), metavar="X", help="no words below this share of the likeliest")
    verb.add_argument(
        "--option",
        dest="further",
        type=named,
        action="append",
        metavar="NAME=VALUE",
        help="any other option, as dry_multiplier=0.8 (repeatable)",
    )


def _add_collections(verb: argparse.ArgumentParser) -> None:
    repeated(
        verb,
        "--collection",
        metavar="NAME",
        help="only documents of this collection (may be repeated)",
        dest="collections",
    )


def _add_answers(verb: argparse.ArgumentParser) -> None:
    answers = verb.add_mutually_exclusive_group()
    answers.add_argument(
        "--remove-missing",
        dest="answer",
        action="store_const",
        const="remove",
        help="take documents out whose files are gone, however many",
    )
    answers.add_argument(
        "--keep-missing",
        dest="answer",
        action="store_const",
        const="keep",
        help="keep them until the files are there again",
    )


def _add_collections_verb(verb: argparse.ArgumentParser) -> None:
    """The options of `collections`."""
    choice: Any = verb.add_mutually_exclusive_group()
    choice.add_argument("--create", type=named, metavar="NAME", help="make a new collection")
    choice.add_argument("--change", type=named, metavar="NAME", help="change this collection")
    choice.add_argument("--delete", type=named, metavar="NAME", help="delete it and what only it holds; files stay")
    verb.add_argument("--rename", type=named, metavar="NEW", help="with --change: another name")
    for option, what in (("--add", "let it hold this folder or file"), ("--take-out", "let it no longer hold this")):
        verb.add_argument(option, type=named, action="append", default=[], metavar="PATH", help=f"{what} (repeatable)")
    for option, what in (("--include", "only files that match"), ("--exclude", "no files that match")):
        verb.add_argument(
            option, action="append", metavar="PATTERN", help=f"{what}, as in .gitignore (repeatable; '' for none)"
        )
    verb.add_argument(
        "--max-mb", dest="max_megabytes", type=count(0, 4096), metavar="N", help="no larger files (0: the setting)"
    )
    for option, what in (
        ("--hidden", "hidden files and folders too"),
        ("--follow-links", "what links lead to, too"),
        ("--never-send", "never send its documents to a teacher"),
    ):
        verb.add_argument(option, action=argparse.BooleanOptionalAction, default=None, help=what)
    verb.add_argument("--dry-run", action="store_true", help="only say what would go out of the index and come in")


_Verb = Callable[..., argparse.ArgumentParser]  # name, help, description


def _add_filling(verb: _Verb) -> None:
    """The verbs that bring documents in."""
    index = verb(
        "index",
        "read documents into the corpus",
        "Read files and folders into the corpus: texts, PDF, office files, e-books, e-mail, web pages, source code and "
        "more. What has not changed is skipped, and an interrupted run continues. A file that cannot be read is listed "
        "and stops nothing.",
    )
    index.add_argument("paths", metavar="PATH", nargs="+", help="a file or a folder")
    index.add_argument("--collection", type=named, metavar="NAME", help="the collection they belong to (Documents)")
    _add_answers(index)

    sync = verb(
        "sync",
        "bring the index in line with all folders",
        "Look through the folders of all collections now: read what is new or changed, follow what was moved, take out "
        "what was deleted. When much is gone, or a drive, the documents are kept until you say what is meant.",
    )
    _add_answers(sync)
    _add_collections_verb(verb("collections", "list, create, change and delete collections"))


def _add_searching(verb: _Verb) -> None:
    search = verb(
        "search",
        "find passages",
        'Find passages. "Words in quotation marks" must stand side by side; -word and -"some words" leave passages out '
        "(put -- before a query that begins with a minus sign).",
    )
    search.add_argument("query", metavar="WORD", nargs="+", help="what to look for")
    search.add_argument("-k", type=count(1, 1000), default=10, metavar="N", help="how many passages (10)")
    _add_collections(search)
    search.add_argument("--folder", type=named, metavar="DIR", help="only what lies in this folder")
    repeated(
        search, "--type", metavar="TYPE", help="only documents of this type, as pdf (may be repeated)", dest="formats"
    )
    search.add_argument("--since", type=day, metavar="DATE", help="only files changed on YYYY-MM-DD or later")
    search.add_argument("--until", type=day, metavar="DATE", help="only files changed on YYYY-MM-DD or before")
    search.add_argument(
        "--explain",
        type=count(1, 2**62),
        metavar="PASSAGE_ID",
        help="say why this passage is found, or not (ids come with --json)",
    )
    search.add_argument(
        "--verify", action="store_true", help="rank with rank_bm25 too and say whether scores and order are the same"
    )
    search.add_argument("--all", action="store_true", help="also passages that say the same as a better one")


def _add_asking(verb: _Verb) -> None:
    """`ask`, and how its words are chosen."""
    ask = verb(
        "ask",
        "ask the documents",
        "Ask the documents: the student's answer is streamed, then its sources are listed. Without words, the question "
        "is read from standard input. The conversation is kept and can be opened in the window.",
    )
    ask.add_argument("question", metavar="WORD", nargs="*", help="the question")
    _add_collections(ask)
    ask.add_argument("-k", type=count(1, 40), default=None, metavar="N", help="how many passages to offer")
    ask.add_argument(
        "--grounding",
        choices=("documents_only", "documents_first", "free"),
        default=None,
        help="what the answer may rest on (else the setting)",
    )
    _add_choosing(ask)
    ask.add_argument("--seed", type=count(0, 2**31 - 1), metavar="N", help="the same seed, the same answer")
    ask.add_argument("--max-tokens", type=count(16, 32_768), metavar="N", help="the longest answer")
    ask.add_argument("--system", dest="system_prompt", metavar="TEXT", help="instructions of your own")
    ask.add_argument(
        "--think", dest="think_tokens", type=thinking, metavar="N", help="tokens to think at most; off, or free"
    )
    ask.add_argument("--stop", action="append", metavar="TEXT", help="end the answer before this (repeatable)")

    presets = verb(
        "presets",
        "list the presets of how words are chosen, keep one, delete one",
        "List the presets of how words are chosen. With --save, the values given are kept under a name.",
    )
    kept: Any = presets.add_mutually_exclusive_group()
    kept.add_argument("--save", type=named, metavar="NAME", help="keep the values given under this name")
    kept.add_argument("--rename", type=named, nargs=2, metavar=("NAME", "NEW"), help="give one another name")
    kept.add_argument("--delete", type=named, metavar="NAME", help="take one away; what chose it keeps its values")
    _add_choosing(presets)


def _add_students(verb: _Verb) -> None:
    """Who answers, and what finds passages of the same meaning."""
    models = verb(
        "models",
        "list the students, find, fetch and import one, choose one",
        "List the students, after importing one or choosing who answers. Others are found on a hub of models, which is "
        "asked only then, and in folders of this computer.",
    )
    change: Any = models.add_mutually_exclusive_group()
    change.add_argument("--import", dest="import_file", type=named, metavar="FILE", help="add a GGUF file to the list")
    change.add_argument(
        "--use",
        type=named,
        metavar="NAME",
        help="let this student answer (its name, the start of its sha256, or the name of an endpoint)",
    )
    add_bases(models, change)
    models.add_argument(
        "--agree", action="store_true", help="agree that questions and passages are sent to the endpoint chosen"
    )
    embedder = verb(
        "embedder",
        "say which embedding model finds passages of the same meaning, choose one",
        "Without a choice, say what is in use. A GGUF embedding model stands beside the built-in vectors, which find "
        "what is spelt alike; every passage is embedded anew for it, which takes a while the first time.",
    )
    chosen: Any = embedder.add_mutually_exclusive_group()
    chosen.add_argument("--use", type=named, metavar="FILE", help="use this GGUF file, or the endpoint of this name")
    chosen.add_argument("--none", dest="without", action="store_true", help="only the built-in vectors")
    embedder.add_argument(
        "--agree", action="store_true", help="agree that passages are sent to the endpoint chosen, and what that costs"
    )


def _add_keeping(verb: _Verb) -> None:
    """What is stored: said, checked, written out, brought in; and the tour."""
    verb("status", "say what is stored where, and who answers")
    doctor = verb(
        "doctor",
        "say what this computer can do and what needs attention",
        "Say what the engine sees of this computer: processor, memory, GPUs and their packs, which models fit, how "
        "fast they are; and what needs attention, with what to do: then the exit status is 1. Loads no student.",
    )
    doctor.add_argument("--measure", action="store_true", help="load the student in use and measure its speed now")
    verify = verb("verify", "check everything that is stored for damage")
    verify.add_argument(
        "--repair",
        action="store_true",
        help="first mend what is damaged: from the files where they are the same, else from what is still sound",
    )
    export = verb(
        "export",
        "write everything out as JSON Lines, or one collection as a bundle",
        "Write everything into a directory as JSON Lines; or, with --collection, one collection into one file that "
        "`forge-desktop import` reads on another machine.",
    )
    export.add_argument("target", type=named, metavar="TARGET", help="a new or empty directory; a new file")
    export.add_argument("--collection", type=named, metavar="NAME", help="write this collection into one file")
    export.add_argument("--with-files", action="store_true", help="put the original files into the bundle too")
    bring = verb("import", "bring a collection's bundle in", "Bring a collection's bundle in as a new collection.")
    bring.add_argument("file", type=named, metavar="FILE", help="a file that `export --collection` wrote")
    verb("tour", "try it all on the sample documents", "Index the sample documents, search them, ask them questions.")


def make_parser() -> Parser:
    """The whole grammar. The chosen verb is in `verb`, None for the window."""
    parser = Parser(
        prog="forge-desktop",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"Forge Desktop {__version__}")
    parser.add_argument(
        "--data-dir",
        type=named,
        metavar="DIR",
        help="where everything is kept (else $FORGE_DATA_DIR, else the system's place)",
    )
    parser.add_argument("--verbose", action="store_true", help="write more into logs/forge.log")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", title="verbs")

    def verb(name: str, help: str, description: str = "") -> argparse.ArgumentParser:
        made = verbs.add_parser(name, help=help, description=description or help[:1].upper() + help[1:] + ".")
        made.add_argument("--json", action="store_true", help="print exactly one JSON object")
        return made

    for add in (
        _add_filling,
        _add_searching,
        _add_asking,
        _add_students,
        add_distill,
        add_students,
        add_cards,
        add_teachers,
        add_spend,
        _add_keeping,
    ):
        add(verb)
    return parser
