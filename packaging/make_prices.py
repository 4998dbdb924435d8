"""Compiles resources/prices.json, what models cost, out of two openly licensed packages (both MIT).

    python3 -m pip download --no-deps --dest DIR genai-prices litellm
    python3 packaging/make_prices.py --date 2026-11-26 DIR

`--date` is the day the packages were fetched. Nothing of them is imported or run: the tables are read
out of the wheels.
Where the two differ, calls are settled at genai-prices' price and reserved at the higher one. Rates are integer
micro-dollars per million tokens, rounded up. The same wheels and date give the same bytes.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import json
import re
import sys
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

from devtools.price_sources import (
    PRICED,
    Short,
    equal_names,
    genai_providers,
    highest,
    litellm_rates,
    matches,
    prices_of,
)

TARGET = Path(__file__).resolve().parents[1] / "resources" / "prices.json"
VENDORS = {
    # our name: genai-prices' name, litellm's names
    "openai": ("openai", ("openai",)),
    "anthropic": ("anthropic", ("anthropic",)),
    "google": ("google", ("gemini",)),
    "mistral": ("mistral", ("mistral",)),
    "deepseek": ("deepseek", ("deepseek",)),
    "groq": ("groq", ("groq",)),
    "together": ("together", ("together_ai",)),
    "fireworks": ("fireworks", ("fireworks_ai",)),
    "xai": ("x-ai", ("xai",)),
    "cohere": ("cohere", ("cohere", "cohere_chat")),
    "openrouter": ("openrouter", ("openrouter",)),
}
MODES = ("chat", "responses", "completion", "embedding")


def main(argv: list[str]) -> int:
    """Write the table and say how large it became."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheels", type=Path, metavar="DIR", help="where the two wheels lie")
    parser.add_argument("--date", type=datetime.date.fromisoformat, required=True, help="the day they were fetched")
    parser.add_argument("--to", type=Path, default=TARGET, metavar="FILE")
    options = parser.parse_args(argv)
    text = compiled(options.wheels, options.date.isoformat())
    options.to.write_text(text, encoding="utf-8", newline="\n")
    print(f"{options.to}: {len(text):,} bytes, {text.count(chr(10) + '   ')} models")
    return 0


def compiled(folder: Path, date: str) -> str:
    """The text of the table."""
    genai, litellm = (_wheel(folder, name) for name in ("genai_prices", "litellm"))
    providers = {provider["id"]: provider for provider in genai_providers(genai)}
    others = json.loads(
        zipfile.ZipFile(litellm).read("litellm/model_prices_and_context_window_backup.json"), parse_float=Decimal
    )
    vendors = {
        ours: _vendor(providers.get(theirs, {}), names, others, date) for ours, (theirs, names) in VENDORS.items()
    }
    sources = [_source(wheel) for wheel in (genai, litellm)]
    said = " and ".join(f"{source['name']} {source['version']}" for source in sources)
    return _written({"schema": 1, "date": date, "source": said, "sources": sources}, vendors)


def _source(wheel: Path) -> dict[str, str]:
    name, version = wheel.name.split("-")[:2]
    with zipfile.ZipFile(wheel) as content:
        licence = next(entry for entry in content.namelist() if re.search(r"dist-info/.*LICENSE", entry))
        notice = re.search(r"Copyright .*", content.read(licence).decode())
    return {
        "name": name.replace("_", "-"),
        "version": version,
        "licence": "MIT",
        "notice": notice[0].strip() if notice else "",
        "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
    }


def _wheel(folder: Path, name: str) -> Path:
    found = sorted(folder.glob(f"{name}-*.whl"))
    if len(found) != 1:
        sys.exit(f"One wheel of {name} is needed in {folder}; there are {len(found)}.")
    return found[0]


def _vendor(provider: dict[str, Any], names: tuple[str, ...], others: dict[str, Any], date: str) -> dict[str, Any]:
    theirs = {
        key.removeprefix(f"{name}/"): entry
        for name in names
        for key, entry in sorted(others.items())
        if entry.get("litellm_provider") == name and entry.get("mode") in MODES and not key.startswith("ft:")
    }
    models: dict[str, Any] = {}
    same: dict[str, str] = {}
    taken: set[str] = set()
    for model in provider.get("models", []):
        prices = prices_of(model, date)
        matched = {name: entry for name, entry in theirs.items() if name not in taken and matches(model["match"], name)}
        taken |= set(matched)
        if _sound(model["id"], prices, list(matched.values())):
            models[model["id"]] = _entry(prices, list(matched.values()), model.get("context_window") or 0)
            for alias in sorted({*equal_names(model["match"]), *matched} - {model["id"]}):
                same.setdefault(alias, model["id"])
    for name in sorted(set(theirs) - taken - set(models)):
        rates = litellm_rates(theirs[name])
        if rates and _sound(name, [rates], [theirs[name]]):
            models[name] = _entry([rates], [theirs[name]], 0)
    return {"models": models, "same": {alias: name for alias, name in same.items() if alias not in models}}


def _sound(name: str, prices: list[Short], others: list[dict[str, Any]]) -> bool:
    """Whether there is a price: nothing is free by this table but the output of models that have none."""
    embeds = "embed" in name or any(entry["mode"] == "embedding" for entry in others)
    return bool(prices) and all(price["i"] and (price["o"] or embeds) for price in prices)


def _entry(prices: list[Short], others: list[dict[str, Any]], context: int) -> dict[str, Any]:
    known = [rates for entry in others if (rates := litellm_rates(entry))]
    for price in prices:
        if "bi" not in price and "t" not in price and known and all("bi" in rates for rates in known):
            price |= {field: max(rates.get(field, 0) for rates in known) for field in ("bi", "bo")}
    every = [level for rates in [*prices, *known] for level in (rates, *(tier for _, tier in rates.get("t", ())))]
    top = highest(every)
    if not all("bi" in level for rates in prices for level in (rates, *(tier for _, tier in rates.get("t", ())))):
        top = {field: value for field, value in top.items() if field not in ("bi", "bo")}
    entry: dict[str, Any] = {"p": prices}
    if top != {field: value for field, value in prices[0].items() if field in PRICED} or len(prices) > 1:
        entry["h"] = top
    facts = {
        "x": context or _most(others, "max_input_tokens"),
        "m": _most(others, "max_output_tokens"),
        "e": max([entry.get("deprecation_date", "") for entry in others], default=""),
    }
    return {**entry, **{name: value for name, value in facts.items() if value}}


def _most(entries: list[dict[str, Any]], field: str) -> int:
    return max([int(entry[field]) for entry in entries if isinstance(entry.get(field), int)], default=0)


def _written(head: dict[str, Any], vendors: dict[str, Any]) -> str:
    """JSON with one model a line, so that a change of one price is a change of one line."""

    def compact(value: object) -> str:
        return json.dumps(value, sort_keys=True, separators=(",", ":"))

    lines = [json.dumps(head, sort_keys=True)[:-1] + ', "vendors": {']
    for n, vendor in enumerate(sorted(vendors)):
        content = vendors[vendor]
        models = [f"   {json.dumps(name)}:{compact(content['models'][name])}" for name in sorted(content["models"])]
        lines.append(f' "{vendor}": {{"same": {compact(content["same"])}, "models": {{')
        lines.append(",\n".join(models))
        lines.append(" }}" + ("," if n + 1 < len(vendors) else ""))
    return "\n".join([*lines, "}}"]) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
