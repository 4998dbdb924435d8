"""The Corpus pane: what is indexed, what failed and why, and a search over every passage."""

from forge_desktop.ui.panes.corpus.pane import CorpusPane

__all__ = ["CorpusPane"]
