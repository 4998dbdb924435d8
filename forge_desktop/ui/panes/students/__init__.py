"""The Students pane: who can answer, who does, and what their files say about themselves."""

from forge_desktop.ui.panes.students.pane import StudentsPane

__all__ = ["StudentsPane"]
