"""Widgets that several panes share and that know no room."""
