"""Reads a model's card out of an SPDX 3 document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from forge_desktop.cards.foreign import ForeignCard


def read_spdx(said: Mapping[str, Any]) -> ForeignCard:
    """What the document's model says."""
    raise NotImplementedError
