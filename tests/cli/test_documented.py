"""docs/command-line.md names every verb, step and option there is, and docs/index.md every page."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator

import pytest

from forge_desktop.cli.arguments import make_parser
from tests.cli.documented import DOCS, VERBS, said_of

_EVERYWHERE = ("-h", "--help", "--json", "--data-dir", "--verbose", "--version")


def _walk(parser: argparse.ArgumentParser, name: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """Each verb, step and action with the options it has of its own."""
    own: list[str] = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, below in action.choices.items():
                yield from _walk(below, (*name, word))
        elif action.option_strings and action.help != argparse.SUPPRESS:
            own.append(max(action.option_strings, key=len))
    if name:
        yield name, [option for option in own if option not in _EVERYWHERE]


_ALL = [found for found in _walk(make_parser()) if found[0][0] in VERBS]


@pytest.mark.parametrize(("name", "options"), _ALL, ids=[" ".join(name) for name, _ in _ALL])
def test_every_step_and_option_is_documented(name: tuple[str, ...], options: list[str]) -> None:
    said = said_of(name)
    assert said, f"nothing is said of {' '.join(name)}"
    assert name[-1] in said
    assert [one for one in options if one not in said and one.replace("--no-", "--[no-]") not in said] == []


def test_every_page_is_in_the_index_and_every_link_leads_somewhere() -> None:
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    assert [page.name for page in DOCS.glob("*.md") if page.name != "index.md" and f"({page.name})" not in index] == []
    for page in DOCS.glob("*.md"):
        for link in re.findall(r"\]\(([^)#:\s]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"
