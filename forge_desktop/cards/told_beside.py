"""What a file of results says beyond our columns (a token, whose source it is): kept as JSON behind how it was run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

TOKEN = "verifyToken"  # signs a number for the hub; whether it is genuine is not known here
_MARK = ".eval_results"  # so that a setting in JSON is never taken for it


def parted(config: object) -> tuple[str, dict[str, Any]]:
    """The words on how a result was run, and what was told beside."""
    text = config if isinstance(config, str) else ""
    at = text.rfind(f'{{"{_MARK}": {{')
    if at < 0 or (at and not text[:at].endswith("; ")):
        return text, {}
    try:
        said = json.loads(text[at:])
    except ValueError:
        return text, {}
    rest = said.get(_MARK) if isinstance(said, dict) and set(said) == {_MARK} else None
    return (text[: max(0, at - 2)], rest) if isinstance(rest, dict) else (text, {})


def joined(words: str, rest: Mapping[str, Any]) -> str:
    """Both as one cell holds them."""
    said = json.dumps({_MARK: dict(rest)}, ensure_ascii=False, sort_keys=True, default=str) if rest else ""
    return "; ".join(part for part in (words, said) if part)


def in_words(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as readers see it: what was told beside stays in the files."""
    words, rest = parted(row.get("config"))
    made = {**row, "config": words} if rest else dict(row)
    return {name: held for name, held in made.items() if name != "config" or held or not rest}


def without_claims(config: str) -> str:
    """The same for a number that a person changed: nobody signed it, and it is from nowhere else."""
    words, rest = parted(config)
    return joined(words, {name: value for name, value in rest.items() if name not in (TOKEN, "source")})
