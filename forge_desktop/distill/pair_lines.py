"""A pair as one JSON object: the form that is written, and every form that is read as one (docs/formats.md)."""

from __future__ import annotations

import datetime
import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from forge_desktop.distill.records import Check, Evidence, Pair, PairKind, Quality

Shape = Literal["forge", "seed", "signed", ""]

FORMAT = "forge-pair"
FORMAT_VERSION = 1

_EVIDENCE_IN_HASH = ("n", "document_sha256", "start", "end", "text", "quote", "cited")
_TEXTS = ("language", "rules", "sha256", "duplicate_of", "method", "source", "reviewed", "note", "aside")
_LARGEST = 1 << 53  # whole numbers that every reader of JSON keeps
_MONEY = re.compile(r"\d{1,12}\.\d{6}")


class BadLine(ValueError):  # noqa: N818 - a finding, told with its line
    """Why an object is no pair, as a sentence without its subject's name."""


def content_sha256(pair: Pair) -> str:
    """The hash of what a pair teaches and rests on, whatever its uid, its time and its judgement."""
    evidence = [[getattr(one, name) for name in _EVIDENCE_IN_HASH] for one in pair.evidence]
    content = [pair.kind, pair.prompt, pair.final, pair.draft, pair.rules, pair.critiques, pair.citations, evidence]
    return hashlib.sha256(json.dumps(content, ensure_ascii=True, separators=(",", ":")).encode()).hexdigest()


def to_object(pair: Pair) -> dict[str, Any]:
    """The pair as the object that is written: every field, in a fixed order."""
    made = datetime.datetime.fromtimestamp(pair.created, datetime.UTC) if 0 <= pair.created < 1e11 else None
    return {
        "type": pair.kind,
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "pair_id": pair.uid,
        "task_id": pair.task,
        "prompt": pair.prompt,
        "final": pair.final,
        "draft": pair.draft,
        "critiques": list(pair.critiques),
        "citations": list(pair.citations),
        "evidence_meta": [_evidence_object(one) for one in pair.evidence],
        "quality": {
            **vars(pair.quality),  # not asdict: it copies every value, which is most of the time of an export
            "checks": [dict(vars(check)) for check in pair.quality.checks],
            "rubric": _ordered(pair.quality.rubric),
        },
        "quality_score": pair.quality.score,
        "verified": pair.accepted and _looked_at(pair),
        "accepted": pair.accepted,
        **{name: getattr(pair, name) for name in _TEXTS},
        "similarity": pair.similarity,
        "leaks": list(pair.leaks),
        "cost_usd": f"{pair.cost // 1_000_000}.{pair.cost % 1_000_000:06d}",
        "teacher": _ordered(pair.teacher),
        "student": _ordered(pair.student),
        "created": pair.created,
        "created_at": made.isoformat() if made else "",
        "imported": _ordered(pair.imported),
    }


def _looked_at(pair: Pair) -> bool:
    """Whether anybody but the rules saw it: a teacher, a person, or whoever wrote it elsewhere."""
    return bool(pair.teacher or pair.reviewed or pair.imported)


def _evidence_object(one: Evidence) -> dict[str, Any]:
    maps = {"scores": _ordered(one.scores), "retrieval": _ordered(one.retrieval)}
    return {**vars(one), "heading": list(one.heading), **maps}


def _ordered(value: Any) -> Any:
    """Maps by name, at every depth: equal pairs give equal bytes, whoever filled their maps in whichever order."""
    if isinstance(value, Mapping):
        return {name: _ordered(value[name]) for name in sorted(value)}
    return [_ordered(item) for item in value] if isinstance(value, list | tuple) else value


def to_line(pair: Pair) -> bytes:
    """One line of JSON Lines in UTF-8; the same pair gives the same bytes."""
    return json.dumps(to_object(pair), ensure_ascii=False, allow_nan=False).encode() + b"\n"


def shape_of(row: Mapping[str, Any]) -> Shape:
    """Which form of a pair an object has: "forge" our own, "seed" prompt and final, "signed" instruction and
    completion; "" for none, such as a task."""
    if row.get("format") == FORMAT:
        return "forge"
    if {"prompt", "final"} <= row.keys():
        return "seed"
    return "signed" if {"instruction", "completion"} <= row.keys() else ""


def from_object(row: Mapping[str, Any]) -> Pair:
    """A pair of any of the forms. Raises BadLine with a sentence for what is none, or is broken.

    A pair of our own form comes back as it was written. Another one has no uid yet, and is not accepted where it says
    of itself that it is not verified; what it holds beside is kept in `imported`.
    """
    shape = shape_of(row)
    if shape == "forge":
        return _own(row)
    if shape == "seed":
        return _foreign(row, "prompt", "final", shape=shape)
    if shape == "signed":
        return _foreign(row, "instruction", "completion", shape=shape)
    raise BadLine("it is no pair: it has neither prompt and final nor instruction and completion.")


# ---- our own form ----


def _own(row: Mapping[str, Any]) -> Pair:
    version = row.get("format_version")
    if version != FORMAT_VERSION:
        raise BadLine(f"it is of version {version!r} of the format; version {FORMAT_VERSION} can be read.")
    verified = _flag(row, "verified")
    quality = _object(row, "quality")
    checks = tuple(_check(one) for one in _list(quality, "checks", dict))
    texts = {name: text(row, name) for name in _TEXTS}
    if texts["source"] not in ("unchanged", "changed", "gone", "unchecked"):
        raise BadLine("its source is none of unchanged, changed, gone, unchecked.")
    pair = Pair(
        uid=text(row, "pair_id", must=True),
        kind=_kind(row.get("type")),
        task=text(row, "task_id"),
        prompt=text(row, "prompt", must=True),
        final=text(row, "final", must=True),
        draft=text(row, "draft"),
        critiques=tuple(_list(row, "critiques", str)),
        evidence=tuple(_evidence(one) for one in _list(row, "evidence_meta", dict)),
        citations=tuple(whole(one, "citations") for one in _list(row, "citations", int)),
        quality=Quality(
            number(quality.get("score", 0.0), "quality.score"),
            checks,
            {str(name): number(value, "rubric") for name, value in _object(quality, "rubric").items()},
            text(quality, "version"),
        ),
        accepted=_flag(row, "accepted") if "accepted" in row else verified,
        cost=_money(row.get("cost_usd", "0.000000")),
        teacher=_object(row, "teacher"),
        student=_object(row, "student"),
        created=number(row.get("created", 0.0), "created"),
        similarity=None if row.get("similarity") is None else number(row["similarity"], "similarity"),
        leaks=tuple(_list(row, "leaks", str)),
        imported=_object(row, "imported"),
        **texts,  # type: ignore[arg-type]
    )
    return replace(pair, sha256=content_sha256(pair)) if pair.sha256 else pair


def _evidence(row: Mapping[str, Any]) -> Evidence:
    page = row.get("page")
    return Evidence(
        n=whole(row.get("n", 0), "n"),
        document_sha256=text(row, "document_sha256"),
        name=text(row, "name"),
        passage_id=whole(row.get("passage_id", 0), "passage_id"),
        start=whole(row.get("start", 0), "start"),
        end=whole(row.get("end", 0), "end"),
        page=None if page is None else whole(page, "page"),
        heading=tuple(_list(row, "heading", str)),
        text=text(row, "text"),
        quote=text(row, "quote"),
        cited=_flag(row, "cited"),
        scores=_object(row, "scores"),
        retrieval=_object(row, "retrieval"),
    )


def _check(row: Mapping[str, Any]) -> Check:
    score = number(row.get("score", 0.0), "score")
    return Check(text(row, "name"), _flag(row, "passed"), score, _flag(row, "must"), text(row, "note"))


# ---- the forms of others ----


def _foreign(row: Mapping[str, Any], prompt: str, final: str, *, shape: Shape) -> Pair:
    draft = text(row, "draft") if isinstance(row.get("draft"), str) else ""
    given = row.get("citations")
    cited = [one for one in given if type(one) is int and 0 <= one < 10_000] if isinstance(given, list) else []
    if 0 in cited:  # counted from 0 there
        cited = [one + 1 for one in cited]
    evidence = _foreign_evidence(row.get("evidence_meta"), cited)
    score = row.get("quality_score")
    known = {prompt, final, "draft", "critiques", "citations", "evidence_meta", "quality_score", "type"}
    pair = Pair(
        uid="",
        kind="REPAIR_PAIR" if draft and draft.strip() != text(row, final).strip() else "TRAIN_PAIR",
        task="",
        prompt=text(row, prompt, must=True),
        final=text(row, final, must=True),
        draft=draft,
        critiques=_critiques(row.get("critiques")),
        evidence=evidence,
        citations=tuple(one for one in dict.fromkeys(cited) if one <= len(evidence)),
        quality=Quality(0.0 if score is None else number(score, "quality_score"), (), {}, "imported"),
        accepted=row.get("verified", True) is not False,
        language="",
        rules="",
        cost=0,
        teacher={},
        student={},
        created=_when(row.get("created_at")),
        sha256="",
        imported={"shape": shape, "fields": {name: value for name, value in row.items() if name not in known}},
    )
    return replace(pair, sha256=content_sha256(pair))


def _foreign_evidence(given: object, cited: Sequence[int]) -> tuple[Evidence, ...]:
    """Passages as a retriever gave them: objects with text and path, or bare texts that say nothing of their place."""
    found = []
    for n, one in enumerate(given if isinstance(given, list) else [], 1):
        row = one if isinstance(one, dict) else {"text": str(one)}
        said = str(row.get("text", ""))
        score = row.get("score")
        found.append(
            Evidence(
                n=n,
                document_sha256=str(row.get("document_sha256", "")),
                name=str(row.get("name") or row.get("path") or ""),
                passage_id=0,
                start=0,
                end=len(said),
                page=None,
                heading=(),
                text=said,
                quote=str(row.get("quote", "")),
                cited=n in cited,
                scores={"score": score} if isinstance(score, int | float) else {},
                retrieval={"given": {name: value for name, value in row.items() if name != "text"}},
            )
        )
    return tuple(found)


def _critiques(given: object) -> tuple[str, ...]:
    """What teachers said; one that only tells of an error was no critique."""
    found = []
    for one in given if isinstance(given, list) else []:
        if isinstance(one, str):
            found.append(one)
        elif isinstance(one, dict) and not one.keys() <= {"error"}:
            said = one.get("suggestion") or one.get("revision") or one.get("critique") or one.get("content")
            found.append(said if isinstance(said, str) else json.dumps(one, ensure_ascii=False))
    return tuple(found)


def _when(given: object) -> float:
    if type(given) in (int, float) and math.isfinite(given):  # type: ignore[arg-type]
        return float(given)  # type: ignore[arg-type]
    try:
        return datetime.datetime.fromisoformat(str(given)).timestamp()
    except (ValueError, OverflowError, OSError):
        return 0.0


# ---- values ----


def text(row: Mapping[str, Any], name: str, *, must: bool = False) -> str:
    """A text of an object, "" where it is not there. Raises BadLine."""
    value = row.get(name, "")
    if not isinstance(value, str):
        raise BadLine(f"its {name} is no text.")
    if must and not value.strip():
        raise BadLine(f"its {name} is empty.")
    return value


def number(value: object, name: str) -> float:
    """A finite number. Raises BadLine."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BadLine(f"its {name} is no number.")
    return float(value)


def whole(value: object, name: str) -> int:
    """A whole number that every reader of JSON keeps. Raises BadLine."""
    if type(value) is not int or abs(value) > _LARGEST:
        raise BadLine(f"its {name} is no whole number.")
    return value


def _flag(row: Mapping[str, Any], name: str) -> bool:
    value = row.get(name, False)
    if not isinstance(value, bool):
        raise BadLine(f"its {name} is neither true nor false.")
    return value


def _list(row: Mapping[str, Any], name: str, kind: type) -> list[Any]:
    value = row.get(name, [])
    if not isinstance(value, list) or not all(type(one) is kind for one in value):
        raise BadLine(f"its {name} is no list of what it should be.")
    return value


def _object(row: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = row.get(name, {})
    if not isinstance(value, dict):
        raise BadLine(f"its {name} is no object.")
    return value


def _kind(value: object) -> PairKind:
    if value == "TRAIN_PAIR":
        return "TRAIN_PAIR"
    if value == "REPAIR_PAIR":
        return "REPAIR_PAIR"
    raise BadLine("its type is neither TRAIN_PAIR nor REPAIR_PAIR.")


def _money(value: object) -> int:
    if not isinstance(value, str) or not _MONEY.fullmatch(value):
        raise BadLine("its cost_usd is no amount with six places.")
    return int(value.replace(".", ""))
