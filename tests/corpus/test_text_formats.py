"""What texts of every kind become: tables, data, mail, notebooks, markup, source code, and texts in old encodings."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from tests.corpus.conftest import Room


@dataclass(frozen=True)
class Case:
    """A file, its stored text, and the headings of its passages in order (None: not looked at)."""

    data: bytes | str
    text: str
    headings: list[tuple[str, ...]] | None = None
    lines: list[tuple[int, int]] = field(default_factory=list)


def check(room: Room, folder: Path, cases: dict[str, Case]) -> None:
    """All cases in one run."""
    for name, case in cases.items():
        (folder / name).write_bytes(case.data if isinstance(case.data, bytes) else case.data.encode())
    assert room.index(folder).failed == ()
    room.whole()
    rows = room.rows()
    for name, case in cases.items():
        passages = room.corpus.shelf.passages(rows[name].id)
        assert (name, room.corpus.shelf.stored_text(rows[name].id)) == (name, case.text)
        if case.headings is not None:
            assert (name, [passage.heading for passage in passages]) == (name, case.headings)
        if case.lines:
            assert (name, [(p.first_line, p.last_line) for p in passages]) == (name, case.lines)


def test_tables(room: Room, folder: Path) -> None:
    two_lines = 'Name;Price;Place\r\nSaw;12,50;"Ber\r\nlin"\r\n\r\nGlue;"say ""hi""";Köln\r\n'
    check(
        room,
        folder,
        {
            "semicolons.csv": Case(
                two_lines, 'Name | Price | Place\nSaw | 12,50 | Ber lin\nGlue | say "hi" | Köln', None, [(1, 4)]
            ),
            "tabs.tsv": Case("a\tb, c\n1\t2, 3\n", "a | b, c\n1 | 2, 3", [("a | b, c",)]),
            "declared.csv": Case("sep=|\na|b,c,d\n1|2,3,4\n", "a | b,c,d\n1 | 2,3,4", [("a | b,c,d",)], [(2, 3)]),
            "title.csv": Case("Stock\n\nTool,Count\nSaw,3\n", "Stock\nTool | Count\nSaw | 3", [(), ("Tool | Count",)]),
            "numbers.csv": Case("1,2\n3,4\n", "1 | 2\n3 | 4", [()]),
            "unclosed.csv": Case('a,b\n"x,1\n' + "y,2\n" * 300, 'a | b\n"x | 1' + "\ny | 2" * 300),
            "cyrillic.csv": Case("Имя;Цена\nПила;5\n".encode("cp1251"), "Имя | Цена\nПила | 5", [("Имя | Цена",)]),
        },
    )
    long = "Tool,Place\n" + "".join(f"saw{number},shelf {number} of the second room\n" for number in range(2, 400))
    (folder / "long.csv").write_text(long)
    assert room.index(folder / "long.csv").failed == ()
    passages = room.corpus.shelf.passages(room.rows()["long.csv"].id)
    assert len(passages) > 5
    for passage in passages:
        assert passage.heading == ("Tool | Place",)
        lines = passage.text.split("\n")
        assert all(line.endswith(" of the second room") for line in lines if line != "Tool | Place")
        assert lines[-1].startswith(f"saw{passage.last_line} | ")


def test_data(room: Room, folder: Path) -> None:
    value = {
        "name": "Anna \u00e9",
        "big": 10**30,
        "none": None,
        "tags": ["a", "b"],
        "address": {"city": "Berlin", "at": [52.5, 13.4]},
        "items": [{"x": 1, "y": {"z": True}}, {"text": "two\nlines"}],
    }
    outline = (
        f"name: Anna é\nbig: {10**30}\ntags: a, b\n\naddress\n\ncity: Berlin\nat: 52.5, 13.4\n\n"
        "items\n\nx: 1\ny.z: true\n\ntext: two\nlines"
    )
    check(
        room,
        folder,
        {
            "object.json": Case(json.dumps(value), outline, [(), ("address",), ("items",)]),
            "lines.jsonl": Case(
                '{"a": 1}\n\n{"a": "\\u4e2d"}\nbad line\n', "a: 1\n\na: 中\n\nbad line", [()], [(1, 4)]
            ),
            "comments.json": Case('{"a": 1, // one\n}', '{"a": 1, // one\n}'),
            "deep.json": Case("[" * 100_000, "[" * 100_000),
            "exact.json": Case('[1e999, -0.10, NaN, "\\ud800"]', "1e999, -0.10, NaN, \ufffd"),
            "twice.json": Case('{"a": 1, "a": 2}', "a: 1\na: 2"),
            "library.xml": Case(
                '<?xml version="1.0" encoding="windows-1251"?><!DOCTYPE l SYSTEM "l.dtd"><l>'
                '<book id="7"><author>Толстой</author><title>Война</title><price cur="EUR">12</price></book>'
                "<book><author>B &amp; C</author><title>Peace</title></book>"
                "<p>Some <b>bold</b> words</p><node lat='1'/><empty/></l>".encode("cp1251"),
                "book (id 7)\nauthor: Толстой\nВойна\nprice (cur EUR): 12\n\nauthor: B & C\nPeace\n\n"
                "Some bold words\n\nnode (lat 1)",
                [("Война",), ("Peace",)],
            ),
            "undeclared.xml": Case("<a><name>Größe</name></a>".encode("cp1252"), "name: Größe"),
        },
    )


MAIL = b"""From: =?utf-8?q?J=C3=B6rg?= <j@example.org>
To: Ann <a@example.org>
Subject: =?koi8-r?B?8NLJ18XU?=
Date: Thu, 1 Jan 2026 10:00:00 +0000
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=B

--B
Content-Type: multipart/alternative; boundary=C

--C
Content-Type: text/plain; charset=koi8-r
Content-Transfer-Encoding: 8bit

%s
--C
Content-Type: text/html

<b>not this</b>
--C--
--B
Content-Type: message/rfc822

Subject: Inner
From: c@example.org
Content-Type: text/html; charset=no-such

<h1>Shown</h1><p>as a page</p><script>not this</script>
--B
Content-Type: application/pdf
Content-Disposition: attachment; filename*=utf-8''Pl%%C3%%A4ne.pdf

xx
--B--
"""


def test_mail(room: Room, folder: Path) -> None:
    check(
        room,
        folder,
        {
            "mail.eml": Case(
                MAIL % "Чайник".encode("koi8-r"),
                "From: Jörg <j@example.org>\nTo: Ann <a@example.org>\nDate: Thu, 1 Jan 2026 10:00:00 +0000\n"
                "Subject: Привет\n\nЧайник\n\nAttachments: Pläne.pdf\n\nFrom: c@example.org\nSubject: Inner\n\n"
                "Shown\n\nas a page",
                [("Привет",), ("Привет", "Inner")],
            ),
            "damaged.eml": Case(
                b"From: a@b\nSubject: raw \xfc\xe4 words\nContent-Type: text/plain; charset=utf-8\n\ncaf\xe9",
                "From: a@b\nSubject: raw üä words\n\ncafé",
            ),
            "box.mbox": Case(
                b"From a@b Mon\nSubject: One\n\nHello\n>From here\n\nFrom c@d Tue\nFrom: c@d\n\nBye\n",
                "Subject: One\n\nHello\nFrom here\n\nFrom: c@d\n\nBye",
                [("One",), ("(no subject)",)],
            ),
        },
    )


def test_notebooks(room: Room, folder: Path) -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# Top\n", "words"]},
        {
            "cell_type": "code",
            "source": "print(1)\n\nfail()",
            "outputs": [
                {"output_type": "stream", "text": ["\x1b[31m1\x1b[0m\n"]},
                {"output_type": "display_data", "data": {"image/png": "AAAA", "text/plain": "<Figure>"}},
                {"output_type": "error", "ename": "ValueError", "evalue": "no", "traceback": ["long"]},
            ],
        },
    ]
    old = [{"cell_type": "heading", "level": 2, "source": "Old"}, {"cell_type": "code", "input": "x = 1"}]
    shown = "# Top\nwords\n\nprint(1)\n\nfail()\n\n1\n\n<Figure>\n\nValueError: no"
    check(
        room,
        folder,
        {
            "new.ipynb": Case(json.dumps({"cells": cells}), shown, [("Top",)]),
            "old.ipynb": Case(json.dumps({"worksheets": [{"cells": old}]}), "Old\n\nx = 1", [("Old",)]),
        },
    )


LATEX = """Before
\\section[short]{One \\emph{two}}
A
\\subsection*{Sub}
B
\\begin{verbatim}
\\section{no}
\\end{verbatim}
"""
RST = """=====
Title
=====

A

Sub
---

B::

  Not
  ---

Next ``x``
----------

=== ===
no  no
=== ===
"""
ADOC = "= Top\n\nA\n\n== Sub ==\nB\n\n----\n== no\n----\n\n[source]\n"
ORG = "#+TITLE: x\n* TODO [#A] Top :tag:\nA\n** Sub\n#+begin_src\nx\n#+end_src\n"
PYTHON = (
    '"""Doc."""\nimport os\n\n\n# About it.\n@wrap\ndef first(a, b):\n    return a\n\n\nclass Second(Base):\n'
    '    """class of things that are."""\n\n    async def inner(self) -> None:\n        pass\n'
)
C = """#include <x.h>

/* about */
static int foo(int a)
{
  if (a) {
  }
}
int main(void) {
  while (x) {
  }
}
"""
JAVA = "public class A {\n    @Override\n    public static void main(String[] args) throws X {\n        run(() -> {\n"
RUST = "pub(crate) fn go<T>(x: T) -> u8 {\n}\n\nimpl<T> Foo for Bar<T> {\n    fn inner(&self) {}\n}\n"


def test_markup_and_code(room: Room, folder: Path) -> None:
    check(
        room,
        folder,
        {
            "a.tex": Case(LATEX, LATEX, [(), ("One two",), ("One two", "Sub")]),
            "a.rst": Case(RST, RST, [("Title",), ("Title", "Sub"), ("Title", "Next x")]),
            "a.adoc": Case(ADOC, ADOC, [("Top",), ("Top", "Sub")]),
            "a.org": Case(ORG, ORG, [(), ("Top",), ("Top", "Sub")]),
            "a.py": Case(
                PYTHON,
                PYTHON,
                [
                    (),
                    ("def first(a, b)",),
                    ("class Second(Base)",),
                    ("class Second(Base)", "async def inner(self) -> None"),
                ],
            ),
            "a.c": Case(C, C, [(), ("static int foo(int a)",), ("int main(void)",)]),
            "a.java": Case(JAVA, JAVA, [("public class A", "public static void main(String[] args) throws X")]),
            "a.rs": Case(
                RUST, RUST, [("pub(crate) fn go<T>(x: T) -> u8",), ("impl<T> Foo for Bar<T>", "fn inner(&self)")]
            ),
            "a.yaml": Case("a: 1\nb:\n  - c\n", "a: 1\nb:\n  - c\n", [()]),
        },
    )


OLD = {
    "Сегодня мы обсуждали протокол заседания правления.": ["cp1251", "koi8-r", "iso8859-5", "cp866"],
    "Сьогодні засідання правління об'єднання: їжак їсть.": ["cp1251", "koi8-u"],
    "今天的会议讨论了预算问题，主席说水壶是蓝色的。": ["gb18030"],
    "今天的會議討論了預算問題，主席說水壺是藍色的。": ["big5"],
    "今日の会議では予算について話し合いました。やかんは青いです。": ["shift_jis"],
    "오늘 회의에서는 예산 문제를 논의했습니다. 주전자는 파란색입니다.": ["euc-kr"],
    "Σήμερα η συνεδρίαση συζήτησε τον προϋπολογισμό.": ["cp1253"],
    "การประชุมวันนี้ได้หารือเรื่องงบประมาณ": ["cp874"],
    "ناقش الاجتماع اليوم الميزانية. الغلاية زرقاء.": ["cp1256"],
    "Größe 5 €: Die Sitzung über Bücher und Äpfel.": ["cp1252"],
    "A café, naïve façade, déjà vu; l’élève été.": ["cp1252"],
}


def test_old_encodings(room: Room, folder: Path) -> None:
    check(
        room,
        folder,
        {
            f"{number}-{encoding}.txt": Case(said.encode(encoding), said)
            for number, (said, encodings) in enumerate(OLD.items())
            for encoding in encodings
        },
    )
