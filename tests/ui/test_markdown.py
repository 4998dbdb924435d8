"""Messages drawn from Markdown: the growing text, citations, marks, and that no text makes the window load a thing."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QGuiApplication, QTextCharFormat, QTextCursor, QTextFragment, QTextTable
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from forge_desktop.ui import theme
from forge_desktop.ui.widgets.markdown_source import SentenceMark, annotate, final_length
from forge_desktop.ui.widgets.markdown_view import MarkdownView, ask_before_opening

GOLDEN = """## Findings about retention

The **retention window** for invoices is seven years, counted from the *end of the fiscal year*. See the
[policy page](https://example.org/policy), and `archive.toml` for the ~~old~~ form.

- Invoices: keep seven years
- Payroll: keep ten years
  - nested `inline code` and **bold**

    a second paragraph of the item

    ```sh
    ls -la
    ```
- Contracts

3. Export the ledger
4. Compare the digests

```python
def purge(rules: list[Rule], today: int) -> list[str]:
    # only rules that are over
    return [f"{r.kind}:{today - r.years}" for r in rules if r.years < 10]
```

| Class | Years | Source |
|---|---:|---|
| Invoice | 7 | policy.pdf |
| Payroll | 10 | hr-handbook.md |

> The auditor asked for a list
> of every purge.

---

Setext heading
--------------

Last paragraph with a hard\\
break and an emoji 🧰, then مرحبا.
"""


@pytest.fixture
def view(qtbot: QtBot, qapp: QApplication) -> Iterator[MarkdownView]:
    theme.apply(qapp, "light")
    window = QWidget()
    qtbot.addWidget(window)
    made = MarkdownView(window)
    made.resize(700, 400)
    window.resize(720, 500)
    window.show()
    yield made
    window.close()  # the view lives as long as its window


def stream(view: MarkdownView, text: str, sizes: list[int]) -> None:
    at = turn = 0
    while at < len(text):
        size = sizes[turn % len(sizes)]
        view.append(text[at : at + size])
        view.flush()
        at, turn = at + size, turn + 1


def drawn(view: MarkdownView) -> str:
    return view.document().toHtml()


def fragments(view: MarkdownView) -> list[QTextFragment]:
    found = []
    block = view.document().begin()
    while block.isValid():
        iterator = block.begin()
        while not iterator.atEnd():
            found.append(iterator.fragment())
            iterator += 1
        block = block.next()
    return found


@pytest.mark.parametrize("sizes", [[1], [4], [7, 1, 30], [64], [10_000]])
def test_a_streamed_text_ends_as_the_whole_one_drawn_at_once(
    view: MarkdownView, qtbot: QtBot, sizes: list[int]
) -> None:
    whole = MarkdownView(view.parentWidget())
    whole.resize(700, 400)
    whole.set_markdown(GOLDEN)
    stream(view, GOLDEN, sizes)
    assert drawn(view) == drawn(whole)
    assert view.code(1).startswith("def purge")


LINES = ["- a", "* b", "1. one", "2. two", "", "text", "  indented", "    deep", "> q", "```", "~~~", "| a | b |"]
LINES += ["|---|---|", "# h", "---", "===", "*", "-", "1", "**b** `c`", "- [x](y)", "<b>", "&amp;", "\t- t", ""]


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lines=st.lists(st.sampled_from(LINES), max_size=14),
    seed=st.integers(0, 999),
)
def test_no_text_is_drawn_differently_for_having_been_streamed(view: MarkdownView, lines: list[str], seed: int) -> None:
    text = "\n".join(lines)
    view.set_markdown("")
    chance = random.Random(seed)
    at = 0
    while at < len(text):
        size = chance.choice([1, 2, 5, 40])
        view.append(text[at : at + size])
        view.flush()
        at += size
    streamed, streamed_codes = drawn(view), list(view._codes)
    view.set_markdown("x")
    view.set_markdown(text)
    assert (streamed, streamed_codes) == (drawn(view), view._codes)


def test_only_the_tail_is_drawn_again(view: MarkdownView) -> None:
    stream(view, GOLDEN, [200])
    begin = view.document().begin()
    revisions = [begin.revision(), begin.next().revision()]
    view.append("\nand more text")
    view.flush()
    assert [begin.revision(), begin.next().revision()] == revisions


def test_the_final_part_never_shrinks() -> None:
    final = 0
    for end in range(len(GOLDEN)):
        length = final_length(GOLDEN[:end])
        assert length >= final
        final = length
    assert final > len(GOLDEN) // 2


def test_structure_becomes_qt_structure(view: MarkdownView) -> None:
    view.set_markdown(GOLDEN)
    block, levels, lists = view.document().begin(), [], 0
    while block.isValid():
        if level := block.blockFormat().headingLevel():
            levels.append((level, block.text()))
        lists += block.textList() is not None
        block = block.next()
    assert levels == [(2, "Findings about retention"), (2, "Setext heading")]
    assert lists == 6
    tables = [f for f in view.document().rootFrame().childFrames() if isinstance(f, QTextTable)]
    assert [(t.rows(), t.columns()) for t in tables] == [(2, 2), (2, 2), (3, 3), (1, 2), (1, 1)]
    assert tables[2].cellAt(2, 0).firstCursorPosition().block().text() == "Payroll"
    assert tables[2].cellAt(0, 0).format().background().color().name() == theme.current().code_bg.lower()


def test_a_quotation_keeps_away_from_its_bar(view: MarkdownView) -> None:
    view.set_markdown("Before\n\n> Quoted\n>\n> twice")
    table = next(f for f in view.document().rootFrame().childFrames() if isinstance(f, QTextTable))
    bar, quoted = table.cellAt(0, 0), table.cellAt(0, 1).firstCursorPosition().block()
    assert bar.format().background().color().name() == theme.current().control_border.lower()
    layout = view.document().documentLayout()
    assert layout.blockBoundingRect(quoted).left() >= 12
    assert layout.blockBoundingRect(quoted.next()).left() == layout.blockBoundingRect(quoted).left()


HOSTILE = """![x](http://127.0.0.1:9/a.png) ![y](file:///etc/passwd) ![z](/etc/passwd) ![w](//host/share/x.png)

<img src="http://127.0.0.1:9/b.png"> <link rel="stylesheet" href="file:///etc/passwd"> <script>alert(1)</script>

[ref]: http://127.0.0.1:9/c.png
![r][ref] [js](javascript:alert(1)) [file](file:///etc/passwd) <http://127.0.0.1:9/d>

| ![t](http://127.0.0.1:9/e.png) | <table background="http://127.0.0.1:9/f.png"> |
|---|---|
| &lt;img src=x&gt; | ![u](data:image/png;base64,AAAA) |
"""


class Watched(MarkdownView):
    """Counts what Qt asks it to load and what it gets."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.given = 0
        super().__init__()

    def loadResource(self, kind: int, name: QUrl | str) -> object:  # noqa: N802 - Qt's name
        self.asked.append(str(name))
        answer = super().loadResource(kind, name)
        self.given += answer is not None
        return answer


def test_hostile_text_loads_nothing(qtbot: QtBot, qapp: QApplication) -> None:
    view = Watched()
    qtbot.addWidget(view)
    view.resize(600, 400)
    view.show()
    view.set_markdown(HOSTILE)
    view.grab()
    stream(view, HOSTILE, [3])
    view.grab()
    assert view.given == 0
    assert view.asked == []  # nothing in the document even asks
    text = view.document().toPlainText()
    assert '<img src="http://127.0.0.1:9/b.png">' in text  # raw HTML stays text
    assert "[picture: x]" in text
    hrefs = {f.charFormat().anchorHref() for f in fragments(view) if f.charFormat().isAnchor()}
    assert hrefs == {"url:http://127.0.0.1:9/d"}
    assert view.loadResource(2, QUrl("file:///etc/passwd")) is None  # whoever asks
    assert not view.openLinks()


def mark(text: str, sentence: str, *sources: int) -> SentenceMark:
    start = text.index(sentence)
    return SentenceMark(start, start + len(sentence), sources, unsupported=not sources)


def test_chips_stand_behind_their_sentences(view: MarkdownView) -> None:
    text = "Kept for **seven years**. Two approvals are *needed.* And this is made up.\n\n- one item\n- two\n"
    marks = [
        mark(text, "Kept for **seven years**.", 1),
        mark(text, "Two approvals are *needed.*", 2, 11),
        mark(text, "And this is made up."),
        mark(text, "- one item", 3),
    ]
    view.set_markdown(text, marks, {1: "policy.pdf, Page 4"})
    assert [f.charFormat().anchorHref() for f in fragments(view) if f.charFormat().isAnchor()] == [
        "cite:1",
        "cite:2",
        "cite:11",
        "cite:3",
    ]
    view.selectAll()
    plain = view.selected_text()
    assert "Kept for seven years [1]. Two approvals are needed. [2]\u2009[11] And this is made up." in plain
    assert "one item [3]\n" in plain
    chip = next(f for f in fragments(view) if f.charFormat().anchorHref() == "cite:1")
    assert chip.charFormat().toolTip() == "policy.pdf, Page 4"
    bold = next(f for f in fragments(view) if f.text() == "seven years")
    assert bold.charFormat().fontWeight() >= 600
    dotted = [f.text() for f in fragments(view) if is_dotted(f)]
    assert "".join(dotted) == "And this is made up."


def is_dotted(fragment: QTextFragment) -> bool:
    return fragment.charFormat().underlineStyle() == QTextCharFormat.UnderlineStyle.DotLine


def test_marks_survive_tables_code_and_addresses(view: MarkdownView) -> None:
    text = (
        "| Class | Years |\n|---|---|\n| Payroll | 10 |\n\n"
        "See [it](https://example.org/a.b) and `x. y` now.\n\n```\ncode. here\n```\n"
    )
    row = text.index("| Payroll | 10 |")
    link = text.index("https://example.org/a.")
    code = text.index("`x. y`")
    marks = [
        SentenceMark(row, row + len("| Payroll | 10 |"), (4,)),
        SentenceMark(text.index("See"), link + len("https://example.org/a."), (5,), True),
        SentenceMark(code, code + 3, (6,)),
    ]
    view.set_markdown(text, marks)
    table = next(f for f in view.document().rootFrame().childFrames() if isinstance(f, QTextTable))
    assert "4" in table.cellAt(1, 1).firstCursorPosition().block().text()
    hrefs = [f.charFormat().anchorHref() for f in fragments(view) if f.charFormat().isAnchor()]
    assert "url:https://example.org/a.b" in hrefs
    assert view.code(0) == "code. here"
    assert "\ue000" not in view.document().toPlainText()


def test_the_text_cannot_forge_our_marks(view: MarkdownView) -> None:
    view.set_markdown("a \u2e31\ue0007\u2e31 b", [SentenceMark(0, 1, (1,))])
    hrefs = [f.charFormat().anchorHref() for f in fragments(view) if f.charFormat().isAnchor()]
    assert hrefs == ["cite:1"]
    assert annotate("plain", []) == "plain"


def test_a_chip_is_reached_and_opened_by_keyboard(view: MarkdownView, qtbot: QtBot) -> None:
    view.set_markdown("One. Two.", [SentenceMark(0, 4, (3,))])
    view.setFocus()
    qtbot.keyClick(view, Qt.Key.Key_Tab)
    with qtbot.waitSignal(view.cited) as cited:
        qtbot.keyClick(view, Qt.Key.Key_Return)
    assert cited.args == [3]


def test_code_is_copied_as_it_was(view: MarkdownView, qtbot: QtBot) -> None:
    view.set_markdown("```python\nif a < b:\n\treturn '&'\n```\n")
    with qtbot.waitSignal(view.copied):
        view.anchorClicked.emit(QUrl("copy:0"))
    assert QGuiApplication.clipboard().text() == "if a < b:\n\treturn '&'"
    colours = {f.text(): f.charFormat().foreground().color().name() for f in fragments(view)}
    assert colours["if"] == theme.current().code_keyword.lower()


def test_an_unknown_language_is_plain(view: MarkdownView) -> None:
    view.set_markdown("```no-such-language\nx = 1\n```")
    assert view.code(0) == "x = 1"


def test_another_theme_draws_again(view: MarkdownView, qapp: QApplication) -> None:
    view.set_markdown("Hello `code`")
    light = fragments(view)[0].charFormat().foreground().color().name()
    theme.apply(qapp, "dark")
    dark = fragments(view)[0].charFormat().foreground().color().name()
    theme.apply(qapp, "light")
    assert (light, dark) == (theme.LIGHT.text.lower(), theme.DARK.text.lower())
    assert fragments(view)[0].charFormat().foreground().color().name() == light


def test_height_follows_the_text(view: MarkdownView) -> None:
    view.set_markdown("one line")
    low = view.height()
    view.append("\n\nanother paragraph\n\nand one more")
    view.flush()
    assert view.height() > low * 2
    assert view.height() >= view.document().size().height()


def test_no_long_word_is_clipped(view: MarkdownView) -> None:
    view.set_markdown("x" * 500 + "\n\n```\n" + "y" * 500 + "\n```\n\n| a |\n|---|\n| " + "z" * 300 + " |\n")
    assert view.document().idealWidth() <= view.viewport().width() + 1


def test_links_outside_are_asked_about_with_their_host(qtbot: QtBot, view: MarkdownView) -> None:
    view.set_markdown("[here](https://xn--bcher-kva.example/path)")
    parent = QWidget()
    qtbot.addWidget(parent)
    with qtbot.waitSignal(view.outside) as outside:
        view.anchorClicked.emit(QUrl(fragments(view)[0].charFormat().anchorHref()))
    box = ask_before_opening(outside.args[0], parent)
    assert box is not None
    assert "xn--bcher-kva.example" in box.text()
    assert box.textFormat() == Qt.TextFormat.PlainText
    box.reject()
    for refused in ("file:///etc/passwd", "javascript:alert(1)", "smb://host/x", ""):
        assert ask_before_opening(QUrl(refused), parent) is None


def test_a_plain_text_is_not_read_as_markdown(view: MarkdownView) -> None:
    view.set_plain("# not a heading\n<b>not bold</b>")
    assert view.document().toPlainText() == "# not a heading\n<b>not bold</b>"
    cursor = QTextCursor(view.document())
    assert cursor.blockFormat().headingLevel() == 0
