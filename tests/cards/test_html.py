"""Cards as HTML: one file, nothing runs, nothing is fetched, everything is said; it prints through Qt as well."""

import base64
import dataclasses
import re
from html.parser import HTMLParser

import pytest
from lxml import etree
from PySide6.QtGui import QTextDocument

from forge_desktop.base.errors import ForgeError
from forge_desktop.cards.formats.charts import values
from forge_desktop.cards.formats.html import render
from forge_desktop.cards.formats.html_values import markdown_html
from forge_desktop.cards.records import Value
from forge_desktop.ui.card_text import preview_text
from tests.cards.samples import SHA, empty_card, full_card, many_rows, with_texts
from tests.cards.test_cyclonedx import KINDS
from tests.cards.test_plain import NASTY

OUTSIDE = ("src", "href", "srcset", "data", "action", "background", "poster")


class Page(HTMLParser):
    """What tags there are, where they point, and the text."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.points: list[tuple[str, str, str]] = []
        self.text = ""
        self.feed(data.decode())

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.points += [(tag, name, value or "") for name, value in attrs if name in OUTSIDE or name.startswith("on")]

    def handle_data(self, data):
        self.text += data

    def pictures(self) -> list[bytes]:
        return [
            base64.b64decode(value.partition(",")[2]) for _, name, value in self.points if name in ("src", "srcset")
        ]


def with_stale(card, key, why):
    state = card.fields[key]
    measured = dataclasses.replace(state.measured, stale=why)
    return dataclasses.replace(card, fields={**card.fields, key: dataclasses.replace(state, measured=measured)})


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_runs_and_nothing_is_fetched(kind):
    evil = '<img src="http://evil.example/x.png"> ![x](http://evil.example/y.png) [l](javascript:alert(1)) [f](file:///etc)'
    for card in (full_card(kind, intended_use=evil, safety=evil), with_texts(NASTY, kind), with_texts(evil, kind)):
        data = render(card)
        assert render(card) == data
        page = Page(data)
        assert not {"script", "link", "iframe", "object", "embed", "form", "base"} & set(page.tags)
        for tag, name, value in page.points:
            if tag == "a":
                assert value.startswith(("https://example.org/", "mailto:someone@example.org", "http://evil.example"))
            else:
                assert (tag, name) in {("img", "src"), ("source", "srcset")}
                assert value.startswith("data:image/svg+xml;base64,")
        for picture in page.pictures():
            etree.fromstring(picture)  # well-formed, whatever the texts hold
        assert not re.search(rb"[\x00-\x08\x0b-\x1f]", data)


def test_values_stand_with_where_they_are_from_and_what_is_stale():
    card = full_card("adapter", generation_speed={"p50": 50.0, "p95": 60.0})
    card = with_stale(card, "latency", "what was measured with engine build b9001, it is b9002 now")
    page = Page(render(card))
    for said in (
        "measured, 2026-09-21, n = 20, a computer with 8 cores",
        "1 value is stale",
        "Stale: what was measured with engine build b9001, it is b9002 now",
        "p50 50, p95 60 tokens/s",
        "measured: p50 41.8, p95 46.2 tokens/s",
        "94.4 MB (94,371,840 B)",
        "$0.15",
        "Does not apply: Nothing about people is decided by it.",
        "+0.13 [0.08, 0.18]",
        "Apache License 2.0",
    ):
        assert said in page.text, said
    light, dark = page.pictures()[1], page.pictures()[0]
    assert b"#ffffff" in light
    assert b"#ffffff" not in dark


def test_an_empty_card_says_what_is_missing():
    page = Page(render(empty_card("adapter")))
    assert "Unnamed card" in page.text
    assert "Missing: Name, Version, Provider, Base model" in page.text


def test_many_rows_are_all_there_in_table_and_charts():
    page = Page(render(full_card("adapter", evaluation=many_rows(200))))
    charts = b"".join(page.pictures()).decode()
    for number in (0, 99, 199):
        assert f"metric {number}" in page.text
        assert charts.count(f">metric {number} · set {number // 10}<") == 4  # values and differences, light and dark
    assert "part 7 of 7" in charts


def test_charts_keep_apart_what_is_on_another_scale_or_better_when_less():
    rows = [
        {"metric": "nll", "value": 0.9, "less_is_better": True},
        {"metric": "gain", "value": 0.3},
        {"metric": "mmlu", "value": 61.5, "dataset": "all"},
        {"metric": "mmlu", "value": 40.5, "dataset": "law"},
        {"metric": "elo", "value": 1200},
    ]
    charts = values(rows)
    assert [(chart.title, [bar.label for bar in chart.bars]) for chart in charts] == [
        ("Results, less is better", ["nll"]),
        ("Results", ["gain"]),
        ("Results: mmlu", ["mmlu · all", "mmlu · law"]),
        ("Results: elo", ["elo"]),
    ]


def test_no_two_bars_of_a_chart_are_called_the_same():
    long = "a-data-set-of-an-organisation-with-a-long-name"
    rows = [
        {"metric": "gain", "dataset": "a", "split": "test", "value": 0.1},
        {"metric": "gain", "dataset": "a", "split": "dev", "value": 0.2},
        {"metric": "gain", "dataset": "a", "split": "dev", "value": 0.25},
        {"metric": "f1", "dataset": f"{long}-1", "value": 0.3},
        {"metric": "f1", "dataset": f"{long}-2", "value": 0.4},
        {"metric": "f1", "dataset": f"{long}-1-{long}", "value": 0.5},
        {"metric": "f1", "dataset": f"{long}-2-{long}", "value": 0.6},
    ]
    (chart,) = values(rows)
    labels = [bar.label for bar in chart.bars]
    assert labels[:3] == ["gain · a · test", "gain · a · dev", "gain · a · dev · #2"]
    assert len(set(labels)) == len(rows)
    assert all(len(label) <= 38 for label in labels)
    assert labels[3].endswith("-1")


def test_numbers_beyond_all_measure_stay_short_and_within_the_picture():
    rows = [
        {"metric": "far", "value": 1e308, "dataset": "a"},
        {"metric": "far", "value": -1e308, "dataset": "b"},
        {"metric": "long", "value": 10**290},
    ]
    data = render(full_card("student", evaluation=rows, safety="| Risk | Done |\n|---|---|\n| a | b |"))
    page = Page(data)
    assert "1e+308" in page.text
    assert not re.search(r"\d{30}|(\d{3},){8}", page.text)
    pictures = b"".join(page.pictures()).decode()
    assert "1e+308" in pictures
    assert not re.search(r"nan|inf|\d{20}", pictures)
    assert 'scope="col"' in data.decode()
    assert not re.search("<th(?! scope=| [^>]*scope=)[ >]", data.decode())


def test_a_baseline_of_zero_is_told():
    page = Page(
        render(full_card("adapter", evaluation=[{"metric": "f1", "value": 0.5, "baseline": 0, "difference": 0.5}]))
    )
    assert "to 0" in page.text


def test_words_of_its_own_and_intervals_of_values_are_shown():
    rows = [{"metric": "nll", "value": 1.7, "low": 1.5, "high": 1.9, "revision": SHA}]
    card = full_card("student", evaluation=rows)
    text = "---\ncolour: green\n---\n# forge-v12\n\n<!-- a remark -->\n\n## Notes\n\nSome *more* <b>words</b>.\n"
    page = Page(render(dataclasses.replace(card, document=text)))
    for said in ("Further words of this card", "colour", "green", "Notes", "Some more <b>words</b>.", "1.7 [1.5, 1.9]"):
        assert said in page.text, said
    assert "a remark" not in page.text
    assert f"{SHA[:12]}…" in page.text
    assert b"1.7 [1.5, 1.9]" in b"".join(page.pictures())
    broken = Page(render(dataclasses.replace(card, document="---\n- a: [\n---\n")))
    assert "What else its text says cannot be read: Line" in broken.text


def test_comments_are_not_shown_and_code_is() -> None:
    text = "- **Regime:** bf16 <!--fp32, fp16\nor so-->\n\nUse `<!-- this -->`:\n"
    text += "\n```\n<!-- and that -->\n```\n<!-- gone -->\nEnd"
    for made in (markdown_html(text), preview_text(text)):
        assert "fp32" not in made
        assert "gone" not in made
        assert all(said in made for said in ("bf16", "this", "and that", "End"))
    assert preview_text("a <!-- b\n```\nc -->\nd") == "a \nd"


def test_numbers_that_are_none_are_refused():
    with pytest.raises(ForgeError, match="Training energy"):
        render(full_card("adapter", training_energy=float("inf")))


def test_it_prints_through_qt(qapp):
    document = QTextDocument()
    document.setHtml(render(full_card("adapter")).decode())
    text = document.toPlainText()
    assert "color-scheme" not in text
    assert "Difference to the baseline" in text
    assert text.count("\ufffc") >= 4  # the charts
    assert document.begin().blockFormat().headingLevel() == 1


def test_only_what_was_measured_is_called_that():
    card = full_card("student", summary="By hand.", safety="My words.", context=4096)
    shipped = {key: Value("Words that ship.", "", "measured", "shipped") for key in ("summary", "safety")}
    states = {key: dataclasses.replace(card.fields[key], measured=value) for key, value in shipped.items()}
    context = dataclasses.replace(card.fields["context"], measured=Value(8192, "tokens", "measured", "file"))
    page = Page(render(dataclasses.replace(card, fields={**card.fields, **states, "context": context})))
    assert "My words." in page.text
    assert "Words that ship." not in page.text  # the words of a person stand in their place
    assert "filled in: 8,192 tokens" in page.text
    assert "measured: 8,192" not in page.text


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_turns_the_direction_of_reading(kind):
    page = render(with_texts("a\u202egnp.exe \u2067b", kind)).decode()
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", page)
    assert "a\\u202egnp.exe \\u2067b" in page
