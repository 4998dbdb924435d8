"""What an answer is worth, by rules: held against the reference, the passages it was given, and what was asked for."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence

from forge_desktop.chat.attribution import attribute, without_numbers
from forge_desktop.chat.records import Source
from forge_desktop.distill.refusing import is_refusal, nothing_said
from forge_desktop.students.gate_items import GateItem

_ARTICLES = frozenset({"a", "an", "the", "der", "die", "das", "ein", "eine", "einen", "einem", "einer", "den", "dem"})
_WORD = re.compile(r"\w+(?:[.,:]\d+)*")
_CITED = re.compile(r"\[(\d{1,3}(?:\s*[,;–-]\s*\d{1,3})*)\]")
_FENCED = re.compile(r"```(?:json)?\s*\n?(.*?)```", re.DOTALL | re.IGNORECASE)
_MOST_CITED = 200  # numbers of one answer that are looked at
_SAYS_NOTHING = 0.5  # share of an answer's sentences that say so

Scores = Mapping[str, float | None]


def of_answer(item: GateItem, answer: str) -> dict[str, float | None]:
    """The metrics of an answer, None where one does not apply to the item."""
    return {
        "exact_match": exact_match(item, answer),
        "f1": token_f1(item, answer),
        "citation_validity": citation_validity(item, answer),
        "groundedness": groundedness(item, answer),
        "refusal": refusal(item, answer),
        "json": None if item.match != "json" else float(read_json(answer) is not None),
        "empty": float(not answer.strip()),
    }


def words(text: str) -> list[str]:
    """The words that are compared: without case, accents' forms, punctuation, articles and citation numbers."""
    plain = unicodedata.normalize("NFKC", without_numbers(text)).casefold().replace("’", "'")
    return [word for word in _WORD.findall(plain) if word not in _ARTICLES]


def exact_match(item: GateItem, answer: str) -> float | None:
    """Whether the answer is an accepted one, or contains it, or is the same JSON, as the item asks for."""
    if item.match == "none":
        return None
    if item.match == "json":
        found = read_json(answer)
        return float(found is not None and any(_same(found[0], read_json(one)) for one in item.accepted))
    said = words(answer)
    for accepted in item.accepted:
        wanted = words(accepted)
        if said == wanted or (item.match == "contains" and wanted and _within(wanted, said)):
            return 1.0
    return 0.0


def token_f1(item: GateItem, answer: str) -> float | None:
    """How far the words of the answer are those of the reference, the best of the accepted ones."""
    if item.match == "json" or item.refuses:
        return None
    return max(_f1(words(answer), words(accepted)) for accepted in (item.answer, *item.accepted))


def citation_validity(item: GateItem, answer: str) -> float | None:
    """The share of the numbers cited that passages have; 0 where citations were asked for and none is there."""
    if not item.evidence:
        return None
    cited = cited_numbers(answer)
    if not cited:
        return 0.0 if item.category == "citation" else None
    known = {n for n, _, _ in item.evidence}
    return sum(n in known for n in cited) / len(cited)


def cited_numbers(answer: str) -> list[int]:
    """Every number in brackets, ranges spelt out."""
    found: list[int] = []
    for match in _CITED.finditer(answer):
        for part in re.split(r"\s*[,;]\s*", match[1]):
            ends = [int(end) for end in re.split(r"\s*[–-]\s*", part)]
            found += range(ends[0], ends[-1] + 1) if len(ends) == 2 and ends[0] <= ends[-1] else ends
        if len(found) > _MOST_CITED:
            return found[:_MOST_CITED]
    return found


def groundedness(item: GateItem, answer: str) -> float | None:
    """The share of the sentences that need support and have it in the passages; None where nothing needs any."""
    if not item.evidence or item.refuses:
        return None
    sources = [
        Source(n, name, "", 0, 0, len(text), None, (), 1, 1, text, 0.0, None, None, False)
        for n, name, text in item.evidence
    ]
    found = attribute(answer.strip(), sources, item.question).grounded
    return found["supported"] / found["sentences"] if found["sentences"] else None


def refusal(item: GateItem, answer: str) -> float | None:
    """Whether it declines where it should and does not where it should not; None where the item does not say."""
    if item.refuses is None:
        return None
    return float(declines(answer) == item.refuses)


def declines(answer: str) -> bool:
    """Whether an answer refuses, or says that it is not known."""
    return is_refusal(answer) or nothing_said(answer) >= _SAYS_NOTHING


def nll(log_likelihoods: Sequence[float]) -> float | None:
    """Nats a token of the reference; None of none. Not finite where the student's numbers are not."""
    if not log_likelihoods:
        return None
    total = math.fsum(log_likelihoods) if all(map(math.isfinite, log_likelihoods)) else math.nan
    return -total / len(log_likelihoods)


def read_json(answer: str) -> tuple[object] | None:
    """The JSON object or list that an answer is, a fence around it left out; None where it is none."""
    fenced = _FENCED.search(answer)
    text = (fenced[1] if fenced else answer).strip()
    if not text.startswith(("{", "[")):
        return None
    try:
        return (json.loads(text, parse_constant=_no_number),)
    except (ValueError, RecursionError):
        return None


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number in JSON")


def _same(one: object, other: tuple[object] | None) -> bool:
    """Whether two JSON values are one; text is compared without case and outer spaces, true is not 1."""
    return other is not None and _plain(one) == _plain(other[0])


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {"object": {str(key).strip().casefold(): _plain(each) for key, each in value.items()}}
    if isinstance(value, list):
        return {"list": [_plain(each) for each in value]}
    if isinstance(value, bool):
        return {"bool": value}
    return value.strip().casefold() if isinstance(value, str) else value


def _within(wanted: Sequence[str], said: Sequence[str]) -> bool:
    return any(said[at : at + len(wanted)] == wanted for at in range(len(said) - len(wanted) + 1))


def _f1(said: Sequence[str], wanted: Sequence[str]) -> float:
    common = sum((Counter(said) & Counter(wanted)).values())
    return 2 * common / (len(said) + len(wanted)) if common else 0.0
