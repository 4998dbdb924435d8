"""The formats that a card leaves in: one line for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from forge_desktop.base.errors import ForgeError
from forge_desktop.cards.records import Card


@dataclass(frozen=True)
class Renderer:
    """A format. `files` gives what it writes by relative name, the document first; `suffix` is the document's."""

    name: str
    title: str
    suffix: str
    files: Callable[[Card], Mapping[str, bytes]]

    def render(self, card: Card) -> bytes:
        """The document alone."""
        return next(iter(self.files(card).values()))


def _markdown(card: Card) -> Mapping[str, bytes]:
    from forge_desktop.cards import markdown

    return {
        "README.md": markdown.write(card, previous=card.document).encode(),
        **{f".eval_results/{name}": text.encode() for name, text in markdown.eval_results(card).items()},
    }


def _plain(card: Card) -> Mapping[str, bytes]:
    from forge_desktop.cards.formats import plain

    return {"card.json": plain.render(card)}


def _cyclonedx(card: Card) -> Mapping[str, bytes]:
    from forge_desktop.cards.formats import cyclonedx

    return {"card.cdx.json": cyclonedx.render(card)}


def _spdx(card: Card) -> Mapping[str, bytes]:
    from forge_desktop.cards.formats import spdx

    return {"card.spdx.json": spdx.render(card)}


def _html(card: Card) -> Mapping[str, bytes]:
    from forge_desktop.cards.formats import html

    return {"card.html": html.render(card)}


RENDERERS: dict[str, Renderer] = {
    each.name: each
    for each in (
        Renderer("markdown", "Markdown (Hugging Face)", ".md", _markdown),
        Renderer("cyclonedx", "CycloneDX 1.7", ".cdx.json", _cyclonedx),
        Renderer("spdx", "SPDX 3.0.1", ".spdx.json", _spdx),
        Renderer("json", "JSON", ".json", _plain),
        Renderer("html", "HTML", ".html", _html),
    )
}


def renderer(name: str) -> Renderer:
    """The format of that name. Raises ForgeError when there is none."""
    if name not in RENDERERS:
        raise ForgeError(f"There is no format called {name}.", hint=f"There are {', '.join(RENDERERS)}.")
    return RENDERERS[name]
