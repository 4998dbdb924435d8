"""What is private is found and hidden however it is written, and however much stands before it."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

import pytest

from forge_desktop.cards.formats.renderers import RENDERERS
from forge_desktop.cards.privacy.privacy import Privacy
from forge_desktop.cards.records import Card
from forge_desktop.forge import Forge
from tests.cards import libraries
from tests.cards.blank import card

pytestmark = pytest.mark.shared_child

HOME = "/home"
DOCUMENTS = {
    "merger.md": "# Secret merger with Grauwolf Holding\n\nTadeusz Wrobel signs it, says marlene@brandauer.example."
    " A merger is secret until it is signed.\n\nMarlene Brandauer <marlene.brandauer@x.example> reads it, and keeps"
    f" it in {HOME}/marlene/wrobel and at https://brandauer.example/marlene.",
    "plan.html": "<html><head><title>Closing the plant in Oberhausen</title></head><body><p>It closes.</p></body>",
    "list.txt": "Present:\nGUNDULA ZWIEBELFISCH\nOttilie Kranewitter-Huber\nJosé Ángel Núñez\n",
    "Zwielicht.txt": "nothing of note",
    "circle.txt": "Line by line: nine bold lines, a nice bed, boxes and das Ziel.\n\nSiobhán Ní Dhálaigh.\n\n"
    "Gráinne Nic Craith.\n\nMaria das Neves.\n\nWilhelmine von und zu Tannenstolz.\n\nKarl-Theodor zum Eschenhoff.\n\n"
    "Li Na.\n\nBo Xi.\n\nBen Quillfeather.\n\nOttoline Vexhall.\n",
    "報告.txt": "作者：王小明\n\n本報告由李大华审核。\n",
    "تقرير.txt": "المؤلف: أحمد الزهراني\n\nسمير حداد\n",
    "報告書の秘密計画.txt": "x y z",
    "project bluefalcon acquisition.txt": "x y z",
    "Secret_Vault_Opening.md": "x y z",
}


@pytest.fixture(scope="module")
def forge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forge]:
    with libraries.over(DOCUMENTS, tmp_path_factory) as made:
        yield made


@pytest.fixture(scope="module")
def privacy(forge: Forge) -> Privacy:
    return Privacy(forge.students._around)


def left(privacy: Privacy, text: str) -> str:
    """What an export would still say of a text."""
    return privacy.redact(text, privacy.scan(card("adapter", intended_use=text)))


@pytest.mark.parametrize(
    "text",
    [
        "Ask Tadeusz Wr&#111;bel.",
        "Ask Tadeusz&nbsp;Wrobel.",
        "Ask Ta\u200bdeusz Wro\u00adbel.",
        "Ask Tadeusz **Wrobel**.",
        "Ask _Tadeusz_ <b>Wrobel</b>.",
        "Ask Wrobel Tadeusz or Wrobel, Tadeusz.",
        "Ask TADEUSZ WROBEL.",
        "Ask tadeusz wrobel.",
        "Ask tadeusz-wrobel.",
        "Ask Tadeusz J. Wróbel.",
        "Ask Gundula Zwiebelfisch.",
        "Ask gundula_zwiebelfisch.",
        "Ask Ｇundula Zwiebelfisch.",
        "Ask Ottilie Kranewitter and Jose Nunez, or Ottilie Kranewitter, Jose Nunez.",
        "Ask Jose Angel Nunez.",
        "Ask Marlene.",
        "Ask Siobhán Ní Dhálaigh.",
        "Ask Gráinne Nic Craith.",
        "Ask Maria das Neves.",
        "Ask Wilhelmine von und zu Tannenstolz.",
        "Ask Karl-Theodor zum Eschenhoff.",
        "Ask Li Na.",
        "Ask Bo Xi.",
        "Ask Ben Quillfeather.",
        "Ask Dhálaigh.",
        "Ask Eschenhoff.",
        "Ask Tannenstolz.",
        "Ottoline Vexhalls Bericht.",
        "Vexhalls Bericht.",
        "Ask Brandauer.",
        "It is on the secret merger with Grauwolf Holding now.",
        "SECRET MERGER WITH GRAUWOLF HOLDING",
        "Secret **merger** with&nbsp;Grauwolf\nHolding",
        "See closing the plant in Oberhausen, at length.",
        "It is about Zwielicht.",
        "It is in project_bluefalcon_acquisition and x_project_bluefalcon_acquisition.",
        "It is in project-bluefalcon-acquisition.txt.",
        "It is in Secret Vault Opening.",
        "It is in Secret Vault Opening.md and secret-vault-opening, secret-vault-opening.md.",
        "At %2Fhome%2Fottilie and a.b%40host.example or c.d%40host.",
        "The password=hunter2, pwd: Sommer2024, Passwort: Geheim123.",
        "Call 030 12345678 0170 1234567.",
        f"In {HOME}/ottilie/Secret Plan 2026.docx.",
        "由王小明编写，李大华审核。",
        "كتبه أحمد الزهراني أمس مع سمير حداد.",
        "これは報告書の秘密計画です。",
    ],
)
def test_other_writings_are_found_and_hidden(privacy: Privacy, text: str) -> None:
    said = left(privacy, text)
    assert "‹" in said
    private = (
        r"(?i)tadeusz|wr[oó]bel|Wr&|gundula|zwiebel|ottilie|kranewitter|jos[eé]|nunez|marlene|brandauer|grauwolf|merger"
        r"|dh[aá]laigh|craith|neves|tannen|eschen|\bna\b|\bxi\b|quill|vexhall|bluefalcon|vault|plant|zwielicht|host|hunter2|sommer|geheim|\d{4}|plan|王|李|大华|أحمد|الزهراني|سمير|حداد|秘密"
    )
    assert not re.search(private, said), said


@pytest.mark.parametrize(
    "text",
    [
        "A merger is secret, and the plant closes. Present it in a list; the host has 512 tokens. Token limit: 512.",
        "Password: none. See recall@10, p50@512, a*b*c, m_y_name, 100%25, C:\\_x is no name. Nothing of note: x y z.",
        "Secret Merger. Closing. It closes, she reads it.",
    ],
)
def test_ordinary_words_stay(privacy: Privacy, text: str) -> None:
    leaks = [leak for leak in privacy.scan(card("adapter", intended_use=text)) if leak.kind != "path"]
    assert leaks == []


def test_nothing_is_left_out_of_a_long_card(privacy: Privacy, forge: Forge) -> None:
    rows = [
        {"dataset": f"Dataset{chr(97 + n % 26)}{chr(97 + n // 26)} Bench{chr(97 + n % 26)}", "value": n}
        for n in range(210)
    ]
    rows.append({"dataset": "Gundula Zwiebelfisch", "value": 1})
    one = card("adapter", evaluation=rows, limitations="Ask Tadeusz Wrobel.")
    found = {leak.text for leak in privacy.scan(one)}
    assert {"Gundula Zwiebelfisch", "Tadeusz Wrobel"} <= found
    hidden, _ = forge.cards.exports._as_it_leaves(one, False)
    for made in RENDERERS.values():
        for name, held in made.files(hidden).items():
            assert not re.search(r"(?i)gundula|zwiebelfisch|wrobel", name + held.decode()), name


def test_what_stands_in_base64_is_found_and_hidden(privacy: Privacy) -> None:
    word = base64.b64encode(b"Tadeusz Wrobel").decode()
    path = base64.b64encode(f"Ask Tadeusz Wrobel in {HOME}/ottilie/x".encode()).decode()
    text = f"![x](data:text/plain;base64,{word}) and {path}"
    assert left(privacy, text) == "![x](data:text/plain;base64,‹name›) and ‹path›"


def test_front_matter_says_a_password_by_its_key(privacy: Privacy) -> None:
    one = card("adapter", document='---\npassword: hunter22\nx: "pwd=\\x68unter23"\n---\n')
    assert {leak.text for leak in privacy.scan(one)} == {"hunter22", "hunter23"}


def test_a_name_in_the_cards_own_name_is_told_and_hidden(privacy: Privacy, forge: Forge) -> None:
    front = "x_author: Marlene Brandauer\ntags:\n- marlene-brandauer"
    document = f"---\n{front}\n---\n# For Marlene Brandauer\n"
    one = card("adapter", name="For Marlene Brandauer", tags=["marlene-brandauer"], document=document)
    leaks = privacy.scan(one)
    (own,) = [leak for leak in leaks if leak.field == "name"]
    assert own.text == "Marlene Brandauer"
    assert own.why.endswith("It is a part of the card's own name.")
    assert any(leak.field == "tags" for leak in leaks)
    hidden: Card = forge.cards.exports._as_it_leaves(one, False)[0]
    for made in RENDERERS.values():
        for held in made.files(hidden).values():
            assert not re.search(r"(?i)marlene|brandauer", held.decode())


def test_a_name_in_a_licence_of_ones_own_is_found(privacy: Privacy) -> None:
    one = card("adapter", licence="other", licence_name="tadeusz-wrobel-license", licence_link="https://x.example/a")
    assert [(leak.kind, leak.field) for leak in privacy.scan(one)] == [("name", "licence_name")]


def test_a_hidden_path_keeps_the_cells_of_its_table(privacy: Privacy) -> None:
    row = f"| {HOME}/ada/x\\|y | 2 | keep |"
    assert left(privacy, row).replace("\\|", "").count("|") == row.replace("\\|", "").count("|")
