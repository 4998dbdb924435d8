"""One value of a card as HTML, by its field's type, and where it is from."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from forge_desktop.base.money import exact
from forge_desktop.cards import told_stale
from forge_desktop.cards.fields import Field, nothing_paid
from forge_desktop.cards.formats.html_tables import bdi, plain_text, table, words
from forge_desktop.cards.formats.plain import refuse_endless
from forge_desktop.cards.formats.properties import is_web, moment
from forge_desktop.cards.licences import licence_name
from forge_desktop.cards.markdown.comments import without_comments
from forge_desktop.cards.records import Source, Value

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_STEPS = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))
_SOURCES: dict[Source, str] = {
    "file": "from the file",
    "registry": "from the registry",
    "measurement": "measured",
    "gate": "measured by a gate",
    "run log": "from the run's log",
    "price table": "from the price table",
    "ledger": "from what was paid",
    "headers": "from the endpoint's answers",
    "endpoint": "from the endpoint's settings",
    "shipped": "came with the application",
    "hand": "by hand",
    "import": "from a card that was brought in",
}
_PLAIN_DETAILS, _LONGEST = ("machine", "date", "how"), 200
_DEEPEST = 3  # the first heading within a text is one below its field's


def value_html(field: Field, value: Value) -> str:
    """What stands in a field, with its unit."""
    refuse_endless(value.data, field.key)
    data = value.data
    if field.type == "text" and isinstance(data, str):
        return markdown_html(data)
    if field.type == "rows" and isinstance(data, list):
        return table(field.key, data)
    if field.type == "facts" and isinstance(data, Mapping):
        return "<br>".join(f"{bdi(words(str(name)))}: {bdi(plain_text(held))}" for name, held in data.items())
    if field.type in ("list", "languages") and isinstance(data, list):
        return _list(data)
    if field.type in ("url", "contact") and isinstance(data, str):
        return link(data)
    if field.type == "hash":
        return f"<code>{escape(str(data))}</code>"
    if field.type == "licence" and isinstance(data, str) and licence_name(data):
        return f'{bdi(data)} <span class="more">{escape(licence_name(data))}</span>'
    return bdi(_figure(field, value))


def _figure(field: Field, value: Value) -> str:
    data, unit = value.data, value.unit
    if free := nothing_paid(field.key, data):
        return free
    if field.type == "money" and type(data) is int:
        return f"{'-' if data < 0 else ''}${exact(abs(data))}"
    if field.type == "bytes" and type(data) is int and unit in ("", "B"):
        return bytes_text(data)
    if field.type == "spread" and isinstance(data, Mapping):
        parts = ", ".join(f"{name} {plain_text(held)}" for name, held in data.items())
        return f"{parts} {unit}".strip()
    return f"{plain_text(data)} {unit}".strip()


def bytes_text(count: int) -> str:
    """94,371,840 as "94.4 MB (94,371,840 B)"."""
    step = next(((size, unit) for size, unit in _STEPS if count >= size), None)
    return f"{count:,} B" if step is None else f"{count / step[0]:.1f} {step[1]} ({count:,} B)"


def link(text: str) -> str:
    """An address that can be followed, where it is one of the web or of mail; else its text."""
    target = text if is_web(text) else f"mailto:{text}" if "@" in text and ":" not in text else ""
    return f'<a href="{escape(target)}" rel="noreferrer">{bdi(text)}</a>' if target else bdi(text)


def _list(data: Sequence[Any]) -> str:
    if all(isinstance(each, str) and len(each) < 40 for each in data):
        return ", ".join(bdi(each) for each in data)
    return "<ul>" + "".join(f'<li dir="auto">{bdi(plain_text(each))}</li>' for each in data) + "</ul>"


def provenance(value: Value) -> list[str]:
    """Where a value is from, when, how; and what makes it stale: a line each."""
    called = value.source == "ledger" and value.unit != "USD"  # times and shares: only money is paid
    said = ["from its calls" if called else _SOURCES[value.source]]
    if value.at and "date" not in value.detail:
        said.append(moment(value.at)[:10])
    for name, held in value.detail.items():
        text = plain_text(held).rstrip(".")
        if text and not isinstance(held, (Mapping, list)) and len(text) < _LONGEST:
            said.append(text if name in _PLAIN_DETAILS else f"n = {text}" if name == "n" else f"{words(name)}: {text}")
    lines = [] if value.origin == "hand" and value.source == "hand" and not value.detail else [", ".join(said)]
    told = [f'<span class="more">{bdi(line)}</span>' for line in lines]
    return told + ([f'<span class="stale">{bdi(told_stale.labelled(value.stale))}</span>'] if value.stale else [])


@functools.cache
def _markdown() -> MarkdownIt:
    from markdown_it import MarkdownIt

    made = MarkdownIt("commonmark", {"html": False}).enable("table")
    made.add_render_rule("image", _image)
    return made


def _image(renderer: Any, tokens: Sequence[Any], at: int, options: Any, env: Any) -> str:
    """A picture would be fetched from outside: only what it is called is told."""
    return f"[{escape(str(tokens[at].content))}]"


def markdown_html(text: str) -> str:
    """A text of the card as HTML: its own tags are text, comments left out, pictures by name, links to the web only."""
    made = _markdown()
    tokens = made.parse(without_comments(text))
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1:]) + _DEEPEST)}"
        elif token.type in ("paragraph_open", "list_item_open", "td_open", "th_open"):
            token.attrSet("dir", "auto")
            if token.type == "th_open":
                token.attrSet("scope", "col")
        for child in token.children or ():
            if child.type == "link_open" and not str(child.attrGet("href") or "").startswith(
                ("http://", "https://", "mailto:")
            ):
                child.tag, child.attrs = "span", {}
                _close(token.children or [], child)
    return str(made.renderer.render(tokens, made.options, {}))


def _close(children: Sequence[Any], opened: Any) -> None:
    """The end of a link that became plain text: links do not lie within links, so it is the next one."""
    at = next(at for at, child in enumerate(children) if child is opened)
    next(child for child in children[at:] if child.type == "link_close").tag = "span"
