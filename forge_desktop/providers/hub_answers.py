"""A hub's answers without what is odd in them, before huggingface_hub builds on them: one value spoils no list."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

_REPOSITORY = re.compile(r"[A-Za-z0-9._-]{1,96}(/[A-Za-z0-9._-]{1,96})?")
_REVISION = re.compile(r"[A-Za-z0-9._-]{1,64}")
_MOST = 10**15  # parameters, downloads, bytes: more is no count
_DIGITS = 18  # of a number that is read at all
_LONGEST = 300  # characters of a text that is shown


def without_oddities(body: bytes) -> bytes:
    """The answer as it may be built on. An entry without a name of a repository, a file without one, has the name "".

    What is no JSON stays as it is. Raises ValueError where it is nested without end.
    """
    try:
        answer = json.loads(body, parse_int=_whole, parse_constant=lambda word: None)
    except RecursionError:
        raise ValueError("nested without end") from None
    except ValueError:
        return body
    if isinstance(answer, list):
        answer = [_repository(one) or {"id": ""} for one in answer]
    elif isinstance(answer, dict) and "error" not in answer:
        answer = _repository(answer)
    return json.dumps(answer).encode()


def _whole(digits: str) -> int | None:
    return int(digits) if len(digits) <= _DIGITS else None


def _repository(told: object) -> dict[str, Any]:
    if not isinstance(told, dict) or _matching(_REPOSITORY)(told.get("id")) is None:
        return {}
    return _kept(told, _FACTS)


def _kept(told: Mapping[str, object], wanted: Mapping[str, Callable[[object], object]]) -> dict[str, Any]:
    read = {key: of(told[key]) for key, of in wanted.items() if key in told}
    return {key: value for key, value in read.items() if value is not None}


def _matching(pattern: re.Pattern[str]) -> Callable[[object], object]:
    return lambda value: value if isinstance(value, str) and pattern.fullmatch(value) else None


def _count(value: object) -> object:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST else None


def _text(value: object) -> object:
    return value if isinstance(value, str) and len(value) <= _LONGEST and value.isprintable() else None


def _texts(value: object) -> object:
    if isinstance(value, list):
        return [one for one in value if _text(one) is not None]
    return _text(value)


def _tags(value: object) -> object:
    return _texts(value) if isinstance(value, list) else None


def _moment(value: object) -> object:
    """As the hub writes it; another date is none."""
    try:
        read = datetime.datetime.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        return None
    return f"{read:%Y-%m-%dT%H:%M:%S.%fZ}" if read.year >= 2000 else None


def _gated(value: object) -> object:
    return value if isinstance(value, bool | str) else None


def _card(value: object) -> object:
    wanted = dict.fromkeys(("license", "license_name", "license_link", "base_model"), _texts)
    return _kept(value, wanted) if isinstance(value, dict) else None


def _gguf(value: object) -> object:
    wanted = {"total": _count, "architecture": _text, "context_length": _count}
    return _kept(value, wanted) if isinstance(value, dict) else None


def _siblings(value: object) -> object:
    return [_sibling(one) for one in value] if isinstance(value, list) else None


def _sibling(told: object) -> dict[str, Any]:
    if not isinstance(told, dict) or not isinstance(name := told.get("rfilename"), str):
        return {"rfilename": ""}
    lfs = told.get("lfs")
    listed = lfs.get("sha256") if isinstance(lfs, dict) else None
    size = _count(told.get("size"))
    known = {"lfs": {"sha256": listed, "size": size or 0, "pointerSize": 0}} if isinstance(listed, str) else {}
    return {"rfilename": name, "size": size, **known}


_FACTS: dict[str, Callable[[object], object]] = {
    "id": _text,
    "author": _text,
    "sha": _matching(_REVISION),
    "cardData": _card,
    "downloads": _count,
    "likes": _count,
    "gated": _gated,
    "gguf": _gguf,
    "lastModified": _moment,
    "pipeline_tag": _text,
    "tags": _tags,
    "siblings": _siblings,
}
