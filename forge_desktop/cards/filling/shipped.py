"""What ships for the starter and adapters trained for it here: our own words, and how it did on the suites that ship.

They are no person's words on this computer, so they stand as what was filled in: whoever writes beside them is heard
first.
"""

from __future__ import annotations

import datetime
import functools
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from forge_desktop.base.paths import resources_dir
from forge_desktop.cards.filling.taken import Taker
from forge_desktop.cards.grounds import VersionGrounds
from forge_desktop.cards.records import Value

_WORDS, _FIGURES = "starter.json", "starter-evaluation.json"
_UNITS = {"nll": "nats/token"}
_LESS = frozenset(("nll",))


def told(found: VersionGrounds, take: Taker) -> Iterator[tuple[str, Value]]:
    """The fields that ship, for the starter itself or an adapter that was trained for it here; nothing for other bases,
    and nothing for an adapter that was made elsewhere: what that learnt from and is for, nobody here knows.
    """
    figures, words = _read(_FIGURES), _read(_WORDS)
    if not figures or found.version.base_sha256 != figures["file_sha256"]:
        return
    if not found.version.is_base and (found.adapter is None or found.adapter.origin != "trained"):
        return
    own = "student" if found.version.is_base else "adapter"
    for field, data in words.get(own, {}).items():
        yield field, take.value(_joined(data), "shipped", "file", at=_moment(words["date"]), how=words["how"])
    if found.version.is_base:
        yield "evaluation", _evaluation(figures, take)


def _evaluation(figures: Mapping[str, Any], take: Taker) -> Value:
    rows = [
        {
            "task": "text-generation",
            "revision": figures["suites"][row["dataset"]],
            "split": "all",
            "unit": _UNITS.get(row["metric"], "share"),
            "less_is_better": row["metric"] in _LESS,
            "date": figures["date"],
            "config": figures["config"],
            "source": "measured before it shipped",
            "verified": False,
            **row,
        }
        for row in figures["rows"]
    ]
    then = {
        "file": figures["file_sha256"],
        "template": figures["template_sha256"],
        **{f"suite:{name}": sha256 for name, sha256 in figures["suites"].items()},
    }
    told = {"machine": figures["machine"], "build": figures["build"], "n": _asked(rows)}
    how = "A gate in which it is the baseline takes the place of these figures."
    return take.value(rows, "shipped", then=then, at=_moment(figures["date"]), how=how, **told)


def _asked(rows: Sequence[Mapping[str, Any]]) -> int:
    """How many items were asked, of all suites: a metric may be of fewer of them."""
    most: dict[str, int] = {}
    for row in rows:
        most[row["dataset"]] = max(most.get(row["dataset"], 0), row["n"])
    return sum(most.values())


@functools.cache
def _read(name: str) -> Mapping[str, Any]:
    try:
        found: Mapping[str, Any] = json.loads((resources_dir() / "cards" / name).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}  # a build without the starter
    return found


def _joined(data: object) -> object:
    """A text as it is shown: it is kept in lines so that its changes can be read, and broken where it is shown."""
    return unwrapped(data["lines"]) if isinstance(data, dict) and "lines" in data else data


def unwrapped(lines: Sequence[str]) -> str:
    """Lines of Markdown with each paragraph and each item on one; what is set apart, as code, stays in its lines."""
    found: list[str] = []
    for line in lines:
        words = line.strip()
        goes_on = found and found[-1] and not found[-1].startswith("    ") and not line.startswith("    ")
        if goes_on and words and not words.startswith("- "):
            found[-1] += f" {words}"
        else:
            found.append(line)
    return "\n".join(found)


def _moment(date: str) -> float:
    return datetime.datetime.fromisoformat(date).replace(tzinfo=datetime.UTC).timestamp()
