"""The parser of the command line: its usage errors can be the one JSON object, and words may stand behind options."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from forge_desktop.cli.output import Output

_MINUS = "Put -- before a query with words to leave out: forge-desktop search -- boat -motor"


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose usage errors are the one JSON object too, when --json was asked for."""

    asked_json = False
    asked_search = False
    intermixed = False
    """Whether an optional word is found behind options too. WORKAROUND: Python 3.11 and 3.12 take it as left out once
    an option follows the word before it (CPython issue 59317).
    """
    _within = False

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        """Read what is known of the arguments."""
        if not self.intermixed or self._within:
            return super().parse_known_args(args, namespace)
        self._within = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._within = False

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the arguments and end with status 2."""
        minus = Parser.asked_search and message.startswith(("unrecognized arguments: -", "argument -h/--help: ignored"))
        if Parser.asked_json:
            hint = _MINUS if minus else f"See {self.prog} --help."
            Output(json=True).error(message[:1].upper() + message[1:] + ".", hint)
        else:
            out = Output(json=False)
            out.error(f"{message}." if minus else message, _MINUS if minus else "")
            out.note(f"usage: {self.prog} [options]; {self.prog} --help says which there are")
        sys.exit(2)
