"""Takes out of a text for others what is nobody's business: keys, addresses, where a person's files lie."""

from __future__ import annotations

import json
import re
import threading
import urllib.parse
from pathlib import Path

SHORTEST_KEY = 8  # characters; to take out anything shorter would take out ordinary words

_SHAPES = (
    (re.compile(r"\b(?:sk|pk|rk|hf|gsk|xai|fw|tgp|gh[pousr]|xox[abp])[-_][\w-]{8,}"), "<key>"),
    (re.compile(r"\bAIza[\w-]{30,}"), "<key>"),
    (
        re.compile(
            r"(?i)\b(authorization|bearer|x-api-key|x-goog-api-key)\b([\"':=\s]+(?:(?:bearer|basic)\s+)?)[\w.~+/=-]{8,}"
        ),
        r"\1\2<secret>",
    ),
)
_PRIVATE = (
    (
        re.compile(
            r"(?i)\b(bearer|authorization|api[-_ ]?key|password|token)\b([\"':=\s]+(?:(?:bearer|basic)\s+)?)\S+"
        ),
        r"\1\2<secret>",
    ),
    (re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+"), "<address>"),
)
_known: set[str] = set()
_lock = threading.Lock()


def keep_secret(value: str) -> None:
    """From now on, no text that passes here shows `value`, nor as JSON or an address would write it."""
    if len(value) < SHORTEST_KEY:
        return
    with _lock:
        _known.update((value, json.dumps(value)[1:-1], repr(value)[1:-1], urllib.parse.quote(value, safe="")))


def holds_secret(text: str) -> bool:
    """Whether a value that is kept secret stands in `text`."""
    with _lock:
        return any(value in text for value in _known)


def secrets_in(text: str) -> list[tuple[int, int]]:
    """Where keys stand in `text`: those that this process knows, and what has the shape of one."""
    with _lock:
        known = sorted(_known, key=len, reverse=True)
    found = []
    for value in known:
        start = text.find(value)
        while start >= 0:
            found.append((start, start + len(value)))
            start = text.find(value, start + len(value))
    for secret, _ in _SHAPES:
        for match in secret.finditer(text):  # of "authorization: …" only what comes behind is secret
            found.append((match.end(secret.groups) if secret.groups else match.start(), match.end()))
    return found


def without_known(text: str) -> str:
    """`text` without the keys that are known to this process."""
    with _lock:
        known = sorted(_known, key=len, reverse=True)
    for value in known:
        text = text.replace(value, "<key>")
    return text


def without_secrets(text: str) -> str:
    """`text` without the keys that are known and without what has the shape of one: for logs, errors, the ledger."""
    text = without_known(text)
    for secret, shown in _SHAPES:
        text = secret.sub(shown, text)
    return text


def redacted(text: str, *, data_dir: Path | None = None) -> str:
    """`text` without keys, addresses, the person's home or data directory: for reports to others."""
    text = without_secrets(text)
    for secret, shown in _PRIVATE:
        text = secret.sub(shown, text)
    places = [(str(data_dir), "<data>")] if data_dir else []
    for place, shown in [*places, (str(Path.home()), "~")]:
        if len(place) > 1:
            text = text.replace(place, shown)
    return text
