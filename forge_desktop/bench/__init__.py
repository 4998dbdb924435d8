"""Measurements against peers, each with one command: `python -m forge_desktop.bench SUBJECT [--json]`."""
