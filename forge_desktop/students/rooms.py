"""The rooms that training, gates and the registry work with, handed on together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forge_desktop.base.events import Events
    from forge_desktop.base.jobs import Jobs
    from forge_desktop.base.settings import SettingsFile
    from forge_desktop.chat import Chat
    from forge_desktop.corpus import Corpus
    from forge_desktop.distill import Distill
    from forge_desktop.distill.records import Pair
    from forge_desktop.engine import Engine
    from forge_desktop.providers import Providers
    from forge_desktop.storage import Database


@dataclass(frozen=True)
class Rooms:
    """What is below, and where files are kept. `read_pair` reads a pair of any form that lessons are written in."""

    db: Database
    jobs: Jobs
    events: Events
    settings: SettingsFile
    engine: Engine
    corpus: Corpus
    chat: Chat
    distill: Distill
    providers: Providers
    data_dir: Path
    read_pair: Callable[[Mapping[str, Any]], Pair]
