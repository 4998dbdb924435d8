"""Prompt lookup: answers that quote, which it must make much quicker, and others, which it must not slow down."""

from __future__ import annotations

import statistics
from typing import Any

from forge_desktop.bench.engine_figures import Figure
from forge_desktop.bench.engine_student import ask
from forge_desktop.engine import Engine

_PUMP = (
    "The feed pump runs at 2,900 turns a minute and delivers 42 litres. Before each service, close valve V7 and open "
    "the drain beneath the filter housing. Loosen the four bolts crosswise and lift the cover straight up. Clean the "
    "seat with a dry cloth; never use solvent. Fit the new gasket with its mark to the inlet, tighten to 25 Nm in two "
    "steps, and note the reading of the gauge after ten minutes. If it falls by more than 0.2 bar, repeat the steps."
)
_LETTER = (
    "Dear Ms Okafor, thank you for your order of 12 March. The three lamps left our warehouse in Utrecht on Thursday "
    "and should reach you by the 21st. The oak table needs two weeks more, because the carpenter found a knot in one "
    "of the leaves and cut a new one. We have taken 40 euros off the invoice. Please tell us whether the driver may "
    "leave the parcels with your neighbour. With kind regards, the workshop."
)
_QUOTING = {
    "the whole text": f"Repeat the following text word for word.\n\n{_PUMP}",
    "a letter": f"Write the following letter out again, word for word, with nothing added.\n\n{_LETTER}",
    "the steps": f"{_PUMP}\n\nCopy the text above exactly as it stands.",
}
_OTHER = {
    "a poem": f"Read this text.\n\n{_PUMP}\n\nNow write a poem about winter mountains in your own words.",
    "a story": "Tell a story about a lighthouse keeper who finds a letter in a bottle.",
    "an explanation": "Explain to a child why the sky is blue and why sunsets are red.",
    "an answer": f"{_LETTER}\n\nWhat would you reply, as the customer? Use your own words and be friendly.",
    "a list": "List twenty animals, each with one sentence on where it lives.",
}


def lookup(engine: Engine, tokens: int, rounds: int, most: int) -> dict[str, Figure]:
    """Tokens a second of processor time with lookup, against without; `most` answers of each kind, without reading."""
    quoting = {name: _gain(engine, text, tokens, rounds) for name, text in list(_QUOTING.items())[:most]}
    other = {name: _gain(engine, text, tokens, rounds) for name, text in list(_OTHER.items())[:most]}
    return {
        "lookup_quoting": Figure(
            statistics.median(row["times"] for row in quoting.values()), more={"answers": quoting}
        ),
        "lookup_other": Figure(min(row["times"] for row in other.values()), more={"answers": other}),
    }


def _gain(engine: Engine, text: str, tokens: int, rounds: int) -> dict[str, Any]:
    ratios = []
    for _ in range(rounds):
        plain = ask(engine, text, tokens)
        drafted = ask(engine, text, tokens, lookup=True)
        ratios.append(plain.per_token / drafted.per_token)
    return {
        "times": round(statistics.median(ratios), 3),
        "tokens": drafted.answer.answer_tokens,
        "drafted": drafted.answer.drafted,
        "accepted": drafted.answer.accepted,
        "same_text": plain.answer.text == drafted.answer.text,
    }
