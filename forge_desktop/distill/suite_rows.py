"""Reads the items of a suite from a file: question and answer, or the eval cases of the original system."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from forge_desktop.base.errors import ForgeError
from forge_desktop.distill.json_rows import BadRow, Row
from forge_desktop.distill.records import Evidence, SuiteItem
from forge_desktop.distill.row_files import RowFile

_QUESTION = ("question", "input", "prompt", "instruction", "query")
_ANSWER = ("answer", "expected", "final", "completion", "output", "reference")
_CATEGORY = ("category", "kind", "type")


def read(file: Path) -> list[SuiteItem]:
    """All items. A suite is what it is or nothing: raises ForgeError with the line for the first bad one."""
    items: list[SuiteItem] = []
    for row in RowFile(file).rows():
        problem = row.reason if isinstance(row, BadRow) else ""
        if isinstance(row, Row):
            try:
                items.append(_item(len(items) + 1, row.fields))
            except ValueError as error:
                problem = str(error)
        if problem:
            raise ForgeError(
                f"Line {row.line:,} of {file.name} is no item of a suite: {problem}. Nothing was imported.",
                hint="Each needs a question and an answer, in fields of these names (or input and expected).",
            )
    if not items:
        raise ForgeError(
            f"There is no question in {file.name}.", hint="It should have a question and an answer a line."
        )
    return items


def _item(n: int, fields: Mapping[str, object]) -> SuiteItem:
    question, answer = _first(fields, _QUESTION), _first(fields, _ANSWER)
    if not question:
        raise ValueError("it has no question")
    if not answer:
        raise ValueError("it has no answer")
    category = _first(fields, _CATEGORY)
    given = fields.get("evidence_meta", fields.get("evidence"))
    used = {*_QUESTION, *_ANSWER, *_CATEGORY, "evidence", "evidence_meta", "metadata", "case_id", "id"}
    meta = {name: value for name, value in fields.items() if name not in used and value not in ("", None)}
    metadata = fields.get("metadata")
    if isinstance(metadata, dict):
        meta |= metadata
    elif metadata not in ("", None):
        meta["metadata"] = metadata
    case = fields.get("case_id") or fields.get("id")
    uid = str(case) if case else hashlib.sha256(f"{question}\0{answer}".encode()).hexdigest()[:32]
    return SuiteItem(n, uid, question, answer, _evidence(given), category, meta)


def _first(fields: Mapping[str, object], names: tuple[str, ...]) -> str:
    """The first of these fields that says something; the eval cases keep question and answer in objects too."""
    for name in names:
        value = fields.get(name)
        if isinstance(value, str) and value.strip():
            return value.strip()
        if isinstance(value, dict):
            inner = _first(value, (*_QUESTION, *_ANSWER, "text"))
            return inner or json.dumps(value, ensure_ascii=False, sort_keys=True)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
        if isinstance(value, bool):
            return "true" if value else "false"
    return ""


def _evidence(given: object) -> tuple[Evidence, ...]:
    found = []
    for n, one in enumerate(given if isinstance(given, list) else [], 1):
        row = one if isinstance(one, dict) else {"text": str(one)}
        said = str(row.get("text", ""))
        begin = row.get("start") if type(row.get("start")) is int else 0
        assert isinstance(begin, int)
        name, sha256 = str(row.get("name") or row.get("path") or ""), str(row.get("document_sha256", ""))
        found.append(Evidence(n, sha256, name, 0, begin, begin + len(said), None, (), said, cited=True))
    return tuple(found)
