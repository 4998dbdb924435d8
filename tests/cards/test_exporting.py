"""Exports of cards: without what is private, never over other files, all of it or nothing."""

import dataclasses
import hashlib
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import Events
from forge_desktop.base.jobs import Jobs
from forge_desktop.cards.exporting import Exports
from forge_desktop.cards.formats import plain
from forge_desktop.cards.formats.renderers import RENDERERS
from forge_desktop.cards.privacy.hiding import hidden
from forge_desktop.cards.records import Leak
from tests.cards.samples import full_card, with_texts

SECRET = "/home/ada/Müller & Söhne"
LEAK = Leak("f1", "path", "summary", SECRET, "it is a path", "(a path)")


class Scan:
    """A privacy scan that knows one secret."""

    def scan(self, card):
        return [LEAK]

    def redaction(self, leaks):
        def over(text):
            for leak in leaks:
                text = text if leak.revealed else text.replace(leak.text, leak.hidden)
            return text

        return over


@pytest.fixture
def exports(tmp_path):
    jobs = Jobs(Events())
    (tmp_path / "data").mkdir()
    rooms = SimpleNamespace(jobs=jobs, data_dir=tmp_path / "data")
    card = dataclasses.replace(
        with_texts(f"before {SECRET} after"),
        label=SECRET,
        document=f"---\nown: {json.dumps(SECRET)}\n---\n\n# forge-v12\n\nA text with {SECRET}.\n",
    )
    yield Exports(rooms, Scan(), lambda name: card), jobs, card
    jobs.close()


@pytest.mark.parametrize("format", RENDERERS)
def test_what_is_private_stays_out_of_every_format(exports, format):
    made, _, card = exports
    for written in (
        made.render("v12", format),
        b"".join(RENDERERS[format].files(hidden(card, [LEAK], Scan().redaction)).values()),
    ):
        text = written.decode()
        for secret in (SECRET, json.dumps(SECRET)[1:-1], "anna", "Söhne", "S\\u00f6hne"):
            assert secret not in text
    assert made.render("v12", format) == made.render(card, format)


def test_revealed_it_is_all_there(exports):
    made, _, card = exports
    assert plain.read(made.render("v12", "json", revealed=True)) == card
    shown = dataclasses.replace(LEAK, revealed=True)
    assert hidden(card, [shown], Scan().redaction) is card


def test_files_are_written_counted_and_never_replaced(exports, tmp_path):
    made, jobs, _ = exports
    with pytest.raises(ForgeError, match="out is not there; nothing was written"):
        made.write("v12", list(RENDERERS), tmp_path / "out" / "deep")
    target = tmp_path / "out"
    done = jobs.wait(made.write("v12", list(RENDERERS), target))
    names = {"README.md", "card.cdx.json", "card.spdx.json", "card.json", "card.html"}
    assert names <= {path.name for path in target.iterdir()}
    assert {each.format for each in done} == set(RENDERERS)
    for each in done:
        content = Path(each.path).read_bytes()
        assert (each.bytes, each.sha256, each.hidden) == (len(content), hashlib.sha256(content).hexdigest(), 1)
    with pytest.raises(ForgeError, match="is there already; nothing was written"):
        jobs.wait(made.write("v12", ["html"], target))
    one = tmp_path / "one.html"
    one.write_text("mine")
    with pytest.raises(ForgeError, match="is there already"):
        jobs.wait(made.write("v12", ["html"], one))
    assert one.read_text() == "mine"
    jobs.wait(made.write("v12", ["html"], one, replace=True))
    assert one.read_bytes() == made.render("v12", "html")
    link = tmp_path / "link.html"
    link.symlink_to(one)
    for replace in (False, True):
        with pytest.raises(ForgeError, match=r"link\.html is a link; nothing was written"):
            jobs.wait(made.write("v12", ["html"], link, replace=replace))


def test_what_cannot_be_written_leaves_nothing(exports, tmp_path):
    made, jobs, _ = exports
    with pytest.raises(ForgeError, match="inside the data directory"):
        made.write("v12", ["json"], tmp_path / "data" / "card.json")
    with pytest.raises(ForgeError, match="no format called pdf"):
        made.write("v12", ["pdf"], tmp_path / "x")
    with pytest.raises(ForgeError, match="No format was chosen"):
        made.write("v12", [], tmp_path / "x")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ForgeError, match="is no directory"):
        jobs.wait(made.write("v12", ["json", "html"], tmp_path / "file"))
    target = tmp_path / "folder"
    target.mkdir()
    (target / "card.html").mkdir()
    with pytest.raises(ForgeError, match=r"card\.html is no file"):
        jobs.wait(made.write("v12", ["json", "html"], target, replace=True))
    assert [path.name for path in target.iterdir()] == ["card.html"]


def test_a_card_that_cannot_be_rendered_writes_nothing(exports, tmp_path):
    made, jobs, _ = exports
    with pytest.raises(ForgeError, match="Training energy"):
        jobs.wait(made.write(full_card("adapter", training_energy=float("nan")), ["markdown", "json"], tmp_path / "x"))
    assert not (tmp_path / "x").exists()
