"""The grammar of the steps of `distill` that look at pairs, set some apart, and take them out. Imports no room."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from forge_desktop.cli.values import count, named, number

Step = Callable[..., argparse.ArgumentParser]  # name, help, description, writes
Action = Callable[..., argparse.ArgumentParser]  # name, help, writes

_FORMS = ("forge", "openai", "sharegpt", "alpaca", "trl", "dpo", "all")


def add_lessons_out(step: Step) -> None:
    """The steps `pairs`, `suite`, `dataset`, `export` and `forget`."""
    for add in (_add_pairs, _add_suite, _add_dataset, _add_export, _add_forget):
        add(step)


def _actions(parser: argparse.ArgumentParser) -> Action:
    """Actions of a step, each with flags of its own: `options.action` names the chosen one."""
    chosen = parser.add_subparsers(dest="action", metavar="ACTION", title="actions", required=True)

    def action(name: str, help: str, *, writes: bool = False) -> argparse.ArgumentParser:
        made = chosen.add_parser(name, help=help, description=help[:1].upper() + help[1:] + ".")
        made.add_argument(
            "--json", action="store_true", default=argparse.SUPPRESS, help="print exactly one JSON object"
        )
        made.set_defaults(writes=writes)
        return made

    return action


def _add_pairs(step: Step) -> None:
    action = _actions(
        step("pairs", "look at pairs; drop, restore and check them", "What was learnt, accepted or not.", writes=False)
    )
    listed = action("list", "list pairs, the newest first")
    listed.add_argument("--text", default="", metavar="WORDS", help="with these words in question or answer")
    which = listed.add_mutually_exclusive_group()
    which.add_argument("--accepted", dest="accepted", action="store_true", default=None, help="only those that train")
    which.add_argument("--not-accepted", dest="accepted", action="store_false", help="only those that do not")
    listed.add_argument("--kind", choices=("train", "repair"), help="only of this kind")
    listed.add_argument("--language", default="", metavar="CODE", help="only in this language")
    listed.add_argument("--document", default="", metavar="SHA256", help="only those that rest on this document")
    listed.add_argument("--source", default="", choices=("unchanged", "changed", "gone", "unchecked"))
    listed.add_argument("--duplicates", action="store_true", default=None, help="only those that say the same again")
    listed.add_argument("--leaking", action="store_true", default=None, help="only those that a suite holds")
    listed.add_argument(
        "--order", default="created", choices=("created", "score", "length", "language", "prompt", "similarity")
    )
    listed.add_argument("--ascending", action="store_true", help="the lowest first")
    listed.add_argument("--limit", type=count(1, 100_000), default=50, metavar="N", help="so many at most (50)")
    listed.add_argument("--offset", type=count(0, 2**62), default=0, metavar="N", help="from this one on (0)")
    show = action("show", "show a pair with its evidence and what says the same")
    show.add_argument("pair", type=named, metavar="PAIR", help="its uid, or the start of it")
    action("counts", "say how many there are, how they are spread, and which documents they rest on")
    for name, words in (
        ("drop", "take pairs out of training, until they are restored"),
        ("restore", "take back that pairs were dropped"),
        ("keep", "let duplicates train all the same"),
    ):
        changed = action(name, words, writes=True)
        changed.add_argument("pairs", nargs="+", type=named, metavar="PAIR", help="its uid, or the start of it")
    action("reverify", "compare what pairs quote with the documents as they are now", writes=True)


def _add_suite(step: Step) -> None:
    action = _actions(
        step(
            "suite",
            "sets of questions to measure with, which never train",
            "Suites measure what was learnt. A pair that a suite (nearly) holds does not train. transfer: other"
            " documents than those trained on; recall: other words for what was trained.",
            writes=False,
        )
    )
    bring = action("import", "read a suite from JSON Lines, JSON or CSV: question, answer, category", writes=True)
    bring.add_argument("file", type=named, metavar="FILE", help="the file")
    freeze = action("freeze", "take a share of the accepted pairs, which then do not train", writes=True)
    freeze.add_argument("--share", type=number(0, 1), required=True, metavar="P", help="the share, as 0.1")
    for made in (bring, freeze):
        made.add_argument("--name", type=named, required=True, metavar="NAME", help="what to call it")
        made.add_argument("--kind", choices=("transfer", "recall"), default="transfer", help="(transfer)")
    action("list", "list suites")
    show = action("show", "list a suite's items")
    show.add_argument("suite", type=named, metavar="SUITE", help="its name or uid")
    remove = action("remove", "remove a suite; pairs that it alone held back train again", writes=True)
    remove.add_argument("suite", type=named, metavar="SUITE", help="its name or uid")
    remove.add_argument("--yes", action="store_true", help="do not ask")


def _add_dataset(step: Step) -> None:
    action = _actions(
        step("dataset", "frozen versions of the accepted pairs", "Versions whose bytes never change.", writes=False)
    )
    freeze = action("freeze", "freeze the accepted pairs as the next version of a name", writes=True)
    freeze.add_argument("--name", type=named, required=True, metavar="NAME", help="what to call it")
    freeze.add_argument("--note", default="", metavar="TEXT", help="kept with it")
    action("list", "list versions")
    show = action("show", "show a version with the documents its pairs rest on")
    show.add_argument("dataset", type=named, metavar="DATASET", help='its uid, its name, or "NAME v2"')
    remove = action("remove", "remove a version", writes=True)
    remove.add_argument("dataset", type=named, metavar="DATASET", help='its uid, its name, or "NAME v2"')
    remove.add_argument("--yes", action="store_true", help="do not ask")


def _add_export(step: Step) -> None:
    export = step(
        "export",
        "write pairs for this and other programs",
        "Write the accepted pairs into a new or empty directory, with a manifest. Every form can be imported again"
        " without loss (docs/formats.md).",
        writes=False,
    )
    export.add_argument("directory", type=named, metavar="DIR", help="a new or empty directory")
    export.add_argument(
        "--format",
        dest="forms",
        action="append",
        choices=_FORMS,
        help="forge has everything (forge); may be repeated",
    )
    export.add_argument("--dataset", default="", metavar="NAME", help="a frozen version instead of the pairs of now")
    export.add_argument("--all", dest="every", action="store_true", help="pairs that are not accepted too")
    shown = export.add_mutually_exclusive_group()
    shown.add_argument(
        "--evidence", dest="evidence", action="store_true", default=None, help="put the passages into the prompts"
    )
    shown.add_argument("--no-evidence", dest="evidence", action="store_false", help="leave them out of the prompts")


def _add_forget(step: Step) -> None:
    forget = step(
        "forget",
        "remove what rests on a document",
        "Say all that a document came into, and remove its pairs, and its tasks with what teachers said and the answers"
        " paid for them. The ledger stays. Frozen datasets and suites are removed only where asked.",
    )
    forget.add_argument("document", type=named, metavar="DOCUMENT", help="its sha256, the start of it, or its name")
    forget.add_argument("--keep-pairs", dest="pairs", action="store_false", help="leave its pairs")
    forget.add_argument("--keep-tasks", dest="tasks", action="store_false", help="leave its tasks and paid answers")
    forget.add_argument("--datasets", action="store_true", help="remove frozen versions that hold it, whole")
    forget.add_argument(
        "--suites", action="store_true", help="remove items of suites that rest on it, and their words in gates"
    )
    forget.add_argument("--dry-run", action="store_true", help="only say what would be removed")
    forget.add_argument("--yes", action="store_true", help="do not ask")
