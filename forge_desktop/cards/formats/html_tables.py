"""The tables of a card as HTML, narrow enough for a page of paper."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from html import escape
from typing import Any

from forge_desktop.base.money import exact
from forge_desktop.cards.fields import ROWS
from forge_desktop.cards.told_beside import in_words

_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_ENDLESS = 10**21  # whose digits nobody reads
_HEADINGS = {"cost": "cost (USD)", "sha256": "SHA-256"}


def plain_text(held: object) -> str:
    """Any plain value as words."""
    if isinstance(held, bool):
        return "yes" if held else "no"
    if isinstance(held, int):
        return f"{held:,}" if abs(held) < _ENDLESS else f"{Decimal(held):.6g}"
    if isinstance(held, float):
        return f"{held:,.6g}" if abs(held) < 1e6 or abs(held) >= _ENDLESS else f"{held:,.0f}"
    if isinstance(held, str):
        return held
    return "" if held is None else json.dumps(held, ensure_ascii=False)


def bdi(text: str) -> str:
    """Text that cannot turn the direction of what stands beside it."""
    return f"<bdi>{escape(text)}</bdi>"


def words(name: str) -> str:
    """A name of a column or a fact as words."""
    return name.replace("_", " ")


def table(key: str, rows: Sequence[Any]) -> str:
    """All the rows, with the columns that any of them has."""
    held = [row for row in rows if isinstance(row, Mapping)]
    if key == "evaluation":
        return _evaluation(held)
    known = ROWS.get(key, ())
    others = sorted({str(name) for row in held for name in row} - set(known))
    columns = [name for name in (*known, *others) if any(row.get(name) not in (None, "") for row in held)]
    head = "".join(f'<th scope="col">{escape(_HEADINGS.get(name, words(name)))}</th>' for name in columns)
    body = "".join("<tr>" + "".join(_cell(name, row.get(name)) for name in columns) + "</tr>\n" for row in held)
    return f'<table width="100%">\n<thead><tr>{head}</tr></thead>\n{body}</table>\n'


def _cell(name: str, held: object) -> str:
    if name == "cost" and type(held) is int:
        return f'<td class="n" align="right">{exact(held)}</td>'
    if isinstance(held, (int, float)) and not isinstance(held, bool):
        return f'<td class="n" align="right">{escape(plain_text(held))}</td>'
    text = plain_text(held)
    return f'<td dir="auto">{f"<code>{escape(text)}</code>" if name == "sha256" else bdi(text)}</td>'


def _evaluation(rows: Sequence[Mapping[str, Any]]) -> str:
    """Results in five columns; what describes one stands below it in small."""
    head = "".join(
        f'<th scope="col">{name}</th>' for name in ("Result", "Value", "n", "Difference to the baseline", "From")
    )
    body = "".join(f"<tr>{''.join(_result(row))}</tr>\n" for row in rows)
    return f'<table width="100%">\n<thead><tr>{head}</tr></thead>\n{body}</table>\n'


def _result(row: Mapping[str, Any]) -> list[str]:
    row = in_words(row)
    about = _told({**row, "revision": _short(row.get("revision"))}, "task", "dataset", "revision", "split", "config")
    value = " ".join(plain_text(row[name]) for name in ("value", "unit") if row.get(name) not in (None, ""))
    bounds = ", ".join(plain_text(row[name]) for name in ("low", "high") if row.get(name) is not None)
    of_value, of_difference = ("", bounds) if row.get("difference") is not None else (bounds, "")
    plus = "+" if isinstance(row.get("difference"), (int, float)) and row["difference"] > 0 else ""
    value += f" [{of_value}]" if of_value else ""
    difference = plus + plain_text(row.get("difference")) + (f" [{of_difference}]" if of_difference else "")
    said = row.get("verified")
    verified = ("verified" if said else "not verified") if isinstance(said, bool) else ""
    others = [f"{name}: {plain_text(held)}" for name, held in row.items() if name not in ROWS["evaluation"]]
    return [
        _two(bdi(plain_text(row.get("metric"))), about),
        _two(bdi(value), "less is better" if row.get("less_is_better") is True else ""),
        f'<td align="right">{escape(plain_text(row.get("n")))}</td>',
        _two(bdi(difference), f"to {plain_text(row['baseline'])}" if row.get("baseline") not in (None, "") else ""),
        _two(bdi(plain_text(row.get("source"))), " · ".join([_told(row, "date"), verified, *others]).strip(" ·")),
    ]


def _told(row: Mapping[str, Any], *names: str) -> str:
    return " · ".join(plain_text(row[name]) for name in names if row.get(name) not in (None, ""))


def _short(revision: object) -> object:
    """A hash as people tell it apart; the other formats have it whole."""
    return f"{revision[:12]}…" if isinstance(revision, str) and _HASH.fullmatch(revision) else revision


def _two(first: str, below: str) -> str:
    small = f'<br><span class="more">{bdi(below)}</span>' if below else ""
    return f'<td dir="auto">{first}{small}</td>'
