"""The grammar of `card` and its steps. Imports no room."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from forge_desktop.cli.parser import Parser
from forge_desktop.cli.values import count, exact, named, repeated

Verb = Callable[..., argparse.ArgumentParser]  # name, help, description
KINDS = ("student", "adapter", "teacher", "embedder")
FORMATS = ("markdown", "cyclonedx", "spdx", "json", "html")
_CARD = "a version (v3), an endpoint's name, the card's own name, or the start of its uid"


def add_cards(verb: Verb) -> None:
    """The verb, whose steps are verbs of their own: `options.step` names the chosen one."""
    card = verb(
        "card",
        "fill, check, export and compare model cards",
        "Model cards: every version of a student and every endpoint has one, filled by what was measured, completed by"
        " hand, and honest about what is no longer true.",
    )
    steps = card.add_subparsers(dest="step", metavar="STEP", title="steps", required=True)

    def step(
        name: str, help: str, description: str = "", *, writes: bool = True, intermixed: bool = False
    ) -> argparse.ArgumentParser:
        made = steps.add_parser(name, help=help, description=description or help[:1].upper() + help[1:] + ".")
        made.add_argument("--json", action="store_true", help="print exactly one JSON object")
        made.set_defaults(writes=writes)
        assert isinstance(made, Parser)
        made.intermixed = intermixed
        return made

    for add in (_add_looking, _add_writing, _add_versions, _add_leaving, _add_comparing):
        add(step)


def _card(step: argparse.ArgumentParser) -> None:
    step.add_argument("card", type=named, metavar="CARD", help=_CARD)


def _add_looking(step: Verb) -> None:
    listed = step("list", "list the cards, and how complete each is", writes=False)
    listed.add_argument("--kind", choices=KINDS, help="only cards of this kind")
    show = step("show", "say what stands on a card, and where each value is from", writes=False, intermixed=True)
    _card(show)
    show.add_argument("field", nargs="?", default="", metavar="FIELD", help="only this field")
    show.add_argument("--number", type=count(1, 10**9), metavar="N", help="as it was in version N of it")
    show.add_argument("--markdown", action="store_true", help="its Markdown, as it leaves, private parts hidden")
    show.add_argument("--all", action="store_true", help="the fields too that have no value")
    check = step(
        "check",
        "say what is missing, wrong, stale or private: then the exit status is 1",
        "Say what is missing, wrong, stale or private in a card, each with its field. A file (README.md, or JSON) is"
        " checked without bringing it in, each problem with its line and column.",
        writes=False,
    )
    check.add_argument("card", type=named, metavar="CARD|FILE", help=f"{_CARD}; or a file or folder")
    check.add_argument("--kind", choices=KINDS, help="what a file is the card of (guessed)")


def _add_writing(step: Verb) -> None:
    new = step("new", "make a card about something that is not here")
    new.add_argument("kind", choices=KINDS, metavar="KIND", help=f"what it is of: {', '.join(KINDS)}")
    new.add_argument("name", type=named, metavar="NAME", help="what to call it")
    write = step(
        "set",
        "write a field by hand, beside what was measured",
        "Write a field by hand. What was measured stays beside it. A text, a number with its unit (4.2 GB), 120 / 340"
        " ms, a list with commas; rows and facts as JSON.",
    )
    _card(write)
    write.add_argument("field", type=named, metavar="FIELD", help="the field, as `card show --all` names it")
    what: Any = write.add_mutually_exclusive_group(required=True)
    what.add_argument("value", nargs="?", default=None, metavar="VALUE", help="what to write")
    what.add_argument("--file", type=named, metavar="PATH", help="write what this file holds (-: standard input)")
    what.add_argument("--clear", action="store_true", help="take away what was written by hand")
    what.add_argument("--not-applicable", type=named, metavar="WHY", help="say why it has no value")
    what.add_argument(
        "--reviewed", action="store_true", help="what was taken over, or was stale where it came from, holds here too"
    )
    write.add_argument("--unit", default="", metavar="U", help="the unit of VALUE")
    _card(
        step(
            "edit",
            "write a card's Markdown in your editor",
            "Open a card's Markdown in $VISUAL or $EDITOR and take in what was changed. A text that cannot be read is"
            " kept, and named by line and column: `card edit` opens it again.",
        )
    )
    fill = step(
        "fill",
        "fill a card by what is measured and known",
        "Fill a card: header of the file, benchmark, gates, run log, prices, ledger, limits. What was written by hand"
        " stays. A model of this computer is measured first, which takes a while.",
    )
    _card(fill)
    fill.add_argument("--no-measure", action="store_true", help="no benchmark: only what is known already")
    _card(step("undo", "take the last change by hand back"))
    _card(step("redo", "make the change again that was taken back"))
    remove = step("remove", "remove the card of something that is not here, with all its versions")
    _card(remove)
    remove.add_argument("--yes", action="store_true", help="do not ask")


def _add_versions(step: Verb) -> None:
    publish = step("publish", "keep a card as its next version and lock it; refused while it is not complete")
    _card(publish)
    publish.add_argument("--who", default="", metavar="NAME", help="who does it, kept with it")
    publish.add_argument("--note", default="", metavar="TEXT", help="a note, kept with it")
    _card(step("reopen", "let a published card be changed again"))
    _card(step("history", "list the versions of a card", writes=False))
    diff = step(
        "diff",
        "say what differs between two cards, or two versions of one",
        "Say what differs between two cards, or two versions of one. With one card alone: what changed since its last"
        " version.",
        writes=False,
        intermixed=True,
    )
    _card(diff)
    diff.add_argument("other", nargs="?", default="", metavar="OTHER", help="another card")
    diff.add_argument(
        "--from", dest="before", type=count(0, 10**9), metavar="N", help="version N of CARD (0: as it is)"
    )
    diff.add_argument("--to", dest="after", type=count(0, 10**9), metavar="N", help="version N of OTHER (0: as it is)")
    restore = step("restore", "let a card say again what was written in one of its versions")
    _card(restore)
    restore.add_argument("number", type=count(1, 10**9), metavar="N", help="which version")


def _add_leaving(step: Verb) -> None:
    export = step(
        "export",
        "write a card into files",
        "Write a card into files: README.md with YAML for Hugging Face, CycloneDX, SPDX, JSON, HTML. What is private"
        " (paths, names of documents, keys) is hidden unless it is revealed.",
        writes=False,
    )
    _card(export)
    export.add_argument(
        "--format",
        type=_formats,
        action="extend",
        metavar="F[,F…]",
        help=f"of {', '.join(FORMATS)} (all; repeatable)",
    )
    export.add_argument(
        "--to", type=named, metavar="DIR", default=".", help="a directory (here); of one format, a file too"
    )
    repeated(export, "--reveal", metavar="FINDING", help="show this from now on, as `card check` names it (repeatable)")
    repeated(export, "--hide", metavar="FINDING", help="hide this again (repeatable)")
    export.add_argument("--reveal-all", action="store_true", help="hide nothing, this time")
    export.add_argument("--replace", action="store_true", help="replace files that are there")
    bring = step(
        "import",
        "bring a card in that was written elsewhere",
        "Bring in a card: README.md (or a folder with one), or JSON as Forge Desktop, CycloneDX or SPDX write it. What"
        " is no field of ours is kept.",
    )
    bring.add_argument("file", type=named, metavar="FILE", help="the file or folder")
    bring.add_argument("--kind", choices=KINDS, help="what it is the card of, where the file does not say")
    bring.add_argument("--card", dest="subject", type=named, metavar="CARD", help="take it into this card")


def _add_comparing(step: Verb) -> None:
    compare = step(
        "compare",
        "set cards side by side: fit, speed, cost, quality; local or API",
        "Set two or more cards side by side, with what searches, tokens, lessons and storage cost. The options say what"
        " the computer, electricity and use are, in your money; without them it is what Settings says.",
        writes=False,
    )
    compare.add_argument("cards", nargs="+", type=named, metavar="CARD", help=f"two or more: {_CARD}")
    option = compare.add_argument
    option("--hardware", type=exact(0, 10**9), metavar="X", dest="cost_hardware", help="price of the computer")
    option("--years", type=exact(Decimal("0.1"), 50), metavar="X", dest="cost_years", help="how long it is used")
    option("--residual", type=count(0, 100), metavar="N", dest="cost_residual", help="percent it is worth afterwards")
    option(
        "--hours", type=exact(Decimal("0.01"), 24), metavar="X", dest="cost_hours", help="hours a day that it computes"
    )
    option("--watts", type=exact(0, 10**5), metavar="X", dest="cost_watts", help="what it draws then")
    option("--electricity", type=exact(0, 10**6), metavar="X", dest="cost_electricity", help="price of a kWh")
    option("--disk", type=exact(0, 10**6), metavar="X", dest="cost_disk", help="price of a GB of disk")
    ratio = "tokens read for each one written"
    option("--ratio", type=exact(0, 10_000), metavar="X", dest="cost_input_per_output", help=ratio)
    option(
        "--cached", type=count(0, 100), metavar="N", dest="cost_cached", help="percent of an endpoint's input cached"
    )
    option("--tokens", type=count(0, 10**15), metavar="N", dest="cost_tokens", help="tokens a month, read and written")
    option("--currency", type=named, metavar="NAME", dest="cost_currency", help="your money, as EUR")
    option(
        "--rate",
        type=exact(Decimal("0.000001"), 10**7),
        metavar="X",
        dest="cost_rate",
        help="how much of it a US dollar is",
    )
    option("--save", action="store_true", help="keep these figures in Settings")


def _formats(text: str) -> tuple[str, ...]:
    wanted = tuple(dict.fromkeys(part.strip() for part in text.split(",")))
    unknown = next((part for part in wanted if part not in FORMATS), None)
    if unknown is not None:
        raise argparse.ArgumentTypeError(f"{unknown!r} is none of {', '.join(FORMATS)}")
    return wanted
