"""The grammar of `teachers` and its steps, and of `offline`. Imports no room."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from forge_desktop.cli.values import count, day, named

Step = Callable[..., argparse.ArgumentParser]  # name, help, description, writes

_ROLES = "answer, critique, judge, student, embedder"
_TOKENS = 1_000_000_000


def add_teachers(verb: Callable[..., argparse.ArgumentParser]) -> None:
    """The verbs `teachers` and `offline`; `options.step` names the chosen step of the first."""
    teachers = verb(
        "teachers",
        "list, add, change, price, test and remove teachers and other endpoints",
        "Endpoints: teachers, remote students and embedders. Without a step, lists them. A key is never an argument:"
        " it is read from a variable (--key-env), or typed at a prompt that does not show it, and kept in the system's"
        " keyring.",
    )
    steps = teachers.add_subparsers(dest="step", metavar="STEP", title="steps")

    def step(name: str, help: str, description: str = "", *, writes: bool = True) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = steps.add_parser(
            name, help=help, description=description or help[:1].upper() + help[1:] + ".", allow_abbrev=False
        )
        made.add_argument("--json", action="store_true", help="print exactly one JSON object")
        made.set_defaults(writes=writes)
        return made

    step("list", "list them with their prices and what they are kept from", writes=False)
    _add_adding(step)
    _add_changing(step)
    offline = verb(
        "offline",
        "say whether connections are allowed, allow or forbid them",
        "With the switch on, no connection is made at all, to nobody.",
    )
    offline.add_argument("state", choices=("on", "off"), nargs="?", help="on: no connection at all")


class _Refused(argparse.Action):
    """`--key VALUE`: refused without showing the value again."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object, **__: object) -> NoReturn:
        parser.error("a key is never an argument, which any program could read; name its variable with --key-env VAR")


def _add_adding(step: Step) -> None:
    add = step(
        "add",
        "add one",
        "Add an endpoint: any server that speaks one of the wire formats. Where the price table knows the model, its"
        " price may be left out.",
    )
    add.add_argument("--name", type=named, required=True, metavar="NAME", help="any name by which you know it")
    add.add_argument("--url", type=named, required=True, metavar="URL", help="the base, as https://api.example.com/v1")
    add.add_argument("--model", type=named, required=True, metavar="MODEL", help="the server's name for the model")
    _add_prices(add)
    _add_key(add)
    _add_facts(add)


def _add_changing(step: Step) -> None:
    change = step("change", "change one", "Change an endpoint. Another server needs its key again.")
    _add_name(change)
    change.add_argument("--rename", dest="new_name", type=named, metavar="NEW", help="another name")
    change.add_argument("--url", type=named, metavar="URL", help="another base")
    change.add_argument("--model", type=named, metavar="MODEL", help="another model")
    change.add_argument(
        "--enabled", action=argparse.BooleanOptionalAction, default=None, help="whether it may be asked at all"
    )
    _add_key(change)
    _add_facts(change)
    price = step("price", "show its price, or type one in", "Show what an endpoint costs, or type a price in.")
    _add_name(price)
    _add_prices(price)
    price.add_argument("--since", type=day, metavar="DATE", help="the day since which it holds (today)")
    for name, short, description in (
        ("test", "ask it one tiny question", "Ask one tiny question, paid through the ledger, and say how it went."),
        ("reset", "let it be asked again after it failed", ""),
        ("remove", "remove it and forget its key", "Remove an endpoint and forget its key; the ledger keeps its rows."),
    ):
        _add_name(step(name, short, description))


def _add_name(step: argparse.ArgumentParser) -> None:
    step.add_argument("name", type=named, metavar="NAME", help="its name")


def _add_prices(step: argparse.ArgumentParser) -> None:
    for option, what in (
        ("in", "input"),
        ("out", "output"),
        ("cached", "input that is read from a cache"),
        ("write", "input that is written to a cache"),
        ("batch-in", "input in a batch"),
        ("batch-out", "output in a batch"),
    ):
        step.add_argument(
            f"--price-{option}", type=named, metavar="USD_PER_MTOK", help=f"dollars a million tokens: {what}"
        )


def _add_key(step: argparse.ArgumentParser) -> None:
    key: Any = step.add_mutually_exclusive_group()
    key.add_argument("--key-env", type=named, metavar="VAR", help="the environment variable that holds its key")
    key.add_argument("--no-key", action="store_true", help="it asks for no key")
    key.add_argument("--key", action=_Refused, help=argparse.SUPPRESS)


def _roles(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(role.strip() for role in text.split(",") if role.strip()))


def _add_facts(step: argparse.ArgumentParser) -> None:
    step.add_argument("--wire", metavar="FORMAT", help="the wire format: openai, anthropic or gemini (by the address)")
    step.add_argument("--roles", type=_roles, metavar="ROLE,…", help=f"of {_ROLES}")
    step.add_argument("--priority", type=count(1, 999_999), metavar="N", help="1 is asked first (1)")
    step.add_argument("--host", metavar="HOST", help="the host once more, to allow http to a private address")
    step.add_argument("--may-train", choices=("yes", "no", "unknown"), help="may outputs train a model, by its terms?")
    step.add_argument("--terms-url", metavar="URL", help="where the terms say it")
    step.add_argument("--vendor", metavar="NAME", help="the price table's name for the vendor (by the address)")
    step.add_argument("--price-model", metavar="NAME", help="the price table's name for the model")
    limits: Sequence[tuple[str, str]] = (
        ("context", "tokens it takes"),
        ("max-output", "tokens it answers with at most"),
        ("rpm", "requests a minute"),
        ("input-tpm", "input tokens a minute"),
        ("output-tpm", "output tokens a minute"),
        ("concurrency", "calls at once"),
    )
    for option, what in limits:
        step.add_argument(f"--{option}", type=count(0, _TOKENS), metavar="N", help=f"{what} (0: not known)")
