"""Where a value is from and whether it is still true, in the words that stand beside it in the text."""

from __future__ import annotations

import re
import time

from forge_desktop.cards import told_stale
from forge_desktop.cards.records import FieldState, Value
from forge_desktop.cards.taking import lengths

_FROM = {
    "file": "read from the file",
    "registry": "from the registry",
    "measurement": "measured",
    "gate": "from the gate",
    "run log": "from the run log",
    "price table": "from the price table",
    "ledger": "as really paid",
    "headers": "from the endpoint's answers",
    "endpoint": "from the endpoint",
    "shipped": "came with the application",
}
_CALLS = "from its calls"  # times and shares of the ledger: only money is paid
_STALE = "**No longer true:** "
_OURS = re.compile("|".join(map(re.escape, (*_FROM.values(), _CALLS, "by hand", _STALE))))


def source(state: FieldState) -> str:
    """What stands in the column beside a value."""
    shown, measured = state.shown, state.measured
    if shown is None:
        return ""
    parts = [_origin(shown)]
    if state.hand is not None and measured is not None:
        parts = ["by hand", _origin(measured)]
    said = "; ".join(part for part in parts if part)
    return f"{said}. {stale(state)}" if said and stale(state) else said or stale(state)


def stale(state: FieldState) -> str:
    """What is no longer true of a field, "" while all is."""
    for value in (state.shown, state.measured):
        if value is not None and value.stale:
            return f"{_STALE}{_line(value.stale).rstrip('.')}."
    return ""


def stale_in(text: str) -> str:
    """Why words beside a value call it no longer true; "" where they do not, or mean what was measured beside it."""
    before, mark, why = text.partition(_STALE)
    about_measured = before.startswith("by hand") and not told_stale.is_said(why)
    return why.strip() if mark and not about_measured else ""


def ours(text: str) -> bool:
    """Whether words beside a value were written here, and may be written anew."""
    return bool(_OURS.match(text))


def _origin(value: Value) -> str:
    said = _CALLS if value.source == "ledger" and value.unit != "USD" else _FROM.get(value.source, "")
    if not said:
        return ""
    date = value.detail.get("date")
    if not isinstance(date, str) and value.at:
        date = time.strftime("%Y-%m-%d", time.gmtime(value.at))
    parts = [f"{said} {date[:10]}" if isinstance(date, str) else said]
    count, machine = value.detail.get("n"), value.detail.get("machine")
    parts += [f"n = {count}"] if isinstance(count, int) else []
    parts += [said] if (said := lengths(value)) else []
    parts += [_line(machine)] if isinstance(machine, str) and machine else []
    return ", ".join(parts)


def _line(text: str) -> str:
    return " ".join(text.split())
