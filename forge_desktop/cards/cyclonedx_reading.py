"""Reads a model's card out of a CycloneDX document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from forge_desktop.cards.foreign import ForeignCard


def read_cyclonedx(said: Mapping[str, Any]) -> ForeignCard:
    """What the document's model says."""
    raise NotImplementedError
