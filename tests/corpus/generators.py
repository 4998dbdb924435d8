"""Documents of every format, all made from one story, and what must come out of them."""

from __future__ import annotations

import csv
import email.message
import email.policy
import html
import io
import json
import xml.sax.saxutils
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from hypothesis import strategies as st

from tests.corpus.conftest import pdf_bytes


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it; every paragraph, item, cell and line of code has a word "mk7" of its own."""

    title: str
    level: int
    paragraphs: tuple[str, ...]
    items: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    code: tuple[str, ...]


Story = tuple[Section, ...]


@dataclass(frozen=True)
class Made:
    """A file's bytes and what is to be found in it.

    `headings`, `pages` and `rows` say for a piece of text where it stands; `whole` are texts no passage may cut when
    they fit into it; `text` is the stored text where it is the file's own.
    """

    data: bytes
    headings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    whole: tuple[str, ...] = ()
    pages: Mapping[str, int] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)
    text: str | None = None


_WORDS = ["saw", "kettle", "Bench", "Größe", "naïve", "чайник", "Пила", "水壶", "مطرقة", "σφυρί", "3.5", "e.g.", "it's"]
_ASCII = [word for word in _WORDS if word.isascii()]


@st.composite
def stories(draw: st.DrawFn, *, ascii_only: bool = False) -> Story:
    """Up to four sections whose levels grow by one at most."""
    words = st.sampled_from(_ASCII if ascii_only else _WORDS)
    count = 0

    def piece(most: int) -> str:
        nonlocal count
        count += 1
        said = draw(st.lists(words, max_size=most))
        place = draw(st.integers(0, len(said)))
        return " ".join([*said[:place], f"mk{count}", *said[place:]])

    def pieces(number: int, most: int) -> tuple[str, ...]:
        return tuple(piece(most) for _ in range(draw(st.integers(0, number))))

    sections = []
    level = 0
    for _ in range(draw(st.integers(1, 4))):
        level = draw(st.integers(1, min(level + 1, 3)))
        width = draw(st.integers(2, 4))
        rows = tuple(tuple(piece(4) for _ in range(width)) for _ in range(draw(st.integers(0, 6))))
        title = piece(3).replace("e.g.", "eg")
        paragraphs = (piece(30), *pieces(3, 40))
        sections.append(Section(title, level, paragraphs, pieces(4, 12), rows, pieces(6, 8)))
    return tuple(sections)


STORY: Story = (
    Section(
        "Tools",
        1,
        ("The saw hangs on the wall mk1.", "It is sharp mk2."),
        ("glue mk3",),
        (("a mk4", "b mk5"),),
        ("x = mk6",),
    ),
    Section("Kitchen", 2, ("The kettle is blue mk7.",), ("cup mk8", "pot mk9"), (("c mk10", "d mk11"),), ("y = mk12",)),
)


def bodies(section: Section) -> Iterator[str]:
    """Everything below the section's heading."""
    yield from section.paragraphs
    yield from section.items
    for row in section.rows:
        yield from row
    yield from section.code


def paths(story: Story, title: Callable[[Section], str] = lambda section: section.title) -> dict[str, tuple[str, ...]]:
    """The headings above each piece."""
    found = {}
    above: list[tuple[int, str]] = []
    for section in story:
        while above and above[-1][0] >= section.level:
            above.pop()
        above.append((section.level, title(section)))
        found.update(dict.fromkeys(bodies(section), tuple(name for _, name in above)))
    return found


def _joined(blocks: list[str]) -> str:
    return "\n\n".join(block for block in blocks if block) + "\n"


def text(story: Story) -> Made:
    said = _joined([piece for section in story for piece in (section.title, *bodies(section))])
    return Made(said.encode(), text=said)


def _marked(story: Story, mark: str, before: str, after: str) -> Made:
    """Markdown and Org differ in how they mark a heading and what stands round code."""
    blocks, whole = [], []
    for section in story:
        items = [f"- {item}" for item in section.items]
        rows = ["| " + " | ".join(row) + " |" for row in section.rows]
        code = f"{before}\n" + "\n\n".join(section.code) + f"\n{after}"
        blocks += [f"{mark * section.level} {section.title}", *section.paragraphs]
        blocks += ["\n".join(items), "\n".join(rows), code]
        whole += [*items, *rows, code]
    said = _joined(blocks)
    return Made(said.encode(), headings=paths(story), whole=tuple(whole), text=said)


def markdown(story: Story) -> Made:
    return _marked(story, "#", "```", "```")


def page(story: Story) -> Made:
    parts, whole = [], []
    for section in story:
        parts.append(f"<h{section.level}>{section.title}</h{section.level}>")
        parts += [f"<p>{html.escape(paragraph)}</p>" for paragraph in section.paragraphs]
        parts.append("<ul>" + "".join(f"<li>{html.escape(item)}" for item in section.items) + "</ul>")
        rows = ["".join(f"<td>{html.escape(cell)}</td>" for cell in row) for row in section.rows]
        parts.append("<table>" + "".join(f"<tr>{row}</tr>" for row in rows) + "</table>")
        parts.append("<pre>" + html.escape("\n\n".join(section.code)) + "</pre>")
        whole += [*(f"- {item}" for item in section.items), *map(" | ".join, section.rows), "\n\n".join(section.code)]
    return Made("\n".join(parts).encode(), headings=paths(story), whole=tuple(whole))


def pdf(story: Story) -> Made:
    pages = [[section.title, *bodies(section)] for section in story]
    return Made(
        pdf_bytes(pages),
        pages={piece: number for number, section in enumerate(story, 1) for piece in section.items},
    )


def table(story: Story) -> Made:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    width = max((len(row) for section in story for row in section.rows), default=2)
    header = [f"Column{letter}" for letter in "ABCD"[:width]]
    rows = [[*row, *([""] * (width - len(row)))] for section in story for row in section.rows]
    writer.writerows([header, *rows])
    lines = [" | ".join(row) for row in rows]
    name = " | ".join(header)
    return Made(
        out.getvalue().encode(),
        headings=dict.fromkeys(lines, (name,)) if rows else {},
        whole=tuple(lines),
        rows={line: number for number, line in enumerate(lines, 2)},
    )


def records(story: Story) -> Made:
    value = {section.title: [{"says": piece} for piece in bodies(section)] for section in story}
    pieces = {piece: (section.title,) for section in story for piece in bodies(section)}
    return Made(json.dumps(value).encode(), headings=pieces, whole=tuple(f"says: {piece}" for piece in pieces))


def elements(story: Story) -> Made:
    parts = []
    for section in story:
        said = "".join(f"<says>{xml.sax.saxutils.escape(piece)}</says>" for piece in bodies(section))
        parts.append(f"<section><title>{section.title}</title>{said}</section>")
    pieces = {piece: (section.title,) for section in story for piece in bodies(section)}
    return Made(f"<?xml version='1.0'?><!DOCTYPE s>\n<s>{''.join(parts)}</s>".encode(), headings=pieces)


def message(story: Story) -> Made:
    return Made(_message(story).as_bytes(), headings=dict.fromkeys(_said(story), (story[0].title,)))


def mailbox(story: Story) -> Made:
    mails = [_message((section,)).as_bytes() for section in story]
    data = b"".join(b"From somebody@example.org Thu Jan  1 00:00:00 2026\n" + mail + b"\n\n" for mail in mails)
    return Made(data, headings={piece: (section.title,) for section in story for piece in _said((section,))})


def _said(story: Story) -> list[str]:
    return [piece for section in story for piece in bodies(section)]


def _message(story: Story) -> email.message.EmailMessage:
    mail = email.message.EmailMessage(policy=email.policy.default.clone(cte_type="8bit"))
    mail["From"], mail["To"], mail["Subject"] = "Ann <ann@example.org>", "bob@example.org", story[0].title
    mail.set_content("\n\n".join(_said(story)), charset="utf-8")
    mail.add_alternative("<p>not this one</p>", subtype="html")
    mail.add_attachment(b"bytes", maintype="application", subtype="pdf", filename="plan.pdf")
    return mail


def notebook(story: Story) -> Made:
    cells: list[dict[str, object]] = []
    for section in story:
        source = _joined([f"{'#' * section.level} {section.title}", *section.paragraphs, *section.items])
        cells.append({"cell_type": "markdown", "source": source.splitlines(keepends=True)})
        outputs = [{"output_type": "stream", "text": [f"{cell}\n" for row in section.rows for cell in row]}]
        cells.append({"cell_type": "code", "source": "\n\n".join(section.code), "outputs": outputs})
    return Made(
        json.dumps({"cells": cells, "nbformat": 4}).encode(),
        headings=paths(story),
        whole=tuple("\n\n".join(section.code) for section in story),
    )


def latex(story: Story) -> Made:
    names = {1: "section", 2: "subsection", 3: "subsubsection"}
    blocks, whole = [], []
    for section in story:
        items = [f"\\item {item}" for item in section.items]
        rows = [" & ".join(row) + " \\\\" for row in section.rows]
        code = "\\begin{verbatim}\n" + "\n\n".join(section.code) + "\n\\end{verbatim}"
        blocks += [f"\\{names[section.level]}{{{section.title}}}", *section.paragraphs, "\n".join(items)]
        blocks += ["\n".join(rows), code]
        whole += [*items, *rows, code]
    said = _joined(blocks)
    return Made(said.encode(), headings=paths(story), whole=tuple(whole), text=said)


def rst(story: Story) -> Made:
    # A level that has not been seen yet gets the next kind of line, so levels only count when they appear in order.
    blocks, whole = [], []
    for section in story:
        items = [f"* {item}" for item in section.items]
        code = "\n\n".join(f"   {line}" for line in section.code)
        rule = "=-~"[section.level - 1] * (len(section.title) + 8)
        blocks += [f"{section.title}\n{rule}", *section.paragraphs, "\n".join(items)]
        blocks += [*map(" ".join, section.rows), *(["Code::", code] if code else [])]
        whole += [*items, code.strip()]
    said = _joined(blocks)
    return Made(said.encode(), headings=paths(story), whole=tuple(whole), text=said)


def asciidoc(story: Story) -> Made:
    blocks, whole = [], []
    for section in story:
        items = [f"* {item}" for item in section.items]
        rows = ["|" + "|".join(row) for row in section.rows]
        code = "----\n" + "\n\n".join(section.code) + "\n----"
        blocks += [f"{'=' * section.level} {section.title}", *section.paragraphs, "\n".join(items)]
        blocks += ["\n".join(["|===", *rows, "|==="]), code]
        whole += [*items, *rows, code]
    said = _joined(blocks)
    return Made(said.encode(), headings=paths(story), whole=tuple(whole), text=said)


def org(story: Story) -> Made:
    return _marked(story, "*", "#+BEGIN_SRC", "#+END_SRC")


def code(story: Story) -> Made:
    parts, whole, headings = [], [], {}
    for number, section in enumerate(story):
        block = [f"    # {piece}" for piece in bodies(section)]
        parts.append("\n".join([f"def function_{number}(a, b):", *block, "    return a"]))
        whole.append(parts[-1])
        headings |= dict.fromkeys(bodies(section), (f"def function_{number}(a, b)",))
    said = _joined(parts)
    return Made(said.encode(), headings=headings, whole=tuple(whole), text=said)


# Suffix and maker of each format, by its name in parsers.PARSERS. A new format is one line here.
GENERATORS: dict[str, tuple[str, Callable[[Story], Made]]] = {
    "text": (".txt", text),
    "markdown": (".md", markdown),
    "html": (".html", page),
    "pdf": (".pdf", pdf),
    "csv": (".csv", table),
    "json": (".json", records),
    "xml": (".xml", elements),
    "email": (".eml", message),
    "mbox": (".mbox", mailbox),
    "notebook": (".ipynb", notebook),
    "latex": (".tex", latex),
    "rst": (".rst", rst),
    "asciidoc": (".adoc", asciidoc),
    "org": (".org", org),
    "code": (".py", code),
}
ASCII_ONLY = {"pdf"}  # the fonts that every reader brings along
