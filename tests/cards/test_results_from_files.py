"""Results from a folder's `.eval_results` leave as such files again; readers see neither tokens nor unknown keys."""

from __future__ import annotations

from pathlib import Path

import yaml

from forge_desktop.cards.formats import html
from forge_desktop.cards.formats.renderers import renderer
from tests.cards.conftest import CardRoom
from tests.cards.test_importing import _bring

README = "---\nlicense: mit\n---\n# Ev\n\nSum.\n"
ENTRY = """- dataset:
    id: openai/gsm8k
    task_id: gsm8k
    revision: abc
  value: 61.5
  verifyToken: tok123
  date: "2026-01-02"
  source:
    url: https://huggingface.co/x/y
    user: someone
  notes: few-shot, n = 8
  unknown_key: 7
- dataset:
    id: openai/gsm8k
    task_id: gsm8k_hard
  value: 12
"""


def _files(room: CardRoom, uid: str) -> tuple[str, list[dict[str, object]]]:
    files = renderer("markdown").files(room.cards.get(uid))
    return files["README.md"].decode(), yaml.safe_load(files.get(".eval_results/gsm8k.yaml", b"[]"))


def _folder(tmp_path: Path) -> Path:
    folder = tmp_path / "ev"
    (folder / ".eval_results").mkdir(parents=True)
    (folder / "README.md").write_text(README, "utf-8")
    (folder / ".eval_results" / "gsm8k.yaml").write_text(ENTRY, "utf-8")
    return folder


def test_a_folder_with_results_comes_back_as_it_was(room: CardRoom, tmp_path: Path) -> None:
    uid = _bring(room, _folder(tmp_path)).uid
    assert _files(room, uid) == (README, yaml.safe_load(ENTRY))
    page = html.render(room.cards.get(uid)).decode()
    assert "61.5" in page
    assert "few-shot, n = 8" in page
    assert not any(word in page for word in ("tok123", "unknown_key", "eval_results"))
    text = room.cards.markdown(uid)
    room.cards.set_text(uid, text.replace("Sum.", "All in all."))
    assert _files(room, uid) == (README.replace("Sum.", "All in all."), yaml.safe_load(ENTRY))


def test_a_result_that_is_edited_stands_in_the_text_and_the_others_do_not(room: CardRoom, tmp_path: Path) -> None:
    uid = _bring(room, _folder(tmp_path)).uid
    rows = [dict(row) for row in room.cards.get(uid).fields["evaluation"].shown.data]  # type: ignore[union-attr]
    room.cards.set(uid, "evaluation", [{**rows[0], "value": 70}, rows[1]])
    text, entries = _files(room, uid)
    assert "few-shot, n = 8" in text
    assert not any(word in text for word in ("tok123", "unknown_key", "eval_results", "gsm8k_hard"))
    assert [(one["value"], one.get("unknown_key"), one.get("verifyToken")) for one in entries] == [
        (70, 7, None), (12, None, None),
    ]  # fmt: skip
    before = room.cards.get(uid).fields["evaluation"].shown
    assert room.cards.set_text(uid, text.replace("Sum.", "All.")).taken
    assert room.cards.get(uid).fields["evaluation"].shown == before
    assert room.cards.set_text(uid, room.cards.markdown(uid).replace("70", "71")).taken
    changed = room.cards.get(uid).fields["evaluation"].shown
    assert changed is not None
    assert [(row["value"], "unknown_key" in row.get("config", "")) for row in changed.data] == [(71, True), (12, False)]  # type: ignore[attr-defined]
    text, entries = _files(room, uid)
    assert "gsm8k_hard" not in text
    again = tmp_path / "again"
    (again / ".eval_results").mkdir(parents=True)
    (again / "README.md").write_text(text, "utf-8")
    (again / ".eval_results" / "gsm8k.yaml").write_text(yaml.safe_dump(entries), "utf-8")
    assert _files(room, _bring(room, again).uid) == (text, entries)
    room.cards.history.undo(uid)
    room.cards.history.undo(uid)
    room.cards.history.undo(uid)
    assert _files(room, uid) == (README, yaml.safe_load(ENTRY))
