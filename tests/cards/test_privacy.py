"""What a card would give away: found in a real corpus, hidden, shown on a person's word; and what is no such thing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from forge_desktop.base.redacting import keep_secret
from forge_desktop.cards.privacy.privacy import Privacy
from forge_desktop.cards.records import Card, Leak
from forge_desktop.forge import Forge
from forge_desktop.providers.records import Rates
from tests.cards import libraries
from tests.cards.blank import card

pytestmark = pytest.mark.shared_child

DOCUMENTS = {
    "minutes-2026-03-12.md": "# Minutes of the tool library\n\nMarta Lindqvist opened the meeting. The budget was"
    " read by Otto Brandt.\n\nThe committee thanked Marta Lindqvist for the new shelves.",
    "Membership List.txt": "Members who lend hand tools: Pavel Novak, Ines Romero. Hand tools are kept for a while.",
    "handbook.md": "# Handbook for Volunteers\n\nEvery volunteer reads the handbook. Answers are short."
    " The gate is open.",
}


@pytest.fixture(scope="module")
def forge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forge]:
    """The application with a few documents and an endpoint that is nobody's vendor."""
    with libraries.over(DOCUMENTS, tmp_path_factory) as made:
        draft = made.providers.endpoints.draft("Ours", "https://llm.lindqvist-verlag.example/v1", "m")
        made.providers.prices.set(made.providers.endpoints.add(draft), Rates(1, 1))
        yield made


@pytest.fixture(scope="module")
def privacy(forge: Forge) -> Privacy:
    return Privacy(forge.students._around)


def found(privacy: Privacy, one: Card) -> dict[str, str]:
    """What was found, with its kind."""
    return {leak.text: leak.kind for leak in privacy.scan(one)}


def test_what_is_private_is_found_with_its_kind_and_field(privacy: Privacy) -> None:
    keep_secret("topsecret-of-this-process")
    one = card(
        "adapter",
        intended_use=(
            "Made from minutes-2026-03-12.md and the Membership List, kept in /home/ada/papers/2026"
            " and C:\\Users\\Marta L\\Desktop\\notes.docx, on \\\\nas\\club\\list.xlsx; see file:///srv/club/a.pdf"
            " and ~/club."
        ),
        limitations="Ask Marta Lindqvist, +49 170 1234567 or 030 12345678, marta@lindqvist.example; or Pavel Novak.",
        safety="The key is sk-abcdefgh12345678, the other topsecret-of-this-process, password: hunter2hunter2.",
        how_to_start="It answers at llm.lindqvist-verlag.example, 192.168.7.12:8080 and box.local.",
        contact="office@club.example",
        summary="By office@club.example, after “Handbook for Volunteers”.",
    )
    said = found(privacy, one)
    assert said == {
        "minutes-2026-03-12.md": "document",
        "Membership List": "document",
        "Handbook for Volunteers": "document",
        "/home/ada/papers/2026": "path",
        "C:\\Users\\Marta L\\Desktop\\notes.docx": "path",
        "\\\\nas\\club\\list.xlsx": "path",
        "file:///srv/club/a.pdf": "path",
        "~/club": "path",
        "Marta Lindqvist": "name",
        "Pavel Novak": "name",
        "+49 170 1234567": "address",
        "030 12345678": "address",
        "marta@lindqvist.example": "address",
        "sk-abcdefgh12345678": "key",
        "topsecret-of-this-process": "key",
        "hunter2hunter2": "key",
        "llm.lindqvist-verlag.example": "address",
        "192.168.7.12:8080": "address",
        "box.local": "address",
    }
    leaks = privacy.scan(one)
    assert {leak.field for leak in leaks if leak.kind == "key"} == {"safety"}
    assert all(leak.why.endswith(".") and leak.hidden == f"‹{leak.kind}›" for leak in leaks)
    why = next(leak.why for leak in leaks if leak.text == "Marta Lindqvist")
    assert why.startswith("It stands with capitals in ")


@pytest.mark.parametrize(
    "text",
    [
        "It reads 232.9 tokens/s and answers within 436 ms, at 8,192 tokens; see https://huggingface.co/home/x.",
        "Post to /v1/chat/completions; and/or use CPU/GPU. Released 12-03-2026 or 2026-03-12 under Apache License 2.0.",
        "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53 is the file's hash, 98,362,432 bytes.",
        "Hand Tools and Every Volunteer: Answers are short. The handbook says so, the budget too.",
        "Version 1.2.3.4 of 127.0.0.1 and localhost:8080. Call it with 10 20 30 40 50 60. Token limit: 512.",
        "Hugging Face made it. English and German. Monday, March 2026.",
    ],
)
def test_figures_and_ordinary_words_are_no_findings(privacy: Privacy, text: str) -> None:
    assert found(privacy, card("student", intended_use=text)) == {}


def test_what_the_card_is_about_is_public(privacy: Privacy) -> None:
    one = card("adapter", provider="Marta Lindqvist", intended_use="By Marta Lindqvist for the club.")
    assert found(privacy, one) == {}


def test_a_surname_alone_is_found_by_the_name_that_it_is_a_part_of(privacy: Privacy) -> None:
    (leak,) = privacy.scan(card("adapter", intended_use="It answers as Lindqvist would."))
    assert (leak.kind, leak.text) == ("name", "Lindqvist")
    assert "“Marta Lindqvist”" in leak.why


def test_unknown_keys_of_the_document_are_looked_at_once(privacy: Privacy) -> None:
    one = card("adapter", limitations="Ask Pavel Novak.", document="---\nowner: Otto Brandt\n---\nAsk Pavel Novak.\n")
    assert [(leak.field, leak.text) for leak in privacy.scan(one)] == [
        ("limitations", "Pavel Novak"),
        ("document", "Otto Brandt"),
    ]


def test_findings_are_hidden_and_shown_one_by_one(privacy: Privacy, forge: Forge) -> None:
    one = card("adapter", limitations="Ask Pavel Novak or Ines Romero.")
    with forge.students._around.db.write() as connection:
        connection.execute(
            "INSERT INTO cards (uid, kind, name, created, changed) VALUES ('card-1', 'adapter', 'x', 0, 0)"
        )
    leaks = privacy.scan(one)
    text = "Pavel Novak, Pavel\n  Novak and Ines Romero; Pavel Novakova not."
    assert privacy.redact(text, leaks) == "‹name›, ‹name› and ‹name›; Pavel Novakova not."
    privacy.reveal("card-1", leaks[0].finding, True)
    assert privacy.redact(text, privacy.scan(one)) == "Pavel Novak, Pavel\n  Novak and ‹name›; Pavel Novakova not."
    privacy.reveal("card-1", leaks[0].finding, False)
    assert not any(leak.revealed for leak in privacy.scan(one))


def test_what_json_and_html_spell_otherwise_is_hidden_too(privacy: Privacy) -> None:
    leak = Leak("f", "path", "x", "C:\\Ünal\\<a>.txt", "why", "‹path›")
    for spelt in (
        "C:\\Ünal\\<a>.txt",
        "C:\\\\Ünal\\\\<a>.txt",
        "C:\\\\\\u00dcnal\\\\<a>.txt",
        "C:\\Ünal\\&lt;a&gt;.txt",
    ):
        assert privacy.redact(f"({spelt})", [leak]) == "(‹path›)"


@pytest.mark.full
def test_a_corpus_of_100_000_documents_takes_no_longer(privacy: Privacy, forge: Forge, tmp_path: Path) -> None:
    rows = [
        (f"/papers/report-{n}.pdf".encode(), f"report-{n}.pdf", f"report-{n}.pdf\n/papers/report-{n}.pdf")
        for n in range(100_000)
    ]
    with forge.students._around.db.write() as connection:
        connection.executemany(
            "INSERT INTO documents (path, name, folded, format, state, added) VALUES (?, ?, ?, 'pdf', 'indexed', 0)",
            rows,
        )
    text = "\n".join(f"Line {n} of many words about nothing in particular, after report-{n}.pdf." for n in range(300))
    began = time.perf_counter()
    leaks = privacy.scan(card("adapter", intended_use=text))
    print(f"scanned {len(text):,} characters in {time.perf_counter() - began:.3f} s")
    assert len(leaks) == 300
