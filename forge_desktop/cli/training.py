"""The verb `train`: an adapter made of pairs, planned, watched, resumed, done again."""

from __future__ import annotations

import argparse

from forge_desktop.base.errors import ForgeError
from forge_desktop.cli.output import Output
from forge_desktop.forge import Forge


def train(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """Do what the options say."""
    raise ForgeError("Training is not there yet.")
