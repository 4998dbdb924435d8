"""The grammar of the steps of `distill` that bring tasks in. Imports no room."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from forge_desktop.cli.values import named

Step = Callable[..., argparse.ArgumentParser]  # name, help, description, writes


def add_lessons_in(step: Step) -> None:
    """The steps `import`, `generate`, `quote`, `replay` and `correct`."""
    _add_import(step)


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
    bring.add_argument(
        "--collection",
        dest="collections",
        type=named,
        action="append",
        default=[],
        metavar="NAME",
        help="look for evidence in this collection only (repeatable)",
    )
    bring.add_argument("--dry-run", action="store_true", help="only say what would be read, and from which columns")


def _field(text: str) -> tuple[str, str]:
    field, mark, column = text.partition("=")
    if not mark or not field.strip():
        raise argparse.ArgumentTypeError(f"write FIELD=COLUMN, not {text!r}")
    return field.strip(), column.strip()
