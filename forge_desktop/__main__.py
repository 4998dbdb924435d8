"""The only entry: the window, a command-line verb, or a child. Imports lazily, so that each pays only for itself."""

from __future__ import annotations

import sys
from pathlib import Path


def main(argv: list[str] | None = None) -> int:
    """Run and return the exit status. `argv` without the program's name; the process's own by default."""
    arguments = sys.argv[1:] if argv is None else argv
    if arguments[:2] == ["--child", "engine"]:
        from forge_desktop.engine.child import main as engine_child

        return engine_child()
    if arguments[:2] == ["--child", "parser"]:
        from forge_desktop.corpus.parsers.child import main as parser_child

        return parser_child()
    try:
        from forge_desktop import cli

        return cli.main(arguments, window=_open_window)
    except KeyboardInterrupt:  # before there was anything to stop, or anybody to say so
        return 130


def _open_window(data_dir: Path) -> int:
    from forge_desktop.ui import app

    return app.run(data_dir)


if __name__ == "__main__":
    sys.exit(main())
