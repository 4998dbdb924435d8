"""The Distill pane: tasks and their teachers under a cap, the lessons that came of them, what is frozen of these."""

from forge_desktop.ui.panes.distill.pane import DistillPane

__all__ = ["DistillPane"]
