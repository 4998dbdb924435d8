"""Takes out of a text for others what is nobody's business: keys, addresses, where a person's files lie."""

from __future__ import annotations

import re
from pathlib import Path

_SECRETS = (
    (re.compile(r"\b(?:sk|pk|hf|gh[pousr]|xox[abp])[-_][\w-]{8,}"), "<key>"),
    (
        re.compile(r"(?i)\b(bearer|authorization|api[-_ ]?key|password|token)\b([\"':=\s]+(?:bearer\s+)?)\S+"),
        r"\1\2<secret>",
    ),
    (re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+"), "<address>"),
)


def redacted(text: str, *, data_dir: Path | None = None) -> str:
    """`text` without keys, addresses, the person's home or data directory."""
    for secret, shown in _SECRETS:
        text = secret.sub(shown, text)
    places = [(str(data_dir), "<data>")] if data_dir else []
    for place, shown in [*places, (str(Path.home()), "~")]:
        if len(place) > 1:
            text = text.replace(place, shown)
    return text
