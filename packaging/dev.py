#!/usr/bin/env python3
"""The one command for people who work on Forge Desktop: set up, run, test, build. Needs only Python 3.11."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - runs before anything is checked, and says it before newer syntax is met
    sys.exit(
        f"Forge Desktop needs Python 3.11 or newer; {sys.executable} is {sys.version_info[0]}.{sys.version_info[1]}."
    )

if __name__ == "__main__":
    from devtools.commands import main

    sys.exit(main(sys.argv[1:]))
