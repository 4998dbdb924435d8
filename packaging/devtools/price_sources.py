"""Reads what models cost out of the tables of genai-prices (a Python file, read as text) and litellm (JSON)."""

from __future__ import annotations

import ast
import datetime
import math
import re
import sys
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

Short = dict[str, Any]  # rates under the short names of forge_desktop/providers/price_table.py
PRICED = ("i", "o", "c", "w", "bi", "bo", "r")


def genai_providers(wheel: Path) -> list[dict[str, Any]]:
    tree = ast.parse(zipfile.ZipFile(wheel).read("genai_prices/data.py"))
    for statement in tree.body:
        if isinstance(statement, ast.AnnAssign) and getattr(statement.target, "id", "") == "providers":
            assert statement.value is not None
            return list(_value(statement.value))
    sys.exit("genai-prices has another form than this script reads.")


def _value(node: ast.expr) -> Any:
    """What a literal or a call with literal arguments says; a call becomes a mapping, its name under "is"."""
    match node:
        case ast.Constant(value=value):
            return value
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [_value(item) for item in items]
        case ast.Dict(keys=keys, values=values):
            return {_value(key): _value(value) for key, value in zip(keys, values, strict=True) if key is not None}
        case ast.Attribute(attr=name):
            return name
        case ast.Call(func=function, args=arguments, keywords=named):
            name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
            if name == "Decimal":
                return Decimal(str(_value(arguments[0])))
            if name == "date":
                return datetime.date(*(_value(argument) for argument in arguments)).isoformat()
            return {"is": name, **{str(one.arg): _value(one.value) for one in named}}
    raise ValueError(ast.dump(node)[:100])


def matches(clause: dict[str, Any], name: str) -> bool:
    match clause["is"]:
        case "ClauseEquals":
            return bool(name == clause["equals"])
        case "ClauseStartsWith":
            return name.startswith(clause["starts_with"])
        case "ClauseEndsWith":
            return name.endswith(clause["ends_with"])
        case "ClauseContains":
            return clause["contains"] in name
        case "ClauseRegex":
            return re.search(clause["regex"], name) is not None
        case "ClauseOr":
            return any(matches(one, name) for one in clause["or_"])
        case "ClauseAnd":
            return all(matches(one, name) for one in clause["and_"])
    raise ValueError(clause["is"])


def equal_names(clause: dict[str, Any]) -> Iterator[str]:
    if clause["is"] == "ClauseEquals":
        yield clause["equals"]
    for one in clause.get("or_", ()):
        yield from equal_names(one)


def prices_of(model: dict[str, Any], date: str) -> list[Short]:
    """Its prices in force on `date` and those announced, in the order of their days.

    A price of certain hours is taken for all hours where it is the higher one: what is booked is never too little.
    """
    listed = model["prices"] if isinstance(model["prices"], list) else [{"prices": model["prices"]}]
    dated: dict[str, Short] = {}
    hours: list[Short] = []
    for one in listed:
        constraint = one.get("constraint") or {}
        rates = _tiered(one["prices"], _batch(model))
        if rates is None:
            return []
        if constraint.get("is") == "TimeOfDateConstraint":
            hours.append(rates)
        else:
            dated[constraint.get("start_date", "")] = {
                **rates,
                **({"d": constraint["start_date"]} if constraint else {}),
            }
    past = [day for day in sorted(dated) if day <= date]
    kept = [dated[day] for day in sorted(dated) if day > date or day == (past[-1] if past else "")]
    return [
        {**highest([price, *hours]), **{k: price[k] for k in ("d", "t") if k in price}} if hours else price
        for price in kept
    ]


def _batch(model: dict[str, Any]) -> dict[str, Any]:
    for variant in model.get("price_variants") or ():
        if variant["when"] == {"processing": "batch"}:
            return dict(variant["prices"])
    return {}


def _tiered(prices: dict[str, Any], batch: dict[str, Any]) -> Short | None:
    """Rates with their tiers; None for what is not priced by tokens of text."""
    if "input_mtok" not in prices:
        return None
    fields = {
        "i": prices["input_mtok"],
        "o": prices.get("output_mtok", Decimal(0)),
        "c": prices.get("cache_read_mtok"),
        "w": prices.get("cache_write_mtok"),
        "bi": batch.get("input_mtok"),
        "bo": batch.get("output_mtok"),
    }
    fields = {name: value for name, value in fields.items() if value is not None}
    starts = {tier["start"] for value in fields.values() if isinstance(value, dict) for tier in value["tiers"]}
    rates = {name: _micro(_at(value, 0)) for name, value in fields.items()}
    if per_thousand := prices.get("requests_kcount"):
        rates["r"] = math.ceil(per_thousand * 1000)
    tiers = [
        [start, {name: _micro(_at(value, start + 1)) for name, value in fields.items()}] for start in sorted(starts)
    ]
    return {**rates, **({"t": tiers} if tiers else {})}


def _at(value: Any, tokens: int) -> Decimal:
    if not isinstance(value, dict):
        return Decimal(value)
    price = value["base"]
    for tier in value["tiers"]:
        if tokens > tier["start"]:
            price = tier["price"]
    return Decimal(price)


def _micro(dollars: Decimal) -> int:
    return math.ceil(dollars * 1_000_000)


_FIELDS = {
    "i": "input_cost_per_token",
    "o": "output_cost_per_token",
    "c": "cache_read_input_token_cost",
    "w": "cache_creation_input_token_cost",
    "bi": "input_cost_per_token_batches",
    "bo": "output_cost_per_token_batches",
}
_ABOVE = re.compile(r"(?P<field>.*)_above_(?P<thousands>\d+)k_tokens")


def litellm_rates(entry: dict[str, Any]) -> Short:
    """Its rates with their tiers."""

    def rate(name: str, suffix: str = "") -> int | None:
        value = entry.get(name + suffix)
        return math.ceil(Decimal(value) * 10**12) if isinstance(value, int | Decimal) and value > 0 else None

    found = {short: value for short, name in _FIELDS.items() if (value := rate(name)) is not None}
    if "i" not in found:
        return {}
    found.setdefault("o", 0)
    found["o"] = max(found["o"], rate("output_cost_per_reasoning_token") or 0)
    starts = {int(m["thousands"]) for key in entry if (m := _ABOVE.fullmatch(key)) and m["field"] in _FIELDS.values()}
    tiers = []
    for thousands in sorted(starts):
        above = {short: rate(name, f"_above_{thousands}k_tokens") for short, name in _FIELDS.items()}
        tiers.append([thousands * 1000, {**found, **{k: v for k, v in above.items() if v is not None}}])
    return {**found, **({"t": tiers} if tiers else {})}


def highest(several: list[Short]) -> Short:
    """Of each kind the highest rate."""
    return {
        field: max(rates[field] for rates in several if field in rates)
        for field in PRICED
        if any(field in rates for rates in several)
    }
