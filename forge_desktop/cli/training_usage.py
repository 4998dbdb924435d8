"""Which options of `train` go together; what does not is refused before anything is opened. Imports no room."""

from __future__ import annotations

import argparse
import functools
from collections.abc import Sequence

_SOURCE = ("pairs", "dataset", "base", "name")
_WISH = (
    "rank", "alpha", "learning_rate", "epochs", "targets", "dropout", "weight_decay", "clip", "warmup", "seed",
    "row_tokens", "accumulate", "replay", "hold", "validation", "evaluate_every", "patience", "checkpointing",
    "device", "dtype", "ray", "workers", "threads",
)  # fmt: skip
_SETUP = ("index", "with_gpu", "with_ray")
_EXPORT = ("hub_base", "with_never_sent")
_ALONE = ("resume", "again", "runs", "log", "remove", "setup")
_WHY = {
    "resume": "a run goes on with its own pairs and settings",
    "again": "a run is done again with its own pairs and settings",
    "runs": "it only lists",
    "log": "it only prints",
    "remove": "it only removes",
    "setup": "it only makes an environment",
    "export": "it trains nothing here",
}


def refuse_mixtures(parser: argparse.ArgumentParser) -> None:
    """Have the parsed options looked at, before the verb runs."""
    parser.set_defaults(check=functools.partial(_check, parser))


def _check(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    if found := _wrong(options):
        parser.error(found)


def _wrong(options: argparse.Namespace) -> str:
    """What does not go together, in a sentence without its full stop; "" where all does."""
    mode = next((name for name in (*_ALONE, "export") if getattr(options, name)), "")
    unfit = _unfit(mode)
    if mode and (extra := _given(options, unfit)):
        return f"--{mode} does not go with {extra}: {_WHY[mode]}"
    if options.pairs and options.dataset:
        return "give --pairs or --dataset, not both"
    if mode != "setup" and (extra := _given(options, _SETUP)):
        return f"{extra} is for --setup"
    if mode != "export" and (extra := _given(options, _EXPORT)):
        return f"{extra} is for --export"
    if mode not in ("setup", "remove") and options.yes:
        return "--yes is for --setup and --remove"
    if mode != "export" and options.workers and not options.ray:
        return "--workers is for --ray"
    return ""


def _unfit(mode: str) -> tuple[str, ...]:
    if mode == "export":
        return ("plan", "python")
    more = () if mode == "setup" else ("plan",)
    return (*_SOURCE, *_WISH, *more, *(("python",) if mode in ("runs", "log", "remove") else ()))


def _given(options: argparse.Namespace, names: Sequence[str]) -> str:
    """The first of these that was given, as it was written."""
    if "checkpointing" in names and options.checkpointing is False:
        return "--no-checkpointing"
    found = next(
        (name for name in names if getattr(options, name) is not None and getattr(options, name) is not False), ""
    )
    return found and f"--{found.replace('_', '-')}"
