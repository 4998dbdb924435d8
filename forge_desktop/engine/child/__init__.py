"""The engine child: the one process that holds llama.cpp, so that nothing it does can hurt the window."""

from __future__ import annotations


def main() -> int:
    """Serve requests on the pipes until the parent goes away. Returns an exit status."""
    from forge_desktop.base.child import ChildEnd

    end = ChildEnd()  # first of all: from here on nothing native can print into the frames
    from forge_desktop.engine.child.serve import Server

    Server(end).run()
    return 0
