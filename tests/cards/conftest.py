"""The application on a data directory, for its cards: the starter is v1, and nothing is loaded unless a test asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from forge_desktop.cards import Cards
from forge_desktop.cards.records import Value
from forge_desktop.forge import Forge
from forge_desktop.students.records_versions import Version
from tests.data import adapter_for, tiny_gguf


class CardRoom:
    """The application and its cards. `again` closes it and opens it anew on the same data."""

    def __init__(self, data_dir: Path, place: Path) -> None:
        self.data_dir, self.place = data_dir, place
        self.forge = Forge(data_dir, holder="a test")
        self.forge.settings.override(threads=1)
        self.tiny: Path | None = None

    @property
    def cards(self) -> Cards:
        return self.forge.cards

    def again(self) -> Cards:
        """Close and open."""
        self.forge.close()
        self.forge = Forge(self.data_dir, holder="a test")
        return self.forge.cards

    def adapter(self, seed: int = 1, name: str = "") -> Version:
        """An adapter for a tiny base (v2, brought in with the first one) is registered."""
        if self.tiny is None:
            self.tiny = tiny_gguf.write(self.place / "Tiny-Chat.F32.gguf")
            self.forge.jobs.wait(self.forge.students.import_gguf(self.tiny), timeout=60)
        file = adapter_for.write(self.place / f"adapter-{seed}.gguf", self.tiny, seed=seed)
        base = self.forge.students.registry.version("v2").base_sha256
        return self.forge.students.registry.add(file, base, origin="trained", name=name or f"made {seed}")

    def measured(self, card: str, **values: Value) -> None:
        """These values were measured for a card."""
        self.cards._fills.put(self.cards.get(card).uid, values)

    def shown(self, card: str, field: str) -> object:
        """What a field shows, None for nothing."""
        state = self.cards.get(card).fields.get(field)
        return None if state is None or state.shown is None else state.shown.data


@pytest.fixture
def open_cards(data_dir: Path, tmp_path: Path) -> Iterator[Callable[[], CardRoom]]:
    """Opens the application."""
    opened: list[CardRoom] = []

    def make() -> CardRoom:
        opened.append(CardRoom(data_dir, tmp_path))
        return opened[-1]

    yield make
    while opened:
        opened.pop().forge.close()


@pytest.fixture
def room(open_cards: Callable[[], CardRoom]) -> CardRoom:
    """The application, opened."""
    return open_cards()
