"""The grammar of `students` and its steps. Imports no room."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from forge_desktop.cli.values import count, named, number, repeated

Verb = Callable[..., argparse.ArgumentParser]  # name, help, description
_VERSION = "its label (v3), the start of its uid, or its name"


def add_versions(verb: Verb) -> None:
    """The verb, whose steps are verbs of their own: `options.step` names the chosen one."""
    students = verb(
        "students",
        "list versions of students, promote one, go back, compare them",
        "Versions of students: a base, an adapter or none, a scale. One is active and answers; a gate decides whether"
        " another may be, and one step leads back.",
    )
    steps = students.add_subparsers(dest="step", metavar="STEP", title="steps", required=True)

    def step(name: str, help: str, description: str = "", *, writes: bool = True) -> argparse.ArgumentParser:
        made = steps.add_parser(name, help=help, description=description or help[:1].upper() + help[1:] + ".")
        made.add_argument("--json", action="store_true", help="print exactly one JSON object")
        made.set_defaults(writes=writes)
        return made

    for add in (_add_looking, _add_answering, _add_shelf):
        add(step)


def _version(step: argparse.ArgumentParser) -> None:
    step.add_argument("version", type=named, metavar="VERSION", help=_VERSION)


def _said(step: argparse.ArgumentParser) -> None:
    step.add_argument("--why", default="", metavar="TEXT", help="a reason, kept in the history")
    step.add_argument("--who", default="", metavar="NAME", help="who does it, kept in the history")


def _add_looking(step: Verb) -> None:
    step("list", "list the versions, the newest first", writes=False)
    _version(step("show", "say everything that is known of a version", writes=False))
    history = step("history", "say what happened to versions, who did it and why", writes=False)
    history.add_argument("version", nargs="?", default="", metavar="VERSION", help=f"of this version: {_VERSION}")
    compare = step("compare", "let versions answer the same question from the same passages")
    compare.add_argument("question", metavar="WORD", nargs="+", help="the question")
    repeated(
        compare,
        "--version",
        metavar="VERSION",
        help="a version to ask, two or more (else the active one and the one before)",
        dest="versions",
    )
    repeated(
        compare,
        "--collection",
        metavar="NAME",
        help="only documents of this collection (may be repeated)",
        dest="collections",
    )


def _add_answering(step: Verb) -> None:
    promote = step(
        "promote",
        "let a version answer from now on",
        "Let a version answer from now on. One with an adapter needs a passed gate, or a reason given with --override.",
    )
    _version(promote)
    promote.add_argument(
        "--override", default="", metavar="REASON", help="promote it without a pass; the reason is kept"
    )
    _said(promote)
    _said(step("rollback", "go back to the version that was active before; deletes nothing"))


def _add_shelf(step: Verb) -> None:
    bring = step(
        "import",
        "bring in an adapter or a version that was made elsewhere",
        "Bring in a LoRA adapter (a GGUF file, or a folder that PEFT wrote), or a version that `students export` wrote."
        " It cannot be promoted before a gate here passed it.",
    )
    bring.add_argument("file", type=named, metavar="FILE", help="the adapter, or the version's bundle")
    bring.add_argument(
        "--base",
        type=named,
        metavar="NAME",
        help="the student an adapter is for (or the start of its sha256); a bundle says it itself",
    )
    bring.add_argument("--name", default="", metavar="NAME", help="what to call it")
    bring.add_argument(
        "--show", dest="writes", action="store_false", help="only say what a version's bundle holds, and its card"
    )
    leave = step(
        "export",
        "write a version into one file for another computer",
        "Write a version into one file: its adapter, scale, template and settings, its run's log, its gates.",
    )
    _version(leave)
    leave.add_argument("file", type=named, metavar="FILE", help="the new file (.forgeversion)")
    leave.add_argument("--with-base", action="store_true", help="with the base's GGUF file too")
    derive = step(
        "derive",
        "make a version that differs in scale, chat template or search",
        "Make a version that differs from another in what is given here; the other one stays as it is.",
    )
    _version(derive)
    derive.add_argument("--scale", type=number(0.000001, 4), metavar="X", help="how strongly the adapter counts")
    derive.add_argument("--template", type=named, metavar="FILE", help="a chat template, in place of the base's")
    derive.add_argument("--passages", type=count(1, 40), metavar="N", help="how many passages are searched for")
    derive.add_argument("--neighbours", type=count(0, 3), metavar="N", help="how many are read around each")
    derive.add_argument("--name", default="", metavar="NAME", help="what to call it")
    retire = step("retire", "put a version aside: it is neither promoted nor gone back to")
    _version(retire)
    _said(retire)
    back = step("bring-back", "take a version out of retirement")
    _version(back)
    back.add_argument("--who", default="", metavar="NAME", help="who does it, kept in the history")
    remove = step("remove", "remove a version that never answered, and its adapter's file")
    _version(remove)
    remove.add_argument("--who", default="", metavar="NAME", help="who does it, kept in the history")
