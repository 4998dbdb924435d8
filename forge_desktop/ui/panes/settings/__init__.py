"""The Settings pane, generated from the declarations in base."""

from forge_desktop.ui.panes.settings.pane import SettingsPane

__all__ = ["SettingsPane"]
