"""Charts of a card's figures as SVG pictures within the HTML: one for light paper, one for a dark screen."""

from __future__ import annotations

import base64
import itertools
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from forge_desktop.cards.formats.html_tables import plain_text
from forge_desktop.cards.records import Value
from forge_desktop.cards.told_beside import in_words

_ROWS_IN_ONE, _STEP = 12, 22  # so that three pictures fit on a page
_MANY, _MANY_IN_ONE, _CLOSE = 48, 30, 14  # bars from which on they stand close, so that sixty fit on a page
_WIDTH, _LEFT, _RIGHT, _TOP = 680, 220, 170, 30
_LABEL = 34
_CALLED = ("metric", "dataset")
_APART = ("task", "split", "revision", "config", "baseline", "source", "date")
_NOT_XML = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True)
class _Ink:
    paper: str
    text: str
    faint: str
    bar: str


_INKS = (_Ink("#ffffff", "#1b1f2a", "#c3c8d4", "#4f46e5"),
         _Ink("#14161c", "#e7e9ef", "#474e5f", "#8b93f8"))  # fmt: skip


@dataclass(frozen=True)
class Scale:
    """What may stand on one axis: figures of one unit, all better when more or all better when less. Without a unit
    `metric` says which they are, "" for what could be shares.
    """

    unit: str = ""
    less: bool = False
    metric: str = ""

    def titled(self, title: str) -> str:
        """A chart's title with it."""
        unit = f" ({self.unit})" if self.unit else f": {self.metric}" if self.metric else ""
        return title + unit + (", less is better" if self.less else "")


@dataclass(frozen=True)
class Bar:
    """A line of a chart: a figure, with an interval or a second figure where there is one."""

    label: str
    value: float
    low: float | None
    high: float | None
    said: str


@dataclass(frozen=True)
class Chart:
    """Bars on one axis, from one of its `ends` to the other. With `dots` they are dots with whiskers, around zero."""

    title: str
    bars: tuple[Bar, ...]
    dots: bool = False
    ends: tuple[float, float] = (0.0, 0.0)
    step: int = _STEP

    def html(self) -> str:
        """The picture; what prints takes the light one."""
        light, dark = (base64.b64encode(self.svg(ink).encode()).decode() for ink in _INKS)
        height = self._height
        return (
            f'<p style="line-height: 100%"><picture>'
            f'<source media="(prefers-color-scheme: dark)" srcset="data:image/svg+xml;base64,{dark}">'
            f'<img src="data:image/svg+xml;base64,{light}" width="{_WIDTH}" height="{height}" '
            f'alt="Chart: {escape(_plain(self.title))}. The figures are in the table below."></picture></p>\n'
        )

    @property
    def _height(self) -> int:
        return _TOP + self.step * len(self.bars) + 4

    def svg(self, ink: _Ink) -> str:
        """The picture in one set of colours."""
        size = max(map(abs, self.ends)) or 1.0  # the largest numbers there are have no room between them
        least, most = (end / size for end in self.ends)
        room = (most - least) or 1.0

        def x(value: float) -> float:
            return round(_LEFT + (value / size - least) / room * (_WIDTH - _LEFT - _RIGHT), 1)

        lines = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{self._height}" '
            f'viewBox="0 0 {_WIDTH} {self._height}" font-family="Inter, Arial, sans-serif" font-size="12">',
            f'<rect x="0" y="0" width="{_WIDTH}" height="{self._height}" fill="{ink.paper}"/>',
            f'<text x="0" y="14" font-weight="bold" fill="{ink.text}">{escape(_plain(self.title))}</text>',
            f'<line x1="{x(0.0)}" y1="{_TOP - 6}" x2="{x(0.0)}" y2="{self._height - 2}" stroke="{ink.faint}"/>',
        ]
        for number, bar in enumerate(self.bars):
            lines += self._lines(bar, _TOP + self.step * number, x, ink)
        return "\n".join([*lines, "</svg>"])

    def _lines(self, bar: Bar, top: int, x: Any, ink: _Ink) -> Iterable[str]:
        middle, half = top + self.step // 2 - 2, min(6, self.step // 2 - 2)
        size = "" if self.step == _STEP else ' font-size="10"'
        yield (
            f'<text x="{_LEFT - 8}" y="{middle + 4}" text-anchor="end"{size} fill="{ink.text}">'
            f"{escape(bar.label)}</text>"
        )
        if not self.dots:
            begin, end = sorted((x(0.0), x(bar.value)))
            yield (
                f'<rect x="{begin}" y="{middle - half}" width="{max(1.0, round(end - begin, 1))}" height="{2 * half}" '
                f'fill="{ink.bar}"/>'
            )
        if bar.low is not None and bar.high is not None:
            low, high = x(bar.low), x(bar.high)
            yield f'<line x1="{low}" y1="{middle}" x2="{high}" y2="{middle}" stroke="{ink.text}" stroke-width="2"/>'
            over, under = middle - half + 1, middle + half - 1
            for end in (low, high):
                yield f'<line x1="{end}" y1="{over}" x2="{end}" y2="{under}" stroke="{ink.text}"/>'
        if self.dots:
            yield f'<circle cx="{x(bar.value)}" cy="{middle}" r="{min(4, half)}" fill="{ink.bar}"/>'
        yield (
            f'<text x="{_WIDTH - _RIGHT + 10}" y="{middle + 4}"{size} fill="{ink.text}">'
            f"{escape(_plain(bar.said))}</text>"
        )


def values(rows: Sequence[Mapping[str, Any]]) -> list[Chart]:
    """The results of an evaluation, a chart for each scale."""
    bars = []
    for row, label in zip(rows, labels(rows), strict=True):
        value, *bounds = (_figure(row.get(name)) for name in ("value", "low", "high"))
        if value is not None:
            low, high = bounds if row.get("difference") is None else (None, None)
            bar = Bar(label, value, low, high, _with_bounds(plain_text(row["value"]), low, high))
            bars.append((_scale(row, [each for each in (value, low, high) if each is not None]), bar))
    return _charts("Results", bars, dots=False)


def differences(rows: Sequence[Mapping[str, Any]]) -> list[Chart]:
    """How results differ from their baseline, with the interval of that."""
    bars = []
    for row, label in zip(rows, labels(rows), strict=True):
        difference, low, high = (_figure(row.get(name)) for name in ("difference", "low", "high"))
        if difference is not None:
            said = _with_bounds(f"{'+' if difference > 0 else ''}{plain_text(difference)}", low, high)
            figures = [abs(each) for each in (_figure(row.get("value")), difference, low, high) if each is not None]
            bars.append((_scale(row, figures), Bar(label, difference, low, high, said)))
    return _charts("Difference to the baseline, with its interval", bars, dots=True)


def spreads(fields: Sequence[tuple[str, Value]]) -> list[Chart]:
    """Speeds and times: the median, and how far it is to the 95th percentile."""
    bars = []
    for title, value in fields:
        data = value.data if isinstance(value.data, Mapping) else {}
        middle, far = _figure(data.get("p50")), _figure(data.get("p95"))
        if middle is not None:
            low, high = (None, None) if far is None else (min(middle, far), max(middle, far))
            said = plain_text(middle) + (f", p95 {plain_text(far)}" if far is not None else "")
            bars.append((Scale(value.unit), Bar(_short(title), middle, low, high, said)))
    return _charts("Median and 95th percentile", bars, dots=False)


def _scale(row: Mapping[str, Any], figures: Sequence[float]) -> Scale:
    """What a result may stand beside: nobody knows what one without a unit is in, but that it could be a share."""
    unit, less = str(row.get("unit") or ""), row.get("less_is_better") is True
    alike = unit or all(0 <= each <= 1 for each in figures)
    return Scale(unit, less, "" if alike else _plain(str(row.get("metric") or "")))


def _charts(title: str, bars: Sequence[tuple[Scale, Bar]], *, dots: bool) -> list[Chart]:
    found = []
    for scale in dict.fromkeys(scale for scale, _ in bars):
        own = [bar for held, bar in bars if held == scale]
        unit = scale.unit
        whole = 100.0 if unit == "%" else 1.0 if unit in ("", "share") else 0.0  # shares are seen as part of the whole
        figures = [each for bar in own for each in (bar.value, bar.low, bar.high) if each is not None]
        most = whole if not dots and all(0 <= each <= whole for each in figures) else max(0.0, *figures)
        most_in_one, step = (_MANY_IN_ONE, _CLOSE) if len(own) > _MANY else (_ROWS_IN_ONE, _STEP)
        size = math.ceil(len(own) / math.ceil(len(own) / most_in_one))  # no picture of one bar alone at the end
        parts = [own[at : at + size] for at in range(0, len(own), size)]
        for number, part in enumerate(parts, 1):
            ending = f", part {number} of {len(parts)}" if len(parts) > 1 else ""
            found.append(Chart(scale.titled(title) + ending, tuple(part), dots, (min(0.0, *figures), most), step))
    return found


def _figure(held: object) -> float | None:
    """A finite number; None for anything else."""
    if isinstance(held, bool) or not isinstance(held, (int, float)):
        return None
    try:
        found = float(held)
    except OverflowError:  # a whole number with more digits than that holds
        return None
    return found if math.isfinite(found) else None


def _with_bounds(said: str, low: float | None, high: float | None) -> str:
    return said if low is None or high is None else f"{said} [{plain_text(low)}, {plain_text(high)}]"


def labels(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """What each result is called, no two alike: by metric and dataset, then by what else tells them apart."""
    rows = [in_words(row) for row in rows]
    plain = [" · ".join(str(row[name]) for name in _CALLED if row.get(name)) or "result" for row in rows]
    alike: dict[str, list[int]] = {}
    for at, label in enumerate(plain):
        alike.setdefault(label, []).append(at)
    full = list(plain)
    for places in alike.values():
        apart = [name for name in _APART if len({str(rows[at].get(name) or "") for at in places}) > 1]
        for at in places:
            full[at] = " · ".join([plain[at], *(str(rows[at][name]) for name in apart if rows[at].get(name))])
    seen: set[str] = set()
    return [_unlike(label, seen) for label in full]


def _unlike(label: str, seen: set[str]) -> str:
    """It as short as it has to be, with a number where another one is called that already."""
    found = _short(label)
    for number in itertools.count(2):
        if found not in seen:
            break
        ending = f" · #{number}"
        found = _short(label, _LABEL - len(ending)) + ending
    seen.add(found)
    return found


def _plain(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)


def _short(text: str, most: int = _LABEL) -> str:
    """Its beginning and its end: names that begin alike differ there."""
    text = _plain(text)
    end = most // 3
    return text if len(text) <= most else f"{text[: most - 1 - end]}…{text[-end:]}"
