"""Measures the starter student on the suites that ship, for its card: writes resources/cards/starter-evaluation.json.

Run it anew when the starter, a suite, the chat's prompt or llama.cpp changes: python packaging/make_starter_card.py
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
import random
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from forge_desktop.engine import machine_facts  # noqa: E402
from forge_desktop.forge import STARTER, Forge  # noqa: E402
from forge_desktop.students import shipped_suites  # noqa: E402
from forge_desktop.students.gate_items import item_of  # noqa: E402
from forge_desktop.students.measuring import Measurer  # noqa: E402
from forge_desktop.students.records_gate import GateWish  # noqa: E402
from forge_desktop.students.store_gates import Measured  # noqa: E402

TARGET = ROOT / "resources" / "cards" / "starter-evaluation.json"
METRICS = {"regression": ("nll", "exact_match", "citation_validity"), "safety": ("refusal",)}
WISH = GateWish()


def main() -> None:
    """Measure and write."""
    with tempfile.TemporaryDirectory() as folder, contextlib.closing(Forge(Path(folder), holder="a script")) as forge:
        version = next(one for one in forge.students.registry.versions() if one.shipped)
        student = next(one for one in forge.students.list() if one.shipped)
        rows, build = _measured(forge, version.uid)
        found = {
            "file": STARTER,
            "file_sha256": version.base_sha256,
            "template_sha256": hashlib.sha256(student.template.encode()).hexdigest(),
            "suites": {name: shipped_suites.shipped(name)[0].sha256 for name in METRICS},
            "build": build,
            "machine": f"{machine_facts.processor()}, {machine_facts.cores()} cores",
            "config": f"greedy, at most {WISH.max_tokens} tokens, seed {WISH.seed}",
            "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
            "rows": rows,
        }
    TARGET.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(f"{TARGET}: {len(rows)} rows")


def _measured(forge: Forge, version: str) -> tuple[list[dict[str, Any]], str]:
    rows: list[dict[str, Any]] = []
    with contextlib.closing(forge.engine.beside()) as engine:
        measurer = Measurer(engine, WISH, lambda: None)
        for name, metrics in METRICS.items():
            _, items = shipped_suites.shipped(name)
            measured = measurer.measure(forge.students.registry.spec(version), [item_of(one) for one in items])
            rows += [_row(name, metric, measured) for metric in metrics]
            print(name, len(items), "items")
        conditions: Mapping[str, Any] = next(iter(measurer.conditions.values()))
    return rows, str(conditions.get("build", ""))


def _row(suite: str, metric: str, measured: Sequence[Measured]) -> dict[str, Any]:
    values = [value for one in measured if (value := one.scores.get(metric)) is not None]
    low, high = _interval(values, lambda drawn: sum(drawn) / len(drawn))
    return {
        "dataset": suite,
        "metric": metric,
        "value": round(sum(values) / len(values), 6),
        "n": len(values),
        "low": round(low, 6),
        "high": round(high, 6),
    }


def _interval(values: Sequence[float], of: Callable[[Sequence[float]], float]) -> tuple[float, float]:
    """A bootstrap over the items, 95 %."""
    draw = random.Random(1)
    means = sorted(of(draw.choices(values, k=len(values))) for _ in range(10_000))
    return means[249], means[9749]


if __name__ == "__main__":
    main()
