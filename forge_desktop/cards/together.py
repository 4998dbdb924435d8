"""What contradicts itself between the fields of a card."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from forge_desktop.cards.fields import BY_KEY
from forge_desktop.cards.records import Kind, Problem, Value

_MODALITIES = (
    "text", "image", "audio", "speech", "video", "code", "table", "document", "vector", "embedding", "time series",
    "3D", "any",
)  # fmt: skip
_WHOLE = {"%": 100, "percent": 100, "share": 1}
_KNOWN = frozenset(word.casefold() for name in _MODALITIES for word in (name, f"{name}s"))


def contradictions(kind: Kind, values: Mapping[str, Value]) -> list[Problem]:
    """Problems that no field has by itself; `values` are what the fields show."""
    data = {key: value.data for key, value in values.items()}
    found = [*_licence(data, values), *_times(data), *_ratios(data), *_dates(data), *_modalities(data)]
    found += _parts(data.get("evaluation"))
    if kind == "adapter" and data.get("base_relation") not in (None, "adapter"):
        found.append(_warning("base_relation", "Relation to the base: this is an adapter, and it says otherwise."))
    return found


def _licence(data: Mapping[str, Any], values: Mapping[str, Value]) -> list[Problem]:
    if data.get("licence") != "other":
        return []
    how = _warning if values["licence"].source == "import" else Problem  # others may leave that open
    lacking = [key for key in ("licence_name", "licence_link") if not data.get(key)]
    return [how(key, f"{BY_KEY[key].title} is missing: the licence is said to be another one.") for key in lacking]


def _times(data: Mapping[str, Any]) -> list[Problem]:
    first, whole = data.get("first_token"), data.get("latency")
    if isinstance(first, dict) and isinstance(whole, dict) and first.get("p50", 0) > whole.get("p50", float("inf")):
        return [
            Problem(
                "latency",
                "Time of a whole answer is shorter than the time to its first token: is one of them in another unit?",
            )
        ]
    return []


def _ratios(data: Mapping[str, Any]) -> list[Problem]:
    found = []
    for smaller, larger, said in (
        ("max_output", "context", "Longest output is longer than the context."),
        ("price_cached", "price_input", "Price of cached input is above that of input."),
        ("price_batch_input", "price_input", "Batch price of input is above that of input."),
        ("price_batch_output", "price_output", "Batch price of output is above that of output."),
        ("adapter_bytes", "file_bytes", "Adapter size is above the size of its base."),
    ):
        low, high = data.get(smaller), data.get(larger)
        if isinstance(low, int) and isinstance(high, int) and low > high:
            found.append(_warning(smaller, said))
    return found


def _parts(rows: object) -> list[Problem]:
    """Results without a value, and parts of a whole that are more than all of it or less than nothing."""
    found = []
    for n, row in enumerate(rows if isinstance(rows, list) else [], 1):
        if isinstance(row, Mapping) and row.get("value") in (None, ""):
            found.append(_warning("evaluation", f"{BY_KEY['evaluation'].title}, row {n}: it has no value."))
        most = _WHOLE.get(str(row.get("unit"))) if isinstance(row, Mapping) else None
        for column in ("value", "baseline"):
            held = row.get(column) if most is not None else None
            if most is not None and isinstance(held, int | float) and not 0 <= held <= most:
                said = f"row {n}: {column} {held:g} {row['unit']} is not between 0 and {most}. Is it in another unit?"
                found.append(_warning("evaluation", f"{BY_KEY['evaluation'].title}, {said}"))
    return found


def _modalities(data: Mapping[str, Any]) -> list[Problem]:
    found = []
    for key in ("inputs", "outputs"):
        said = data.get(key)
        unknown = [one for one in said if str(one).casefold() not in _KNOWN] if isinstance(said, list) else []
        if unknown:
            named = ", ".join(repr(str(one)[:40]) for one in unknown)
            said = f"{BY_KEY[key].title}: {named} is none that is known ({', '.join(_MODALITIES)})."
            found.append(_warning(key, said))
    return found


def _dates(data: Mapping[str, Any]) -> list[Problem]:
    released = data.get("released")
    if not isinstance(released, str):
        return []
    tomorrow = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)
    late = released[:10] > tomorrow.date().isoformat()
    return [_warning("released", "Released: that day has not come yet.")] if late else []


def _warning(field: str, message: str) -> Problem:
    return Problem(field, message, "warning")
