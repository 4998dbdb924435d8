"""Fairness as CycloneDX's assessments of groups at risk, where a card tells it part by part, and back."""

from __future__ import annotations

import re

_PARTS = {
    "groupAtRisk": "Group at risk",
    "benefits": "Benefits",
    "harms": "Harms",
    "mitigationStrategy": "Mitigation",
}
_LINE = re.compile(f"- ({'|'.join(_PARTS.values())}): (.*)")
_PLACES = {title: place for place, title in _PARTS.items()}


def as_text(assessments: object) -> str:
    """Assessments as lists, one after the other; "" where they hold anything else."""
    if not isinstance(assessments, list):
        return ""
    told = [_one(each) for each in assessments]
    return "\n\n".join(told) if all(told) else ""


def _one(assessment: object) -> str:
    if not isinstance(assessment, dict) or not assessment.keys() <= _PARTS.keys():
        return ""
    if not all(isinstance(held, str) and held.strip() for held in assessment.values()):
        return ""
    lines = [(title, assessment[place].strip()) for place, title in _PARTS.items() if place in assessment]
    return "\n".join(f"- {title}: " + text.replace("\n", "\n  ") for title, text in lines)


def assessments(text: str) -> list[dict[str, str]]:
    """The same back; none where a text is written in any other way: nobody then says what of it is a harm."""
    found: list[dict[str, str]] = [{}]
    place = ""
    for line in text.split("\n"):
        if part := _LINE.fullmatch(line):
            place = _PLACES[part[1]]
            found[-1][place] = part[2]
        elif line.startswith("  ") and place:
            found[-1][place] += f"\n{line[2:]}"
        elif not line:
            found.append({})
            place = ""
        else:
            return []
    return found if text and as_text(found) == text else []
