"""What a collection's bundle is made of: one ZIP file of a manifest, the collection, its documents, texts, passages."""

from __future__ import annotations

import json
from collections.abc import Mapping

FORMAT = "forge-collection"
FORMAT_VERSION = 1
SUFFIX = ".forgecollection"

MANIFEST, COLLECTION, DOCUMENTS, TEXTS, PASSAGES = (
    "manifest.json",
    "collection.json",
    "documents.jsonl",
    "texts.jsonl",
    "passages.jsonl",
)
FILES = "files/"  # the original files by their document's number, where the bundle holds them


def line(row: Mapping[str, object]) -> bytes:
    """One JSON line in UTF-8."""
    return json.dumps(row, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode() + b"\n"
