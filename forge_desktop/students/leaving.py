"""What of a run's lessons may leave this computer: nothing that rests on documents that are never sent."""

from __future__ import annotations

from collections.abc import Iterable

from forge_desktop.base.errors import ForgeError
from forge_desktop.corpus import Corpus
from forge_desktop.students.records_training import Learnt

_SHOWN = 3


def kept_back(corpus: Corpus, sha256: str) -> str:
    """What a document is called that may not leave, "" for one that may, or that is not in the index here."""
    document = corpus.shelf.find_document(sha256, "")
    if document is None or corpus.collections.may_leave(document.id):
        return ""
    return document.name


def refuse_kept_back(corpus: Corpus, learnt: Iterable[Learnt], address: str) -> None:
    """Raise ForgeError where lessons that go to a cluster rest on documents that are never sent."""
    held = [one.documents for one in learnt]
    names = {sha256: kept_back(corpus, sha256) for documents in held for sha256 in documents}
    found = sorted({name for name in names.values() if name})
    if not found:
        return
    lessons = sum(any(names[sha256] for sha256 in documents) for documents in held)
    shown = ", ".join(found[:_SHOWN]) + (f" and {len(found) - _SHOWN:,} more" if len(found) > _SHOWN else "")
    raise ForgeError(
        f"{lessons:,} of the lessons rest on documents that are never sent ({shown}), so they do not go to {address}.",
        hint="Train here, or leave these pairs out.",
    )
