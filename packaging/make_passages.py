#!/usr/bin/env python3
"""Makes up to a million passages of real text for the search benchmark from Debian's documentation packages.

`python3 packaging/make_passages.py FOLDER [--passages 1000000]` on a Debian system downloads the packages with apt into
FOLDER/packages (names and versions are kept in FOLDER/packages.txt) and writes FOLDER/passages.txt, a passage of about
600 characters a line, and FOLDER/queries.txt, 200 spans of four to nine words from real passages. Real passages come
first, equal ones once; beyond them passages are put together from four to six real sentences with three made-up words,
so that the vocabulary goes on growing as in real text. The same packages give the same files.
"""

from __future__ import annotations

import argparse
import gzip
import html
import itertools
import random
import re
import string
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

# What Debian 12 has; another release has other numbers in some names, and those that are missing are left out.
PACKAGES = (
    "bash-doc",
    "cmake-doc",
    "debian-handbook",
    "debian-reference-en",
    "git-doc",
    "libboost1.74-doc",
    "libreoffice-help-en-us",
    "linux-doc-6.1",
    "openjdk-17-doc",
    "perl-doc",
    "postgresql-doc-15",
    "python-django-doc",
    "python-scipy-doc",
    "python3.11-doc",
    "rust-doc",
    "sqlite3-doc",
)
LENGTH = 600  # characters
QUERIES = 200

_PAGE = re.compile(r"\.(html|htm|txt|rst|pod|md|xhp)(\.gz)?$")
_LARGEST_PAGE = 4_000_000  # bytes


def main() -> None:
    """Download what is not there yet, then write both files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--passages", type=int, default=1_000_000)
    options = parser.parse_args()
    packages = options.folder / "packages"
    packages.mkdir(parents=True, exist_ok=True)
    download(packages)
    names = sorted(file.name for file in packages.glob("*.deb"))
    (options.folder / "packages.txt").write_text("".join(f"{name}\n" for name in names), "utf-8")
    real = distinct(passage for page in pages(packages) for passage in cut(page))
    random.Random(7).shuffle(real)
    print(f"{len(names)} packages, {len(real)} real passages, {sum(map(len, real)) / 1e6:.0f} MB")
    with open(options.folder / "passages.txt", "w", encoding="utf-8") as written:
        for passage in itertools.islice(itertools.chain(real, recombined(real)), options.passages):
            written.write(f"{passage}\n")
    (options.folder / "queries.txt").write_text("".join(f"{query}\n" for query in queries(real)), "utf-8")


def download(folder: Path) -> None:
    """Fetch the packages that are missing."""
    for name in PACKAGES:
        if not list(folder.glob(f"{name}_*.deb")):
            subprocess.run(["apt-get", "download", name], cwd=folder, check=False)


def pages(folder: Path) -> Iterator[str]:
    """The text of every page in the packages."""
    for package in sorted(folder.glob("*.deb")):
        with tempfile.TemporaryDirectory() as unpacked:
            subprocess.run(["dpkg-deb", "-x", str(package), unpacked], check=True)
            for file in sorted(Path(unpacked).rglob("*")):
                name = file.name.lower()
                if file.is_symlink() or not file.is_file() or not _PAGE.search(name) or "genindex" in name:
                    continue
                if file.stat().st_size <= _LARGEST_PAGE:
                    content = gzip.decompress(file.read_bytes()) if name.endswith(".gz") else file.read_bytes()
                    yield plain(name, content.decode("utf-8", "replace"))


def plain(name: str, text: str) -> str:
    """A page without its markup, on one line."""
    if "<html" in text[:2000].lower() or name.endswith((".html", ".htm", ".xhp")):
        text = re.sub(r"(?is)<(script|style|head)\b.*?</\1>", " ", text)
        text = html.unescape(re.sub(r"<[^>]+>", " ", text))
    return " ".join(text.split())


def cut(text: str) -> Iterator[str]:
    """Passages of about LENGTH characters that end at a sentence or a word."""
    start = 0
    while start < len(text):
        end = min(len(text), start + LENGTH)
        if end < len(text):
            half = start + LENGTH // 2
            found = text.rfind(". ", half, end) + 1 or text.rfind(" ", half, end)
            end = found if found > start else end
        passage = text[start:end].strip()
        if len(passage) > 80:
            yield passage
        start = end


def distinct(passages: Iterator[str]) -> list[str]:
    """Equal passages once, in order."""
    return list(dict.fromkeys(passages))


def recombined(real: list[str]) -> Iterator[str]:
    """Passages of real sentences with three made-up words each; a word comes again the oftener the older it is."""
    source = random.Random(8)
    sentences = [part for passage in real for part in re.split(r"(?<=[.;:!?]) ", passage) if 30 < len(part) < 260]
    words: list[str] = []

    def word() -> str:
        if words and source.random() < 0.6:
            return words[int(len(words) * source.random() ** 2)]
        letters = "".join(source.choices(string.ascii_lowercase, k=source.randint(4, 9)))
        words.append(f"{letters}{source.randint(0, 99)}")
        return words[-1]

    while True:
        found = " ".join(source.sample(sentences, source.randint(4, 6))).split()
        for _ in range(3):
            found.insert(source.randrange(len(found)), word())
        yield " ".join(found)


def queries(real: list[str]) -> list[str]:
    """Spans of words from passages, mostly letters."""
    source = random.Random(11)
    found: list[str] = []
    while len(found) < QUERIES:
        words, length = source.choice(real[:10_000]).split(), source.randint(4, 9)
        if len(words) <= length + 2:
            continue
        start = source.randrange(len(words) - length)
        span = " ".join(re.sub(r"[^\w ]", " ", " ".join(words[start : start + length])).split())
        letters = sum(letter.isalpha() for letter in span)
        if len(span.split()) >= 4 and letters > 0.7 * len(span.replace(" ", "")):
            found.append(span)
    return found


if __name__ == "__main__":
    main()
