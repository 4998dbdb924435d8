"""Versions and what happened to them, in JSON and in words."""

from __future__ import annotations

import time
from collections.abc import Collection

from forge_desktop.cli.output import Output
from forge_desktop.students.records_versions import Adapter, Happening, Version

_STATE_WORDS = {"candidate": "candidate", "gated": "passed its gate", "active": "active", "retired": "retired"}


def version_fields(version: Version) -> dict[str, object]:
    """A version as it stands in JSON."""
    return {
        "version": version.label,
        "uid": version.uid,
        "name": version.name,
        "state": version.state,
        "base": version.base_name,
        "base_sha256": version.base_sha256,
        "adapter_sha256": version.adapter_sha256 or None,
        "scale": version.scale,
        "own_template": bool(version.template),
        "retrieval": dict(version.retrieval),
        "verdict": version.verdict or None,
        "gate": version.gate or None,
        "quarantined": version.quarantined,
        "run": version.run or None,
        "note": version.note,
        "created": round(version.created, 3),
        "problem": version.problem,
    }


def happening_fields(happening: Happening) -> dict[str, object]:
    """An entry of the history as it stands in JSON."""
    return {
        "version": happening.label,
        "uid": happening.version,
        "what": happening.what,
        "before": happening.before or None,
        "who": happening.who,
        "why": happening.why,
        "at": round(happening.at, 3),
        "against": list(against) if isinstance(against := happening.detail.get("against"), list) else [],
    }


def in_lines(version: Version) -> list[str]:
    """A version in a line with all that tells it from others, and its problem on another."""
    mark = "*" if version.state == "active" else " "
    what = "base" if version.is_base else f"adapter {version.adapter_sha256[:12]} x {version.scale:g}"
    said = [_STATE_WORDS[version.state], what]
    if not version.is_base:
        said.append(f"gate: {version.verdict or 'none yet'}")
    if version.quarantined:
        said.append("in quarantine")
    if version.template:
        said.append("a template of its own")
    said += [f"{name} {value}" for name, value in version.retrieval.items()]
    line = f"{mark} {version.label.ljust(4)} {version.name}  ({', '.join(said)})"
    return [line, f"       {version.problem}"] if version.problem else [line]


def happened(happening: Happening, *, label: bool = True) -> str:
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(happening.at))
    which = f"{happening.label.ljust(4)} " if label else ""
    who = f" by {happening.who}" if happening.who else ""
    why = f": {happening.why}" if happening.why else ""
    return f"  {when}  {which}{happening.what}{who}{why}"


def foreign_gates(adapter: Adapter) -> list[str]:
    """What others measured of an adapter that came from elsewhere, a line each; it promotes nothing here."""
    told = adapter.detail.get("foreign_gates")
    gates = [gate for gate in told if isinstance(gate, dict)] if isinstance(told, list) else []
    return [f"gate elsewhere, which does not count here: {str(gate.get('verdict'))[:40] or 'none'}" for gate in gates]


def told(version: Version, out: Output, known: Collection[str] = ()) -> int:
    """Tell of a version that a step made; where it was among the `known` ones, that nothing new was made."""
    out.result(version_fields(version))
    tell(version, out)
    if version.uid in known:
        out.note(f"{version.label} is this very version and was here already: nothing was added, no name was given.")
    return 0


def tell(version: Version, out: Output) -> None:
    """The version for people."""
    for line in in_lines(version):
        out.line(line)
