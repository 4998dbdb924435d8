"""The Cards pane."""

from forge_desktop.ui.panes.cards.pane import CardsPane

__all__ = ["CardsPane"]
