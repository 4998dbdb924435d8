"""Every format on long cards as people write them, and on the starter's own card as it is filled here."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from forge_desktop.cards.formats import plain
from forge_desktop.cards.formats.reading import read_json
from forge_desktop.cards.formats.renderers import RENDERERS
from forge_desktop.cards.markdown import read
from forge_desktop.cards.records import Card
from tests.cards.conftest import CardRoom
from tests.cards.markdown_cards import KIND_OF, card_of, good, text_of
from tests.cards.test_html import Page
from tests.cards.test_spdx import valid

CDX = JsonStrictValidator(SchemaVersion.V1_7)


def shown(card: Card) -> Mapping[str, tuple[object, str]]:
    return {key: (state.shown.data, state.shown.unit) for key, state in card.fields.items() if state.shown}


def hold(card: Card) -> None:
    """The card leaves in every format, the same each time, valid, and comes back value for value."""
    written = {name: made.render(card) for name, made in RENDERERS.items()}
    assert written == {name: made.render(card) for name, made in RENDERERS.items()}
    assert CDX.validate_str(written["cyclonedx"].decode()) is None
    valid(written["spdx"])
    assert plain.read(written["json"]) == card
    for name in ("cyclonedx", "spdx"):
        back = read_json(written[name])
        assert (back.kind, back.document) == (card.kind, card.document)
        assert {key: (value.data, value.unit) for key, value in back.values.items()} == shown(card)
    page = Page(written["html"])
    assert "script" not in page.tags
    again = read(written["markdown"].decode(), card.kind)
    assert again.values.keys() == shown(card).keys()


@pytest.mark.parametrize("path", good(), ids=lambda path: path.stem)
def test_cards_as_people_write_them(path: Path) -> None:
    kind = KIND_OF.get(path.name, "student")
    hold(card_of(read(text_of(path), kind), kind))


def test_the_starters_card_as_it_is_filled(room: CardRoom) -> None:
    room.forge.jobs.wait(room.cards.fill("v1"), timeout=60)
    card = room.cards.get("v1")
    assert len(card.fields) > 20
    written = {name: room.cards.exports.render("v1", name) for name in RENDERERS}
    assert CDX.validate_str(written["cyclonedx"].decode()) is None
    valid(written["spdx"])
    assert json.loads(written["json"])["fields"]["architecture"]["measured"]["source"] == "file"
    assert "Apache License 2.0" in Page(written["html"]).text
    hold(card)


def test_nothing_private_leaves_in_any_format(open_cards: Callable[[], CardRoom], tmp_path: Path) -> None:
    documents = tmp_path / "documents"
    documents.mkdir()
    (documents / "Quarrel with Mrs Vandersloot.md").write_text("# The quarrel\n\nA text.\n")
    room = open_cards()
    room.forge.jobs.wait(room.forge.corpus.index([documents]), timeout=60)
    secrets = (
        "/home/ada/models/secret.gguf",
        "C:\\Users\\anna\\private\\x.txt",
        "sk-abcdefghijklmnopqrstuvwxyz0123456789ABCDEF",
        "Quarrel with Mrs Vandersloot.md",
    )
    told = " and ".join(secrets)
    card = room.cards.new("student", "Leaky").uid
    room.cards.set(card, "limitations", f"It knows {told}.")
    room.cards.set(card, "tags", list(secrets))
    room.cards.set(card, "summary", f"Says {secrets[0]}")
    text = room.cards.markdown(card)
    front, _, rest = text.removeprefix("---\n").partition("---\n")
    room.cards.set_text(card, f"---\n{front}own_key: {json.dumps(told)}\n---\n{rest}\n## Notes\n\n{told}\n")
    assert "own_key" in room.cards.get(card).document
    target = tmp_path / "out"
    done = room.forge.jobs.wait(room.cards.exports.write(card, list(RENDERERS), target))
    assert min(each.hidden for each in done) >= len(secrets)
    for path in (each for each in target.rglob("*") if each.is_file()):
        content = path.read_text(encoding="utf-8")
        for secret in (*secrets, *(json.dumps(each)[1:-1] for each in secrets), "anna", "Vandersloot"):
            assert secret not in content, (path.name, secret)
    assert read((target / "README.md").read_text(encoding="utf-8"), "student").keys.keys() >= {"own_key"}
    revealed = room.cards.exports.render(card, "json", revealed=True).decode()
    assert all(json.dumps(secret)[1:-1] in revealed for secret in secrets)
