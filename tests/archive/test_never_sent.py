"""What rests on documents that are never sent goes neither to a cluster nor into an export."""

from __future__ import annotations

from pathlib import Path

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.forge import Forge
from forge_desktop.students.leaving import kept_back, refuse_kept_back
from forge_desktop.students.records_training import Learnt


def test_a_document_that_is_never_sent_stays_here_by_name(forge: Forge, sample_dir: Path) -> None:
    shelf = forge.corpus.shelf
    document = shelf.document_rows(list(shelf.documents())[:1])[0]
    learnt = [Learnt("p1", "?", "!", (document.sha256,)), Learnt("p2", "?", "!")]
    assert kept_back(forge.corpus, document.sha256) == ""
    refuse_kept_back(forge.corpus, learnt, "host:6379")
    for collection in forge.corpus.collections.all():
        forge.corpus.collections.change(collection.uid, never_send=True)
    assert kept_back(forge.corpus, document.sha256) == document.name
    assert kept_back(forge.corpus, "0" * 64) == "", "it was never here"
    with pytest.raises(ForgeError, match=r"1 of the lessons rest on documents that are never sent \(.+\), so they do"):
        refuse_kept_back(forge.corpus, learnt, "host:6379")
