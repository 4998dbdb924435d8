"""What a run offers to teachers: only what may be sent, and only from where the task says."""

from __future__ import annotations

import json
from pathlib import Path

from forge_desktop.distill.records import Evidence
from tests.distill.rooms import Application
from tests.providers.teacher import Teacher


def test_documents_that_are_never_sent_reach_no_request(app: Application, teacher: Teacher, tmp_path: Path) -> None:
    secret = "The lantern of Harlow is switched off with the number 4711."
    folder = tmp_path / "vault"
    folder.mkdir()
    (folder / "alarm.txt").write_text(secret)
    vault = app.forge.corpus.collections.create("Vault", never_send=True)
    app.forge.jobs.wait(app.forge.corpus.index([folder], vault.uid), 60)
    hit = app.forge.corpus.search("number 4711 lantern Harlow", 1)[0].passage
    known = Evidence(1, hit.document_sha256, "alarm.txt", hit.id, hit.start, hit.end, None, (), hit.text)
    app.ask(1)
    app.ask(1, 1, evidence=(known,))
    app.ask(1, 2, document=hit.document_sha256)
    app.ask(1, 3, collections=(vault.uid,))
    app.ask(1, 4, origin="chat", evidence=(known,), draft=secret)
    found = app.run()
    assert found.tasks == 5
    assert "4711" not in json.dumps(teacher.bodies)
    assert len(teacher.bodies) >= 3
    reasons = [app.forge.distill.tasks.get(n).reason for n in (3, 5)]
    assert all("may not be sent" in reason for reason in reasons)


def test_evidence_is_looked_for_where_the_task_says(app: Application, tmp_path: Path) -> None:
    folder = tmp_path / "more"
    folder.mkdir()
    (folder / "other.txt").write_text("The lantern of Harlow was painted by a guild.")
    more = app.forge.corpus.collections.create("More")
    app.forge.jobs.wait(app.forge.corpus.index([folder], more.uid), 60)
    app.ask(1, collections=(more.uid,))
    app.ask(1, 1, collections=("gone",))
    app.run(passages=3)
    assert [each.name for each in app.forge.distill.view(1).evidence] == ["other.txt"]
    assert app.forge.distill.tasks.get(2).state == "failed"
