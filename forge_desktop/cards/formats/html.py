"""A card as one HTML file: no script, nothing from outside, light and dark, also for printing."""

from __future__ import annotations

import re
from html import escape
from typing import Any

from forge_desktop import __version__
from forge_desktop.base.directions import unturned
from forge_desktop.cards import markdown
from forge_desktop.cards.fields import SECTIONS, Field, of_kind, required
from forge_desktop.cards.formats import charts
from forge_desktop.cards.formats.html_tables import bdi, plain_text
from forge_desktop.cards.formats.html_values import markdown_html, provenance, value_html
from forge_desktop.cards.formats.properties import moment, rows_of, text_of
from forge_desktop.cards.markdown.comments import without_comments
from forge_desktop.cards.markdown.own_words import own_sections
from forge_desktop.cards.records import NOT_KNOWN, Card, FieldState, Value

KINDS = {"student": "Student", "adapter": "Adapter", "teacher": "Teacher", "embedder": "Embedder"}
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_NOT_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_BLOCKS = ("text", "rows")
# The dark rules stand in a sheet of their own: what prints this knows no such queries and leaves that sheet out.
_LIGHT = """
body { font-family: Inter, "Segoe UI", "Helvetica Neue", Arial, sans-serif; font-size: 10pt; line-height: 1.5;
  color: #1b1f2a; background-color: #ffffff; margin: 0 auto; padding: 16px; max-width: 960px; }
h1 { font-size: 20pt; margin: 0 0 4px 0; } h2 { font-size: 14pt; margin: 24px 0 6px 0; }
h3 { font-size: 11pt; margin: 14px 0 4px 0; } h4, h5, h6 { font-size: 10pt; margin: 10px 0 4px 0; }
p, ul, ol { margin: 4px 0 8px 0; } pre { white-space: pre-wrap; overflow-wrap: anywhere; }
code, pre { font-family: "JetBrains Mono", Consolas, monospace; font-size: 9pt; }
code { background-color: #f1f2f6; }
table { border-collapse: collapse; width: 100%; margin: 4px 0 10px 0; }
th, td { border: 1px solid #d9dce5; padding: 5px 8px; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
th { background-color: #f1f2f6; font-weight: 600; } td.n { text-align: right; white-space: nowrap; }
.more { color: #5b6272; font-size: 8.5pt; } .stale { color: #9a4b00; font-weight: 600; }
.missing { color: #b91c1c; } a { color: #4338ca; } img { max-width: 100%; height: auto; }
"""
_DARK = """
@media (prefers-color-scheme: dark) {
body { color: #e7e9ef; background-color: #14161c; } code, th { background-color: #232731; }
th, td { border-color: #3a4050; } .more { color: #a3abbb; } .stale { color: #f5b971; } .missing { color: #fca5a5; }
a { color: #a5b4fc; } }
@media print { body { color: #1b1f2a; background-color: #ffffff; } th, code { background-color: #f1f2f6; } }
"""


def render(card: Card) -> bytes:
    """The file; the same card gives the same bytes."""
    name = text_of(card, "name") or card.name or card.label or "Unnamed card"
    sections = "".join(_section(card, key, title) for key, title in SECTIONS)
    page = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(name)}</title>\n<style>{_LIGHT}</style>\n<style>{_DARK}</style>\n</head>\n<body>\n"
        f"{_head(card, name)}{sections}{_own_words(card)}{_foot(card)}</body>\n</html>\n"
    )
    return unturned(_NOT_TEXT.sub("\ufffd", page)).encode()


def _head(card: Card, name: str) -> str:
    said = [KINDS[card.kind], text_of(card, "version"), text_of(card, "provider"), card.state]
    lines = [f"<h1><bdi>{escape(name)}</bdi></h1>", f'<p class="more">{_dotted(said)}</p>']
    if summary := text_of(card, "summary"):
        lines.append(f'<p dir="auto">{escape(summary)}</p>')
    if card.orphan:
        lines.append(f'<p class="stale">{escape(card.orphan)}</p>')
    missing = [field.title for field in required(card.kind) if _is_missing(card.fields.get(field.key))]
    if missing:
        lines.append(f'<p class="missing">Missing: {escape(", ".join(missing))}.</p>')
    if stale := sum(1 for state in card.fields.values() if state.shown is not None and state.shown.stale):
        lines.append(f'<p class="stale">{_stale_words(stale)}</p>')
    return "\n".join(lines) + "\n"


def _stale_words(count: int) -> str:
    if count == 1:
        return "1 value is stale: what it was found by has changed since; it says what."
    return f"{count} values are stale: what they were found by has changed since; each says what."


def _dotted(said: list[str]) -> str:
    return " · ".join(f"<bdi>{escape(each)}</bdi>" for each in said if each)


def _is_missing(state: FieldState | None) -> bool:
    return state is None or (
        not state.not_applicable and (state.shown is None or state.shown.data in ("", [], {}, None))
    )


def _section(card: Card, key: str, title: str) -> str:
    there = [
        (field, state)
        for field in of_kind(card.kind)
        if field.section == key and (state := card.fields.get(field.key)) and (state.shown or state.not_applicable)
    ]
    if not there:
        return ""
    facts = "".join(_fact(field, state) for field, state in there if field.type not in _BLOCKS)
    table = f'<table width="100%">\n{facts}</table>\n' if facts else ""
    blocks = "".join(_block(field, state) for field, state in there if field.type in _BLOCKS)
    return f"<h2>{escape(title)}</h2>\n{_charts(card, key)}{table}{blocks}"


def _fact(field: Field, state: FieldState) -> str:
    told = "<br>".join(_told(field, state))
    return f'<tr><th scope="row" width="28%">{escape(field.title)}</th><td dir="auto">{told}</td></tr>\n'


def _block(field: Field, state: FieldState) -> str:
    shown, *more = _told(field, state)
    told = shown + "".join(f"<div>{each}</div>" for each in more)
    return f'<h3>{escape(field.title)}</h3>\n<div dir="auto">{told}</div>\n'


def _told(field: Field, state: FieldState) -> list[str]:
    """What stands in a field, line by line; where a person's word and a measurement stand side by side, both."""
    if state.shown is None:
        said = "" if state.not_applicable.startswith(NOT_KNOWN) else "Does not apply: "
        return [f'<span class="more">{said}<bdi>{escape(state.not_applicable)}</bdi></span>']
    lines = [value_html(field, state.shown), *provenance(state.shown)]
    if state.hand is not None and state.measured is not None and not _gave_way(field, state.measured):
        measured = value_html(field, state.measured)
        found = f"<b>{state.measured.found}:</b>"
        lines += [found, measured] if field.type in _BLOCKS else [f"{found} {measured}"]
        lines += provenance(state.measured)
    if state.taken_over:
        lines.append('<span class="stale">Taken over from the card before, not looked at since.</span>')
    return lines


def _gave_way(field: Field, found: Value) -> bool:
    """Whether words that came with the application are not read any more, since a person wrote their own."""
    return field.type in ("line", "text", "list") and found.source == "shipped"


def _charts(card: Card, section: str) -> str:
    if section == "evaluation":
        rows = rows_of(card, "evaluation")
        drawn = [*charts.values(rows), *charts.differences(rows)]
    elif section == "performance":
        speeds = [(field.title, card.fields[field.key].shown) for field in of_kind(card.kind)
                  if field.type == "spread" and field.key in card.fields]  # fmt: skip
        drawn = charts.spreads([(title, value) for title, value in speeds if value is not None])
    else:
        drawn = []
    return "".join(each.html() for each in drawn)


def _own_words(card: Card) -> str:
    """What the card's text says beyond our fields."""
    if not card.document:
        return ""
    try:
        keys, sections = markdown.read(card.document, card.kind).keys, own_sections(card.document, card.kind)
    except markdown.BadCardText as error:
        return f'<p class="stale">What else its text says cannot be read: {escape(error.message)}</p>\n'
    rows = "".join(
        f'<tr><th scope="row" width="28%">{bdi(name)}</th><td dir="auto">{bdi(plain_text(held))}</td></tr>\n'
        for name, held in keys.items()
        if held not in (None, "", [], {})
    )
    told = "".join(
        (f"<h3>{bdi(title)}</h3>\n" if title else "") + markdown_html(words)
        for title, full in sections
        if (words := without_comments(full).strip())
    )
    table = f'<table width="100%">\n{rows}</table>\n' if rows else ""
    return f"<h2>Further words of this card</h2>\n{table}{told}" if table or told else ""


def _foot(card: Card) -> str:
    about: list[Any] = [f"Card as of {moment(card.changed)}" if card.changed else "", f"Forge Desktop {__version__}"]
    return f'<p class="more">{_dotted(about)}</p>\n'
