"""Finding passages: an exact BM25 index and hash vectors in the same database, fused into one ranking."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forge_desktop.corpus.retrieval.analyser import ANALYSER_VERSION
    from forge_desktop.corpus.retrieval.external import Embedder
    from forge_desktop.corpus.retrieval.fusion import Found
    from forge_desktop.corpus.retrieval.index import Index
    from forge_desktop.corpus.retrieval.store_mending import Damaged

__all__ = ["ANALYSER_VERSION", "Damaged", "Embedder", "Found", "Index"]


_HOMES = {
    "ANALYSER_VERSION": "analyser",
    "Damaged": "store_mending",
    "Embedder": "external",
    "Found": "fusion",
    "Index": "index",
}


def __getattr__(name: str) -> object:
    """Imported at first use: the parser child takes the analyser from here and starts without numpy and SQLite."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
