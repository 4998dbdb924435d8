"""The application over a few documents, for tests of what a card would give away of them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping

import pytest

from forge_desktop.forge import Forge


@contextlib.contextmanager
def over(documents: Mapping[str, str], places: pytest.TempPathFactory) -> Iterator[Forge]:
    """With these documents indexed: text by file name."""
    folder, data_dir = places.mktemp("papers"), places.mktemp("data")
    data_dir.chmod(0o700)
    for name, text in documents.items():
        (folder / name).write_text(text, encoding="utf-8")
    with contextlib.closing(Forge(data_dir, holder="a test")) as made:
        made.settings.change(threads=1)
        made.jobs.wait(made.corpus.index([folder]), timeout=60)
        yield made
