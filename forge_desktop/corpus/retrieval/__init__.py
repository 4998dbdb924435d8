"""Finding passages: an exact BM25 index and hash vectors in the same database, fused into one ranking."""

from forge_desktop.corpus.retrieval.analyser import ANALYSER_VERSION
from forge_desktop.corpus.retrieval.external import Embedder
from forge_desktop.corpus.retrieval.fusion import Found
from forge_desktop.corpus.retrieval.index import Index
from forge_desktop.corpus.retrieval.store_mending import Damaged

__all__ = ["ANALYSER_VERSION", "Damaged", "Embedder", "Found", "Index"]
