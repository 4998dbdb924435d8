"""The options of `models` that find bases: on a hub, in a folder. Imports no room."""

from __future__ import annotations

import argparse
from typing import Any

from forge_desktop.cli.values import named


def add_bases(models: argparse.ArgumentParser, change: Any) -> None:
    """What is looked for and fetched; `change` is the group of which one is given."""
    change.add_argument("--search", type=named, metavar="TEXT", help="look for GGUF models on the hub")
    change.add_argument("--files", type=named, metavar="REPOSITORY", help="say what a repository holds and what fits")
    change.add_argument(
        "--download",
        type=named,
        nargs=2,
        metavar=("REPOSITORY", "FILE"),
        help="fetch a file, by its name or its quantisation, and import it; goes on where it stopped",
    )
    change.add_argument(
        "--scan",
        type=named,
        metavar="DIR",
        help="say what GGUF files a folder holds; also lm-studio, ollama, llama.cpp, hugging-face",
    )
    change.add_argument("--token-env", type=named, metavar="VAR", help="keep the hub's access token from this variable")
    change.add_argument("--forget-token", action="store_true", help="keep no access token for the hub")
    models.add_argument(
        "--import-all", action="store_true", help="with --scan: import what is usable and not yet known"
    )
