"""The ledger told by its events alone: what each attempt must be now, and what else they set."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from forge_desktop.providers.records import Purpose, Usage
from forge_desktop.providers.records_ledger import CHARGED, NewAttempt


@dataclass(frozen=True)
class Told:
    """An attempt as its events tell it."""

    uid: str
    call: NewAttempt
    day: str
    state: str
    cost: int
    created: float
    changed: float
    note: str = ""
    usage: Usage | None = None
    sent: float | None = None

    @property
    def charged(self) -> int:
        """What it counts for."""
        return self.cost if self.state in CHARGED else 0


@dataclass
class Folded:
    """Attempts by uid, caps by kind and run, and why the ledger is stopped ("" if it is not, None if nothing said)."""

    attempts: dict[str, Told] = field(default_factory=dict)
    caps: dict[tuple[str, str], int | None] = field(default_factory=dict)
    stopped: str | None = None
    rebooked: dict[str, str] = field(default_factory=dict)  # their days, where these were changed
    moved: list[dict[str, Any]] = field(default_factory=list)  # events of attempts that began before


def fold(lines: Iterable[str]) -> Folded:
    """Read events in order. Raises ValueError or KeyError where one cannot be read."""
    folded = Folded()
    for line in lines:
        event = json.loads(line)
        what = event["what"]
        if what in ("reserved", "carried"):
            told = _begun(event)
            folded.attempts[told.uid] = told
        elif what in ("sent", "settled", "released", "unknown"):
            _change(folded, event)
        elif what == "cap":
            folded.caps[event["kind"], event["run"]] = event["cap"]
        elif what == "stopped":
            folded.stopped = event["reason"]
        elif what == "go on":
            folded.stopped = ""
            for uid in event.get("attempts", ()):
                if uid in folded.attempts:
                    folded.attempts[uid] = replace(folded.attempts[uid], day=event["day"])
                else:
                    folded.rebooked[uid] = event["day"]
    return folded


def _begun(event: dict[str, Any]) -> Told:
    purpose = Purpose(event["kind"], event["run"], event["task"], event["step"], event["repeat"])
    call = NewAttempt(
        event["endpoint"],
        event["name"],
        event["model"],
        purpose,
        event["request"],
        event["price"],
        event["worst"],
        event["batch"],
    )
    at = float(event["at"])
    state, cost = event.get("state", "reserved"), event.get("cost", event["worst"])
    return Told(event["attempt"], call, event["day"], state, cost, at, at, event.get("note", ""))


def _change(folded: Folded, event: dict[str, Any]) -> None:
    uid, at = event["attempt"], float(event["at"])
    before = folded.attempts.get(uid)
    if before is None:
        folded.moved.append(event)
        return
    used = event.get("usage")
    folded.attempts[uid] = replace(
        before,
        state=event["what"],
        cost=event["cost"],
        changed=at,
        note=event.get("note", before.note),
        usage=Usage(**used) if used else before.usage,
        sent=at if event["what"] == "sent" else before.sent,
    )


def told_fields(uid: str, call: NewAttempt, day: str) -> dict[str, Any]:
    """How an event tells a new attempt."""
    purpose = call.purpose
    return {
        "attempt": uid,
        "worst": call.worst,
        "day": day,
        "endpoint": call.endpoint,
        "name": call.endpoint_name,
        "model": call.model,
        "kind": purpose.kind,
        "run": purpose.run,
        "task": purpose.task,
        "step": purpose.step,
        "repeat": purpose.repeat,
        "request": call.request_sha256,
        "price": call.price_sha256,
        "batch": call.batch,
    }
