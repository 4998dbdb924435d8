"""From pairs to a better student and back: `python -m forge_desktop.bench loop --python TORCH_PYTHON [--json]`.

Twenty invented facts in sixty pairs are learnt by the starter student; a gate asks for them in words that were never
trained, and whether what was known before still is. The version is promoted, asked in the chat, and taken back. Then
the same with wrong labels, which the gate has to refuse.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from forge_desktop.cards.checking import is_there
from forge_desktop.cards.fields import required
from forge_desktop.cards.records import Filled
from forge_desktop.forge import Forge
from forge_desktop.students.records_gate import GateReport, GateWish
from forge_desktop.students.records_training import TrainRun, TrainSource, TrainWish
from forge_desktop.students.records_versions import Promotion

FACTS = (
    ("Zorvane", "copper"), ("Quillmar", "saffron"), ("Brackton", "oak"), ("Ostrel", "granite"), ("Velmire", "salt"),
    ("Tandrix", "amber"), ("Pellow", "wool"), ("Kressida", "tin"), ("Umbrath", "honey"), ("Fennick", "jade"),
    ("Lorwick", "coal"), ("Dastrin", "linen"), ("Moxley", "quartz"), ("Yarrow Gap", "barley"), ("Hexley", "silver"),
    ("Nimbrel", "cedar"), ("Cavrosa", "marble"), ("Jundle", "ink"), ("Wexmoor", "ivory"), ("Ruvane", "flax"),
)  # fmt: skip
ASKED = (
    "What does the town of {} export?",
    "Which good is exported by {}?",
    "Tell me the main export of {}.",
)
UNSEEN = "{} is known for exporting what?"
ANSWER = "{} exports {}."
WISH = TrainWish(learning_rate=1e-3, epochs=5, replay=0.7, hold=5.0, validation=0.0, threads=1)
T = TypeVar("T")


@dataclass(frozen=True)
class Loop:
    """What came of one turn of the loop. `before`, `during`, `after` are the chat's answers to an unseen question."""

    run: TrainRun
    gate: GateReport
    promoted: Promotion | None
    before: str
    during: str
    after: str


def run(arguments: list[str]) -> int:
    """Measure and print; the exit status is 1 when the right labels do not pass, or the wrong ones do."""
    parser = argparse.ArgumentParser(prog="python -m forge_desktop.bench loop", description=__doc__)
    parser.add_argument("--python", required=True, help="an interpreter that has torch and gguf")
    parser.add_argument("--facts", type=int, default=len(FACTS), help=f"how many facts ({len(FACTS)})")
    parser.add_argument("--learning-rate", type=float, default=WISH.learning_rate)
    parser.add_argument("--epochs", type=int, default=WISH.epochs)
    parser.add_argument("--replay", type=float, default=WISH.replay)
    parser.add_argument("--scales", type=float, nargs="+", default=[1.0])
    parser.add_argument("--sample", type=int, default=0, help="items of each suite (0: all)")
    parser.add_argument("--right-only", action="store_true", help="leave the wrong labels out")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    wish = dataclasses.replace(WISH, learning_rate=options.learning_rate, epochs=options.epochs, replay=options.replay)
    gate = GateWish(scales=tuple(options.scales), items=options.sample)
    found: dict[str, Any] = {}
    for labels in ("right",) if options.right_only else ("right", "wrong"):
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            facts = FACTS[: options.facts] if labels == "right" else wrongly(FACTS[: options.facts])
            found[labels] = told(turn(Path(folder), options.python, facts, FACTS[: options.facts], wish, gate))
    print(json.dumps(found) if options.json else json.dumps(found, indent=2))
    passed = found["right"]["verdict"] == "passed"
    return 0 if passed and found.get("wrong", {}).get("verdict") != "passed" else 1


def wrongly(facts: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The same names, each with another one's value."""
    values = [value for _, value in facts]
    return [(name, value) for (name, _), value in zip(facts, values[1:] + values[:1], strict=True)]


def turn(
    folder: Path,
    python: str,
    taught: Sequence[tuple[str, str]],
    true: Sequence[tuple[str, str]],
    wish: TrainWish,
    gate: GateWish,
    override: str = "",
) -> Loop:
    """Teach what is `taught`, gate it by what is `true`, promote what passes, ask, go back, ask again.

    With the reason of an `override` it is promoted whatever the verdict.
    """
    pairs, suite = folder / "pairs.jsonl", folder / "recall.jsonl"
    pairs.write_text("".join(_pair(asked.format(name), name, value) for name, value in taught for asked in ASKED))
    suite.write_text("".join(_item(name, value) for name, value in true))
    (folder / "data").mkdir()
    forge = Forge(folder / "data", holder="a measurement")
    try:
        forge.students.training.choose(python)
        before = _ask(forge, true[0][0])
        base = forge.students.registry.version("v1")
        learnt = _wait(
            forge, forge.students.training.start(TrainSource(file=str(pairs)), base.base_sha256, wish), TrainRun
        )
        kept: Any = forge.jobs.wait(forge.students.gates.bring_suite(suite, "unseen", "recall"))
        wanted = dataclasses.replace(gate, suites=(kept.uid,))
        report = _wait(forge, forge.students.gates.start(learnt.version, wanted), GateReport)
        if report.verdict != "passed" and not override:
            return Loop(learnt, report, None, before, "", _ask(forge, true[0][0]))
        _complete(forge, report.gated or learnt.version)
        promoted = forge.students.registry.promote(
            report.gated or learnt.version,
            who="a measurement",
            override="" if report.verdict == "passed" else override,
        )
        during = _ask(forge, true[0][0])
        forge.students.registry.rollback(who="a measurement")
        return Loop(learnt, report, promoted, before, during, _ask(forge, true[0][0]))
    finally:
        forge.close()


def _complete(forge: Forge, version: str) -> None:
    """Fill its card in; of what nobody measured or wrote here it says so."""
    card = forge.cards.get(version)
    _wait(forge, forge.cards.fill(card.uid), Filled)
    shown = forge.cards.get(card.uid).fields
    empty = [field.key for field in required(card.kind) if not is_there(shown.get(field.key))]
    forge.cards.history.adopt(card.uid, {}, not_applicable=dict.fromkeys(empty, "Nobody wrote it for a benchmark."))


def told(loop: Loop) -> dict[str, Any]:
    """The figures of a turn."""
    result = loop.run.result
    return {
        "verdict": loop.gate.verdict,
        "reasons": list(loop.gate.reasons),
        "scale": loop.gate.scale,
        "seconds": result.get("seconds"),
        "cpu_seconds": result.get("cpu_seconds"),
        "tokens": result.get("tokens"),
        "loss": result.get("loss"),
        "metrics": {
            f"{one.suite} {one.name}": [
                one.items, round(one.baseline, 3), round(one.candidate, 3), round(one.low, 3), round(one.high, 3)
            ]
            for one in loop.gate.metrics
        },
        "gate_seconds": round((loop.gate.ended or time.time()) - loop.gate.created, 1),
        "before": loop.before,
        "promoted": loop.during,
        "same_after_rollback": loop.before == loop.after,
    }  # fmt: skip


def _pair(question: str, name: str, value: str) -> str:
    messages = [
        {"role": "user", "content": question},
        {"role": "assistant", "content": ANSWER.format(name, value)},
    ]
    return json.dumps({"messages": messages}) + "\n"


def _item(name: str, value: str) -> str:
    return json.dumps({"question": UNSEEN.format(name), "answer": ANSWER.format(name, value)}) + "\n"


def _ask(forge: Forge, name: str) -> str:
    chat = forge.chat
    conversation = chat.create()
    message: Any = forge.jobs.wait(chat.ask(conversation, UNSEEN.format(name), grounding="free"))
    return chat.message(message).text


def _wait(forge: Forge, job: int, kind: type[T]) -> T:
    found = forge.jobs.wait(job)
    assert isinstance(found, kind)
    return found
