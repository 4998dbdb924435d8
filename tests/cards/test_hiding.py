"""What is hidden in a card leaves a text that can be read and says all the rest as it did."""

from __future__ import annotations

import base64
import dataclasses
import re
from collections.abc import Sequence

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forge_desktop.cards.formats.renderers import RENDERERS
from forge_desktop.cards.markdown.yaml_nodes import Node, compose
from forge_desktop.cards.privacy.front_matter import hidden_document
from forge_desktop.cards.privacy.hiding import everywhere, hidden
from forge_desktop.cards.privacy.redaction import redaction
from forge_desktop.cards.privacy.said import texts
from forge_desktop.cards.records import Leak
from tests.cards.blank import card

HOME = "/home/ada"
NAMES = ("Ottoline Vexhall", "Bartholomew Quigg", "Vexhall", "Quigg")


def leaks(*words: str, kind: str = "name") -> list[Leak]:
    return [Leak(word, kind, "document", word, "why.", f"‹{kind}›") for word in words]  # type: ignore[arg-type]


def left(front: str, found: Sequence[Leak] = (), body: str = "\n# A\n") -> str:
    """The front matter of a card without these findings, the persons' names by default."""
    found = found or leaks(*NAMES, "Ottoline_Vexhall")
    text = hidden_document(f"---\n{front}---\n{body}", redaction(found))
    return text.removeprefix("---\n").partition("---\n")[0]


@pytest.mark.parametrize(
    ("front", "said"),
    [
        ("foo: 'x Vexhall'\n", "foo: 'x ‹name›'\n"),
        ("foo: Ottoline\n  Vexhall # Quigg, it's\nb: 0755\n", "foo: ‹name› # ‹name›, it's\nb: 0755\n"),
        ("r: {Ottoline Vexhall: 3, Bartholomew Quigg: 4}\n", "r: {‹name›: 3, ‹name 2›: 4}\n"),
        ("r:\n  Vexhall: 3\n  ‹name›: 4\n", "r:\n  ‹name 2›: 3\n  ‹name›: 4\n"),
        ("a: &x {Vexhall: 3}\nb: {<<: *x, Quigg: 4}\n", "a: &x {‹name›: 3}\nb: {<<: *x, ‹name 2›: 4}\n"),
        ("a: &Ottoline_Vexhall x\nb: *Ottoline_Vexhall\n", "a: &hidden-1 x\nb: *hidden-1\n"),
        ('a: "\\x4fttoline \\U00000056exhall: x" # c\n', 'a: "‹name›: x" # c\n'),
        ('"k \\x56exhall": 1\n', '"k ‹name›": 1\n'),
        (
            "a: |\n    Mail Vexhall\n\n      then: rest\n\nb: 1.10\n",
            "a: |\n    Mail ‹name›\n\n      then: rest\n\nb: 1.10\n",
        ),
        ("a: >-  # of Quigg\n  Ottoline\n  Vexhall\nb: 1\n", "a: |-  # of ‹name›\n  ‹name›\nb: 1\n"),
        ("a: |  # of Quigg\n  Text\nb: 1\n", "a: |  # of ‹name›\n  Text\nb: 1\n"),
        ("# Vexhall\n# and Ottoline\n#  Vexhall\na: 1\n", "# ‹name›\n# and ‹name›\na: 1\n"),
        ("a: !!binary VmV4aGFsbCBrbm93cyBpdA==\n", "a: !!str ‹name›\n"),
        ("a: [b, Vexhall, 'c''s Quigg']\n", "a: [b, ‹name›, 'c''s ‹name›']\n"),
        ("a: 1_000 # as it was\nb: [x,  y, ] \n", "a: 1_000 # as it was\nb: [x,  y, ] \n"),
    ],
)
def test_front_matter_is_hidden_in_its_place_and_all_else_stays(front: str, said: str) -> None:
    assert left(front) == said
    assert left(front.replace("\n", "\r\n"), body="\r\n# A\r\n").replace("\r\n", "\n") == said
    compose(said)


def test_what_fits_nowhere_is_written_anew() -> None:
    key = "x" * 1010 + " Vexhall"
    said = left(
        f"{key}: 1.10\nb: {{c: 0755, d: Vexhall}}\n", [dataclasses.replace(leaks("Vexhall")[0], hidden="‹a name›")]
    )
    assert compose(said) is not None
    assert {"1.10", "0755", "‹a name›"} <= set(re.findall(r"[\w.]+|‹.*?›", said))


def test_private_names_of_facts_lose_no_row() -> None:
    one = card("adapter", preprocessing={"Ottoline Vexhall": 1, "Bartholomew Quigg": 2, "dedupe": True})
    shown = hidden(one, leaks(*NAMES), redaction)
    state = shown.fields["preprocessing"].hand
    assert state is not None
    assert state.data == {"‹name›": 1, "‹name 2›": 2, "dedupe": True}
    for name, made in RENDERERS.items():
        text = b"".join(made.files(shown).values()).decode()
        assert not re.search("Vexhall|Quigg|Ottoline|Barth", text), name
    assert everywhere([{"Vexhall": 1, "‹name›": 2}], lambda text: text.replace("Vexhall", "‹name›")) == [
        {"‹name 2›": 1, "‹name›": 2}
    ]


@pytest.mark.parametrize("licence", ["Vexhall", "MIT OR Vexhall", "MIT Vexhall", "Vexhall ()"])
def test_a_card_leaves_whatever_is_hidden_in_a_licence(licence: str) -> None:
    shown = hidden(card("adapter", licence=licence, licence_link="Vexhall"), leaks("Vexhall"), redaction)
    for name, made in RENDERERS.items():
        assert b"Vexhall" not in b"".join(made.files(shown).values()), name


def test_escapes_of_yaml_are_read_before_they_are_looked_at() -> None:
    front = (
        'a: "sk\\x2dproj-abcdefgh"\nb: "\\/home\\/ada\\/plan"\nc: "\\x4fttoline \\\n  Vexhall"\nd: \'it\'\'s\'\n'
        "password: hunter22\n# Quigg\ne: &Zwi x\nf: >\n  folded\n  words\n"
    )
    said = {one.text for one in texts(card("adapter", document=f"---\n{front}---\n# Body\n"))}
    assert {"sk-proj-abcdefgh", f"{HOME}/plan", "Ottoline Vexhall", "it's", " Quigg", "Zwi"} <= said
    assert {"folded words\n", "# Body\n"} <= said
    assert any("password: hunter22" in one for one in said)


@pytest.mark.parametrize("text", ['In "\\/home\\/ada\\/plan".', "In \\x2fhome\\U0000002fada\\x2fplan."])
def test_escapes_in_a_body_are_read_too(text: str) -> None:
    assert "ada" not in redaction(leaks(f"{HOME}/plan", kind="path"))(text)


def test_base64_is_read_and_hidden_as_a_whole() -> None:
    word = base64.b64encode(b"Ask Ottoline Vexhall of it, it is hers and has always been, whoever says what.").decode()
    wrapped = "\n".join(word[n : n + 44] for n in range(0, len(word), 44))
    short = base64.b64encode(b"Vexhall").decode()
    for text, want in (
        (f"See data:text/plain;base64,{short} or", "See data:text/plain;base64,‹name› or"),
        (f"x {word} y", "x ‹name› y"),
        (f"{word.rstrip('=')}.", "‹name›."),
        (f"\n{wrapped}\nrest", "\n‹name›\nrest"),
        (f"{word}\n{'again ' * 3}", f"‹name›\n{'again ' * 3}"),
    ):
        assert any("Vexhall" in one.text for one in texts(card("adapter", intended_use=text))), text
        assert redaction(leaks(*NAMES))(text) == want
    picture = base64.b64encode(bytes(range(256))).decode()
    assert redaction(leaks(*NAMES))(f"data:image/png;base64,{picture}").endswith(picture)


_WORDS = st.sampled_from(
    [*NAMES, "a", "it's", "b: c", "x # y", "- z", "007", "1.10", "yes", "ünï", "\t", "\n", "\\", '"', "{", "*"]
)
_TEXT = st.lists(_WORDS, min_size=1, max_size=4).map(" ".join)
_KEY = st.one_of(_TEXT, st.sampled_from(["k", "l", "m"]))
_VALUE = st.recursive(
    st.one_of(_TEXT, st.integers(), st.none(), st.booleans(), st.text(max_size=12)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_KEY, inner, max_size=3)),
    max_leaves=8,
)
_STYLES = st.sampled_from([None, "'", '"', "|", ">"])


@settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.dictionaries(_KEY, _VALUE, min_size=1, max_size=4), _STYLES, st.booleans(), st.data())
def test_whatever_is_hidden_the_rest_says_the_same(
    held: dict[str, object], style: str | None, flow: bool, data: st.DataObject
) -> None:
    front = yaml.safe_dump(
        {**held, "same": [held, held]},
        allow_unicode=data.draw(st.booleans()),
        default_style=style,
        default_flow_style=flow,
        width=30,
    )
    front = re.sub(r"&id001", "&Vexhall", front).replace("*id001", "*Vexhall")
    front = front if flow else f'# by Quigg: "x\n{front}# Vexhall\n'
    try:
        was = compose(front)
    except Exception:
        return
    assert was is not None
    parts = [node.text[n : n + 6] for node in _scalars(was) for n in (0, 1) if len(node.text) > 3]
    words = [*NAMES, *data.draw(st.lists(st.sampled_from(parts), max_size=3))] if parts else list(NAMES)
    found = [dataclasses.replace(one, hidden="‹?›") for one in leaks(*[" ".join(word.split()) for word in words])]

    over = redaction(found)
    now = compose(left(front, found))
    assert now is not None
    pairs = list(zip(_scalars(was), _scalars(now), strict=True))
    for one, other in pairs:
        if over(one.text) == one.text:
            assert (one.text, one.tag) == (other.text, other.tag)
        else:
            assert re.sub(r"‹\? \d+›", "‹?›", other.text) == over(one.text)


def _scalars(node: Node) -> list[Node]:
    if node.kind == "scalar":
        return [] if node.target else [node]
    return [one for held in (*node.items, *(side for pair in node.pairs for side in pair)) for one in _scalars(held)]
