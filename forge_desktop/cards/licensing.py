"""Whether a licence is named as SPDX or Hugging Face name licences."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from license_expression import Licensing

# Hugging Face's own identifiers that are none of SPDX's, as its documentation of the `license` key lists them, without
# its "unknown", which names none.
HUB_IDS = frozenset(
    (
        "apple-amlr", "apple-ascl", "bigcode-openrail-m", "bigscience-bloom-rail-1.0", "bigscience-openrail-m", "bsd",
        "cc", "creativeml-openrail-m", "deepfloyd-if-license", "etalab-2.0", "fair-noncommercial-research-license",
        "gemma", "gfdl", "gpl", "grok2-community", "h-research", "intel-research", "lgpl", "lgpl-lr", "llama2",
        "llama3", "llama3.1", "llama3.2", "llama3.3", "llama4", "odc-by", "open-mdw", "openmdw-1.0", "openrail",
        "openrail++",
    )
)  # fmt: skip
_OWN = re.compile(r"(?:DocumentRef-[A-Za-z0-9.-]+:)?LicenseRef-[A-Za-z0-9.-]+")
_LONGEST, _DEEPEST = 1000, 30


def problem_of(licence: str) -> str:
    """A sentence when this is neither an SPDX expression nor "other" nor one of the hub's names; "" when it is."""
    text = licence.strip()
    if text.casefold() in HUB_IDS | {"other"}:
        return ""
    if len(text) > _LONGEST or text.count("(") > _DEEPEST:
        return "Licence is longer than any SPDX expression: name it as other, and link its text."
    if text.casefold() == "unknown":
        return "Licence 'unknown' names none: ask whose model it is, or write why it has none."
    unknown = unknown_parts(text)
    if unknown is None and "," in text:
        several = f"Licence {text[:60]!r} names several"
        return f"{several}: join them with AND where all of them hold, with OR where one may be chosen."
    if unknown is None:
        return f"Licence {text[:60]!r} is no SPDX expression, such as Apache-2.0 or MIT OR GPL-2.0-only."
    if unknown:
        return (
            f"Licence {unknown[0][:60]!r} is not in SPDX's list: choose one that is, write LicenseRef- and a name of"
            " your own, or other with a link."
        )
    return ""


def unknown_parts(text: str) -> list[str] | None:
    """The names in an expression that SPDX does not know; None when it is no expression."""
    from license_expression import ExpressionError, ExpressionParseError

    licensing = _licensing()
    try:
        parsed = licensing.parse(text, validate=False, strict=True)
    except (ExpressionError, ExpressionParseError, IndexError, RecursionError):
        return None  # IndexError: how the library takes "()"
    if parsed is None:
        return None
    return [key for key in map(str, licensing.unknown_license_keys(parsed)) if not _OWN.fullmatch(key)]


def as_spdx(licence: str) -> str:
    """The expression in SPDX's own spelling: the hub writes "apache-2.0". What SPDX does not know stays as it is."""
    text = licence.strip()
    if text.casefold() in HUB_IDS | {"other"} or problem_of(text):
        return text
    parsed = _licensing().parse(text, validate=False)
    return text if parsed is None else str(parsed.render())


@functools.cache
def _licensing() -> Licensing:
    from license_expression import get_spdx_licensing

    return get_spdx_licensing()
