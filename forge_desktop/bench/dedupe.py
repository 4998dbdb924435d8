"""Finding lessons that say the same: `python -m forge_desktop.bench dedupe [--collections DIR]`.

Made-up texts: 10,000, and 500 of them again with one word in twenty changed. With DIR, a folder of collections in BEIR
layout, the same with real texts: their questions and answers where they have both, else titles and texts; what is found
among them that nobody planted is counted, and with --show printed, so that a person can judge it. Then what one more
pair costs beside many stored ones. CPU time of one thread.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from forge_desktop.base.events import Events
from forge_desktop.base.settings import SettingsFile
from forge_desktop.corpus import texts
from forge_desktop.distill import minhash
from forge_desktop.distill.decontaminate import SuiteIndex
from forge_desktop.distill.dedupe import Lesson, Neighbours, Thresholds, Twin, twin
from forge_desktop.distill.keeping import Keeper, keys_of
from forge_desktop.distill.records import Pair, Quality, Suite, SuiteItem
from forge_desktop.storage import Database

_PLANTED = 500
_CHANGED = 20  # of so many words one is another
_LIMITS = Thresholds(0.65, 0.93)
_GRAMS = 0.5
_TRIED = 400  # pairs that are kept beside the stored ones

Texts = Sequence[tuple[str, str]]


def run(arguments: list[str]) -> int:
    """Measure and print; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m forge_desktop.bench dedupe", description=__doc__)
    parser.add_argument("--collections", type=Path, metavar="DIR", help="a folder of collections")
    parser.add_argument("--stored", type=int, default=100_000, metavar="N", help="pairs stored before (100,000)")
    parser.add_argument("--show", action="store_true", help="print what was found and not planted")
    parser.add_argument("--json", action="store_true", help="print one JSON object a measurement")
    options = parser.parse_args(arguments)
    show: Callable[[Twin, tuple[str, str], tuple[str, str]], None] = _printed if options.show else _silent
    _tell("made up", found_among(made_up(10_000), show), json_wanted=options.json)
    for folder in sorted(path.parent for path in (options.collections or Path()).glob("*/corpus.jsonl")):
        known = list(real(folder))
        _tell(folder.name, {**found_among(known, show), **leaks_among(known)}, json_wanted=options.json)
    if options.stored:
        _tell(f"beside {options.stored:,}", one_more(options.stored), json_wanted=options.json)
    return 0


def found_among(known: Texts, show: Callable[[Twin, tuple[str, str], tuple[str, str]], None]) -> dict[str, Any]:
    """How many of the planted ones are found, and how many pairs of the others count as one."""
    pick = random.Random(1)
    words = [word for prompt, final in known[:2000] for word in _cut(f"{prompt} {final}") if word.isalpha()]
    planted = [tuple(_damaged(part, words, pick) for part in known[n]) for n in range(min(_PLANTED, len(known)))]
    every = [*known, *((one[0], one[1]) for one in planted)]
    started = time.process_time()
    signatures = minhash.signatures(f"{prompt}\n{final}" for prompt, final in every)
    signed = time.process_time() - started
    started = time.process_time()
    vectors = texts.vectors([f"{prompt}\n{final}" for prompt, final in every])
    embedded = time.process_time() - started
    started = time.process_time()
    index = Neighbours()
    index.fill((str(n), row.tobytes(), vectors[n].tobytes()) for n, row in enumerate(signatures))
    candidates = [
        (int(near), n)
        for n in range(len(every))
        for near in index.near(signatures[n], vectors[n])
        if int(near) < n and (n < len(known) or int(near) == n - len(known))
    ]
    matched = [(one, n, twin(Lesson(*every[one]), Lesson(*every[n]), _LIMITS)) for one, n in candidates]
    compared = time.process_time() - started
    others = [(same, every[one], every[n]) for one, n, same in matched if same and n < len(known)]
    for same, left, right in others:
        show(same, left, right)
    return {
        "texts": len(every),
        "sign_s": round(signed, 2),
        "embed_s": round(embedded, 2),
        "compare_s": round(compared, 2),
        "planted": len(planted),
        "found": sum(1 for _, n, same in matched if same and n >= len(known)),
        "same_exactly": sum(1 for same, _, _ in others if same.similarity == 1),
        "same_nearly": sum(1 for same, _, _ in others if same.similarity < 1),
    }


def leaks_among(known: Texts) -> dict[str, Any]:
    """Every second text as a suite, and how many of the others it holds, by method."""
    suite = Suite("s", "s", "transfer", 0, "", 0.0, "")
    items = [SuiteItem(n, str(n), *known[n]) for n in range(0, len(known), 2)]
    index = SuiteIndex([(suite, item) for item in items])
    found: dict[str, int] = {}
    started = time.process_time()
    for n in range(1, len(known), 2):
        for leak in index.leaks(Lesson(*known[n]), share=_LIMITS.share, grams=_GRAMS):
            found[leak.method] = found.get(leak.method, 0) + 1
    seconds = time.process_time() - started
    return {"suite": len(items), "leaks": found, "leak_ms": round(1000 * seconds / max(1, len(known) // 2), 2)}


def one_more(stored: int) -> dict[str, Any]:
    """What keeping one more pair costs beside so many, with the commit and without the rest of a run."""
    pick = random.Random(2)
    vocabulary = [_word(n) for n in range(20_000)]
    with tempfile.TemporaryDirectory() as folder:
        db = Database(Path(folder) / "bench.db")
        keeper = Keeper(db, SettingsFile(Path(folder) / "settings.json", Events()))
        with db.write() as connection:
            for n in range(stored):
                pair = _pair(n, " ".join(pick.choices(vocabulary, k=12)), " ".join(pick.choices(vocabulary, k=40)))
                keeper.store.put(connection, pair, keys_of(Lesson(pair.prompt, pair.final)), approved=True)
        started = time.process_time()
        keeper.matches(Lesson("one", "two"), keys_of(Lesson("one", "two")))  # the first question fills the index
        filled = time.process_time() - started
        times = []
        for n in range(_TRIED):
            pair = _pair(stored + n, " ".join(pick.choices(vocabulary, k=12)), " ".join(pick.choices(vocabulary, k=40)))
            started = time.process_time()
            with db.write() as connection:
                keeper.keep(connection, pair)
            times.append(1000 * (time.process_time() - started))
        db.close()
    times.sort()
    return {
        "fill_s": round(filled, 2),
        "keep_ms_p50": round(statistics.median(times), 2),
        "keep_ms_p95": round(times[int(0.95 * len(times))], 2),
    }


def made_up(count: int) -> Texts:
    """Texts of words drawn at random: nothing but what is planted is alike."""
    pick = random.Random(1)
    words = [_word(n) for n in range(8000)]
    return [
        (" ".join(pick.choices(words, k=12)), " ".join(pick.choices(words, k=pick.randint(30, 150))))
        for _ in range(count)
    ]


def _word(n: int) -> str:
    """A word without digits: texts that name different numbers are never one."""
    return "".join(chr(ord("a") + int(digit)) for digit in f"{7919 * n % 1_000_000:06}")


def real(folder: Path) -> Iterator[tuple[str, str]]:
    """Questions with answers, or titles with texts."""
    answers = folder / "answers.jsonl"
    if answers.exists():
        known = {row["_id"]: row["answers"][0] for row in _rows(answers) if row.get("answers")}
        for row in _rows(folder / "queries.jsonl"):
            if known.get(row["_id"], "").strip():
                yield row["text"], known[row["_id"]]
        return
    for row in _rows(folder / "corpus.jsonl"):
        if row["text"].strip():
            yield row.get("title") or row["text"][:80], row["text"]


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    with open(file, encoding="utf-8") as stream:
        for line in stream:
            yield json.loads(line)


def _cut(text: str) -> list[str]:
    return text.split() if " " in text else list(text)


def _damaged(text: str, words: Sequence[str], pick: random.Random) -> str:
    """The text with one word in twenty exchanged, none that has a digit; a short one stays as it is but for its end."""
    parts = _cut(text)
    if len(parts) < _CHANGED // 2:
        return f"{text} "
    plain = [n for n, part in enumerate(parts) if part.isalpha()] or range(len(parts))
    for n in pick.sample(plain, min(len(plain), max(1, len(parts) // _CHANGED))):
        parts[n] = pick.choice(words)
    return (" " if " " in text else "").join(parts)


def _pair(n: int, prompt: str, final: str) -> Pair:
    judged = Quality(0.5, ())
    return Pair(f"pair{n}", "TRAIN_PAIR", "", prompt, final, "", (), (), (), judged, True, "en", "", 0, {}, {}, 0.0, "")


def _tell(name: str, found: dict[str, Any], *, json_wanted: bool) -> None:
    if json_wanted:
        print(json.dumps({"measured": name, **found}))
        return
    print(f"{name}: " + ", ".join(f"{key} {value}" for key, value in found.items()))


def _printed(same: Twin, one: tuple[str, str], other: tuple[str, str]) -> None:
    if same.similarity < 1:
        print(f"  {same.similarity:.2f} {same.method}: {one[0]} / {one[1][:80]} || {other[0]} / {other[1][:80]}")


def _silent(same: Twin, one: tuple[str, str], other: tuple[str, str]) -> None:
    """Say nothing."""
