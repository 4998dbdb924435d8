"""Finding passages: an exact BM25 index and hash vectors in the same database, fused into one ranking."""

from forge_desktop.corpus.retrieval.analyser import ANALYSER_VERSION
from forge_desktop.corpus.retrieval.external import Embedder
from forge_desktop.corpus.retrieval.fusion import Found
from forge_desktop.corpus.retrieval.index import Index

__all__ = ["ANALYSER_VERSION", "Embedder", "Found", "Index"]
