"""The grammar of what makes students better: `train`, `gate`, `measure`. Imports no room."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from forge_desktop.cli.arguments_gate import add_gate
from forge_desktop.cli.arguments_measure import add_measure
from forge_desktop.cli.arguments_versions import add_versions
from forge_desktop.cli.training_usage import refuse_mixtures
from forge_desktop.cli.values import count, named, number

Verb = Callable[..., argparse.ArgumentParser]  # name, help, description


def add_students(verb: Verb) -> None:
    """The verbs."""
    _add_train(verb)
    add_versions(verb)
    add_gate(verb)
    add_measure(verb)


def _add_train(verb: Verb) -> None:
    train = verb(
        "train",
        "make an adapter of pairs for a student",
        "Train a LoRA adapter for a student's GGUF file, from a file of pairs or a frozen dataset. What came of it is a"
        " version, which a gate has to pass before it is promoted. Ctrl+C saves a checkpoint; --resume goes on.",
    )
    train.add_argument("--pairs", type=named, metavar="FILE", help="pairs as JSON Lines, in any form that is read")
    train.add_argument("--dataset", type=named, metavar="NAME", help="a frozen dataset, in place of a file")
    train.add_argument("--base", type=named, metavar="NAME", help="the student (its name, or the start of its sha256)")
    train.add_argument("--name", type=named, metavar="NAME", help="what to call the run and its version")
    train.add_argument("--plan", action="store_true", help="only say what it would take; with --setup what would come")
    other: Any = train.add_mutually_exclusive_group()
    other.add_argument("--resume", type=named, metavar="RUN", help="go on with a run that was interrupted")
    other.add_argument("--again", type=named, metavar="RUN", help="do a run again; says whether the bytes are the same")
    other.add_argument("--runs", action="store_true", help="list the runs")
    other.add_argument("--log", type=named, metavar="RUN", help="print everything that is known of a run")
    other.add_argument("--remove", type=named, metavar="RUN", help="remove a run and its files; its version stays")
    other.add_argument(
        "--export", type=named, metavar="TARGET", help="write it all for a trainer elsewhere: DIR or ZIP"
    )
    other.add_argument("--setup", action="store_true", help="make an environment for the trainer, which needs torch")
    train.add_argument("--index", type=named, metavar="URL", help="--setup: where packages come from")
    train.add_argument("--with-gpu", action="store_true", help="--setup: allow a build for GPUs, which is several GB")
    train.add_argument("--with-ray", action="store_true", help="--setup: with Ray, for --ray")
    train.add_argument("--hub-base", type=named, metavar="NAME", help="--export: what the base is called on the hub")
    train.add_argument("--with-never-sent", action="store_true", help="--export: with what is never sent")
    train.add_argument("--python", type=named, metavar="PATH", help="train with this interpreter from now on")
    train.add_argument("--yes", action="store_true", help="do not ask before something is removed or fetched")
    _add_wish(train)
    refuse_mixtures(train)


def _add_wish(train: argparse.ArgumentParser) -> None:
    """All fields of a TrainWish; what is not given has its default there."""

    def option(name: str, kind: Callable[[str], object], metavar: str, help: str) -> None:
        train.add_argument(name, type=kind, default=None, metavar=metavar, help=help)

    option("--rank", count(1, 1024), "N", "the adapter's rank (8)")
    option("--alpha", number(0.01, 4096), "X", "its alpha (16)")
    option("--learning-rate", number(1e-9, 1), "X", "the highest learning rate (0.0005)")
    option("--epochs", count(1, 1000), "N", "how often all pairs are gone through (4)")
    option("--targets", named, "NAMES", "what is adapted: names with commas between (all seven projections)")
    option("--dropout", number(0, 0.9), "X", "of the adapter's input (0)")
    option("--weight-decay", number(0, 1), "X", "weight decay (0)")
    option("--clip", number(0.001, 1000), "X", "the gradient's largest norm (1)")
    option("--warmup", number(0, 1), "X", "the share of the steps in which the learning rate rises (0.05)")
    option("--seed", count(0, 2**31 - 1), "N", "the same seed, data and settings give the same adapter (1)")
    option("--row-tokens", count(16, 131_072), "N", "the length of a packed row; longer pairs are left out (512)")
    option("--accumulate", count(1, 1024), "N", "rows that make a step (1)")
    option("--replay", number(0, 4), "X", "the base's own answers, as a share of the pairs, against forgetting (0.5)")
    option("--hold", number(0, 100), "X", "how much it weighs that these stay as they are (5)")
    option("--validation", number(0, 0.9), "X", "the share of the pairs kept apart, by document (0.1)")
    option("--evaluate-every", count(0, 1_000_000), "N", "steps between two validations (0: once an epoch)")
    option("--patience", count(0, 1000), "N", "validations without improvement that end it early (3; 0: never)")
    train.add_argument(
        "--checkpointing",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="compute activations twice, which needs less memory (decided by what is free)",
    )
    train.add_argument("--device", choices=("auto", "cuda", "mps", "cpu"), default=None, help="where to train (auto)")
    train.add_argument("--dtype", choices=("auto", "f32", "bf16"), default=None, help="how weights are held (auto)")
    option("--ray", named, "ADDRESS", "train on this Ray cluster: HOST:PORT, or ray://HOST:PORT")
    option("--workers", count(1, 1024), "N", "how many of its processes share each step (1)")
    option("--threads", count(0, 1024), "N", "threads on a processor (0: chosen)")
