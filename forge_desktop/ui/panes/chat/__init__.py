"""The Chat pane."""

from forge_desktop.ui.panes.chat.pane import ChatPane

__all__ = ["ChatPane"]
