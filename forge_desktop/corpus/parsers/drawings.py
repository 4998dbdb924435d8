"""What charts and diagrams in office files say: titles, series and categories; the text of SmartArt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from forge_desktop.corpus.parsers.composing import Composer
from forge_desktop.corpus.parsers.office import OfficeFile, Relation, descendants, inner, local, one_line

_POINTS = 1000  # of a chart's series; the data behind larger ones is in its spreadsheet


def named_parts(element: Any) -> list[str]:
    """The relation ids of the charts and diagrams inside a drawing."""
    found = []
    for child in element.iter("{*}chart", "{*}relIds"):
        wanted = "id" if local(child) == "chart" else "dm"
        found += [text for key, text in child.attrib.items() if key.rpartition("}")[2] == wanted]
    return found


def add_part(package: OfficeFile, relation: Relation | None, lines: Composer) -> None:
    """The text of one chart or diagram; nothing when it is missing or of another kind."""
    if relation is None or not package.has(relation.target):
        return
    if relation.kind == "chart":
        for number, row in enumerate(_chart_rows(package.xml(relation.target))):
            lines.add(row, close=number > 0, whole=True)
    elif relation.kind == "diagramData":
        for number, point in enumerate(descendants(package.xml(relation.target), "pt")):
            lines.add("- " + text if (text := one_line(drawn_text(point))) else "", close=number > 0, whole=True)


def drawn_text(element: Any) -> str:
    """Paragraphs of drawing text (slides, shapes, charts), one a line."""
    return "\n".join(text for paragraph in descendants(element, "p") if (text := _paragraph(paragraph)).strip())


def _paragraph(paragraph: Any) -> str:
    parts = []
    for piece in paragraph.iter("{*}t", "{*}br", "{*}tab"):
        parts.append({"br": "\n", "tab": "\t"}.get(local(piece)) or piece.text or "")
    return "".join(parts)


def _chart_rows(root: Any) -> Iterator[str]:
    """The chart's titles, then one row a category with every series' value, as in the table behind it."""
    titles = [one_line(drawn_text(title)) for title in descendants(root, "title")]
    yield "Chart: " + " | ".join(title for title in titles if title)
    names: list[str] = []
    values: dict[int, list[str]] = {}
    labels: dict[int, str] = {}
    for number, series in enumerate(descendants(root, "ser")):
        name = inner(series, "tx")
        names.append("" if name is None else one_line(" ".join(v.text or "" for v in descendants(name, "v"))))
        labels = {**_points(series, "cat"), **_points(series, "xVal"), **labels}
        for index, point in {**_points(series, "val"), **_points(series, "yVal")}.items():
            row = values.setdefault(index, [])
            row += [""] * (number - len(row)) + [point]
    if any(names):
        yield " | ".join(["", *names] if labels else names).strip(" |")
    for index in sorted({*labels, *values}):
        yield " | ".join([labels.get(index, ""), *values.get(index, [])]).strip(" |")


def _points(series: Any, name: str) -> dict[int, str]:
    """The cached points of one side of a series, by their index."""
    side = inner(series, name)
    found: dict[int, str] = {}
    for point in descendants(side, "pt") if side is not None else ():
        text = one_line("".join(v.text or "" for v in descendants(point, "v")))
        index = point.get("idx") or ""
        if text and index.isdecimal() and len(found) < _POINTS:
            found.setdefault(int(index), text)
    return found
